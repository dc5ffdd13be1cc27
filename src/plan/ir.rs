//! The plan: one DAG of typed nodes for a whole ruleset, equal expressions once, and per event type what to
//! do with them.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use hashbrown::HashTable;

use crate::builtins::BuiltinId;
use crate::model::ids::*;
use crate::model::money::Currency;
use crate::model::ops::{BinaryOp, CompareOp, TextTest, UnaryOp};
use crate::model::time::Duration;
use crate::model::types::Type;
use crate::model::value::{Datum, Unknown, Value};
use crate::model::window::{AggregateFn, Window};
use crate::sema::hir::{FoldFn, Regex};

macro_rules! places {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            pub fn new(index: usize) -> $name {
                $name(index as u32)
            }

            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

places! {
    /// A node of the DAG. Operands always have a smaller number than what uses them.
    NodeId,
    /// A constant of [`Graph::constants`].
    ConstId,
    /// A pattern of [`Graph::regexes`].
    RegexId,
    /// A window of [`Plan::windows`].
    WindowId,
    /// A type of [`Graph::types`], where the type is part of what makes two nodes equal.
    TypeId,
    /// A piece of what the author wrote, of [`Traces::texts`].
    TextId,
    /// An expression as the author wrote it, of [`Traces::traces`].
    TraceId,
}

/// What a node computes from its operands.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    Const(ConstId),
    Field(EventId, FieldId),
    /// An answer of a memory; the operands are the keys.
    Read {
        memory: MemoryId,
        function: AggregateFn,
        window: WindowId,
        /// The author counts the current event, and it is of a counted type.
        including: bool,
    },
    /// Whether what comes before the last event of a sequence came; the operands are the keys.
    Sequence {
        memory: SequenceId,
        within: Duration,
    },
    /// The element of the enclosing fold that binds this level; the outermost fold of an expression binds 0.
    Element {
        level: u32,
        ty: TypeId,
    },
    /// A field of a record, by place.
    Member(u32),
    /// Operands: the list, then filter and value if there.
    Fold {
        function: FoldFn,
        level: u32,
        filter: bool,
        value: bool,
    },
    Call(BuiltinId),
    Unary(UnaryOp),
    Binary(BinaryOp),
    Compare(CompareOp),
    Between,
    /// The first operand equals one of the others.
    InArray,
    InList(ListId),
    /// Of a list that lines of the input fill.
    InFilled(ListId),
    InNetwork,
    InElements,
    And,
    Or,
    Not,
    Else,
    IsMissing,
    IsPresent,
    TextTest(TextTest),
    Matches(RegexId),
    Mentions(PhrasesId),
    HasLabel(LabelId),
    Lookup(TableId),
    /// Of a table that an event fills.
    LookupTold(TableId),
    During(CalendarId),
    /// Of a calendar that an event fills.
    DuringTold(CalendarId),
    Convert(Currency),
}

#[derive(Clone, Debug)]
pub struct Node {
    pub op: Op,
    pub args: Box<[NodeId]>,
    pub ty: Type,
    /// Levels of folds whose element this node needs, one bit each.
    pub levels: u64,
}

/// Nodes, equal ones once.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    pub nodes: Vec<Node>,
    pub constants: Vec<Datum>,
    pub regexes: Vec<Arc<Regex>>,
    pub types: Vec<Type>,
    index: HashTable<NodeId>,
    constant_index: HashMap<Vec<u8>, ConstId>,
    regex_index: HashMap<(String, bool), RegexId>,
    type_index: HashMap<Type, TypeId>,
}

impl Graph {
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// The node of this meaning, made if there is none yet.
    pub fn add(&mut self, op: Op, args: &[NodeId], ty: &Type) -> NodeId {
        let hash = hash_of(op, args);
        let nodes = &self.nodes;
        let same = |id: &NodeId| {
            let node = &nodes[id.index()];
            node.op == op && *node.args == *args
        };
        if let Some(found) = self.index.find(hash, same) {
            return *found;
        }
        let id = NodeId::new(self.nodes.len());
        let levels = self.levels_of(op, args);
        self.nodes.push(Node { op, args: args.into(), ty: ty.clone(), levels });
        let nodes = &self.nodes;
        self.index.insert_unique(hash, id, |id| hash_of(nodes[id.index()].op, &nodes[id.index()].args));
        id
    }

    fn levels_of(&self, op: Op, args: &[NodeId]) -> u64 {
        let of_args = |args: &[NodeId]| args.iter().fold(0, |bits, id| bits | self.node(*id).levels);
        match op {
            Op::Element { level, .. } => 1 << level.min(63),
            Op::Fold { level, .. } => {
                let (list, body) = args.split_at(1);
                of_args(list) | (of_args(body) & !(1 << level.min(63)))
            }
            _ => of_args(args),
        }
    }

    /// A constant, also one that is unknown for a reason.
    pub fn add_constant(&mut self, datum: Datum, ty: &Type) -> NodeId {
        let mut key = self.type_id(ty).0.to_le_bytes().to_vec();
        encode(&datum, &mut key);
        let constants = &mut self.constants;
        let id = *self.constant_index.entry(key).or_insert_with(|| {
            constants.push(datum);
            ConstId::new(constants.len() - 1)
        });
        self.add(Op::Const(id), &[], ty)
    }

    pub fn constant(&self, id: NodeId) -> Option<&Datum> {
        match self.node(id).op {
            Op::Const(constant) => Some(&self.constants[constant.index()]),
            _ => None,
        }
    }

    pub fn type_id(&mut self, ty: &Type) -> TypeId {
        if let Some(found) = self.type_index.get(ty) {
            return *found;
        }
        let id = TypeId::new(self.types.len());
        self.types.push(ty.clone());
        self.type_index.insert(ty.clone(), id);
        id
    }

    /// An empty graph that knows the same patterns and types, by the same numbers: where a pass builds anew.
    pub fn successor(&self) -> Graph {
        Graph {
            regexes: self.regexes.clone(),
            types: self.types.clone(),
            regex_index: self.regex_index.clone(),
            type_index: self.type_index.clone(),
            ..Graph::default()
        }
    }

    pub fn regex_id(&mut self, regex: &Arc<Regex>) -> RegexId {
        let regexes = &mut self.regexes;
        *self.regex_index.entry((regex.pattern.clone(), regex.ignore_case)).or_insert_with(|| {
            regexes.push(regex.clone());
            RegexId::new(regexes.len() - 1)
        })
    }
}

fn hash_of(op: Op, args: &[NodeId]) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    op.hash(&mut hasher);
    args.hash(&mut hasher);
    hasher.finish()
}

/// Bytes that are equal exactly if the values are.
fn encode(datum: &Datum, out: &mut Vec<u8>) {
    let value = match datum {
        Datum::Unknown(why) => return out.extend([0, *why as u8]),
        Datum::Known(value) => {
            out.push(1);
            value
        }
        Datum::AtLeast(value) => {
            out.push(2);
            value
        }
    };
    match value {
        Value::Bool(b) => out.push(u8::from(*b)),
        Value::Int(i) => out.extend(i.to_le_bytes()),
        Value::Decimal(d) => out.extend(d.0.to_le_bytes()),
        Value::Float(f) => out.extend(f.to_bits().to_le_bytes()),
        Value::Text(text) => {
            out.extend((text.len() as u64).to_le_bytes());
            out.extend(text.as_bytes());
        }
        Value::Time(t) => out.extend(t.0.to_le_bytes()),
        Value::Duration(d) => out.extend(d.0.to_le_bytes()),
        Value::Money(m) => {
            out.extend(m.amount.0.to_le_bytes());
            out.extend(m.currency.0);
        }
        Value::Country(c) => out.extend(c.0),
        Value::Currency(c) => out.extend(c.0),
        Value::Ip(ip) => out.extend(ip.to_string().bytes().chain([0])),
        Value::Cidr(net) => out.extend(net.to_string().bytes().chain([0])),
        Value::Enum(index) => out.extend(index.to_le_bytes()),
        Value::Record(items) | Value::List(items) => {
            out.extend((items.len() as u64).to_le_bytes());
            items.iter().for_each(|item| encode(item, out));
        }
    }
}

/// An expression as written, for *cannot say*: equal expressions share a node, but each author is quoted in
/// his own words.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Absent once a pass found that nobody needs its value.
    pub node: Option<NodeId>,
    /// Why it is never known, whatever the event: then nobody computes it.
    pub never: Option<Unknown>,
    /// What may have made it unknown, in source order; empty for a leaf.
    pub parts: Box<[TraceId]>,
    /// Absent where the expression is only unknown through a part.
    pub text: Option<TextId>,
    /// For a question to a list: what is computed for every element.
    pub inside: Option<Box<Inside>>,
    /// A `let` or signal: several expressions may lead here, and one look is enough.
    pub named: bool,
}

/// What a fold computes for every element: the value that it adds up or tells apart, and its filter.
#[derive(Clone, Debug)]
pub struct Inside {
    pub value: Option<TraceId>,
    pub filter: Option<TraceId>,
}

#[derive(Clone, Debug, Default)]
pub struct Traces {
    pub traces: Vec<Trace>,
    pub texts: Vec<Arc<str>>,
    text_index: HashMap<Arc<str>, TextId>,
}

impl Traces {
    pub fn add(&mut self, trace: Trace) -> TraceId {
        self.traces.push(trace);
        TraceId::new(self.traces.len() - 1)
    }

    pub fn add_text(&mut self, text: &str) -> TextId {
        if let Some(found) = self.text_index.get(text) {
            return *found;
        }
        let text: Arc<str> = text.into();
        let id = TextId::new(self.texts.len());
        self.texts.push(text.clone());
        self.text_index.insert(text, id);
        id
    }

    pub fn get(&self, id: TraceId) -> &Trace {
        &self.traces[id.index()]
    }

    pub fn text(&self, id: TextId) -> &Arc<str> {
        &self.texts[id.index()]
    }
}

/// A node, with the words of the author.
#[derive(Copy, Clone, Debug)]
pub struct Traced {
    pub node: NodeId,
    pub trace: TraceId,
}

#[derive(Clone, Debug)]
pub struct Plan {
    pub graph: Graph,
    pub traces: Traces,
    pub windows: Vec<Window>,
    /// By [`EventId`]; then, for each rule on something that did not happen, one per event that sets its deadlines: what
    /// to do when one falls due; then what to do with a hit.
    pub events: Vec<EventPlan>,
    /// The place of that, if hits are kept.
    pub hits: Option<usize>,
    pub absences: Vec<AbsencePlan>,
}

/// A rule on something that did not happen.
#[derive(Clone, Debug)]
pub struct AbsencePlan {
    pub rule: RuleId,
    /// Of the events that must not come.
    pub memory: MemoryId,
    pub within: Duration,
    /// From `no` on, as written.
    pub text: TextId,
    /// By the event that set the deadline: what to do when it falls due, of [`Plan::events`].
    pub due: Vec<(EventId, usize)>,
}

/// A deadline that an event sets.
#[derive(Clone, Debug)]
pub struct SetPlan {
    /// Of [`Plan::absences`].
    pub absence: usize,
    pub filter: Option<Traced>,
    pub keys: Vec<Traced>,
}

/// Deadlines that an event takes back.
#[derive(Copy, Clone, Debug)]
pub struct CancelPlan {
    /// Of [`Plan::absences`].
    pub absence: usize,
    /// The write to its memory, of [`EventPlan::writes`]: the same events and keys.
    pub write: usize,
}

/// How an event is kept for sequences.
#[derive(Clone, Debug)]
pub struct SequenceWrite {
    pub memory: SequenceId,
    pub key: KeyTuple,
    pub steps: Vec<StepPlan>,
}

/// One element that it can be.
#[derive(Copy, Clone, Debug)]
pub struct StepPlan {
    pub filter: Option<NodeId>,
    /// The bit of the event in its sequence; 0 for a `not`.
    pub is: u16,
    /// The bit of the event after which it must not come.
    pub breaks: u16,
}

/// A question about a sequence.
#[derive(Clone, Debug)]
pub struct SequenceRead {
    pub node: NodeId,
    pub memory: SequenceId,
    pub within: Duration,
    pub key: KeyTuple,
}

/// Everything about one event type.
#[derive(Clone, Debug)]
pub struct EventPlan {
    pub event: EventId,
    /// Fields that something needs, ascending; `at`, `id` and `received_at` always.
    pub fields: Vec<FieldId>,
    /// The distinct keys of writes and reads.
    pub keys: Vec<KeyTuple>,
    pub writes: Vec<Write>,
    pub reads: Vec<Read>,
    /// Tables and calendars that this event fills.
    pub feeds: Vec<Feed>,
    pub sequence_writes: Vec<SequenceWrite>,
    pub sequence_reads: Vec<SequenceRead>,
    pub sets: Vec<SetPlan>,
    pub cancels: Vec<CancelPlan>,
    /// In the order of the declarations.
    pub rules: Vec<RulePlan>,
    /// Score at least `.0` gives outcome `.1`; ascending.
    pub policy: Vec<(i64, OutcomeId)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct KeyTuple {
    pub nodes: Vec<NodeId>,
    pub types: Vec<Type>,
}

/// How this event is counted by a memory.
#[derive(Clone, Debug)]
pub struct Write {
    pub memory: MemoryId,
    pub filter: Option<NodeId>,
    pub value: Option<NodeId>,
    /// Of [`EventPlan::keys`].
    pub key: usize,
}

/// What this event tells a table or a calendar.
#[derive(Clone, Debug)]
pub struct Feed {
    pub into: Fed,
    pub keys: Vec<NodeId>,
    /// Of a table the fields of a row, of a calendar `from` and `until`.
    pub values: Vec<NodeId>,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Fed {
    Table(TableId),
    Calendar(CalendarId),
}

/// A question to a memory, asked once however many rules use it.
#[derive(Clone, Debug)]
pub struct Read {
    pub node: NodeId,
    pub memory: MemoryId,
    pub function: AggregateFn,
    pub window: WindowId,
    /// Of [`EventPlan::keys`].
    pub key: usize,
    /// The write of this very event to count as well.
    pub include_current: Option<usize>,
}

#[derive(Clone, Debug)]
pub struct RulePlan {
    pub rule: RuleId,
    pub when: Option<Traced>,
    pub bands: Vec<BandPlan>,
    pub if_unknown: Option<(OutcomeId, i64)>,
    pub scores: Vec<ScorePlan>,
    pub unless: Vec<UnlessPlan>,
    pub rollout: Option<RolloutPlan>,
    pub about: Vec<AboutPlan>,
    pub because: Option<TextPlan>,
    /// By language.
    pub tell: Vec<(Arc<str>, TextPlan)>,
    pub effects: Vec<EffectPlan>,
    pub once: Option<OncePlan>,
    /// The mutes that may hold back a hit, with their keys on this event.
    pub muted_by: Vec<(MuteId, Vec<(NodeId, Type)>)>,
    /// What the result may rest on, by the words of the author.
    pub questions: Vec<QuestionPlan>,
}

/// A question to a memory, as written, to tell how far it reaches back.
#[derive(Clone, Debug, PartialEq)]
pub struct QuestionPlan {
    pub text: TextId,
    pub asked: AskedPlan,
}

#[derive(Clone, Debug, PartialEq)]
pub enum AskedPlan {
    Window(MemoryId, Window),
    Sequence(SequenceId, Duration),
}

#[derive(Clone, Debug)]
pub struct BandPlan {
    pub outcome: OutcomeId,
    pub condition: Traced,
    pub score: i64,
}

#[derive(Clone, Debug)]
pub struct ScorePlan {
    pub points: i64,
    pub condition: Traced,
}

#[derive(Clone, Debug)]
pub struct UnlessPlan {
    pub condition: NodeId,
    pub because: Option<TextPlan>,
}

#[derive(Clone, Debug)]
pub struct RolloutPlan {
    /// Of a million.
    pub share: u32,
    pub keys: Vec<(NodeId, Type)>,
}

#[derive(Clone, Debug)]
pub struct AboutPlan {
    pub entity: Arc<str>,
    pub node: NodeId,
    pub ty: Type,
    /// Shown as a short hash.
    pub sensitive: bool,
}

/// A text with values.
#[derive(Clone, Debug)]
pub struct TextPlan {
    pub parts: Vec<TextPart>,
}

#[derive(Clone, Debug)]
pub enum TextPart {
    Text(String),
    Value { node: NodeId, ty: Type, percent: bool },
}

#[derive(Clone, Debug)]
pub struct OncePlan {
    pub keys: Vec<(NodeId, Type)>,
    /// For ever if absent.
    pub period: Option<Duration>,
}

#[derive(Clone, Debug)]
pub struct EffectPlan {
    pub deed: Deed,
    /// Everything that the effect needs to know.
    pub operands: Vec<ArgumentPlan>,
    pub condition: Option<Traced>,
}

/// What an effect does with its operands.
#[derive(Clone, Debug)]
pub enum Deed {
    /// The operands are the arguments.
    Do(ActionId),
    /// The operand is what is labelled; for ever without a period.
    Label(LabelId, Option<Duration>),
    Unlabel(LabelId),
    /// The operands are the name of the rule, if a field names it, then the keys.
    Mute(MutePlan),
}

#[derive(Clone, Debug)]
pub struct MutePlan {
    pub mute: MuteId,
    pub muted: MutedPlan,
    /// The keys as the author wrote them.
    pub names: Vec<Arc<str>>,
    pub period: Duration,
}

/// Which rule a `mute` speaks of.
#[derive(Clone, Debug)]
pub enum MutedPlan {
    Rule(RuleId),
    /// The one that the first operand names, which was read from this pointer.
    Named(String),
}

#[derive(Clone, Debug)]
pub struct ArgumentPlan {
    pub value: Traced,
    pub ty: Type,
    /// Shown as a short hash.
    pub sensitive: bool,
}

impl TextPlan {
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> {
        self.parts.iter().filter_map(|part| match part {
            TextPart::Value { node, .. } => Some(*node),
            TextPart::Text(_) => None,
        })
    }
}

impl RulePlan {
    /// What decides whether the rule hits.
    pub fn conditions(&self) -> impl Iterator<Item = Traced> {
        let bands = self.bands.iter().map(|band| band.condition);
        self.when.into_iter().chain(bands).chain(self.scores.iter().map(|score| score.condition))
    }

    /// What is only needed once it has hit.
    pub fn hit_nodes(&self) -> Vec<NodeId> {
        let mut all = Vec::new();
        for unless in &self.unless {
            all.push(unless.condition);
            all.extend(unless.because.iter().flat_map(TextPlan::nodes));
        }
        all.extend(self.rollout.iter().flat_map(|r| r.keys.iter().map(|(node, _)| *node)));
        all.extend(self.about.iter().map(|about| about.node));
        all.extend(self.because.iter().flat_map(TextPlan::nodes));
        all.extend(self.tell.iter().flat_map(|(_, text)| text.nodes()));
        for effect in &self.effects {
            all.extend(effect.condition.map(|c| c.node));
            all.extend(effect.operands.iter().map(|operand| operand.value.node));
        }
        all.extend(self.once.iter().flat_map(|once| &once.keys).map(|(node, _)| *node));
        all.extend(self.muted_by.iter().flat_map(|(_, keys)| keys).map(|(node, _)| *node));
        all
    }

    /// Calls `change` on every node the rule names.
    pub fn for_each_node_mut(&mut self, change: &mut impl FnMut(&mut NodeId)) {
        self.when.iter_mut().for_each(|when| change(&mut when.node));
        self.bands.iter_mut().for_each(|band| change(&mut band.condition.node));
        self.scores.iter_mut().for_each(|score| change(&mut score.condition.node));
        for unless in &mut self.unless {
            change(&mut unless.condition);
            unless.because.iter_mut().for_each(|text| text.for_each_node_mut(change));
        }
        self.rollout.iter_mut().flat_map(|r| &mut r.keys).for_each(|(node, _)| change(node));
        self.about.iter_mut().for_each(|about| change(&mut about.node));
        self.because.iter_mut().for_each(|text| text.for_each_node_mut(change));
        self.tell.iter_mut().for_each(|(_, text)| text.for_each_node_mut(change));
        for effect in &mut self.effects {
            effect.condition.iter_mut().for_each(|c| change(&mut c.node));
            effect.operands.iter_mut().for_each(|operand| change(&mut operand.value.node));
        }
        self.once.iter_mut().flat_map(|once| &mut once.keys).for_each(|(node, _)| change(node));
        self.muted_by.iter_mut().flat_map(|(_, keys)| keys).for_each(|(node, _)| change(node));
    }
}

impl TextPlan {
    fn for_each_node_mut(&mut self, change: &mut impl FnMut(&mut NodeId)) {
        for part in &mut self.parts {
            if let TextPart::Value { node, .. } = part {
                change(node);
            }
        }
    }
}

impl EventPlan {
    /// Calls `change` on every node this event type names.
    pub fn for_each_node_mut(&mut self, change: &mut impl FnMut(&mut NodeId)) {
        self.keys.iter_mut().flat_map(|key| &mut key.nodes).for_each(&mut *change);
        for write in &mut self.writes {
            write.filter.iter_mut().for_each(&mut *change);
            write.value.iter_mut().for_each(&mut *change);
        }
        for feed in &mut self.feeds {
            feed.keys.iter_mut().chain(&mut feed.values).for_each(&mut *change);
        }
        self.reads.iter_mut().for_each(|read| change(&mut read.node));
        for write in &mut self.sequence_writes {
            write.key.nodes.iter_mut().for_each(&mut *change);
            write.steps.iter_mut().filter_map(|step| step.filter.as_mut()).for_each(&mut *change);
        }
        for read in &mut self.sequence_reads {
            change(&mut read.node);
            read.key.nodes.iter_mut().for_each(&mut *change);
        }
        for set in &mut self.sets {
            set.keys.iter_mut().chain(&mut set.filter).for_each(|traced| change(&mut traced.node));
        }
        self.rules.iter_mut().for_each(|rule| rule.for_each_node_mut(change));
    }

    /// Every node that this event type is evaluated for.
    pub fn roots(&self) -> Vec<NodeId> {
        let mut all = self.input_nodes();
        for rule in &self.rules {
            all.extend(rule.conditions().map(|condition| condition.node));
            all.extend(rule.hit_nodes());
        }
        all
    }

    /// What can be computed before memory is asked: filters, values and keys.
    pub fn input_nodes(&self) -> Vec<NodeId> {
        let mut all: Vec<NodeId> = self.keys.iter().flat_map(|key| key.nodes.iter().copied()).collect();
        for write in &self.writes {
            all.extend(write.filter);
            all.extend(write.value);
        }
        for feed in &self.feeds {
            all.extend(feed.keys.iter().chain(&feed.values));
        }
        for write in &self.sequence_writes {
            all.extend(&write.key.nodes);
            all.extend(write.steps.iter().filter_map(|step| step.filter));
        }
        all.extend(self.sequence_reads.iter().flat_map(|read| &read.key.nodes));
        for set in &self.sets {
            all.extend(set.keys.iter().chain(&set.filter).map(|traced| traced.node));
        }
        all
    }
}
