//! Event time: microseconds since 1970-01-01T00:00Z, durations, and time zones.

use std::fmt;
use std::sync::Arc;

use super::window::Period;

/// Microseconds since 1970-01-01T00:00:00Z; within the years 1 to 9999.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

/// Microseconds.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(pub i64);

/// An IANA time zone, from the tables that are compiled in.
#[derive(Clone)]
pub struct Zone {
    name: Arc<str>,
    tz: jiff::tz::TimeZone,
}

impl Time {
    pub const MIN: Time = Time(-62_135_596_800_000_000);
    pub const MAX: Time = Time(253_402_300_799_999_999);

    /// RFC 3339 with an offset, to the microsecond (further digits of the fraction are cut off). `None` otherwise.
    pub fn parse_rfc3339(text: &str) -> Option<Time> {
        let _ = text;
        todo!("model")
    }

    /// `2026-11-11`: midnight in the zone.
    pub fn parse_date(text: &str, zone: &Zone) -> Option<Time> {
        let _ = (text, zone);
        todo!("model")
    }

    pub fn in_range(micros: i64) -> Option<Time> {
        (Time::MIN.0..=Time::MAX.0).contains(&micros).then_some(Time(micros))
    }

    /// 0 to 23.
    pub fn hour(self, zone: &Zone) -> i64 {
        let _ = zone;
        todo!("model")
    }

    /// 0 is Monday.
    pub fn weekday(self, zone: &Zone) -> u16 {
        let _ = zone;
        todo!("model")
    }

    /// 1 to 12.
    pub fn month(self, zone: &Zone) -> i64 {
        let _ = zone;
        todo!("model")
    }

    /// The start of the local day, week (Monday) or month that holds this time.
    pub fn start_of(self, period: Period, zone: &Zone) -> Time {
        let _ = (period, zone);
        todo!("model")
    }

    /// In the zone, to the second, as texts show it: `2026-11-11 18:00:00`.
    pub fn display_local(self, zone: &Zone) -> String {
        let _ = zone;
        todo!("model")
    }

    /// Appends what [`fmt::Display`] prints, without going through a formatter.
    pub fn write(self, out: &mut Vec<u8>) {
        let _ = out;
        todo!("model")
    }
}

/// UTC with `Z`, a fraction only if it is not zero: `2026-11-11T10:00:00Z`.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = f;
        todo!("model")
    }
}

/// The two largest units: `2d 3h`, `4m 10s`, `250ms`, `0s`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = f;
        todo!("model")
    }
}

impl Zone {
    pub fn utc() -> Zone {
        Zone { name: "UTC".into(), tz: jiff::tz::TimeZone::UTC }
    }

    /// `None` if there is no IANA zone of that name.
    pub fn parse(name: &str) -> Option<Zone> {
        let _ = name;
        todo!("model")
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn tz(&self) -> &jiff::tz::TimeZone {
        &self.tz
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Zone) -> bool {
        self.name == other.name
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name)
    }
}
