//! What a run came to, for people.

use std::fmt::Write;
use std::time::Duration;

use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};

use crate::{Decision, Hit, Ruleset, Stats};

/// The counts of a run.
pub struct Summary<'a> {
    ruleset: &'a Ruleset,
    stats: &'a Stats,
    read: u64,
    elapsed: Duration,
}

impl<'a> Summary<'a> {
    pub fn new(ruleset: &'a Ruleset, stats: &'a Stats, read: u64, elapsed: Duration) -> Summary<'a> {
        Summary { ruleset, stats, read, elapsed }
    }

    /// Every event that was read was decided or rejected.
    pub fn check(&self) -> Result<(), String> {
        let Stats { decided, rejected, .. } = self.stats;
        if self.read == decided + rejected {
            return Ok(());
        }
        Err(format!(
            "{} events were read, but {decided} decided and {rejected} rejected: please report this",
            self.read
        ))
    }

    /// What may surprise in the results.
    pub fn warning(&self) -> Option<String> {
        let mut text = String::new();
        match self.stats.own_time {
            0 => {}
            many => text.push_str(&format!(
                "{} no `received_at` and moved time to their own `at`: a wrong one makes deadlines fall due early\n",
                events(many)
            )),
        }
        match self.stats.full {
            0 => {}
            many => text.push_str(&format!(
                "{} no room in memory: what is asked of their keys is unknown (full); allow more with --memory\n",
                events(many)
            )),
        }
        (!text.is_empty()).then_some(text)
    }

    pub fn text(&self) -> String {
        let stats = self.stats;
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = self.write(&mut text, stats);
        text
    }

    fn write(&self, out: &mut String, stats: &Stats) -> std::fmt::Result {
        let seconds = self.elapsed.as_secs_f64().max(1e-9);
        writeln!(
            out,
            "{} events read = {} decided + {} rejected, {:.0} events/s",
            self.read,
            stats.decided,
            stats.rejected,
            self.read as f64 / seconds
        )?;
        for (what, count) in [
            ("duplicates", stats.duplicates),
            ("lines that fill lists", stats.lists),
            ("late", stats.late),
            ("not kept for want of room", stats.full),
            ("lines of the clock", stats.clocks),
            ("deadlines not due yet", stats.waiting),
            ("fields that no event declares", stats.unknown_fields),
        ] {
            if count > 0 {
                writeln!(out, "  {what}: {count}")?;
            }
        }
        writeln!(out, "outcomes")?;
        for (name, count) in self.ruleset.outcomes().zip(&stats.outcomes) {
            if *count > 0 || name == "allow" {
                writeln!(out, "  {name:<12} {count:>10}")?;
            }
        }
        if stats.deadlines > 0 {
            writeln!(out, "outcomes of {} deadlines", stats.deadlines)?;
        }
        for (name, count) in self.ruleset.outcomes().zip(&stats.deadline_outcomes) {
            if *count > 0 {
                writeln!(out, "  {name:<12} {count:>10}")?;
            }
        }
        let rules: Vec<_> = self.ruleset.rule_names().zip(&stats.rules).collect();
        if !rules.is_empty() {
            writeln!(out, "rules{:>39} {:>10} {:>10} {:>10}", "hits", "cannot say", "suppressed", "shadow")?;
        }
        for (name, rule) in rules {
            writeln!(
                out,
                "  {name:<31} {:>10} {:>10} {:>10} {:>10}",
                rule.hits, rule.cannot_say, rule.suppressed, rule.shadow
            )?;
        }
        if !stats.rejects.is_empty() {
            writeln!(out, "rejects")?;
            for (reason, count) in &stats.rejects {
                writeln!(out, "  {count:>10}  {reason}")?;
            }
        }
        Ok(())
    }
}

fn events(count: u64) -> String {
    if count == 1 { "1 event has".to_string() } else { format!("{count} events have") }
}

/// Decisions as rows; the header only where it is wanted. With the width of a terminal the last column is wrapped.
pub fn table(decisions: &[Decision], header: bool, width: Option<u16>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    if let Some(width) = width {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    if header {
        table.set_header(["event", "type", "at", "outcome", "score", "why"]);
    }
    for decision in decisions {
        table.add_row([
            clean(&decision.event),
            decision.event_type.to_string(),
            decision.at.to_string(),
            decision.outcome.to_string(),
            decision.score.to_string(),
            clean(&why(decision).join("; ")),
        ]);
    }
    if width.is_some() {
        for column in 0..5 {
            if let Some(column) = table.column_mut(column) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
    }
    let mut text: String = table.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    if text.is_empty() {
        text.push('\n');
    }
    text
}

/// Everything that happened, in the order of the decision's JSON.
fn why(decision: &Decision) -> Vec<String> {
    let hit = |hit: &Hit| match &hit.because {
        Some(because) => format!("{}: {because}", hit.rule),
        None => hit.rule.to_string(),
    };
    let mut why: Vec<String> = decision.rules.iter().map(hit).collect();
    why.extend(decision.shadow.iter().map(|shadow| format!("shadow {}", hit(shadow))));
    why.extend(decision.suppressed.iter().map(|held| {
        let because = held.because.as_ref().map_or(String::new(), |because| format!(": {because}"));
        match held.withheld.as_slice() {
            [] => format!("{} suppressed by {}{because}", held.rule, held.why),
            withheld => {
                let withheld: Vec<String> = withheld.iter().map(|effect| effect.kind.to_string()).collect();
                format!("{} withheld by {}: {}", held.rule, held.why, withheld.join(", "))
            }
        }
    }));
    why.extend(
        decision.cannot_say.iter().map(|c| format!("{} cannot say ({})", c.rule, c.missing.join(", "))),
    );
    why.extend(decision.effects.iter().map(|effect| effect.kind.to_string()));
    why.extend(
        decision.warming.iter().map(|w| format!("{} warming since {} ({})", w.rule, w.since, w.memory)),
    );
    if !decision.bad.is_empty() {
        why.push(format!("bad {}", decision.bad.join(", ")));
    }
    why.extend(decision.late.then(|| "late".to_string()));
    why.extend(decision.duplicate.then(|| "duplicate".to_string()));
    why.extend(decision.conflict.then(|| "conflict".to_string()));
    why
}

/// Event data must not drive the terminal.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
