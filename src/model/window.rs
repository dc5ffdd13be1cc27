//! What an aggregate asks of a memory.

use std::fmt;

use super::money::Decimal;
use super::time::{Duration, Zone};

#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum AggregateFn {
    Count,
    Sum,
    Avg,
    Min,
    Max,
    Distinct,
    First,
    Last,
    Any,
    /// Time since the last one.
    Since,
    Stddev,
    /// The least value that so much of all is not above.
    Percentile(Rank),
}

impl AggregateFn {
    /// Those that take nothing but what they are asked of.
    pub const ALL: [AggregateFn; 11] = [
        AggregateFn::Count,
        AggregateFn::Sum,
        AggregateFn::Avg,
        AggregateFn::Min,
        AggregateFn::Max,
        AggregateFn::Distinct,
        AggregateFn::First,
        AggregateFn::Last,
        AggregateFn::Any,
        AggregateFn::Since,
        AggregateFn::Stddev,
    ];

    pub fn name(self) -> &'static str {
        match self {
            AggregateFn::Count => "count",
            AggregateFn::Sum => "sum",
            AggregateFn::Avg => "avg",
            AggregateFn::Min => "min",
            AggregateFn::Max => "max",
            AggregateFn::Distinct => "distinct",
            AggregateFn::First => "first",
            AggregateFn::Last => "last",
            AggregateFn::Any => "any",
            AggregateFn::Since => "since",
            AggregateFn::Stddev => "stddev",
            AggregateFn::Percentile(_) => "percentile",
        }
    }

    /// Takes the event alone (`count(order)`) rather than a value of it (`sum(order.amount)`).
    pub fn takes_event(self) -> bool {
        matches!(self, AggregateFn::Count | AggregateFn::Any | AggregateFn::Since)
    }

    /// The answer while there is no event yet is a value, not missing.
    pub fn has_zero(self) -> bool {
        matches!(self, AggregateFn::Count | AggregateFn::Sum | AggregateFn::Any | AggregateFn::Distinct)
    }
}

impl fmt::Display for AggregateFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AggregateFn::Percentile(rank) => write!(f, "percentile {}", rank.percent()),
            other => f.write_str(other.name()),
        }
    }
}

/// Of a percentile: from 0, the least of all, to 100 percent, the greatest; in millionths of a percent.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rank(u32);

impl Rank {
    pub const WHOLE: u32 = 100_000_000;

    /// `None` outside of 0 to 100.
    pub fn of(percent: Decimal) -> Option<Rank> {
        u32::try_from(percent.0).ok().filter(|rank| *rank <= Rank::WHOLE).map(Rank)
    }

    pub fn percent(self) -> Decimal {
        Decimal(i64::from(self.0))
    }

    /// Which of so many values in their order it is, from 0: the nearest rank.
    pub fn place(self, count: usize) -> usize {
        let rank = (count as u128 * u128::from(self.0)).div_ceil(u128::from(Rank::WHOLE));
        (rank as usize).saturating_sub(1)
    }
}

/// Which part of event time, with `t` the time of the current event.
#[derive(Clone, Debug, PartialEq)]
pub enum Window {
    /// `(t - ending - span, t - ending]`
    Sliding { span: Duration, ending: Duration },
    /// Time cut every `step` from 1970-01-01T00:00Z: whole steps, from that of `t - span` through that of `t`.
    Stepped { span: Duration, step: Duration },
    /// `[start of the local day, week or month, t]`
    Calendar { period: Period, zone: Zone },
    /// Everything received before, whatever its time.
    Ever,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Period {
    Day,
    /// From Monday.
    Week,
    Month,
}

impl Window {
    /// In what steps a memory keeps what this asks for.
    pub fn step(&self) -> Option<Duration> {
        match self {
            Window::Stepped { step, .. } => Some(*step),
            _ => None,
        }
    }

    /// In what steps a memory keeps sketches for this. Days begin on a quarter of an hour in every zone of today.
    pub fn sketched_step(&self) -> Option<Duration> {
        match self {
            Window::Stepped { step, .. } => Some(*step),
            Window::Sliding { span, .. } => Some(Window::granule(*span)),
            Window::Calendar { .. } => Some(Duration(15 * 60_000_000)),
            Window::Ever => None,
        }
    }

    /// The step of sketches over so long: the longest round one of which at least fifty make the span.
    pub fn granule(span: Duration) -> Duration {
        const SECOND: i64 = 1_000_000;
        const MINUTE: i64 = 60 * SECOND;
        const HOUR: i64 = 60 * MINUTE;
        #[rustfmt::skip]
        const ROUND: [i64; 26] = [
            1, 10, 100, 1000, 10_000, 100_000,
            SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND,
            MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
            HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR, 48 * HOUR, 168 * HOUR,
        ];
        let fits = |step: &&i64| step.saturating_mul(50) <= span.0;
        Duration(ROUND.iter().rev().find(fits).copied().unwrap_or(1))
    }

    /// How far behind `t` a memory must reach for this window; `None` for `ever`.
    pub fn reach(&self) -> Option<Duration> {
        match self {
            Window::Sliding { span, ending } => Some(Duration(span.0.saturating_add(ending.0))),
            Window::Stepped { span, .. } => Some(*span),
            // The longest local day, week and month, with an hour for a clock change.
            Window::Calendar { period, .. } => {
                let hours = match period {
                    Period::Day => 25,
                    Period::Week => 7 * 24 + 1,
                    Period::Month => 31 * 24 + 1,
                };
                Some(Duration(hours * 3_600_000_000))
            }
            Window::Ever => None,
        }
    }
}

/// Whether the current event counts.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum This {
    Including,
    Before,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_sketches_fit_the_span() {
        let minute = 60_000_000;
        let of = |span: i64| Window::granule(Duration(span)).0;
        assert_eq!(of(60 * minute), minute);
        assert_eq!(of(24 * 60 * minute), 15 * minute);
        assert_eq!(of(30 * 24 * 60 * minute), 12 * 60 * minute);
        assert_eq!(of(1), 1);
        assert_eq!((of(499), of(500)), (1, 10));
        for exponent in 6..62 {
            let span = 1i64 << exponent;
            assert!(of(span) * 50 <= span, "{span}");
            // Ten years go in weeks.
            assert!(of(span) * 505 > span || of(span) == 7 * 24 * 60 * minute, "{span}");
        }
    }
}
