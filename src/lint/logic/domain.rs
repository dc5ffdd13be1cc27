//! What is known of subjects while a way to make formulas hold is looked for.

use std::collections::{BTreeMap, BTreeSet};

use super::Fact;
use crate::model::money::Decimal;
use crate::model::ops::CompareOp;

/// How far two whole numbers lie apart in the units of [`super::number`], before doubling.
pub const UNIT: i128 = Decimal::SCALE as i128;

/// A set of places on the line of [`super::number`]: those between two bounds, some left out. Even places are values that
/// can be written; the odd ones between stand for what may lie between them.
#[derive(Clone, Debug)]
pub struct Numbers {
    low: Option<i128>,
    high: Option<i128>,
    without: BTreeSet<i128>,
    /// Only whole numbers count.
    integral: bool,
}

impl Numbers {
    /// The values that compare so with the one at `at`, within their natural bounds.
    pub fn compared(
        op: CompareOp,
        at: i128,
        integral: bool,
        natural: (Option<i128>, Option<i128>),
    ) -> Numbers {
        let mut numbers = Numbers { low: natural.0, high: natural.1, without: BTreeSet::new(), integral };
        match op {
            CompareOp::Equal => numbers.narrow(Some(at), Some(at)),
            CompareOp::NotEqual => {
                numbers.without.insert(at);
            }
            CompareOp::Less => numbers.narrow(None, Some(at - 1)),
            CompareOp::LessEqual => numbers.narrow(None, Some(at)),
            CompareOp::Greater => numbers.narrow(Some(at + 1), None),
            CompareOp::GreaterEqual => numbers.narrow(Some(at), None),
        }
        numbers
    }

    fn narrow(&mut self, low: Option<i128>, high: Option<i128>) {
        self.low = match (self.low, low) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (a, b) => a.or(b),
        };
        self.high = match (self.high, high) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }

    fn meet(&mut self, other: &Numbers) {
        self.narrow(other.low, other.high);
        self.without.extend(&other.without);
        self.integral |= other.integral;
    }

    fn is_empty(&self) -> bool {
        let (Some(mut low), Some(mut high)) = (self.low, self.high) else { return false };
        if self.integral {
            let step = 2 * UNIT;
            low = low.div_euclid(step) * step + if low.rem_euclid(step) == 0 { 0 } else { step };
            high = high.div_euclid(step) * step;
            // With few left out, they can only use up a short stretch.
            let most = self.without.len() as i128 + 1;
            return low > high
                || (high - low) / step < most
                    && (0..=(high - low) / step).all(|i| self.without.contains(&(low + i * step)));
        }
        low > high || low == high && self.without.contains(&low)
    }
}

#[derive(Clone, Debug, Default)]
pub struct State {
    known: BTreeMap<u32, bool>,
    numbers: BTreeMap<u32, Numbers>,
    choices: BTreeMap<u32, Choice>,
}

#[derive(Clone, Debug)]
struct Choice {
    /// If these are all there can be.
    among: Option<BTreeSet<u32>>,
    without: BTreeSet<u32>,
}

impl State {
    /// `false` if this contradicts what was known.
    pub fn add(&mut self, fact: &Fact) -> bool {
        match fact {
            Fact::Known(subject, known) => *self.known.entry(*subject).or_insert(*known) == *known,
            Fact::Number { subject, numbers } => {
                let all = self.numbers.entry(*subject).or_insert_with(|| numbers.clone());
                all.meet(numbers);
                !all.is_empty()
            }
            Fact::Choice { subject, universe, values, among } => {
                let all = self.choices.entry(*subject).or_insert_with(|| Choice {
                    among: universe.as_ref().map(|all| all.iter().copied().collect()),
                    without: BTreeSet::new(),
                });
                if *among {
                    let these: BTreeSet<u32> = values.iter().copied().collect();
                    all.among = Some(match &all.among {
                        Some(before) => before.intersection(&these).copied().collect(),
                        None => these,
                    });
                } else {
                    all.without.extend(values);
                }
                !all.among.as_ref().is_some_and(|among| among.is_subset(&all.without))
            }
        }
    }
}
