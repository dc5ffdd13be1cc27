//! What the tests of agreement share.

pub mod events;
pub mod random;
pub mod rules;
pub mod schema;
