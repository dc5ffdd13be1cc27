//! `sequence(A, not X, B) by k within W`: events of one key, one after the other.

use super::aggregates::Subject;
use super::{bare, error};
use crate::diag::{Diagnostic, codes};
use crate::model::time::Duration;
use crate::model::types::{Ty, Type};
use crate::sema::hir::{self, Element, Expr, ExprKind, Sequence, SequenceInput, SequenceMemory};
use crate::sema::scope::Scope;
use crate::sema::{Checker, errors, limits};
use crate::source::Span;
use crate::syntax::ast::{Argument, Call, ExprKind as Ast, Extent, WindowClause};

const EXAMPLE: &str = "it is used as `sequence(address_change, refund_request) by buyer within 48h`";

/// One element as written, and the events that it names.
struct Part<'e> {
    argument: &'e Argument,
    subject: Subject<'e>,
    absent: bool,
}

fn bad(message: impl Into<String>, span: Span, label: &str) -> Diagnostic {
    Diagnostic::new(&codes::BAD_SEQUENCE, message, span, label)
}

impl<'a> Checker<'a> {
    pub(super) fn sequence(&mut self, call: &Call, clause: &WindowClause, span: Span, scope: &Scope) -> Expr {
        let here: Vec<Expr> = clause.keys.iter().map(|key| self.key_here(key, scope)).collect();
        let parts = self.sequence_parts(call, span, scope);
        let within = self.sequence_clause(call, clause, span);
        let Some(parts) = parts else { return error(span) };
        let mut inputs: Vec<SequenceInput> = Vec::new();
        let mut failed = here.iter().any(Expr::is_error);
        // The last element is the current event: it is checked on every event that it names, and kept nowhere.
        for (place, part) in parts.iter().enumerate() {
            let last = place + 1 == parts.len();
            let judged = self.on_each(&part.subject.events, |c, event| {
                let inside = Scope::counted(event, &c.locals);
                let filter = part.argument.filter.as_ref().map(|f| c.condition(f, &inside));
                let keys: Vec<Expr> =
                    clause.keys.iter().zip(&here).map(|(key, here)| c.key_there(key, here, event)).collect();
                (event, filter, keys)
            });
            for (event, filter, keys) in judged {
                failed |= filter.iter().chain(&keys).any(Expr::is_error);
                if last {
                    continue;
                }
                match inputs.iter_mut().find(|input| input.event == event) {
                    Some(input) => input.elements.push((place, filter)),
                    None => inputs.push(SequenceInput { event, keys, elements: vec![(place, filter)] }),
                }
            }
        }
        let (Some(within), Some(last), false) = (within, parts.last(), failed) else { return error(span) };
        let elements: Vec<Element> =
            parts[..parts.len() - 1].iter().map(|part| Element { absent: part.absent }).collect();
        let keys: Vec<Type> = here.iter().map(|key| key.ty.base.clone()).collect();
        let identity = self.sequence_identity(&elements, &inputs);
        let memory = SequenceMemory { elements, inputs, keys, reach: within, identity, span };
        let memory = self.memories.intern_sequence(memory);
        let ends_here = scope.event.is_some_and(|event| last.subject.events.contains(&event));
        let filter = match (&last.argument.filter, scope.event) {
            (Some(filter), Some(event)) if ends_here => {
                // What is wrong with it was told above.
                Some(self.aside(|c| c.condition(filter, &Scope::counted(event, &c.locals))).0)
            }
            _ => None,
        };
        let optional = here.iter().chain(&filter).any(|part| part.ty.optional);
        let sequence = Sequence { memory, keys: here, within, ends_here, filter };
        let ty = Ty { base: Type::Bool, optional: ends_here && optional };
        Expr::new(ExprKind::Sequence(Box::new(sequence)), ty, span)
    }

    fn sequence_parts<'e>(&mut self, call: &'e Call, span: Span, scope: &Scope) -> Option<Vec<Part<'e>>> {
        if let Some(extra) = call.arguments.get(limits::SEQUENCE) {
            let finding = errors::too_large(
                format!("at most {} events in one sequence", limits::SEQUENCE),
                extra.value.span,
                "one too many",
            );
            self.report(finding);
            return None;
        }
        let mut parts: Vec<Part<'e>> = Vec::new();
        let mut whole = true;
        for argument in &call.arguments {
            let (element, absent) = match &bare(&argument.value).kind {
                Ast::Not(inner) => (&**inner, true),
                _ => (&argument.value, false),
            };
            match self.subject(element, scope) {
                Some(subject) => {
                    whole &= self.is_element(&subject);
                    parts.push(Part { argument, subject, absent });
                }
                None => whole = false,
            }
        }
        if !whole {
            return None;
        }
        if parts.iter().filter(|part| !part.absent).count() < 2 {
            self.report(
                bad("a sequence takes at least two events that happen", span, "called like this")
                    .help(EXAMPLE),
            );
            return None;
        }
        if let Some(part) = parts.last().filter(|part| part.subject.events.contains(&self.hit())) {
            self.report(
                bad("no sequence ends with `hit`", part.argument.value.span, "never the event being judged")
                    .help("hits are those of earlier events: end with the event that the rule is on"),
            );
            return None;
        }
        for (edge, side) in [(parts.first(), "before"), (parts.last(), "after")] {
            if let Some(part) = edge.filter(|part| part.absent) {
                let name = &part.subject.name.text;
                self.report(
                    bad(
                        "`not` stands between two events that happen",
                        part.argument.value.span,
                        &format!("nothing stands {side} it"),
                    )
                    .help(match side {
                        "after" => format!(
                            "for something that does not come write a rule `on no {name} … within … after …`"
                        ),
                        _ => "name the event after which it must not happen".to_string(),
                    }),
                );
                return None;
            }
        }
        Some(parts)
    }

    /// An event itself.
    fn is_element(&mut self, subject: &Subject<'_>) -> bool {
        if let Some(field) = subject.path.first() {
            self.report(
                bad("a sequence is of events, not of their values", field.span, "a value of the event").help(
                    format!("write `{}` alone; what it must be like stands after `where`", subject.name.text),
                ),
            );
            return false;
        }
        true
    }

    /// What stands behind the parentheses: keys and `within`, nothing else.
    fn sequence_clause(&mut self, call: &Call, clause: &WindowClause, span: Span) -> Option<Duration> {
        let before = self.out.iter().count();
        let within = match &clause.extent {
            Some(Extent::Within(within)) => self.positive_span(within, "the time after `within`"),
            Some(_) | None => {
                self.report(
                    Diagnostic::new(
                        &codes::BAD_WINDOW,
                        "`sequence` needs `within`",
                        span,
                        "it isn't said how far apart",
                    )
                    .help("say how far the last event may be from the first, for example `within 48h`"),
                );
                None
            }
        };
        if clause.keys.is_empty() {
            self.report(
                Diagnostic::new(
                    &codes::MISSING_KEY,
                    "it isn't said whose events follow one another",
                    span,
                    "one after the other, of everybody",
                )
                .help("add a key, such as `by buyer`"),
            );
        }
        if let Some(extra) = clause.keys.get(limits::KEYS) {
            let limit = super::lookups::count(limits::KEYS, "key");
            self.report(errors::too_large(format!("at most {limit}"), extra.span, "one too many"));
        }
        let ending = clause.ending.as_ref().map(|ending| (ending.span, "`ending … ago`"));
        let step = clause.step.as_ref().map(|step| (step.span, "`step`"));
        let this = clause.this.map(|(_, span)| (span, "this"));
        let approx = call.approx.map(|span| (span, "`approx`"));
        for (span, what) in [ending, step, this, approx].into_iter().flatten() {
            let what =
                if what == "this" { format!("`{}`", self.sources.slice(span)) } else { what.to_string() };
            self.report(
                Diagnostic::new(
                    &codes::BAD_WINDOW,
                    format!("{what} has no meaning here: the last event of a sequence is the current one"),
                    span,
                    "leave this out",
                )
                .help(format!("remove {what}")),
            );
        }
        within.filter(|_| self.out.iter().count() == before)
    }

    /// A sequence can only be complete on an event of its last kind: a rule on none of them would never hit.
    pub(in crate::sema) fn sequences_can_end(&mut self, rule: &hir::Rule) {
        let mut ends: Vec<(Span, bool)> = Vec::new();
        for expr in rule.bodies.iter().flat_map(|body| body.expressions()) {
            expr.walk(&mut |e| {
                let ExprKind::Sequence(sequence) = &e.kind else { return };
                match ends.iter_mut().find(|(span, _)| *span == e.span) {
                    Some((_, can)) => *can |= sequence.ends_here,
                    None => ends.push((e.span, sequence.ends_here)),
                }
            });
        }
        for (span, can) in ends {
            let finding = if rule.absence.is_some() {
                bad("a deadline completes no sequence", span, "ends with an event that comes in")
                    .label(rule.span, format!("the rule `{}` is evaluated at deadlines", rule.name))
                    .help("ask for the sequence in a rule on its last event")
            } else if !can {
                bad("this sequence can never be complete here", span, "ends with another event")
                    .label(rule.span, format!("the rule `{}` is on no event of the last kind", rule.name))
                    .help("put the rule on the last event of the sequence, which is the event being judged")
            } else {
                continue;
            };
            if !self.out.iter().any(|known| *known.code == codes::BAD_SEQUENCE && known.span() == span) {
                self.report(finding);
            }
        }
    }
}
