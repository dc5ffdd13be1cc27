//! What lines and events fill while running: lists, tables and calendars. Keys are hashes, rows are plain values.

mod lists;
mod rows;
mod spans;

pub use lists::{Entry, Lists, Prefix};
pub use rows::{Row, Rows};
pub use spans::{Calendars, Spans};

/// Everything that lines and events have filled.
#[derive(Debug)]
pub struct Feeds {
    pub lists: Lists,
    pub rows: Rows,
    pub calendars: Calendars,
}

impl Feeds {
    /// `entries`: how many spans a calendar keeps per key.
    pub fn new(entries: u32) -> Feeds {
        Feeds { lists: Lists::default(), rows: Rows::default(), calendars: Calendars::new(entries) }
    }
}
