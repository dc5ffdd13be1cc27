//! `rulec run`: events in, decisions out.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::time::Instant;

use clap::{Args, ValueEnum};

use super::input::{Batch, Cells, Flaw, Inputs, Line, Shape, open};
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
    #[arg(long, value_enum)]
    only: Option<Only>,
    /// Write events that can't be read here, with line and reason, and go on; without it the first one ends the run
    #[arg(long, value_name = "FILE")]
    rejects: Option<String>,
    /// The type of events that don't say theirs
    #[arg(long = "type", value_name = "EVENT")]
    event_type: Option<String>,
    /// What the event files hold, where their names don't tell
    #[arg(long, value_enum)]
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
        let ended = self.decide_all(&engine, inputs, &mut sink)?;
        sink.finish()?;
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
            Ended::Whole => {
                summary.check().map_err(Failure::new)?;
                Ok(if sink.rejected > 0 { Outcome::Found } else { Outcome::Fine })
            }
        }
    }

    fn decide_all(&self, engine: &Engine, inputs: Inputs, sink: &mut Sink) -> Result<Ended, Failure> {
        let progress = Progress::new(inputs.consumed.clone(), inputs.total_bytes);
        let mut columns = Columns::default();
        for batch in inputs.batches {
            let batch = batch?;
            for line in batch.lines() {
                let answer = match columns.decide(engine, &batch, line).map_err(|reason| {
                    Failure::new(format!(
                        "the header of `{}` can't be read: {reason}",
                        self.events[batch.input]
                    ))
                })? {
                    Some(answer) => answer,
                    // A CSV header.
                    None => continue,
                };
                sink.read += 1;
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
    /// `None` for a line that is the header; an error says why a header is none.
    fn decide(&mut self, engine: &Engine, batch: &Batch, line: Line<'_>) -> Result<Option<Answer>, String> {
        let known = self.columns.as_ref().filter(|_| self.input == Some(batch.input));
        let flaw = line.flaw.map(Flaw::told);
        match (batch.shape, known, flaw) {
            (Shape::Csv, None, Some((expected, found))) => Err(format!("expected {expected}, found {found}")),
            (_, _, Some((expected, found))) => Ok(Some(engine.reject(expected, found))),
            (Shape::Ndjson, ..) => Ok(Some(engine.decide_json(line.text))),
            (Shape::Csv, Some(columns), None) => {
                self.cells.split(line.text);
                Ok(Some(engine.decide_csv(columns, self.cells.iter())))
            }
            (Shape::Csv, None, None) => {
                if line.text.contains(&b'\r') {
                    return Err(
                        "its lines end in carriage returns alone: save the file with line feeds".into()
                    );
                }
                self.cells.split(line.text);
                self.columns = Some(engine.csv_columns(self.cells.iter()));
                self.input = Some(batch.input);
                Ok(None)
            }
        }
    }
}

/// Where decisions and rejects go.
struct Sink {
    format: DecisionFormat,
    only_hits: bool,
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
        let text = table(&self.rows, !self.header_written);
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

/// `private`: readable by its owner alone, because it holds events as they came.
fn create(path: &str, private: bool) -> Result<File, Failure> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    if private {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let _ = private;
    options.open(path).map_err(|e| Failure::new(format!("can't write `{path}`: {e}")))
}
