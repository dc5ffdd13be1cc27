//! A folded copy of a text, with the way back to the original.
