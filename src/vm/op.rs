//! The instructions. Typed, so that the common ones are a few machine instructions each; what is rare goes
//! through [`Slow`] and `model::ops`.

use std::ops::Range;
use std::sync::Arc;

use crate::builtins::BuiltinId;
use crate::model::ids::*;
use crate::model::money::Currency;
use crate::model::ops::{BinaryOp, CompareOp, TextTest, UnaryOp};
use crate::model::slot::Slot;
use crate::model::types::Type;
use crate::model::value::Value;
use crate::sema::hir::{FoldFn, Regex};

/// A register: a slot of the event's frame. Every node has its own and keeps it, so that explanations can
/// read everything afterwards.
pub type Reg = u32;

/// A run of [`EventProgram::lists`].
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Regs {
    pub start: u32,
    pub len: u32,
}

/// One step. `to` is written, the others are read.
///
/// `…Whole` work on what is an `i64` in a slot: int, decimal, time and duration, and for equality also
/// bool, enum, country and currency.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Instr {
    And2 {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    Or2 {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    And {
        to: Reg,
        all: Regs,
    },
    Or {
        to: Reg,
        all: Regs,
    },
    Not {
        to: Reg,
        a: Reg,
    },
    Else {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    IsMissing {
        to: Reg,
        a: Reg,
    },
    IsPresent {
        to: Reg,
        a: Reg,
    },
    EqualWhole {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    NotEqualWhole {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    LessWhole {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    LessEqualWhole {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    GreaterWhole {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    GreaterEqualWhole {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    EqualText {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    NotEqualText {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    /// Of one currency at once, else through the rates.
    CompareMoney {
        op: CompareOp,
        to: Reg,
        a: Reg,
        b: Reg,
    },
    AddWhole {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    SubtractWhole {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    MultiplyWhole {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    /// The result is a decimal; `ints` tells which operands are not.
    MultiplyDecimal {
        to: Reg,
        a: Reg,
        b: Reg,
        ints: [bool; 2],
    },
    DivideDecimal {
        to: Reg,
        a: Reg,
        b: Reg,
        ints: [bool; 2],
    },
    /// Of one currency at once, else through the rates.
    AddMoney {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    SubtractMoney {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    IntToDecimal {
        to: Reg,
        a: Reg,
    },
    /// `a` among the known values of `all`, compared as whole numbers.
    InWholes {
        to: Reg,
        a: Reg,
        all: Regs,
    },
    InTexts {
        to: Reg,
        a: Reg,
        all: Regs,
    },
    InListText {
        to: Reg,
        a: Reg,
        list: ListId,
    },
    InListIp {
        to: Reg,
        a: Reg,
        list: ListId,
    },
    TextTest {
        test: TextTest,
        to: Reg,
        a: Reg,
        b: Reg,
    },
    Matches {
        to: Reg,
        a: Reg,
        regex: u32,
    },
    Mentions {
        to: Reg,
        a: Reg,
        phrases: PhrasesId,
    },
    Member {
        to: Reg,
        a: Reg,
        place: u32,
    },
    /// Of [`EventProgram::folds`].
    Fold {
        fold: u32,
    },
    /// Of [`EventProgram::slow`].
    Slow {
        slow: u32,
    },
    /// Goes on at `target` unless `a` is known to be true.
    SkipUnless {
        a: Reg,
        target: u32,
    },
}

/// What is done through trees of values.
#[derive(Clone, Debug)]
pub struct Slow {
    pub op: SlowOp,
    pub to: Reg,
    pub args: Box<[Operand]>,
    /// Of the result.
    pub ty: Type,
}

#[derive(Clone, Debug)]
pub struct Operand {
    pub reg: Reg,
    pub ty: Type,
    /// Known before any event.
    pub constant: Option<Value>,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum SlowOp {
    Unary(UnaryOp),
    Binary(BinaryOp),
    Compare(CompareOp),
    Between,
    InArray,
    InList(ListId),
    InFilled(ListId),
    InNetwork,
    InElements,
    Call(BuiltinId),
    HasLabel(LabelId),
    Lookup(TableId),
    LookupTold(TableId),
    During(CalendarId),
    DuringTold(CalendarId),
    Convert(Currency),
}

/// A question to a list: runs `body` for every element.
#[derive(Clone, Debug)]
pub struct FoldCode {
    pub function: FoldFn,
    pub to: Reg,
    pub list: Reg,
    /// Where the body finds the element; absent if it does not look.
    pub element: Option<Reg>,
    pub filter: Option<Reg>,
    pub value: Option<Reg>,
    /// Of the value.
    pub value_ty: Type,
    /// Of the result.
    pub ty: Type,
    /// In [`EventProgram::bodies`].
    pub body: Range<usize>,
}

/// Everything that is executed for one event type.
#[derive(Clone, Debug, Default)]
pub struct EventProgram {
    pub code: Vec<Instr>,
    /// The insides of folds.
    pub bodies: Vec<Instr>,
    pub lists: Vec<Reg>,
    pub folds: Vec<FoldCode>,
    pub slow: Vec<Slow>,
    pub regexes: Vec<Arc<Regex>>,
    /// How many registers a frame has; the first ones are the event's fields, by their place.
    pub registers: usize,
    /// Constants: put into a frame once, never written again.
    pub presets: Vec<(Reg, Slot)>,
    /// Filters, values and keys.
    pub inputs: Range<usize>,
    /// Conditions of all rules; needs the answers of memory.
    pub rules: Range<usize>,
    /// Per rule, what is needed only once it has hit.
    pub blocks: Vec<Range<usize>>,
    /// Where each node stands, ascending by node.
    pub places: Vec<(u32, Reg)>,
}

impl EventProgram {
    /// The register of a node of the plan, if it is computed for this event type.
    pub fn place(&self, node: u32) -> Option<Reg> {
        let found = self.places.binary_search_by_key(&node, |place| place.0).ok()?;
        self.places.get(found).map(|place| place.1)
    }
}
