//! A value that nothing may hold any more, in the memories of other keys.

use super::{Extra, KeyMemory, Shape, Stored};
use crate::model::types::Type;
use crate::model::value::Value;
use crate::state::entries::Layout;
use crate::state::erase::Erasing;
use crate::state::told::Links;

impl Stored {
    /// What can't be asked back any more is missing.
    pub fn erase(&mut self, erasing: &Erasing<'_>) -> bool {
        if self.bits.hash == erasing.key.0 {
            self.bits.hash = erasing.stand_in;
        }
        erase_value(&mut self.value, erasing)
    }
}

fn erase_value(kept: &mut Option<Value>, erasing: &Erasing<'_>) -> bool {
    let is = kept.as_ref().is_some_and(|value| erasing.is(value));
    if is {
        *kept = None;
    }
    is
}

impl Shape {
    /// Values are held by their hashes, or as they are.
    pub fn holds_values(&self) -> bool {
        self.is_hashed()
    }

    /// Of the values.
    pub fn ty(&self) -> Option<&Type> {
        self.ty.as_ref()
    }
}

impl KeyMemory {
    /// Another hash takes the place of the value's; whether it was held where a window can reach.
    pub fn erase(&mut self, shape: &Shape, erasing: &Erasing<'_>) -> bool {
        let layout = shape.layout();
        let limit = if shape.steps() { i64::MIN } else { self.limit(shape) };
        let expired = self.entries.until(layout, limit);
        let hashed = layout == Layout::Hashed;
        let last = if hashed { self.entries.replace(erasing.key.0, erasing.stand_in) } else { None };
        let mut erased = last.is_some_and(|last| last >= expired);
        let Some(Extra { links, values, ever, steps, .. }) = self.extra.as_deref_mut() else { return erased };
        if last.is_some()
            && let Some(links) = links
        {
            *links = Links::of(shape.values(&self.entries));
        }
        for (place, kept) in values.iter_mut().enumerate() {
            erased |= erase_value(kept, erasing) && place >= expired;
        }
        erased |= ever.as_mut().is_some_and(|ever| ever.erase(erasing));
        erased | steps.as_mut().is_some_and(|steps| steps.erase(erasing))
    }
}
