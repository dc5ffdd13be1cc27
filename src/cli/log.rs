//! What a run writes into its log of decisions.

use super::Failure;
use super::input::Batch;
use crate::{Answer, DecisionLog, Durability, Engine, Told};

/// A log of decisions while a run writes to it.
pub struct Log {
    log: DecisionLog,
    /// Whose header stands last in the log.
    headed: Option<usize>,
    /// Which line of the batch was begun last.
    place: Option<usize>,
}

impl Log {
    /// Opens it for a run that begins, and says what a crash has left in it.
    pub fn begin(
        path: &str,
        durability: Durability,
        engine: &Engine,
    ) -> Result<(Log, Option<String>), Failure> {
        let mut log = DecisionLog::open(path, durability).map_err(Failure::new)?;
        let torn = log.torn().map(|torn| format!("log: {torn}\n"));
        log.begin(engine).map_err(Failure::new)?;
        Ok((Log { log, headed: None, place: None }, torn))
    }

    /// Something was told about a line of the batch.
    pub fn told(&mut self, batch: &Batch, place: usize, told: &Told<'_>) -> Result<(), Failure> {
        if self.place != Some(place) {
            self.line(batch, place)?;
        }
        match told {
            Told::Quiet(quiet) => self.log.answer(|out| quiet.write_json(out)),
            Told::Deadline(decision) | Told::Answer(Answer::Decision(decision)) => {
                self.log.answer(|out| decision.write_json(out));
            }
            Told::Answer(Answer::Reject(reject)) => self.log.answer(|out| reject.write_json(out)),
            Told::Answer(Answer::Clock | Answer::List | Answer::Failed(_)) => {}
        }
        Ok(())
    }

    fn line(&mut self, batch: &Batch, place: usize) -> Result<(), Failure> {
        self.place = Some(place);
        if let Some(header) = batch.header().filter(|_| self.headed != Some(batch.input)) {
            self.log.header(header).map_err(Failure::new)?;
            self.headed = Some(batch.input);
        }
        match batch.logged(place) {
            Some(input) => self.log.line(input).map_err(Failure::new),
            None => Ok(()),
        }
    }

    /// The batch was told: it is as safe as was asked for when this returns.
    pub fn commit(&mut self) -> Result<(), Failure> {
        self.place = None;
        self.log.commit().map_err(Failure::new)
    }

    /// Everything that the engine has decided stands in it.
    pub fn end(self, engine: &Engine) -> Result<(), Failure> {
        self.log.end(engine).map_err(Failure::new)
    }
}
