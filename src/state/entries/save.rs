//! Entries as bytes: times and values; the sums between them are made anew.

use super::{Entries, Layout, split};
use crate::state::save::{Bytes, Fault, Out};

impl Layout {
    /// Bytes of a saved entry.
    fn width(self) -> usize {
        match self {
            Layout::Bare => 8,
            Layout::Number => 16,
            Layout::Hashed => 24,
        }
    }
}

impl Entries {
    /// All but the first `skip`.
    pub fn save(&self, layout: Layout, skip: usize, out: &mut Out) {
        let words = layout.width() / 8;
        let kept = self.range(layout, skip..self.len());
        out.len(kept.len());
        out.0.reserve(kept.len() * layout.width());
        for entry in kept {
            entry.iter().take(words).for_each(|word| out.u64(*word));
        }
    }

    /// `is_valid` says of a number whether it can be one of the memory's.
    pub fn load(
        layout: Layout,
        bytes: &mut Bytes<'_>,
        is_valid: impl Fn(i64) -> bool,
    ) -> Result<Entries, Fault> {
        let count = bytes.len()?;
        let fault = || Fault::of("more entries than there can be");
        let saved = bytes.take(count.checked_mul(layout.width()).ok_or_else(fault)?)?;
        let len = u32::try_from(count).map_err(|_| fault())?;
        let mut words = Vec::with_capacity(count * layout.stride());
        let mut sum = 0i128;
        for entry in saved.chunks_exact(layout.width()) {
            let (parts, _) = entry.as_chunks::<8>();
            words.extend(parts.iter().map(|word| u64::from_le_bytes(*word)));
            if layout == Layout::Number {
                let number = words.last().map_or(0, |word| *word as i64);
                if !is_valid(number) {
                    return Err(Fault::of("a kept value is none of its type"));
                }
                let (low, high) = split(sum as u128);
                words.extend([low, high]);
                sum += i128::from(number);
            }
        }
        Ok(Entries { words: words.into_boxed_slice(), start: 0, len, first: 0 })
    }
}
