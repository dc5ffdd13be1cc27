//! `rulec check --state-report`, for people and for programs.

use std::fmt::Write;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use crate::tooling::{FEW, Kept, StateReport};

/// For people.
pub fn table(report: &StateReport) -> String {
    let mut text = String::new();
    let keys = grouped(report.keys);
    if report.rows.is_empty() {
        return format!("{} remembers nothing\n", report.ruleset);
    }
    let _ = writeln!(
        text,
        "{}: about {} for {keys} key{} of each with {FEW} entries\n",
        report.ruleset,
        bytes(report.bytes()),
        if report.keys == 1 { "" } else { "s" },
    );
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["all keys", "a key", "at most", "kept by", "span", "what"]);
    for row in &report.rows {
        let (few, most) = row.per_key();
        let span = match (&row.span, row.late) {
            (Some(span), true) => format!("{span} + {}", report.lateness),
            (Some(span), false) => span.clone(),
            (None, _) => "ever".into(),
        };
        table.add_row([
            bytes(row.bytes),
            bytes(few),
            most.map_or("".into(), bytes),
            row.by.join(", "),
            if row.kind == "index" { String::new() } else { span },
            what(row, report.cap),
        ]);
    }
    for column in 0..3 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for line in table.lines() {
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

fn what(row: &Kept, cap: u32) -> String {
    let form = match row.form.as_deref() {
        Some("entries") => format!(": entries, at most {}", grouped(cap.into())),
        Some(form) => format!(": {form}"),
        None => String::new(),
    };
    match row.kind {
        "memory" => format!("{} of {}{form}", row.functions.join(", "), row.what),
        "index" => row.what.clone(),
        kind => format!("{kind} {}{form}", row.what),
    }
}

/// For programs: one object, the same for the same rules.
pub fn json(report: &StateReport) -> String {
    let row = |row: &Kept| {
        let (few, most) = row.per_key();
        serde_json::json!({
            "kind": row.kind,
            "what": row.what,
            "by": row.by,
            "keys": row.keys,
            "functions": row.functions,
            "form": row.form,
            "span": row.span,
            "lateness": row.late.then_some(&report.lateness),
            "bytes": row.bytes,
            "bytes_per_key": few,
            "most_bytes_per_key": most,
        })
    };
    let whole = serde_json::json!({
        "ruleset": report.ruleset,
        "keys": report.keys,
        "entries_per_key": FEW,
        "cap": report.cap,
        "bytes": report.bytes(),
        "state": report.rows.iter().map(row).collect::<Vec<_>>(),
    });
    format!("{whole:#}\n")
}

/// `1,000,000`
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `376 B`, `1.5 GiB`
fn bytes(count: u64) -> String {
    let mut size = count as f64;
    let mut units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    while size >= 1_023.5 {
        let Some(larger) = units.next() else { break };
        size /= 1_024.0;
        unit = larger;
    }
    if unit == "B" || size >= 99.95 { format!("{size:.0} {unit}") } else { format!("{size:.1} {unit}") }
}
