//! What was said and what would be said now: the differences, and what they come to.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use serde_json::{Value, json};

use crate::engine::durable::read_cells;
use crate::{Answer, Stamp, StoreError, Told};

/// The counts of a replay.
pub struct Tally {
    out: Option<Box<dyn Write>>,
    failed: Option<io::Error>,
    /// Decides in place of those of the log.
    other: Option<Stamp>,
    runs: Vec<Run>,
    pub inputs: u64,
    decisions: u64,
    rejects: u64,
    deadlines: u64,
    pub erased: u64,
    /// Answers that differ.
    different: u64,
    outcomes: BTreeMap<(String, String), u64>,
    /// Hits that were only before, and that are only now.
    rules: BTreeMap<String, (u64, u64)>,
    first: Vec<Difference>,
}

/// All runs that one ruleset decided.
struct Run {
    stamp: Stamp,
    rulec: String,
    count: u64,
}

/// An answer that was not given before, or is not given now, or is another one.
struct Difference {
    input: u64,
    was: Option<Said>,
    is: Option<Said>,
}

/// An answer, as it stands and as a value.
struct Said {
    json: String,
    value: Value,
}

/// So many are shown in full.
const SHOWN: usize = 5;

/// Takes the ruleset out of a decision or reject, whose JSON is the end of `out`. No text in it can hold these bytes: a
/// quote in a text is escaped.
pub fn cut_stamp(out: &mut Vec<u8>, start: usize) {
    const MEMBER: &[u8] = b",\"ruleset\":{";
    let found = out[start..].windows(MEMBER.len()).rposition(|bytes| bytes == MEMBER);
    if let Some(at) = found {
        out.truncate(start + at);
        out.push(b'}');
    }
}

impl Tally {
    pub fn new(out: Option<Box<dyn Write>>, other: Option<Stamp>) -> Tally {
        Tally {
            out,
            failed: None,
            other,
            runs: Vec::new(),
            inputs: 0,
            decisions: 0,
            rejects: 0,
            deadlines: 0,
            erased: 0,
            different: 0,
            outcomes: BTreeMap::new(),
            rules: BTreeMap::new(),
            first: Vec::new(),
        }
    }

    /// Another ruleset decides: which one is not compared.
    pub fn replaces(&self) -> bool {
        self.other.is_some()
    }

    pub fn differs(&self) -> bool {
        self.different > 0
    }

    /// A run begins. Gives what is to be said of it.
    pub fn begin(&mut self, stamp: Stamp, rulec: String) -> Option<String> {
        if let Some(run) = self.runs.iter_mut().find(|run| run.stamp == stamp && run.rulec == rulec) {
            run.count += 1;
            return None;
        }
        let text =
            self.other.as_ref().map(|other| format!("{} is replaced by {}", name(&stamp), name(other)));
        self.runs.push(Run { stamp, rulec, count: 1 });
        text
    }

    pub fn count(&mut self, told: &Told<'_>) {
        match told {
            Told::Quiet(_) | Told::Answer(Answer::Decision(_)) => self.decisions += 1,
            Told::Answer(Answer::Reject(_)) => self.rejects += 1,
            Told::Deadline(_) => self.deadlines += 1,
            Told::Answer(Answer::Clock | Answer::List | Answer::Failed(_)) => {}
        }
    }

    /// All that was said and is said to the input that was counted last.
    pub fn compare(&mut self, was: &[u8], is: &[u8]) -> Result<(), StoreError> {
        if was == is {
            return Ok(());
        }
        let was = answers(was)?;
        let mut is = answers(is)?;
        for said in was {
            let same = is.iter().position(|now| about(&now.value) == about(&said.value));
            match same.map(|place| is.remove(place)) {
                Some(now) if now.json == said.json => {}
                now => self.differ(Some(said), now),
            }
        }
        is.into_iter().for_each(|said| self.differ(None, Some(said)));
        Ok(())
    }

    fn differ(&mut self, was: Option<Said>, is: Option<Said>) {
        self.different += 1;
        let pair = (outcome(was.as_ref()), outcome(is.as_ref()));
        *self.outcomes.entry(pair).or_default() += 1;
        let (before, now) = (hits(was.as_ref()), hits(is.as_ref()));
        for rule in before.iter().filter(|rule| !now.contains(*rule)) {
            self.rules.entry(rule.to_string()).or_default().0 += 1;
        }
        for rule in now.iter().filter(|rule| !before.contains(*rule)) {
            self.rules.entry(rule.to_string()).or_default().1 += 1;
        }
        let difference = Difference { input: self.inputs, was, is };
        if let (Some(out), None) = (&mut self.out, &self.failed) {
            self.failed = writeln!(out, "{}", difference.json()).err();
        }
        if self.first.len() < SHOWN {
            self.first.push(difference);
        }
    }

    /// Everything was compared.
    pub fn finish(&mut self) -> io::Result<()> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        self.out.as_mut().map_or(Ok(()), |out| out.flush())
    }

    /// For people.
    pub fn text(&self, torn: Option<&str>) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = self.write(&mut text, torn);
        text
    }

    fn write(&self, out: &mut String, torn: Option<&str>) -> std::fmt::Result {
        let Tally { inputs, decisions, rejects, deadlines, .. } = self;
        let runs: u64 = self.runs.iter().map(|run| run.count).sum();
        writeln!(
            out,
            "{}, {}: {}, {}, {}",
            many(runs, "run"),
            many(*inputs, "input"),
            many(*decisions, "decision"),
            many(*rejects, "reject"),
            many(*deadlines, "deadline"),
        )?;
        for Run { stamp, rulec, count } in &self.runs {
            writeln!(out, "  {}, {} of rulec {rulec}", name(stamp), many(*count, "run"))?;
        }
        if self.erased > 0 {
            let erased = many(self.erased, "input");
            writeln!(out, "{erased} more erased from the log: what was said to others may differ for that")?;
        }
        if let Some(torn) = torn {
            writeln!(out, "{torn}")?;
        }
        if self.different == 0 {
            let but = if self.other.is_some() { " but for the ruleset that is named" } else { "" };
            return writeln!(out, "every answer is the same, byte for byte{but}");
        }
        self.write_differences(out)
    }

    fn write_differences(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "{} different, the outcomes", many_are(self.different, "answer"))?;
        for ((was, is), count) in &self.outcomes {
            let change = if was == is { format!("{was} as before") } else { format!("{was} -> {is}") };
            writeln!(out, "  {change:<30} {count:>10}")?;
        }
        if !self.rules.is_empty() {
            let width = self.rules.keys().map(|rule| rule.len()).max().unwrap_or(0).max(28);
            writeln!(out, "{:<width$}   {:>15} {:>12}", "rules", "hit only before", "hit only now")?;
            for (rule, (before, now)) in &self.rules {
                writeln!(out, "  {rule:<width$} {before:>15} {now:>12}")?;
            }
        }
        writeln!(out, "the first differences")?;
        for difference in &self.first {
            let Difference { input, was, is } = difference;
            let (event, event_type) = difference.about();
            writeln!(out, "  input {input}: {event} ({event_type})")?;
            let text = |said: &Option<Said>| said.as_ref().map_or("nothing".into(), |said| said.json.clone());
            writeln!(out, "    was {}\n    is  {}", text(was), text(is))?;
        }
        Ok(())
    }

    /// For programs.
    pub fn json(&self, torn: Option<&str>) -> String {
        let stamp = |stamp: &Stamp| json!({"name": stamp.name, "version": stamp.version, "hash": stamp.hash});
        let rulesets = self.runs.iter().map(|run| {
            let mut ruleset = stamp(&run.stamp);
            ruleset["rulec"] = run.rulec.as_str().into();
            ruleset["runs"] = run.count.into();
            ruleset
        });
        let outcomes =
            self.outcomes.iter().map(|((was, is), count)| json!({"was": was, "is": is, "count": count}));
        let rules = self
            .rules
            .iter()
            .map(|(rule, (before, now))| json!({"rule": rule, "only_before": before, "only_now": now}));
        let value = json!({
            "runs": self.runs.iter().map(|run| run.count).sum::<u64>(),
            "inputs": self.inputs,
            "decisions": self.decisions,
            "rejects": self.rejects,
            "deadlines": self.deadlines,
            "erased": self.erased,
            "torn": torn,
            "rulesets": rulesets.collect::<Vec<_>>(),
            "replaced_by": self.other.as_ref().map(stamp),
            "different": self.different,
            "outcomes": outcomes.collect::<Vec<_>>(),
            "rules": rules.collect::<Vec<_>>(),
        });
        format!("{value}\n")
    }
}

impl Difference {
    /// Either answer.
    fn either(&self) -> &Value {
        self.was.as_ref().or(self.is.as_ref()).map_or(&Value::Null, |said| &said.value)
    }

    fn about(&self) -> (&Value, &str) {
        let value = self.either();
        (&value["event"], value["type"].as_str().unwrap_or("unknown"))
    }

    fn json(&self) -> String {
        let value = self.either();
        let text = |said: &Option<Said>| said.as_ref().map_or("null".to_string(), |said| said.json.clone());
        format!(
            "{{\"event\":{},\"type\":{},\"at\":{},\"input\":{},\"was\":{},\"is\":{}}}",
            value["event"],
            value["type"],
            value["at"],
            self.input,
            text(&self.was),
            text(&self.is)
        )
    }
}

fn answers(cells: &[u8]) -> Result<Vec<Said>, StoreError> {
    let strange = || StoreError::damaged("an answer in the log is no JSON");
    let cells = read_cells(cells).ok_or_else(strange)?;
    let said = |cell: &[u8]| {
        let value = serde_json::from_slice(cell).map_err(|_| strange())?;
        Ok(Said { json: String::from_utf8_lossy(cell).into_owned(), value })
    };
    cells.into_iter().map(said).collect()
}

/// What makes two answers to one line those to the same question: an event has one of its own, whatever it is read as.
fn about(value: &Value) -> Option<&Value> {
    (value["type"] == "deadline").then_some(&value["event"])
}

/// For lists of what changed.
fn outcome(said: Option<&Said>) -> String {
    match said.map(|said| &said.value) {
        None => "nothing".into(),
        Some(value) if value.get("reject").is_some() => "reject".into(),
        Some(value) => value["outcome"].as_str().unwrap_or("unknown").into(),
    }
}

fn hits(said: Option<&Said>) -> Vec<&str> {
    let rules = said.and_then(|said| said.value["rules"].as_array());
    rules.into_iter().flatten().filter_map(|hit| hit["rule"].as_str()).collect()
}

fn name(stamp: &Stamp) -> String {
    let version = if stamp.version.is_empty() { String::new() } else { format!(" {}", stamp.version) };
    format!("`{}`{version} ({})", stamp.name, stamp.hash)
}

fn many(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn many_are(count: u64, what: &str) -> String {
    format!("{} {}", many(count, what), if count == 1 { "is" } else { "are" })
}
