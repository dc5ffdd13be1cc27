//! The domain's words: types, values, money, time, and the meaning of every operator.

pub mod data;
pub mod decision;
pub mod display;
pub mod event;
pub mod ids;
pub mod money;
pub mod ops;
pub mod scalars;
pub mod schema;
pub mod slot;
pub mod time;
pub mod types;
pub mod value;
pub mod window;
