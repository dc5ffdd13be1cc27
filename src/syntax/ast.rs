//! The tree of a rules file, as written: every node has its span, nothing is resolved.
//!
//! Trees are built with a bounded depth (see `MAX_NESTING`), so recursion over them is safe.

use crate::source::{SourceId, Span};

/// A name as written, NFC, without its backticks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    pub text: String,
    pub span: Span,
}

/// One file: the items that could be read, in source order. What could not be read is in the diagnostics.
#[derive(Clone, Debug)]
pub struct File {
    pub source: SourceId,
    pub items: Vec<Item>,
    /// Names that broken items would have declared, so that their users are not reported as unknown too.
    pub broken_names: Vec<String>,
    /// Something in this file could not be read: what depends on *everything* having been read
    /// (unused declarations, missing tests) must keep quiet.
    pub incomplete: bool,
    pub comments: Vec<Comment>,
}

/// A `//` comment (`///` docs are part of their item).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// With its slashes, without the line end.
    pub span: Span,
    pub text: String,
    /// Nothing but white space stands before it on its line.
    pub own_line: bool,
}

#[derive(Clone, Debug)]
pub struct Item {
    /// The `///` lines before it, joined by line ends, slashes removed.
    pub doc: Option<Doc>,
    pub kind: ItemKind,
    /// From the first word of the item to its end, the doc excluded.
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doc {
    pub text: String,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ItemKind {
    Ruleset(Header),
    Use(Use),
    Entity(Entity),
    Event(Event),
    Group(Group),
    Let(Let),
    Signal(Signal),
    List(List),
    Table(Table),
    Phrases(Phrases),
    Calendar(Calendar),
    Rates(Rates),
    Action(Action),
    Label(Label),
    Rule(Box<Rule>),
    Policy(Policy),
    Sample(Sample),
    Test(Test),
}

/// A quoted string: `value` has its escapes resolved, `span` includes the quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    pub value: String,
    pub span: Span,
}

/// `ruleset NAME { … }`
#[derive(Clone, Debug)]
pub struct Header {
    pub name: Name,
    pub clauses: Vec<HeaderClause>,
}

#[derive(Clone, Debug)]
pub struct HeaderClause {
    pub kind: HeaderKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum HeaderKind {
    Edition(Expr),
    Version(Text),
    Timezone(Text),
    Currency(Name),
    /// `outcomes allow < review < block`
    Outcomes(Vec<Name>),
    Rejects(Name),
    Lateness(Expr),
    /// `limits { entries 10000 }`
    Limits(Vec<(Name, Expr)>),
}

/// `use "../events"`, `use rules "../packs/returns"`
#[derive(Clone, Debug)]
pub struct Use {
    pub rules: bool,
    pub path: Text,
}

/// `entity buyer`, `entity ip: ip`
#[derive(Clone, Debug)]
pub struct Entity {
    pub name: Name,
    pub base: Option<TypeExpr>,
}

/// `event order from "/kind" == "ORDER_CREATED" { … }`
#[derive(Clone, Debug)]
pub struct Event {
    pub name: Name,
    pub discriminator: Option<(Text, Text)>,
    pub fields: Vec<Field>,
}

/// `amount: money? from "/total/value", "/total/currency" as epoch_ms sensitive`
#[derive(Clone, Debug)]
pub struct Field {
    pub doc: Option<Doc>,
    pub name: Name,
    pub ty: TypeExpr,
    pub from: Vec<Text>,
    /// `as epoch_ms`
    pub format: Option<Name>,
    pub sensitive: bool,
    pub public: bool,
    pub span: Span,
}

/// `events activity = login, payment_failed, order`
#[derive(Clone, Debug)]
pub struct Group {
    pub name: Name,
    pub members: Vec<Name>,
}

#[derive(Clone, Debug)]
pub struct TypeExpr {
    pub kind: TypeKind,
    /// `T?`
    pub optional: bool,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum TypeKind {
    /// A built-in type or an entity.
    Name(Name),
    /// `money(USD)`
    Money(Name),
    Enum(Vec<Name>),
    Record(Vec<(Name, TypeExpr)>),
    List(Box<TypeExpr>),
}

/// `let HIGH_VALUE = 500 USD`, `override let …`
#[derive(Clone, Debug)]
pub struct Let {
    pub overrides: bool,
    pub name: Name,
    pub value: Expr,
}

/// `signal account_age = at - buyer_since`
#[derive(Clone, Debug)]
pub struct Signal {
    pub name: Name,
    pub value: Expr,
}

/// `list NAME: TYPE from "file" | = [ … ] | extern`
#[derive(Clone, Debug)]
pub struct List {
    pub name: Name,
    pub ty: TypeExpr,
    pub source: ListSource,
}

#[derive(Clone, Debug)]
pub enum ListSource {
    File(Text),
    Inline(Vec<Expr>),
    Extern(Span),
}

/// `table ip_country: cidr -> country from "…"`, `table profile: buyer from buyer_profile`
#[derive(Clone, Debug)]
pub struct Table {
    pub name: Name,
    pub keys: Vec<TypeExpr>,
    /// Absent for a table that an event fills.
    pub value: Option<TypeExpr>,
    pub source: TableSource,
}

#[derive(Clone, Debug)]
pub enum TableSource {
    File(Text),
    Event(Name),
}

/// `phrases off_platform from "…" fold "…"`
#[derive(Clone, Debug)]
pub struct Phrases {
    pub name: Name,
    pub file: Text,
    pub fold: Option<Text>,
}

/// `calendar promotions from "…"`, `calendar campaigns from promotion by seller, product`
#[derive(Clone, Debug)]
pub struct Calendar {
    pub name: Name,
    pub source: TableSource,
    pub keys: Vec<Name>,
}

/// `rates from "tables/rates.csv" max_age 7d`
#[derive(Clone, Debug)]
pub struct Rates {
    pub file: Text,
    pub max_age: Option<Expr>,
    pub span: Span,
}

/// `action report(order: order_ref, …) once per order, scenario per 180d`
#[derive(Clone, Debug)]
pub struct Action {
    pub name: Name,
    pub parameters: Vec<(Name, TypeExpr)>,
    pub once: Option<Once>,
}

/// `once per KEYS per D`; for an action the keys are parameter names.
#[derive(Clone, Debug)]
pub struct Once {
    pub keys: Vec<Key>,
    pub period: Option<Expr>,
    pub span: Span,
}

/// `label suspect on buyer`
#[derive(Clone, Debug)]
pub struct Label {
    pub name: Name,
    pub entity: Name,
}

/// `policy order, refund_request { challenge at score 40 … }`
#[derive(Clone, Debug)]
pub struct Policy {
    pub events: Vec<Name>,
    pub bands: Vec<PolicyBand>,
}

#[derive(Clone, Debug)]
pub struct PolicyBand {
    pub outcome: Name,
    pub score: Expr,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Rule {
    pub shadow: bool,
    pub name: Name,
    pub title: Option<Text>,
    pub on: On,
    pub clauses: Vec<Clause>,
}

#[derive(Clone, Debug)]
pub enum On {
    /// Events or groups.
    Events(Vec<Name>),
    /// `on no payment where ok by order within 48h after order where amount > 0 USD`
    Absence(Box<Absence>),
}

#[derive(Clone, Debug)]
pub struct Absence {
    pub absent: Name,
    pub absent_where: Option<Expr>,
    pub keys: Vec<Key>,
    pub within: Expr,
    pub trigger: Name,
    pub trigger_where: Option<Expr>,
    pub span: Span,
}

/// A line of a rule's body.
#[derive(Clone, Debug)]
pub struct Clause {
    pub kind: ClauseKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ClauseKind {
    Tags(Vec<Name>),
    Severity(Name),
    Source(Text),
    /// `formerly old_name`
    Formerly(Name),
    Let(Let),
    When(Expr),
    Band(Band),
    /// `score 15 if EXPR`
    Score {
        points: Expr,
        condition: Expr,
    },
    Unless {
        condition: Expr,
        because: Option<Template>,
    },
    Because(Template),
    /// `tell en "…" zh "…"`
    Tell(Vec<(Name, Template)>),
    /// `about buyer`, `about buyer = seller_buyer`: the entity, and the field if it is not the only one.
    About(Vec<Key>),
    Effect(Effect),
    Once(Once),
    /// `active from 2026-11-20 until 2026-12-02`; either bound may be left out.
    Active {
        from: Option<Expr>,
        until: Option<Expr>,
    },
    /// `rollout 10% by buyer`
    Rollout {
        share: Expr,
        keys: Vec<Key>,
    },
    /// The rule can't be overruled by the allow lane.
    Always,
}

#[derive(Clone, Debug)]
pub struct Band {
    pub outcome: Name,
    pub condition: BandCondition,
    pub score: Option<Expr>,
}

#[derive(Clone, Debug)]
pub enum BandCondition {
    If(Expr),
    /// `review if unknown`
    Unknown(Span),
    Always(Span),
}

#[derive(Clone, Debug)]
pub struct Effect {
    pub kind: EffectKind,
    pub condition: Option<Expr>,
}

#[derive(Clone, Debug)]
pub enum EffectKind {
    /// `label L on ENTITY [for D]`
    Label { label: Name, on: Key, period: Option<Expr> },
    /// `unlabel L on ENTITY`
    Unlabel { label: Name, on: Key },
    /// `do ACTION(args)`
    Do { action: Name, arguments: Vec<Expr> },
    /// `mute RULE by KEYS for D`; RULE may be a text field that names one.
    Mute { rule: Name, keys: Vec<Key>, period: Expr },
}

/// A key: `buyer`, `hour(at)`, or `HERE = THERE`.
#[derive(Clone, Debug)]
pub struct Key {
    pub here: Expr,
    pub there: Option<Expr>,
    pub span: Span,
}

/// A text with `{values}`.
#[derive(Clone, Debug)]
pub struct Template {
    pub parts: Vec<TemplatePart>,
    /// The quotes included.
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum TemplatePart {
    Text(String),
    /// `{name}`, `{a.b}`, `{x as %}`; the expression is a name or a path.
    Value {
        value: Expr,
        percent: bool,
        span: Span,
    },
}

#[derive(Clone, Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ExprKind {
    Literal(Literal),
    Name(Name),
    /// `order.amount`
    Member(Box<Expr>, Name),
    /// `profile[buyer]`, `t[seller, product]`
    Index(Box<Expr>, Vec<Expr>),
    /// A built-in function, a fold over a list, or an aggregate over memory.
    Call(Box<Call>),
    /// `[a, b]`
    Array(Vec<Expr>),
    /// `(e)`: kept, because `else` beside an operator needs it.
    Paren(Box<Expr>),
    Negate(Box<Expr>),
    Not(Box<Expr>),
    Binary {
        op: BinaryOp,
        op_span: Span,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// `in LIST`, `not in [..]`
    In {
        negated: bool,
        value: Box<Expr>,
        set: Box<Expr>,
    },
    Between {
        value: Box<Expr>,
        low: Box<Expr>,
        high: Box<Expr>,
    },
    /// `is missing` (`is present` if `present`)
    IsMissing {
        value: Box<Expr>,
        present: bool,
    },
    /// `matches /re/i`
    Matches {
        value: Box<Expr>,
        regex: Regex,
    },
    /// `mentions PHRASES`
    Mentions {
        value: Box<Expr>,
        phrases: Name,
    },
    /// `has label L`
    HasLabel {
        value: Box<Expr>,
        label: Name,
    },
    /// `during CALENDAR`, `during promotions[product]`
    During {
        value: Box<Expr>,
        calendar: Name,
        keys: Vec<Expr>,
    },
    /// `amount as USD`
    Convert {
        value: Box<Expr>,
        currency: Name,
    },
    /// What could not be read; it has been reported, so whatever contains it keeps quiet.
    Error,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Contains,
    StartsWith,
    EndsWith,
    Else,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// Digits as written (underscores are not part of the language); may exceed 64 bits.
    Int(String),
    /// `3.5`, as written.
    Decimal(String),
    /// `5%`: the number as written, without the sign.
    Percent(String),
    /// `500 USD`: the number as written and the code.
    Money(String, Name),
    /// `24h`: the number as written and the unit (`ms s m h d w`).
    Duration(String, Unit),
    /// `2026-11-11`, as written.
    Date(String),
    /// `2026-11-11T10:00:00Z`, as written.
    DateTime(String),
    Text(String),
    Bool(bool),
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    Milliseconds,
    Seconds,
    Minutes,
    Hours,
    Days,
    Weeks,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Regex {
    /// Between the slashes; `\/` stands for a slash.
    pub pattern: String,
    pub ignore_case: bool,
    pub span: Span,
}

/// `count(items where …)`, `lower(x)`, `sum(order.amount where …) by buyer over 30d before this`
#[derive(Clone, Debug)]
pub struct Call {
    /// `approx distinct(…)`
    pub approx: Option<Span>,
    pub function: Name,
    pub arguments: Vec<Argument>,
    /// Present if it has `by`, `over`, `ever` or `within`: then it is an aggregate over memory.
    pub window: Option<WindowClause>,
}

#[derive(Clone, Debug)]
pub struct Argument {
    pub value: Expr,
    pub filter: Option<Expr>,
}

#[derive(Clone, Debug)]
pub struct WindowClause {
    pub keys: Vec<Key>,
    pub extent: Option<Extent>,
    /// `ending D ago`
    pub ending: Option<Expr>,
    /// `step 6h`
    pub step: Option<Expr>,
    pub this: Option<(This, Span)>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum Extent {
    /// `over 24h`
    Over(Expr),
    /// `over today in "Europe/Warsaw"`
    Calendar {
        period: CalendarPeriod,
        zone: Option<Text>,
        span: Span,
    },
    Ever(Span),
    /// `within 48h`, for `sequence`
    Within(Expr),
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum CalendarPeriod {
    Today,
    ThisWeek,
    ThisMonth,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum This {
    Including,
    Before,
}

/// `sample order { buyer: "b1", … }`
#[derive(Clone, Debug)]
pub struct Sample {
    pub event: Name,
    pub fields: Vec<Setting>,
}

/// `name: value` in a sample or a test line.
#[derive(Clone, Debug)]
pub struct Setting {
    pub name: Name,
    pub value: Given,
}

/// A value given by a test.
#[derive(Clone, Debug)]
pub enum Given {
    Value(Expr),
    /// `+5m`: after the previous line; the duration and the span of all of it.
    After(Expr, Span),
    /// `{ sku: "a", price: 10 USD }`
    Record(Vec<Setting>, Span),
    /// A list that holds records (a list of plain values is an [`ExprKind::Array`]).
    List(Vec<Given>, Span),
}

#[derive(Clone, Debug)]
pub struct Test {
    pub name: Text,
    pub withs: Vec<With>,
    pub lines: Vec<TestLine>,
}

/// `with list trusted_buyers = ["b9"]`; a table's rows are `[key, value]`, `[k1, k2, value]`.
#[derive(Clone, Debug)]
pub struct With {
    /// `list`, `table`, `phrases` or `rates`.
    pub kind: Name,
    /// Absent for `rates`.
    pub name: Option<Name>,
    pub value: Expr,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct TestLine {
    pub kind: TestLineKind,
    pub expectations: Vec<Expectation>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum TestLineKind {
    /// `order { … }`, also `clock { at: +48h }`
    Event { event: Name, fields: Vec<Setting> },
    /// `deadline unpaid`
    Deadline { rule: Name },
}

#[derive(Clone, Debug)]
pub struct Expectation {
    pub kind: ExpectationKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ExpectationKind {
    /// An outcome and the rules it is said to come `by`: `review by a and b`, `review by only a`.
    Outcome(Name),
    By {
        rules: Vec<Name>,
        only: bool,
    },
    NotBy(Vec<Name>),
    Score(Expr),
    CannotSay(Name),
    Shadow(Name),
    Suppressed(Name),
    Label {
        negated: bool,
        label: Name,
        on: Expr,
    },
    Do {
        negated: bool,
        action: Name,
        arguments: Option<Vec<Expr>>,
    },
    Reject,
    Late,
    Duplicate,
    Warming,
    Bad,
}
