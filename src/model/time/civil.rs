//! The calendar: days since 1970-01-01 and their dates, after the proleptic Gregorian rules.

/// A date.
pub(super) struct Civil {
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
}

/// Days of 400 years, after which the calendar repeats.
const DAYS_PER_ERA: i64 = 146_097;
/// From the first of March of the year 0 to 1970-01-01.
const EPOCH: i64 = 719_468;

impl Civil {
    /// Years begin in March here, so that the leap day comes last and months follow one formula.
    pub fn from_days(days: i64) -> Civil {
        let shifted = days + EPOCH;
        let era = shifted.div_euclid(DAYS_PER_ERA);
        let day_of_era = shifted.rem_euclid(DAYS_PER_ERA);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * march_month + 2) / 5 + 1;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        Civil { year, month, day }
    }

    pub fn to_days(&self) -> i64 {
        let year = self.year - i64::from(self.month <= 2);
        let year_of_era = year.rem_euclid(400);
        let march_month = (self.month + 9) % 12;
        let day_of_year = (153 * march_month + 2) / 5 + self.day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        year.div_euclid(400) * DAYS_PER_ERA + day_of_era - EPOCH
    }

    /// The year is 0 to 9999 and the month has that day.
    pub fn exists(&self) -> bool {
        let length = match self.month {
            4 | 6 | 9 | 11 => 30,
            2 if self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0) => 29,
            2 => 28,
            1..=12 => 31,
            _ => return false,
        };
        (1..=length).contains(&self.day)
    }

    /// `None` beyond the years that zone tables are asked for.
    pub fn midnight(&self) -> Option<jiff::civil::DateTime> {
        let (year, month, day) =
            (i16::try_from(self.year).ok()?, i8::try_from(self.month).ok()?, i8::try_from(self.day).ok()?);
        jiff::civil::DateTime::new(year, month, day, 0, 0, 0, 0).ok()
    }
}

/// 0 is Monday; 1970-01-01 was a Thursday.
pub(super) fn weekday(days: i64) -> u16 {
    (days + 3).rem_euclid(7) as u16
}

/// `2026-11-11T10:00:00` of microseconds since 1970-01-01T00:00, cut to the second.
pub(super) fn write(micros: i64, separator: u8, out: &mut Vec<u8>) {
    let date = Civil::from_days(micros.div_euclid(super::DAY));
    let second = micros.rem_euclid(super::DAY) / super::SECOND;
    // Local times of the very first and last hours may lie in the years 0 and 10000.
    if date.year > 9_999 {
        out.push(b'1');
    }
    let numbers = [
        (date.year / 100 % 100, None),
        (date.year % 100, Some(b'-')),
        (date.month, Some(b'-')),
        (date.day, Some(separator)),
        (second / 3_600, Some(b':')),
        (second / 60 % 60, Some(b':')),
        (second % 60, None),
    ];
    // Built apart: asking the vector for room byte by byte takes longer than all the rest.
    let mut text = [0; 19];
    let mut at = 0;
    for (number, after) in numbers {
        text[at] = b'0' + (number / 10) as u8;
        text[at + 1] = b'0' + (number % 10) as u8;
        at += 2;
        if let Some(after) = after {
            text[at] = after;
            at += 1;
        }
    }
    out.extend_from_slice(&text);
}
