//! Changes behind the engine's back: a store is refused, or what is lost of its end is told. Nothing is ever decided on
//! what was not written.

use std::sync::Arc;

use rulec::tooling::Reference as Oracle;
use rulec::tooling::disk::{look, store_on, with_segments};
use rulec::{Compiled, Durability, Engine, EngineOptions, Ruleset, StoreError, StoreOptions};

use crate::AT_LAST;
use crate::every::{family, line};
use crate::reference::{Reference, Said, decide, decide_together};
use crate::sim_disk::SimDisk;

const LINES: usize = 60;

fn options() -> StoreOptions {
    with_segments(StoreOptions::default().durability(Durability::Sync).snapshot_every(2_500), 1_500)
}

fn open(disk: &SimDisk, ruleset: &Arc<Ruleset>) -> Result<Engine, StoreError> {
    let store = store_on(disk.shared(), options(), Box::new(|| 0))?;
    Engine::with_store(ruleset.clone(), EngineOptions::default(), store)
}

struct Damaged {
    inputs: Vec<String>,
    /// What comes after them.
    more: Vec<String>,
    /// What is said to it behind so many inputs.
    wanted: Vec<Said>,
    ruleset: Arc<Ruleset>,
}

impl Damaged {
    fn new(compiled: &Compiled) -> Damaged {
        let mut oracle = Oracle::new(compiled);
        let readable = |line: &String| oracle.can_read(line.as_bytes());
        let inputs: Vec<String> = (0..LINES).map(line).filter(readable).collect();
        let mut more: Vec<String> = (LINES - 3..LINES + 6).map(line).collect();
        more.push(AT_LAST.to_string());
        let wanted = |count: usize| {
            let mut reference = Reference::new(compiled, true);
            reference.decide(&inputs[..count]);
            reference.decide(&more)
        };
        let wanted = (0..=inputs.len()).map(wanted).collect();
        Damaged { inputs, more, wanted, ruleset: compiled.ruleset.clone() }
    }

    /// Two snapshots, and inputs behind the newest.
    fn directory(&self, closed: bool) -> SimDisk {
        let disk = SimDisk::default();
        let engine = open(&disk, &self.ruleset).unwrap();
        decide(&engine, &self.inputs).unwrap();
        if closed {
            engine.close().unwrap();
        }
        // As a killed process leaves it.
        let disk = disk.after_kill();
        let names = disk.names();
        assert_eq!(names.iter().filter(|name| name.ends_with(".snap")).count(), 2, "{names:?}");
        assert!(names.iter().filter(|name| name.ends_with(".log")).count() >= 2, "{names:?}");
        let recovery = open(&disk.after_kill(), &self.ruleset).unwrap().recovered().unwrap().clone();
        assert!(recovery.replayed > 0 && recovery.replayed < recovery.inputs, "{recovery:?}");
        disk
    }

    /// Whether it was refused.
    fn judge(&self, changed: &SimDisk, closed: bool, what: &str) -> bool {
        let looked = look(changed.shared(), &options()).map(|engine| engine.recovered().unwrap().inputs);
        let engine = match open(changed, &self.ruleset) {
            Ok(engine) => engine,
            Err(error) => {
                let text = error.to_string();
                assert!(text.starts_with("`sim") && text.contains("help: "), "{what}: {text}");
                return true;
            }
        };
        let recovery = engine.recovered().unwrap();
        let kept = recovery.inputs as usize;
        assert!(looked.is_err() || looked == Ok(recovery.inputs), "{what}: {looked:?}, {recovery:?}");
        if kept < self.inputs.len() {
            // The last write of a process that was killed may have been torn; it never is if it was closed in order.
            assert!(!closed, "{what}: {recovery:?}");
            assert!(kept + 1 == self.inputs.len() && recovery.torn.is_some(), "{what}: {recovery:?}");
        }
        let said = decide_together(&engine, &self.more).unwrap();
        assert!(said.is(&self.wanted[kept]), "{what}: {said:#?}, and not {:#?}", self.wanted[kept]);
        false
    }
}

#[test]
fn a_flipped_bit_is_refused_or_changes_no_answer() {
    let damaged = Damaged::new(&family().compiled[0]);
    for closed in [true, false] {
        let disk = damaged.directory(closed);
        let (mut refused, mut flips) = (0, 0);
        for name in disk.names() {
            let bytes = disk.bytes(&name);
            let near_an_end = |at: usize| at < 48 || at + 48 >= bytes.len();
            for at in (0..bytes.len()).filter(|at| near_an_end(*at) || at % 61 == 0) {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << (at % 8);
                let changed = disk.after_kill();
                changed.put(&name, flipped);
                let what = format!("closed {closed}, `{name}`, byte {at} of {}", bytes.len());
                refused += usize::from(damaged.judge(&changed, closed, &what));
                flips += 1;
            }
        }
        println!("closed {closed}: {refused} of {flips} refused");
        assert!(refused * 4 >= flips, "only {refused} of {flips} were refused");
    }
}

#[test]
fn a_shorter_or_missing_file_is_refused_or_changes_no_answer() {
    let damaged = Damaged::new(&family().compiled[0]);
    let disk = damaged.directory(true);
    for name in disk.names() {
        let changed = disk.after_kill();
        changed.delete(&name);
        // Without it nothing says that the directory was closed, which changes nothing; nor do old files.
        damaged.judge(&changed, true, &format!("without `{name}`"));
        let bytes = disk.bytes(&name);
        for length in (0..bytes.len()).step_by(97) {
            let changed = disk.after_kill();
            changed.put(&name, bytes[..length].to_vec());
            damaged.judge(&changed, true, &format!("`{name}` cut to {length}"));
        }
    }
}
