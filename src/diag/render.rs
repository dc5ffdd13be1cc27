//! The only file that names miette.
