//! Who sends lines to an engine, on a machine that crashes.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rulec::tooling::Reference as Oracle;
use rulec::tooling::disk::{look, store_on, with_segments};
use rulec::{Answer, Decision, Durability, Engine, EngineOptions, StoreOptions};

use crate::family::Family;
use crate::reference::{Reference, Said, decide, decide_together};
pub use crate::sim_disk::Fault;
use crate::sim_disk::SimDisk;
use crate::support::random::Random;
use crate::{Seen, note};

#[derive(Copy, Clone, Debug)]
pub enum Step {
    /// The next line.
    Line,
    /// So many lines at once.
    Together(usize),
    Snapshot,
    /// The process ends, in order or not, and another one goes on.
    Reopen {
        close: bool,
    },
    /// As `Reopen`, with the ruleset of this place.
    Reload(usize),
}

/// A line that any ruleset can read.
const READABLE: &str = r#"{"type":"clock","at":"2026-01-01T00:00:00Z"}"#;

/// The engine can't go on.
#[derive(Debug)]
pub struct Failed;

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Entry {
    Line(usize),
    Ruleset(usize),
}

pub struct Host<'f> {
    family: &'f Family,
    /// Those that it changes among.
    rulesets: [usize; 3],
    options: StoreOptions,
    sync: bool,
    every: Option<u64>,
    pub disk: SimDisk,
    clock: Arc<AtomicU64>,
    engine: Option<Engine>,
    /// Which it wants to decide with.
    ruleset: usize,
    lines: Vec<String>,
    /// The first line without an answer.
    next: usize,
    /// What was handed over. Since the first failure nobody knows how much of it is on the disk.
    log: Vec<Entry>,
    /// When each of the inputs in the log was handed over.
    times: Vec<u64>,
    /// So many inputs were answered, and outlast the process.
    written: usize,
    /// So many are promised to outlast a power cut.
    safe: usize,
    reference: Reference,
    /// Tells what can be read.
    reader: Oracle,
    /// What has been decided by now.
    told: HashSet<String>,
    /// How many inputs a look at the disk found.
    looked: Option<u64>,
    /// Before this line every one was sent before.
    sent: usize,
    faulty: Option<(u64, Fault)>,
}

pub fn durabilities() -> [Durability; 3] {
    [Durability::Sync, Durability::Batched, Durability::None]
}

pub struct Options {
    durability: Durability,
    options: StoreOptions,
}

pub fn options(durability: Durability, snapshot_every: u64, segment_bytes: u64) -> Options {
    let options = StoreOptions::default().durability(durability).snapshot_every(snapshot_every);
    Options { durability, options: with_segments(options, segment_bytes) }
}

impl<'f> Host<'f> {
    pub fn new(family: &'f Family, rulesets: [usize; 3], options: Options, lines: Vec<String>) -> Host<'f> {
        let Options { durability, options } = options;
        let first = &family.compiled[rulesets[0]];
        Host {
            family,
            rulesets,
            options,
            sync: durability == Durability::Sync,
            every: (durability == Durability::Batched).then_some(10_000),
            disk: SimDisk::default(),
            clock: Arc::default(),
            engine: None,
            ruleset: rulesets[0],
            lines,
            next: 0,
            log: Vec::new(),
            times: Vec::new(),
            written: 0,
            safe: 0,
            reference: Reference::new(first, rulesets == family.same()),
            reader: Oracle::new(first),
            told: HashSet::new(),
            looked: None,
            sent: 0,
            faulty: None,
        }
    }

    pub fn engine(&self) -> &Engine {
        self.engine.as_ref().unwrap()
    }

    fn means_the_same(&self) -> bool {
        self.rulesets == self.family.same()
    }

    /// Time passes.
    pub fn pass(&self, micros: u64) {
        self.clock.fetch_add(micros, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        self.clock.load(Ordering::Relaxed)
    }

    /// Lets one of the next operations of the disk fail.
    pub fn fail_after(&mut self, most: usize, fault: Fault, random: &mut Random) {
        self.fail_at(self.disk.operations() + 1 + random.below(most) as u64, fault);
    }

    pub fn fail_at(&mut self, operation: u64, fault: Fault) {
        self.disk.fail(operation, fault);
        self.faulty = Some((operation, fault));
    }

    fn inputs(&self) -> usize {
        self.times.len()
    }

    /// Must work out: nothing fails.
    pub fn open(&mut self, seen: &mut Seen) {
        self.open_again(seen).unwrap();
    }

    /// As the process that ended left it, or the crash.
    pub fn open_again(&mut self, seen: &mut Seen) -> Result<(), Failed> {
        if self.last_ruleset() != Some(self.ruleset) {
            self.log.push(Entry::Ruleset(self.ruleset));
        }
        let clock = self.clock.clone();
        let clock = Box::new(move || clock.load(Ordering::Relaxed));
        let ruleset = self.family.compiled[self.ruleset].ruleset.clone();
        let opened = store_on(self.disk.shared(), self.options.clone(), clock)
            .and_then(|store| Engine::with_store(ruleset, EngineOptions::default(), store));
        let engine = match opened {
            Ok(engine) => engine,
            Err(error) => {
                assert!(self.disk.hit().is_some(), "it was not opened, and nothing had failed: {error}");
                assert!(!error.is_damage(), "what is only not there now is called damage: {error}");
                note(seen, "openings that failed", 1);
                return Err(Failed);
            }
        };
        let recovery = engine.recovered().unwrap().clone();
        match self.looked.take() {
            Some(looked) => assert_eq!(recovery.inputs, looked, "another number than a look at it told"),
            None => drop(self.came_back(recovery.inputs as usize)),
        }
        note(seen, "inputs decided again", recovery.replayed as usize);
        note(seen, "snapshots that were read", usize::from(recovery.replayed < recovery.inputs));
        note(seen, "torn ends", usize::from(recovery.torn.is_some()));
        self.decide_log_again();
        self.written = self.inputs();
        self.safe = self.written;
        // Those that may not have been told.
        let again = engine.take_deadlines();
        note(seen, "deadlines told again", again.len());
        let first = |decision: &Decision| Decision { duplicate: false, ..decision.clone() }.to_json();
        let strange: Vec<_> = again.iter().filter(|decision| !self.told.contains(&first(decision))).collect();
        assert!(strange.is_empty(), "{strange:#?}");
        self.engine = Some(engine);
        Ok(())
    }

    fn last_ruleset(&self) -> Option<usize> {
        self.log.iter().rev().find_map(|entry| match entry {
            Entry::Ruleset(ruleset) => Some(*ruleset),
            Entry::Line(_) => None,
        })
    }

    pub fn step(&mut self, step: Step, seen: &mut Seen) -> Result<(), Failed> {
        match step {
            Step::Line => self.line(seen),
            Step::Together(count) => self.together(count, seen),
            Step::Snapshot => self.snapshot(seen),
            Step::Reopen { close } => self.reopen(close, seen),
            Step::Reload(place) => {
                // Whether two rulesets were decided with in between can't be seen in the log.
                let close = !self.means_the_same();
                if close && !matches!(self.log.last(), Some(Entry::Line(_))) {
                    return Ok(());
                }
                let before = std::mem::replace(&mut self.ruleset, self.rulesets[place]);
                note(seen, "reloads", usize::from(before != self.ruleset));
                let done = self.reopen(close, seen);
                if self.engine.is_some() && done.is_err() {
                    self.ruleset = before;
                }
                done
            }
        }
    }

    fn line(&mut self, seen: &mut Seen) -> Result<(), Failed> {
        let lines = self.take(1);
        let Some(readable) = lines.first().map(|line| self.reader.can_read(line.as_bytes())) else {
            return Ok(());
        };
        match decide(self.engine(), &lines) {
            Ok(said) => {
                self.answered(&lines, &said, seen);
                Ok(())
            }
            Err(answer) => {
                assert!(readable, "a line that can't be read needs no disk");
                self.hand_over(self.next, readable);
                self.stays_stopped(&answer, seen);
                Err(Failed)
            }
        }
    }

    fn together(&mut self, count: usize, seen: &mut Seen) -> Result<(), Failed> {
        let lines = self.take(count);
        if let Some(said) = decide_together(self.engine(), &lines) {
            self.answered(&lines, &said, seen);
            return Ok(());
        }
        for (place, line) in lines.iter().enumerate() {
            let readable = self.reader.can_read(line.as_bytes());
            self.hand_over(self.next + place, readable);
        }
        let answer = self.engine().decide_json(READABLE.as_bytes());
        self.stays_stopped(&answer, seen);
        Err(Failed)
    }

    fn take(&self, count: usize) -> Vec<String> {
        self.lines.iter().skip(self.next).take(count).cloned().collect()
    }

    /// It may be in the log from here on.
    fn hand_over(&mut self, place: usize, readable: bool) {
        if readable {
            self.log.push(Entry::Line(place));
            self.times.push(self.now());
        }
    }

    /// The next lines have answers: are they the right ones?
    fn answered(&mut self, lines: &[String], said: &Said, seen: &mut Seen) {
        let wanted = self.reference.decide(lines);
        assert!(said.is(&wanted), "{}", self.difference(lines, said, &wanted));
        note(seen, "decisions", said.decisions.len());
        for (rejected, duplicate) in said.rejected.iter().zip(&said.duplicate) {
            self.hand_over(self.next, !rejected);
            self.written = self.inputs();
            note(seen, "inputs", usize::from(!rejected));
            note(seen, "rejects", usize::from(*rejected));
            note(seen, "duplicates", usize::from(*duplicate));
            note(seen, "duplicates of lines sent again", usize::from(*duplicate && self.next < self.sent));
            self.next += 1;
            self.sent = self.sent.max(self.next);
        }
        if said.rejected.contains(&false) {
            self.promise();
        }
        if let Some(error) = self.engine().snapshot_failure() {
            assert!(!error.is_damage() && self.disk.hit().is_some(), "{error}");
            note(seen, "inputs decided after a snapshot that failed", 1);
        }
    }

    fn difference(&self, lines: &[String], said: &Said, wanted: &Said) -> String {
        let log: Vec<String> = self
            .log
            .iter()
            .map(|entry| match entry {
                Entry::Line(place) => self.lines[*place].clone(),
                Entry::Ruleset(ruleset) => format!("-- ruleset {ruleset}"),
            })
            .collect();
        format!(
            "{}\n{}\n\n{}\n\nengine: {said:#?}\nwanted: {wanted:#?}",
            self.family.generated.source,
            log.join("\n"),
            lines.join("\n")
        )
    }

    /// What is known to be safe now.
    fn promise(&mut self) {
        if self.sync {
            self.safe = self.written;
        }
        if let Some(every) = self.every {
            // Whoever came so long before one that was written was synced with it at the latest.
            let due = self.now().checked_sub(every);
            let old =
                self.times[..self.written].iter().take_while(|time| due.is_some_and(|due| **time <= due));
            self.safe = self.safe.max(old.count());
        }
    }

    /// After a failure nothing is decided any more, and it is said why.
    fn stays_stopped(&mut self, answer: &Answer, seen: &mut Seen) {
        let Answer::Failed(failed) = answer else { panic!("decided after a failure: {answer:?}") };
        let engine = self.engine.as_ref().unwrap();
        assert_eq!(engine.store_failure().as_ref(), Some(&failed.error));
        assert!(!failed.error.is_damage(), "{}", failed.error);
        assert!(engine.take_deadlines().is_empty(), "a deadline fell due by what is not kept");
        assert!(self.disk.hit().is_some(), "nothing failed: {}", failed.error);
        let again = engine.decide_json(READABLE.as_bytes());
        assert!(matches!(again, Answer::Failed(_)), "{again:?}");
        assert_eq!(decide_together(engine, &self.lines[..2]), None);
        assert!(engine.snapshot().is_err());
        note(seen, "stops", 1);
    }

    fn snapshot(&mut self, seen: &mut Seen) -> Result<(), Failed> {
        match self.engine().snapshot() {
            Ok(()) => {
                self.safe = self.written;
                note(seen, "snapshots asked for", 1);
                Ok(())
            }
            Err(error) => {
                assert!(!error.is_damage() && self.disk.hit().is_some(), "{error}");
                note(seen, "snapshots that failed", 1);
                // It goes on without one, unless the log failed.
                if self.engine().store_failure().is_some() { Err(Failed) } else { Ok(()) }
            }
        }
    }

    fn reopen(&mut self, close: bool, seen: &mut Seen) -> Result<(), Failed> {
        let Some(engine) = self.engine.take() else { return Err(Failed) };
        if close {
            if engine.close().is_err() {
                self.engine = Some(engine);
                return Err(Failed);
            }
            self.safe = self.written;
            note(seen, "closings", 1);
        }
        drop(engine);
        if self.disk.hit().is_some() {
            // What a sync had failed to do is there for the next process.
            self.disk = self.disk.after_kill();
        }
        // Nothing of what was answered is lost when a process only ends.
        self.look_if_needed();
        self.open_again(seen)
    }

    /// A look at what is on the disk, which changes nothing.
    fn look(&mut self) {
        let looked = look(self.disk.shared(), &self.options);
        let (inputs, hash) = match &looked {
            Ok(engine) => (engine.recovered().unwrap().inputs, Some(&*engine.ruleset().stamp().hash)),
            Err(error) => {
                assert!(!error.is_damage(), "a crash is called damage: {error}");
                (0, None)
            }
        };
        let rulesets = self.came_back(inputs as usize);
        let family = self.family;
        let is_last = |ruleset: &usize| Some(&*family.compiled[*ruleset].ruleset.stamp().hash) == hash;
        let kept = rulesets.iter().rposition(is_last).map_or(0, |at| at + 1);
        self.log.extend(rulesets[..kept].iter().map(|ruleset| Entry::Ruleset(*ruleset)));
        match self.last_ruleset() {
            Some(last) => assert!(is_last(&last), "another ruleset came back than the last one"),
            None => assert_eq!(hash, None),
        }
        self.looked = Some(inputs);
    }

    /// It must be a first part of what was handed over, with everything that was promised. Gives the rulesets that
    /// would be next in the log.
    fn came_back(&mut self, inputs: usize) -> Vec<usize> {
        assert!(inputs <= self.inputs(), "{inputs} inputs came back, and {} were sent", self.inputs());
        assert!(inputs >= self.written, "{} inputs were promised, and {inputs} came back", self.written);
        let lines = self.log.iter().enumerate().filter(|(_, entry)| matches!(entry, Entry::Line(_)));
        let end = match inputs {
            0 => 0,
            some => lines.map(|(at, _)| at + 1).nth(some - 1).unwrap(),
        };
        let behind = self.log.split_off(end);
        self.times.truncate(inputs);
        self.written = inputs;
        let ruleset = |entry: &Entry| match entry {
            Entry::Ruleset(ruleset) => Some(*ruleset),
            Entry::Line(_) => None,
        };
        behind.iter().map_while(ruleset).collect()
    }

    /// The reference, with nothing but what is in the log, and the ruleset that the host wants.
    fn decide_log_again(&mut self) {
        if self.last_ruleset() != Some(self.ruleset) {
            self.log.push(Entry::Ruleset(self.ruleset));
        }
        self.reference = Reference::new(&self.family.compiled[self.rulesets[0]], self.means_the_same());
        for entry in &self.log {
            match entry {
                Entry::Line(place) => {
                    self.told.extend(self.reference.decide(&self.lines[*place..=*place]).decisions);
                }
                Entry::Ruleset(ruleset) => self.reference.reload(&self.family.compiled[*ruleset]),
            }
        }
        self.reader = Oracle::new(&self.family.compiled[self.ruleset]);
    }

    fn crashed(&mut self, how: &str, disk: SimDisk, seen: &mut Seen) {
        if let (Some(hit), Some((_, fault))) = (self.disk.hit(), self.faulty.take()) {
            let fault = match fault {
                Fault::PowerCut => "power cut",
                Fault::Error(_) => "error",
                Fault::Short => "short write",
                Fault::Full => "full disk",
            };
            note(seen, &format!("{fault} at {hit}"), 1);
        }
        note(seen, how, 1);
        self.engine = None;
        self.disk = disk;
        self.look_if_needed();
    }

    /// Which ruleset was the last makes a difference only if they mean different things. (A look compiles it.)
    fn look_if_needed(&mut self) {
        self.looked = None;
        if !self.means_the_same() || self.inputs() % 16 == 1 {
            self.look();
        }
    }

    /// The process ends at once.
    pub fn kill(&mut self, seen: &mut Seen) {
        // Closing the store when the engine is dropped writes nothing that was not written.
        self.crashed("kills", self.disk.after_kill(), seen);
    }

    /// What was not synced survives as the seed says.
    pub fn cut_power(&mut self, seed: u64, seen: &mut Seen) {
        note(seen, "answered inputs that were not safe", self.written - self.safe);
        self.written = self.safe;
        self.crashed("power cuts", self.disk.after_power_cut(seed), seen);
    }

    /// The host goes on where it knows that it got no answer, or some lines before, or behind what the store has.
    pub fn send_again(&mut self, back: usize, behind_the_store: bool) {
        if behind_the_store {
            let last = self.log.iter().rev().find_map(|entry| match entry {
                Entry::Line(place) => Some(place + 1),
                Entry::Ruleset(_) => None,
            });
            self.next = last.unwrap_or(0);
        }
        self.next = self.next.saturating_sub(back);
    }

    /// From the next opening on it decides with this one of its rulesets.
    pub fn wants(&mut self, place: usize) {
        self.ruleset = self.rulesets[place];
    }

    /// Whatever is left, without any failure, and opened once more. Gives what is said at the end.
    pub fn rest(&mut self, more: &[String], seen: &mut Seen) -> Said {
        self.kill(seen);
        self.open(seen);
        while self.next < self.lines.len() {
            self.step(Step::Line, seen).unwrap();
        }
        self.step(Step::Reopen { close: true }, seen).unwrap();
        assert!(self.engine().recovered().unwrap().clean);
        self.next = self.lines.len().saturating_sub(5);
        while self.next < self.lines.len() {
            self.step(Step::Together(3), seen).unwrap();
        }
        let said = decide_together(self.engine(), more).unwrap();
        self.lines.extend(more.iter().cloned());
        self.answered(more, &said, seen);
        said
    }
}
