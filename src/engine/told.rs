//! Deadlines that were told, until it is certain that nobody has to be told again.
//!
//! An event that was not answered is sent again by its sender. Nobody asks for a deadline: so those that were told and not
//! yet settled when everything ended are told once more.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use super::durable::kind;
use super::evaluate::{Engine, State};
use super::read::Pending;
use super::testing::Fallen;
use crate::model::decision::Decision;
use crate::state::disk::Records;

/// In the order in which they were told.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// By [`Engine::take_deadlines`].
    handed: Vec<Arc<Decision>>,
    /// The number of the last record then.
    handed_at: u64,
    /// With lines that were read ahead: with the number of the last of them.
    ahead: VecDeque<(u64, Arc<Decision>)>,
}

impl State {
    /// Decisions that would have to be told if everything ended now. Those that may be known are duplicates.
    pub(super) fn untold(&self) -> impl Iterator<Item = Cow<'_, Decision>> {
        let again =
            |decision: &Arc<Decision>| Cow::Owned(Decision { duplicate: true, ..Decision::clone(decision) });
        let Told { handed, ahead, .. } = &self.told;
        let told = handed.iter().chain(ahead.iter().map(|(_, decision)| decision)).map(again);
        told.chain(self.fallen.iter().map(|fallen| Cow::Borrowed(&*fallen.decision)))
    }

    /// Nobody is told of these decisions any more; how many there were.
    pub(super) fn untell(&mut self, of: impl Fn(&Decision) -> bool) -> u64 {
        let State { told: Told { handed, ahead, .. }, fallen, .. } = self;
        let count =
            |handed: &Vec<_>, ahead: &VecDeque<_>, fallen: &Vec<_>| handed.len() + ahead.len() + fallen.len();
        let before = count(handed, ahead, fallen);
        handed.retain(|decision| !of(decision));
        ahead.retain(|(_, decision)| !of(decision));
        fallen.retain(|fallen| !of(&fallen.decision));
        (before - count(handed, ahead, fallen)) as u64
    }

    /// They will be told with the lines up to that number.
    pub(super) fn tells_ahead(&mut self, number: u64, fallen: &[Fallen]) {
        self.told.ahead.extend(fallen.iter().map(|fallen| (number, fallen.decision.clone())));
    }
}

impl Engine {
    /// Those handed out before are settled. Gives the number of the last record before that is said.
    pub(super) fn hand_out(&self, state: &mut State, fallen: &[Fallen]) -> u64 {
        let Some(durable) = self.durable() else { return 0 };
        let last = durable.pipe().last();
        let Told { handed, handed_at, ahead } = &mut state.told;
        if !handed.is_empty() {
            handed.clear();
            // Those that were told with lines are settled for themselves.
            let before = ahead.front().map_or(u64::MAX, |(number, _)| number.saturating_sub(1));
            self.write_told(before.min(*handed_at));
        }
        *handed_at = last;
        handed.extend(fallen.iter().map(|fallen| fallen.decision.clone()));
        last
    }

    /// Nothing is left to be done for the deadlines that were told with these lines: after a crash they are not told
    /// again. With a store, call it for every batch, in their order, once what was told is where it belongs; an engine
    /// whose deadlines are asked for by [`Engine::take_deadlines`] is better not read ahead.
    pub fn was_told(&self, pending: &Pending) {
        if self.durable().is_none() {
            return;
        }
        let number = pending.number();
        let mut inner = self.lock();
        let ahead = &mut inner.state.told.ahead;
        let settled = ahead.iter().take_while(|(of, _)| *of <= number).count();
        if settled > 0 {
            ahead.drain(..settled);
            self.write_told(number);
        }
    }

    /// Nothing is left to be done for any deadline that was told.
    pub(super) fn settle_all(&self, state: &mut State) {
        let Some(durable) = self.durable() else { return };
        let Told { handed, handed_at, ahead } = &mut state.told;
        if handed.is_empty() && ahead.is_empty() {
            return;
        }
        // Those that fell due since then were told to nobody.
        let ahead_at = ahead.back().map_or(0, |(number, _)| *number);
        let number = if state.fallen.is_empty() { durable.pipe().last() } else { ahead_at.max(*handed_at) };
        handed.clear();
        ahead.clear();
        self.write_told(number);
    }

    /// If that fails, so does everything after it.
    fn write_told(&self, number: u64) {
        let Some(durable) = self.durable() else { return };
        let mut records = Records::default();
        records.push(|out| {
            out.push(kind::TOLD);
            out.extend_from_slice(&number.to_le_bytes());
        });
        let _ = durable.push(&mut records);
    }

    /// As they were told before everything ended.
    pub(crate) fn tell_again(&self, decisions: impl IntoIterator<Item = Arc<Decision>>) {
        let again = |decision: Arc<Decision>| Fallen {
            decision: Arc::new(Decision { duplicate: true, ..Decision::clone(&decision) }),
            marks: Vec::new(),
        };
        self.lock().state.fallen.extend(decisions.into_iter().map(again));
    }

    /// What a snapshot says was not settled has been since.
    pub(crate) fn all_told(&self) {
        self.lock().state.fallen.clear();
    }
}
