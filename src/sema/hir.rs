//! The typed tree: every name resolved, every type known, all sugar gone.
//!
//! Invariants (a ruleset without errors):
//! - A rule has one [`Body`] per event it is evaluated on; names in it are resolved for that very event.
//! - Operands have the types their operator asks for; the checker has inserted conversions
//!   (`UnaryOp::IntToDecimal`) so that no executor needs to coerce.
//! - `Expr::span` is what the author wrote: its text names the expression in *cannot say*.
//! - Depth is bounded by the parser's nesting limit and by limits on `let` and signal chains.
//! - [`ExprKind::Error`] does not occur.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::sync::Arc;

use crate::builtins::BuiltinId;
use crate::model::data::{CalendarData, ListData, RatesData, TableData};
use crate::model::ids::*;
use crate::model::money::{Currency, Decimal};
use crate::model::ops::{BinaryOp, CompareOp, TextTest, UnaryOp};
use crate::model::schema::{EventSchema, FieldSchema, Schema};
use crate::model::time::{Duration, Time, Zone};
use crate::model::types::{EntityType, Ty, Type};
use crate::model::value::Value;
use crate::model::window::{AggregateFn, This, Window};
use crate::source::Span;
use crate::text::phrases::PhraseSet;

/// A whole ruleset, checked.
#[derive(Clone, Debug)]
pub struct Hir {
    pub header: Header,
    pub entities: Vec<Arc<EntityType>>,
    pub schema: Arc<Schema>,
    /// The built-in event of hits, with the id after those of the schema: nobody sends it.
    pub hit: Arc<EventSchema>,
    pub lists: Vec<List>,
    pub tables: Vec<Table>,
    pub phrases: Vec<Phrases>,
    pub calendars: Vec<Calendar>,
    pub rates: Option<Arc<RatesData>>,
    pub actions: Vec<Action>,
    pub labels: Vec<Label>,
    /// Every different `by KEYS` of a `mute`.
    pub mutes: Vec<Mute>,
    pub memories: Vec<Memory>,
    pub sequences: Vec<SequenceMemory>,
    /// In source order (by path, then place).
    pub rules: Vec<Rule>,
    pub policies: Vec<Policy>,
    pub tests: Vec<Test>,
}

#[derive(Clone, Debug)]
pub struct Header {
    pub name: String,
    pub version: String,
    pub zone: Zone,
    pub currency: Option<Currency>,
    /// From `allow` up; at least `allow`.
    pub outcomes: Vec<String>,
    /// The outcome of an event that can't be read.
    pub rejects: OutcomeId,
    pub lateness: Duration,
    pub limits: Limits,
}

/// `limits { … }` of the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Entries kept per memory and key.
    pub entries: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { entries: 10_000 }
    }
}

#[derive(Clone, Debug)]
pub struct List {
    pub name: String,
    pub ty: Type,
    pub data: Arc<ListData>,
    /// Filled by lines of the input: `data` is empty, and nothing is known until the first such line.
    pub external: bool,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Table {
    pub name: String,
    pub keys: Vec<Type>,
    pub value: Type,
    pub data: Arc<TableData>,
    /// Filled by an event: `data` is empty. Its fields are those of a row, which is a record.
    pub feed: Option<Feed>,
    pub span: Span,
}

/// An event that fills a table or a calendar.
#[derive(Clone, Debug)]
pub struct Feed {
    pub event: EventId,
    /// In the order of the keys.
    pub keys: Vec<FieldId>,
    /// What it tells: of a calendar `from` and `until`.
    pub fields: Vec<FieldId>,
}

#[derive(Clone, Debug)]
pub struct Phrases {
    pub name: String,
    pub set: Arc<PhraseSet>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Calendar {
    pub name: String,
    /// Types of the keys that a row may have after its times; empty if rows have none.
    pub keys: Vec<Type>,
    pub data: Arc<CalendarData>,
    /// Filled by an event: `data` is empty.
    pub feed: Option<Feed>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Action {
    pub name: String,
    pub parameters: Vec<(Arc<str>, Type)>,
    pub once: Option<ActionOnce>,
    pub span: Span,
}

/// `once per order, scenario per 180d` of an action, across all rules.
#[derive(Clone, Debug)]
pub struct ActionOnce {
    /// Parameters, by place.
    pub keys: Vec<usize>,
    /// For ever if absent.
    pub period: Option<Duration>,
}

/// `label suspect on buyer`
#[derive(Clone, Debug)]
pub struct Label {
    pub name: String,
    /// The entity that it is put on.
    pub entity: String,
    pub span: Span,
}

/// By what mutes are kept; which rules they hold back, and how their events tell the keys, is in
/// [`Body::muted_by`].
#[derive(Clone, Debug)]
pub struct Mute {
    pub keys: Vec<Type>,
    /// The meaning in words that reformatting and renaming of rules do not change.
    pub identity: String,
    /// The first clause, for people.
    pub span: Span,
}

/// What is kept of past events for one meaning: (event, value, where, keys). Aggregates that differ
/// only in function, span or `this` share it where their values allow.
#[derive(Clone, Debug)]
pub struct Memory {
    /// One per counted event type (several for a group).
    pub inputs: Vec<MemoryInput>,
    /// The type of the kept value; absent for memories of bare events.
    pub value: Option<Type>,
    pub keys: Vec<Type>,
    /// How far back the widest window reaches; `None` if only `ever` is asked.
    pub reach: Option<Duration>,
    /// In what steps of time it is kept, rather than event by event: `step 6h`.
    pub step: Option<Duration>,
    /// Only sketches are kept: `approx distinct`, `approx percentile`.
    pub approx: bool,
    /// Some aggregate asks `ever` of it.
    pub ever: bool,
    /// Every function asked of it, with whether over `ever`.
    pub functions: Vec<(AggregateFn, bool)>,
    /// The value comes from a `sensitive` field.
    pub sensitive: bool,
    /// The meaning in words that reformatting and renaming do not change.
    pub identity: String,
    /// The first use, for people.
    pub span: Span,
}

/// How an event of one type is counted: all three are judged once, on receipt, on that event.
#[derive(Clone, Debug)]
pub struct MemoryInput {
    pub event: EventId,
    pub filter: Option<Expr>,
    /// Open money is converted to the ruleset's currency here.
    pub value: Option<Expr>,
    pub keys: Vec<Expr>,
}

/// What is kept for `sequence(…)`: the events of all its elements but the last, in one order. Sequences that differ
/// only in their last element or in `within` share it.
#[derive(Clone, Debug)]
pub struct SequenceMemory {
    /// Per element in source order, whether it is a `not`; the last one is neither first nor `not`.
    pub elements: Vec<Element>,
    /// One per event type that is an element.
    pub inputs: Vec<SequenceInput>,
    pub keys: Vec<Type>,
    /// The longest `within`.
    pub reach: Duration,
    /// The meaning in words that reformatting and renaming do not change.
    pub identity: String,
    pub span: Span,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// `not X`: none of these between its neighbours.
    pub absent: bool,
}

/// How an event of one type is kept: judged once, on receipt, on that event.
#[derive(Clone, Debug)]
pub struct SequenceInput {
    pub event: EventId,
    pub keys: Vec<Expr>,
    /// The elements that it can be, by their place, each with its `where`.
    pub elements: Vec<(usize, Option<Expr>)>,
}

#[derive(Clone, Debug)]
pub struct Rule {
    pub name: String,
    pub title: Option<String>,
    pub doc: Option<String>,
    pub tags: Vec<String>,
    pub severity: Option<Severity>,
    pub source: Option<String>,
    pub formerly: Vec<String>,
    pub shadow: bool,
    /// Can't be overruled by the allow lane.
    pub always: bool,
    pub active_from: Option<Time>,
    pub active_until: Option<Time>,
    /// For a rule on something that did not happen: then the bodies are evaluated at deadlines, with the fields of
    /// the event that set it and the deadline as `at`.
    pub absence: Option<Absence>,
    /// One per event type it is evaluated on.
    pub bodies: Vec<Body>,
    /// The name in the declaration.
    pub span: Span,
}

/// `on no payment where ok by order within 48h after order where amount > 0 USD`
#[derive(Clone, Debug)]
pub struct Absence {
    /// Keeps the events that must not come, for triggers that come after them.
    pub memory: MemoryId,
    pub within: Duration,
    /// One per event type that sets a deadline.
    pub triggers: Vec<Trigger>,
    /// From `no` on.
    pub span: Span,
}

/// An event that sets a deadline.
#[derive(Clone, Debug)]
pub struct Trigger {
    pub event: EventId,
    pub filter: Option<Expr>,
    pub keys: Vec<Expr>,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    pub const ALL: [Severity; 4] = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

    pub fn name(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

/// What a field of the built-in event `hit` holds.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum HitField {
    Rule,
    Outcome,
    Score,
    Severity,
    /// The same as this field of the event on which the rule hit, as the rule saw it.
    Of(FieldId),
}

/// A rule as evaluated on one event type.
#[derive(Clone, Debug)]
pub struct Body {
    pub event: EventId,
    pub when: Option<Expr>,
    /// In order; `always` is the constant true.
    pub bands: Vec<Band>,
    /// `OUTCOME if unknown`
    pub if_unknown: Option<Band>,
    /// `score N if EXPR`
    pub scores: Vec<Score>,
    pub unless: Vec<Unless>,
    pub because: Option<Template>,
    /// Sorted by language.
    pub tell: Vec<(String, Template)>,
    /// Entity name and the field or expression that holds it.
    pub about: Vec<(String, Expr)>,
    pub rollout: Option<Rollout>,
    pub effects: Vec<Effect>,
    pub once: Option<Once>,
    /// The mutes that may hold back a hit of this rule, with their keys on this event.
    pub muted_by: Vec<(MuteId, Vec<Expr>)>,
}

#[derive(Clone, Debug)]
pub struct Band {
    pub outcome: OutcomeId,
    /// For `if unknown`, a constant true that nobody evaluates.
    pub condition: Expr,
    pub score: i64,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Score {
    pub points: i64,
    pub condition: Expr,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Unless {
    pub condition: Expr,
    pub because: Option<Template>,
}

#[derive(Clone, Debug)]
pub struct Rollout {
    /// Of a million.
    pub share: u32,
    pub keys: Vec<Expr>,
}

/// `once per KEYS [per D]` of a rule.
#[derive(Clone, Debug)]
pub struct Once {
    pub keys: Vec<Expr>,
    /// For ever if absent.
    pub period: Option<Duration>,
}

/// `EFFECT [if EXPR]`
#[derive(Clone, Debug)]
pub struct Effect {
    pub kind: EffectKind,
    pub condition: Option<Expr>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum EffectKind {
    /// `do ACTION(args)`
    Do { action: ActionId, arguments: Vec<Expr> },
    /// `label L on ENTITY [for D]`
    Label { label: LabelId, on: Expr, period: Option<Duration> },
    /// `unlabel L on ENTITY`
    Unlabel { label: LabelId, on: Expr },
    /// `mute RULE by KEYS for D`
    Mute { mute: MuteId, muted: Muted, keys: Vec<Expr>, period: Duration },
}

/// The rule that a `mute` speaks of.
#[derive(Clone, Debug)]
pub enum Muted {
    Rule(RuleId),
    /// The rule that this text field of the event names.
    Named(Expr),
}

#[derive(Clone, Debug)]
pub struct Template {
    pub parts: Vec<TemplatePart>,
}

#[derive(Clone, Debug)]
pub enum TemplatePart {
    Text(String),
    Value { value: Expr, percent: bool },
}

#[derive(Clone, Debug)]
pub struct Policy {
    pub events: Vec<EventId>,
    /// Score at least `.0` gives outcome `.1`; ascending by score.
    pub bands: Vec<(i64, OutcomeId)>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub ty: Ty,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ExprKind {
    Const(Value),
    /// A field of the event in scope.
    Field(FieldId),
    /// A field of a record.
    Member(Box<Expr>, usize),
    /// The current element of an enclosing fold; 0 is the innermost.
    Element {
        depth: usize,
    },
    /// A `let` or signal: the expression it stands for, shared by all its uses on this event.
    Alias(Arc<Expr>),
    Aggregate(Box<Aggregate>),
    Sequence(Box<Sequence>),
    Fold(Box<Fold>),
    /// Strict: unknown if any argument is.
    Call(BuiltinId, Vec<Expr>),
    Unary(UnaryOp, Box<Expr>),
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    Compare(CompareOp, Box<Expr>, Box<Expr>),
    /// Both ends included; unknown if any of the three is.
    Between(Box<Expr>, Box<Expr>, Box<Expr>),
    /// Equal to one of these: Kleene's `or` of equalities.
    InArray(Box<Expr>, Vec<Expr>),
    InList(Box<Expr>, ListId),
    /// An address within a network.
    InNetwork(Box<Expr>, Box<Expr>),
    /// A value among the elements of a list of the event (also `LIST contains x`).
    InElements(Box<Expr>, Box<Expr>),
    /// Kleene; at least two, flattened.
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Box<Expr>),
    Else(Box<Expr>, Box<Expr>),
    /// `present` true for `is present`.
    IsMissing {
        value: Box<Expr>,
        present: bool,
    },
    TextTest(TextTest, Box<Expr>, Box<Expr>),
    Matches(Box<Expr>, Arc<Regex>),
    Mentions(Box<Expr>, PhrasesId),
    /// Whether an entity bears a label now.
    HasLabel(Box<Expr>, LabelId),
    Lookup(TableId, Vec<Expr>),
    During(Box<Expr>, CalendarId, Vec<Expr>),
    /// `amount as USD`, at the event's date.
    Convert(Box<Expr>, Currency),
    /// Reported; only in rulesets with errors.
    Error,
}

/// A compiled pattern; equality by what was written.
#[derive(Clone, Debug)]
pub struct Regex {
    pub pattern: String,
    pub ignore_case: bool,
    pub compiled: regex::Regex,
}

impl PartialEq for Regex {
    fn eq(&self, other: &Regex) -> bool {
        self.pattern == other.pattern && self.ignore_case == other.ignore_case
    }
}

/// A question to a memory.
#[derive(Clone, Debug)]
pub struct Aggregate {
    pub function: AggregateFn,
    pub memory: MemoryId,
    /// On the current event, as many as the memory has.
    pub keys: Vec<Expr>,
    pub window: Window,
    /// Said by the author; required where the current event is one of the counted ones. Executors count
    /// the current event only if this is `Including` and its type is an input of the memory.
    pub this: Option<This>,
}

/// Whether the current event completes a sequence. Kleene's `and` of its own `where` and of what came before it.
#[derive(Clone, Debug)]
pub struct Sequence {
    pub memory: SequenceId,
    /// On the current event, as many as the memory has.
    pub keys: Vec<Expr>,
    pub within: Duration,
    /// Whether an event of this type can be the last element; on any other the sequence is false.
    pub ends_here: bool,
    /// The `where` of the last element, on the current event.
    pub filter: Option<Expr>,
}

/// A question to a list of the event: `any(items where …)`, `sum(items.price)`.
#[derive(Clone, Debug)]
pub struct Fold {
    pub function: FoldFn,
    pub list: Expr,
    /// Sees the element as [`ExprKind::Element`] of depth 0.
    pub filter: Option<Expr>,
    /// What is summed or told apart; likewise.
    pub value: Option<Expr>,
}

/// Over an empty list: `any` false, `all` true, `count`, `sum` and `distinct` 0. An element whose filter is
/// unknown makes `any` and `all` Kleene-unknown and the others unknown; so does a missing value that is summed or told apart.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum FoldFn {
    Any,
    All,
    Count,
    Sum,
    Distinct,
}

#[derive(Clone, Debug)]
pub struct Test {
    pub name: String,
    pub overrides: Vec<Override>,
    pub lines: Vec<TestLine>,
    pub span: Span,
}

/// `with … = …`: replaces one data source in this test.
#[derive(Clone, Debug)]
pub enum Override {
    List(ListId, Arc<ListData>),
    /// What an `extern` list holds at first.
    Fill(ListId, Vec<Value>),
    Table(TableId, Arc<TableData>),
    Phrases(PhrasesId, Arc<PhraseSet>),
    Rates(Arc<RatesData>),
}

#[derive(Clone, Debug)]
pub struct TestLine {
    pub kind: TestLineKind,
    pub expectations: Vec<Expectation>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum TestLineKind {
    /// The event as a JSON object by field names (not by `from` pointers), `at` and `id` included.
    Event { event: EventId, input: serde_json::Value },
    /// Moves time.
    Clock { at: Time },
    /// Speaks of the deadlines of this rule that the line above made due.
    Deadline(RuleId),
    /// Changes an `extern` list: the line of input, but for its `type`.
    List { input: serde_json::Value },
}

impl TestLine {
    /// The type of the event that happens here.
    pub fn event(&self) -> Option<EventId> {
        match &self.kind {
            TestLineKind::Event { event, .. } => Some(*event),
            TestLineKind::Clock { .. } | TestLineKind::List { .. } | TestLineKind::Deadline(_) => None,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Expectation {
    pub kind: ExpectationKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ExpectationKind {
    Outcome(OutcomeId),
    By {
        rules: Vec<RuleId>,
        only: bool,
    },
    NotBy(Vec<RuleId>),
    Score(i64),
    CannotSay(RuleId),
    Shadow(RuleId),
    Suppressed(RuleId),
    /// The effects label this entity.
    Label {
        negated: bool,
        label: LabelId,
        on: Value,
    },
    /// Arguments by place; these must be among the action's own.
    Do {
        negated: bool,
        action: ActionId,
        arguments: Option<Vec<Value>>,
    },
    /// Some window of a rule that hits or can't say is younger than its span.
    Warming,
    Reject,
    Late,
    Duplicate,
    Bad,
}

impl Expr {
    pub fn new(kind: ExprKind, ty: Ty, span: Span) -> Expr {
        Expr { kind, ty, span }
    }

    pub fn constant(value: Value, ty: Type, span: Span) -> Expr {
        Expr { kind: ExprKind::Const(value), ty: ty.required(), span }
    }

    /// Reported already: whatever contains it keeps quiet.
    pub fn is_error(&self) -> bool {
        matches!(self.unaliased().kind, ExprKind::Error)
    }

    /// Through `let`s and signals to what they stand for.
    pub fn unaliased(&self) -> &Expr {
        let mut expr = self;
        while let ExprKind::Alias(inner) = &expr.kind {
            expr = inner;
        }
        expr
    }

    pub fn as_const(&self) -> Option<&Value> {
        match &self.unaliased().kind {
            ExprKind::Const(value) => Some(value),
            _ => None,
        }
    }

    /// Calls `visit` on this and on every expression below, through aliases, in source order.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Expr)) {
        visit(self);
        self.for_each_child(&mut |child| child.walk(visit));
    }

    fn collect_questions<'a>(&'a self, found: &mut Vec<&'a Expr>, names: &mut HashSet<*const Expr>) {
        match &self.kind {
            ExprKind::Alias(inner) if !names.insert(Arc::as_ptr(inner)) => return,
            ExprKind::Aggregate(_) | ExprKind::Sequence(_) => found.push(self),
            _ => {}
        }
        self.for_each_child(&mut |child| child.collect_questions(found, names));
    }

    /// The direct parts, in source order.
    pub fn for_each_child<'a>(&'a self, each: &mut dyn FnMut(&'a Expr)) {
        match &self.kind {
            ExprKind::Const(_) | ExprKind::Field(_) | ExprKind::Element { .. } | ExprKind::Error => {}
            ExprKind::Member(a, _)
            | ExprKind::InList(a, _)
            | ExprKind::Not(a)
            | ExprKind::IsMissing { value: a, .. }
            | ExprKind::Unary(_, a)
            | ExprKind::Matches(a, _)
            | ExprKind::Mentions(a, _)
            | ExprKind::HasLabel(a, _)
            | ExprKind::Convert(a, _) => each(a),
            ExprKind::Alias(a) => each(a),
            ExprKind::Aggregate(aggregate) => aggregate.keys.iter().for_each(each),
            ExprKind::Sequence(sequence) => {
                sequence.filter.iter().for_each(&mut *each);
                sequence.keys.iter().for_each(each);
            }
            ExprKind::Fold(fold) => {
                each(&fold.list);
                fold.value.iter().for_each(&mut *each);
                fold.filter.iter().for_each(each);
            }
            ExprKind::Binary(_, a, b)
            | ExprKind::Compare(_, a, b)
            | ExprKind::InNetwork(a, b)
            | ExprKind::InElements(a, b)
            | ExprKind::Else(a, b)
            | ExprKind::TextTest(_, a, b) => {
                each(a);
                each(b);
            }
            ExprKind::Between(a, b, c) => {
                each(a);
                each(b);
                each(c);
            }
            ExprKind::And(all) | ExprKind::Or(all) | ExprKind::Call(_, all) | ExprKind::Lookup(_, all) => {
                all.iter().for_each(each)
            }
            ExprKind::InArray(a, all) | ExprKind::During(a, _, all) => {
                each(a);
                all.iter().for_each(each);
            }
        }
    }
}

impl Hir {
    pub fn outcome(&self, id: OutcomeId) -> &str {
        &self.header.outcomes[id.index()]
    }

    pub fn rule(&self, id: RuleId) -> &Rule {
        &self.rules[id.index()]
    }

    /// An event type; also the built-in one.
    pub fn event(&self, id: EventId) -> &EventSchema {
        self.schema.events.get(id.index()).unwrap_or(&self.hit)
    }

    /// What each field of a hit on this event holds; `None` for those of other events.
    pub fn hit_fields(&self, event: EventId) -> Vec<Option<HitField>> {
        let own = &self.event(event).fields;
        let same = |field: &FieldSchema| {
            let place = own.iter().position(|f| f.name == field.name && f.ty.base == field.ty.base)?;
            Some(HitField::Of(FieldId::new(place)))
        };
        let fields = self.hit.fields.iter().enumerate();
        let held = fields.map(|(place, field)| match place.checked_sub(EventSchema::BUILT_IN) {
            Some(0) => Some(HitField::Rule),
            Some(1) => Some(HitField::Outcome),
            Some(2) => Some(HitField::Score),
            Some(3) => Some(HitField::Severity),
            _ => same(field),
        });
        held.collect()
    }

    /// Whether some memory keeps hits.
    pub fn keeps_hits(&self) -> bool {
        let counted = self.memories.iter().flat_map(|memory| &memory.inputs).map(|input| input.event);
        let followed = self.sequences.iter().flat_map(|memory| &memory.inputs).map(|input| input.event);
        counted.chain(followed).any(|event| event == self.hit.id)
    }

    /// Where a field of this event is read from, or the first of several places.
    pub fn pointer(&self, event: EventId, field: &Expr) -> String {
        let place = match field.unaliased().kind {
            ExprKind::Field(field) => self.schema.events[event.index()].fields.get(field.index()),
            _ => None,
        };
        place.and_then(|field| field.from.first()).map_or(String::new(), ToString::to_string)
    }

    /// The rule that an event names: by its name, else by a former one.
    pub fn rule_named(&self, name: &str) -> Option<RuleId> {
        let by_name = self.rules.iter().position(|rule| rule.name == name);
        let found = by_name
            .or_else(|| self.rules.iter().position(|rule| rule.formerly.iter().any(|former| former == name)));
        found.map(RuleId::new)
    }

    /// Whether the value of `expr`, judged on `event`, shows what a `sensitive` field holds: then it may be
    /// used, but only its short hash printed.
    pub fn is_sensitive(&self, event: EventId, expr: &Expr) -> bool {
        self.schema.events.get(event.index()).is_some_and(|event| {
            let kept = Kept { memories: &self.memories, tables: &self.tables, events: &self.schema.events };
            shows_sensitive(event, &kept, expr, &mut Vec::new())
        })
    }
}

/// What may give back what an event told before.
pub(super) struct Kept<'h, E> {
    pub memories: &'h [Memory],
    pub tables: &'h [Table],
    /// By [`EventId`].
    pub events: &'h [E],
}

impl<E: Borrow<EventSchema>> Kept<'_, E> {
    /// Whether that field of a row comes from a `sensitive` one.
    fn told_sensitive(&self, row: &Expr, place: usize) -> bool {
        let ExprKind::Lookup(table, _) = &row.unaliased().kind else { return false };
        let feed = self.tables.get(table.index()).and_then(|table| table.feed.as_ref());
        let field = feed.and_then(|feed| {
            let event: &EventSchema = self.events.get(feed.event.index())?.borrow();
            event.fields.get(feed.fields.get(place)?.index())
        });
        field.is_some_and(|field| field.sensitive)
    }
}

/// See [`Hir::is_sensitive`]; `elements` says of each list being folded, outermost first, whether it is sensitive.
pub(super) fn shows_sensitive<E: Borrow<EventSchema>>(
    event: &EventSchema,
    kept: &Kept<'_, E>,
    expr: &Expr,
    elements: &mut Vec<bool>,
) -> bool {
    let mut any = |all: &[&Expr]| all.iter().any(|e| shows_sensitive(event, kept, e, elements));
    match &expr.kind {
        ExprKind::Field(field) => event.fields.get(field.index()).is_some_and(|f| f.sensitive),
        ExprKind::Member(row, place) if kept.told_sensitive(row, *place) => true,
        ExprKind::Member(a, _) | ExprKind::Unary(_, a) | ExprKind::Convert(a, _) => any(&[a]),
        ExprKind::Alias(a) => any(&[a]),
        ExprKind::Binary(_, a, b) | ExprKind::Else(a, b) => any(&[a, b]),
        ExprKind::Element { depth } => {
            elements.len().checked_sub(depth + 1).and_then(|i| elements.get(i)).copied().unwrap_or(false)
        }
        ExprKind::Aggregate(aggregate) => {
            // How many there were, how many differ and how long ago shows none of the values.
            !matches!(aggregate.function, AggregateFn::Distinct | AggregateFn::Since)
                && kept
                    .memories
                    .get(aggregate.memory.index())
                    .is_some_and(|m| m.value.is_some() && m.sensitive)
        }
        ExprKind::Fold(fold) => match (fold.function, &fold.value) {
            (FoldFn::Sum, Some(value)) => {
                let list = shows_sensitive(event, kept, &fold.list, elements);
                elements.push(list);
                let shows = shows_sensitive(event, kept, value, elements);
                elements.pop();
                shows
            }
            _ => false,
        },
        ExprKind::Call(function, arguments) => {
            function.get().reveals && arguments.iter().any(|a| shows_sensitive(event, kept, a, elements))
        }
        // Constants, table values, and everything that is only true or false.
        _ => false,
    }
}

impl Body {
    /// Every expression of the body, in source order of the clauses.
    pub fn expressions(&self) -> Vec<&Expr> {
        let mut all: Vec<&Expr> = Vec::new();
        all.extend(self.when.iter());
        all.extend(self.bands.iter().map(|b| &b.condition));
        all.extend(self.scores.iter().map(|s| &s.condition));
        for unless in &self.unless {
            all.push(&unless.condition);
            all.extend(unless.because.iter().flat_map(Template::values));
        }
        all.extend(self.because.iter().flat_map(Template::values));
        all.extend(self.tell.iter().flat_map(|(_, t)| t.values()));
        all.extend(self.about.iter().map(|(_, e)| e));
        all.extend(self.rollout.iter().flat_map(|r| &r.keys));
        for effect in &self.effects {
            all.extend(effect.kind.expressions());
            all.extend(effect.condition.iter());
        }
        all.extend(self.once.iter().flat_map(|once| &once.keys));
        all.extend(self.muted_by.iter().flat_map(|(_, keys)| keys));
        all
    }

    /// Every question to a memory or a sequence that the result of the rule may rest on: in `when`, bands, score lines and
    /// exceptions, also through names. Each name is looked into once.
    pub fn questions(&self) -> Vec<&Expr> {
        let bands = self.bands.iter().map(|band| &band.condition);
        let scores = self.scores.iter().map(|score| &score.condition);
        let unless = self.unless.iter().map(|unless| &unless.condition);
        let (mut found, mut names) = (Vec::new(), HashSet::new());
        for condition in self.when.iter().chain(bands).chain(scores).chain(unless) {
            condition.collect_questions(&mut found, &mut names);
        }
        found
    }
}

impl EffectKind {
    /// What the effect needs to know.
    pub fn expressions(&self) -> Vec<&Expr> {
        match self {
            EffectKind::Do { arguments, .. } => arguments.iter().collect(),
            EffectKind::Label { on, .. } | EffectKind::Unlabel { on, .. } => vec![on],
            EffectKind::Mute { muted, keys, .. } => {
                let named = match muted {
                    Muted::Named(field) => Some(field),
                    Muted::Rule(_) => None,
                };
                named.into_iter().chain(keys).collect()
            }
        }
    }
}

impl Template {
    pub fn values(&self) -> impl Iterator<Item = &Expr> {
        self.parts.iter().filter_map(|part| match part {
            TemplatePart::Value { value, .. } => Some(value),
            TemplatePart::Text(_) => None,
        })
    }
}

/// A number that a `score` may carry.
pub const SCORE_LIMIT: i64 = 1_000_000;

/// How a decimal reads where only whole parts of a million count (`rollout`).
pub fn share_of_million(share: Decimal) -> Option<u32> {
    (0..=1_000_000).contains(&share.0).then_some(share.0 as u32)
}
