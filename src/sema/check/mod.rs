//! Rules and policies: one file per part of the language.

mod absence;
mod active;
mod bands;
mod caps;
mod current_event;
mod effects;
mod mutes;
mod policies;
mod rules;
mod templates;

pub(super) use effects::wrong_count;
pub(super) use mutes::MuteClause;
