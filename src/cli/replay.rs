//! `rulec replay`: a log of decisions, decided again.

use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use std::path::Path;

use clap::{Args, ValueEnum};

use super::compare::{Tally, cut_stamp};
use super::csv::Cells;
use super::run::create;
use super::state::Secret;
use super::{CommandResult, Failure, Outcome, compile, print, print_findings};
use crate::builtins::DEFAULT_HASH_KEY;
use crate::{
    Again, Answer, Answers, CsvColumns, Logged, Message, Pending, Start, StoreError, Told, read_log,
};

/// Decide the events of a log again, and compare
///
/// A log is what `rulec run --log DIR` has written. Every event in it is decided again with the rulesets that stand in the
/// log, and each decision is compared byte for byte with the one in the log. With --ruleset another ruleset decides all of
/// them, and you see what it would have changed.
#[derive(Args)]
#[command(after_help = "Exit code 1 if anything differs.\n\nExamples:\n  \
rulec replay decisions.log\n  \
rulec replay decisions.log --ruleset new-rules --out differences.ndjson")]
pub struct Replay {
    /// The directory of a log
    log: String,
    /// Decide with this ruleset in place of those in the log; which ruleset decided is not compared then
    #[arg(long, value_name = "RULESET")]
    ruleset: Option<String>,
    /// Write all differences to this file, one JSON object per line
    #[arg(long, value_name = "FILE")]
    out: Option<String>,
    /// How the result is shown
    #[arg(long, value_enum, default_value = "human")]
    format: ReplayFormat,
    #[command(flatten)]
    secret: Secret,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
enum ReplayFormat {
    /// For people, with the first differences in full
    Human,
    /// One JSON object with the counts
    Json,
}

/// So many lines are decided at once.
const BATCH: usize = 256;

/// Or so many bytes of what was told of them.
const BATCH_BYTES: usize = 1 << 20;

impl Replay {
    pub fn run(self) -> CommandResult {
        let other = match self.ruleset.as_deref().map(compile) {
            Some(Ok(compiled)) => Some(compiled.ruleset),
            Some(Err(ended)) => return ended,
            None => None,
        };
        let hash_key = self.secret.read()?.unwrap_or_else(|| DEFAULT_HASH_KEY.to_vec());
        let out: Option<Box<dyn Write>> = match &self.out {
            Some(path) => Some(Box::new(BufWriter::new(create(path, false)?))),
            None => None,
        };
        let other_stamp = other.as_ref().map(|other| (**other.stamp()).clone());
        let mut replaying = Replaying {
            again: Again::new(other, hash_key),
            told: self.format == ReplayFormat::Human,
            columns: None,
            cells: Cells::default(),
            pending: Pending::default(),
            was: Said::default(),
            is: Said::default(),
            tally: Tally::new(out, other_stamp),
        };
        let read = read_log(Path::new(&self.log), &mut |message| replaying.message(message));
        let torn = read.and_then(|torn| replaying.decide().map(|()| torn)).map_err(Failure::new)?;
        let mut tally = replaying.tally;
        tally.finish().map_err(|error| {
            Failure::new(format!("can't write `{}`: {error}", self.out.as_deref().unwrap_or_default()))
        })?;
        print(
            match self.format {
                ReplayFormat::Human => tally.text(torn.as_deref()),
                ReplayFormat::Json => tally.json(torn.as_deref()),
            }
            .as_bytes(),
        )?;
        Ok(if tally.differs() { Outcome::Found } else { Outcome::Fine })
    }
}

/// What was said to the lines of a batch: JSON texts, each behind its length.
#[derive(Default)]
struct Said {
    bytes: Vec<u8>,
    /// By line.
    ends: Vec<usize>,
}

impl Said {
    /// Adds a text to what is said to the last line.
    fn push(&mut self, with_stamp: bool, write: impl FnOnce(&mut Vec<u8>)) {
        let head = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        write(&mut self.bytes);
        if !with_stamp {
            cut_stamp(&mut self.bytes, head + 4);
        }
        let length = (self.bytes.len() - head - 4) as u32;
        self.bytes[head..head + 4].copy_from_slice(&length.to_le_bytes());
        self.end_line();
    }

    fn end_line(&mut self) {
        if let Some(end) = self.ends.last_mut() {
            *end = self.bytes.len();
        }
    }

    /// Up to the line of that place.
    fn begin_line(&mut self, place: usize) {
        while self.ends.len() <= place {
            self.ends.push(self.bytes.len());
        }
    }

    fn line(&self, place: usize) -> &[u8] {
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[place]]
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
}

struct Replaying {
    again: Again,
    /// Say what happens on the way.
    told: bool,
    columns: Option<CsvColumns>,
    cells: Cells,
    pending: Pending,
    /// By the log.
    was: Said,
    /// Now.
    is: Said,
    tally: Tally,
}

impl Replaying {
    fn message(&mut self, message: Message<'_>) -> Result<(), StoreError> {
        match message {
            Message::Begin(start) => {
                self.decide()?;
                self.begin(*start)?;
            }
            Message::Header(text) => {
                self.decide()?;
                self.cells.split(text);
                self.columns = self.again.engine().map(|engine| engine.csv_columns(self.cells.iter()));
            }
            Message::Line(line, answers) => self.line(line, answers)?,
            Message::Erased => self.tally.erased += 1,
            Message::End => {}
        }
        Ok(())
    }

    fn begin(&mut self, start: Start) -> Result<(), StoreError> {
        self.columns = None;
        let (stamp, rulec) = self.again.begin(start)?;
        if let Some(text) = self.tally.begin(stamp, rulec).filter(|_| self.told) {
            print_findings(&text);
        }
        Ok(())
    }

    fn line(&mut self, line: Logged<'_>, answers: Answers<'_>) -> Result<(), StoreError> {
        let strange = || StoreError::damaged("this row stands before the header of its file");
        let Some(engine) = self.again.engine() else { return Ok(()) };
        match line {
            Logged::Json(text) => engine.read_json(text, &mut self.pending),
            Logged::Row(text) => {
                self.cells.split(text);
                let columns = self.columns.as_ref().ok_or_else(strange)?;
                engine.read_csv(columns, self.cells.iter(), &mut self.pending);
            }
            Logged::Broken { expected, found, .. } => {
                engine.read_broken(expected, found, &mut self.pending);
            }
        }
        let with_stamp = !self.tally.replaces();
        self.was.begin_line(self.was.ends.len());
        for answer in answers {
            self.was.push(with_stamp, |out| out.extend_from_slice(answer));
        }
        if self.pending.len() >= BATCH || self.was.bytes.len() >= BATCH_BYTES {
            self.decide()
        } else {
            Ok(())
        }
    }

    /// Decides what waits, and compares.
    fn decide(&mut self) -> Result<(), StoreError> {
        let Replaying { again, pending, was, is, tally, .. } = self;
        let Some(engine) = again.engine().filter(|_| !pending.is_empty()) else { return Ok(()) };
        let with_stamp = !tally.replaces();
        is.clear();
        engine.decide_pending(pending, false);
        engine.tell_lines(pending, |place, told| {
            is.begin_line(place);
            tally.count(&told);
            match told {
                Told::Quiet(quiet) => is.push(with_stamp, |out| quiet.write_json(out)),
                Told::Deadline(decision) => is.push(with_stamp, |out| decision.write_json(out)),
                Told::Answer(Answer::Clock | Answer::List) => {}
                Told::Answer(answer) => is.push(with_stamp, |out| answer.write_json(out)),
            }
            ControlFlow::Continue(())
        });
        if was.bytes == is.bytes && was.ends == is.ends {
            tally.inputs += was.ends.len() as u64;
        } else {
            for place in 0..was.ends.len().min(is.ends.len()) {
                tally.inputs += 1;
                tally.compare(was.line(place), is.line(place))?;
            }
        }
        was.clear();
        Ok(())
    }
}
