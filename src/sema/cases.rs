//! Samples and tests: lines of events as JSON, and what is expected of each.

mod list;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::declare::{Items, ValueRef};
use super::hir::{self, Expectation, ExpectationKind, Override, TestLine, TestLineKind};
use super::infer::bare;
use super::infer::habits::is_nothing;
use super::print::duration_text;
use super::scope::Scope;
use super::{Checker, check, errors};
use crate::diag::{Diagnostic, codes};
use crate::model::data::{ListData, RatesData, TableData};
use crate::model::ids::{EventId, ListId, RuleId};
use crate::model::schema::{EventSchema, FieldSchema};
use crate::model::time::{Duration, Time};
use crate::model::types::{Ty, Type};
use crate::model::value::{Datum, Value};
use crate::source::Span;
use crate::syntax::ast::{self, Expr, ExprKind, Given, Literal, Name, Setting};
use crate::text::phrases::PhraseSet;

/// 2026-01-01T00:00:00Z: when the first line of a test is, if it doesn't say.
const FIRST: Time = Time(1_767_225_600_000_000);
/// After the line before, if a line doesn't say.
const STEP: Duration = Duration(1_000_000);

fn bad(message: impl Into<String>, span: Span, label: impl Into<String>) -> Diagnostic {
    Diagnostic::new(&codes::BAD_TEST, message, span, label)
}

/// The settings of each event's sample.
type Samples<'a> = BTreeMap<EventId, (&'a [Setting], Span, bool)>;

/// What a line of a test speaks of.
#[derive(Copy, Clone)]
enum Subject {
    Event(EventId),
    Clock,
    Deadline(RuleId),
}

/// One test being played: which line it is at, and when.
struct Playing {
    line: usize,
    now: Option<Time>,
}

impl<'a> Checker<'a> {
    pub(super) fn tests(&mut self, items: &Items<'a>) -> Vec<hir::Test> {
        let samples = self.samples(items);
        let mut names: BTreeMap<&str, Span> = BTreeMap::new();
        let mut tests = Vec::new();
        for (test, _) in &items.tests {
            if let Some(first) = names.insert(&test.name.value, test.name.span) {
                self.report(errors::duplicate("the test", &test.name.value, test.name.span, first));
            }
            let overrides = test.withs.iter().filter_map(|with| self.with(with, items)).collect();
            let mut playing = Playing { line: 0, now: None };
            let lines = test.lines.iter().filter_map(|l| self.test_line(l, &samples, &mut playing)).collect();
            tests.push(hir::Test { name: test.name.value.clone(), overrides, lines, span: test.name.span });
        }
        tests
    }

    fn samples(&mut self, items: &Items<'a>) -> Samples<'a> {
        let mut samples: Samples<'a> = BTreeMap::new();
        for (sample, root) in &items.samples {
            let Some(event) = self.case_event(&sample.event) else { continue };
            match samples.get(&event) {
                // The ruleset's own sample goes before one that comes with `use`.
                Some((_, first, known)) if known == root => {
                    let first = *first;
                    self.report(errors::duplicate(
                        "the sample of",
                        &sample.event.text,
                        sample.event.span,
                        first,
                    ));
                }
                Some((_, _, true)) => {}
                _ => {
                    samples.insert(event, (&sample.fields, sample.event.span, *root));
                }
            }
            if let Some(at) = sample.fields.iter().find(|setting| setting.name.text == "at") {
                self.report(
                    bad("a sample has no `at`", at.name.span, "every line of a test has a time of its own")
                        .help(
                            "write `at` in the lines of the tests, or leave it out: they are a second apart",
                        ),
                );
            }
            let shape = self.shape(event);
            let mut unused = Map::new();
            self.settings(&sample.fields, &shape, true, &mut unused);
        }
        samples
    }

    fn test_line(
        &mut self,
        line: &'a ast::TestLine,
        samples: &Samples<'a>,
        playing: &mut Playing,
    ) -> Option<TestLine> {
        use ast::TestLineKind as Written;
        let (subject, kind) = match &line.kind {
            Written::Event { event, fields } if event.text == "clock" => {
                (Subject::Clock, self.clock_line(fields, playing)?)
            }
            Written::Event { event, .. } if event.text == "list" => return self.list_line(line, playing),
            Written::Event { event: name, fields } => {
                playing.line += 1;
                let event = self.case_event(name)?;
                let wrong_allowed = line
                    .expectations
                    .iter()
                    .any(|e| matches!(e.kind, ast::ExpectationKind::Reject | ast::ExpectationKind::Bad));
                let input = self.input(event, fields, samples, wrong_allowed, name.span, playing);
                (Subject::Event(event), TestLineKind::Event { event, input: Json::Object(input) })
            }
            Written::Deadline { rule } => {
                let rule = self.deadline_line(rule, line.span, playing)?;
                (Subject::Deadline(rule), TestLineKind::Deadline(rule))
            }
        };
        let expectations = line.expectations.iter().filter_map(|e| self.expectation(e, subject)).collect();
        Some(TestLine { kind, expectations, span: line.span })
    }

    fn case_event(&mut self, name: &Name) -> Option<EventId> {
        self.single_event(name, "one event happens here", "name one event of the group")
    }

    /// `clock { at: +48h }`
    fn clock_line(&mut self, fields: &[Setting], playing: &mut Playing) -> Option<TestLineKind> {
        for setting in fields.iter().filter(|setting| setting.name.text != "at") {
            let finding = errors::unknown(&setting.name, "a field of `clock`", ["at"]);
            self.report(finding);
        }
        self.line_time(fields, false, &mut Map::new(), playing);
        playing.now.map(|at| TestLineKind::Clock { at })
    }

    /// `deadline unpaid`
    fn deadline_line(&mut self, name: &Name, span: Span, playing: &Playing) -> Option<RuleId> {
        let id = self.known_rule(name)?;
        let rule = self.rules.get(id.index())?;
        let at = rule.span;
        if rule.absence.is_none() && !rule.bodies.is_empty() {
            self.report(
                bad(
                    format!("`{}` has no deadlines: it is on events that come", name.text),
                    name.span,
                    "never falls due",
                )
                .label(at, "this rule")
                .help(format!("expect it on the line of its event: `=> … by {}`", name.text)),
            );
            return None;
        }
        if playing.now.is_none() {
            self.report(
                bad("nothing made a deadline due yet", span, "speaks of the line above")
                    .help("put it below the event or the `clock` line that moves time there"),
            );
            return None;
        }
        Some(id)
    }

    /// The event as JSON by field names.
    fn input(
        &mut self,
        event: EventId,
        written: &[Setting],
        samples: &Samples<'a>,
        wrong_allowed: bool,
        span: Span,
        playing: &mut Playing,
    ) -> Map<String, Json> {
        let shape = self.shape(event);
        let mut input = Map::new();
        if let Some((sample, _, _)) = samples.get(&event) {
            // What is wrong with a sample was said once, at the sample.
            self.aside(|c| c.settings(sample, &shape, false, &mut input));
        }
        self.settings(written, &shape, !wrong_allowed, &mut input);
        self.line_time(written, wrong_allowed, &mut input, playing);
        input.entry("id").or_insert_with(|| Json::from(format!("e{}", playing.line)));
        let missing: Vec<&str> = shape
            .own_fields()
            .iter()
            .filter(|f| !f.ty.optional && !input.contains_key(&*f.name))
            // A wrong value was told where it is written.
            .filter(|f| {
                written.iter().all(|s| *s.name.text != *f.name || is_missing_word(&s.value, &f.ty.base))
            })
            .map(|f| &*f.name)
            .collect();
        if !missing.is_empty() && !wrong_allowed {
            self.report(
                bad(
                    format!("`{}` needs {}", shape.name, errors::quoted(&missing)),
                    span,
                    "would be rejected without",
                )
                .help(format!(
                    "add {} here or to `sample {} {{ … }}`, or expect `=> reject`",
                    if missing.len() == 1 { "it" } else { "them" },
                    shape.name
                )),
            );
        }
        input
    }

    /// `at`: as written, after the line before, or a second later.
    fn line_time(
        &mut self,
        written: &[Setting],
        wrong_allowed: bool,
        input: &mut Map<String, Json>,
        playing: &mut Playing,
    ) {
        let given = written.iter().find(|s| s.name.text == "at").map(|s| &s.value);
        let step = |playing: &Playing, by: Duration| match playing.now {
            Some(now) => now.0.checked_add(by.0).and_then(Time::in_range),
            None if by == STEP => Some(FIRST),
            None => FIRST.0.checked_add(by.0).and_then(Time::in_range),
        };
        let at = match given {
            None => step(playing, STEP),
            Some(Given::After(by, span)) => {
                let Some(by) = self.constant_duration(by, "the time after `+`") else { return };
                let at = step(playing, by);
                if at.is_none() {
                    self.report(bad("this lies beyond the year 9999", *span, "too late"));
                }
                at
            }
            Some(Given::Value(value)) => {
                let (at, found) = self.aside(|c| c.constant_time(value, "`at`"));
                if wrong_allowed && at.is_none() {
                    input.insert("at".into(), loose(value));
                } else {
                    let written = self.sources.slice(value.span);
                    let after = written.trim_matches('"').trim_start_matches('+').to_string();
                    let help = crate::model::scalars::duration(&after)
                        .map(|_| format!("for a time after the line before write `at: +{after}`"));
                    for finding in &found {
                        self.report(finding.clone().help_opt(help.clone()));
                    }
                }
                at
            }
            Some(other) => {
                self.report(bad("`at` is a time", given_span(other), "not a time"));
                None
            }
        };
        if let Some(at) = at {
            playing.now = Some(at);
            input.insert("at".into(), Json::from(at.to_string()));
        }
    }

    /// Adds the written fields to `input`; `strict`: values must be of the fields' types.
    fn settings(
        &mut self,
        written: &[Setting],
        shape: &EventSchema,
        strict: bool,
        input: &mut Map<String, Json>,
    ) {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for setting in written {
            let name = setting.name.text.as_str();
            if let Some(first) = seen.insert(name, setting.name.span) {
                self.report(errors::duplicate("the field", name, setting.name.span, first));
                continue;
            }
            let Some((_, field)) = shape.field(name) else {
                if !self.names.broken.contains(name) {
                    let known = shape.fields.iter().map(|f| &*f.name);
                    let finding =
                        errors::unknown(&setting.name, &format!("a field of `{}`", shape.name), known);
                    self.report(finding);
                }
                continue;
            };
            if name == "at" {
                continue;
            }
            if is_missing_word(&setting.value, &field.ty.base) {
                input.remove(name);
                continue;
            }
            if let Some(word) = nothing_word(&setting.value, &field.ty.base) {
                self.report(
                    Diagnostic::new(
                        &codes::UNKNOWN_NAME,
                        format!("there is no value `{}`", word.text),
                        word.span,
                        "not a value",
                    )
                    .help(format!("a field that isn't there is written `{name}: missing`, or left out")),
                );
                continue;
            }
            if let Some(value) = self.setting(&setting.value, field, strict) {
                input.insert(name.to_string(), value);
            }
        }
    }

    fn setting(&mut self, given: &Given, field: &FieldSchema, strict: bool) -> Option<Json> {
        let what = format!("`{}`", field.name);
        let (value, found) = self.aside(|c| c.given(given, &field.ty, &what));
        match value {
            Some(value) => Some(value),
            None if !strict && found.has_errors() => Some(loose_given(given)),
            None => {
                self.out.extend(found);
                None
            }
        }
    }

    /// A value as the JSON that the field reads. `None` if it was reported.
    fn given(&mut self, given: &Given, ty: &Ty, what: &str) -> Option<Json> {
        match (given, &ty.base) {
            (Given::Value(Expr { kind: ExprKind::Literal(Literal::Text(text)), .. }), Type::Enum(values))
                if values.other().is_some() && values.index_of(text).is_none() =>
            {
                // What the enum reads as `other`.
                Some(Json::from(text.clone()))
            }
            (Given::Value(Expr { kind: ExprKind::Literal(Literal::Text(text)), .. }), wanted)
                if text.trim().is_empty() && *wanted != Type::Text =>
            {
                // A blank text is missing for every type but `text`.
                Some(Json::from(text.clone()))
            }
            (Given::Value(value), _) => {
                let found = self.infer_as(value, &ty.base, what, &Scope::constants());
                match self.constant(&found) {
                    Some(value) => Some(to_json(&value, &ty.base)),
                    None if found.is_error() => None,
                    None => {
                        self.report(bad(
                            format!("{what} must be a plain value"),
                            value.span,
                            "not a constant",
                        ));
                        None
                    }
                }
            }
            (Given::Record(settings, span), Type::Record(record)) => {
                let mut object = Map::new();
                for setting in settings {
                    let Some(field) = record.fields.iter().find(|f| *f.name == setting.name.text) else {
                        let known: Vec<&str> = record.fields.iter().map(|f| &*f.name).collect();
                        self.report(errors::unknown(&setting.name, "a field of this record", known));
                        return None;
                    };
                    let value = self.given(&setting.value, &field.ty, &format!("`{}`", field.name))?;
                    object.insert(field.name.to_string(), value);
                }
                let missing: Vec<&str> = record
                    .fields
                    .iter()
                    .filter(|f| !f.ty.optional && !object.contains_key(&*f.name))
                    .map(|f| &*f.name)
                    .collect();
                if !missing.is_empty() {
                    self.report(
                        bad(format!("this record needs {}", errors::quoted(&missing)), *span, "incomplete")
                            .help("add what is missing"),
                    );
                    return None;
                }
                Some(Json::Object(object))
            }
            (Given::List(all, _), Type::List(element)) => {
                let values: Vec<Option<Json>> =
                    all.iter().map(|one| self.given(one, element, "an element")).collect();
                values.into_iter().collect::<Option<Vec<Json>>>().map(Json::Array)
            }
            (Given::After(_, span), _) => {
                self.report(
                    bad(format!("{what} can't be relative"), *span, "only `at` is told from the line before")
                        .help("write a time such as 2026-11-11T10:00:00Z"),
                );
                None
            }
            (other, wanted) => {
                self.report(errors::mismatch(
                    format!("{what} must be {}", errors::a(wanted)),
                    given_span(other),
                    "of another shape",
                ));
                None
            }
        }
    }

    fn known_rule(&mut self, name: &Name) -> Option<RuleId> {
        let known = self.names.rules.get(&name.text);
        if known.is_none() && !self.names.broken.contains(&name.text) {
            let finding = errors::unknown(name, "a rule", self.names.rules.keys());
            self.report(finding);
        }
        known
    }

    /// A rule that the line's decision can speak of.
    fn rule_on(&mut self, name: &Name, subject: Subject, hits: bool) -> Option<RuleId> {
        let id = self.known_rule(name)?;
        let rule = self.rules.get(id.index())?;
        let (span, shadow) = (rule.span, rule.shadow);
        let at_deadlines = rule.absence.is_some();
        let judged = rule.bodies.is_empty()
            || match subject {
                Subject::Event(event) => rule.bodies.iter().any(|b| b.event == event),
                Subject::Clock => false,
                Subject::Deadline(of) => of == id,
            };
        if !judged {
            let (where_to, help) = match subject {
                Subject::Event(event) => {
                    let on = format!("is not on `{}`", self.shape(event).name);
                    (on, "expect it on a line of one of its events")
                }
                _ => ("is not what fell due here".to_string(), "expect each rule on a line of its own"),
            };
            let at_deadline = format!("expect it on a line `deadline {} => …`", name.text);
            let help = if at_deadlines { &at_deadline } else { help };
            self.report(
                bad(format!("the rule `{}` {where_to}", name.text), name.span, "never evaluated here")
                    .label(span, "this rule")
                    .help(help),
            );
            return None;
        }
        if hits && shadow {
            self.report(
                bad(
                    format!("`{}` is a shadow rule, so no outcome comes by it", name.text),
                    name.span,
                    "never among the hits",
                )
                .label(span, "a `shadow rule`")
                .help(format!("write `shadow {}`", name.text)),
            );
            return None;
        }
        Some(id)
    }

    /// As [`Checker::rule_on`], for what only a rule that was evaluated says: a deadline's rule is not yet.
    fn judged_on(&mut self, name: &Name, subject: Subject, hits: bool) -> Option<RuleId> {
        let id = self.rule_on(name, subject, hits)?;
        let rule = self.rules.get(id.index())?;
        if rule.absence.is_none() || !matches!(subject, Subject::Event(_)) {
            return Some(id);
        }
        let span = rule.span;
        self.report(
            bad(
                format!("the rule `{}` is evaluated at its deadline, not here", name.text),
                name.span,
                "not evaluated yet",
            )
            .label(span, "a rule on something that did not happen")
            .help(format!(
                "move time with `clock {{ at: +… }}`, and expect it there: `deadline {} => …`",
                name.text
            )),
        );
        None
    }

    fn rules_on(&mut self, names: &[Name], subject: Subject) -> Vec<RuleId> {
        names.iter().filter_map(|name| self.judged_on(name, subject, true)).collect()
    }

    /// What a line without an event of its own can't be expected to say.
    fn has_decision(&mut self, written: &ast::Expectation, subject: Subject) -> bool {
        use ast::ExpectationKind as Written;
        let (why, help) = match (subject, &written.kind) {
            (Subject::Event(_), _) | (_, Written::NotBy(_)) => return true,
            (Subject::Clock, _) => (
                "the clock has no decision of its own",
                "say what falls due in a line below, `deadline RULE => …`, or here that nothing does: `=> not by RULE`",
            ),
            (Subject::Deadline(_), Written::Reject | Written::Late | Written::Duplicate | Written::Bad) => {
                ("a deadline is not read from the input", "leave this out")
            }
            (Subject::Deadline(_), _) => return true,
        };
        self.report(bad(why, written.span, "never so").help(help));
        false
    }

    fn expectation(&mut self, written: &ast::Expectation, subject: Subject) -> Option<Expectation> {
        use ast::ExpectationKind as Written;
        if !self.has_decision(written, subject) {
            return None;
        }
        let kind = match &written.kind {
            Written::Outcome(name) => ExpectationKind::Outcome(self.outcome(name)?),
            Written::By { rules, only } => {
                ExpectationKind::By { rules: self.rules_on(rules, subject), only: *only }
            }
            Written::NotBy(rules) => {
                ExpectationKind::NotBy(rules.iter().filter_map(|r| self.known_rule(r)).collect())
            }
            Written::Score(points) => ExpectationKind::Score(self.constant_int(points, "a score")?),
            Written::CannotSay(rule) => ExpectationKind::CannotSay(self.rule_on(rule, subject, false)?),
            Written::Shadow(rule) => ExpectationKind::Shadow(self.judged_on(rule, subject, false)?),
            Written::Suppressed(rule) => ExpectationKind::Suppressed(self.judged_on(rule, subject, false)?),
            Written::Do { negated, action, arguments } => {
                self.expected_action(*negated, action, arguments, written.span)?
            }
            Written::Label { negated, label, on } => self.expected_label(*negated, label, on)?,
            Written::Warming => ExpectationKind::Warming,
            Written::Reject => ExpectationKind::Reject,
            Written::Late => ExpectationKind::Late,
            Written::Duplicate => ExpectationKind::Duplicate,
            Written::Bad => ExpectationKind::Bad,
        };
        Some(Expectation { kind, span: written.span })
    }

    fn expected_label(&mut self, negated: bool, name: &Name, on: &Expr) -> Option<ExpectationKind> {
        let label = self.known_label(name)?;
        let ty = self.entity_type(self.label_entity(label)?);
        let found = self.infer_as(on, &ty, "what the label is put on", &Scope::constants());
        match self.constant(&found) {
            Some(on) => Some(ExpectationKind::Label { negated, label, on }),
            None => {
                if !found.is_error() {
                    self.report(bad("what bears the label must be a plain value", on.span, "not a constant"));
                }
                None
            }
        }
    }

    fn expected_action(
        &mut self,
        negated: bool,
        name: &Name,
        arguments: &Option<Vec<Expr>>,
        span: Span,
    ) -> Option<ExpectationKind> {
        let action = self.action_named(name)?;
        let Some(written) = arguments else {
            return Some(ExpectationKind::Do { negated, action, arguments: None });
        };
        let declared = self.actions.get(action.index())?.clone();
        if written.len() > declared.parameters.len() {
            self.report(check::wrong_count(&declared, written.len(), span));
            return None;
        }
        let mut values = Vec::new();
        for (argument, (parameter, ty)) in written.iter().zip(&declared.parameters) {
            let found = self.infer_as(argument, ty, &format!("`{parameter}`"), &Scope::constants());
            match self.constant(&found) {
                Some(value) => values.push(value),
                None if found.is_error() => return None,
                None => {
                    self.report(bad(
                        "an expected argument must be a plain value",
                        argument.span,
                        "not a constant",
                    ));
                    return None;
                }
            }
        }
        Some(ExpectationKind::Do { negated, action, arguments: Some(values) })
    }

    /// `with list NAME = […]`
    fn with(&mut self, with: &'a ast::With, items: &Items<'a>) -> Option<Override> {
        if with.kind.text == "rates" {
            return self.with_rates(with);
        }
        let Some(name) = &with.name else {
            self.report(bad("it isn't said what is replaced", with.span, "needs a name"));
            return None;
        };
        match (with.kind.text.as_str(), self.names.values.get(&name.text)) {
            ("list", Some(ValueRef::List(id))) => {
                let elements = self.elements(&with.value, "a list")?;
                let list = self.lists.get(id.index())?;
                let ty = list.ty.clone();
                if list.external {
                    return Some(Override::Fill(id, self.list_values(&elements, &ty)));
                }
                let data: ListData = self.inline_list(&elements, &ty);
                Some(Override::List(id, Arc::new(data)))
            }
            ("table", Some(ValueRef::Table(id))) => {
                let table = self.tables.get(id.index())?.clone();
                if let Some(feed) = &table.feed {
                    let event = self.shape(feed.event).name.clone();
                    self.report(
                        bad(format!("`{}` can't be replaced", table.name), name.span, "filled by an event")
                            .label(table.span, "declared here")
                            .help(format!("put lines `{event} {{ … }}` above those that ask it")),
                    );
                    return None;
                }
                let data = self.rows(&with.value, &table)?;
                Some(Override::Table(id, Arc::new(data)))
            }
            ("phrases", Some(ValueRef::Phrases(id))) => {
                let fold = items.phrases.get(id.index()).and_then(|p| p.fold.as_ref());
                let set = self.phrases_of(&with.value, fold)?;
                Some(Override::Phrases(id, Arc::new(set)))
            }
            ("list" | "table" | "phrases", _) if self.names.broken.contains(&name.text) => None,
            (kind @ ("list" | "table" | "phrases"), Some(other)) => {
                self.report(
                    Diagnostic::new(
                        &codes::WRONG_KIND,
                        format!("`{}` is {}", name.text, other.kind()),
                        name.span,
                        format!("not what `with {kind}` replaces"),
                    )
                    .help("name the kind that it is declared as"),
                );
                None
            }
            ("list" | "table" | "phrases", None) => {
                let kind = if with.kind.text == "phrases" { "phrase list" } else { with.kind.text.as_str() };
                let names: Vec<String> = match with.kind.text.as_str() {
                    "list" => self.lists.iter().map(|l| l.name.clone()).collect(),
                    "table" => self.tables.iter().map(|t| t.name.clone()).collect(),
                    _ => self.phrases.iter().map(|p| p.name.clone()).collect(),
                };
                self.report(errors::unknown(name, &format!("a {kind}"), names.iter().map(String::as_str)));
                None
            }
            _ => {
                self.report(
                    bad(
                        format!("`{}` can't be replaced", with.kind.text),
                        with.kind.span,
                        "not a kind of data",
                    )
                    .help("`with` takes `list`, `table`, `phrases` or `rates`"),
                );
                None
            }
        }
    }

    fn elements(&mut self, value: &Expr, what: &str) -> Option<Vec<Expr>> {
        match &bare(value).kind {
            ExprKind::Array(elements) => Some(elements.clone()),
            ExprKind::Error => None,
            _ => {
                self.report(
                    bad(format!("{what} is written in brackets"), value.span, "not in brackets")
                        .help("write `[a, b]`"),
                );
                None
            }
        }
    }

    fn plain(&mut self, written: &Expr, ty: &Type, what: &str) -> Option<Value> {
        let found = self.infer_as(written, ty, what, &Scope::constants());
        let value = self.constant(&found);
        if value.is_none() && !found.is_error() {
            self.report(bad(format!("{what} must be a plain value"), written.span, "not a constant"));
        }
        value
    }

    /// `[key, value]` by row.
    fn rows(&mut self, value: &Expr, table: &hir::Table) -> Option<TableData> {
        let mut data = TableData::new();
        for row in self.elements(value, "a table")? {
            let cells = self.elements(&row, "a row")?;
            if cells.len() != table.keys.len() + 1 {
                self.report(
                    bad(
                        format!(
                            "a row of `{}` has {} values, found {}",
                            table.name,
                            table.keys.len() + 1,
                            cells.len()
                        ),
                        row.span,
                        "the number of values differs",
                    )
                    .help("write the keys, then the value: `[key, value]`"),
                );
                return None;
            }
            let mut keys = Vec::new();
            for (cell, ty) in cells.iter().zip(&table.keys) {
                keys.push(self.plain(cell, ty, "a key")?);
            }
            let value = self.plain(cells.last()?, &table.value, "a value")?;
            if !data.insert(&keys, value) {
                self.report(bad("this key has a value already", row.span, "the same key again"));
            }
        }
        Some(data)
    }

    fn phrases_of(&mut self, value: &Expr, fold: Option<&ast::Text>) -> Option<PhraseSet> {
        let mut lines = Vec::new();
        for element in self.elements(value, "a phrase list")? {
            match self.plain(&element, &Type::Text, "a phrase")? {
                Value::Text(text) => lines.push((text.to_string(), element.span)),
                _ => return None,
            }
        }
        let fold =
            fold.and_then(|path| self.files.get(path.span.source, &path.value)).and_then(|r| r.as_ref().ok());
        let fold_text = fold.map(|id| self.sources.get(*id).text.clone());
        let text: Vec<&str> = lines.iter().map(|(line, _)| line.as_str()).collect();
        let (set, errors) = PhraseSet::parse(&text.join("\n"), fold_text.as_deref());
        for problem in errors.phrases {
            let line =
                text.join("\n")[..problem.range.start.min(text.join("\n").len())].matches('\n').count();
            let span = lines.get(line).map_or(value.span, |(_, span)| *span);
            self.report(bad(problem.message, span, "in this phrase").help_opt(problem.help));
        }
        Some(set)
    }

    /// `with rates = [[2026-11-01, USD, EUR, 0.9]]`
    fn with_rates(&mut self, with: &ast::With) -> Option<Override> {
        let Some(declared) = self.rates.clone() else {
            self.report(
                bad("there are no rates to replace", with.span, "the ruleset declares none")
                    .help("declare `rates from \"…\"` first"),
            );
            return None;
        };
        let mut data = RatesData::new(declared.max_age);
        for row in self.elements(&with.value, "a list of rates")? {
            let cells = self.elements(&row, "a rate")?;
            let [date, from, to, rate] = cells.as_slice() else {
                self.report(
                    bad("a rate has four values", row.span, "the number of values differs")
                        .help("write `[2026-11-01, USD, EUR, 0.9]`"),
                );
                return None;
            };
            let date = self.plain(date, &Type::Time, "the date")?;
            let from = self.plain(from, &Type::Currency, "the first currency")?;
            let to = self.plain(to, &Type::Currency, "the second currency")?;
            let rate = self.plain(rate, &Type::Decimal, "the rate")?;
            if let (Value::Time(date), Value::Currency(from), Value::Currency(to), Value::Decimal(rate)) =
                (date, from, to, rate)
                && !data.insert(date, from, to, rate)
            {
                self.report(bad(
                    "this pair has a rate of that date already",
                    row.span,
                    "the same pair again",
                ));
            }
        }
        Some(Override::Rates(Arc::new(data)))
    }
}

/// The bare word `missing`: the field is left out, whatever the sample says.
fn is_missing_word(given: &Given, ty: &Type) -> bool {
    let Given::Value(value) = given else { return false };
    let enum_value = matches!(ty, Type::Enum(values) if values.index_of("missing").is_some());
    matches!(&value.kind, ExprKind::Name(name) if name.text == "missing") && !enum_value
}

/// `buyer: null`
fn nothing_word<'g>(given: &'g Given, ty: &Type) -> Option<&'g Name> {
    let Given::Value(Expr { kind: ExprKind::Name(name), .. }) = given else { return None };
    let value = matches!(ty, Type::Enum(values) if values.index_of(&name.text).is_some());
    (is_nothing(&name.text) && !value).then_some(name)
}

fn given_span(given: &Given) -> Span {
    match given {
        Given::Value(value) => value.span,
        Given::After(_, span) | Given::Record(_, span) | Given::List(_, span) => *span,
    }
}

/// A value of the wrong type, as JSON writes it: what a test of a reject gives.
fn loose(value: &Expr) -> Json {
    match &value.kind {
        ExprKind::Literal(literal) => match literal {
            Literal::Int(n) => n.parse::<i64>().map_or_else(|_| Json::from(n.clone()), Json::from),
            Literal::Decimal(n) => n.parse::<f64>().map_or_else(|_| Json::from(n.clone()), Json::from),
            Literal::Bool(b) => Json::from(*b),
            Literal::Text(text) | Literal::Date(text) | Literal::DateTime(text) => Json::from(text.clone()),
            Literal::Percent(n) => Json::from(format!("{n}%")),
            Literal::Money(n, code) => json!({"amount": n, "currency": code.text}),
            Literal::Duration(n, _) => Json::from(n.clone()),
        },
        ExprKind::Name(name) => Json::from(name.text.clone()),
        ExprKind::Paren(inner) => loose(inner),
        ExprKind::Array(all) => Json::Array(all.iter().map(loose).collect()),
        ExprKind::Negate(inner) => match loose(inner) {
            Json::Number(n) => {
                n.as_i64().map_or_else(|| Json::from(-n.as_f64().unwrap_or(0.0)), |i| Json::from(-i))
            }
            other => other,
        },
        _ => Json::Null,
    }
}

fn loose_given(given: &Given) -> Json {
    match given {
        Given::Value(value) => loose(value),
        Given::After(..) => Json::Null,
        Given::Record(all, _) => {
            Json::Object(all.iter().map(|s| (s.name.text.clone(), loose_given(&s.value))).collect())
        }
        Given::List(all, _) => Json::Array(all.iter().map(loose_given).collect()),
    }
}

/// The JSON that a field of this type reads as this value.
fn to_json(value: &Value, ty: &Type) -> Json {
    match value {
        Value::Bool(b) => Json::from(*b),
        Value::Int(i) => Json::from(*i),
        Value::Decimal(d) => Json::from(d.to_string()),
        Value::Float(f) => Json::from(*f),
        Value::Text(text) => Json::from(&**text),
        Value::Time(time) => Json::from(time.to_string()),
        Value::Duration(duration) => Json::from(duration_text(*duration)),
        Value::Money(money) => {
            json!({"amount": money.amount.to_string(), "currency": money.currency.to_string()})
        }
        Value::Country(country) => Json::from(country.to_string()),
        Value::Currency(currency) => Json::from(currency.to_string()),
        Value::Ip(ip) => Json::from(ip.to_string()),
        Value::Cidr(net) => Json::from(net.to_string()),
        Value::Enum(index) => match ty.representation() {
            Type::Enum(values) => {
                values.values.get(usize::from(*index)).map_or(Json::Null, |v| Json::from(&**v))
            }
            _ => Json::Null,
        },
        Value::Record(all) => match ty.representation() {
            Type::Record(record) => Json::Object(
                record
                    .fields
                    .iter()
                    .zip(all.iter())
                    .filter_map(|(f, d)| Some((f.name.to_string(), to_json(d.known()?, &f.ty.base))))
                    .collect(),
            ),
            _ => Json::Null,
        },
        Value::List(all) => {
            let element = ty.representation().element();
            Json::Array(
                all.iter()
                    .map(|d| match (d, element) {
                        (Datum::Known(v), Some(element)) => to_json(v, &element.base),
                        _ => Json::Null,
                    })
                    .collect(),
            )
        }
    }
}
