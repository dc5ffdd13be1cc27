//! What lines have in common. Those of one source have the same keys in the same order: all that stands around
//! their values is the same text. Where that is known, the values are found without looking for keys, and what was
//! checked of the keys holds again.

use std::sync::Arc;

use super::json::{self, Kind, Member, Token};
use super::plan::EventPlan;
use super::reader::Raw;
use crate::model::ids::EventId;

/// How many shapes are kept: some event types, with some of their optional fields or without.
const MOST_SHAPES: usize = 16;

/// Once there are enough, one line in so many is learned: where all lines differ, learning them is of no use.
const LEARNED: usize = 8;

/// Larger lines cost their time elsewhere.
const MOST_MEMBERS: usize = 256;
const LONGEST_TEXT: usize = 16 * 1024;

/// The shapes of lines that were read before.
#[derive(Debug, Default)]
pub struct Shapes {
    /// The decoder they are for.
    decoder: Option<Arc<()>>,
    all: Vec<Shape>,
    /// Of the line before.
    last: usize,
    /// Which one the next new shape takes the place of, once there are enough.
    oldest: usize,
    /// Lines that had none of them.
    missed: usize,
    /// The values of the line at hand.
    values: Vec<Token>,
}

#[derive(Debug)]
pub struct Shape {
    pub event: EventId,
    pub unknown_fields: u64,
    /// How many keys the event's plan has.
    keys: usize,
    /// All around the values, one piece after another.
    text: Vec<u8>,
    steps: Vec<Step>,
}

/// A piece of text and what follows it.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    /// Where the piece ends; it starts where the one before ends.
    end: usize,
    then: Then,
}

#[derive(Debug, PartialEq, Eq)]
enum Then {
    /// A value, and which of the plan's keys it has, if any.
    Value(Option<usize>),
    /// None: that value, so many bytes long, is the end of the piece, for it tells the event's type.
    Within(Option<usize>, Kind, usize),
    End,
}

impl Shapes {
    /// Those that were learned for this decoder; what is known for another one is forgotten.
    pub fn of(&mut self, decoder: &Arc<()>) -> &mut Shapes {
        if !self.decoder.as_ref().is_some_and(|known| Arc::ptr_eq(known, decoder)) {
            *self = Shapes { decoder: Some(decoder.clone()), ..Shapes::default() };
        }
        self
    }

    /// Puts the values of a line that has a known shape into `found`, by the keys of its event's plan. `None` if it
    /// has none: what may be wrong with it is for others to say.
    pub fn find(&mut self, text: &str, found: &mut Vec<Raw>) -> Option<&Shape> {
        self.values.clear();
        let mut shape = self.all.get(self.last)?;
        let (mut at, mut start) = (0, 0);
        loop {
            let rest = text.as_bytes().get(at..)?;
            let mut step = shape.steps.get(self.values.len())?;
            if !rest.starts_with(shape.text.get(start..step.end)?) {
                self.last =
                    self.all.iter().position(|other| other.goes_on(shape, self.values.len(), rest))?;
                shape = self.all.get(self.last)?;
                step = shape.steps.get(self.values.len())?;
            }
            at += step.end - start;
            start = step.end;
            let value = match step.then {
                Then::Value(_) => json::member_value(text, at).ok()?,
                Then::Within(_, kind, length) => Token::new(at - length, at, kind),
                Then::End => break,
            };
            at = value.end();
            self.values.push(value);
        }
        if at != text.len() {
            return None;
        }
        found.clear();
        found.resize(shape.keys, None);
        for (step, value) in shape.steps.iter().zip(&self.values) {
            if let Then::Value(Some(key)) | Then::Within(Some(key), ..) = step.then
                && let Some(found) = found.get_mut(key)
            {
                *found = Some(*value);
            }
        }
        Some(shape)
    }

    /// Remembers the shape of a line that became an event. `tells_type`: the members by which its type was told.
    pub fn learn(
        &mut self,
        plan: &EventPlan,
        text: &str,
        members: &[Member],
        unknown_fields: u64,
        tells_type: impl Fn(&Member) -> bool,
    ) {
        self.missed += 1;
        let full = self.all.len() == MOST_SHAPES;
        if members.len() > MOST_MEMBERS || (full && !self.missed.is_multiple_of(LEARNED)) {
            return;
        }
        let mut shape = Shape {
            event: plan.id,
            unknown_fields,
            keys: plan.keys.len(),
            text: Vec::new(),
            steps: Vec::new(),
        };
        let mut start = 0;
        for member in members {
            let (value, end, kind) = (member.value.start(), member.value.end(), member.value.kind);
            let key = plan.keys.find(&member.name(text));
            let (piece_end, then) = match tells_type(member) {
                true => (end, Then::Within(key, kind, end - value)),
                false => (value, Then::Value(key)),
            };
            shape.add(text, start, piece_end, then);
            start = end;
        }
        shape.add(text, start, text.len(), Then::End);
        if shape.text.len() > LONGEST_TEXT {
            return;
        }
        if !full {
            self.last = self.all.len();
            self.all.push(shape);
        } else if let Some(place) = self.all.get_mut(self.oldest) {
            *place = shape;
            self.last = self.oldest;
            self.oldest = (self.oldest + 1) % MOST_SHAPES;
        }
    }
}

impl Shape {
    fn add(&mut self, text: &str, start: usize, end: usize, then: Then) {
        self.text.extend_from_slice(text.as_bytes().get(start..end).unwrap_or_default());
        self.steps.push(Step { end: self.text.len(), then });
    }

    /// Whether a line that followed another shape up to its step `step` can follow this one from there on.
    #[cold]
    fn goes_on(&self, other: &Shape, step: usize, rest: &[u8]) -> bool {
        let (Some(before), Some(next)) = (self.steps.get(..step), self.steps.get(step)) else { return false };
        let start = before.last().map_or(0, |last| last.end);
        self.text.get(start..next.end).is_some_and(|piece| rest.starts_with(piece))
            && self.text.get(..start) == other.text.get(..start)
            && before.iter().zip(&other.steps).all(|(a, b)| a.end == b.end && a.then.reads_as(&b.then))
    }
}

impl Then {
    /// The same value is read, whatever field it goes to.
    fn reads_as(&self, other: &Then) -> bool {
        match (self, other) {
            (Then::Value(_), Then::Value(_)) => true,
            (Then::Within(_, _, length), Then::Within(_, _, other)) => length == other,
            _ => false,
        }
    }
}
