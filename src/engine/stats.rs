//! What an engine has counted since it was made.

use std::collections::BTreeMap;

/// Retries are counted as decided and as duplicates, but not again by outcome and rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Events that got a decision, retries included.
    pub decided: u64,
    /// Events that could not be read.
    pub rejected: u64,
    pub duplicates: u64,
    /// Older than the newest event of a key they write.
    pub late: u64,
    /// Fields of the input that the event type does not declare.
    pub unknown_fields: u64,
    /// By rung of the ladder, from `allow` up.
    pub outcomes: Vec<u64>,
    /// In the order of the declarations.
    pub rules: Vec<RuleStats>,
    /// By what was wrong: the pointer and what was expected there.
    pub rejects: BTreeMap<String, u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleStats {
    pub hits: u64,
    pub shadow: u64,
    pub suppressed: u64,
    pub cannot_say: u64,
}
