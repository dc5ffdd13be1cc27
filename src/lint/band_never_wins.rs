//! A band that an earlier one always comes before, such as `>= 3` before `>= 6`.

use super::context::Context;
use super::logic::{Formula, Logic, Want, possible};
use crate::diag::{Diagnostic, Diagnostics, codes};
use crate::sema::hir::Body;

pub fn check(context: &Context<'_>, out: &mut Diagnostics) {
    context.on_every_event(out, |_, body| look(body, context));
}

fn look(body: &Body, context: &Context<'_>) -> Vec<Diagnostic> {
    let mut logic = Logic::new();
    let mut found = Vec::new();
    let when = body.when.as_ref().map_or(Formula::True, |when| logic.formula(when, Want::True));
    // An earlier band lets this one win by being false, but also by being unknown.
    let passed: Vec<Formula> =
        body.bands.iter().map(|band| logic.formula(&band.condition, Want::NotTrue)).collect();
    for (index, band) in body.bands.iter().enumerate() {
        let holds = logic.formula(&band.condition, Want::True);
        // That it can't hold at all is another lint's finding.
        if !possible(&[&when, &holds]) {
            continue;
        }
        let earlier = passed.get(..index).unwrap_or_default();
        let mut all: Vec<&Formula> = earlier.iter().collect();
        all.extend([&when, &holds]);
        if possible(&all) {
            continue;
        }
        let mut finding = Diagnostic::new(
            &codes::BAND_NEVER_WINS,
            "this band can never be the result",
            band.span,
            "whenever this is true, an earlier band is too",
        )
        .help("the first band that is true wins: put the stricter one first");
        let covering = earlier.iter().position(|passed| !possible(&[passed, &when, &holds]));
        if let Some(first) = covering.and_then(|at| body.bands.get(at)) {
            finding = finding.label(first.span, format!("`{}` comes first", context.text(first.span)));
        }
        found.push(finding);
    }
    found
}
