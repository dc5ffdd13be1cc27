//! Runs the tests that stand beside the rules.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::judge::{Mark, Said};
use super::texts::{argument, plain};
use super::{Answer, Engine, EngineOptions, Ruleset};
use crate::builtins::{DEFAULT_HASH_KEY, short_hash};
use crate::model::decision::{Argument, Decision, Effect, EffectKind};
use crate::model::event::ListLine;
use crate::model::ids::{ActionId, EventId, LabelId, ListId, RuleId};
use crate::model::value::Value as Given;
use crate::sema::hir::{
    Expectation, ExpectationKind, Hir, Label, Override, Rule, Test, TestLine, TestLineKind,
};
use crate::source::Span;
use crate::vm::Data;

/// What decides the events of a test: the engine, or another executor that is held against it.
pub trait Decider {
    /// An event by the names of its fields, with its `type`; the clock, or a line that fills a list.
    fn decide(&mut self, fields: &Map<String, Value>) -> Answer;

    /// The deadlines that fell due since this was last asked, in their order.
    fn fallen(&mut self) -> Vec<Fallen>;

    /// What the rules said of the event just decided, if this executor can tell: for coverage.
    fn marks(&self) -> Vec<Mark> {
        Vec::new()
    }
}

/// A deadline that fell due: its decision, and what the rules said, as in [`Decider::marks`].
#[derive(Clone, Debug)]
pub struct Fallen {
    pub decision: Arc<Decision>,
    pub marks: Vec<Mark>,
}

impl Fallen {
    fn is_of(&self, rule: &Rule) -> bool {
        self.decision.event.strip_suffix(rule.name.as_str()).is_some_and(|rest| rest.ends_with('#'))
    }

    fn is_hit_by(&self, rule: &Rule) -> bool {
        self.decision.rules.iter().any(|hit| *hit.rule == *rule.name)
    }
}

/// What the tests of a ruleset came to.
#[derive(Clone, Debug)]
pub struct TestReport {
    /// In source order.
    pub tests: Vec<TestResult>,
    /// What the tests hit and left alone.
    pub coverage: Coverage,
}

/// One test; it passed if nothing failed.
#[derive(Clone, Debug)]
pub struct TestResult {
    pub name: String,
    pub failures: Vec<Failure>,
}

/// An expectation that was not met.
#[derive(Clone, Debug)]
pub struct Failure {
    pub span: Span,
    pub expected: String,
    pub got: String,
    /// The decision or reject as JSON.
    pub decision: String,
}

/// Which rules and bands some test hits, and which some test leaves alone.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// Every rule, and every band of the rules that have several.
    pub lines: Vec<CoverageLine>,
}

#[derive(Clone, Debug)]
pub struct CoverageLine {
    /// The rule, or the rule and the band.
    pub what: String,
    pub hit: bool,
    pub not_hit: bool,
    rule: RuleId,
    band: Option<usize>,
}

impl TestReport {
    /// How many tests failed.
    pub fn failed(&self) -> usize {
        self.tests.iter().filter(|test| !test.failures.is_empty()).count()
    }
}

impl Coverage {
    /// How many are both hit and left alone.
    pub fn whole(&self) -> usize {
        self.lines.iter().filter(|line| line.hit && line.not_hit).count()
    }

    fn new(hir: &Hir) -> Coverage {
        let mut lines = Vec::new();
        for (index, rule) in hir.rules.iter().enumerate() {
            let line = |what: String, band: Option<usize>| CoverageLine {
                what,
                hit: false,
                not_hit: false,
                rule: RuleId::new(index),
                band,
            };
            lines.push(line(format!("`{}`", rule.name), None));
            let bands = bands(hir, rule);
            if bands.len() > 1 {
                lines.extend(bands.into_iter().enumerate().map(|(i, what)| line(what, Some(i))));
            }
        }
        Coverage { lines }
    }

    /// Counts one event that was decided. A rule that waits for a deadline is left alone if the event took it back.
    fn add(&mut self, hir: &Hir, event: EventId, marks: &[Mark]) {
        for line in &mut self.lines {
            let rule = hir.rule(line.rule);
            if rule.absence.is_some() {
                line.not_hit |= marks.iter().any(|m| m.rule == line.rule && m.said == Said::Cancelled);
            } else if rule.bodies.iter().any(|body| body.event == event) {
                line.add(marks);
            }
        }
    }

    /// Counts the decisions of deadlines.
    fn add_fallen(&mut self, hir: &Hir, fallen: &[Fallen]) {
        for line in &mut self.lines {
            let rule = hir.rule(line.rule);
            if rule.absence.is_some() {
                fallen.iter().filter(|fallen| fallen.is_of(rule)).for_each(|fallen| line.add(&fallen.marks));
            }
        }
    }
}

impl CoverageLine {
    fn add(&mut self, marks: &[Mark]) {
        let hit = marks.iter().any(|mark| {
            let same_band = self.band.is_none_or(|band| mark.band == Some(band));
            let said = matches!(mark.said, Said::Hit | Said::Shadow | Said::Suppressed);
            mark.rule == self.rule && said && same_band
        });
        self.hit |= hit;
        self.not_hit |= !hit;
    }
}

/// The bands of a rule in words; they are the same on every event.
fn bands(hir: &Hir, rule: &Rule) -> Vec<String> {
    let Some(body) = rule.bodies.first() else { return Vec::new() };
    let name = |what: String| format!("`{}`, {what}", rule.name);
    let conditions = body.bands.iter().enumerate();
    let mut all: Vec<String> = conditions
        .map(|(i, band)| name(format!("band {} (`{}`)", i + 1, hir.outcome(band.outcome))))
        .collect();
    let unknown = body.if_unknown.as_ref();
    all.extend(unknown.map(|band| name(format!("`{} if unknown`", hir.outcome(band.outcome)))));
    all
}

/// Every test whose name contains `filter`, each on an engine of its own.
pub fn run_tests(ruleset: &Arc<Ruleset>, filter: Option<&str>) -> TestReport {
    run_tests_with(ruleset, filter, &mut |test| Box::new(engine_for(ruleset, test)) as Box<dyn Decider>)
}

/// The same with any executor: `decider` gives a fresh one for each test.
pub fn run_tests_with(
    ruleset: &Arc<Ruleset>,
    filter: Option<&str>,
    decider: &mut dyn FnMut(&Test) -> Box<dyn Decider>,
) -> TestReport {
    let hir = ruleset.hir();
    let mut coverage = Coverage::new(hir);
    let chosen = hir.tests.iter().filter(|test| filter.is_none_or(|text| test.name.contains(text)));
    let tests = chosen.map(|test| {
        let mut decider = decider(test);
        let mut failures = Vec::new();
        let mut fallen: Vec<Fallen> = Vec::new();
        for line in &test.lines {
            if let TestLineKind::Deadline(rule) = line.kind {
                check_deadlines(hir, line, hir.rule(rule), &fallen, &mut failures);
                continue;
            }
            let answer = decider.decide(&fields_of(hir, line));
            if let (Answer::Decision(decision), Some(event)) = (&answer, line.event())
                && !decision.duplicate
            {
                coverage.add(hir, event, &decider.marks());
            }
            fallen = decider.fallen();
            coverage.add_fallen(hir, &fallen);
            check_line(hir, line, &answer, &fallen, &mut failures);
        }
        TestResult { name: test.name.clone(), failures }
    });
    TestReport { tests: tests.collect(), coverage }
}

impl Decider for Engine {
    fn decide(&mut self, fields: &Map<String, Value>) -> Answer {
        self.decide_fields(fields)
    }

    fn fallen(&mut self) -> Vec<Fallen> {
        self.take_fallen()
    }

    fn marks(&self) -> Vec<Mark> {
        self.last_marks()
    }
}

/// A fresh engine with what the test replaces.
fn engine_for(ruleset: &Arc<Ruleset>, test: &Test) -> Engine {
    let mut data: Data = ruleset.data.clone();
    let mut fills = Vec::new();
    for replaced in &test.overrides {
        match replaced {
            Override::List(id, list) => set(&mut data.lists, id.index(), list),
            Override::Fill(list, values) => fills.push(fill(*list, values)),
            Override::Table(id, table) => set(&mut data.tables, id.index(), table),
            Override::Phrases(id, phrases) => set(&mut data.phrases, id.index(), phrases),
            Override::Rates(rates) => data.rates = Some(rates.clone()),
        }
    }
    let engine = Engine::with_data(ruleset.clone(), EngineOptions::default(), data);
    fills.iter().for_each(|line| engine.fill(&mut engine.lock().state, line));
    engine
}

/// The line of input that fills a list with these values.
pub(crate) fn fill(list: ListId, values: &[Given]) -> ListLine {
    ListLine { list, remove: Vec::new(), add: values.to_vec() }
}

fn set<T>(all: &mut [Arc<T>], index: usize, new: &Arc<T>) {
    if let Some(place) = all.get_mut(index) {
        *place = new.clone();
    }
}

fn fields_of(hir: &Hir, line: &TestLine) -> Map<String, Value> {
    let mut fields = Map::new();
    let name = match &line.kind {
        TestLineKind::Event { event, input } => {
            fields = input.as_object().cloned().unwrap_or_default();
            hir.schema.events.get(event.index()).map_or("", |event| &event.name)
        }
        TestLineKind::Clock { at } => {
            fields.insert("at".to_string(), Value::String(at.to_string()));
            "clock"
        }
        TestLineKind::List { input } => {
            fields = input.as_object().cloned().unwrap_or_default();
            "list"
        }
        TestLineKind::Deadline(_) => "deadline",
    };
    fields.insert("type".to_string(), Value::String(name.to_string()));
    fields
}

fn check_line(hir: &Hir, line: &TestLine, answer: &Answer, fallen: &[Fallen], failures: &mut Vec<Failure>) {
    let mut fail = |span: Span, expected: String, got: String| {
        failures.push(Failure { span, expected, got, decision: answer.to_json() });
    };
    let wants_reject =
        line.expectations.iter().any(|expectation| matches!(expectation.kind, ExpectationKind::Reject));
    match answer {
        Answer::Reject(reject) => {
            if !wants_reject {
                let got = format!("a reject: `{}` is {}", reject.pointer, reject.found);
                return fail(line.span, format!("{} at `{}`", reject.expected, reject.pointer), got);
            }
            for Expectation { kind, span } in &line.expectations {
                match kind {
                    ExpectationKind::Reject | ExpectationKind::NotBy(_) => {}
                    ExpectationKind::Outcome(outcome) if hir.outcome(*outcome) == &*reject.outcome => {}
                    other => fail(*span, describe(hir, other), "a reject".to_string()),
                }
            }
        }
        Answer::Decision(decision) => {
            for Expectation { kind, span } in &line.expectations {
                if let Err(got) = check(hir, kind, decision) {
                    fail(*span, describe(hir, kind), got);
                }
            }
        }
        Answer::Clock | Answer::List | Answer::Failed(_) => {}
    }
    for Expectation { kind, span } in &line.expectations {
        // What fell due on the way is not by these rules either.
        let ExpectationKind::NotBy(rules) = kind else { continue };
        let by = |fallen: &&Fallen| rules.iter().any(|rule| fallen.is_hit_by(hir.rule(*rule)));
        failures.extend(fallen.iter().filter(by).map(|fallen| Failure {
            span: *span,
            expected: describe(hir, kind),
            got: format!("the deadline `{}`", fallen.decision.event),
            decision: fallen.decision.to_json(),
        }));
    }
}

/// A line `deadline RULE` speaks of every deadline of the rule that the line above made due, and of at least one.
fn check_deadlines(hir: &Hir, line: &TestLine, rule: &Rule, fallen: &[Fallen], failures: &mut Vec<Failure>) {
    let mut any = false;
    for Fallen { decision, .. } in fallen.iter().filter(|fallen| fallen.is_of(rule)) {
        any = true;
        for Expectation { kind, span } in &line.expectations {
            if let Err(got) = check(hir, kind, decision) {
                failures.push(Failure {
                    span: *span,
                    expected: describe(hir, kind),
                    got,
                    decision: decision.to_json(),
                });
            }
        }
    }
    if !any {
        let got = match fallen {
            [] => "no deadline".to_string(),
            some => {
                let ids: Vec<&str> = some.iter().map(|fallen| &*fallen.decision.event).collect();
                format!("only the deadline {}", listed(&ids))
            }
        };
        failures.push(Failure {
            span: line.span,
            expected: format!("a deadline of {}", rule.name),
            got,
            decision: String::new(),
        });
    }
}

/// What was there instead, if the expectation is not met.
fn check(hir: &Hir, kind: &ExpectationKind, decision: &Decision) -> Result<(), String> {
    let hits = || decision.rules.iter().map(|hit| &*hit.rule).collect::<Vec<&str>>();
    let hit = |rule: &RuleId| hits().contains(&hir.rule(*rule).name.as_str());
    let met = |met: bool, got: &dyn Fn() -> String| if met { Ok(()) } else { Err(got()) };
    let by = || format!("by {}", listed(&hits()));
    let among = |rule: &RuleId, all: Vec<&str>, what: &str| {
        let found = all.contains(&hir.rule(*rule).name.as_str());
        met(found, &|| format!("{what} {}", listed(&all)))
    };
    match kind {
        ExpectationKind::Outcome(outcome) => {
            met(hir.outcome(*outcome) == &*decision.outcome, &|| decision.outcome.to_string())
        }
        ExpectationKind::By { rules, only } => {
            met(rules.iter().all(hit) && (!only || rules.len() == hits().len()), &by)
        }
        ExpectationKind::NotBy(rules) => met(!rules.iter().any(hit), &by),
        ExpectationKind::Score(score) => {
            met(*score == decision.score, &|| format!("score {}", decision.score))
        }
        ExpectationKind::CannotSay(rule) => {
            among(rule, decision.cannot_say.iter().map(|c| &*c.rule).collect(), "cannot say")
        }
        ExpectationKind::Shadow(rule) => {
            among(rule, decision.shadow.iter().map(|hit| &*hit.rule).collect(), "shadow")
        }
        ExpectationKind::Suppressed(rule) => {
            among(rule, decision.suppressed.iter().map(|s| &*s.rule).collect(), "suppressed")
        }
        ExpectationKind::Label { negated, label, on } => {
            let found = decision.effects.iter().any(|effect| is_label(hir, effect, *label, on));
            met(found != *negated, &|| effects_text(decision))
        }
        ExpectationKind::Do { negated, action, arguments } => {
            let found = decision.effects.iter().any(|e| is_effect(hir, e, *action, arguments.as_deref()));
            met(found != *negated, &|| effects_text(decision))
        }
        ExpectationKind::Warming => met(!decision.warming.is_empty(), &|| "nothing warming".to_string()),
        ExpectationKind::Reject => Err("a decision".to_string()),
        ExpectationKind::Late => met(decision.late, &|| "not late".to_string()),
        ExpectationKind::Duplicate => met(decision.duplicate, &|| "not a duplicate".to_string()),
        ExpectationKind::Bad => met(!decision.bad.is_empty(), &|| "nothing bad".to_string()),
    }
}

fn is_label(hir: &Hir, effect: &Effect, label: LabelId, wanted: &Given) -> bool {
    let Some(declared) = hir.labels.get(label.index()) else { return false };
    let EffectKind::Label { label, key, .. } = &effect.kind else { return false };
    let plainly = label_key(hir, declared, wanted);
    **label == *declared.name && (*key == plainly || *key == short_hash(DEFAULT_HASH_KEY, &plainly))
}

/// What a label is put on, as the decision shows it.
fn label_key(hir: &Hir, label: &Label, on: &Given) -> String {
    let entity = hir.entities.iter().find(|entity| *entity.name == *label.entity);
    entity.map_or(String::new(), |entity| plain(on, &entity.base))
}

fn is_effect(hir: &Hir, effect: &Effect, action: ActionId, arguments: Option<&[Given]>) -> bool {
    let Some(declared) = hir.actions.get(action.index()) else { return false };
    let same = |(given, (_, ty)): (&Given, &(Arc<str>, crate::model::types::Type))| {
        // A sensitive argument shows as its hash; tests run under the default key.
        let plainly = argument(given, ty, false, DEFAULT_HASH_KEY);
        let hashed = Argument::Text(short_hash(DEFAULT_HASH_KEY, &plain(given, ty)));
        (plainly, hashed)
    };
    let EffectKind::Do { action, arguments: all, .. } = &effect.kind else { return false };
    **action == *declared.name
        && arguments
            .unwrap_or_default()
            .iter()
            .zip(&declared.parameters)
            .map(same)
            .zip(all)
            .all(|((plainly, hashed), (_, shown))| *shown == plainly || *shown == hashed)
}

fn effects_text(decision: &Decision) -> String {
    let effects: Vec<String> = decision.effects.iter().map(|effect| effect.kind.to_string()).collect();
    if effects.is_empty() { "no effects".to_string() } else { effects.join(", ") }
}

fn describe(hir: &Hir, kind: &ExpectationKind) -> String {
    let names = |rules: &[RuleId]| {
        let names: Vec<&str> = rules.iter().map(|rule| hir.rule(*rule).name.as_str()).collect();
        names.join(" and ")
    };
    let name = |rule: &RuleId| hir.rule(*rule).name.clone();
    match kind {
        ExpectationKind::Outcome(outcome) => hir.outcome(*outcome).to_string(),
        ExpectationKind::By { rules, only: true } => format!("by only {}", names(rules)),
        ExpectationKind::By { rules, only: false } => format!("by {}", names(rules)),
        ExpectationKind::NotBy(rules) => format!("not by {}", names(rules)),
        ExpectationKind::Score(score) => format!("score {score}"),
        ExpectationKind::CannotSay(rule) => format!("cannot say {}", name(rule)),
        ExpectationKind::Shadow(rule) => format!("shadow {}", name(rule)),
        ExpectationKind::Suppressed(rule) => format!("suppressed {}", name(rule)),
        ExpectationKind::Label { negated, label, on } => {
            let no = if *negated { "no " } else { "" };
            let Some(declared) = hir.labels.get(label.index()) else { return format!("{no}label") };
            format!("{no}label {} on {:?}", declared.name, label_key(hir, declared, on))
        }
        ExpectationKind::Do { negated, action, arguments } => {
            let no = if *negated { "no " } else { "" };
            let Some(declared) = hir.actions.get(action.index()) else { return format!("{no}do") };
            let given = arguments.as_deref().unwrap_or_default().iter().zip(&declared.parameters);
            let given: Vec<String> = given.map(|(value, (_, ty))| plain(value, ty)).collect();
            let given = if given.is_empty() { String::new() } else { format!("({})", given.join(", ")) };
            format!("{no}do {}{given}", declared.name)
        }
        ExpectationKind::Warming => "something warming".to_string(),
        ExpectationKind::Reject => "a reject".to_string(),
        ExpectationKind::Late => "late".to_string(),
        ExpectationKind::Duplicate => "a duplicate".to_string(),
        ExpectationKind::Bad => "something bad".to_string(),
    }
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { "nothing".to_string() } else { names.join(" and ") }
}
