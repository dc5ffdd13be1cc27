//! What an aggregate asks of a memory.

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
}

impl AggregateFn {
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

/// Which part of event time, with `t` the time of the current event.
#[derive(Clone, Debug, PartialEq)]
pub enum Window {
    /// `(t - ending - span, t - ending]`
    Sliding { span: Duration, ending: Duration },
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
    /// How far behind `t` a memory must reach for this window; `None` for `ever`.
    pub fn reach(&self) -> Option<Duration> {
        match self {
            Window::Sliding { span, ending } => Some(Duration(span.0.saturating_add(ending.0))),
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
