//! Operators: which types go together, and what comes of it.

use super::literals::has_words;
use super::{bare, bool_of, error, habits, unknown_name};
use crate::diag::{Diagnostic, codes};
use crate::model::money::Currency;
use crate::model::ops::{BinaryOp as Op, CompareOp};
use crate::model::types::{Ty, Type};
use crate::model::value::Value;
use crate::sema::declare::ValueRef;
use crate::sema::definitions::takes_type_of_context;
use crate::sema::hir::{Expr, ExprKind};
use crate::sema::infer::names::Sight;
use crate::sema::scope::Scope;
use crate::sema::{Checker, data, errors, header, types};
use crate::source::Span;
use crate::syntax::ast::{self, BinaryOp, ExprKind as Ast, Literal, Name};

/// What one side of an operator needs of the other.
enum Side<'e> {
    /// Has a type of its own.
    Typed,
    /// A text, read as the other side's type.
    Text,
    /// May be a value of the other side's type, or a name.
    Word(&'e Name),
}

impl<'a> Checker<'a> {
    fn side<'e>(&self, expr: &'e ast::Expr, scope: &Scope) -> Side<'e> {
        match &bare(expr).kind {
            Ast::Literal(Literal::Text(_)) => Side::Text,
            Ast::Name(name) => match self.sight(&name.text, scope) {
                Some(Sight::Value(ValueRef::Definition(id)))
                    if matches!(
                        &bare(self.definitions.get(id).value).kind,
                        Ast::Literal(Literal::Text(_))
                    ) =>
                {
                    Side::Text
                }
                _ => Side::Word(name),
            },
            _ => Side::Typed,
        }
    }

    /// Two operands, each read beside the other.
    pub(super) fn pair(&mut self, left: &ast::Expr, right: &ast::Expr, scope: &Scope) -> (Expr, Expr) {
        if self.right_first(left, right, scope) {
            let right = self.infer(right, scope, None);
            let left = self.infer_beside(left, &right, scope);
            return (left, right);
        }
        let left = self.infer(left, scope, None);
        let right = self.infer_beside(right, &left, scope);
        (left, right)
    }

    /// An operand beside one that is known; beside an error, a word could be anything and is not blamed.
    pub(super) fn infer_beside(&mut self, expr: &ast::Expr, other: &Expr, scope: &Scope) -> Expr {
        if other.is_error()
            && let Ast::Name(name) = &bare(expr).kind
            && self.sight(&name.text, scope).is_none()
        {
            return error(expr.span);
        }
        self.infer(expr, scope, beside(other))
    }

    fn right_first(&mut self, left: &ast::Expr, right: &ast::Expr, scope: &Scope) -> bool {
        match (self.side(left, scope), self.side(right, scope)) {
            (Side::Text, Side::Text) => false,
            (Side::Text, _) => true,
            (Side::Word(_), Side::Typed) => !matches!(&bare(right).kind, Ast::Literal(_)),
            (Side::Word(l), Side::Word(r)) => {
                let (lt, rt) = (self.type_of_name(l, scope), self.type_of_name(r, scope));
                let is_value =
                    |word: &Name, ty: &Option<Type>| self.word(&word.text, word.span, ty.as_ref()).is_some();
                if is_value(r, &lt) {
                    false
                } else {
                    is_value(l, &rt)
                        || (lt.is_none() && rt.as_ref().is_some_and(has_words))
                        || (lt.is_none() && rt.is_some())
                }
            }
            _ => false,
        }
    }

    pub(super) fn binary(
        &mut self,
        op: BinaryOp,
        op_span: Span,
        (left, right): (&ast::Expr, &ast::Expr),
        whole: &ast::Expr,
        scope: &Scope,
        beside: Option<&Type>,
    ) -> Expr {
        let span = whole.span;
        match op {
            BinaryOp::And | BinaryOp::Or => self.logic(op, whole, scope),
            BinaryOp::Equal => self.comparison(CompareOp::Equal, left, right, span, scope),
            BinaryOp::NotEqual => self.comparison(CompareOp::NotEqual, left, right, span, scope),
            BinaryOp::Less => self.comparison(CompareOp::Less, left, right, span, scope),
            BinaryOp::LessEqual => self.comparison(CompareOp::LessEqual, left, right, span, scope),
            BinaryOp::Greater => self.comparison(CompareOp::Greater, left, right, span, scope),
            BinaryOp::GreaterEqual => self.comparison(CompareOp::GreaterEqual, left, right, span, scope),
            BinaryOp::Contains | BinaryOp::StartsWith | BinaryOp::EndsWith => {
                self.text_test(op, left, right, span, scope)
            }
            BinaryOp::Else => self.otherwise(left, right, span, scope, beside),
            _ => self.arithmetic(op, op_span, left, right, span, scope),
        }
    }

    /// `and` and `or`; a run of them is one list, however long.
    fn logic(&mut self, op: BinaryOp, whole: &ast::Expr, scope: &Scope) -> Expr {
        let mut operands = Vec::new();
        let mut rest = whole;
        while let Ast::Binary { op: inner, left, right, .. } = &rest.kind
            && *inner == op
        {
            operands.push(&**right);
            rest = left;
        }
        operands.push(rest);
        let mut all = Vec::new();
        let mut failed = false;
        let mut before: Option<&ast::Expr> = None;
        for operand in operands.into_iter().rev() {
            let found = match before.and_then(|before| self.half_a_comparison(before, operand, scope)) {
                Some(finding) => self.fail(finding),
                None => self.condition(operand, scope),
            };
            before = Some(operand);
            failed |= found.is_error();
            match found.kind {
                ExprKind::And(inner) if op == BinaryOp::And => all.extend(inner),
                ExprKind::Or(inner) if op == BinaryOp::Or => all.extend(inner),
                kind => all.push(Expr { kind, ..found }),
            }
        }
        if failed {
            return error(whole.span);
        }
        let optional = all.iter().any(|e| e.ty.optional);
        let kind = if op == BinaryOp::And { ExprKind::And(all) } else { ExprKind::Or(all) };
        bool_of(kind, optional, whole.span)
    }

    /// `payment == card or wallet`: `wallet` is compared with nothing.
    fn half_a_comparison(
        &mut self,
        before: &ast::Expr,
        operand: &ast::Expr,
        scope: &Scope,
    ) -> Option<Diagnostic> {
        let Ast::Binary { op, left, right, .. } = &bare(before).kind else { return None };
        let among = match op {
            BinaryOp::Equal => "in",
            BinaryOp::NotEqual => "not in",
            _ => return None,
        };
        let alone = match &bare(operand).kind {
            Ast::Literal(Literal::Bool(_)) => false,
            Ast::Literal(_) => true,
            Ast::Name(name) if self.sight(&name.text, scope).is_none() => {
                let (value, _) = self.aside(|c| c.infer(left, scope, None));
                self.word(&name.text, name.span, beside(&value)).is_some()
            }
            _ => false,
        };
        if !alone || self.aside(|c| c.infer(before, scope, None)).0.is_error() {
            return None;
        }
        let text = |e: &ast::Expr| self.sources.slice(e.span).to_string();
        let (value, first, second) = (text(left), text(right), text(operand));
        let comparison = text(before).replacen(&first, &second, 1);
        Some(
            errors::mismatch(
                format!("`{second}` alone is no condition"),
                operand.span,
                "compared with nothing",
            )
            .help(format!("say again what is compared: `{comparison}`; for several values write `{value} {among} [{first}, {second}]`")),
        )
    }

    fn comparison(
        &mut self,
        op: CompareOp,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
        scope: &Scope,
    ) -> Expr {
        if let Some(finding) = self.compared_with_nothing(op, left, right, span, scope) {
            return self.fail(finding);
        }
        let (l, r) = self.pair(left, right, scope);
        if l.is_error() || r.is_error() {
            return error(span);
        }
        let ordered = !matches!(op, CompareOp::Equal | CompareOp::NotEqual);
        let Some((l, r)) = self.comparable(l, r, ordered, span) else { return error(span) };
        if !self.names_a_rule(&l, &r, scope) {
            return error(span);
        }
        let optional = l.ty.optional || r.ty.optional;
        let result = bool_of(ExprKind::Compare(op, Box::new(l), Box::new(r)), optional, span);
        self.check_cap(&result);
        result
    }

    /// `note == null`: missing data is asked for, not compared with.
    fn compared_with_nothing(
        &mut self,
        op: CompareOp,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
        scope: &Scope,
    ) -> Option<Diagnostic> {
        let nothing = |e: &ast::Expr| match &bare(e).kind {
            Ast::Name(name) => habits::is_nothing(&name.text) && self.sight(&name.text, scope).is_none(),
            _ => false,
        };
        let (value, null) = match (nothing(left), nothing(right)) {
            (false, true) => (left, right),
            (true, false) => (right, left),
            _ => return None,
        };
        // An enum may have such a value.
        let (typed, _) = self.aside(|c| c.infer(value, scope, None));
        if let Ast::Name(name) = &bare(null).kind
            && self.word(&name.text, name.span, beside(&typed)).is_some()
        {
            return None;
        }
        let test = if op == CompareOp::NotEqual { "is present" } else { "is missing" };
        let replacement = format!("{} {test}", self.sources.slice(value.span));
        let written = self.sources.slice(null.span);
        let finding = unknown_name(
            format!("there is no value `{written}` to compare with"),
            null.span,
            "missing data is asked for",
        )
        .help(format!("write `{replacement}`"));
        let equality = matches!(op, CompareOp::Equal | CompareOp::NotEqual);
        Some(if equality {
            finding.fix(format!("write `{replacement}`"), span, replacement)
        } else {
            finding
        })
    }

    /// Both sides converted to what can be compared, or a finding.
    pub(super) fn comparable(&mut self, l: Expr, r: Expr, ordered: bool, span: Span) -> Option<(Expr, Expr)> {
        let fits = match (&l.ty.base, &r.ty.base) {
            (Type::Money(a), Type::Money(b)) => {
                return self.one_currency(*a, *b, &l, &r, span).then_some((l, r));
            }
            (a, b) if a == b => can_compare(a, ordered),
            (a, b) if a.is_number() && b.is_number() => true,
            (Type::Float, b) if b.is_number() => {
                let r = self.coerce(r, &Type::Float).ok()?;
                return Some((l, r));
            }
            (a, Type::Float) if a.is_number() => {
                let l = self.coerce(l, &Type::Float).ok()?;
                return Some((l, r));
            }
            _ => false,
        };
        if fits {
            return Some((l, r));
        }
        let finding = self.cannot_compare(&l, &r, ordered, span);
        self.report(finding);
        None
    }

    /// A text beside the `rule` of a hit must be the name of one.
    pub(super) fn names_a_rule(&mut self, l: &Expr, r: &Expr, scope: &Scope) -> bool {
        if scope.event != Some(self.hit()) {
            return true;
        }
        let hit = self.shape(self.hit());
        let is_rule = |e: &Expr| match &e.unaliased().kind {
            ExprKind::Field(field) => hit.fields.get(field.index()).is_some_and(|f| &*f.name == "rule"),
            _ => false,
        };
        let (text, place) = match (l.as_const(), r.as_const()) {
            (None, Some(Value::Text(text))) if is_rule(l) => (text.clone(), r.span),
            (Some(Value::Text(text)), None) if is_rule(r) => (text.clone(), l.span),
            _ => return true,
        };
        if self.names.rules.get(&text).is_some() || self.names.broken.contains(&*text) {
            return true;
        }
        let name = Name { text: text.to_string(), span: place };
        let finding = errors::unknown(&name, "a rule", self.names.rules.keys());
        self.report(finding);
        false
    }

    fn cannot_compare(&self, l: &Expr, r: &Expr, ordered: bool, span: Span) -> Diagnostic {
        let (a, b) = (&l.ty.base, &r.ty.base);
        if a == b {
            let how =
                if ordered && types::is_scalar(a) { "has no order" } else { "can't be compared as a whole" };
            let help = if ordered && types::is_scalar(a) {
                "only numbers, amounts, times, durations and texts have an order; use `==` or `in`"
            } else {
                "compare its parts, or ask `any(… where …)`"
            };
            return errors::mismatch(
                format!("{} {how}", errors::a(a)),
                span,
                "not a comparison that has an answer",
            )
            .help(help);
        }
        let finding = errors::mismatch(
            format!("{} can't be compared with {}", errors::a(a), errors::a(b)),
            span,
            "these are different things",
        )
        .label(l.span, format!("this is {}", errors::a(a)))
        .label(r.span, format!("this is {}", errors::a(b)))
        .help_opt(self.comparison_help(l, r));
        with_bare_value(finding, l, r)
    }

    fn comparison_help(&self, l: &Expr, r: &Expr) -> Option<String> {
        let written = |e: &Expr| self.sources.slice(e.span).to_string();
        let one_way = |a: &Expr, b: &Expr| match (&a.ty.base, &b.ty.base) {
            (Type::Money(currency), Type::Int | Type::Decimal) => {
                let code = currency.or(self.header.currency).map_or("USD".to_string(), |c| c.to_string());
                Some(match b.as_const() {
                    Some(_) => format!("write the currency: `{} {code}`", written(b)),
                    None => format!("take the number of it: `amount({})`", written(a)),
                })
            }
            (Type::Duration, Type::Int | Type::Decimal) => Some(match (a.as_const(), b.as_const()) {
                (_, Some(_)) => format!("write a unit: `{0}h`, `{0}d` …", written(b)),
                (Some(_), _) => {
                    let number = written(a);
                    let number = number.trim_end_matches(|c: char| c.is_ascii_alphabetic());
                    format!("write the number alone: `{number}`")
                }
                _ => format!("divide by a unit to get a number: `{} / 1h`", written(a)),
            }),
            (
                Type::Int | Type::Decimal | Type::Float | Type::Duration | Type::Money(_) | Type::Bool,
                Type::Text,
            ) => match b.as_const() {
                Some(Value::Text(text)) if data::parse_value(text, &a.ty.base, &self.header.zone).is_ok() => {
                    Some(format!("write it without quotes: `{text}`"))
                }
                _ => None,
            },
            (Type::Time, Type::Decimal | Type::Int) if b.as_const().is_some() => {
                Some("a date is written `2026-11-11`, a time `2026-11-11T10:00:00Z`".to_string())
            }
            (Type::List(element), other) if element.base == *other => {
                Some(format!("to look for it in the list write `{} contains {}`", written(a), written(b)))
            }
            (Type::Bool, Type::Int) if b.as_const().is_some() => {
                Some(format!("write the condition alone: `{0}`, or `not {0}`", written(a)))
            }
            (Type::Entity(_), Type::Text) => {
                let of = "a text field is no id";
                Some(format!("{of}; if both name the same thing, declare both with the same entity"))
            }
            (Type::Enum(_), Type::Text) if b.as_const().is_some() => {
                Some(format!("write the value without quotes: `{}`", written(b).trim_matches('"')))
            }
            (Type::Ip, Type::Cidr) => Some(format!("ask `{} in {}`", written(a), written(b))),
            (Type::Entity(_), Type::Int) if b.as_const().is_some() => {
                Some(format!("write it in quotes: \"{}\"", written(b)))
            }
            (Type::Entity(x), Type::Entity(y)) => {
                Some(format!("a `{}` is never a `{}`, even if they are written the same", x.name, y.name))
            }
            (Type::Time, Type::Duration) => Some("a length of time is `at - …`".to_string()),
            _ => None,
        };
        one_way(l, r).or_else(|| one_way(r, l))
    }

    /// Amounts of two currencies meet only where there are rates.
    pub(super) fn one_currency(
        &mut self,
        a: Option<Currency>,
        b: Option<Currency>,
        l: &Expr,
        r: &Expr,
        span: Span,
    ) -> bool {
        let (Some(x), Some(y)) = (a, b) else { return true };
        if x == y || self.has_rates() {
            return true;
        }
        self.report(
            Diagnostic::new(
                &codes::MIXED_CURRENCIES,
                format!("an amount in {x} meets one in {y}, and there are no rates"),
                span,
                "can't be told without an exchange rate",
            )
            .label(l.span, format!("in {x}"))
            .label(r.span, format!("in {y}"))
            .help(format!("write the amount in {x}, or declare `rates from \"…\"`")),
        );
        false
    }

    pub(super) fn between(
        &mut self,
        (value, low, high): (&ast::Expr, &ast::Expr, &ast::Expr),
        span: Span,
        scope: &Scope,
    ) -> Expr {
        let (v, l) = self.pair(value, low, scope);
        let h = self.infer_beside(high, &v, scope);
        if v.is_error() || l.is_error() || h.is_error() {
            return error(span);
        }
        let Some((v, l)) = self.comparable(v, l, true, span) else { return error(span) };
        let Some((mut v, h)) = self.comparable(v, h, true, span) else { return error(span) };
        let mut l = l;
        // A float at one end makes all three floats.
        if [&v, &l, &h].iter().any(|e| e.ty.base == Type::Float) {
            match (self.coerce(v, &Type::Float), self.coerce(l, &Type::Float)) {
                (Ok(value), Ok(low)) => (v, l) = (value, low),
                _ => return error(span),
            }
        }
        let h = match self.coerce_if_float(h, &v) {
            Some(h) => h,
            None => return error(span),
        };
        let optional = v.ty.optional || l.ty.optional || h.ty.optional;
        let result = bool_of(ExprKind::Between(Box::new(v), Box::new(l), Box::new(h)), optional, span);
        self.check_cap(&result);
        result
    }

    fn coerce_if_float(&self, expr: Expr, like: &Expr) -> Option<Expr> {
        if like.ty.base == Type::Float { self.coerce(expr, &Type::Float).ok() } else { Some(expr) }
    }

    /// `x else y`
    fn otherwise(
        &mut self,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
        scope: &Scope,
        given: Option<&Type>,
    ) -> Expr {
        let (l, r) = match given {
            Some(ty) => {
                let l = self.infer(left, scope, Some(ty));
                let r = self.infer(right, scope, beside(&l).or(Some(ty)));
                (l, r)
            }
            None => self.pair(left, right, scope),
        };
        if l.is_error() || r.is_error() {
            return error(span);
        }
        let Some((l, r)) = self.unify(l, r, span) else { return error(span) };
        let ty = Ty { base: l.ty.base.clone(), optional: l.ty.optional && r.ty.optional };
        Expr::new(ExprKind::Else(Box::new(l), Box::new(r)), ty, span)
    }

    /// Both as values of one type.
    fn unify(&mut self, l: Expr, r: Expr, span: Span) -> Option<(Expr, Expr)> {
        let common = match (&l.ty.base, &r.ty.base) {
            (a, b) if a == b => a.clone(),
            (Type::Money(_), Type::Money(_)) => Type::Money(None),
            (Type::Float, b) if b.is_number() => Type::Float,
            (a, Type::Float) if a.is_number() => Type::Float,
            (a, b) if a.is_number() && b.is_number() => Type::Decimal,
            (a, b) => {
                let finding = errors::mismatch(
                    format!(
                        "both sides of `else` must be of one type, found {} and {}",
                        errors::a(a),
                        errors::a(b)
                    ),
                    span,
                    "gives now one type, now another",
                )
                .label(l.span, format!("this is {}", errors::a(a)))
                .label(r.span, format!("this is {}", errors::a(b)))
                .help_opt(self.comparison_help(&l, &r));
                self.report(finding);
                return None;
            }
        };
        Some((self.coerce(l, &common).ok()?, self.coerce(r, &common).ok()?))
    }

    fn arithmetic(
        &mut self,
        op: BinaryOp,
        op_span: Span,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
        scope: &Scope,
    ) -> Expr {
        let (l, r) = self.pair_for_arithmetic(left, right, scope);
        if l.is_error() || r.is_error() {
            return error(span);
        }
        if l.ty.base == Type::Float || r.ty.base == Type::Float {
            let which = if l.ty.base == Type::Float { left } else { right };
            return self.float_arithmetic(which, span);
        }
        if let (Type::Money(a), Type::Money(b), BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Divide) =
            (&l.ty.base, &r.ty.base, op)
        {
            let (a, b) = (*a, *b);
            if !self.one_currency(a, b, &l, &r, span) {
                return error(span);
            }
            if let (Some(x), Some(y)) = (a, b)
                && x != y
                && self.header.currency.is_none()
            {
                return self.fail(no_currency(
                    span,
                    "amounts of different currencies are added in the ruleset's currency",
                ));
            }
        }
        let Some((hir_op, base)) = typed(op, &l.ty.base, &r.ty.base, self.header.currency) else {
            let finding = self.cannot_calculate(op, op_span, &l, &r, span);
            return self.fail(finding);
        };
        let optional = l.ty.optional || r.ty.optional;
        // What is scaled stands on the left.
        let swap = op == BinaryOp::Multiply && matches!(r.ty.base, Type::Money(_) | Type::Duration);
        let (l, r) = if swap { (r, l) } else { (l, r) };
        Expr::new(ExprKind::Binary(hir_op, Box::new(l), Box::new(r)), Ty { base, optional }, span)
    }

    /// Texts and words beside a time are read as one (`at - "2026-11-11"`).
    fn pair_for_arithmetic(&mut self, left: &ast::Expr, right: &ast::Expr, scope: &Scope) -> (Expr, Expr) {
        let time_beside =
            |found: &Expr| (found.ty.base == Type::Time && !found.is_error()).then_some(Type::Time);
        if matches!(self.side(left, scope), Side::Text) {
            let r = self.infer(right, scope, None);
            let l = self.infer(left, scope, time_beside(&r).as_ref());
            return (l, r);
        }
        let l = self.infer(left, scope, None);
        let beside = time_beside(&l).filter(|_| takes_type_of_context(right));
        let r = self.infer(right, scope, beside.as_ref());
        (l, r)
    }

    pub(super) fn float_arithmetic(&mut self, expr: &ast::Expr, span: Span) -> Expr {
        let written = self.sources.slice(expr.span).to_string();
        self.fail(
            Diagnostic::new(
                &codes::FLOAT_ARITHMETIC,
                "a float can be compared, but not calculated with",
                span,
                "binary fractions would make the result inexact",
            )
            .label(expr.span, "this is a float")
            .help(format!("declare it as `decimal`, or write `decimal({written})`")),
        )
    }

    fn cannot_calculate(&self, op: BinaryOp, op_span: Span, l: &Expr, r: &Expr, span: Span) -> Diagnostic {
        let (sign, doing) = match op {
            BinaryOp::Add => ("+", "added to"),
            BinaryOp::Subtract => ("-", "subtracted from"),
            BinaryOp::Multiply => ("*", "multiplied by"),
            BinaryOp::Divide => ("/", "divided by"),
            _ => ("%", "divided with a remainder by"),
        };
        let (a, b) = (errors::a(&l.ty.base), errors::a(&r.ty.base));
        let message = match op {
            BinaryOp::Add | BinaryOp::Subtract => format!("{b} can't be {doing} {a}"),
            _ => format!("{a} can't be {doing} {b}"),
        };
        let help = self.comparison_help(l, r).or_else(|| match (&l.ty.base, &r.ty.base) {
            (Type::Time, Type::Time) => {
                Some("the length of time between two times is `later - earlier`".into())
            }
            (Type::Text, _) | (_, Type::Text) => {
                Some("texts are only compared; write them in `because` with `{…}`".into())
            }
            _ => None,
        });
        errors::mismatch(message, span, format!("`{sign}` has no meaning for these"))
            .label(l.span, format!("this is {a}"))
            .label(if r.span == op_span { span } else { r.span }, format!("this is {b}"))
            .help_opt(help)
    }

    pub(super) fn convert(&mut self, value: &ast::Expr, currency: &Name, span: Span, scope: &Scope) -> Expr {
        let found = self.infer(value, scope, None);
        let Some(to) = header::currency(currency, &mut self.out) else { return error(span) };
        match &found.ty.base {
            _ if found.is_error() => error(span),
            Type::Money(Some(from)) if *from != to && !self.has_rates() => {
                let from = *from;
                self.fail(
                    Diagnostic::new(
                        &codes::MIXED_CURRENCIES,
                        format!("an amount in {from} can't be converted to {to}: there are no rates"),
                        span,
                        "needs an exchange rate",
                    )
                    .help("declare `rates from \"…\"`"),
                )
            }
            Type::Money(_) => {
                let ty = Ty { base: Type::Money(Some(to)), optional: found.ty.optional };
                Expr::new(ExprKind::Convert(Box::new(found), to), ty, span)
            }
            other => {
                let finding = errors::expected("an amount of money before `as`", other, value.span)
                    .help("only an amount has a currency; of a number make one with `n * 1 USD`");
                self.fail(finding)
            }
        }
    }
}

pub(super) fn no_currency(span: Span, why: &str) -> Diagnostic {
    Diagnostic::new(&codes::NO_CURRENCY, format!("{why}, and it has none"), span, "in which currency?")
        .help("write `currency USD` in the header, or declare the field as `money(USD)`")
}

/// A value of an enum that was written in quotes is certain to be meant without.
fn with_bare_value(finding: Diagnostic, l: &Expr, r: &Expr) -> Diagnostic {
    for (named, quoted) in [(l, r), (r, l)] {
        if let (Type::Enum(values), ExprKind::Const(Value::Text(text))) = (&named.ty.base, &quoted.kind)
            && values.index_of(text).is_some()
        {
            return finding.fix("remove the quotes", quoted.span, text.to_string());
        }
    }
    finding
}

fn beside(found: &Expr) -> Option<&Type> {
    (!found.is_error()).then_some(&found.ty.base)
}

fn can_compare(ty: &Type, ordered: bool) -> bool {
    if ordered {
        matches!(
            ty,
            Type::Int
                | Type::Decimal
                | Type::Float
                | Type::Time
                | Type::Duration
                | Type::Money(_)
                | Type::Text
        )
    } else {
        types::is_scalar(ty)
    }
}

/// The typed operator and its result.
fn typed(op: BinaryOp, l: &Type, r: &Type, ruleset: Option<Currency>) -> Option<(Op, Type)> {
    use Type::{Decimal, Duration, Int, Money, Time};
    let sum_of = |a: &Option<Currency>, b: &Option<Currency>| match (a, b) {
        (Some(x), Some(y)) if x == y => Some(*x),
        (Some(_), Some(_)) => ruleset,
        _ => None,
    };
    Some(match (op, l, r) {
        (BinaryOp::Add, Int, Int) => (Op::AddInt, Int),
        (BinaryOp::Subtract, Int, Int) => (Op::SubtractInt, Int),
        (BinaryOp::Multiply, Int, Int) => (Op::MultiplyInt, Int),
        (BinaryOp::Remainder, Int, Int) => (Op::RemainderInt, Int),
        (BinaryOp::Add, a, b) if a.is_number() && b.is_number() => (Op::AddDecimal, Decimal),
        (BinaryOp::Subtract, a, b) if a.is_number() && b.is_number() => (Op::SubtractDecimal, Decimal),
        (BinaryOp::Multiply, a, b) if a.is_number() && b.is_number() => (Op::MultiplyDecimal, Decimal),
        (BinaryOp::Divide, a, b) if a.is_number() && b.is_number() => (Op::DivideDecimal, Decimal),
        (BinaryOp::Remainder, a, b) if a.is_number() && b.is_number() => (Op::RemainderDecimal, Decimal),
        (BinaryOp::Add, Money(a), Money(b)) => (Op::AddMoney, Money(sum_of(a, b))),
        (BinaryOp::Subtract, Money(a), Money(b)) => (Op::SubtractMoney, Money(sum_of(a, b))),
        (BinaryOp::Multiply, Money(a), b) if b.is_number() => (Op::MultiplyMoney, Money(*a)),
        (BinaryOp::Multiply, a, Money(b)) if a.is_number() => (Op::MultiplyMoney, Money(*b)),
        (BinaryOp::Divide, Money(a), b) if b.is_number() => (Op::DivideMoney, Money(*a)),
        (BinaryOp::Divide, Money(_), Money(_)) => (Op::DivideMoneyMoney, Decimal),
        (BinaryOp::Subtract, Time, Time) => (Op::SubtractTime, Duration),
        (BinaryOp::Add, Time, Duration) => (Op::AddTimeDuration, Time),
        (BinaryOp::Subtract, Time, Duration) => (Op::SubtractTimeDuration, Time),
        (BinaryOp::Add, Duration, Duration) => (Op::AddDuration, Duration),
        (BinaryOp::Subtract, Duration, Duration) => (Op::SubtractDuration, Duration),
        (BinaryOp::Multiply, Duration, b) if b.is_number() => (Op::MultiplyDuration, Duration),
        (BinaryOp::Multiply, a, Duration) if a.is_number() => (Op::MultiplyDuration, Duration),
        (BinaryOp::Divide, Duration, b) if b.is_number() => (Op::DivideDuration, Duration),
        (BinaryOp::Divide, Duration, Duration) => (Op::DivideDurationDuration, Decimal),
        _ => return None,
    })
}
