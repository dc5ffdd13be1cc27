//! `rulec run`: events in, decisions out.

use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::time::Instant;

use clap::{Args, ValueEnum};

use super::input::{Batch, Cells, Inputs, Line, Shape, open};
use super::progress::Progress;
use super::summary::{Summary, table};
use super::{CommandResult, Failure, Outcome, compile, print, print_findings};
use crate::{Answer, CsvColumns, Decision, Engine, EngineOptions, Reject};

/// Decide every event of some files
///
/// Events are JSON lines, or CSV with a header (by the file's name, or --input); .gz and .zst are read as they are.
/// Decisions go to standard output as JSON lines, one per event in the order of the input; a summary goes to standard error.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
rulec run rules events.ndjson\n  \
rulec run rules events.csv.gz --type payment --only hit --format table\n  \
zcat old.gz | rulec run rules - --rejects bad.ndjson --out decisions.ndjson")]
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
    /// No summary on standard error
    #[arg(long)]
    quiet: bool,
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
        let engine = Engine::with_options(ruleset.clone(), options);
        let inputs = open(&self.events, self.input)?;
        let mut sink = Sink::open(&self)?;
        let started = Instant::now();
        let mut empty = EmptyInputs::of(&self.events);
        let ended = self.decide_all(&engine, inputs, &mut sink, &mut empty);
        // Whatever ended the run: what was decided is written, and counted.
        sink.finish()?;
        let ended = ended?;
        if let Ended::Closed = ended {
            return Ok(Outcome::Fine);
        }
        let stats = engine.stats();
        let summary = Summary::new(&ruleset, &stats, sink.read, started.elapsed());
        if self.format == DecisionFormat::Summary {
            print(summary.text().as_bytes())?;
        } else if !self.quiet {
            print_findings(&summary.text());
        }
        match ended {
            Ended::Stopped(reason) => {
                print_findings(&reason);
                Ok(Outcome::Found)
            }
            Ended::Closed => Ok(Outcome::Fine),
            Ended::Broken(failure) => Err(failure),
            Ended::Whole => {
                print_findings(&empty.text());
                summary.check().map_err(Failure::new)?;
                Ok(if sink.rejected > 0 { Outcome::Found } else { Outcome::Fine })
            }
        }
    }

    fn decide_all(
        &self,
        engine: &Engine,
        inputs: Inputs,
        sink: &mut Sink,
        empty: &mut EmptyInputs,
    ) -> Result<Ended, Failure> {
        let progress = Progress::new(inputs.consumed.clone(), inputs.total_bytes);
        let mut columns = Columns::default();
        for batch in inputs.batches {
            let batch = match batch {
                Ok(batch) => batch,
                Err(failure) => {
                    progress.finish();
                    return Ok(Ended::Broken(failure));
                }
            };
            for line in batch.lines() {
                let answer = match columns.decide(engine, &batch, line) {
                    Ok(Some(answer)) => answer,
                    // A CSV header.
                    Ok(None) => continue,
                    Err(reason) => {
                        progress.finish();
                        let place = format!("{}:{}", self.events[batch.input], line.number);
                        return Ok(Ended::Broken(Failure::new(format!("{place}: {reason}"))));
                    }
                };
                sink.read += 1;
                empty.has_events(batch.input);
                match answer {
                    Answer::Decision(decision) => {
                        if !sink.decision(&decision)? {
                            progress.finish();
                            return Ok(Ended::Closed);
                        }
                    }
                    Answer::Reject(reject) => {
                        let input = &self.events[batch.input];
                        if !sink.reject(input, line, &reject)? {
                            progress.finish();
                            return Ok(Ended::Stopped(stop_text(input, line.number, &reject)));
                        }
                    }
                }
            }
            progress.update(sink.read);
        }
        progress.finish();
        Ok(Ended::Whole)
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

/// The header of the CSV that is being read.
#[derive(Default)]
struct Columns {
    input: Option<usize>,
    columns: Option<CsvColumns>,
    cells: Cells,
}

impl Columns {
    /// `None` for a line that is the header; an error for a header by which no row can be read.
    fn decide(&mut self, engine: &Engine, batch: &Batch, line: Line<'_>) -> Result<Option<Answer>, String> {
        if let Shape::Csv = batch.shape
            && self.input != Some(batch.input)
        {
            self.cells.split(line.text);
            check_header(line.text, &self.cells)?;
            if let Some(fault) = line.fault {
                return Err(format!("the header: expected {}, found {}", fault.expected(), fault.found()));
            }
            self.columns = Some(engine.csv_columns(self.cells.iter()));
            self.input = Some(batch.input);
            return Ok(None);
        }
        if let Some(fault) = line.fault {
            return Ok(Some(engine.reject_line(fault.expected(), fault.found())));
        }
        Ok(Some(match (batch.shape, &self.columns) {
            (Shape::Csv, Some(columns)) => {
                self.cells.split(line.text);
                engine.decide_csv(columns, self.cells.iter())
            }
            _ => engine.decide_json(line.text),
        }))
    }
}

/// What is plainly no header of comma separated values, before every row is a reject.
fn check_header(line: &[u8], cells: &Cells) -> Result<(), String> {
    if line.contains(&b'\r') {
        return Err("its lines end in a carriage return alone: save it with line feeds".into());
    }
    if line.first() == Some(&b'{') {
        return Err("this is JSON, not the header of a CSV: give `--input ndjson`".into());
    }
    let separator = [(b';', "`;`"), (b'\t', "tabs"), (b'|', "`|`")].into_iter().find(|s| line.contains(&s.0));
    match separator {
        Some((_, shown)) if cells.iter().count() == 1 => {
            Err(format!("its cells are separated by {shown}: separate them by commas"))
        }
        _ => Ok(()),
    }
}

/// Where decisions and rejects go.
struct Sink {
    format: DecisionFormat,
    only_hits: bool,
    /// Of the terminal that decisions go to.
    width: Option<u16>,
    out: Box<dyn Write>,
    buffer: Vec<u8>,
    rows: Vec<Decision>,
    header_written: bool,
    rejects: Option<BufWriter<File>>,
    read: u64,
    rejected: u64,
}

/// How much is written at once.
const WRITE_BYTES: usize = 256 * 1024;

/// Rows of one table: wide enough to line up, short enough to keep in memory.
const TABLE_ROWS: usize = 1000;

impl Sink {
    fn open(run: &Run) -> Result<Sink, Failure> {
        run.check_outputs()?;
        let out: Box<dyn Write> = match &run.out {
            Some(path) => Box::new(create(path, false)?),
            None => Box::new(std::io::stdout()),
        };
        let rejects = match &run.rejects {
            Some(path) => Some(BufWriter::new(create(path, true)?)),
            None => None,
        };
        Ok(Sink {
            format: run.format,
            only_hits: run.only.is_some(),
            width: if run.out.is_none() { terminal_width() } else { None },
            out,
            buffer: Vec::with_capacity(WRITE_BYTES + 64 * 1024),
            rows: Vec::new(),
            header_written: false,
            rejects,
            read: 0,
            rejected: 0,
        })
    }

    /// `false` when nobody reads any more.
    fn decision(&mut self, decision: &Decision) -> Result<bool, Failure> {
        if self.only_hits && decision.is_quiet() {
            return Ok(true);
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
        if self.buffer.len() >= WRITE_BYTES { self.flush() } else { Ok(true) }
    }

    fn table(&mut self) {
        let text = table(&self.rows, !self.header_written, self.width);
        self.header_written = true;
        self.rows.clear();
        self.buffer.extend_from_slice(text.as_bytes());
    }

    fn flush(&mut self) -> Result<bool, Failure> {
        let written = self.out.write_all(&self.buffer).and_then(|()| self.out.flush());
        self.buffer.clear();
        match written {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(Failure::new(format!("can't write decisions: {error}"))),
        }
    }

    /// `false` if there is nowhere to put it.
    fn reject(&mut self, input: &str, line: Line<'_>, reject: &Reject) -> Result<bool, Failure> {
        self.rejected += 1;
        let Some(file) = &mut self.rejects else { return Ok(false) };
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
        if !self.rows.is_empty() {
            self.table();
        }
        self.flush()?;
        if let Some(rejects) = &mut self.rejects {
            rejects.flush().map_err(|e| Failure::new(format!("can't write rejects: {e}")))?;
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
fn create(path: &str, private: bool) -> Result<File, Failure> {
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
