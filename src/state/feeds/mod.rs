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
    /// How much room everything takes.
    pub fn room(&self) -> u64 {
        (self.rows.len() * 512 + self.calendars.len() * 64 + self.lists.len() * 48) as u64
    }

    /// `entries`: how many spans a calendar keeps per key.
    pub fn new(entries: u32) -> Feeds {
        Feeds { lists: Lists::default(), rows: Rows::default(), calendars: Calendars::new(entries) }
    }
}
