//! Exchange rates by date.

use std::collections::BTreeMap;

use ethnum::I256;

use crate::model::money::{Currency, Decimal, Money};
use crate::model::time::{Duration, Time};
use crate::model::value::Unknown;

const DAY: i64 = 86_400_000_000;

/// Exchange rates by date.
#[derive(Clone, Debug)]
pub struct RatesData {
    pub max_age: Duration,
    pairs: BTreeMap<(Currency, Currency), BTreeMap<Time, Decimal>>,
}

/// One unit of a currency is `numerator / denominator` of another.
#[derive(Copy, Clone)]
struct Rate {
    numerator: i64,
    denominator: i64,
}

impl Rate {
    const ONE: Rate = Rate { numerator: 1, denominator: 1 };
}

impl RatesData {
    pub fn new(max_age: Duration) -> RatesData {
        RatesData { max_age, pairs: BTreeMap::new() }
    }

    /// One unit of `from` is `rate` of `to`, from `date` on (a time: the start of that day). `false` if that
    /// pair has a rate of that date already, or if the rate is not above zero.
    pub fn insert(&mut self, date: Time, from: Currency, to: Currency, rate: Decimal) -> bool {
        if rate.0 <= 0 {
            return false;
        }
        let dates = self.pairs.entry((from, to)).or_default();
        if dates.contains_key(&date) {
            return false;
        }
        dates.insert(date, rate);
        true
    }

    /// How many rates there are.
    pub fn len(&self) -> usize {
        self.pairs.values().map(BTreeMap::len).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Converts at the latest rate on or before `at` that is at most `max_age` old, counted in whole days from the
    /// rate's date to the event's; a pair serves both directions; between two currencies without a pair of
    /// their own, through `via`. Rounded once, half-even to six digits.
    pub fn convert(
        &self,
        money: Money,
        to: Currency,
        via: Option<Currency>,
        at: Time,
    ) -> Result<Money, Unknown> {
        if money.currency == to {
            return Ok(money);
        }
        let (first, second) = match self.rate(money.currency, to, at) {
            Some(direct) => (direct, Rate::ONE),
            None => {
                let via = via.filter(|via| *via != to && *via != money.currency).ok_or(Unknown::NoRate)?;
                let first = self.rate(money.currency, via, at).ok_or(Unknown::NoRate)?;
                (first, self.rate(via, to, at).ok_or(Unknown::NoRate)?)
            }
        };
        // Three 64-bit factors: more than 128 bits hold.
        let dividend =
            I256::from(money.amount.0) * I256::from(first.numerator) * I256::from(second.numerator);
        let divisor = I256::from(first.denominator) * I256::from(second.denominator);
        let amount = i64::try_from(divide_half_even(dividend, divisor)).map_err(|_| Unknown::Overflow)?;
        Ok(Money { amount: Decimal(amount), currency: to })
    }

    /// The latest rate of a pair, whichever way round it was told; told both ways for one date, this way.
    fn rate(&self, from: Currency, to: Currency, at: Time) -> Option<Rate> {
        let straight = self.latest((from, to), at);
        let inverse = self.latest((to, from), at);
        match (straight, inverse) {
            (Some((date, _)), Some((other, rate))) if other > date => Some(Rate::inverse(rate)),
            (Some((_, rate)), _) => Some(Rate { numerator: rate.0, denominator: Decimal::SCALE }),
            (None, Some((_, rate))) => Some(Rate::inverse(rate)),
            (None, None) => None,
        }
    }

    fn latest(&self, pair: (Currency, Currency), at: Time) -> Option<(Time, Decimal)> {
        let (date, rate) = self.pairs.get(&pair)?.range(..=at).next_back()?;
        let days_old = (at.0 - date.0) / DAY;
        (days_old * DAY <= self.max_age.0).then_some((*date, *rate))
    }
}

impl Rate {
    fn inverse(rate: Decimal) -> Rate {
        Rate { numerator: Decimal::SCALE, denominator: rate.0 }
    }
}

/// The quotient rounded to the nearest, ties to the even neighbour. `divisor` is above zero.
fn divide_half_even(dividend: I256, divisor: I256) -> I256 {
    let quotient = dividend / divisor;
    let remainder = (dividend % divisor).abs();
    let away = match remainder.cmp(&(divisor - remainder)) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => quotient % 2 != 0,
        std::cmp::Ordering::Greater => true,
    };
    match (away, dividend < 0) {
        (false, _) => quotient,
        (true, false) => quotient + 1,
        (true, true) => quotient - 1,
    }
}
