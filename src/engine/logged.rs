//! What a log of decisions has to know of an engine.

use super::evaluate::Engine;
use super::save::Sections;
use super::{Carried, EngineOptions, StoreError};

/// Which memory it is, as far as a store can tell without looking at all of it.
#[derive(Copy, Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Position {
    /// Inputs that are in it.
    pub inputs: u64,
    /// The number of the last record of the store.
    pub record: u64,
}

impl Engine {
    pub(crate) fn options(&self) -> &EngineOptions {
        &self.options
    }

    /// The memory that was found in the store; `None` without a store.
    pub(crate) fn found_at(&self) -> Option<Position> {
        let recovery = self.recovered()?;
        Some(Position { inputs: recovery.inputs, record: recovery.last })
    }

    /// The memory after all that was decided; `None` without a store.
    pub(crate) fn left_at(&self) -> Option<Position> {
        let durable = self.durable()?;
        Some(Position { inputs: self.lock().inputs, record: durable.pipe().last() })
    }

    /// With what was saved elsewhere, carried over by meaning.
    pub(crate) fn take(&self, mut saved: Sections) -> Result<Carried, StoreError> {
        self.load(&mut saved).map_err(|error| StoreError::damaged(error.to_string()))
    }
}
