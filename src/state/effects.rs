//! What hits leave behind beside windows: labels, mutes, and when `once` let something through.
//!
//! Nothing here is forgotten by itself: what ended stays until it is set again, so that no event's time, however wrong,
//! takes anything from others.

use super::key::KeyHash;
use super::moments::Moments;
use super::sizes::share;
use crate::model::ids::{ActionId, LabelId, MuteId, RuleId};
use crate::model::time::{Duration, Time};

/// Later than every time that an event can tell.
const NEVER: Time = Time(i64::MAX);

/// Labels, mutes, and what `once` waits for.
#[derive(Debug, Default)]
pub struct Effects {
    /// When they end.
    labels: Moments<LabelId>,
    mutes: Moments<(MuteId, RuleId)>,
    /// When an action was last asked for, and when a hit of a rule last had effects.
    asked: Moments<ActionId>,
    acted: Moments<RuleId>,
}

/// The only way in which [`Effects`] change: plain data, which can be written down and done again.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Takes a label away.
    Unlabel { label: LabelId, key: KeyHash },
    /// Puts a label on until then, or for ever; one that is there ends at the later end.
    Label { label: LabelId, key: KeyHash, until: Option<Time> },
    /// Holds back the hits of a rule until then; a mute that is there ends at the later end.
    Mute { mute: MuteId, rule: RuleId, key: KeyHash, until: Time },
    /// An action with `once` was asked for.
    Asked { action: ActionId, key: KeyHash, at: Time },
    /// A hit of a rule with `once` had effects.
    Acted { rule: RuleId, key: KeyHash, at: Time },
}

/// What [`Effects`] are kept of.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Label,
    Mute,
    Asked,
    Acted,
}

impl Effects {
    /// How much room they take.
    pub fn room(&self) -> u64 {
        let moments = self.labels.len() + self.mutes.len() + self.asked.len() + self.acted.len();
        moments as u64 * 64
    }

    /// What each of so many labels (mutes, actions, rules) takes, all on so many keys: they share one table.
    pub fn bytes(kind: Kind, of: u64, keys: u64) -> u64 {
        let all = keys.saturating_mul(of);
        let bytes = match kind {
            Kind::Label => Moments::<LabelId>::bytes(all),
            Kind::Mute => Moments::<(MuteId, RuleId)>::bytes(all),
            Kind::Asked => Moments::<ActionId>::bytes(all),
            Kind::Acted => Moments::<RuleId>::bytes(all),
        };
        share(bytes, of)
    }

    pub fn apply(&mut self, change: Change) {
        match change {
            Change::Unlabel { label, key } => self.labels.remove(label, key),
            Change::Label { label, key, until } => self.labels.raise(label, key, until.unwrap_or(NEVER)),
            Change::Mute { mute, rule, key, until } => self.mutes.raise((mute, rule), key, until),
            Change::Asked { action, key, at } => self.asked.raise(action, key, at),
            Change::Acted { rule, key, at } => self.acted.raise(rule, key, at),
        }
    }

    /// Whether the label is on at that time, as far as is known now.
    pub fn has_label(&self, label: LabelId, key: KeyHash, at: Time) -> bool {
        self.labels.get(label, key).is_some_and(|until| at < until)
    }

    /// When a label that is there ends; `None` if never.
    pub fn label_end(&self, label: LabelId, key: KeyHash) -> Option<Time> {
        self.labels.get(label, key).filter(|until| *until != NEVER)
    }

    /// Whether hits of the rule are held back for that key.
    pub fn is_muted(&self, mute: MuteId, rule: RuleId, key: KeyHash, at: Time) -> bool {
        self.mute_end(mute, rule, key).is_some_and(|until| at < until)
    }

    /// When a mute ends.
    pub fn mute_end(&self, mute: MuteId, rule: RuleId, key: KeyHash) -> Option<Time> {
        self.mutes.get((mute, rule), key)
    }

    /// Whether the action was asked for with that key, no longer than `period` ago.
    pub fn was_asked(&self, action: ActionId, key: KeyHash, period: Option<Duration>, at: Time) -> bool {
        self.asked.get(action, key).is_some_and(|since| within(since, period, at))
    }

    /// Whether a hit of the rule had effects for that key, no longer than `period` ago.
    pub fn has_acted(&self, rule: RuleId, key: KeyHash, period: Option<Duration>, at: Time) -> bool {
        self.acted.get(rule, key).is_some_and(|since| within(since, period, at))
    }

    /// Changes that make the same of nothing, in an order that depends on nothing else.
    pub fn changes(&self) -> Vec<Change> {
        let labels = self.labels.sorted().into_iter().map(|(label, key, until)| Change::Label {
            label,
            key,
            until: Some(until).filter(|until| *until != NEVER),
        });
        let mutes = self.mutes.sorted().into_iter().map(|((mute, rule), key, until)| Change::Mute {
            mute,
            rule,
            key,
            until,
        });
        let asked =
            self.asked.sorted().into_iter().map(|(action, key, at)| Change::Asked { action, key, at });
        let acted = self.acted.sorted().into_iter().map(|(rule, key, at)| Change::Acted { rule, key, at });
        labels.chain(mutes).chain(asked).chain(acted).collect()
    }
}

/// Less than `period` after that moment, or before it (the event came late); without a period always.
fn within(since: Time, period: Option<Duration>, at: Time) -> bool {
    period.is_none_or(|period| at.0.saturating_sub(since.0) < period.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: KeyHash = KeyHash(7);
    const LABEL: LabelId = LabelId(0);

    fn label(until: Option<i64>) -> Change {
        Change::Label { label: LABEL, key: KEY, until: until.map(Time) }
    }

    #[test]
    fn a_label_holds_before_its_end_and_ends_at_the_later_one() {
        let mut effects = Effects::default();
        effects.apply(label(Some(10)));
        effects.apply(label(Some(5)));
        assert!(effects.has_label(LABEL, KEY, Time(9)) && !effects.has_label(LABEL, KEY, Time(10)));
        assert!(
            !effects.has_label(LabelId(1), KEY, Time(9)) && !effects.has_label(LABEL, KeyHash(8), Time(9))
        );
        effects.apply(label(None));
        effects.apply(label(Some(11)));
        assert!(effects.has_label(LABEL, KEY, Time::MAX));
        assert_eq!(effects.label_end(LABEL, KEY), None);
        effects.apply(Change::Unlabel { label: LABEL, key: KEY });
        assert!(!effects.has_label(LABEL, KEY, Time(0)));
    }

    #[test]
    fn once_waits_for_less_than_its_period_also_for_what_comes_late() {
        let mut effects = Effects::default();
        effects.apply(Change::Acted { rule: RuleId(0), key: KEY, at: Time(100) });
        let waits = |at: i64| effects.has_acted(RuleId(0), KEY, Some(Duration(10)), Time(at));
        assert_eq!([90, 100, 109, 110].map(waits), [true, true, true, false]);
        assert!(effects.has_acted(RuleId(0), KEY, None, Time::MAX));
        assert!(!effects.was_asked(ActionId(0), KEY, None, Time(100)));
    }

    #[test]
    fn the_changes_that_are_listed_make_the_same_in_any_order_of_arrival() {
        let mut all = vec![
            label(Some(3)),
            Change::Mute { mute: MuteId(0), rule: RuleId(1), key: KEY, until: Time(4) },
            Change::Mute { mute: MuteId(0), rule: RuleId(0), key: KeyHash(1), until: Time(4) },
            Change::Asked { action: ActionId(2), key: KEY, at: Time(1) },
            Change::Acted { rule: RuleId(0), key: KEY, at: Time(2) },
        ];
        let made = |changes: &[Change]| {
            let mut effects = Effects::default();
            changes.iter().for_each(|change| effects.apply(*change));
            effects.changes()
        };
        let first = made(&all);
        assert_eq!(first.len(), all.len());
        all.reverse();
        assert_eq!(made(&all), first);
        assert_eq!(made(&first), first);
    }
}
