//! Aggregates: questions to the memory of past events.

use std::collections::HashSet;

use super::names::member_of;
use super::operators::no_currency;
use super::{bare, error};
use crate::diag::{Diagnostic, codes};
use crate::model::ids::EventId;
use crate::model::money::Decimal;
use crate::model::time::Duration;
use crate::model::types::{Ty, Type};
use crate::model::value::Value;
use crate::model::window::{AggregateFn, Rank};
use crate::sema::hir::{self, Aggregate, Expr, ExprKind, Memory, MemoryInput};
use crate::sema::scope::Scope;
use crate::sema::{Checker, errors, types};
use crate::source::Span;
use crate::syntax::ast::{self, Call, ExprKind as Ast, Name, WindowClause};

const PERCENTILE: &str = "percentile(order.amount, 95) by seller over 30d before this";

/// What is counted: events, and the way to a value of each.
pub(super) struct Subject<'e> {
    pub name: &'e Name,
    pub events: Vec<EventId>,
    pub path: Vec<&'e Name>,
}

/// How a memory is kept, if not entry by entry.
#[derive(Copy, Clone, Debug, Default)]
pub(in crate::sema) struct Steps {
    pub step: Option<Duration>,
    /// Only sketches.
    pub approx: bool,
}

impl<'a> Checker<'a> {
    pub(super) fn nested(&self, span: Span) -> Diagnostic {
        Diagnostic::new(
            &codes::NESTED_AGGREGATE,
            "memory can't be asked inside a `where`, key or value of an aggregate",
            span,
            "asks memory again",
        )
        .help("those are judged once, when an event arrives; compare the two aggregates in the rule instead")
    }

    pub(super) fn aggregate(&mut self, call: &Call, span: Span, scope: &Scope) -> Expr {
        if scope.in_aggregate {
            let finding = self.nested(span);
            return self.fail(finding);
        }
        let Some(window) = &call.window else { return error(span) };
        if scope.event.is_none() {
            return self.fail(super::unknown_name(
                "there is no event here whose past could be asked",
                span,
                "must be the same on every event",
            ));
        }
        match call.function.text.as_str() {
            "sequence" => return self.sequence(call, window, span, scope),
            "percentile" => return self.percentile(call, window, span, scope),
            _ => {}
        }
        let Some(function) = AggregateFn::ALL.into_iter().find(|f| f.name() == call.function.text) else {
            let names: Vec<&str> = AggregateFn::ALL.iter().map(|f| f.name()).collect();
            let help = super::habits::aggregate(&call.function.text)
                .map(|name| format!("did you mean `{name}`?"))
                .or_else(|| crate::diag::did_you_mean(&call.function.text, names.iter().copied()))
                .or_else(|| Some(format!("what can be asked: {}", errors::quoted(&names))));
            return self.fail(
                super::unknown_name(
                    format!("`{}` can't be asked of past events", call.function.text),
                    call.function.span,
                    "not an aggregate",
                )
                .help_opt(help),
            );
        };
        let [argument] = call.arguments.as_slice() else {
            return self.bad_aggregate(
                function,
                span,
                format!(
                    "it takes one event, found {}; several get a name with `events either = a, b`",
                    call.arguments.len()
                ),
            );
        };
        self.aggregate_of(function, argument, call, window, span, scope)
    }

    fn aggregate_of(
        &mut self,
        function: AggregateFn,
        argument: &ast::Argument,
        call: &Call,
        clause: &WindowClause,
        span: Span,
        scope: &Scope,
    ) -> Expr {
        if let Some(approx) = call.approx
            && !matches!(function, AggregateFn::Distinct | AggregateFn::Percentile(_))
        {
            let finding = needless_approx(function, approx);
            return self.fail(finding);
        }
        let Some(subject) = self.subject(&argument.value, scope) else {
            self.window(clause, function, call.approx, span);
            return error(span);
        };
        let inputs = self.inputs(function, &subject, argument, clause, scope);
        let window = self.window(clause, function, call.approx, span);
        let this = self.this(clause, &subject);
        let (Some((here, inputs)), Some(window), Ok(this)) = (inputs, window, this) else {
            return error(span);
        };
        let value = inputs.first().and_then(|i| i.value.as_ref()).map(|v| v.ty.base.clone());
        let optional = !function.has_zero() || here.iter().any(|k| k.ty.optional);
        let ty = Ty { base: result_type(function, value.as_ref()), optional };
        if call.approx.is_some() && self.has_no_size(function, value.as_ref(), argument.value.span) {
            return error(span);
        }
        let steps = match call.approx {
            Some(_) => Steps { step: window.sketched_step(), approx: true },
            None => Steps { step: window.step(), approx: false },
        };
        let memory = self.memory(inputs, value, steps, span);
        let memory = self.memories.intern(memory, function, &window);
        let aggregate = Aggregate { function, memory, keys: here, window, this };
        Expr::new(ExprKind::Aggregate(Box::new(aggregate)), ty, span)
    }

    pub(in crate::sema) fn memory(
        &self,
        inputs: Vec<MemoryInput>,
        value: Option<Type>,
        Steps { step, approx }: Steps,
        span: Span,
    ) -> Memory {
        let sensitive = inputs.iter().any(|input| {
            let shape = &self.shapes[input.event.index()];
            input
                .value
                .as_ref()
                .is_some_and(|v| hir::shows_sensitive(shape, &self.kept(), v, &mut Vec::new()))
        });
        Memory {
            keys: inputs
                .first()
                .map(|i| i.keys.iter().map(|k| k.ty.base.clone()).collect())
                .unwrap_or_default(),
            identity: self.identity(&inputs, step, approx),
            step,
            approx,
            inputs,
            value,
            reach: None,
            ever: false,
            functions: Vec::new(),
            sensitive,
            span,
        }
    }

    /// An error relative to the size of a value says nothing of a time, whose size is that since 1970.
    fn has_no_size(&mut self, function: AggregateFn, value: Option<&Type>, span: Span) -> bool {
        let time = matches!(function, AggregateFn::Percentile(_))
            && value.is_some_and(|ty| *ty.representation() == Type::Time);
        if time {
            self.report(
                Diagnostic::new(
                    &codes::BAD_AGGREGATE,
                    "`approx percentile` takes numbers, amounts or durations, found a time",
                    span,
                    "its error is a share of the value",
                )
                .help("leave out `approx`, or ask for a duration: `signal waited = at - ordered_at`"),
            );
        }
        time
    }

    fn bad_aggregate(&mut self, function: AggregateFn, span: Span, reason: impl Into<String>) -> Expr {
        let usage = match function {
            AggregateFn::Since => "since(order) by buyer ever before this".to_string(),
            AggregateFn::Percentile(_) => PERCENTILE.to_string(),
            f if f.takes_event() => format!("{}(order where …) by buyer over 24h before this", f.name()),
            f => format!("{}(order.amount) by buyer over 24h before this", f.name()),
        };
        let reason: String = reason.into();
        self.fail(
            Diagnostic::new(
                &codes::BAD_AGGREGATE,
                format!("`{}` can't be asked like this: {reason}", function.name()),
                span,
                "of past events",
            )
            .help(format!("it is used as `{usage}`")),
        )
    }

    /// `count(order.amount > 5 USD)`: a condition stands after `where`.
    fn not_a_subject(&self, written: &ast::Expr) -> String {
        if let Ast::Binary { op: ast::BinaryOp::And | ast::BinaryOp::Or, left, right, .. } = &written.kind
            && let (Ast::Name(l), Ast::Name(r)) = (&left.kind, &right.kind)
        {
            return format!(
                "to count several events give them a name: `events either = {}, {}`",
                l.text, r.text
            );
        }
        let condition = matches!(
            &written.kind,
            Ast::Binary { .. } | Ast::In { .. } | Ast::Between { .. } | Ast::Not(_) | Ast::IsMissing { .. }
        );
        match condition {
            true => "write a condition after `where`: `count(order where amount > 5 USD) …`; give a calculated value a name with `signal`".into(),
            false => "give it a name with `signal`, and write `sum(order.my_signal) …`".into(),
        }
    }

    /// `sum(amount)`: a field of which events?
    fn events_with(&self, field: &str) -> String {
        let of: Vec<String> = self
            .shapes
            .iter()
            .filter(|s| s.id != self.hit() && s.field(field).is_some())
            .map(|s| format!("{}.{field}", s.name))
            .take(3)
            .collect();
        match of.is_empty() {
            true => "name the event, such as `count(order) …`".into(),
            false => format!(
                "name the event: {}; to ask a list of this event, leave out the window",
                errors::quoted(&of)
            ),
        }
    }

    /// `order`, `activity`, `order.amount`
    pub(super) fn subject<'e>(&mut self, expr: &'e ast::Expr, scope: &Scope) -> Option<Subject<'e>> {
        let mut path = Vec::new();
        let mut rest = bare(expr);
        while let Ast::Member(base, field) = &rest.kind {
            path.push(field);
            rest = bare(base);
        }
        path.reverse();
        let Ast::Name(name) = &rest.kind else {
            if !matches!(rest.kind, Ast::Error) {
                self.report(
                    Diagnostic::new(
                        &codes::BAD_AGGREGATE,
                        "an aggregate counts events, or one value of each",
                        rest.span,
                        "neither an event nor a field of one",
                    )
                    .help(self.not_a_subject(rest)),
                );
            }
            return None;
        };
        let events = match self.find_events(&name.text) {
            Some(events) => events,
            None if self.sight(&name.text, scope).is_some() => {
                self.report(
                    Diagnostic::new(
                        &codes::BAD_AGGREGATE,
                        format!("`{}` is not an event", name.text),
                        name.span,
                        "an aggregate over past events counts events",
                    )
                    .help(self.events_with(&name.text)),
                );
                return None;
            }
            None => {
                self.unknown_event(name);
                return None;
            }
        };
        (!events.is_empty()).then_some(Subject { name, events, path })
    }

    /// Runs `work` for each event and reports each finding once.
    pub(in crate::sema) fn on_each<T>(
        &mut self,
        events: &[EventId],
        mut work: impl FnMut(&mut Self, EventId) -> T,
    ) -> Vec<T> {
        let mut merged: Vec<Diagnostic> = Vec::new();
        let mut seen = HashSet::new();
        let mut results = Vec::new();
        for event in events {
            let (result, found) = self.aside(|c| work(c, *event));
            results.push(result);
            for finding in &found {
                if seen.insert((finding.code.id, finding.span())) {
                    merged.push(finding.clone());
                }
            }
        }
        merged.into_iter().for_each(|finding| self.report(finding));
        results
    }

    /// How each counted event is counted, and the keys on the current event.
    fn inputs(
        &mut self,
        function: AggregateFn,
        subject: &Subject<'_>,
        argument: &ast::Argument,
        clause: &WindowClause,
        scope: &Scope,
    ) -> Option<(Vec<Expr>, Vec<MemoryInput>)> {
        if function.takes_event() != subject.path.is_empty() {
            let reason = match function.takes_event() {
                true => "it counts the event itself",
                false => "it needs a value of the event",
            };
            self.bad_aggregate(function, argument.value.span, reason);
            return None;
        }
        let here: Vec<Expr> = clause.keys.iter().map(|key| self.key_here(key, scope)).collect();
        let counted = self.on_each(&subject.events, |c, event| {
            let inside = Scope::counted(event, &c.locals);
            let filter = argument.filter.as_ref().map(|f| c.condition(f, &inside));
            let value = (!subject.path.is_empty())
                .then(|| c.counted_value(function, subject, event, argument.value.span));
            let keys: Vec<Expr> =
                clause.keys.iter().zip(&here).map(|(key, here)| c.key_there(key, here, event)).collect();
            MemoryInput { event, filter, value, keys }
        });
        let failed = |e: &Expr| e.is_error();
        if here.iter().any(failed)
            || counted
                .iter()
                .any(|input| input.keys.iter().chain(&input.filter).chain(&input.value).any(failed))
        {
            return None;
        }
        self.one_type(&counted, argument.value.span)?;
        Some((here, counted))
    }

    /// The members of a group must give values of one type.
    fn one_type(&mut self, inputs: &[MemoryInput], span: Span) -> Option<()> {
        let mut values = inputs.iter().filter_map(|i| i.value.as_ref().map(|v| (i.event, &v.ty.base)));
        let (first, wanted) = match values.next() {
            Some(first) => first,
            None => return Some(()),
        };
        let (other, found) = match values.find(|(_, ty)| *ty != wanted) {
            Some(other) => other,
            None => return Some(()),
        };
        let (first, other) = (&self.shapes[first.index()].name, &self.shapes[other.index()].name);
        let finding = errors::mismatch(
            format!("the value is {} on `{first}` but {} on `{other}`", errors::a(wanted), errors::a(found)),
            span,
            "of different types within the group",
        )
        .help("a group has only the fields that all its events have with one type");
        self.report(finding);
        None
    }

    fn counted_value(
        &mut self,
        function: AggregateFn,
        subject: &Subject<'_>,
        event: EventId,
        span: Span,
    ) -> Expr {
        let scope = Scope::counted(event, &self.locals);
        let mut path = subject.path.iter();
        let Some(first) = path.next() else { return error(span) };
        let mut value = self.name(first, &scope, None);
        for field in path {
            if value.is_error() {
                return value;
            }
            let index = match &value.ty.base {
                Type::Record(record) => record.fields.iter().position(|f| *f.name == field.text),
                _ => None,
            };
            match index {
                Some(index) => value = member_of(value, index, span),
                None => {
                    let finding = super::unknown_name(
                        format!("{} has no field `{}`", errors::a(&value.ty.base), field.text),
                        field.span,
                        "unknown field",
                    );
                    return self.fail(finding);
                }
            }
        }
        value.span = span;
        if value.is_error() { value } else { self.fit_value(function, value) }
    }

    /// The value as the function keeps it: open money in the ruleset's currency.
    fn fit_value(&mut self, function: AggregateFn, value: Expr) -> Expr {
        use AggregateFn::*;
        let span = value.span;
        let calculates = matches!(function, Sum | Avg | Stddev);
        let ranks = matches!(function, Min | Max | Percentile(_));
        match value.ty.base.representation() {
            Type::Money(None) if calculates || ranks => {
                let Some(currency) = self.header.currency else {
                    return self.fail(no_currency(
                        span,
                        "amounts of any currency are counted together in the ruleset's currency",
                    ));
                };
                let ty = Ty { base: Type::Money(Some(currency)), optional: value.ty.optional };
                Expr::new(ExprKind::Convert(Box::new(value), currency), ty, span)
            }
            Type::Int | Type::Decimal | Type::Money(_) => value,
            Type::Float if calculates => {
                let written = self.sources.slice(span).to_string();
                self.fail(
                    Diagnostic::new(
                        &codes::FLOAT_ARITHMETIC,
                        format!("`{}` is exact, and a float is not", function.name()),
                        span,
                        "this is a float",
                    )
                    .help(format!("declare the field of `{written}` as `decimal`")),
                )
            }
            Type::Float if ranks || matches!(function, First | Last) => value,
            Type::Time | Type::Duration if ranks => value,
            ty if !calculates && !ranks && types::is_key(ty) => value,
            _ => {
                let wanted = match function {
                    Sum | Avg | Stddev => "numbers or amounts",
                    Min | Max | Percentile(_) => "numbers, amounts, times or durations",
                    _ => "a value that can be told apart (a text, a number, an entity …)",
                };
                let reason = format!("it takes {wanted}, found {}", errors::a(&value.ty.base));
                self.bad_aggregate(function, span, reason)
            }
        }
    }

    fn percentile(&mut self, call: &Call, clause: &WindowClause, span: Span, scope: &Scope) -> Expr {
        let [argument, rank] = call.arguments.as_slice() else {
            return self.fail(
                Diagnostic::new(
                    &codes::BAD_AGGREGATE,
                    "`percentile` takes a value and a rank",
                    span,
                    "called like this",
                )
                .help(format!("it is used as `{PERCENTILE}`")),
            );
        };
        match self.rank(&rank.value) {
            Some(rank) => {
                self.aggregate_of(AggregateFn::Percentile(rank), argument, call, clause, span, scope)
            }
            None => error(span),
        }
    }

    /// The same on every event, from 0 to 100.
    fn rank(&mut self, written: &ast::Expr) -> Option<Rank> {
        let found = self.infer(written, &self.constants(), Some(&Type::Decimal));
        if found.is_error() {
            return None;
        }
        if !found.ty.base.is_number() {
            self.report(errors::expected("a number from 0 to 100", &found.ty.base, written.span));
            return None;
        }
        let percent = match self.constant(&found) {
            Some(Value::Int(whole)) => Decimal::from_int(whole).ok(),
            Some(Value::Decimal(percent)) => Some(percent),
            _ => None,
        };
        // `95%` is 0.95, which is the least of a hundred and not what anybody means.
        let written_as_share = matches!(&bare(written).kind, Ast::Literal(ast::Literal::Percent(_)));
        let share = percent.filter(|p| written_as_share || (p.0 > 0 && p.0 < Decimal::SCALE));
        let rank = percent.and_then(Rank::of).filter(|_| share.is_none());
        if rank.is_none() {
            let meant = share.and_then(|share| Rank::of(Decimal(share.0.checked_mul(100)?)));
            let meant = meant.map_or("95".into(), |rank| rank.percent().to_string());
            let (message, label) = match share {
                Some(_) => ("the rank of a percentile is told in percent, from 0 to 100", "a share"),
                None => ("the rank of a percentile is a number from 0 to 100", "not such a number"),
            };
            self.report(Diagnostic::new(&codes::BAD_AGGREGATE, message, written.span, label).help(format!(
                "write `{meant}` for the value that {meant} of 100 are not above, as in `{PERCENTILE}`"
            )));
        }
        rank
    }
}

/// `approx sum(…)`
fn needless_approx(function: AggregateFn, approx: Span) -> Diagnostic {
    Diagnostic::new(
        &codes::BAD_AGGREGATE,
        format!("`{}` is exact anyway: `approx` goes with `distinct` and `percentile`", function.name()),
        approx,
        "leave this out",
    )
    .help("remove `approx`")
    .fix("remove `approx`", approx, "")
}

fn result_type(function: AggregateFn, value: Option<&Type>) -> Type {
    use AggregateFn::*;
    let value = value.cloned().unwrap_or(Type::Int);
    match function {
        Count | Distinct => Type::Int,
        Any => Type::Bool,
        Since => Type::Duration,
        Avg | Stddev if value == Type::Int => Type::Decimal,
        Sum | Avg | Min | Max | First | Last | Stddev | Percentile(_) => value,
    }
}
