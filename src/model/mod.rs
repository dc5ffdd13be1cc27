//! The domain's words: types, values, money, time, and the meaning of every operator.

// Only `decision` and `time` hold what the crate shows to everyone; the rest is seen by `tooling` alone.
pub mod data;
pub mod decision;
pub mod display;
pub mod event;
#[expect(missing_docs, reason = "seen by `tooling` alone")]
pub mod ids;
pub mod money;
pub mod ops;
pub mod scalars;
#[expect(missing_docs, reason = "seen by `tooling` alone")]
pub mod schema;
#[expect(missing_docs, reason = "seen by `tooling` alone")]
pub mod slot;
pub mod time;
#[expect(missing_docs, reason = "seen by `tooling` alone")]
pub mod types;
pub mod value;
#[expect(missing_docs, reason = "seen by `tooling` alone")]
pub mod window;
