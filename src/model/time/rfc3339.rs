//! Reading RFC 3339. Every event passes here, so it is one pass over bytes.

use super::civil::Civil;
use super::{DAY, HOUR, SECOND, Time};

const MINUTE: i64 = 60 * SECOND;

/// `2018-04-01T00:00:31Z`, `2018-04-01T02:00:31.5+02:00`
pub(super) fn parse(text: &[u8]) -> Option<Time> {
    let (date, rest) = text.split_at_checked(10)?;
    let date = civil(date)?;
    let (clock, mut rest) = rest.split_at_checked(9)?;
    let [b'T' | b't', h1, h2, b':', m1, m2, b':', s1, s2] = *clock else { return None };
    let (hour, minute, second) = (two(h1, h2)?, two(m1, m2)?, two(s1, s2)?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }

    let mut fraction = 0;
    if let Some((b'.', digits)) = rest.split_first() {
        let count = digits.iter().position(|b| !b.is_ascii_digit()).unwrap_or(digits.len());
        let (digits, after) = digits.split_at(count);
        if digits.is_empty() {
            return None;
        }
        let mut unit = SECOND;
        for digit in digits.iter().take(6) {
            unit /= 10;
            fraction += i64::from(digit - b'0') * unit;
        }
        rest = after;
    }

    let local = date.to_days() * DAY + hour * HOUR + minute * MINUTE + second * SECOND + fraction;
    let utc = local - offset(rest)?;
    Time::in_range(if second == 60 { leap_second(utc - fraction)? } else { utc })
}

/// Days since 1970-01-01 of `2018-04-01`.
pub(super) fn parse_date(text: &[u8]) -> Option<i64> {
    civil(text).map(|date| date.to_days())
}

fn civil(text: &[u8]) -> Option<Civil> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *text else { return None };
    let date = Civil { year: two(y1, y2)? * 100 + two(y3, y4)?, month: two(m1, m2)?, day: two(d1, d2)? };
    (date.year > 0 && date.exists()).then_some(date)
}

/// `Z` or `+08:00`, in microseconds east of UTC. `-00:00` (UTC, the local offset is unknown) is UTC.
fn offset(text: &[u8]) -> Option<i64> {
    match *text {
        [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (two(h1, h2)?, two(m1, m2)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let offset = hours * HOUR + minutes * MINUTE;
            Some(if sign == b'-' { -offset } else { offset })
        }
        _ => None,
    }
}

/// `next` is the midnight after a leap second, and only that of a month's end can be one. The whole second becomes
/// the last microsecond before: that keeps it on its day and after everything else of that day.
fn leap_second(next: i64) -> Option<i64> {
    let month_begins = next.rem_euclid(DAY) == 0 && Civil::from_days(next.div_euclid(DAY)).day == 1;
    month_begins.then_some(next - 1)
}

fn two(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then_some(i64::from(tens) * 10 + i64::from(ones))
}
