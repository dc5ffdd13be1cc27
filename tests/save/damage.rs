//! Bytes that no engine has written: an error in words, and never more memory than there are bytes.

use rulec::{Engine, EngineOptions, LoadError};

use super::saved::Saved;
use super::support::random::Random;
use super::{decide, generated};

fn states() -> impl Iterator<Item = (Engine, Saved, Vec<String>)> {
    (0..14).filter_map(|seed| {
        let (compiled, lines, _) = generated(seed)?;
        // In some of them not every key came in.
        let mut options = EngineOptions::default();
        if seed % 3 == 0 {
            options = options.memory_budget(2_000);
        }
        let engine = Engine::with_options(compiled.ruleset.clone(), options.clone());
        let (before, after) = lines.split_at(lines.len() / 2);
        before.iter().for_each(|line| drop(decide(&engine, line, false)));
        let saved = Saved::of(&engine);
        Some((Engine::with_options(compiled.ruleset, options), saved, after.to_vec()))
    })
}

#[test]
fn a_state_that_ends_early_is_an_error() {
    let mut random = Random::new(5);
    for (engine, saved, _) in states() {
        let whole = engine.load(&mut saved.read(512)).unwrap();
        let before = Saved::of(&engine);
        for _ in 0..40 {
            let mut cut = saved.clone();
            // What was put aside, or waits to be asked for, may be missing at the end; not within a section.
            let section = random.below(cut.0.len());
            let bytes = &mut cut.0[section].1;
            let Some(shorter) = bytes.len().checked_sub(1) else { continue };
            let at = random.below(shorter + 1);
            bytes.truncate(at);
            let read = engine.load(&mut cut.read(100));
            match read {
                Err(LoadError::Refused(what)) => assert!(!what.is_empty()),
                // Cut between two records: the checksums of the file tell that.
                Ok(less) => assert!(less.decisions <= whole.decisions),
                Err(LoadError::Source(error)) => panic!("{error}"),
            }
            engine.load(&mut saved.read(4096)).unwrap();
        }
        assert_eq!(Saved::of(&engine), before);
    }
}

#[test]
fn flipped_bits_and_lying_lengths_do_no_harm() {
    let mut random = Random::new(7);
    let (mut refused, mut read) = (0, 0);
    for (engine, saved, lines) in states() {
        for _ in 0..40 {
            let mut broken = saved.clone();
            for _ in 0..=random.below(3) {
                let section = random.below(broken.0.len());
                let bytes = &mut broken.0[section].1;
                if bytes.is_empty() {
                    continue;
                }
                let at = random.below(bytes.len());
                match random.below(3) {
                    0 => bytes[at] ^= 1 << random.below(8),
                    1 => bytes[at] = 0xff,
                    _ => bytes[at] = random.next() as u8,
                }
            }
            if engine.load(&mut broken.read(333)).is_err() {
                refused += 1;
                continue;
            }
            read += 1;
            // Whatever it remembers now, it goes on.
            lines.iter().take(25).for_each(|line| drop(decide(&engine, line, random.chance(50))));
            Saved::of(&engine);
        }
    }
    assert!(refused > 100 && read > 100, "{refused} refused, {read} read");
}

#[test]
fn what_fails_leaves_the_engine_as_it_was() {
    let (engine, saved, lines) = states().next().unwrap();
    engine.load(&mut saved.read(512)).unwrap();
    decide(&engine, &lines[0], false);
    let before = Saved::of(&engine);
    let mut cut = saved.clone();
    cut.0.retain(|(name, _)| name != "decisions");
    let error = engine.load(&mut cut.read(512)).unwrap_err();
    assert_eq!(error, LoadError::Refused("the state ends before its kept decisions".into()));
    assert_eq!(Saved::of(&engine), before);
    let mut other = saved;
    other.0.push(("unheard of".into(), vec![1, 0]));
    let error = engine.load(&mut other.read(512)).unwrap_err().to_string();
    assert!(error.contains("`unheard of`"), "{error}");
    assert_eq!(Saved::of(&engine), before);
}
