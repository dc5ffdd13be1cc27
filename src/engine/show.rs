//! Everything that is remembered, piece by piece, for people and other programs. Keys are known by their hashes alone.

use serde_json::{Map, Value as Json, json};

use super::evaluate::{Engine, State};
use super::later::AbsenceCode;
use super::texts::plain;
use crate::model::ids::{CalendarId, MemoryId, SequenceId, TableId};
use crate::model::money::Decimal;
use crate::model::time::Time;
use crate::model::types::Type;
use crate::model::value::Value;
use crate::sema::hir::Hir;
use crate::state::{Change, HeldBy, KeptValue, KeyHash, Waiting, value_hash};

/// Gets one piece after the other; the rest is left out once it says `false`.
type Each<'e> = &'e mut dyn FnMut(Json) -> bool;

impl Engine {
    /// The hash of a value of an entity as a key, and the value as texts show it.
    pub(crate) fn key_hash(&self, entity: &str, value: &str) -> Result<(KeyHash, String), String> {
        let entities = &self.ruleset.hir.entities;
        let Some(found) = entities.iter().find(|known| *known.name == *entity) else {
            let names = entities.iter().map(|known| &*known.name);
            let help = crate::diag::did_you_mean(entity, names);
            let help = help.map_or(String::new(), |help| format!("; {help}"));
            return Err(format!("the ruleset has no entity `{entity}`{help}"));
        };
        let own = read(value, &found.base)
            .ok_or_else(|| format!("`{value}` is no {}, which `{entity}` is", found.base.representation()))?;
        let hash = value_hash(&self.hasher, &own, &found.base);
        hash.map(|hash| (hash, plain(&own, &found.base))).ok_or_else(|| format!("`{entity}` can't be a key"))
    }

    /// Hands over everything that is remembered, as JSON objects: memories of windows and sequences, labels, mutes, what
    /// `once` waits for, deadlines, and what lists, tables and calendars were filled with. With an entity and one of its
    /// values, only what is kept under that as the one key. Stops when `each` says `false`.
    ///
    /// # Errors
    /// If there is no such entity, or the text is no value of it; the text of the error names what there is.
    pub fn remembered(
        &self,
        of: Option<(&str, &str)>,
        each: &mut dyn FnMut(Json) -> bool,
    ) -> Result<(), String> {
        let of = match of {
            Some((entity, value)) => {
                Some(Under { hir: &self.ruleset.hir, entity, key: self.key_hash(entity, value)?.0 })
            }
            None => None,
        };
        let inner = self.lock();
        let showing = Showing { engine: self, state: &inner.state, of };
        let _ = showing.memories(each) && showing.effects(each) && showing.later(each) && showing.feeds(each);
        Ok(())
    }
}

/// One value of an entity, as a key of its own.
#[derive(Copy, Clone, Debug)]
pub(super) struct Under<'e> {
    pub hir: &'e Hir,
    pub entity: &'e str,
    pub key: KeyHash,
}

impl Under<'_> {
    /// Keys of these types may be it: of the entity alone, or of a type that is no entity's.
    pub fn is_of(&self, types: &[Type]) -> bool {
        match types {
            [Type::Entity(own)] => *own.name == *self.entity,
            [_] => true,
            _ => false,
        }
    }

    /// The same of what hits leave behind.
    pub fn holds(&self, held: HeldBy) -> bool {
        match held {
            HeldBy::Label(label) => self.hir.labels[label.index()].entity == self.entity,
            HeldBy::Mute(mute) => self.is_of(&self.hir.mutes[mute.index()].keys),
            HeldBy::Asked(action) => {
                let action = &self.hir.actions[action.index()];
                let keys = action.once.as_ref().map_or(&[][..], |once| &once.keys);
                let types = keys.iter().filter_map(|key| Some(action.parameters.get(*key)?.1.clone()));
                self.is_of(&types.collect::<Vec<_>>())
            }
            HeldBy::Acted(rule) => {
                let once = self.hir.rule(rule).bodies.first().and_then(|body| body.once.as_ref());
                let types = once.into_iter().flat_map(|once| &once.keys).map(|key| key.ty.base.clone());
                self.is_of(&types.collect::<Vec<_>>())
            }
        }
    }

    /// Of one of the ruleset's rules on something that did not happen.
    pub fn waits(&self, absence: Option<&AbsenceCode>) -> bool {
        absence.is_some_and(|absence| self.is_of(&self.hir.memories[absence.memory.index()].keys))
    }
}

struct Showing<'e> {
    engine: &'e Engine,
    state: &'e State,
    of: Option<Under<'e>>,
}

impl Showing<'_> {
    /// What is kept under this key, for those whose keys `is_of` the entity.
    fn wants(&self, key: KeyHash, is_of: impl FnOnce(&Under<'_>) -> bool) -> bool {
        self.of.as_ref().is_none_or(|of| of.key == key && is_of(of))
    }
}

impl Showing<'_> {
    fn memories(&self, each: Each<'_>) -> bool {
        let hir = &self.engine.ruleset.hir;
        for (id, memory) in hir.memories.iter().enumerate() {
            let ty = memory.value.as_ref();
            let goes_on = self.state.store.shown(
                MemoryId::new(id),
                |key| self.wants(key, |of| of.is_of(&memory.keys)),
                &mut |key, shown| {
                    let entry = |(at, kept): &(Time, KeptValue)| match kept {
                        KeptValue::Nothing => json!({ "at": at.to_string() }),
                        KeptValue::Hash(hash) => json!({ "at": at.to_string(), "hash": short(*hash) }),
                        KeptValue::Value(value) => {
                            json!({ "at": at.to_string(), "value": ty.map(|ty| plain(value, ty)) })
                        }
                    };
                    let mut piece = piece("memory", &memory.identity, key);
                    piece.insert("since".into(), moment(self.state.since.memories.get(id).copied()));
                    piece.insert("newest".into(), json!(shown.newest.to_string()));
                    piece.insert("lost".into(), moment(shown.lost));
                    piece.insert("saturated".into(), moment(shown.capped));
                    piece.insert("ever".into(), json!(shown.ever));
                    piece.insert("steps".into(), json!(shown.steps));
                    piece.insert("events".into(), shown.entries.iter().map(entry).collect());
                    each(Json::Object(piece))
                },
            );
            if !goes_on {
                return false;
            }
        }
        hir.sequences.iter().enumerate().all(|(id, sequence)| {
            self.state.sequences.shown(
                SequenceId::new(id),
                |key| self.wants(key, |of| of.is_of(&sequence.keys)),
                &mut |key, times| {
                    let mut piece = piece("sequence", &sequence.identity, key);
                    piece.insert(
                        "events".into(),
                        times.iter().map(|at| json!({ "at": at.to_string() })).collect(),
                    );
                    each(Json::Object(piece))
                },
            )
        })
    }

    fn effects(&self, each: Each<'_>) -> bool {
        let hir = &self.engine.ruleset.hir;
        let rule = |rule| hir.rule(rule).name.as_str();
        self.state.effects.changes().into_iter().all(|change| {
            let (kind, what, key, word, at) = match change {
                Change::Label { label, key, until } => {
                    ("label", hir.labels[label.index()].name.as_str(), key, "until", until)
                }
                Change::Mute { rule: of, key, until, .. } => ("mute", rule(of), key, "until", Some(until)),
                Change::Asked { action, key, at } => {
                    ("once", hir.actions[action.index()].name.as_str(), key, "at", Some(at))
                }
                Change::Acted { rule: of, key, at } => ("once", rule(of), key, "at", Some(at)),
                Change::Unlabel { .. } => return true,
            };
            if !self.wants(key, |of| of.holds(change.held())) {
                return true;
            }
            let mut piece = piece(kind, what, key);
            piece.insert(word.into(), moment(at));
            each(Json::Object(piece))
        })
    }

    fn later(&self, each: Each<'_>) -> bool {
        let absences = &self.engine.ruleset.absences;
        let wanted = |waiting: &Waiting| {
            self.wants(waiting.key, |of| of.waits(absences.get(waiting.absence as usize)))
        };
        self.state.deadlines.pending().filter(|(_, waiting)| wanted(waiting)).all(|(due, waiting)| {
            let mut piece = piece("deadline", &due.rule, waiting.key);
            piece.insert("due".into(), moment(Some(due.at)));
            piece.insert("event".into(), json!(&*due.event));
            each(Json::Object(piece))
        })
    }

    fn feeds(&self, each: Each<'_>) -> bool {
        let hir = &self.engine.ruleset.hir;
        let feeds = &self.state.feeds;
        let lists = feeds.lists.sorted().into_iter().all(|(list, entries)| {
            let list = &hir.lists[list.index()];
            let wanted = |key| self.wants(key, |of| of.is_of(std::slice::from_ref(&list.ty)));
            let mut entries = entries.into_iter().filter(|entry| wanted(entry.key));
            entries.all(|entry| each(Json::Object(piece("list", &list.name, entry.key))))
        });
        let wanted = |key, types: &[Type]| self.wants(key, |of| of.is_of(types));
        let of_table = |table: TableId| &hir.tables[table.index()].keys;
        let rows = feeds.rows.sorted().into_iter();
        let mut rows = rows.filter(|(table, key, _)| wanted(*key, of_table(*table)));
        let rows = lists
            && rows.all(|(table, key, row)| {
                let mut piece = piece("table", &hir.tables[table.index()].name, key);
                piece.insert("newest".into(), json!(row.newest.to_string()));
                each(Json::Object(piece))
            });
        let of_calendar = |calendar: CalendarId| &hir.calendars[calendar.index()].keys;
        let calendars = feeds.calendars.sorted().into_iter();
        let mut calendars = calendars.filter(|(calendar, key, _)| wanted(*key, of_calendar(*calendar)));
        rows && calendars.all(|(calendar, key, spans)| {
            let mut piece = piece("calendar", &hir.calendars[calendar.index()].name, key);
            let span = |(from, until): &(Time, Time)| json!([from.to_string(), until.to_string()]);
            piece.insert("spans".into(), spans.spans.iter().map(span).collect());
            each(Json::Object(piece))
        })
    }
}

fn piece(kind: &str, what: &str, key: KeyHash) -> Map<String, Json> {
    let mut piece = Map::new();
    piece.insert("kind".into(), json!(kind));
    piece.insert("what".into(), json!(what));
    piece.insert("key".into(), json!(hex(key)));
    piece
}

fn moment(time: Option<Time>) -> Json {
    json!(time.map(|time| time.to_string()))
}

fn hex(key: KeyHash) -> String {
    format!("{:032x}", key.0)
}

fn short(hash: u128) -> String {
    format!("{hash:032x}").split_off(16)
}

/// A value of a type that entities can have, from its text.
fn read(text: &str, ty: &Type) -> Option<Value> {
    Some(match ty.representation() {
        Type::Text | Type::Email | Type::Phone => Value::Text(text.into()),
        Type::Int => Value::Int(text.parse().ok()?),
        Type::Decimal => Value::Decimal(Decimal::parse(text)?),
        Type::Ip => Value::Ip(text.parse().ok()?),
        Type::Bool => Value::Bool(text.parse().ok()?),
        _ => return None,
    })
}
