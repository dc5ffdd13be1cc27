//! The built-in event `hit`: what the hits of an event leave for later ones to count.

use super::Oracle;
use crate::model::decision::Hit;
use crate::model::event::Event;
use crate::model::value::{Datum, Value};
use crate::sema::hir::{HitField, Severity};

impl Oracle {
    /// Enters the hits of an event, or of a deadline, wherever they count. None of them makes the event late.
    pub(super) fn write_hits(&mut self, event: &Event, hits: &[Hit]) {
        for hit in hits {
            let hit = self.hit_as_event(event, hit);
            self.write(&hit);
        }
    }

    fn hit_as_event(&self, event: &Event, hit: &Hit) -> Event {
        let one_of = |name: &str, all: &[&str]| {
            let place = all.iter().position(|other| *other == name)?;
            Some(Datum::Known(Value::Enum(place as u16)))
        };
        let outcomes: Vec<&str> = self.hir.header.outcomes.iter().map(String::as_str).collect();
        let value = |field: HitField| match field {
            HitField::Rule => Some(Datum::Known(Value::Text(hit.rule.clone()))),
            HitField::Score => Some(Datum::Known(Value::Int(hit.score))),
            HitField::Outcome => one_of(hit.outcome.as_deref()?, &outcomes),
            HitField::Severity => one_of(hit.severity?, &Severity::ALL.map(Severity::name)),
            HitField::Of(field) => event.fields.get(field.index()).cloned(),
        };
        let fields = self.hir.hit_fields(event.event).into_iter();
        Event {
            event: self.hir.hit.id,
            fields: fields.map(|field| field.and_then(value).unwrap_or(Datum::MISSING)).collect(),
            bad: Vec::new(),
            content: 0,
        }
    }
}
