//! What an engine has counted since it was made.

use std::collections::BTreeMap;

use crate::decode::RejectReason;

/// What an [`Engine`](crate::Engine) has counted since it was made.
///
/// `decided + rejected` is the number of events given to it; deadlines, lines of the clock and lines that fill lists are none. Retries are counted as decided and as duplicates, but not again by outcome and rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Events that got a decision, retries included.
    pub decided: u64,
    /// Events that could not be read.
    pub rejected: u64,
    /// Lines that changed an `extern` list.
    pub lists: u64,
    /// Retries, which got the stored decision.
    pub duplicates: u64,
    /// Events older than the newest event of a key they write.
    pub late: u64,
    /// Events that memory did not keep, or not under all their keys, or not all hits of which, for want of room; and deadlines
    /// whose hits it did not keep.
    pub full: u64,
    /// Deadlines that fell due and were decided.
    pub deadlines: u64,
    /// Deadlines that are set and not due yet.
    pub waiting: u64,
    /// Lines of the clock.
    pub clocks: u64,
    /// Where rules wait for deadlines: events without `received_at`, which move time to their own `at`.
    pub own_time: u64,
    /// Fields of the input that the event type does not declare.
    pub unknown_fields: u64,
    /// Decisions by rung of the ladder, in the order of [`Ruleset::outcomes`](crate::Ruleset::outcomes).
    pub outcomes: Vec<u64>,
    /// The decisions of deadlines, likewise.
    pub deadline_outcomes: Vec<u64>,
    /// In the order of [`Ruleset::rule_names`](crate::Ruleset::rule_names).
    pub rules: Vec<RuleStats>,
    /// By what was wrong: the pointer and what was expected there.
    pub rejects: BTreeMap<String, u64>,
}

/// Events by what one rule said of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleStats {
    /// Events it hit.
    pub hits: u64,
    /// Events it would have hit, were it no shadow rule.
    pub shadow: u64,
    /// Hits that were held back.
    pub suppressed: u64,
    /// Events for which something was missing.
    pub cannot_say: u64,
}

/// Bytes of a pointer that the reasons of rejects keep.
const MAX_POINTER: usize = 200;

/// Reasons counted one by one.
const MAX_REASONS: usize = 1_000;

impl Stats {
    #[cold]
    pub(super) fn reject(&mut self, reason: &RejectReason) {
        self.rejected += 1;
        // A pointer may name a key of the input's own choice: neither one nor all of them may fill the memory.
        let pointer = &reason.pointer[..reason.pointer.floor_char_boundary(MAX_POINTER)];
        let place = if pointer.is_empty() { "" } else { ": " };
        let mut told = format!("{pointer}{place}expected {}", reason.expected);
        if self.rejects.len() >= MAX_REASONS && !self.rejects.contains_key(&told) {
            told = "other reasons".to_string();
        }
        *self.rejects.entry(told).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_cannot_fill_the_memory_with_reasons() {
        let mut stats = Stats::default();
        for i in 0..5_000 {
            let mut reason = RejectReason::whole("each key once", "the same key again");
            reason.pointer = format!("/{i}{}", "ż".repeat(1_000));
            stats.reject(&reason);
        }
        assert_eq!(stats.rejected, 5_000);
        assert_eq!(stats.rejects.values().sum::<u64>(), 5_000);
        assert_eq!(stats.rejects["other reasons"], 4_000);
        assert!(stats.rejects.keys().all(|reason| reason.len() < 300));
    }
}
