//! Field plan: JSON bytes, CSV cells or an object of typed fields → slots.
//!
//! A [`Decoder`] is made once per ruleset; a [`Decoded`] is made once per caller and filled again for each event,
//! without allocating once it has grown. Nothing is coerced: a wrong value in an optional field is missing and
//! listed in [`Decoded::bad`]; a missing or wrong required one is a [`RejectReason`]. The scanner borrows from the
//! input; only values that the ruleset uses are kept, but all declared fields are checked.
//!
//! What the types take as text: durations as the language writes them (`90s`, `2h`), money as `12.34 USD`,
//! `phone` with separators dropped and a leading `00` as `+`, networks without the bits behind their prefix,
//! an IPv4-mapped address as the IPv4 address. Epoch seconds may have a fraction. In CSV a list or record is
//! JSON in its cell, bools are `true` and `false`.

mod clock;
mod csv;
pub mod json;
mod list;
mod plan;
mod reader;
mod shape;
mod shown;
#[cfg(test)]
mod tests;

use std::str::Utf8Error;
use std::sync::Arc;

pub use csv::Columns;
pub use list::ListShape;

use crate::builtins::DEFAULT_HASH_KEY;
use crate::diag::nearest;
use crate::model::decision::{Reject, Stamp};
use crate::model::event::{Event, ListLine};
use crate::model::ids::EventId;
use crate::model::scalars;
use crate::model::schema::{EventSchema, Pointer, Schema};
use crate::model::slot::{Arena, Arenas, Slot};
use crate::model::time::{Duration, Time};
use json::{Kind, Member};
use plan::{EventPlan, FieldPlan};
use reader::{Failure, Fault, Reader, Work, repeated, repeated_key};

/// What a host may choose.
#[derive(Clone, Debug)]
pub struct Options {
    /// The type of inputs that don't tell theirs.
    pub default_event: Option<EventId>,
    /// Sensitive values appear in rejects as hashes under this key.
    pub hash_key: Vec<u8>,
    /// How far `at` may lie past `received_at`; a clock further ahead is a reject. Unlimited if absent.
    pub clock_lead: Option<Duration>,
}

impl Default for Options {
    fn default() -> Options {
        Options { default_event: None, hash_key: DEFAULT_HASH_KEY.to_vec(), clock_lead: None }
    }
}

/// Reads events of one schema.
#[derive(Debug)]
pub struct Decoder {
    events: Vec<EventPlan>,
    /// Fields by their own names.
    by_name: Vec<EventPlan>,
    discriminators: Vec<Discriminator>,
    /// By their ids.
    lists: Vec<ListShape>,
    /// The type of an input that doesn't tell its own.
    fallback: Option<EventId>,
    hash_key: Vec<u8>,
    clock_lead: Option<Duration>,
    /// Tells it from all others.
    identity: Arc<()>,
}

#[derive(Debug)]
struct Discriminator {
    event: EventId,
    pointer: Pointer,
    text: String,
}

/// An accepted event, a line of the clock or one that fills a list. Reused: each decoding starts it afresh, but for the
/// fields and texts of events before where they are kept.
#[derive(Debug)]
pub struct Decoded {
    /// Events follow one another in `slots` and in the arena.
    keep: bool,
    /// Where the fields of the event begin in `slots`.
    first: usize,
    /// Only time: `at` is set, and nothing else.
    pub clock: bool,
    /// The line fills a list: the rest says nothing.
    pub list: Option<Box<ListLine>>,
    pub event: EventId,
    /// The id's text, in the arena.
    pub id: Slot,
    pub at: Time,
    pub received_at: Option<Time>,
    /// By field; one that the ruleset does not use stays missing. Those of events that are kept come before.
    pub slots: Vec<Slot>,
    pub arena: Arena,
    /// Pointers of optional fields whose value was wrong, sorted.
    pub bad: Vec<String>,
    /// How many top-level keys no field reads.
    pub unknown_fields: u64,
    /// What the event's fields say but for `id` and `received_at`, as written: the same for a retry.
    pub content: u32,
    work: Box<Work>,
}

/// Why an input is no event. Sensitive values are hashed already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectReason {
    /// Of what is wrong; empty for the whole input.
    pub pointer: String,
    pub expected: String,
    pub found: String,
    /// The event's id, type and time, as far as they could be read.
    pub event: Option<String>,
    pub event_type: Option<Arc<str>>,
    pub at: Option<Time>,
}

/// Boxed: the way without errors should not pay for the others.
pub type Rejected = Box<RejectReason>;

impl RejectReason {
    /// `outcome` is the header's `rejects`.
    pub fn into_reject(self, outcome: Arc<str>, ruleset: Arc<Stamp>) -> Reject {
        Reject {
            event: self.event,
            event_type: self.event_type,
            at: self.at,
            outcome,
            pointer: self.pointer,
            expected: self.expected,
            found: self.found,
            ruleset,
        }
    }

    fn of(fault: Fault) -> Rejected {
        Box::new(RejectReason {
            pointer: fault.pointer,
            expected: fault.expected,
            found: fault.found,
            event: None,
            event_type: None,
            at: None,
        })
    }

    pub fn whole(expected: &str, found: impl Into<String>) -> Rejected {
        RejectReason::of(Fault { pointer: String::new(), expected: expected.into(), found: found.into() })
    }
}

impl Default for Decoded {
    fn default() -> Decoded {
        Decoded::new()
    }
}

impl Decoded {
    pub fn new() -> Decoded {
        Decoded {
            keep: false,
            first: 0,
            clock: false,
            list: None,
            event: EventId(0),
            id: Slot::MISSING,
            at: Time(0),
            received_at: None,
            slots: Vec::new(),
            arena: Arena::new(),
            bad: Vec::new(),
            unknown_fields: 0,
            content: 0,
            work: Box::default(),
        }
    }

    /// For many events one after another, which all stay until [`Decoded::clear`].
    pub fn keeping() -> Decoded {
        Decoded { keep: true, ..Decoded::new() }
    }

    pub fn id(&self) -> &str {
        self.text(self.id)
    }

    /// A text in the arena; empty if the slot is not known.
    pub fn text(&self, slot: Slot) -> &str {
        if slot.is_known() { Arenas { constants: &self.arena, event: &self.arena }.text(slot) } else { "" }
    }

    /// Where the fields of the event begin in `slots`.
    pub fn first(&self) -> usize {
        self.first
    }

    /// The event as trees see it; fields that the decoder was told nobody needs are missing.
    pub fn to_event(&self, schema: &Schema, constants: &Arena) -> Event {
        let arenas = Arenas { constants, event: &self.arena };
        let fields = schema.events.get(self.event.index()).map_or(&[][..], |event| &event.fields);
        Event {
            event: self.event,
            fields: self
                .slots
                .iter()
                .skip(self.first)
                .zip(fields)
                .map(|(s, f)| arenas.datum(*s, &f.ty.base))
                .collect(),
            bad: self.bad.clone(),
            content: self.content,
        }
    }

    /// Forgets all events.
    pub fn clear(&mut self) {
        self.slots.clear();
        self.arena.clear();
        self.start();
    }

    /// Forgets the event read last, or leaves it where it stands.
    pub fn start(&mut self) {
        if !self.keep {
            self.slots.clear();
            self.arena.clear();
        }
        self.first = self.slots.len();
        self.clock = false;
        self.list = None;
        self.id = Slot::MISSING;
        self.bad.clear();
        self.unknown_fields = 0;
        self.work.members.clear();
        self.work.found.clear();
        self.work.unknown.clear();
        self.work.cells.clear();
    }

    fn reader<'a>(
        &'a mut self,
        text: &'a str,
        columns: Option<&'a [Option<usize>]>,
        hash_key: &'a [u8],
    ) -> Reader<'a> {
        let Decoded { work, arena, bad, .. } = self;
        Reader { text, columns, hash_key, work, arena, bad, content: 0 }
    }
}

impl Decoder {
    /// `needed`: per event and field, whether its value is used; what is not told is.
    pub fn new(schema: &Schema, needed: &[Vec<bool>], options: Options) -> Decoder {
        let plans = |by_name| {
            let events = schema.events.iter().enumerate();
            events.map(|(i, event)| EventPlan::new(event, needed.get(i), by_name)).collect()
        };
        let discriminators = schema.events.iter().filter_map(|event| {
            let (pointer, text) = event.discriminator.clone()?;
            Some(Discriminator { event: event.id, pointer, text })
        });
        let only = match schema.events.as_slice() {
            [only] => Some(only.id),
            _ => None,
        };
        Decoder {
            events: plans(false),
            by_name: plans(true),
            discriminators: discriminators.collect(),
            lists: Vec::new(),
            fallback: options.default_event.or(only),
            hash_key: options.hash_key,
            clock_lead: options.clock_lead,
            identity: Arc::default(),
        }
    }

    /// One JSON object, without its line end.
    pub fn decode_json(&self, line: &[u8], out: &mut Decoded) -> Result<(), Rejected> {
        out.start();
        let text = text(line)?;
        let work = &mut *out.work;
        if let Some(shape) = work.shapes.of(&self.identity).find(text, &mut work.found)
            && let Some(plan) = self.events.get(shape.event.index())
        {
            out.unknown_fields = shape.unknown_fields;
            return self.decode_event(plan, text, None, out);
        }
        self.decode_new(text, out)
    }

    /// A line with a shape that is not known yet; it is afterwards, if this is an event.
    fn decode_new(&self, text: &str, out: &mut Decoded) -> Result<(), Rejected> {
        json::root_members(text, &mut out.work.members).map_err(|error| syntax(text, error))?;
        let event = match self.event_of(text, out) {
            Ok(event) => event,
            Err(rejected) => return self.no_event(text, out, rejected),
        };
        let Some(plan) = self.events.get(event.index()) else {
            return Err(RejectReason::whole("an event type of the ruleset", "another"));
        };
        self.decode_members(plan, text, out)?;
        // A discriminator within an object tells the type by something that is no shape.
        if self.discriminators.iter().all(|d| d.pointer.0.len() == 1) {
            let tells_type = |member: &Member| {
                member.is(text, "type")
                    || self.discriminators.iter().any(|d| member.is(text, &d.pointer.0[0]))
            };
            let Work { shapes, members, .. } = &mut *out.work;
            shapes.learn(plan, text, members, out.unknown_fields, tells_type);
        }
        Ok(())
    }

    /// An object of fields by their names, whatever the author mapped with `from`: `type`, `id`, `at` (RFC 3339)
    /// and the event's own.
    pub fn decode_fields(
        &self,
        object: &serde_json::Map<String, serde_json::Value>,
        out: &mut Decoded,
    ) -> Result<(), Rejected> {
        out.start();
        let json = serde_json::to_string(object).unwrap_or_default();
        let text = text(json.as_bytes())?;
        json::root_members(text, &mut out.work.members).map_err(|error| syntax(text, error))?;
        let named = match object.get("type") {
            None | Some(serde_json::Value::Null) => {
                self.fallback.ok_or_else(|| self.no_type("/type".into(), "nothing".into(), None))
            }
            Some(serde_json::Value::String(name)) => self.event_named(name).ok_or_else(|| {
                self.no_type("/type".into(), format!("\"{}\"", shown::shown(name)), Some(name))
            }),
            Some(_) => Err(self.no_type("/type".into(), "no text".into(), None)),
        };
        let event = match named {
            Ok(event) => event,
            Err(rejected) => return self.no_event(text, out, rejected),
        };
        match self.by_name.get(event.index()) {
            Some(plan) => self.decode_members(plan, text, out),
            None => Err(RejectReason::whole("an event type of the ruleset", "another")),
        }
    }

    /// A line that is no event for that reason.
    #[cold]
    fn no_event(&self, text: &str, out: &mut Decoded, rejected: Rejected) -> Result<(), Rejected> {
        let other = self.clock(text, out).or_else(|| self.list_line(text, out));
        other.unwrap_or_else(|| Err(unidentified(text, out, rejected)))
    }

    fn event_named(&self, name: &str) -> Option<EventId> {
        // One that has a discriminator is still found by its name where it is told.
        self.events.iter().find(|plan| &*plan.name == name).map(|plan| plan.id)
    }

    /// Discriminators first, in the order of declaration, then `type`.
    fn event_of(&self, text: &str, out: &mut Decoded) -> Result<EventId, Rejected> {
        let mut reader = out.reader(text, None, &self.hash_key);
        let mut told = None;
        for discriminator in &self.discriminators {
            let raw = reader.find(&discriminator.pointer).map_err(reject_of)?;
            let Some(token) = raw else { continue };
            if token.kind.is_text() {
                let escaped = token.kind == Kind::Escaped;
                let inner = token.inner(text);
                let same = if escaped {
                    json::unescaped(inner) == discriminator.text
                } else {
                    inner == discriminator.text
                };
                if same {
                    return Ok(discriminator.event);
                }
            }
            told = told.or(Some((&discriminator.pointer, raw)));
        }
        let member = reader.work.members.iter().find(|member| member.is(text, "type"));
        let raw = member.map(|member| member.value);
        let found = |raw| reader.found(raw, false);
        match raw {
            Some(token) if token.kind.is_text() => {
                let name = json::unescaped(token.inner(text));
                if !scalars::is_blank(&name) {
                    let undiscriminated = self.by_type(&name);
                    return undiscriminated
                        .ok_or_else(|| self.no_type("/type".into(), found(raw), Some(&name)));
                }
            }
            Some(token) if token.kind != Kind::Null => {
                return Err(self.no_type("/type".into(), found(raw), None));
            }
            _ => {}
        }
        match (told, self.fallback) {
            // It tells its type where the events say they tell theirs, and is none of them.
            (Some((pointer, raw)), _) => Err(self.no_type(pointer.to_string(), found(raw), None)),
            (None, Some(event)) => Ok(event),
            (None, None) => Err(self.no_type("/type".into(), found(raw), None)),
        }
    }

    /// An event that is recognised by a discriminator is not by `type`.
    fn by_type(&self, name: &str) -> Option<EventId> {
        let event = self.event_named(name)?;
        self.discriminators.iter().all(|d| d.event != event).then_some(event)
    }

    fn no_type(&self, pointer: String, found: String, name: Option<&str>) -> Rejected {
        let expected = match name {
            Some("list") => "an event; what fills a list is a line of JSON".to_string(),
            _ => {
                let near = name.and_then(|name| nearest(name, self.events.iter().map(|plan| &*plan.name)));
                let near = near.map_or(String::new(), |near| match self.told_by(near) {
                    Some(pointer) if name == Some(near) => format!(": `{near}` is told by `{pointer}`"),
                    _ => format!(" (did you mean `{near}`?)"),
                });
                format!("an event type of the ruleset{near}")
            }
        };
        RejectReason::of(Fault { pointer, expected, found })
    }

    /// Where the input says that it is of this type, if `type` does not.
    fn told_by(&self, name: &str) -> Option<&Pointer> {
        let of = |discriminator: &&Discriminator| {
            self.events.get(discriminator.event.index()).is_some_and(|plan| *plan.name == *name)
        };
        self.discriminators.iter().find(of).map(|discriminator| &discriminator.pointer)
    }

    /// Sorts the members by the keys of the plan, then reads the fields.
    fn decode_members(&self, plan: &EventPlan, text: &str, out: &mut Decoded) -> Result<(), Rejected> {
        let work = &mut out.work;
        work.found.resize(plan.keys.len(), None);
        let mut again = None;
        for member in &work.members {
            let key = member.key(text);
            let known =
                if member.key_escaped { plan.keys.find(&json::unescaped(key)) } else { plan.keys.find(key) };
            match known.and_then(|known| work.found.get_mut(known)) {
                Some(found @ None) => *found = Some(member.value),
                Some(_) => {
                    again = Some(json::unescaped(key));
                    break;
                }
                None => work.unknown.push(*member),
            }
        }
        out.unknown_fields = work.unknown.len() as u64;
        let again = again.or_else(|| repeated_key(text, &work.unknown));
        if let Some(key) = again {
            let rejected = RejectReason::of(repeated(Pointer::field(&key).to_string()));
            return Err(self.identified(plan, text, None, out, rejected));
        }
        self.decode_event(plan, text, None, out)
    }

    fn decode_event(
        &self,
        plan: &EventPlan,
        text: &str,
        columns: Option<&[Option<usize>]>,
        out: &mut Decoded,
    ) -> Result<(), Rejected> {
        out.event = plan.id;
        // Apart while the reader borrows the rest.
        let mut slots = std::mem::take(&mut out.slots);
        let mut failed = None;
        let first = out.first;
        slots.resize(first + plan.fields.len(), Slot::MISSING);
        let own = slots.get_mut(first..).unwrap_or_default();
        let mut reader = out.reader(text, columns, &self.hash_key);
        for (i, (field, slot)) in plan.fields.iter().zip(own).enumerate() {
            let content = reader.content;
            let read = match i == EventSchema::ID.index() {
                true => reader.id(field, slot),
                false => reader.field(field, slot),
            };
            // A retry is received anew.
            if i == EventSchema::RECEIVED_AT.index() {
                reader.content = content;
            }
            if let Err(failure) = read {
                failed = Some(failure);
                break;
            }
        }
        let content = reader.content;
        out.content = (content >> 32) as u32;
        out.slots = slots;
        if let Some(failure) = failed {
            return Err(self.identified(plan, text, columns, out, reject_of(failure)));
        }
        let slot = |index: usize| out.slots.get(first + index).copied().unwrap_or(Slot::MISSING);
        out.id = slot(EventSchema::ID.index());
        out.at = Time(slot(EventSchema::AT.index()).as_int());
        let received_at = slot(EventSchema::RECEIVED_AT.index());
        out.received_at = received_at.is_known().then(|| Time(received_at.as_int()));
        out.bad.sort_unstable();
        self.check_clock(plan, out)
    }

    /// A clock that runs ahead of the one that received the event can't be believed.
    fn check_clock(&self, plan: &EventPlan, out: &Decoded) -> Result<(), Rejected> {
        let (Some(lead), Some(received_at)) = (self.clock_lead, out.received_at) else { return Ok(()) };
        if out.at.0 <= received_at.0.saturating_add(lead.0) {
            return Ok(());
        }
        let pointer = match plan.fields.get(EventSchema::AT.index()).map(|field| &field.source) {
            Some(plan::Source::One(place)) => place.pointer.to_string(),
            _ => "/at".into(),
        };
        Err(Box::new(RejectReason {
            pointer,
            expected: format!("a time at most {lead} after `received_at`, {received_at}"),
            found: out.at.to_string(),
            event: Some(out.id().to_string()),
            event_type: Some(plan.name.clone()),
            at: Some(out.at),
        }))
    }

    /// Adds to a reject what can be read of the event's identity.
    #[cold]
    fn identified(
        &self,
        plan: &EventPlan,
        text: &str,
        columns: Option<&[Option<usize>]>,
        out: &mut Decoded,
        mut rejected: Rejected,
    ) -> Rejected {
        rejected.event_type = Some(plan.name.clone());
        let field = |index: usize| plan.fields.get(index);
        let mut read =
            |index: usize, how: fn(&mut Reader<'_>, &FieldPlan, &mut Slot) -> Result<(), Failure>| {
                let mut reader = out.reader(text, columns, &self.hash_key);
                let mut slot = Slot::MISSING;
                how(&mut reader, field(index)?, &mut slot).ok()?;
                slot.is_known().then_some(slot)
            };
        rejected.at = read(EventSchema::AT.index(), |reader, field, slot| reader.field(field, slot))
            .map(|s| Time(s.as_int()));
        if let Some(id) = read(EventSchema::ID.index(), |reader, field, slot| reader.id(field, slot)) {
            out.id = id;
            rejected.event = Some(out.id().to_string());
        }
        rejected
    }
}

/// The identity of an input whose type is not known, where events without a mapping have it.
#[cold]
fn unidentified(text: &str, out: &Decoded, mut rejected: Rejected) -> Rejected {
    let member =
        |name| out.work.members.iter().find(|member| member.is(text, name)).map(|member| member.value);
    rejected.event = member("id").and_then(|value| match value.kind {
        Kind::Text | Kind::Escaped => Some(json::unescaped(value.inner(text))),
        Kind::Integer => Some(value.raw(text).to_string()),
        _ => None,
    });
    rejected.at = member("at")
        .filter(|value| value.kind.is_text())
        .and_then(|value| Time::parse_rfc3339(&json::unescaped(value.inner(text))));
    rejected
}

fn reject_of(failure: Failure) -> Rejected {
    match failure {
        Failure::Wrong(fault) | Failure::Fatal(fault) => RejectReason::of(*fault),
        Failure::Missing(found) => RejectReason::whole("a value", found),
    }
}

#[inline(always)]
fn text(line: &[u8]) -> Result<&str, Rejected> {
    match std::str::from_utf8(line) {
        Ok(text) if text.len() < u32::MAX as usize => Ok(text),
        read => Err(no_text(line, read.err())),
    }
}

#[cold]
fn no_text(line: &[u8], error: Option<Utf8Error>) -> Rejected {
    let Some(error) = error.filter(|_| line.len() < u32::MAX as usize) else {
        return RejectReason::whole("less than 4 GiB", "more");
    };
    let at = error.valid_up_to();
    let byte = line.get(at).copied().unwrap_or_default();
    RejectReason::whole("UTF-8", format!("the byte 0x{byte:02x} at position {}", at + 1))
}

#[cold]
fn syntax(text: &str, error: json::SyntaxError) -> Rejected {
    let column = text.get(..error.at).map_or(0, |before| before.chars().count()) + 1;
    let found = match text.get(error.at..).and_then(|rest| rest.chars().next()) {
        None if error.at == 0 => "nothing".to_string(),
        None => "the end of the line".to_string(),
        // Only what is no content: the input may be sensitive.
        Some(c) if c.is_ascii_punctuation() => format!("`{c}` at character {column}"),
        Some(c) if c.is_control() => format!("a control character at character {column}"),
        Some(c) if c.is_alphanumeric() => format!("a letter or digit at character {column}"),
        Some(_) => format!("another character at character {column}"),
    };
    RejectReason::whole(error.expected, found)
}
