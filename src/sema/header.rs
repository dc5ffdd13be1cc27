//! The header of a ruleset.

use std::collections::BTreeMap;

use super::declare::Items;
use super::scope::Scope;
use super::{Checker, errors, hir, limits};
use crate::diag::{Diagnostic, Diagnostics, codes, did_you_mean, nearest};
use crate::model::ids::OutcomeId;
use crate::model::money::Currency;
use crate::model::time::{Duration, Zone};
use crate::model::types::Type;
use crate::model::value::Value;
use crate::source::Span;
use crate::syntax::ast::{ExprKind, HeaderKind, Literal, Name, Text};

const EDITION: &str = "2026";
const LADDER: [&str; 6] = ["allow", "observe", "warn", "challenge", "review", "block"];
const DEFAULT_LATENESS: Duration = Duration(3_600_000_000);

fn bad(message: impl Into<String>, span: Span, label: impl Into<String>) -> Diagnostic {
    Diagnostic::new(&codes::BAD_HEADER, message, span, label)
}

/// Everything that is a name or a text; what takes an expression is read by [`Checker::header_values`].
pub fn read(items: &Items<'_>, default_name: &str, out: &mut Diagnostics) -> hir::Header {
    let mut header = hir::Header {
        name: default_name.to_string(),
        version: String::new(),
        zone: Zone::utc(),
        currency: None,
        outcomes: LADDER.map(str::to_string).to_vec(),
        rejects: OutcomeId(0),
        lateness: DEFAULT_LATENESS,
        limits: hir::Limits::default(),
    };
    let mut rejects = None;
    if let Some(written) = items.header {
        header.name = written.name.text.clone();
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for clause in &written.clauses {
            let word = match &clause.kind {
                HeaderKind::Edition(_) => "edition",
                HeaderKind::Version(_) => "version",
                HeaderKind::Timezone(_) => "timezone",
                HeaderKind::Currency(_) => "currency",
                HeaderKind::Outcomes(_) => "outcomes",
                HeaderKind::Rejects(_) => "rejects",
                HeaderKind::Lateness(_) => "lateness",
                HeaderKind::Limits(_) => "limits",
            };
            if let Some(first) = seen.insert(word, clause.span) {
                out.push(
                    Diagnostic::new(
                        &codes::DUPLICATE_CLAUSE,
                        format!("`{word}` stands twice in the header"),
                        clause.span,
                        "again here",
                    )
                    .label(first, "first here")
                    .help("keep one of the two"),
                );
                continue;
            }
            match &clause.kind {
                HeaderKind::Version(text) => header.version = text.value.clone(),
                HeaderKind::Timezone(text) => header.zone = zone(text, out).unwrap_or_else(Zone::utc),
                HeaderKind::Currency(name) => header.currency = currency(name, out),
                HeaderKind::Outcomes(names) => outcomes(names, &mut header, out),
                HeaderKind::Rejects(name) => rejects = Some(name),
                HeaderKind::Edition(_) | HeaderKind::Lateness(_) | HeaderKind::Limits(_) => {}
            }
        }
    }
    header.rejects = rejects_outcome(rejects, &header, out);
    header
}

/// An IANA zone, or a finding.
pub fn zone(text: &Text, out: &mut Diagnostics) -> Option<Zone> {
    let zone = Zone::parse(&text.value);
    if zone.is_none() {
        out.push(
            Diagnostic::new(
                &codes::BAD_LITERAL,
                format!("there is no time zone `{}`", text.value),
                text.span,
                "not the name of an IANA zone",
            )
            .help("write a name such as \"Europe/Warsaw\", \"Asia/Shanghai\" or \"UTC\""),
        );
    }
    zone
}

/// An ISO code in capitals, or a finding.
pub fn currency(name: &Name, out: &mut Diagnostics) -> Option<Currency> {
    let upper = name.text.to_uppercase();
    match Currency::parse(&name.text) {
        Some(currency) if upper == name.text => Some(currency),
        found => {
            let help = match found {
                Some(_) => Some(format!("write `{upper}`")),
                None => did_you_mean(&upper, Currency::codes().iter().copied()),
            };
            let finding = Diagnostic::new(
                &codes::BAD_LITERAL,
                format!("there is no currency `{}`", name.text),
                name.span,
                "not an ISO 4217 code in capitals",
            )
            .help_opt(help);
            out.push(match found {
                Some(_) => finding.fix("write it in capitals", name.span, upper),
                None => finding,
            });
            None
        }
    }
}

fn outcomes(names: &[Name], header: &mut hir::Header, out: &mut Diagnostics) {
    let mut ladder: Vec<String> = Vec::new();
    for (i, name) in names.iter().take(limits::OUTCOMES).enumerate() {
        if i == 0 && name.text != "allow" {
            out.push(
                bad("the first outcome must be `allow`", name.span, "the mildest outcome")
                    .help(format!("write `outcomes allow < {} …`", name.text)),
            );
            ladder.push("allow".into());
        }
        if let Some(first) = names[..i].iter().find(|n| n.text == name.text) {
            out.push(errors::duplicate("the outcome", &name.text, name.span, first.span));
            continue;
        }
        ladder.push(name.text.clone());
    }
    match names.get(limits::OUTCOMES) {
        Some(extra) => out.push(errors::too_large(
            format!("a ladder has at most {} outcomes", limits::OUTCOMES),
            extra.span,
            "one too many",
        )),
        None if !ladder.is_empty() => header.outcomes = ladder,
        None => {}
    }
}

fn rejects_outcome(written: Option<&Name>, header: &hir::Header, out: &mut Diagnostics) -> OutcomeId {
    let last = OutcomeId::new(header.outcomes.len() - 1);
    let Some(name) = written else {
        // `review` by default; on a ladder without it, the most severe: what can't be read never passes.
        return header.outcomes.iter().position(|o| o == "review").map_or(last, OutcomeId::new);
    };
    match header.outcomes.iter().position(|o| *o == name.text) {
        Some(0) => {
            out.push(
                bad("an event that can't be read never passes", name.span, "`rejects` may not be `allow`")
                    .help(format!("write one of {}", errors::quoted(&header.outcomes[1..]))),
            );
            last
        }
        Some(index) => OutcomeId::new(index),
        None => {
            out.push(errors::unknown(name, "an outcome", header.outcomes.iter().map(String::as_str)));
            last
        }
    }
}

impl<'a> Checker<'a> {
    /// The clauses that take an expression; `let`s may be used in them.
    pub(super) fn header_values(&mut self, items: &Items<'a>) {
        for clause in items.header.iter().flat_map(|h| &h.clauses) {
            match &clause.kind {
                HeaderKind::Edition(value) => {
                    let fits =
                        matches!(&value.kind, ExprKind::Literal(Literal::Int(digits)) if digits == EDITION);
                    if !fits && !matches!(value.kind, ExprKind::Error) {
                        self.report(
                            bad("this is no edition of the language", value.span, "unknown edition")
                                .help(format!("write `edition {EDITION}`")),
                        );
                    }
                }
                HeaderKind::Lateness(value) => {
                    if let Some(lateness) = self.constant_duration(value, "`lateness`") {
                        if lateness < Duration(0) || lateness > limits::LATENESS {
                            self.report(errors::too_large(
                                "`lateness` must be between 0 and 366 days",
                                value.span,
                                "out of range",
                            ));
                        } else {
                            self.header.lateness = lateness;
                        }
                    }
                }
                HeaderKind::Limits(all) => {
                    for (name, value) in all {
                        self.header_limit(name, value);
                    }
                }
                _ => {}
            }
        }
    }

    fn header_limit(&mut self, name: &Name, value: &crate::syntax::ast::Expr) {
        let known = ["entries"];
        if !known.contains(&name.text.as_str()) {
            let help = nearest(&name.text, known)
                .map_or("the limit there is: `entries`".to_string(), |n| format!("did you mean `{n}`?"));
            self.report(
                Diagnostic::new(
                    &codes::UNKNOWN_NAME,
                    format!("there is no limit `{}`", name.text),
                    name.span,
                    "unknown limit",
                )
                .help(help),
            );
            return;
        }
        let scope = Scope::constants();
        let expr = self.infer(value, &scope, Some(&Type::Int));
        match self.constant(&expr) {
            Some(Value::Int(entries)) if (1..=limits::ENTRIES).contains(&entries) => {
                self.header.limits.entries = entries as u32;
            }
            _ if expr.is_error() => {}
            _ => self.report(
                bad("`entries` must be a whole number from 1 to 1000000", value.span, "not such a number")
                    .help("the default is `entries 10000`"),
            ),
        }
    }
}
