//! A caller that remembers everything it appended, so that what comes back can be held against it.

use rulec::tooling::disk::{
    Directory, DirectoryOptions, DiskError, Durability, Fingerprint, Journal, Piece, Recovered, verify,
};

use crate::random::Random;
use crate::sim_disk::SimDisk;

pub const FINGERPRINT: Fingerprint = *b"a hash of secret";

/// What a caller does next.
#[derive(Copy, Clone, Debug)]
pub enum Step {
    /// Appends a record of this many bytes.
    Append(usize),
    /// Commits after so many microseconds.
    Commit(u64),
    Sync,
    /// Takes a snapshot, and meanwhile appends and commits so many records.
    Snapshot(usize),
    /// Closes in order, and opens again.
    Reopen,
}

pub fn options(durability: Durability, segment_bytes: u64) -> DirectoryOptions {
    DirectoryOptions { fingerprint: FINGERPRINT, durability, segment_bytes, ..DirectoryOptions::default() }
}

/// Reads a directory as a caller does: the snapshot, then the log behind it.
pub fn recover(
    disk: &SimDisk,
    options: DirectoryOptions,
) -> Result<(Vec<Vec<u8>>, Journal, Recovered), DiskError> {
    let directory = Directory::open(disk.shared(), options)?;
    let mut records = Vec::new();
    if let Some(mut reader) = directory.snapshot()? {
        let number = reader.number();
        let mut bytes = Vec::new();
        while let Some(piece) = reader.next()? {
            match piece {
                Piece::Section(name) => assert_eq!(name, "records"),
                Piece::Bytes(more) => bytes.extend_from_slice(more),
            }
        }
        let mut rest = &bytes[..];
        while let Some((length, after)) = rest.split_first_chunk::<4>() {
            let (record, after) = after.split_at(u32::from_le_bytes(*length) as usize);
            records.push(record.to_vec());
            rest = after;
        }
        assert_eq!(records.len() as u64, number, "a snapshot of other records than its number says");
    }
    let (journal, recovered) = directory.replay(&mut |number, payload| {
        assert_eq!(number, records.len() as u64 + 1, "the numbers have a gap");
        records.push(payload.to_vec());
        Ok(())
    })?;
    assert_eq!(recovered.last, records.len() as u64);
    assert_eq!(journal.last(), recovered.last);
    Ok((records, journal, recovered))
}

/// One process, and what it knows.
pub struct Caller {
    pub disk: SimDisk,
    pub options: DirectoryOptions,
    pub journal: Option<Journal>,
    /// Every record, in order.
    pub records: Vec<Vec<u8>>,
    /// So many of them are promised to outlast a power cut,
    pub safe: usize,
    /// and so many the process.
    pub written: usize,
    /// Tells records of the same number apart that different processes wrote.
    life: u8,
    now: u64,
}

impl Caller {
    /// Knows nothing yet; [`Caller::open`] comes first.
    pub fn new(disk: SimDisk, options: DirectoryOptions) -> Caller {
        Caller { disk, options, journal: None, records: Vec::new(), safe: 0, written: 0, life: 0, now: 0 }
    }

    pub fn open(&mut self) -> Result<Recovered, DiskError> {
        let (records, journal, recovered) = recover(&self.disk, self.options)?;
        assert_eq!(records, self.records, "a directory that was closed gives back something else");
        self.adopt(records, journal);
        Ok(recovered)
    }

    /// Goes on from what was recovered on another disk.
    pub fn adopt(&mut self, records: Vec<Vec<u8>>, journal: Journal) {
        self.safe = records.len();
        self.written = records.len();
        self.records = records;
        self.journal = Some(journal);
        self.life += 1;
    }

    pub fn run(&mut self, steps: &[Step]) -> Result<(), DiskError> {
        self.open()?;
        steps.iter().try_for_each(|step| self.step(*step))
    }

    /// More steps, all of which work.
    pub fn run_on(&mut self, steps: &[Step]) {
        steps.iter().for_each(|step| self.step(*step).unwrap());
    }

    pub fn step(&mut self, step: Step) -> Result<(), DiskError> {
        let Some(journal) = &mut self.journal else { panic!("it is not open") };
        match step {
            Step::Append(length) => {
                let mut payload = vec![self.life; length];
                for (at, byte) in self.records.len().to_le_bytes().iter().enumerate() {
                    payload.insert(at.min(payload.len()), *byte);
                }
                let number = journal.append(&payload)?;
                self.records.push(payload);
                assert_eq!(number, self.records.len() as u64);
            }
            Step::Commit(after) => {
                let due = journal.due();
                self.now += after;
                let progress = journal.commit(self.now)?;
                assert_eq!(progress.written, self.records.len() as u64);
                let promised = match self.options.durability {
                    Durability::Sync => true,
                    Durability::Batched { .. } => due.is_some_and(|due| due <= self.now),
                    Durability::None => false,
                };
                assert!(!promised || progress.synced == progress.written, "a promise was not kept");
                self.note(progress.written, progress.synced);
            }
            Step::Sync => {
                let progress = journal.sync()?;
                assert_eq!(progress.synced, self.records.len() as u64);
                self.note(progress.written, progress.synced);
            }
            Step::Snapshot(between) => self.snapshot(between)?,
            Step::Reopen => {
                let Some(journal) = self.journal.take() else { panic!("it is not open") };
                journal.close()?;
                (self.written, self.safe) = (self.records.len(), self.records.len());
                let recovered = self.open()?;
                assert!(recovered.clean && recovered.torn.is_none(), "{recovered:?}");
            }
        }
        Ok(())
    }

    fn snapshot(&mut self, between: usize) -> Result<(), DiskError> {
        let Some(journal) = &mut self.journal else { panic!("it is not open") };
        let begun = journal.begin_snapshot()?;
        let progress = journal.progress();
        self.note(progress.written, progress.synced);
        let Some(mut writer) = begun else { return Ok(()) };
        let held = self.records.clone();
        assert_eq!(writer.number(), held.len() as u64);
        writer.section("records")?;
        for record in &held {
            writer.write(&(record.len() as u32).to_le_bytes())?;
            writer.write(record)?;
        }
        for _ in 0..between {
            self.step(Step::Append(5))?;
            self.step(Step::Commit(1))?;
        }
        let published = writer.finish()?;
        let Some(journal) = &mut self.journal else { panic!("it is not open") };
        journal.retire(published)?;
        Ok(())
    }

    fn note(&mut self, written: u64, synced: u64) {
        self.written = written as usize;
        self.safe = self.safe.max(synced as usize);
    }
}

/// Opens what is left of a caller's disk, checks that at least `promised` records are back and none but its own, and
/// goes on working.
pub fn check_and_go_on(caller: &Caller, left: &SimDisk, promised: usize) {
    let begun = left.names().iter().any(|name| name == "FORMAT");
    if begun {
        let damage: Vec<_> =
            verify(left.shared(), Some(&FINGERPRINT)).into_iter().filter(|f| f.damage).collect();
        assert!(damage.is_empty(), "{damage:?}");
    }
    let (records, journal, _) = recover(left, caller.options).expect("a crash is no damage");
    check(caller, &records, promised);
    let mut next = Caller::new(left.clone(), caller.options);
    next.life = caller.life;
    next.adopt(records, journal);
    for step in
        [Step::Append(9), Step::Commit(1), Step::Snapshot(1), Step::Append(3), Step::Reopen, Step::Append(2)]
    {
        next.step(step).unwrap();
    }
    next.step(Step::Reopen).unwrap();
    assert_eq!(verify(left.shared(), Some(&FINGERPRINT)), []);
}

pub fn check(caller: &Caller, records: &[Vec<u8>], promised: usize) {
    assert!(records.len() >= promised, "{} records are back, {promised} were promised", records.len());
    assert!(caller.records.starts_with(records), "what is back is no first part of what was appended");
}

/// A few things that a caller may do.
pub fn random_steps(random: &mut Random) -> Vec<Step> {
    let count = 3 + random.below(25);
    let lengths = [&0, &1, &7, &40, &300, &1_500];
    (0..count)
        .map(|_| match random.below(20) {
            0..=9 => Step::Append(*random.pick(&lengths)),
            10..=15 => Step::Commit(random.below(8) as u64),
            16 => Step::Sync,
            17 | 18 => Step::Snapshot(random.below(3)),
            _ => Step::Reopen,
        })
        .collect()
}

pub fn random_options(random: &mut Random) -> DirectoryOptions {
    let durability =
        *random.pick(&[&Durability::None, &Durability::Batched { every: 10 }, &Durability::Sync]);
    let segment_bytes = *random.pick(&[&1, &150, &1_000, &100_000]);
    DirectoryOptions { keep_segments: random.below(2), ..options(durability, segment_bytes) }
}

/// The seeds to run, and whether it is one that was asked for.
#[expect(clippy::disallowed_methods, reason = "how long to look is the caller's choice")]
pub fn seeds(rounds: u64) -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match number("RULEC_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("RULEC_ROUNDS").unwrap_or(rounds),
    }
}

/// Says what ran if it fails.
pub fn told<T>(what: impl Fn() -> String, run: impl FnOnce() -> T) -> T {
    struct Tell<F: Fn() -> String>(F);
    impl<F: Fn() -> String> Drop for Tell<F> {
        fn drop(&mut self) {
            if std::thread::panicking() {
                println!("failed: {}", (self.0)());
            }
        }
    }
    let _tell = Tell(what);
    run()
}
