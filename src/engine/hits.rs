//! The built-in event `hit`: what the hits of an event leave for later ones to count.

use super::effects::Known;
use super::evaluate::{Engine, KeysOf, Scratch, read_memory, write_memory};
use super::later::write_sequences;
use crate::model::decision::Hit;
use crate::model::ids::EventId;
use crate::model::slot::{Arena, Slot};
use crate::model::time::Time;
use crate::plan::Plan;
use crate::sema::hir::{Hir, HitField, Severity};
use crate::state::{GroupId, Sequences, Sights, Store};
use crate::vm::{Frame, Machine};

/// How hits are kept.
#[derive(Debug)]
pub(super) struct HitCode {
    /// Of the plan that writes them.
    place: usize,
    /// By the event on which a rule hit: the fields that are needed, each with what it holds.
    fields: Vec<Vec<(usize, Option<HitField>)>>,
}

impl HitCode {
    /// `None` if nobody asks for hits.
    pub fn of(plan: &Plan, hir: &Hir) -> Option<HitCode> {
        let place = plan.hits?;
        let needed = &plan.events.get(place)?.fields;
        let fields = hir.schema.events.iter().map(|event| {
            let held = hir.hit_fields(event.id);
            needed.iter().map(|to| (to.index(), held.get(to.index()).copied().flatten())).collect()
        });
        Some(HitCode { place, fields: fields.collect() })
    }
}

/// What writing hits takes.
pub(super) struct Writing<'a> {
    pub known: &'a Known<'a>,
    pub arena: &'a mut Arena,
    pub frames: &'a mut [Frame],
    pub groups: &'a [Vec<Option<(GroupId, Sights)>>],
    pub store: &'a mut Store,
    pub sequences: &'a mut Sequences,
    pub scratch: &'a mut Scratch,
}

impl Engine {
    /// Writes the hits of an event, or of a deadline, wherever they count; the frame at `place` holds the fields as the
    /// rules saw them. Whether there was no room for one of their keys; that a hit is older than others of its key makes no
    /// event late.
    #[cold]
    pub(super) fn write_hits(
        &self,
        hits: &[Hit],
        (event, place): (EventId, usize),
        at: Time,
        writing: Writing<'_>,
    ) -> bool {
        let Writing { known, arena, frames, groups, store, sequences, scratch } = writing;
        let ruleset = &*self.ruleset;
        let Some(kept) = &ruleset.hits else { return false };
        let (Some(code), Some(groups)) = (ruleset.events.get(kept.place), groups.get(kept.place)) else {
            return false;
        };
        let Some(fields) = kept.fields.get(event.index()) else { return false };
        let mut full = false;
        for hit in hits {
            for (to, field) in fields {
                let slot = field.map_or(Slot::MISSING, |field| match field {
                    HitField::Of(field) => frames[place].slots[field.index()],
                    other => self.said(hit, other, arena),
                });
                frames[kept.place].slots[*to] = slot;
            }
            let mut machine = Machine {
                program: &ruleset.program.events[kept.place],
                frame: &mut frames[kept.place],
                constants: &ruleset.program.constants,
                arena,
                around: self.around(known, at),
            };
            machine.run_inputs();
            let keys = KeysOf { groups, hashes: &[], cells: &[] };
            read_memory(&mut machine, code, store, keys, &[], scratch, at);
            let mut wrote = write_memory(&machine, code, store, scratch, at);
            write_sequences(&machine, code, sequences, (store.budget(), &self.hasher), at, &mut wrote);
            full |= wrote.full;
        }
        full
    }

    /// What is told of the hit itself.
    fn said(&self, hit: &Hit, field: HitField, arena: &mut Arena) -> Slot {
        let one_of = |place: Option<usize>| place.map_or(Slot::MISSING, |place| Slot::int(place as i64));
        match field {
            HitField::Rule => arena.add_text(&hit.rule),
            HitField::Score => Slot::int(hit.score),
            HitField::Outcome => {
                let outcome = hit.outcome.as_deref();
                one_of(outcome.and_then(|outcome| self.ruleset.outcomes().position(|name| name == outcome)))
            }
            HitField::Severity => one_of(
                hit.severity
                    .and_then(|name| Severity::ALL.into_iter().position(|other| other.name() == name)),
            ),
            HitField::Of(_) => Slot::MISSING,
        }
    }
}
