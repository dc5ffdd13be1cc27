//! A value that nothing may hold any more.

use super::{Ever, Kept, Running, Steps};
use crate::state::erase::Erasing;

impl Running {
    fn erase(&mut self, erasing: &Erasing<'_>) -> bool {
        let ends: [&mut Option<Kept>; 2] = [&mut self.first, &mut self.last];
        let erased = ends.into_iter().flatten().map(|(_, stored)| stored.erase(erasing));
        erased.fold(false, |all, own| all | own)
    }
}

impl Ever {
    pub fn erase(&mut self, erasing: &Erasing<'_>) -> bool {
        let mut erased = self.running.erase(erasing);
        let Erasing { key, stand_in, .. } = *erasing;
        if let Ok(found) = self.distinct.find_entry(key.0 as u64, |hash| *hash == key.0) {
            found.remove();
            if !self.has(stand_in) {
                self.distinct.insert_unique(stand_in as u64, stand_in, |hash| *hash as u64);
            }
            erased = true;
        }
        erased
    }
}

impl Steps {
    pub fn erase(&mut self, erasing: &Erasing<'_>) -> bool {
        self.steps.iter_mut().fold(false, |all, (_, running)| all | running.erase(erasing))
    }
}
