//! State that outlasts a run: the options that keep it, and `rulec state`, which looks at it.

use std::io::{BufWriter, Write};
use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::erase::Erase;
use super::size::size;
use super::{CommandResult, Failure, Outcome, print, print_findings};
use crate::{
    Carried, CarriedPart, Durability, Engine, EngineOptions, Fate, HeldPart, Recovery, Ruleset, Stamp, Store,
    StoreOptions, Summary,
};

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
    #[expect(clippy::disallowed_methods, reason = "a file that its user names")]
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
    /// The directory, if state is kept.
    pub fn state(&self) -> Option<&String> {
        self.state.as_ref()
    }

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

/// What was found in a store, for people.
pub fn told(recovery: &Recovery) -> String {
    let Recovery { inputs, replayed, clean, torn, set_aside, carried, .. } = recovery;
    let mut text = match (inputs, replayed) {
        (0, _) => "state: nothing is remembered yet\n".to_string(),
        (1, _) => "state: 1 event is remembered\n".to_string(),
        (many, 0) => format!("state: {many} events are remembered\n"),
        (many, again) => {
            let again = if again == many { "all".to_string() } else { again.to_string() };
            format!("state: {many} events are remembered, {again} of them decided again from the log\n")
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
    if let Some(carried) = carried {
        carried_text(carried, &mut text);
    }
    text
}

/// What another ruleset, or other options, made of the memory; what simply goes on is not worth a line.
fn carried_text(carried: &Carried, text: &mut String) {
    let changed: Vec<_> = carried.parts.iter().filter(|part| part.fate != Fate::Kept).collect();
    let kept = carried.parts.len() - changed.len();
    text.push_str(&format!(
        "state: it was decided with another ruleset or other options before; {kept} memories go on as they were\n"
    ));
    for CarriedPart { kind, what, fate, since } in changed {
        let since = since.map_or(String::new(), |since| format!(", whole since {since}"));
        // Some say themselves what they are.
        let kind = if what.starts_with(kind) { String::new() } else { format!("{kind} ") };
        text.push_str(&format!("  {:<9} {kind}{what}{since}\n", fate.to_string()));
    }
    if carried.deadlines_dropped > 0 {
        text.push_str(&format!(
            "  dropped   {} deadlines of rules that are gone, or whose `on` line is another one now\n",
            carried.deadlines_dropped
        ));
    }
}

/// Look at the state that runs have kept
///
/// The directory is only read (but for `erase`), and may be in use meanwhile.
#[derive(Args)]
pub struct State {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Stats(Stats),
    Show(Show),
    Export(Export),
    Verify(Verify),
    Erase(Erase),
}

impl State {
    pub fn run(self) -> CommandResult {
        match self.command {
            Command::Stats(command) => command.run(),
            Command::Show(command) => command.run(),
            Command::Export(command) => command.run(),
            Command::Verify(command) => command.run(),
            Command::Erase(command) => command.run(),
        }
    }
}

/// A directory of state, to look at.
#[derive(Args)]
pub(super) struct Directory {
    /// The directory that was given to `--state`
    pub directory: String,
    #[command(flatten)]
    secret: Secret,
}

impl Directory {
    pub fn options(&self) -> Result<StoreOptions, Failure> {
        Ok(self.secret.read()?.into_iter().fold(StoreOptions::default(), StoreOptions::hash_key))
    }

    fn look(&self) -> Result<Engine, Failure> {
        Store::look(&self.directory, &self.options()?).map_err(Failure::new)
    }
}

/// How much is remembered, and what takes the most
#[derive(Args)]
struct Stats {
    #[command(flatten)]
    directory: Directory,
    /// How to write it
    #[arg(long, value_enum, default_value = "human")]
    format: Shown,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
enum Shown {
    /// For people
    Human,
    /// One object, for programs
    Json,
}

impl Stats {
    fn run(self) -> CommandResult {
        let engine = self.directory.look()?;
        let stamp = engine.ruleset().stamp().clone();
        let summary = engine.summary();
        let inputs = engine.recovered().map_or(0, |recovery| recovery.inputs);
        let text = match self.format {
            Shown::Human => stats_text(&stamp, inputs, &summary),
            Shown::Json => format!("{}\n", stats_json(&stamp, inputs, &summary)),
        };
        print(text.as_bytes())
    }
}

fn stats_text(stamp: &Stamp, inputs: u64, summary: &Summary) -> String {
    let Stamp { name, version, hash } = stamp;
    let mut text =
        format!("{inputs} events are remembered, the last decided by `{name}` {version} ({hash})\n");
    if let Some(now) = summary.now {
        text.push_str(&format!("engine time  {now}\n"));
    }
    let counts = [
        ("labels", summary.labels),
        ("mutes", summary.mutes),
        ("moments of `once`", summary.once),
        ("deadlines", summary.deadlines),
        ("entries of lists, tables and calendars", summary.filled),
        ("decisions kept for retries", summary.decisions),
    ];
    for (what, count) in counts.iter().filter(|(_, count)| *count > 0) {
        text.push_str(&format!("{count:>12}  {what}\n"));
    }
    if !summary.memories.is_empty() {
        text.push_str("        keys      entries        bytes  since                 memory\n");
    }
    let mut memories: Vec<_> = summary.memories.iter().collect();
    memories.sort_by_key(|memory| std::cmp::Reverse(memory.bytes));
    for HeldPart { what, since, keys, entries, bytes, unclear } in memories {
        text.push_str(&format!(
            "{keys:>12} {entries:>12} {bytes:>12}  {since:<20}  {what}\n",
            since = since.to_string()
        ));
        if *unclear > 0 {
            text.push_str(&format!(
                "{:>40}  not counted, because their `where` or their value is unknown: {unclear}\n",
                ""
            ));
        }
    }
    for (what, dropped, bytes) in &summary.aside {
        text.push_str(&format!("put aside at {dropped}, {bytes} bytes: {what}\n"));
    }
    text
}

fn stats_json(stamp: &Stamp, inputs: u64, summary: &Summary) -> serde_json::Value {
    let memory = |held: &HeldPart| {
        let HeldPart { what, since, keys, entries, bytes, unclear } = held;
        json!({ "memory": what, "since": since.to_string(), "keys": keys, "entries": entries, "bytes": bytes, "unclear": unclear })
    };
    let aside = |(what, dropped, bytes): &(String, crate::Time, u64)| json!({ "what": what, "dropped": dropped.to_string(), "bytes": bytes });
    json!({
        "ruleset": { "name": stamp.name, "version": stamp.version, "hash": stamp.hash },
        "inputs": inputs,
        "engine_time": summary.now.map(|now| now.to_string()),
        "labels": summary.labels,
        "mutes": summary.mutes,
        "once": summary.once,
        "deadlines": summary.deadlines,
        "filled": summary.filled,
        "decisions": summary.decisions,
        "memories": summary.memories.iter().map(memory).collect::<Vec<_>>(),
        "aside": summary.aside.iter().map(aside).collect::<Vec<_>>(),
    })
}

/// What is remembered of one buyer, device, card …
#[derive(Args)]
#[command(after_help = "Example: rulec state show memory buyer b-1042")]
struct Show {
    #[command(flatten)]
    directory: Directory,
    /// The entity, as the ruleset declares it
    entity: String,
    /// Which one
    key: String,
    /// How to write it
    #[arg(long, value_enum, default_value = "human")]
    format: Shown,
}

impl Show {
    fn run(self) -> CommandResult {
        let engine = self.directory.look()?;
        let mut text = String::new();
        let mut each = |piece: serde_json::Value| {
            match self.format {
                Shown::Human => piece_text(&mut text, &piece),
                Shown::Json => text.push_str(&format!("{piece}\n")),
            }
            true
        };
        engine.remembered(Some((&self.entity, &self.key)), &mut each).map_err(Failure::new)?;
        if text.is_empty() && self.format == Shown::Human {
            text = format!("nothing is remembered of {} `{}` alone\n", self.entity, self.key);
        }
        print(text.as_bytes())
    }
}

/// So many of the newest events of a memory are shown to people.
const NEWEST: usize = 10;

fn piece_text(text: &mut String, piece: &serde_json::Value) {
    let word = |name: &str| piece.get(name).and_then(serde_json::Value::as_str);
    let (kind, what) = (word("kind").unwrap_or_default(), word("what").unwrap_or_default());
    text.push_str(&format!("{kind} {what}\n"));
    for name in ["due", "event", "until", "at", "newest", "lost", "saturated"] {
        if let Some(value) = word(name) {
            text.push_str(&format!("  {name:<10} {value}\n"));
        }
    }
    for name in ["ever", "steps"] {
        if let Some(value) = piece.get(name).and_then(serde_json::Value::as_u64) {
            text.push_str(&format!("  {name:<10} {value}\n"));
        }
    }
    let Some(events) = piece.get("events").and_then(serde_json::Value::as_array) else { return };
    let hidden = events.len().saturating_sub(NEWEST);
    if hidden > 0 {
        text.push_str(&format!("  {hidden} older events\n"));
    }
    for event in events.iter().skip(hidden) {
        let word = |name: &str| event.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
        let hash = if word("hash").is_empty() { String::new() } else { format!("#{}", word("hash")) };
        text.push_str(format!("  {}  {}{hash}", word("at"), word("value")).trim_end());
        text.push('\n');
    }
}

/// Everything that is remembered, as JSON lines
///
/// One object for each memory of each key, each label, mute, deadline, and entry of a filled list, table or calendar.
/// Keys stand there as the hashes under which they are kept.
#[derive(Args)]
#[command(after_help = "Example: rulec state export memory | jq 'select(.kind == \"label\")'")]
struct Export {
    #[command(flatten)]
    directory: Directory,
}

impl Export {
    fn run(self) -> CommandResult {
        let engine = self.directory.look()?;
        let mut out = BufWriter::new(std::io::stdout().lock());
        let mut failed = None;
        let mut each = |piece: serde_json::Value| {
            failed = writeln!(out, "{piece}").err();
            failed.is_none()
        };
        engine.remembered(None, &mut each).map_err(Failure::new)?;
        match failed.or(out.flush().err()) {
            Some(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(Failure::new(format!("can't write to standard output: {error}")))
            }
            _ => Ok(Outcome::Fine),
        }
    }
}

/// Read every byte of a directory, and decide what is in its log once more
#[derive(Args)]
#[command(after_help = "Example: rulec state verify memory --without buyer b-1042")]
struct Verify {
    #[command(flatten)]
    directory: Directory,
    /// Prove that nothing of this one is left: not in what is remembered, nor in any byte of the files
    #[arg(long, num_args = 2, value_names = ["ENTITY", "KEY"])]
    without: Option<Vec<String>>,
}

impl Verify {
    fn run(self) -> CommandResult {
        let findings =
            Store::verify(&self.directory.directory, &self.directory.options()?).map_err(Failure::new)?;
        let damaged = findings.iter().any(|finding| finding.damage);
        let text: String = findings.iter().map(|finding| format!("{finding}\n")).collect();
        print_findings(&text);
        if damaged {
            return Ok(Outcome::Found);
        }
        let engine = self.directory.look()?;
        let Recovery { inputs, replayed, .. } = engine.recovered().cloned().unwrap_or_default();
        print(format!("every byte is as it was written; {inputs} events, {replayed} of them behind the newest snapshot\n").as_bytes())?;
        match self.without.as_deref() {
            Some([entity, key]) => self.without(entity, key),
            _ => Ok(Outcome::Fine),
        }
    }

    fn without(&self, entity: &str, key: &str) -> CommandResult {
        let Directory { directory, .. } = &self.directory;
        let traces =
            Store::traces(directory, &self.directory.options()?, entity, key).map_err(Failure::new)?;
        print_findings(&traces.iter().map(|trace| format!("{trace}\n")).collect::<String>());
        let count = traces.iter().filter(|trace| !trace.in_rules).count();
        if count > 0 {
            print(
                format!("{count} traces of {entity} `{key}`, or of something else of that name\n").as_bytes(),
            )?;
            return Ok(Outcome::Found);
        }
        print(format!("nothing is left of {entity} `{key}`\n").as_bytes())
    }
}
