//! Samples and tests.

use super::*;

impl Lower<'_> {
    pub(super) fn sample(&mut self, node: Node<'_>) -> ItemKind {
        let mut sample = Sample { event: Bag::default().name(), fields: Vec::new() };
        for child in node.into_inner() {
            match child.as_rule() {
                Rule::sample_head => sample.event = self.bag(child).name(),
                Rule::setting => sample.fields.push(self.setting(child, 0)),
                _ => {}
            }
        }
        ItemKind::Sample(sample)
    }

    pub fn sample_head(&mut self, node: Node<'_>) -> Name {
        self.bag(node).name()
    }

    pub fn setting(&mut self, node: Node<'_>, depth: usize) -> Setting {
        self.check_line(self.span(&node), "field", true);
        let mut setting = Setting { name: Bag::default().name(), value: Given::Value(Bag::default().expr()) };
        for child in node.into_inner() {
            match child.as_rule() {
                Rule::name => setting.name = self.name(&child),
                Rule::given => setting.value = self.given(child, depth + 1),
                _ => {}
            }
        }
        setting
    }

    fn settings(&mut self, node: Node<'_>, depth: usize) -> Vec<Setting> {
        node.into_inner().filter(|n| n.as_rule() == Rule::setting).map(|n| self.setting(n, depth)).collect()
    }

    fn given(&mut self, node: Node<'_>, depth: usize) -> Given {
        let span = self.span(&node);
        let Some(child) = node.into_inner().next() else { return Given::Value(Bag::default().expr()) };
        match child.as_rule() {
            Rule::given_after => Given::After(self.bag(child).expr(), span),
            Rule::given_record => Given::Record(self.settings(child, depth), span),
            Rule::given_list => {
                let items = child.into_inner().filter(|n| n.as_rule() == Rule::given);
                Given::List(items.map(|n| self.given(n, depth + 1)).collect(), span)
            }
            _ => Given::Value(self.expr(child)),
        }
    }

    pub(super) fn test(&mut self, node: Node<'_>) -> ItemKind {
        let mut test = Test { name: Bag::default().text(), withs: Vec::new(), lines: Vec::new() };
        for child in node.into_inner() {
            match child.as_rule() {
                Rule::test_head => test.name = self.test_head(child),
                Rule::with | Rule::test_line => self.test_part(child, &mut test),
                _ => {}
            }
        }
        ItemKind::Test(test)
    }

    pub fn test_head(&mut self, node: Node<'_>) -> Text {
        self.bag(node).text()
    }

    pub fn test_part(&mut self, node: Node<'_>, test: &mut Test) {
        let span = self.span(&node);
        self.check_line(span, "line of a test", false);
        match node.as_rule() {
            Rule::with => test.withs.push(self.with(node, span)),
            _ => test.lines.extend(self.test_line(node, span)),
        }
    }

    fn with(&mut self, node: Node<'_>, span: Span) -> With {
        let kind =
            node.clone().into_inner().find(|n| matches!(n.as_rule(), Rule::with_kind | Rule::kw_rates));
        let kind = kind.map_or_else(
            || Bag::default().name(),
            |n| Name { text: n.as_str().trim_end().to_owned(), span: self.span(&n) },
        );
        let mut bag = self.bag(node);
        With { kind, name: bag.names.pop(), value: bag.expr(), span }
    }

    fn test_line(&mut self, node: Node<'_>, span: Span) -> Option<TestLine> {
        let mut kind = None;
        let mut expectations = Vec::new();
        for child in node.into_inner() {
            match child.as_rule() {
                Rule::deadline_line => kind = Some(TestLineKind::Deadline { rule: self.bag(child).name() }),
                Rule::event_line => {
                    let event = self.bag(child.clone()).name();
                    kind = Some(TestLineKind::Event { event, fields: self.settings(child, 0) });
                }
                Rule::expectation => self.expectation(child, &mut expectations),
                _ => {}
            }
        }
        Some(TestLine { kind: kind?, expectations, span })
    }

    fn expectation(&mut self, node: Node<'_>, into: &mut Vec<Expectation>) {
        let Some(node) = node.into_inner().next() else { return };
        let span = self.span(&node);
        let rule = node.as_rule();
        if rule == Rule::expect_outcome {
            self.expect_outcome(node, into);
            return;
        }
        let has = |wanted: Rule| node.clone().into_inner().any(|n| n.as_rule() == wanted);
        let (negated, only) = (has(Rule::kw_no), has(Rule::kw_only));
        let word = node.clone().into_inner().next().map(|n| n.as_rule());
        let mut arguments = None;
        for child in node.clone().into_inner().filter(|n| n.as_rule() == Rule::values) {
            arguments = Some(self.bag(child).exprs);
        }
        let mut bag = self.bag(node);
        let kind = match rule {
            Rule::expect_by => ExpectationKind::By { rules: bag.names, only },
            Rule::expect_not_by => ExpectationKind::NotBy(bag.names),
            Rule::expect_score => ExpectationKind::Score(bag.expr()),
            Rule::expect_cannot_say => ExpectationKind::CannotSay(bag.name()),
            Rule::expect_shadow => ExpectationKind::Shadow(bag.name()),
            Rule::expect_suppressed => ExpectationKind::Suppressed(bag.name()),
            Rule::expect_label => ExpectationKind::Label { negated, label: bag.name(), on: bag.expr() },
            Rule::expect_do => ExpectationKind::Do { negated, action: bag.name(), arguments },
            _ => match word {
                Some(Rule::kw_reject) => ExpectationKind::Reject,
                Some(Rule::kw_late) => ExpectationKind::Late,
                Some(Rule::kw_duplicate) => ExpectationKind::Duplicate,
                Some(Rule::kw_warming) => ExpectationKind::Warming,
                _ => ExpectationKind::Bad,
            },
        };
        into.push(Expectation { kind, span });
    }

    /// `review by r1 and r2` is two expectations.
    fn expect_outcome(&mut self, node: Node<'_>, into: &mut Vec<Expectation>) {
        for child in node.into_inner() {
            let span = self.span(&child);
            match child.as_rule() {
                Rule::name => {
                    into.push(Expectation { kind: ExpectationKind::Outcome(self.name(&child)), span });
                }
                Rule::expect_by => {
                    let only = child.clone().into_inner().any(|n| n.as_rule() == Rule::kw_only);
                    let rules = self.bag(child).names;
                    into.push(Expectation { kind: ExpectationKind::By { rules, only }, span });
                }
                Rule::expect_not_by => {
                    let rules = self.bag(child).names;
                    into.push(Expectation { kind: ExpectationKind::NotBy(rules), span });
                }
                _ => {}
            }
        }
    }
}
