//! Expressions: the grammar gives a flat run of operands and operators, precedence is climbed here.

use std::iter::Peekable;

use pest::iterators::Pairs;

use super::*;
use crate::syntax::{MAX_DEPTH, MAX_NESTING};

/// An expression and how deep its tree is.
struct Deep {
    expr: Expr,
    depth: usize,
}

type Tokens<'t> = Peekable<Pairs<'t, Rule>>;

/// How tightly an operator binds.
mod level {
    pub const OR: u8 = 0;
    pub const AND: u8 = 1;
    pub const COMPARE: u8 = 3;
    pub const ELSE: u8 = 4;
    pub const ADD: u8 = 5;
    pub const MULTIPLY: u8 = 6;
    pub const NEGATE: u8 = 7;
    pub const CONVERT: u8 = 8;
    pub const POSTFIX: u8 = 9;
}

fn level_of(rule: Rule) -> Option<u8> {
    Some(match rule {
        Rule::kw_or => level::OR,
        Rule::kw_and => level::AND,
        Rule::kw_else => level::ELSE,
        Rule::plus | Rule::minus => level::ADD,
        Rule::op_multiply | Rule::op_divide | Rule::op_remainder => level::MULTIPLY,
        Rule::convert => level::CONVERT,
        Rule::member | Rule::index => level::POSTFIX,
        Rule::op_not_in | Rule::kw_in | Rule::kw_between | Rule::test_missing | Rule::test_matches => {
            level::COMPARE
        }
        Rule::test_mentions | Rule::test_label | Rule::test_during => level::COMPARE,
        _ => return binary_op(rule).map(|_| level::COMPARE),
    })
}

fn binary_op(rule: Rule) -> Option<BinaryOp> {
    Some(match rule {
        Rule::kw_or => BinaryOp::Or,
        Rule::kw_and => BinaryOp::And,
        Rule::op_equal => BinaryOp::Equal,
        Rule::op_not_equal => BinaryOp::NotEqual,
        Rule::op_less => BinaryOp::Less,
        Rule::op_less_equal => BinaryOp::LessEqual,
        Rule::op_greater => BinaryOp::Greater,
        Rule::op_greater_equal => BinaryOp::GreaterEqual,
        Rule::kw_contains => BinaryOp::Contains,
        Rule::op_starts_with => BinaryOp::StartsWith,
        Rule::op_ends_with => BinaryOp::EndsWith,
        Rule::kw_else => BinaryOp::Else,
        Rule::plus => BinaryOp::Add,
        Rule::minus => BinaryOp::Subtract,
        Rule::op_multiply => BinaryOp::Multiply,
        Rule::op_divide => BinaryOp::Divide,
        Rule::op_remainder => BinaryOp::Remainder,
        _ => return None,
    })
}

impl Lower<'_> {
    pub fn expr(&mut self, node: Node<'_>) -> Expr {
        self.deep_expr(node).expr
    }

    pub fn key(&mut self, node: Node<'_>) -> Key {
        self.deep_key(node).0
    }

    /// A literal or a name of one, perhaps with a minus.
    pub fn simple(&mut self, node: Node<'_>) -> Expr {
        let span = self.span(&node);
        let mut negative = false;
        let mut value = Expr { kind: ExprKind::Error, span };
        for child in node.into_inner() {
            match child.as_rule() {
                Rule::minus => negative = true,
                Rule::path => value = self.path(child),
                _ => value = self.primary(child).expr,
            }
        }
        if negative { Expr { kind: ExprKind::Negate(Box::new(value)), span } } else { value }
    }

    fn path(&mut self, node: Node<'_>) -> Expr {
        let mut path: Option<Deep> = None;
        for child in node.into_inner() {
            path = Some(match path.take() {
                None => self.primary(child),
                Some(left) => self.postfix(left, child),
            });
        }
        path.map_or(Expr { kind: ExprKind::Error, span: nowhere() }, |deep| deep.expr)
    }

    fn deep_expr(&mut self, node: Node<'_>) -> Deep {
        let mut tokens = node.into_inner().peekable();
        self.climb(&mut tokens, level::OR, 0)
    }

    /// Reads operators that bind at least as tightly as `lowest`.
    fn climb(&mut self, tokens: &mut Tokens<'_>, lowest: u8, prefixes: usize) -> Deep {
        let Some(token) = tokens.next() else {
            return Deep { expr: Expr { kind: ExprKind::Error, span: nowhere() }, depth: 1 };
        };
        let mut left = match token.as_rule() {
            Rule::kw_not => self.prefixed(&token, tokens, lowest.max(level::COMPARE), prefixes),
            Rule::minus => self.prefixed(&token, tokens, level::NEGATE, prefixes),
            _ => self.primary(token),
        };
        while let Some(operator) = tokens.peek().and_then(|t| level_of(t.as_rule())).filter(|l| *l >= lowest)
        {
            let Some(token) = tokens.next() else { break };
            left = match operator {
                level::POSTFIX | level::CONVERT => self.postfix(left, token),
                level::COMPARE => {
                    let left = self.compare(left, token, tokens);
                    self.chained(left, tokens)
                }
                _ => self.binary(left, token, tokens, operator),
            };
            left = self.bounded(left, tokens);
        }
        left
    }

    /// A tree that is too deep is dropped here, before anything walks it.
    fn bounded(&mut self, deep: Deep, tokens: &mut Tokens<'_>) -> Deep {
        if deep.depth <= MAX_DEPTH {
            return deep;
        }
        tokens.by_ref().for_each(drop);
        self.report(errors::too_long(deep.expr.span));
        Deep { expr: Expr { kind: ExprKind::Error, span: deep.expr.span }, depth: 1 }
    }

    fn prefixed(&mut self, sign: &Node<'_>, tokens: &mut Tokens<'_>, lowest: u8, prefixes: usize) -> Deep {
        let span = self.token_span(sign);
        if prefixes >= MAX_NESTING {
            tokens.by_ref().for_each(drop);
            self.report(errors::nesting(span));
            return Deep { expr: Expr { kind: ExprKind::Error, span }, depth: 1 };
        }
        let operand = self.climb(tokens, lowest, prefixes + 1);
        let span = span.to(operand.expr.span);
        let inner = Box::new(operand.expr);
        let kind =
            if sign.as_rule() == Rule::kw_not { ExprKind::Not(inner) } else { ExprKind::Negate(inner) };
        Deep { expr: Expr { kind, span }, depth: operand.depth + 1 }
    }

    fn binary(&mut self, left: Deep, token: Node<'_>, tokens: &mut Tokens<'_>, level: u8) -> Deep {
        let op_span = self.span(&token);
        let right = self.climb(tokens, level + 1, 0);
        let op = binary_op(token.as_rule()).unwrap_or(BinaryOp::And);
        let depth = left.depth.max(right.depth) + 1;
        let span = left.expr.span.to(right.expr.span);
        if op == BinaryOp::Else && (is_arithmetic(&left.expr) || is_arithmetic(&right.expr)) {
            let diagnostic =
                errors::else_beside_arithmetic(&self.scan.text, &left.expr, &right.expr, op_span);
            self.report(diagnostic);
            return Deep { expr: Expr { kind: ExprKind::Error, span }, depth: 1 };
        }
        let kind = ExprKind::Binary { op, op_span, left: Box::new(left.expr), right: Box::new(right.expr) };
        Deep { expr: Expr { kind, span }, depth }
    }

    /// A comparison; its operands bind at least as tightly as `else`.
    fn compare(&mut self, left: Deep, token: Node<'_>, tokens: &mut Tokens<'_>) -> Deep {
        let op_span = self.span(&token);
        let rule = token.as_rule();
        let start = left.expr.span;
        let mut depth = left.depth;
        let mut operands = vec![left.expr];
        let test = level_of(rule) == Some(level::COMPARE)
            && matches!(
                rule,
                Rule::test_missing
                    | Rule::test_matches
                    | Rule::test_mentions
                    | Rule::test_label
                    | Rule::test_during
            );
        let mut end = op_span;
        if !test {
            let right = self.climb(tokens, level::ELSE, 0);
            end = right.expr.span;
            depth = depth.max(right.depth);
            operands.push(right.expr);
        }
        if rule == Rule::kw_between {
            if tokens.peek().map(|t| t.as_rule()) != Some(Rule::kw_and) {
                let span = start.to(end);
                self.report(errors::between_without_and(&self.scan.text, op_span, end));
                return Deep { expr: Expr { kind: ExprKind::Error, span }, depth: 1 };
            }
            tokens.next();
            let high = self.climb(tokens, level::ELSE, 0);
            end = high.expr.span;
            depth = depth.max(high.depth);
            operands.push(high.expr);
        }
        let span = start.to(end);
        if operands.iter().any(is_else) {
            let diagnostic = errors::else_beside_comparison(&self.scan.text, &operands, span, op_span);
            self.report(diagnostic);
            return Deep { expr: Expr { kind: ExprKind::Error, span }, depth: 1 };
        }
        let (kind, inner) = self.comparison_kind(token, op_span, operands);
        Deep { expr: Expr { kind, span }, depth: depth.max(inner) + 1 }
    }

    fn comparison_kind(&mut self, token: Node<'_>, op_span: Span, operands: Vec<Expr>) -> (ExprKind, usize) {
        let mut operands = operands.into_iter();
        let mut next = || Box::new(operands.next().unwrap_or(Expr { kind: ExprKind::Error, span: op_span }));
        let value = next();
        let rule = token.as_rule();
        let kind = match rule {
            Rule::kw_in | Rule::op_not_in => {
                ExprKind::In { negated: rule == Rule::op_not_in, value, set: next() }
            }
            Rule::kw_between => ExprKind::Between { value, low: next(), high: next() },
            Rule::test_missing => {
                let present = token.into_inner().any(|n| n.as_rule() == Rule::kw_present);
                ExprKind::IsMissing { value, present }
            }
            Rule::test_matches => match token.into_inner().find(|n| n.as_rule() == Rule::regex) {
                Some(regex) => ExprKind::Matches { value, regex: self.regex(&regex) },
                None => ExprKind::Error,
            },
            Rule::test_mentions => ExprKind::Mentions { value, phrases: self.bag(token).name() },
            Rule::test_label => ExprKind::HasLabel { value, label: self.bag(token).name() },
            Rule::test_during => {
                let mut calendar = Bag::default().name();
                let mut keys = Vec::new();
                let mut depth = 0;
                for child in token.into_inner() {
                    match child.as_rule() {
                        Rule::name => calendar = self.name(&child),
                        Rule::index => (keys, depth) = self.exprs_in(child),
                        _ => {}
                    }
                }
                return (ExprKind::During { value, calendar, keys }, depth);
            }
            _ => ExprKind::Binary {
                op: binary_op(rule).unwrap_or(BinaryOp::Equal),
                op_span,
                left: value,
                right: next(),
            },
        };
        (kind, 0)
    }

    /// Comparisons do not chain: `1 < x < 5` is told as such, and what follows is read without effect.
    fn chained(&mut self, first: Deep, tokens: &mut Tokens<'_>) -> Deep {
        let Some(second) = next_comparison(tokens) else { return first };
        let op_span = self.span(&second);
        let told = self.diagnostics.iter().count();
        let middle = match &first.expr.kind {
            ExprKind::Binary { right, .. } => Some(right.span),
            _ => None,
        };
        let start = first.expr.span;
        let broken = |span: Span| Deep { expr: Expr { kind: ExprKind::Error, span }, depth: 1 };
        let mut end = self.compare(broken(start), second, tokens).expr.span;
        if self.diagnostics.iter().count() == told && !matches!(first.expr.kind, ExprKind::Error) {
            self.report(errors::chained(&self.scan.text, start, middle, op_span, start.to(end)));
        }
        // A third comparison is part of the same mistake.
        while let Some(next) = next_comparison(tokens) {
            end = self.compare(broken(start), next, tokens).expr.span;
        }
        broken(start.to(end))
    }

    fn postfix(&mut self, left: Deep, token: Node<'_>) -> Deep {
        let span = left.expr.span.to(self.span(&token));
        let depth = left.depth + 1;
        let value = Box::new(left.expr);
        match token.as_rule() {
            Rule::member => {
                let name = self.bag(token).name();
                Deep { expr: Expr { kind: ExprKind::Member(value, name), span }, depth }
            }
            Rule::index => {
                let (keys, inner) = self.exprs_in(token);
                Deep { expr: Expr { kind: ExprKind::Index(value, keys), span }, depth: depth.max(inner + 1) }
            }
            _ => {
                let currency = self.bag(token).name();
                Deep { expr: Expr { kind: ExprKind::Convert { value, currency }, span }, depth }
            }
        }
    }

    /// The expressions directly inside, and the depth of the deepest.
    fn exprs_in(&mut self, node: Node<'_>) -> (Vec<Expr>, usize) {
        let mut exprs = Vec::new();
        let mut depth = 0;
        for child in node.into_inner().filter(|n| n.as_rule() == Rule::expr) {
            let deep = self.deep_expr(child);
            depth = depth.max(deep.depth);
            exprs.push(deep.expr);
        }
        (exprs, depth)
    }

    fn primary(&mut self, node: Node<'_>) -> Deep {
        let span = self.span(&node);
        let mut depth = 1;
        let kind = match node.as_rule() {
            Rule::paren => {
                let (mut inner, deep) = self.exprs_in(node);
                depth = deep + 1;
                inner.pop().map_or(ExprKind::Error, |e| ExprKind::Paren(Box::new(e)))
            }
            Rule::array => {
                let (items, deep) = self.exprs_in(node);
                depth = deep + 1;
                ExprKind::Array(items)
            }
            Rule::name => ExprKind::Name(self.name(&node)),
            Rule::reference => return self.reference(node, span),
            _ => self.literal(&node, span),
        };
        Deep { expr: Expr { kind, span }, depth }
    }

    fn literal(&mut self, node: &Node<'_>, span: Span) -> ExprKind {
        let written = node.as_str();
        ExprKind::Literal(match node.as_rule() {
            Rule::integer => Literal::Int(written.into()),
            Rule::decimal => Literal::Decimal(written.into()),
            Rule::percent => Literal::Percent(written.trim_end_matches('%').into()),
            Rule::money => {
                let (number, currency) = written.rsplit_once([' ', '\t']).unwrap_or((written, ""));
                let end = span.end as usize;
                let place = Span::new(self.source, end - currency.len(), end);
                Literal::Money(number.trim_end().into(), Name { text: currency.into(), span: place })
            }
            Rule::duration => {
                let digits = written.trim_end_matches(|c: char| c.is_ascii_alphabetic());
                Literal::Duration(digits.into(), unit(written.get(digits.len()..).unwrap_or("")))
            }
            Rule::date => Literal::Date(written.into()),
            Rule::datetime => Literal::DateTime(written.into()),
            Rule::text => Literal::Text(self.unescape(written, span)),
            Rule::boolean => Literal::Bool(written == "true"),
            _ => return ExprKind::Error,
        })
    }

    fn regex(&mut self, node: &Node<'_>) -> Regex {
        let written = node.as_str();
        let body = written.strip_prefix('/').unwrap_or(written);
        let (pattern, flags) = body.rsplit_once('/').unwrap_or((body, ""));
        Regex { pattern: pattern.replace("\\/", "/"), ignore_case: flags == "i", span: self.token_span(node) }
    }

    fn reference(&mut self, node: Node<'_>, span: Span) -> Deep {
        let mut approx = None;
        let mut name = None;
        let mut arguments = None;
        let mut window = None;
        let mut depth = 1;
        for child in node.into_inner() {
            match child.as_rule() {
                Rule::kw_approx => approx = Some(self.token_span(&child)),
                Rule::name => name = Some(self.name(&child)),
                Rule::arguments => {
                    let (list, deep) = self.arguments(child);
                    arguments = Some(list);
                    depth = depth.max(deep + 1);
                }
                Rule::window => {
                    let (clause, deep) = self.window(child);
                    window = Some(clause);
                    depth = depth.max(deep + 1);
                }
                _ => {}
            }
        }
        let function = name.unwrap_or_else(|| Bag::default().name());
        let kind = match arguments {
            Some(arguments) => ExprKind::Call(Box::new(Call { approx, function, arguments, window })),
            None => ExprKind::Name(function),
        };
        Deep { expr: Expr { kind, span }, depth }
    }

    fn arguments(&mut self, node: Node<'_>) -> (Vec<Argument>, usize) {
        let mut arguments = Vec::new();
        let mut depth = 0;
        for child in node.into_inner().filter(|n| n.as_rule() == Rule::argument) {
            let (exprs, deep) = self.exprs_in(child);
            depth = depth.max(deep);
            let mut exprs = exprs.into_iter();
            if let Some(value) = exprs.next() {
                arguments.push(Argument { value, filter: exprs.next() });
            }
        }
        (arguments, depth)
    }

    fn deep_key(&mut self, node: Node<'_>) -> (Key, usize) {
        let span = self.span(&node);
        let mut paths = Vec::new();
        let mut depth = 0;
        for child in node.into_inner().filter(|n| n.as_rule() == Rule::key_path) {
            let deep = self.key_path(child);
            depth = depth.max(deep.depth);
            paths.push(deep.expr);
        }
        let mut paths = paths.into_iter();
        let here = paths.next().unwrap_or(Expr { kind: ExprKind::Error, span });
        (Key { here, there: paths.next(), span }, depth)
    }

    fn key_path(&mut self, node: Node<'_>) -> Deep {
        let mut left = Deep { expr: Expr { kind: ExprKind::Error, span: self.span(&node) }, depth: 1 };
        for child in node.into_inner() {
            match child.as_rule() {
                Rule::name => left = self.primary(child),
                Rule::arguments => {
                    let span = left.expr.span.to(self.span(&child));
                    let (arguments, deep) = self.arguments(child);
                    if let ExprKind::Name(function) = left.expr.kind {
                        let call = Call { approx: None, function, arguments, window: None };
                        left = Deep {
                            expr: Expr { kind: ExprKind::Call(Box::new(call)), span },
                            depth: deep + 1,
                        };
                    }
                }
                _ => left = self.postfix(left, child),
            }
            if left.depth > MAX_DEPTH {
                self.report(errors::too_long(left.expr.span));
                left = Deep { expr: Expr { kind: ExprKind::Error, span: left.expr.span }, depth: 1 };
            }
        }
        left
    }

    fn window(&mut self, node: Node<'_>) -> (WindowClause, usize) {
        let span = self.span(&node);
        let mut window =
            WindowClause { keys: Vec::new(), extent: None, ending: None, step: None, this: None, span };
        let mut depth = 0;
        for child in node.into_inner() {
            match child.as_rule() {
                Rule::by => {
                    for key in
                        child.into_inner().flat_map(Pair::into_inner).filter(|n| n.as_rule() == Rule::key)
                    {
                        let (key, deep) = self.deep_key(key);
                        depth = depth.max(deep);
                        window.keys.push(key);
                    }
                }
                Rule::over | Rule::kw_ever | Rule::within => window.extent = Some(self.extent(child)),
                Rule::ending => window.ending = Some(self.bag(child).expr()),
                Rule::step => window.step = Some(self.bag(child).expr()),
                Rule::this => {
                    let place = self.span(&child);
                    let before = child.into_inner().any(|n| n.as_rule() == Rule::kw_before);
                    window.this = Some((if before { This::Before } else { This::Including }, place));
                }
                _ => {}
            }
        }
        (window, depth)
    }

    fn extent(&mut self, node: Node<'_>) -> Extent {
        let span = self.span(&node);
        match node.as_rule() {
            Rule::kw_ever => Extent::Ever(span),
            Rule::within => Extent::Within(self.bag(node).expr()),
            _ => {
                let period = node.clone().into_inner().find(|n| n.as_rule() == Rule::period);
                let mut bag = self.bag(node);
                let Some(period) = period else { return Extent::Over(bag.expr()) };
                let last = period.into_inner().last().map(|n| n.as_rule());
                let period = match last {
                    Some(Rule::kw_week) => CalendarPeriod::ThisWeek,
                    Some(Rule::kw_month) => CalendarPeriod::ThisMonth,
                    _ => CalendarPeriod::Today,
                };
                Extent::Calendar { period, zone: bag.texts.pop(), span }
            }
        }
    }
}

fn next_comparison<'t>(tokens: &mut Tokens<'t>) -> Option<Node<'t>> {
    tokens.next_if(|token| level_of(token.as_rule()) == Some(level::COMPARE))
}

fn is_arithmetic(expr: &Expr) -> bool {
    use BinaryOp::{Add, Divide, Multiply, Remainder, Subtract};
    matches!(expr.kind, ExprKind::Binary { op: Add | Subtract | Multiply | Divide | Remainder, .. })
}

fn is_else(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Binary { op: BinaryOp::Else, .. })
}

fn unit(written: &str) -> Unit {
    match written {
        "ms" => Unit::Milliseconds,
        "s" => Unit::Seconds,
        "m" => Unit::Minutes,
        "h" => Unit::Hours,
        "d" => Unit::Days,
        _ => Unit::Weeks,
    }
}
