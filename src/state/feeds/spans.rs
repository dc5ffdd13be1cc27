//! Calendars that an event fills: from when until when, by key.

use std::collections::HashMap;

use crate::model::ids::CalendarId;
use crate::model::time::Time;
use crate::model::value::{Datum, Unknown};
use crate::state::key::KeyHash;
use crate::state::sizes::{Fill, grown, hashed, share};

/// The rows of all such calendars.
#[derive(Debug)]
pub struct Calendars {
    /// Spans kept per key.
    entries: usize,
    keys: HashMap<(CalendarId, KeyHash), Spans>,
    /// Of all keys.
    count: usize,
}

/// The spans of one key.
#[derive(Clone, Debug, PartialEq)]
pub struct Spans {
    pub newest: Time,
    /// Sorted, and apart from one another.
    pub spans: Vec<(Time, Time)>,
    /// The latest end that was dropped for want of room: before it not everything is known.
    pub lost: Option<Time>,
}

impl Calendars {
    /// What each of so many calendars takes with spans of so many keys: they share one map.
    pub fn bytes(&self, of: u64, keys: u64, fill: Fill) -> u64 {
        let count = fill.of(self.entries);
        let map = share(hashed::<((CalendarId, KeyHash), Spans)>(keys.saturating_mul(of)), of);
        map.saturating_add(grown::<(Time, Time)>(count, 1).saturating_mul(keys))
    }

    pub fn new(entries: u32) -> Calendars {
        Calendars { entries: entries as usize, keys: HashMap::new(), count: 0 }
    }

    /// Enters what an event at that time tells: `from` is the first moment of it, `until` the first after it. Whether
    /// the event is older than the newest of its key.
    pub fn enter(
        &mut self,
        calendar: CalendarId,
        key: KeyHash,
        at: Time,
        (from, until): (Time, Time),
    ) -> bool {
        let fresh = || Spans { newest: at, spans: Vec::new(), lost: None };
        let kept = self.keys.entry((calendar, key)).or_insert_with(fresh);
        let late = at < kept.newest;
        kept.newest = kept.newest.max(at);
        let before = kept.spans.len();
        kept.join(from, until);
        while kept.spans.len() > self.entries {
            let (_, end) = kept.spans.remove(0);
            kept.lost = kept.lost.max(Some(end));
        }
        self.count = self.count + kept.spans.len() - before;
        late
    }

    /// How many keys and spans there are.
    pub fn len(&self) -> usize {
        self.keys.len() + self.count
    }

    /// Whether a span of that key holds the moment; unknown where those that were dropped may have.
    pub fn during(&self, calendar: CalendarId, key: KeyHash, at: Time) -> Datum {
        let Some(kept) = self.keys.get(&(calendar, key)) else { return Datum::bool(false) };
        let after = kept.spans.partition_point(|(from, _)| *from <= at);
        let before = after.checked_sub(1).and_then(|place| kept.spans.get(place));
        match before.is_some_and(|(_, until)| at < *until) {
            false if kept.lost.is_some_and(|lost| at < lost) => Datum::Unknown(Unknown::Saturated),
            holds => Datum::bool(holds),
        }
    }

    /// The spans of a key as they were once; those beyond the cap go when the next comes.
    pub fn restore(&mut self, calendar: CalendarId, key: KeyHash, spans: Spans) {
        self.count += spans.spans.len();
        let before = self.keys.insert((calendar, key), spans);
        self.count -= before.map_or(0, |before| before.spans.len());
    }

    /// Everything, in an order that depends on nothing else.
    pub fn sorted(&self) -> Vec<(CalendarId, KeyHash, Spans)> {
        let all = self.keys.iter().map(|((calendar, key), spans)| (*calendar, *key, spans.clone()));
        let mut all: Vec<_> = all.collect();
        all.sort_by_key(|(calendar, key, _)| (*calendar, *key));
        all
    }
}

impl Spans {
    /// All that overlap or touch become one. A span that ends where it begins, or before, never holds.
    fn join(&mut self, from: Time, until: Time) {
        if until <= from {
            return;
        }
        let first = self.spans.partition_point(|(_, end)| *end < from);
        let last = self.spans.partition_point(|(start, _)| *start <= until).max(first);
        let touched = self.spans.get(first..last).unwrap_or_default();
        let joined = touched.iter().fold((from, until), |(a, b), (start, end)| (a.min(*start), b.max(*end)));
        self.spans.splice(first..last, [joined]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALENDAR: CalendarId = CalendarId(0);
    const KEY: KeyHash = KeyHash(7);

    fn during(calendars: &Calendars, at: i64) -> Datum {
        calendars.during(CALENDAR, KEY, Time(at))
    }

    #[test]
    fn spans_hold_from_their_first_moment_to_before_their_end() {
        let mut calendars = Calendars::new(10);
        assert_eq!(during(&calendars, 5), Datum::bool(false));
        assert!(!calendars.enter(CALENDAR, KEY, Time(1), (Time(5), Time(8))));
        assert_eq!(
            [4, 5, 7, 8].map(|at| during(&calendars, at)),
            [false, true, true, false].map(Datum::bool)
        );
        assert!(calendars.enter(CALENDAR, KEY, Time(0), (Time(8), Time(9))));
        assert!(!calendars.enter(CALENDAR, KEY, Time(1), (Time(20), Time(20))));
        assert_eq!([8, 9, 20].map(|at| during(&calendars, at)), [true, false, false].map(Datum::bool));
        assert_eq!(calendars.during(CALENDAR, KeyHash(8), Time(6)), Datum::bool(false));
        assert_eq!(calendars.during(CalendarId(1), KEY, Time(6)), Datum::bool(false));
    }

    #[test]
    fn the_earliest_spans_go_first_and_what_they_held_is_unknown() {
        let mut calendars = Calendars::new(2);
        for from in [30, 10, 20] {
            calendars.enter(CALENDAR, KEY, Time(1), (Time(from), Time(from + 5)));
        }
        let lost = Datum::Unknown(Unknown::Saturated);
        let no = Datum::bool(false);
        assert_eq!([5, 12, 14].map(|at| during(&calendars, at)), [lost.clone(), lost.clone(), lost]);
        assert_eq!([15, 19, 25].map(|at| during(&calendars, at)), [no.clone(), no.clone(), no]);
        assert_eq!(during(&calendars, 22), Datum::bool(true));
        assert_eq!(calendars.sorted().len(), 1);
    }
}
