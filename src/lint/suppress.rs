//! `// allow(code): reason` on the line above takes a warning away; a comment that gives no reason, or takes nothing away, is
//! a warning itself.

use crate::diag::{Diagnostic, Diagnostics, Severity, codes, did_you_mean};
use crate::source::{SourceMap, Span};
use crate::syntax::ast;

/// One `allow` for one code.
struct Allow {
    code: Option<&'static codes::Code>,
    name: String,
    span: Span,
    /// Line of the comment, from 0.
    line: usize,
    reason: bool,
    effective: bool,
}

/// Takes out the warnings that comments allow. Errors can't be allowed.
pub fn suppress(mut diagnostics: Diagnostics, files: &[&ast::File], sources: &SourceMap) -> Diagnostics {
    let mut allows: Vec<Allow> = files.iter().flat_map(|file| allows(file, sources)).collect();
    // With errors there are warnings that were not even looked for.
    let complete = !diagnostics.has_errors() && files.iter().all(|file| !file.incomplete);
    diagnostics.retain(|diagnostic| {
        if diagnostic.severity() == Severity::Error {
            return true;
        }
        let span = diagnostic.span();
        let source = sources.get(span.source);
        let line = source.line_of(span.start as usize);
        let mut allowed = false;
        for allow in &mut allows {
            if allow.span.source == span.source
                && allow.code.is_some_and(|code| code == diagnostic.code)
                && stands_above(allow.line, line, source)
            {
                allow.effective = true;
                allowed = true;
            }
        }
        !allowed
    });
    for allow in &allows {
        judge(allow, complete, &mut diagnostics);
    }
    diagnostics
}

/// Right above, or with only other comments between.
fn stands_above(comment: usize, line: usize, source: &crate::source::Source) -> bool {
    comment < line
        && (comment + 1..line).all(|between| {
            source
                .text
                .get(source.line_range(between))
                .is_some_and(|text| text.trim_start().starts_with("//"))
        })
}

fn allows(file: &ast::File, sources: &SourceMap) -> Vec<Allow> {
    let source = sources.get(file.source);
    let mut all = Vec::new();
    for comment in file.comments.iter().filter(|comment| comment.own_line) {
        let body = comment.text.trim_start_matches('/').trim_start();
        let Some(rest) = body.strip_prefix("allow") else { continue };
        let Some((names, after)) = rest.trim_start().strip_prefix('(').and_then(|rest| rest.split_once(')'))
        else {
            continue;
        };
        let reason = after.trim_start().strip_prefix(':').is_some_and(|reason| !reason.trim().is_empty());
        for name in names.split(',').map(str::trim) {
            all.push(Allow {
                code: codes::find(name),
                name: name.to_string(),
                span: comment.span,
                line: source.line_of(comment.span.start as usize),
                reason,
                effective: false,
            });
        }
    }
    all
}

fn judge(allow: &Allow, complete: bool, out: &mut Diagnostics) {
    let finding = |code, message: String, label: &str| Diagnostic::new(code, message, allow.span, label);
    let nothing = |message| finding(&codes::ALLOW_WITHOUT_EFFECT, message, "takes no warning away");
    match allow.code {
        None => {
            let names = codes::ALL.iter().filter(|c| c.severity == Severity::Warning).map(|c| c.name);
            out.push(
                nothing(format!("there is no warning `{}`", allow.name))
                    .help_opt(did_you_mean(&allow.name, names)),
            );
        }
        Some(code) if code.severity == Severity::Error => out.push(
            nothing(format!("`{}` is an error, and errors can't be allowed", allow.name))
                .help("mend what it says, and take this comment out"),
        ),
        Some(_) if complete && !allow.effective => out.push(
            nothing(format!("there is no `{}` here to allow", allow.name))
                .help("the comment stands on the line above the warning; if that is mended, take it out"),
        ),
        Some(_) if !allow.reason => out.push(
            finding(
                &codes::ALLOW_WITHOUT_REASON,
                format!("`{}` is allowed without a reason", allow.name),
                "say why",
            )
            .help(format!("write the reason after a colon: `// allow({}): because …`", allow.name)),
        ),
        Some(_) => {}
    }
}
