//! Decisions that are kept for retries, as bytes, in the order in which they were made.

use super::{Applied, Dedupe, Kept};
use crate::model::ids::OutcomeId;
use crate::model::time::Time;
use crate::state::key::Identity;
use crate::state::save::{Bytes, Fault, Out};

impl Dedupe {
    /// In the order of application.
    pub fn applied(&self) -> impl ExactSizeIterator<Item = &Applied> {
        self.applied.iter()
    }

    /// Engine time goes on from here.
    pub fn restore_now(&mut self, now: Time) {
        self.now = now;
    }

    /// As it was applied once, after all that are there.
    pub fn restore(&mut self, applied: Applied) -> Result<(), Fault> {
        if self.applied.back().is_some_and(|last| last.now > applied.now) || applied.now > self.now {
            return Err(Fault::of("kept decisions are not in the order of time"));
        }
        if self.places.find(applied.event.0).is_some() {
            return Err(Fault::of("two decisions are kept of one event"));
        }
        self.places.insert(applied.event.0, self.next_number());
        self.whole += u64::from(matches!(applied.decision, Kept::Whole(_)));
        self.applied.push_back(applied);
        Ok(())
    }
}

impl Applied {
    /// With the number of its era, which may be another one in what is saved.
    pub fn save(
        &self,
        out: &mut Out,
        era: u16,
        whole: impl FnOnce(&mut Out, &crate::model::decision::Decision),
    ) {
        out.u128(self.event.0);
        out.i64(self.now.0);
        out.u32(self.content);
        out.len(usize::from(era));
        match &self.decision {
            Kept::Quiet { at, outcome, late } => {
                out.u8(u8::from(*late));
                out.time(*at);
                out.len(outcome.index());
            }
            Kept::Whole(decision) => {
                out.u8(2);
                whole(out, decision);
            }
        }
    }

    /// `eras`: of each how many outcomes it had.
    pub fn load(
        bytes: &mut Bytes<'_>,
        eras: &[usize],
        whole: impl FnOnce(&mut Bytes<'_>, usize) -> Result<crate::model::decision::Decision, Fault>,
    ) -> Result<Applied, Fault> {
        let event = Identity(bytes.u128()?);
        let now = Time(bytes.i64()?);
        let content = bytes.u32()?;
        let era = bytes.len()?;
        let unknown = || Fault::of("a decision was made by a ruleset that is not named");
        let outcomes = *eras.get(era).ok_or_else(unknown)?;
        let decision = match bytes.u8()? {
            2 => Kept::Whole(std::sync::Arc::new(whole(bytes, era)?)),
            late @ (0 | 1) => {
                let (at, outcome) = (bytes.time()?, bytes.len()?);
                if outcome >= outcomes {
                    return Err(Fault::of("a decision has an outcome that its ruleset did not have"));
                }
                Kept::Quiet { at, outcome: OutcomeId::new(outcome), late: late == 1 }
            }
            _ => return Err(Fault::of("a kept decision is of no kind that there is")),
        };
        bytes.end()?;
        let era = u16::try_from(era).map_err(|_| unknown())?;
        Ok(Applied { event, now, content, era, decision })
    }
}
