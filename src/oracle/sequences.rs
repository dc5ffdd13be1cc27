//! `sequence(…)`: every way to pick one event per element is tried.

use super::{Cell, Entry, Oracle, Scope, cell_key};
use crate::model::event::Event;
use crate::model::ids::SequenceId;
use crate::model::ops;
use crate::model::value::{Datum, Unknown, Value};
use crate::sema::hir::{Element, Sequence};

impl Oracle {
    pub(super) fn sequence(&self, sequence: &Sequence, scope: Scope<'_>) -> Datum {
        if !sequence.ends_here || scope.waited {
            return Datum::bool(false);
        }
        let before = self.came_before(sequence, scope);
        match &sequence.filter {
            Some(filter) => ops::and(&[self.eval(filter, scope), before]),
            None => before,
        }
    }

    /// Whether all elements but the last came, in order, close enough to the current event.
    pub(super) fn came_before(&self, sequence: &Sequence, scope: Scope<'_>) -> Datum {
        if !sequence.ends_here || scope.waited {
            return Datum::bool(false);
        }
        let keys: Vec<Datum> = sequence.keys.iter().map(|key| self.eval(key, scope)).collect();
        self.strict(&keys, |keys| {
            let empty = Cell::default();
            let cell = self.sequences.get(&(sequence.memory, cell_key(keys))).unwrap_or(&empty);
            let t = scope.event.at();
            let after = t.0.saturating_sub(sequence.within.0);
            if cell.lost_expired.is_some_and(|lost| after < lost.0) {
                return Datum::Unknown(Unknown::TooLate);
            }
            let there = |entry: &&Entry| !entry.gone && after < entry.at.0 && entry.at <= t;
            let mut entries: Vec<&Entry> = cell.entries.iter().filter(there).collect();
            // Stable: of one time, the earlier arrival comes first.
            entries.sort_by_key(|entry| entry.at);
            let elements = &self.hir.sequences[sequence.memory.index()].elements;
            let Some(lost) = cell.lost_capped.filter(|lost| after < lost.0) else {
                return Datum::bool(completes(elements, &entries, 0, 0));
            };
            // What the cap dropped came before all that is at its time or later; what is earlier may have gaps.
            entries.retain(|entry| entry.at >= lost);
            match completes(elements, &entries, 0, 0) {
                true => Datum::bool(true),
                false => Datum::Unknown(Unknown::Saturated),
            }
        })
    }

    pub(super) fn write_sequences(&mut self, event: &Event) -> bool {
        let hir = self.hir.clone();
        let at = event.at();
        let scope = Scope { event, elements: &[], waited: false };
        let mut late = false;
        for (index, sequence) in hir.sequences.iter().enumerate() {
            let Some(input) = sequence.inputs.iter().find(|input| input.event == event.event) else {
                continue;
            };
            let holds = |filter: &Option<_>| {
                filter.as_ref().is_none_or(|filter| self.eval(filter, scope).truth() == Some(true))
            };
            let elements: Vec<usize> =
                input.elements.iter().filter(|(_, filter)| holds(filter)).map(|(place, _)| *place).collect();
            let keys: Option<Vec<Value>> =
                input.keys.iter().map(|key| self.eval(key, scope).known().cloned()).collect();
            let (Some(keys), false) = (keys, elements.is_empty()) else { continue };
            let cell = self.sequences.entry((SequenceId::new(index), cell_key(&keys))).or_default();
            late |= cell.newest.is_some_and(|newest| at < newest);
            let header = &hir.header;
            let entry = Entry { at, value: None, elements, gone: false };
            cell.insert(entry, Some(sequence.reach), header.lateness, header.limits.entries);
        }
        late
    }
}

/// Whether the elements from `element` on can be found among the entries from `from` on, which come right after the
/// event that was picked for the element before.
fn completes(elements: &[Element], entries: &[&Entry], element: usize, from: usize) -> bool {
    let is = |entry: &Entry, element: usize| entry.elements.contains(&element);
    let absent = elements[element..].iter().take_while(|element| element.absent).count();
    let forbidden = |entry: &Entry| (element..element + absent).any(|not| is(entry, not));
    let next = element + absent;
    if next == elements.len() {
        // Then comes the current event.
        return !entries[from..].iter().any(|entry| forbidden(entry));
    }
    for at in from..entries.len() {
        if is(entries[at], next) && completes(elements, entries, next + 1, at + 1) {
            return true;
        }
        if forbidden(entries[at]) {
            return false;
        }
    }
    false
}
