//! `rulec run`: events in, decisions out.

use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, sync_channel};
use std::time::Instant;

use clap::{ArgGroup, Args, ValueEnum};

use super::input::{Batch, Inputs, Line, Shape, open};
use super::log::Log;
use super::progress::Progress;
use super::size::size;
use super::state::{Keep, told};
use super::summary::{Summary, table};
use super::{CommandResult, Failure, Outcome, compile, print, print_findings};
use crate::{Answer, Decision, Engine, EngineOptions, Quiet, Reject, Told};

/// Decide every event of some files
///
/// Events are JSON lines, or CSV with a header (by the file's name, or --input); .gz and .zst are read as they are.
/// Decisions go to standard output as JSON lines, one per event in the order of the input, the deadlines that it makes due
/// before it; a summary goes to standard error.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
rulec run rules events.ndjson\n  \
rulec run rules events.csv.gz --type payment --only hit --format table\n  \
zcat old.gz | rulec run rules - --rejects bad.ndjson --out decisions.ndjson\n  \
tail -f live.ndjson | rulec run rules - --state memory --log decisions.log --durability sync")]
#[command(group = ArgGroup::new("kept").args(["state", "log"]).multiple(true))]
pub struct Run {
    /// A directory of *.rules files, or one file
    ruleset: String,
    /// Event files, or - for standard input
    #[arg(required = true)]
    events: Vec<String>,
    /// Write decisions to this file
    #[arg(long, value_name = "FILE")]
    out: Option<String>,
    /// What to write
    #[arg(long, value_enum, default_value = "ndjson")]
    format: DecisionFormat,
    /// Leave out decisions in which nothing happened
    #[arg(long, value_enum, value_name = "WHAT")]
    only: Option<Only>,
    /// Write events that can't be read to this file, with line and reason, and go on; without it the first one ends
    /// the run. They stand there as they came, so only you can read the file
    #[arg(long, value_name = "FILE")]
    rejects: Option<String>,
    /// The type of events that don't say theirs
    #[arg(long = "type", value_name = "EVENT")]
    event_type: Option<String>,
    /// What the event files hold, where their names don't tell
    #[arg(long, value_enum, value_name = "SHAPE")]
    input: Option<Shape>,
    /// How much memory may keep of past events, such as 4GB: beyond it no new key comes in, what is asked of it is unknown (full),
    /// and the summary warns. Without it there is no limit
    #[arg(long, value_name = "SIZE", value_parser = size)]
    memory: Option<u64>,
    /// No summary on standard error
    #[arg(long)]
    quiet: bool,
    #[command(flatten)]
    keep: Keep,
    /// Write every event and what was said to it to this directory as well, and what it was decided with: `rulec replay`
    /// decides it again. Events stand there as they came, so only you can read the files
    #[arg(long, value_name = "DIR")]
    log: Option<String>,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
enum DecisionFormat {
    /// One JSON object per line
    Ndjson,
    /// For people
    Table,
    /// Only the counts, on standard output
    Summary,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
enum Only {
    /// Some rule hit, was suppressed, or could not say
    Hit,
}

impl Run {
    #[expect(clippy::disallowed_methods, reason = "the summary tells events per second")]
    pub fn run(self) -> CommandResult {
        let compiled = match compile(&self.ruleset) {
            Ok(compiled) => compiled,
            Err(ended) => return ended,
        };
        let ruleset = compiled.ruleset;
        let mut options = EngineOptions::default();
        if let Some(name) = &self.event_type {
            options = options.default_event(&ruleset, name).map_err(Failure::new)?;
        }
        if let Some(bytes) = self.memory {
            options = options.memory_budget(bytes);
        }
        self.check_directories()?;
        let engine = Arc::new(self.keep.engine(ruleset.clone(), options)?);
        if let Some(recovery) = engine.recovered().filter(|_| !self.quiet) {
            print_findings(&told(recovery));
        }
        let inputs = open(&self.events, self.input, &engine)?;
        self.check_outputs()?;
        let log = self.begin_log(&engine)?;
        let mut output = Output {
            engine: engine.clone(),
            names: self.events.clone(),
            rejects: Rejects::open(&self)?,
            sink: Sink::open(&self)?,
            log,
            done: inputs.done.clone(),
        };
        // Those that the run before may not have written.
        for decision in engine.take_deadlines() {
            output.sink.decision(&decision);
        }
        let started = Instant::now();
        let mut empty = EmptyInputs::of(&self.events);
        let (output, ended) = self.decide_all(&engine, inputs, output, &mut empty)?;
        // Whatever ended the run: what was decided is written, and counted.
        let Output { sink, mut rejects, log, .. } = output;
        let written = sink.finish()?;
        rejects.finish()?;
        // The thread that reads may still hold the engine.
        let whole = written && ended.is_ok();
        let closed = if whole { engine.close() } else { engine.close_unsettled() };
        let closed = closed.map_err(Failure::new);
        let ended = ended?;
        closed?;
        // What was decided and is not in the log must not look as if it were.
        if let Some(log) = log.filter(|_| !matches!(ended, Ended::Closed)) {
            log.end(&engine)?;
        }
        if let Some(error) = engine.snapshot_failure() {
            print_findings(&format!("warning: no snapshot was written: {error}\n"));
        }
        if !written || matches!(ended, Ended::Closed) {
            if self.keep.state().is_none() && self.log.is_none() {
                return Ok(Outcome::Fine);
            }
            return Err(Failure::new(format!(
                "nobody reads the decisions any more, so the run ended; {} events were decided, and are kept",
                engine.stats().decided
            )));
        }
        let stats = engine.stats();
        let summary = Summary::new(&ruleset, &stats, rejects.read, started.elapsed());
        if self.format == DecisionFormat::Summary {
            print(summary.text().as_bytes())?;
        } else if !self.quiet {
            print_findings(&summary.text());
        }
        if let Some(warning) = summary.warning().filter(|_| !self.quiet) {
            print_findings(&warning);
        }
        match ended {
            Ended::Stopped(reason) => {
                print_findings(&reason);
                Ok(Outcome::Found)
            }
            Ended::Broken(failure) => Err(failure),
            Ended::Closed => Ok(Outcome::Fine),
            Ended::Whole => {
                print_findings(&empty.text());
                summary.check().map_err(Failure::new)?;
                Ok(if rejects.rejected > 0 { Outcome::Found } else { Outcome::Fine })
            }
        }
    }

    fn begin_log(&self, engine: &Engine) -> Result<Option<Log>, Failure> {
        let Some(path) = &self.log else { return Ok(None) };
        let (log, torn) = Log::begin(path, self.keep.durability(), engine)?;
        if let Some(torn) = torn.filter(|_| !self.quiet) {
            print_findings(&torn);
        }
        Ok(Some(log))
    }

    /// Decides here; reads before and writes after on threads of their own.
    fn decide_all(
        &self,
        engine: &Engine,
        inputs: Inputs,
        output: Output,
        empty: &mut EmptyInputs,
    ) -> Result<(Output, Result<Ended, Failure>), Failure> {
        let shared = self.out.is_none() && self.format != DecisionFormat::Summary;
        let progress = Progress::new(inputs.consumed.clone(), inputs.total_bytes, shared);
        let (decided, batches) = sync_channel(4);
        let thread = std::thread::Builder::new()
            .name("write".into())
            .spawn(move || output.write_all(batches))
            .map_err(|e| Failure::new(format!("can't start a thread to write decisions: {e}")))?;
        let mut ended = Ended::Whole;
        let mut events = 0;
        for batch in inputs.batches {
            let mut batch = match batch {
                Ok(batch) => batch,
                Err(failure) => {
                    ended = Ended::Broken(failure);
                    break;
                }
            };
            empty.has_events(batch.input);
            let stopped = engine.decide_pending(&mut batch.events, self.rejects.is_none());
            if let Some(error) = engine.store_failure() {
                ended = Ended::Broken(Failure::new(error));
            }
            events += batch.events.len() as u64;
            progress.update(events);
            // When writing has ended it says why.
            if decided.send(batch).is_err() || stopped {
                break;
            }
        }
        drop(decided);
        let (output, stopped) = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        progress.finish();
        Ok((output, stopped.unwrap_or(Ok(ended))))
    }
}

/// What becomes of decided events.
struct Output {
    engine: Arc<Engine>,
    /// Of the inputs.
    names: Vec<String>,
    rejects: Rejects,
    sink: Sink,
    log: Option<Log>,
    /// Batches that are done with.
    done: Sender<Batch>,
}

impl Output {
    /// Until there are no more batches, or something ends the run: then it is told what.
    fn write_all(mut self, batches: Receiver<Batch>) -> (Output, Option<Result<Ended, Failure>>) {
        for mut batch in batches {
            let stopped = self.write(&mut batch);
            if stopped.is_some() {
                return (self, stopped);
            }
            // At the end nobody reads any more.
            let _ = self.done.send(batch);
        }
        (self, None)
    }

    fn write(&mut self, batch: &mut Batch) -> Option<Result<Ended, Failure>> {
        let Output { engine, names, rejects, sink, log, .. } = self;
        let mut events = std::mem::take(&mut batch.events);
        if let Err(error) = engine.wait_until_safe(&events) {
            return Some(Err(Failure::new(error)));
        }
        let input = &names[batch.input];
        let mut lines = batch.lines();
        let mut stopped = None;
        engine.tell_lines(&mut events, |place, told| {
            if let Some(Err(failure)) = log.as_mut().map(|log| log.told(batch, place, &told)) {
                stopped = Some(Err(failure));
                return ControlFlow::Break(());
            }
            if let Told::Deadline(decision) = &told {
                sink.decision(decision);
                return ControlFlow::Continue(());
            }
            // There are as many answers as lines.
            let Some(line) = lines.next() else { return ControlFlow::Break(()) };
            rejects.read += u64::from(!matches!(told, Told::Answer(Answer::Clock | Answer::List)));
            match told {
                Told::Deadline(_) | Told::Answer(Answer::Clock | Answer::List | Answer::Failed(_)) => {}
                Told::Quiet(quiet) => sink.quiet(quiet),
                Told::Answer(Answer::Decision(decision)) => sink.decision(&decision),
                Told::Answer(Answer::Reject(reject)) => match rejects.write(input, line, &reject) {
                    Ok(true) => {}
                    Ok(false) => stopped = Some(Ok(Ended::Stopped(stop_text(input, line.number, &reject)))),
                    Err(failure) => stopped = Some(Err(failure)),
                },
            }
            if stopped.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        drop(lines);
        if let Some(Err(failure)) = log.as_mut().map(Log::commit) {
            sink.drop_unwritten();
            return Some(Err(failure));
        }
        if !sink.flush() {
            // Why is told when everything is finished.
            return Some(Ok(Ended::Closed));
        }
        // Rows of a table are settled at the end, with everything.
        if sink.rows.is_empty() && !matches!(stopped, Some(Err(_))) {
            engine.was_told(&events);
        }
        batch.events = events;
        stopped
    }
}

enum Ended {
    Whole,
    /// The first event that can't be read, and nowhere to put it.
    Stopped(String),
    /// Nobody reads the decisions any more.
    Closed,
    /// The rest of the input can't be had.
    Broken(Failure),
}

/// Inputs without any event: rarely what was meant, so they are named.
struct EmptyInputs(Vec<Option<String>>);

impl EmptyInputs {
    fn of(names: &[String]) -> EmptyInputs {
        EmptyInputs(names.iter().cloned().map(Some).collect())
    }

    fn has_events(&mut self, input: usize) {
        self.0[input] = None;
    }

    fn text(&self) -> String {
        self.0
            .iter()
            .flatten()
            .map(|name| match name.as_str() {
                "-" => "standard input has no events\n".to_string(),
                name => format!("`{name}` has no events\n"),
            })
            .collect()
    }
}

fn stop_text(input: &str, line: u64, reject: &Reject) -> String {
    let place = if reject.pointer.is_empty() { String::new() } else { format!("`{}`: ", reject.pointer) };
    format!(
        "{input}:{line}: this event can't be read: {place}expected {}, found {}\n\
         the run stopped here; with `--rejects FILE` such events are written there and the run goes on",
        reject.expected, reject.found
    )
}

/// Where decisions go.
struct Sink {
    /// Of the terminal that decisions go to.
    width: Option<u16>,
    format: DecisionFormat,
    only_hits: bool,
    buffer: Vec<u8>,
    rows: Vec<Decision>,
    header_written: bool,
    out: Box<dyn Write + Send>,
    /// What made writing end.
    broken: Option<std::io::Error>,
}

/// Rows of one table: wide enough to line up, short enough to keep in memory.
const TABLE_ROWS: usize = 1000;

impl Sink {
    fn open(run: &Run) -> Result<Sink, Failure> {
        let out: Box<dyn Write + Send> = match &run.out {
            Some(path) => Box::new(create(path, false)?),
            None => Box::new(std::io::stdout()),
        };
        Ok(Sink {
            width: if run.out.is_none() { terminal_width() } else { None },
            format: run.format,
            only_hits: run.only.is_some(),
            buffer: Vec::new(),
            rows: Vec::new(),
            header_written: false,
            out,
            broken: None,
        })
    }

    /// A decision in which nothing happened.
    fn quiet(&mut self, quiet: Quiet<'_>) {
        if self.only_hits {
            return;
        }
        if self.format != DecisionFormat::Ndjson {
            return self.decision(&quiet.to_decision());
        }
        quiet.write_json(&mut self.buffer);
        self.buffer.push(b'\n');
    }

    fn decision(&mut self, decision: &Decision) {
        if self.only_hits && decision.is_quiet() {
            return;
        }
        match self.format {
            DecisionFormat::Ndjson => {
                decision.write_json(&mut self.buffer);
                self.buffer.push(b'\n');
            }
            DecisionFormat::Table => {
                self.rows.push(decision.clone());
                if self.rows.len() >= TABLE_ROWS {
                    self.table();
                }
            }
            DecisionFormat::Summary => {}
        }
    }

    /// What was not flushed yet never will be.
    fn drop_unwritten(&mut self) {
        self.buffer.clear();
        self.rows.clear();
    }

    fn table(&mut self) {
        let text = table(&self.rows, !self.header_written, self.width);
        self.header_written = true;
        self.rows.clear();
        self.buffer.extend_from_slice(text.as_bytes());
    }

    /// `false` when writing has ended; [`Sink::finish`] tells why.
    fn flush(&mut self) -> bool {
        if self.broken.is_none() && !self.buffer.is_empty() {
            self.broken = self.out.write_all(&self.buffer).and_then(|()| self.out.flush()).err();
        }
        self.buffer.clear();
        self.broken.is_none()
    }

    /// `false` when nobody reads any more.
    fn finish(mut self) -> Result<bool, Failure> {
        if !self.rows.is_empty() {
            self.table();
        }
        self.flush();
        match self.broken {
            None => Ok(true),
            Some(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
            Some(error) => Err(Failure::new(format!("can't write decisions: {error}"))),
        }
    }
}

/// Where events go that can't be read.
struct Rejects {
    file: Option<BufWriter<File>>,
    /// Events so far, decided or rejected.
    read: u64,
    rejected: u64,
}

impl Rejects {
    fn open(run: &Run) -> Result<Rejects, Failure> {
        let file = match &run.rejects {
            Some(path) => Some(BufWriter::new(create(path, true)?)),
            None => None,
        };
        Ok(Rejects { file, read: 0, rejected: 0 })
    }

    /// `false` if there is nowhere to put it.
    fn write(&mut self, input: &str, line: Line<'_>, reject: &Reject) -> Result<bool, Failure> {
        self.rejected += 1;
        let Some(file) = &mut self.file else { return Ok(false) };
        let mut json = reject.to_json();
        // The object's closing brace moves behind what only the file knows.
        json.pop();
        let text = String::from_utf8_lossy(line.text);
        let rest = serde_json::json!({ "file": input, "line": line.number, "text": text }).to_string();
        writeln!(file, "{json},{}", &rest[1..])
            .map_err(|e| Failure::new(format!("can't write rejects: {e}")))?;
        Ok(true)
    }

    fn finish(&mut self) -> Result<(), Failure> {
        if let Some(file) = &mut self.file {
            file.flush().map_err(|e| Failure::new(format!("can't write rejects: {e}")))?;
        }
        Ok(())
    }
}

/// Of the terminal that standard output is, if it is one.
fn terminal_width() -> Option<u16> {
    let terminal = std::io::stdout().is_terminal();
    terminal.then(terminal_size::terminal_size).flatten().map(|(width, _)| width.0)
}

/// `private`: readable by its owner alone, because it holds events as they came.
pub fn create(path: &str, private: bool) -> Result<File, Failure> {
    let failed = |e: std::io::Error| Failure::new(format!("can't write `{path}`: {e}"));
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    if private {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let file = options.open(path).map_err(failed)?;
    #[cfg(unix)]
    if private && file.metadata().map_err(failed)?.is_file() {
        use std::os::unix::fs::PermissionsExt;
        // One that was there before may be open to others.
        file.set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
    }
    let _ = private;
    Ok(file)
}

impl Run {
    fn check_directories(&self) -> Result<(), Failure> {
        let (Some(log), Some(state)) = (&self.log, self.keep.state()) else { return Ok(()) };
        let real = |path: &String| std::fs::canonicalize(path).ok();
        if log == state || (real(log).is_some() && real(log) == real(state)) {
            return Err(Failure::new(format!(
                "`--state` and `--log` are both `{log}`: choose two directories"
            )));
        }
        Ok(())
    }

    /// An output that is also an input would be emptied before it is read.
    fn check_outputs(&self) -> Result<(), Failure> {
        let real = |path: &String| {
            let path = std::fs::canonicalize(path).ok()?;
            path.is_file().then_some(path)
        };
        for (option, path) in [("--out", &self.out), ("--rejects", &self.rejects)] {
            let Some(path) = path else { continue };
            let Some(found) = real(path) else { continue };
            if self.events.iter().any(|events| real(events).as_ref() == Some(&found)) {
                return Err(Failure::new(format!(
                    "`{option} {path}` would overwrite the events: choose another file"
                )));
            }
        }
        match (&self.out, &self.rejects) {
            (Some(out), Some(rejects))
                if out == rejects || (real(out).is_some() && real(out) == real(rejects)) =>
            {
                Err(Failure::new(format!("`--out` and `--rejects` are both `{out}`: choose two files")))
            }
            _ => Ok(()),
        }
    }
}
