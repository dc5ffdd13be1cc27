//! What one memory keeps of one key, for people and other programs.

use super::{KeyMemory, Kind, Shape};
use crate::model::slot::{Arena, Arenas};
use crate::model::time::Time;
use crate::model::value::Value;

/// One memory of one key, as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    pub newest: Time,
    /// The latest event that windows can't reach any more: it expired, or came too late.
    pub lost: Option<Time>,
    /// The latest event that had to go because there were too many.
    pub capped: Option<Time>,
    /// Events within reach: when they happened, and what was kept of their value.
    pub entries: Vec<(Time, Kept)>,
    /// How many events were counted in all, where `ever` is asked.
    pub ever: Option<u64>,
    /// Steps of time that hold something, where those are kept in place of events.
    pub steps: Option<usize>,
}

/// What is kept of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Kept {
    Nothing,
    Value(Value),
    /// Enough to tell it from others.
    Hash(u128),
}

impl KeyMemory {
    pub fn show(&self, shape: &Shape) -> Shown {
        let told = |time: i64| (time != i64::MIN).then_some(Time(time));
        let extra = self.extra.as_deref();
        let values = extra.map(|extra| &extra.values);
        let layout = shape.layout();
        let expired =
            if shape.steps() { self.entries.len() } else { self.entries.until(layout, self.limit(shape)) };
        let last = expired.checked_sub(1).and_then(|last| self.entries.at(layout, last));
        let last_expired = last.filter(|_| !shape.steps()).unwrap_or(i64::MIN);
        let entries = (expired..self.entries.len()).filter_map(|place| {
            let kept = values.and_then(|values| values.get(place)?.clone());
            Some((
                Time(self.entries.at(layout, place)?),
                kept.map_or_else(|| self.kept(shape, place), Kept::Value),
            ))
        });
        Shown {
            newest: Time(self.newest),
            lost: told(self.lost.max(last_expired)),
            capped: told(self.capped),
            entries: entries.collect(),
            ever: extra.and_then(|extra| extra.ever.as_ref()).map(|ever| ever.counted()),
            steps: extra
                .and_then(|extra| extra.steps.as_ref())
                .filter(|_| shape.steps())
                .map(|steps| steps.len()),
        }
    }

    fn kept(&self, shape: &Shape, place: usize) -> Kept {
        let arena = Arena::new();
        match (shape.kind, &shape.ty) {
            (Kind::Bare, _) | (_, None) => Kept::Nothing,
            (Kind::Hashed, _) => Kept::Hash(self.entries.value(shape.layout(), place)),
            (_, Some(ty)) => {
                let slot = shape.number(self.entries.number(place).unwrap_or_default());
                let datum = Arenas { constants: &arena, event: &arena }.datum(slot, ty);
                datum.known().cloned().map_or(Kept::Nothing, Kept::Value)
            }
        }
    }
}
