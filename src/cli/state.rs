//! State that outlasts a run: the options that keep it, and `rulec state`, which looks at it.

use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::Failure;
use crate::{Durability, Engine, EngineOptions, Recovery, Ruleset, Store, StoreOptions};

/// Where memory is kept.
#[derive(Args)]
pub struct Keep {
    /// Keep what is remembered in this directory: a later run goes on from there, also after a crash
    #[arg(long, value_name = "DIR")]
    state: Option<String>,
    /// When events (and with --log what was said to them) outlast a power cut
    #[arg(long, value_enum, default_value = "batched", requires = "kept", value_name = "MODE")]
    durability: Mode,
    /// Write a snapshot of the state whenever the log has grown by so much: 256MB, 1GB
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "256MB", requires = "state")]
    snapshot_every: u64,
    #[command(flatten)]
    secret: Secret,
}

/// Under what keys are hashed.
#[derive(Args)]
pub struct Secret {
    /// The secret under which keys are hashed, as this file has it to the last byte; without it one that everybody knows
    #[arg(long, value_name = "FILE")]
    hash_key_file: Option<String>,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// When the system pleases: fastest, for trials
    None,
    /// Every 10 milliseconds
    Batched,
    /// Before its decision is written: nothing that was answered is ever lost
    Sync,
}

impl Secret {
    pub fn read(&self) -> Result<Option<Vec<u8>>, Failure> {
        let Some(path) = &self.hash_key_file else { return Ok(None) };
        let bytes = std::fs::read(path)
            .map_err(|error| Failure::new(format!("can't read the secret in `{path}`: {error}")))?;
        if bytes.is_empty() {
            return Err(Failure::new(format!("the secret in `{path}` is empty")));
        }
        Ok(Some(bytes))
    }
}

impl Keep {
    pub fn durability(&self) -> Durability {
        match self.durability {
            Mode::None => Durability::None,
            Mode::Batched => Durability::Batched,
            Mode::Sync => Durability::Sync,
        }
    }

    /// An engine with what is kept, or one that remembers nothing yet.
    pub fn engine(&self, ruleset: Arc<Ruleset>, options: EngineOptions) -> Result<Engine, Failure> {
        let secret = self.secret.read()?;
        let Some(directory) = &self.state else {
            let options = secret.into_iter().fold(options, EngineOptions::hash_key);
            return Ok(Engine::with_options(ruleset, options));
        };
        let durability = self.durability();
        let kept = StoreOptions::default().durability(durability).snapshot_every(self.snapshot_every);
        let kept = secret.into_iter().fold(kept, StoreOptions::hash_key);
        let store = Store::open(directory, kept).map_err(Failure::new)?;
        Engine::with_store(ruleset, options, store).map_err(Failure::new)
    }
}

/// A number of bytes, such as `256MB`.
fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = match text[digits.len()..].trim().to_ascii_uppercase().as_str() {
        "" | "B" => 1,
        "KB" | "KIB" | "K" => 1 << 10,
        "MB" | "MIB" | "M" => 1 << 20,
        "GB" | "GIB" | "G" => 1 << 30,
        _ => return Err("write a number and KB, MB or GB, such as `256MB`".into()),
    };
    let number: u64 = digits.parse().map_err(|_| "write a number and KB, MB or GB, such as `256MB`")?;
    number.checked_mul(unit).filter(|bytes| *bytes > 0).ok_or_else(|| "it is out of range".into())
}

/// What was found in a store, for people.
pub fn told(recovery: &Recovery) -> String {
    let Recovery { inputs, replayed, clean, torn, set_aside, .. } = recovery;
    let mut text = match inputs {
        0 => "state: nothing is remembered yet\n".to_string(),
        1 => "state: 1 event is remembered\n".to_string(),
        many => {
            format!("state: {many} events are remembered, {replayed} of them decided again from the log\n")
        }
    };
    if *inputs > 0 && !clean {
        text.push_str("state: the last run did not end in order\n");
    }
    if let Some(torn) = torn {
        text.push_str(&format!("state: {torn}\n"));
    }
    for name in set_aside {
        text.push_str(&format!("state: a damaged snapshot was passed over, and is called `{name}` now\n"));
    }
    text
}
