use super::durable::StoreError;
use super::evaluate::{Engine, State};
use crate::state::save::{Sink, Source};
/// X
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {}
impl Engine {
    pub(crate) fn save_state<S: Sink>(&self, _s: &State, sink: &mut S) -> Result<(), S::Error> {
        sink.section("x")
    }
    pub(crate) fn load<S: Source>(&self, _s: &mut S) -> Result<Carried, StoreError> {
        Ok(Carried {})
    }
    pub(crate) fn take_over(&self, _b: &Engine) -> Result<Carried, StoreError> {
        Ok(Carried {})
    }
}
