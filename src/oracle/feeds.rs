//! Lists, tables and calendars that lines and events fill: everything is kept as it came, and gone through anew for
//! each question.

use super::{Oracle, canonical, cell_key};
use crate::model::data::ListData;
use crate::model::event::{Event, ListLine};
use crate::model::ids::{CalendarId, ListId};
use crate::model::time::Time;
use crate::model::value::{Datum, Unknown, Value};
use crate::sema::hir::Feed;

/// What was received so far.
#[derive(Default)]
pub(super) struct Received {
    lines: Vec<ListLine>,
    /// Events that fill something.
    events: Vec<Event>,
}

impl Oracle {
    /// A line of input that changes a list.
    pub fn fill(&mut self, line: ListLine) {
        self.received.lines.push(line);
    }

    /// Unknown until there was a line for the list; then what the lines have left in it, one after the other.
    pub(super) fn in_filled(&self, list: ListId, value: &Value, at: Time) -> Datum {
        let mut held: Option<Vec<Value>> = None;
        for line in self.received.lines.iter().filter(|line| line.list == list) {
            let held = held.get_or_insert_default();
            held.retain(|known| line.remove.iter().all(|gone| canonical(gone) != canonical(known)));
            held.extend(line.add.iter().cloned());
        }
        let Some(held) = held else { return Datum::MISSING };
        let mut data = ListData::new();
        held.into_iter().for_each(|value| data.insert(value, None));
        Datum::bool(data.contains(value, at))
    }

    /// Per field the last value told of these keys, by time and then by arrival.
    pub(super) fn row(&self, feed: &Feed, keys: &[Value]) -> Datum {
        let about = self.about(feed, keys);
        if about.is_empty() {
            return Datum::MISSING;
        }
        let mut row: Vec<Datum> = vec![Datum::MISSING; feed.fields.len()];
        for (place, field) in feed.fields.iter().enumerate() {
            let told = about.iter().filter(|event| event.fields[field.index()].known().is_some());
            // Of several with the largest time this is the last to arrive.
            if let Some(last) = told.max_by_key(|event| event.at()) {
                row[place] = last.fields[field.index()].clone();
            }
        }
        Datum::Known(Value::Record(row.into()))
    }

    /// Whether some event of these keys has `from <= at < until`. Of spans that don't touch only so many are kept; the
    /// earliest go.
    pub(super) fn during_told(&self, calendar: CalendarId, keys: &[Value], at: Time) -> Datum {
        let Some(feed) = &self.hir.calendars[calendar.index()].feed else { return Datum::MISSING };
        let mut spans: Vec<(Time, Time)> = Vec::new();
        let mut lost: Option<Time> = None;
        for event in self.about(feed, keys) {
            let Some((from, until)) = span(feed, event) else { continue };
            if from < until {
                // All that touch it become part of it.
                let (touching, apart): (Vec<_>, Vec<_>) =
                    spans.into_iter().partition(|(start, end)| *start <= until && from <= *end);
                spans = apart;
                let start = touching.iter().map(|span| span.0).fold(from, Time::min);
                let end = touching.iter().map(|span| span.1).fold(until, Time::max);
                spans.push((start, end));
                spans.sort();
            }
            if spans.len() > self.hir.header.limits.entries as usize {
                lost = lost.max(Some(spans.remove(0).1));
            }
        }
        let holds = spans.iter().any(|(from, until)| *from <= at && at < *until);
        if !holds && lost.is_some_and(|lost| at < lost) {
            return Datum::Unknown(Unknown::Saturated);
        }
        Datum::bool(holds)
    }

    /// The events received before that told something of these keys, in order of arrival.
    fn about(&self, feed: &Feed, keys: &[Value]) -> Vec<&Event> {
        let keys = cell_key(keys);
        let same = |event: &&Event| {
            event.event == feed.event && told_keys(feed, event).is_some_and(|own| cell_key(&own) == keys)
        };
        self.received.events.iter().filter(same).collect()
    }

    /// Keeps the event if it fills something. Says whether it is older than another of the same keys.
    pub(super) fn write_feeds(&mut self, event: &Event) -> bool {
        let tables = self.hir.tables.iter().filter_map(|table| Some((table.feed.as_ref()?, false)));
        let calendars =
            self.hir.calendars.iter().filter_map(|calendar| Some((calendar.feed.as_ref()?, true)));
        let (mut fills, mut late) = (false, false);
        for (feed, is_calendar) in tables.chain(calendars).filter(|(feed, _)| feed.event == event.event) {
            let Some(keys) = told_keys(feed, event) else { continue };
            let written = |event: &Event| !is_calendar || span(feed, event).is_some();
            if !written(event) {
                continue;
            }
            fills = true;
            late |= self.about(feed, &keys).iter().any(|other| written(other) && event.at() < other.at());
        }
        if fills {
            self.received.events.push(event.clone());
        }
        late
    }
}

/// All keys of the event; `None` if one is missing.
fn told_keys(feed: &Feed, event: &Event) -> Option<Vec<Value>> {
    feed.keys.iter().map(|key| event.fields[key.index()].known().cloned()).collect()
}

/// From when until when, if the event says both.
fn span(feed: &Feed, event: &Event) -> Option<(Time, Time)> {
    let mut bounds = feed.fields.iter().map(|field| event.fields[field.index()].known());
    match (bounds.next()??, bounds.next()??) {
        (Value::Time(from), Value::Time(until)) => Some((*from, *until)),
        _ => None,
    }
}
