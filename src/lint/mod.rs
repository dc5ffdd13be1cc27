//! Advice on rulesets without errors: what can be run, but hardly was meant. One file per lint; none can change what a
//! ruleset means. A lint that is not sure keeps quiet.

mod always_true;
mod band_never_wins;
mod context;
mod duplicate_condition;
mod empty_list;
mod logic;
mod matches_everything;
mod names;
mod negated_optional;
mod never_true;
mod no_because;
mod open_money;
mod optional;
mod optional_filter;
mod optional_under_or;
mod repeated_number;
mod score_reach;
mod suppress;
mod unbounded_memory;
mod untested_rule;
mod unused_declaration;
mod unused_event;
mod unused_field;

use context::Context;
pub use suppress::suppress;

use crate::diag::Diagnostics;
use crate::sema::hir::Hir;
use crate::source::SourceMap;
use crate::syntax::ast;

/// Every warning about `hir`, sorted. `files` are the trees it was made from.
pub fn lint(hir: &Hir, files: &[&ast::File], sources: &SourceMap) -> Diagnostics {
    let context = Context::new(hir, files, sources);
    let mut out = Diagnostics::new();
    for check in EACH {
        check(&context, &mut out);
    }
    // These say that something is nowhere, so everything must have been read.
    if files.iter().all(|file| !file.incomplete) {
        for check in WHOLE {
            check(&context, &mut out);
        }
    }
    out.sort();
    out
}

type Check = fn(&Context<'_>, &mut Diagnostics);

/// Lints that look at one thing at a time.
const EACH: &[Check] = &[
    always_true::check,
    never_true::check,
    band_never_wins::check,
    duplicate_condition::check,
    negated_optional::check,
    optional_under_or::check,
    optional_filter::check,
    no_because::check,
    empty_list::check,
    matches_everything::check,
    unbounded_memory::check,
    repeated_number::check,
];

/// Lints that depend on everything having been read.
const WHOLE: &[Check] = &[
    unused_declaration::check,
    unused_event::check,
    unused_field::check,
    untested_rule::check,
    open_money::check,
    score_reach::check,
];
