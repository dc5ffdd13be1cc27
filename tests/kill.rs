//! `rulec run --state` killed again and again at any moment, and started again: in the end every event was decided once, as
//! if nothing had happened.
//!
//! `RULEC_ROUNDS=200` kills more often than the default, `RULEC_SEED=17` at other moments.

#![cfg(all(unix, feature = "cli"))]
#![expect(clippy::disallowed_methods, reason = "tests start processes and write files")]

#[path = "support/random.rs"]
#[expect(dead_code, reason = "others need more of it")]
mod random;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use random::Random;
use rulec::{Store, StoreOptions};
use serde_json::Value;

const ROUNDS: usize = 20;
/// Kills come after so many answers at most.
const ANSWERS: usize = 60;
/// So many lines are sent ahead of the answers.
const AHEAD: usize = 60;

const RULES: &str = r#"
    ruleset shop {
        version "1"
        lateness 1h
    }
    entity buyer
    entity order
    event login { buyer: buyer }
    event order { buyer: buyer, order: order, amount: money(USD)? }
    event payment { order: order }
    list watched: buyer extern
    label suspect on buyer
    rule busy on login {
        let logins = count(login) by buyer over 1h including this
        review if logins >= 3
        because "{logins} logins in an hour"
        label suspect on buyer for 1h
    }
    rule large on order {
        review if sum(order.amount) by buyer over 2h including this > 100 USD
        block if buyer has label suspect or buyer in watched
        because "{amount} on top"
        once per buyer per 10m
    }
    rule unpaid on no payment by order within 10m after order {
        observe always
        because "{order} was not paid for"
    }
"#;

/// One each minute or so, some of them late.
fn line(number: usize, random: &mut Random) -> String {
    let second = number * 40 + 1_000 - if random.chance(10) { random.below(1_000) } else { 0 };
    let at = format!(
        "2026-11-{:02}T{:02}:{:02}:{:02}Z",
        1 + second / 86_400,
        second / 3_600 % 24,
        second / 60 % 60,
        second % 60
    );
    let buyer = random.below(5);
    match random.below(20) {
        0 => format!(r#"{{"type":"clock","at":"{at}"}}"#),
        // Said again it changes nothing.
        1 => format!(r#"{{"type":"list","name":"watched","at":"{at}","add":["c{number}"]}}"#),
        2..8 => {
            let amount = random.below(60);
            format!(
                r#"{{"type":"order","id":"{number}","at":"{at}","buyer":"b{buyer}","order":"o{number}","amount":"{amount} USD"}}"#
            )
        }
        8..11 => {
            let order = number.saturating_sub(random.below(15));
            format!(r#"{{"type":"payment","id":"{number}","at":"{at}","order":"o{order}"}}"#)
        }
        _ => format!(r#"{{"type":"login","id":"{number}","at":"{at}","buyer":"b{buyer}"}}"#),
    }
}

struct Place {
    directory: tempfile::TempDir,
    lines: Vec<String>,
}

/// A process, and what it says.
struct Run {
    child: Child,
    said: Receiver<String>,
}

impl Place {
    fn new(lines: usize, random: &mut Random) -> Place {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("shop.rules"), RULES).unwrap();
        Place { directory, lines: (0..lines).map(|number| line(number, random)).collect() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Fed with everything from this line on, some lines at a time.
    fn start(&self, first: usize, state: Option<(&Path, &str)>, seed: u64) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rulec"));
        command.arg("run").arg(self.path("shop.rules")).args(["-", "--quiet"]);
        if let Some((path, durability)) = state {
            command.arg("--state").arg(path).args(["--durability", durability, "--snapshot-every", "20KB"]);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().unwrap();
        let (mut stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let lines = self.lines[first..].to_vec();
        let heard = Arc::new(AtomicUsize::new(0));
        let fed_from = heard.clone();
        std::thread::spawn(move || {
            let mut random = Random::new(seed);
            let (mut rest, mut asked) = (&lines[..], 0);
            while !rest.is_empty() {
                // Otherwise a pipe would take all of them at once.
                while asked > fed_from.load(Ordering::Relaxed).saturating_add(AHEAD) {
                    std::thread::sleep(Duration::from_micros(200));
                }
                let (some, after) = rest.split_at(rest.len().min(1 + random.below(6)));
                // It may be gone.
                if stdin.write_all(format!("{}\n", some.join("\n")).as_bytes()).is_err() {
                    return;
                }
                std::thread::sleep(Duration::from_micros(random.below(5_000) as u64));
                // Other lines have no answer.
                asked += some.iter().filter(|line| line.contains("\"id\"")).count();
                rest = after;
            }
        });
        let (tell, said) = channel();
        std::thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            let mut line = String::new();
            // What is cut off was not said.
            while stdout.read_line(&mut line).is_ok_and(|length| length > 0) && line.ends_with('\n') {
                heard.fetch_add(1, Ordering::Relaxed);
                if tell.send(std::mem::take(&mut line)).is_err() {
                    break;
                }
            }
            heard.store(usize::MAX, Ordering::Relaxed);
        });
        Run { child, said }
    }
}

/// What was said until the process ended.
#[derive(Default)]
struct Told {
    /// By the id of the event.
    decisions: BTreeMap<String, Value>,
    deadlines: BTreeMap<String, Value>,
}

fn id(decision: &Value) -> String {
    decision["event"].as_str().unwrap().to_string()
}

fn is_deadline(decision: &Value) -> bool {
    decision["type"] == "deadline"
}

/// The decision as it was when it came first.
fn first(mut decision: Value) -> (Value, bool) {
    let again = decision.as_object_mut().unwrap().remove("duplicate").is_some_and(|again| again == true);
    (decision, again)
}

fn undisturbed(place: &Place) -> Told {
    let mut told = Told::default();
    let mut run = place.start(0, None, 0);
    for line in &run.said {
        let (decision, _) = first(serde_json::from_str(&line).unwrap());
        let into = if is_deadline(&decision) { &mut told.deadlines } else { &mut told.decisions };
        assert_eq!(into.insert(id(&decision), decision), None);
    }
    assert!(run.child.wait().unwrap().success());
    told
}

/// What the host knows of its lines.
struct Host<'p> {
    place: &'p Place,
    wanted: Told,
    /// By the line: the number of its event, for those that get an answer.
    events: Vec<Option<String>>,
    /// Lines that were answered.
    answered: BTreeSet<usize>,
    /// The lines in the log, in order.
    log: Vec<usize>,
    deadlines: BTreeSet<String>,
    duplicates: usize,
}

impl Host<'_> {
    /// Takes what a process said that was fed from this line on.
    fn take(&mut self, from: usize, said: &[String]) {
        let logged: BTreeSet<usize> = self.log.iter().copied().collect();
        let mut lines = (from..self.events.len())
            .filter(|line| self.events[*line].is_some())
            .collect::<Vec<_>>()
            .into_iter();
        for text in said {
            let (decision, again) = first(serde_json::from_str(text).unwrap());
            if is_deadline(&decision) {
                assert_eq!(self.wanted.deadlines.get(&id(&decision)), Some(&decision));
                self.deadlines.insert(id(&decision));
                continue;
            }
            let line = lines.next().unwrap();
            assert_eq!(Some(id(&decision)), self.events[line], "answers are in the order of the lines");
            assert_eq!(
                self.wanted.decisions.get(&id(&decision)),
                Some(&decision),
                "as if nothing had happened"
            );
            assert_eq!(again, logged.contains(&line), "what is remembered counts once: {decision}");
            self.duplicates += usize::from(again);
            self.answered.insert(line);
        }
        self.log.extend(from..self.events.len());
    }

    /// How much of the log is there.
    fn look(&mut self, state: &Path, sync: bool) {
        // A process may be killed before it has written down anything.
        let inputs = match Store::look(state, &StoreOptions::default()) {
            Ok(engine) => engine.recovered().unwrap().inputs as usize,
            Err(error) => {
                assert!(!error.is_damage() && self.answered.is_empty(), "{error}");
                0
            }
        };
        self.log.truncate(inputs);
        let logged: BTreeSet<usize> = self.log.iter().copied().collect();
        let lost = self.answered.iter().filter(|line| !logged.contains(line)).count();
        assert!(lost == 0 || !sync, "{lost} events were answered and are lost");
    }
}

#[test]
fn killed_while_every_answer_is_safe() {
    killed("sync");
}

#[test]
fn killed_while_answers_are_made_safe_together() {
    killed("batched");
}

fn killed(durability: &str) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let rounds = number("RULEC_ROUNDS").map_or(ROUNDS, |rounds| rounds as usize);
    let seed = number("RULEC_SEED").unwrap_or(1);
    println!("RULEC_SEED={seed}");
    let random = &mut Random::new(seed);
    let place = Place::new((rounds + 1) * (ANSWERS + 2 * AHEAD), random);
    let wanted = undisturbed(&place);
    let event = |line: &String| {
        let id = serde_json::from_str::<Value>(line).unwrap()["id"].as_str().map(str::to_string);
        id.filter(|id| wanted.decisions.contains_key(id))
    };
    let events = place.lines.iter().map(event).collect();
    let mut host = Host {
        place: &place,
        events,
        wanted,
        answered: BTreeSet::new(),
        log: Vec::new(),
        deadlines: BTreeSet::new(),
        duplicates: 0,
    };
    let state = place.path("state");
    for round in 0..=rounds {
        let last = round == rounds;
        // Where an answer is missing, behind what is remembered, or some lines before.
        let end = host.log.iter().max().map_or(0, |line| line + 1);
        let missing = (0..end).find(|line| host.events[*line].is_some() && !host.answered.contains(line));
        let from = missing.unwrap_or(end).min(end.saturating_sub(random.below(12)));
        let mut run = host.place.start(from, Some((&state, durability)), random.next());
        let mut said = Vec::new();
        if !last {
            let answers = if random.chance(15) { 0 } else { random.below(ANSWERS) };
            while said.len() < answers {
                said.push(run.said.recv_timeout(Duration::from_secs(60)).unwrap());
            }
            let most = if answers == 0 { 60_000 } else { 2_000 };
            std::thread::sleep(Duration::from_micros(random.below(most) as u64));
            run.child.kill().unwrap();
        }
        said.extend(&run.said);
        let ended = run.child.wait().unwrap();
        assert_eq!(ended.success(), last, "{ended}");
        host.take(from, &said);
        host.look(&state, durability == "sync");
    }
    let unanswered = host
        .events
        .iter()
        .enumerate()
        .filter(|(line, event)| event.is_some() && !host.answered.contains(line));
    assert_eq!(unanswered.collect::<Vec<_>>(), []);
    println!(
        "{durability}: {rounds} kills, {} answers, {} duplicates, {} deadlines",
        host.answered.len(),
        host.duplicates,
        host.deadlines.len()
    );
    assert!(host.wanted.deadlines.keys().eq(&host.deadlines), "a deadline was never told");
    assert!(host.duplicates >= rounds && host.deadlines.len() >= rounds);
}
