//! `rulec state erase`: one key, out of everything that is kept.

use std::path::Path;

use clap::Args;

use super::state::Directory;
use super::{CommandResult, Failure, print};
use crate::{Answers, Engine, Erased, Logged, Store, StoreError, erase_from_log};

/// Forget one buyer, device, card …, in memory and in every file
///
/// Whatever is kept by it alone is as if it had never come, and nothing that is kept names it any more. Then two snapshots are
/// written, so that neither the log nor older snapshots are left. `rulec state verify DIR --without ENTITY KEY` proves it.
///
/// The directory must not be in use: a service that has it open erases by itself, with `Engine::erase`.
#[derive(Args)]
#[command(after_help = "Example: rulec state erase memory buyer b-1042")]
pub struct Erase {
    #[command(flatten)]
    directory: Directory,
    /// The entity, as the ruleset declares it
    entity: String,
    /// Which one
    key: String,
    /// Erase the inputs that name it, and what was said to them, from this log of decisions as well
    #[arg(long, value_name = "LOGDIR")]
    log: Option<String>,
}

impl Erase {
    pub fn run(self) -> CommandResult {
        let store = Store::existing(&self.directory.directory, self.directory.options()?).map_err(told)?;
        let engine = Engine::as_before(store).map_err(Failure::new)?;
        // The log first: if there is none of that name, nothing has been erased anywhere.
        let logged = match &self.log {
            Some(log) => Some((log, self.erase_from(log, &engine)?)),
            None => None,
        };
        let erased = engine.erase(&self.entity, &self.key).map_err(Failure::new)?;
        engine.clear_log().map_err(Failure::new)?;
        let mut text = self.told(&erased);
        if let Some((log, count)) = logged {
            text.push_str(&format!("{count:>12}  inputs in the log `{log}`\n"));
        }
        engine.close().map_err(Failure::new)?;
        print(text.as_bytes())
    }

    fn erase_from(&self, log: &str, engine: &Engine) -> Result<u64, Failure> {
        let (needles, _) = engine.needles(&self.entity, &self.key).map_err(Failure::new)?;
        let mut names = |line: Logged<'_>, mut answers: Answers<'_>| {
            let input = match line {
                Logged::Json(text) => text,
                Logged::Row(text) | Logged::Broken { text, .. } => text,
            };
            needles.find_in_json(input).is_some() || answers.any(|said| needles.find_in_json(said).is_some())
        };
        erase_from_log(Path::new(log), &mut names).map_err(Failure::new)
    }

    fn told(&self, erased: &Erased) -> String {
        let Erase { entity, key, .. } = self;
        let Erased { memories, sequences, values, labels, mutes, once, .. } = *erased;
        let Erased { deadlines, filled, decisions, aside, ref left, .. } = *erased;
        let counts = [
            (memories, "memories of windows"),
            (sequences, "memories of sequences"),
            (values, "memories and rows of others in which it was a value"),
            (labels, "labels"),
            (mutes, "mutes"),
            (once, "moments of `once`"),
            (deadlines, "deadlines"),
            (filled, "entries of lists, tables and calendars"),
            (decisions, "decisions kept for retries"),
            (aside, "records of what was put aside"),
        ];
        let some = counts.iter().any(|(count, _)| *count > 0);
        let mut text = match some {
            true => format!("{entity} `{key}` is erased, from what is remembered and from every file\n"),
            false => {
                format!("nothing is remembered of {entity} `{key}`; the log and older snapshots are gone\n")
            }
        };
        for (count, what) in counts.iter().filter(|(count, _)| *count > 0) {
            text.push_str(&format!("{count:>12}  {what}\n"));
        }
        if !left.is_empty() {
            text.push_str("what is kept by it and other keys together stays, under a hash of all of them:\n");
        }
        left.iter().for_each(|left| text.push_str(&format!("  {left}\n")));
        text
    }
}

fn told(error: StoreError) -> Failure {
    if error.is_locked() {
        return Failure::new(error.help("stop it first; a service erases by itself, with `Engine::erase`"));
    }
    Failure::new(error)
}
