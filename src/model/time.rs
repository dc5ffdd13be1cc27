//! Event time: microseconds since 1970-01-01T00:00Z, durations, and time zones.

mod civil;
mod rfc3339;

use std::fmt;
use std::sync::Arc;

use civil::Civil;

use super::window::Period;

/// A moment: microseconds since 1970-01-01T00:00:00Z, within the years 1 to 9999.
///
/// ```
/// let at = rulec::Time::parse_rfc3339("2026-11-11T11:00:00.5+01:00").unwrap();
/// assert_eq!(at.0, 1_794_391_200_500_000);
/// assert_eq!(at.to_string(), "2026-11-11T10:00:00.5Z");
/// ```
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
    /// Always UTC: the tables need not be asked.
    utc: bool,
}

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;
const DAY: i64 = 24 * HOUR;

impl Time {
    /// `0001-01-01T00:00:00Z`
    pub const MIN: Time = Time(-62_135_596_800_000_000);
    /// `9999-12-31T23:59:59.999999Z`
    pub const MAX: Time = Time(253_402_300_799_999_999);

    /// RFC 3339 with an offset, to the microsecond (further digits of the fraction are cut off). `None` otherwise.
    ///
    /// `t` and `z` may be small, as the standard says; a space in place of the `T` is not of its grammar. A leap
    /// second (`23:59:60` in UTC, at the end of a month) is read as the last microsecond before midnight.
    pub fn parse_rfc3339(text: &str) -> Option<Time> {
        rfc3339::parse(text.as_bytes())
    }

    /// `2026-11-11`: midnight in the zone, or the first moment of that day where a clock change skips midnight.
    pub(crate) fn parse_date(text: &str, zone: &Zone) -> Option<Time> {
        let days = rfc3339::parse_date(text.as_bytes())?;
        Time::in_range(zone.start_of_day(days))
    }

    /// `None` outside the years 1 to 9999.
    pub fn in_range(micros: i64) -> Option<Time> {
        (Time::MIN.0..=Time::MAX.0).contains(&micros).then_some(Time(micros))
    }

    /// 0 to 23.
    pub(crate) fn hour(self, zone: &Zone) -> i64 {
        zone.local(self).rem_euclid(DAY) / HOUR
    }

    /// 0 is Monday.
    pub(crate) fn weekday(self, zone: &Zone) -> u16 {
        civil::weekday(zone.local(self).div_euclid(DAY))
    }

    /// 1 to 12.
    pub(crate) fn month(self, zone: &Zone) -> i64 {
        Civil::from_days(zone.local(self).div_euclid(DAY)).month
    }

    /// The start of the local day, week (Monday) or month that holds this time: its first moment, also where a
    /// clock change skips midnight.
    pub(crate) fn start_of(self, period: Period, zone: &Zone) -> Time {
        let today = zone.local(self).div_euclid(DAY);
        let first = match period {
            Period::Day => today,
            Period::Week => today - i64::from(civil::weekday(today)),
            Period::Month => today - (Civil::from_days(today).day - 1),
        };
        // Later than now only if clocks were turned back over midnight; then the day began at the earlier one.
        Time(zone.start_of_day(first).min(self.0).max(Time::MIN.0))
    }

    /// In the zone, to the second, as texts show it: `2026-11-11 18:00:00`.
    pub(crate) fn display_local(self, zone: &Zone) -> String {
        let mut out = Vec::with_capacity(19);
        civil::write(zone.local(self), b' ', &mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    /// Appends what [`fmt::Display`] prints, without going through a formatter.
    pub fn write(self, out: &mut Vec<u8>) {
        civil::write(self.0, b'T', out);
        let mut fraction = self.0.rem_euclid(SECOND);
        if fraction != 0 {
            out.push(b'.');
            let mut unit = SECOND / 10;
            while fraction != 0 {
                out.push(b'0' + (fraction / unit) as u8);
                fraction %= unit;
                unit /= 10;
            }
        }
        out.push(b'Z');
    }
}

/// UTC with `Z`, a fraction only if it is not zero: `2026-11-11T10:00:00Z`.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::with_capacity(27);
        self.write(&mut out);
        f.write_str(std::str::from_utf8(&out).unwrap_or(""))
    }
}

/// The two largest units: `2d 3h`, `4m 10s`, `250ms`, `0s`. The second is the next smaller one and is left out if
/// it is zero (`2d` for two days and five minutes); what is smaller is cut off.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 6] = [
            (DAY as u64, "d"),
            (HOUR as u64, "h"),
            (60 * SECOND as u64, "m"),
            (SECOND as u64, "s"),
            (1_000, "ms"),
            (1, "us"),
        ];
        let size = self.0.unsigned_abs();
        let Some(largest) = UNITS.iter().position(|(unit, _)| size >= *unit) else {
            return f.write_str("0s");
        };
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let (unit, name) = UNITS[largest];
        write!(f, "{}{name}", size / unit)?;
        match UNITS.get(largest + 1) {
            Some((next, name)) if size % unit / next != 0 => write!(f, " {}{name}", size % unit / next),
            _ => Ok(()),
        }
    }
}

impl Zone {
    pub fn utc() -> Zone {
        Zone { name: "UTC".into(), tz: jiff::tz::TimeZone::UTC, utc: true }
    }

    /// `None` if there is no IANA zone of that name.
    pub fn parse(name: &str) -> Option<Zone> {
        if name == "UTC" {
            return Some(Zone::utc());
        }
        // The bundled tables alone: the machine's own may differ from another's.
        let tz = jiff::tz::TimeZoneDatabase::bundled().get(name).ok()?;
        let name: Arc<str> = tz.iana_name()?.into();
        Some(Zone { utc: tz == jiff::tz::TimeZone::UTC, name, tz })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn tz(&self) -> &jiff::tz::TimeZone {
        &self.tz
    }

    /// What a clock on the wall shows, as microseconds since 1970-01-01T00:00 local.
    fn local(&self, time: Time) -> i64 {
        if self.utc { time.0 } else { time.0 + self.offset_at(time.0) }
    }

    fn offset_at(&self, micros: i64) -> i64 {
        let timestamp = jiff::Timestamp::from_microsecond(micros).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        i64::from(self.tz.to_offset(timestamp).seconds()) * SECOND
    }

    /// The first moment of a local day, given by its number since 1970-01-01.
    fn start_of_day(&self, days: i64) -> i64 {
        let midnight = days * DAY;
        if self.utc {
            return midnight;
        }
        let Some(local) = Civil::from_days(days).midnight() else {
            // Beyond the year 9999: no clock changes are known there.
            return midnight - self.offset_at(midnight.min(Time::MAX.0));
        };
        let seconds = |offset: jiff::tz::Offset| i64::from(offset.seconds()) * SECOND;
        match self.tz.to_ambiguous_timestamp(local).offset() {
            jiff::tz::AmbiguousOffset::Unambiguous { offset } => midnight - seconds(offset),
            jiff::tz::AmbiguousOffset::Fold { before, .. } => midnight - seconds(before),
            // Clocks jump over midnight: the day begins at the jump, the last one up to where midnight would be.
            jiff::tz::AmbiguousOffset::Gap { before, .. } => {
                let skipped = midnight - seconds(before);
                let after = jiff::Timestamp::from_microsecond(skipped + 1).ok();
                let jump = after.and_then(|t| self.tz.preceding(t).next());
                jump.map_or(skipped, |jump| jump.timestamp().as_microsecond())
            }
        }
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

#[cfg(test)]
mod tests;
