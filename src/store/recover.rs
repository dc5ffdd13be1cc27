//! From what is on the disk back to an engine.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use super::Start;
use super::origin::Origin;
use crate::engine::Told;
use crate::engine::durable::{Durable, kind, read_cells};
use crate::engine::section;
use crate::engine::{
    Carried, CsvColumns, Engine, EngineOptions, LoadError, Pending, Recovery, Ruleset, StoreError,
};
use crate::model::decision::Decision;
use crate::state::disk::{
    DiskError, Durability, Flusher, Journal, Piece, Records, Recovered, SnapshotReader, Torn,
};
use crate::state::save::Source;

/// How many inputs are decided again at once.
const BATCH: usize = 64;

/// What was put together so far.
pub(crate) struct Recovering {
    /// That of the host, if there is one: it is taken where it is the one of the log.
    known: Option<Arc<Ruleset>>,
    hash_key: Vec<u8>,
    engine: Option<Engine>,
    origin: Option<Origin>,
    columns: Vec<CsvColumns>,
    pending: Pending,
    /// Of a ruleset that comes.
    pieces: Vec<u8>,
    /// The number of the record that is read, and those of the inputs that wait.
    number: u64,
    numbers: Vec<u64>,
    /// The number of the snapshot.
    snapshot: u64,
    /// Deadlines that fell due with those inputs, and are not known to be settled.
    untold: Vec<(u64, Arc<Decision>)>,
    /// In the memory of the engine.
    inputs: u64,
    replayed: u64,
}

impl Recovering {
    pub fn new(known: Option<Arc<Ruleset>>, hash_key: Vec<u8>) -> Recovering {
        Recovering {
            known,
            hash_key,
            engine: None,
            origin: None,
            columns: Vec::new(),
            pending: Pending::default(),
            pieces: Vec::new(),
            number: 0,
            numbers: Vec::new(),
            snapshot: 0,
            untold: Vec::new(),
            inputs: 0,
            replayed: 0,
        }
    }

    /// From the first to the last piece.
    pub fn read_snapshot(&mut self, mut reader: SnapshotReader) -> Result<(), StoreError> {
        let strange =
            |name: &str| StoreError::damaged(format!("its section `{name}` has something else in it"));
        let mut head = Head::default();
        let first = loop {
            match reader.next()? {
                Some(Piece::Section(section::COLUMNS)) => head.begin_columns(),
                Some(Piece::Section(name @ (section::ORIGIN | section::INPUTS))) => head.begin(name),
                Some(Piece::Section(name)) => break name.to_string(),
                Some(Piece::Bytes(bytes)) => head.bytes().extend_from_slice(bytes),
                None => return Err(StoreError::damaged("the snapshot ends before what is remembered")),
            }
        };
        let origin = Origin::read(&head.origin)?;
        let inputs = <[u8; 8]>::try_from(&head.inputs[..]).map_err(|_| strange(section::INPUTS))?;
        self.inputs = u64::from_le_bytes(inputs);
        let (ruleset, options) = origin.again(self.known.as_ref(), &self.hash_key)?;
        let engine = Engine::with_options(ruleset, options);
        for header in &head.columns {
            let cells = read_cells(header).ok_or_else(|| strange(section::COLUMNS))?;
            self.columns.push(engine.know_columns(&cells));
        }
        let mut rest = Rest { first: Some(first), name: String::new(), reader };
        engine.load(&mut rest).map_err(|error| -> StoreError {
            match error {
                LoadError::Source(error) => error.into(),
                LoadError::Refused(what) => rest.reader.damage(&what).into(),
            }
        })?;
        self.snapshot = rest.reader.number();
        self.engine = Some(engine);
        self.origin = Some(origin);
        Ok(())
    }

    /// Takes the records of the log. What it objects to for other reasons than damage is left in `refused`.
    pub fn each<'a>(
        &'a mut self,
        refused: &'a mut Option<StoreError>,
    ) -> impl FnMut(u64, &[u8]) -> Result<(), String> + 'a {
        |number, record| {
            self.number = number;
            self.record(record).map_err(|error| {
                let told = error.to_string();
                *refused = Some(error).filter(|error| !error.is_damage());
                told
            })
        }
    }

    /// The next record of the log.
    fn record(&mut self, record: &[u8]) -> Result<(), StoreError> {
        let strange = || StoreError::damaged("it is no input");
        let (kind, body) = record.split_first().ok_or_else(strange)?;
        if matches!(*kind, kind::JSON | kind::ROW) {
            return self.input(*kind, body);
        }
        self.decide()?;
        match *kind {
            kind::PIECE => self.pieces.extend_from_slice(body),
            kind::RULESET => {
                self.pieces.extend_from_slice(body);
                let origin = Origin::read(&std::mem::take(&mut self.pieces))?;
                let (ruleset, options) = origin.again(self.known.as_ref(), &self.hash_key)?;
                self.go_on_with(ruleset, options)?;
                self.origin = Some(origin);
            }
            kind::TOLD => {
                let number = u64::from_le_bytes(body.try_into().map_err(|_| strange())?);
                self.untold.retain(|(of, _)| *of > number);
                if let Some(engine) = self.engine.as_ref().filter(|_| number >= self.snapshot) {
                    engine.all_told();
                }
            }
            kind::COLUMNS => {
                let header = read_cells(body).ok_or_else(strange)?;
                let engine = self.engine.as_ref().ok_or_else(strange)?;
                self.columns.push(engine.know_columns(&header));
            }
            _ => return Err(strange()),
        }
        Ok(())
    }

    fn input(&mut self, kind: u8, body: &[u8]) -> Result<(), StoreError> {
        let strange = || StoreError::damaged("it is no input");
        let engine = self.engine.as_ref().ok_or_else(strange)?;
        if kind == kind::JSON {
            engine.read_json(body, &mut self.pending);
        } else {
            let (number, cells) = body.split_first_chunk::<4>().ok_or_else(strange)?;
            let columns = self.columns.get(u32::from_le_bytes(*number) as usize).ok_or_else(strange)?;
            let cells = read_cells(cells).ok_or_else(strange)?;
            engine.read_csv(columns, cells.iter().copied(), &mut self.pending);
        }
        self.numbers.push(self.number);
        self.replayed += 1;
        if self.pending.len() >= BATCH { self.decide() } else { Ok(()) }
    }

    /// Those that wait.
    fn decide(&mut self) -> Result<(), StoreError> {
        let Some(engine) = &self.engine else { return Ok(()) };
        self.inputs += self.pending.len() as u64;
        if engine.decide_pending(&mut self.pending, true) {
            return Err(StoreError::damaged("it was an event once, and can't be read as one any more"));
        }
        // They were told when they came first; of deadlines that is not certain. Those after the input that made them
        // due are taken for ones of the next input, which at most tells them again.
        let mut numbers = self.numbers.drain(..);
        let mut number = numbers.next();
        let untold = &mut self.untold;
        engine.tell_decided(&mut self.pending, |told| {
            match told {
                Told::Deadline(decision) => untold.push((number.unwrap_or(u64::MAX), decision)),
                Told::Quiet(_) | Told::Answer(_) => number = numbers.next().or(number),
            }
            ControlFlow::Continue(())
        });
        Ok(())
    }

    /// From here on decided with another ruleset, which takes over what means the same in it.
    fn go_on_with(
        &mut self,
        ruleset: Arc<Ruleset>,
        options: EngineOptions,
    ) -> Result<Option<Carried>, StoreError> {
        let engine = Engine::with_options(ruleset, options);
        let carried = match &self.engine {
            Some(before) => Some(engine.take_over(before)?),
            None => None,
        };
        let headers = self.engine.as_ref().map_or(Vec::new(), Engine::known_columns);
        self.columns = headers
            .iter()
            .map(|header| engine.know_columns(&header.iter().map(Vec::as_slice).collect::<Vec<_>>()))
            .collect();
        self.engine = Some(engine);
        Ok(carried)
    }

    /// Everything was read: inputs are written down from here on.
    pub fn finish(
        mut self,
        ruleset: Arc<Ruleset>,
        options: EngineOptions,
        log: Opened,
    ) -> Result<Engine, StoreError> {
        self.decide()?;
        let origin = Origin::of(&ruleset, &options);
        let mut records = Records::default();
        let mut carried = None;
        if self.origin.as_ref().is_none_or(|before| !before.decides_as(&origin)) {
            origin.write(&mut records);
            carried = self.go_on_with(ruleset, options)?;
        }
        let Opened { journal, found, durability, snapshot_every, start } = log;
        let flusher = Flusher::new(journal);
        let pipe = flusher.pipe().clone();
        let flusher = Arc::new(Mutex::new(Some(flusher)));
        let driver = start(flusher.clone())?;
        let durable = Durable::new(pipe, flusher, driver, durability, snapshot_every);
        durable.push(&mut records)?;
        let recovery = Recovery {
            inputs: self.inputs,
            replayed: self.replayed,
            clean: found.clean,
            torn: found.torn.as_ref().map(torn),
            set_aside: found.set_aside,
            carried,
            last: found.last,
        };
        let engine = self.engine.ok_or_else(|| StoreError::damaged("it has no ruleset"))?;
        engine.tell_again(self.untold.into_iter().map(|(_, decision)| decision));
        Ok(engine.keep_in(durable, origin.to_bytes(), recovery))
    }

    /// Everything was read, and nothing will be written.
    pub fn looked_at(mut self) -> Result<Engine, StoreError> {
        self.decide()?;
        let recovery = Recovery { inputs: self.inputs, replayed: self.replayed, ..Recovery::default() };
        let nothing = || StoreError::new("the directory remembers nothing yet");
        Ok(self.engine.ok_or_else(nothing)?.looked_at(recovery))
    }
}

/// The sections before those of the memory.
#[derive(Default)]
struct Head {
    origin: Vec<u8>,
    inputs: Vec<u8>,
    columns: Vec<Vec<u8>>,
    at: Part,
}

#[derive(Default)]
enum Part {
    #[default]
    Origin,
    Inputs,
    Columns,
}

impl Head {
    fn begin(&mut self, name: &str) {
        self.at = if name == section::INPUTS { Part::Inputs } else { Part::Origin };
    }

    fn begin_columns(&mut self) {
        self.columns.push(Vec::new());
        self.at = Part::Columns;
    }

    fn bytes(&mut self) -> &mut Vec<u8> {
        match (&self.at, self.columns.last_mut()) {
            (Part::Columns, Some(columns)) => columns,
            (Part::Inputs, _) => &mut self.inputs,
            _ => &mut self.origin,
        }
    }
}

/// A snapshot from the first section of the memory on, whose name was read already.
struct Rest {
    first: Option<String>,
    name: String,
    reader: SnapshotReader,
}

impl Source for Rest {
    type Error = DiskError;

    fn next(&mut self) -> Result<Option<Piece<'_>>, DiskError> {
        match self.first.take() {
            Some(first) => {
                self.name = first;
                Ok(Some(Piece::Section(&self.name)))
            }
            None => self.reader.next(),
        }
    }
}

/// What a store hands over once it was read.
pub(super) struct Opened {
    pub journal: Journal,
    pub found: Recovered,
    pub durability: Durability,
    pub snapshot_every: u64,
    pub start: Start,
}

pub(crate) fn torn(torn: &Torn) -> String {
    let Torn { file, bytes, .. } = torn;
    format!("{bytes} bytes at the end of `{file}` were being written in a crash, and were cut off")
}
