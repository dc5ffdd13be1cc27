//! A store that is only looked at.

use std::sync::Arc;

use super::{Recovering, StoreOptions};
use crate::engine::{Engine, StoreError};
use crate::state::disk::{Disk, View};

/// An engine with everything that is remembered, from which nothing is written back. Takes no lock.
pub(crate) fn look(disk: Arc<dyn Disk>, options: &StoreOptions) -> Result<Engine, StoreError> {
    let view = View::open(disk, Some(options.fingerprint()))?;
    let mut recovering = Recovering::new(None, options.hash_key.clone());
    let newest = view.snapshots().last().copied();
    if let Some(number) = newest {
        recovering.read_snapshot(view.snapshot(number)?)?;
    }
    let mut refused = None;
    let read = view.records(newest.map_or(1, |number| number + 1), &mut recovering.each(&mut refused));
    match refused {
        Some(error) => return Err(error),
        None => read?,
    };
    recovering.looked_at()
}
