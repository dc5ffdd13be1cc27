//! The files in columns: tables, calendars and exchange rates.

use std::ops::Range;

use super::records::{Cell, Record, Records};
use super::{Report, Seen, can_stand_in_a_file, parse_value, shorten};
use crate::diag::{Diagnostic, Diagnostics, codes};
use crate::model::data::{CalendarData, RatesData, TableData};
use crate::model::money::{Currency, Decimal};
use crate::model::time::{Duration, Time, Zone};
use crate::model::types::Type;
use crate::model::value::Value;
use crate::source::{SourceId, SourceMap};

/// A table file: CSV without a header, the keys and then the value.
pub fn table(
    text: SourceId,
    keys: &[Type],
    value: &Type,
    zone: &Zone,
    sources: &SourceMap,
    out: &mut Diagnostics,
) -> TableData {
    let mut data = TableData::new();
    // Reported where it is declared; its cells are not to blame.
    if !keys.iter().chain([value]).all(can_stand_in_a_file) {
        return data;
    }
    let mut seen = Seen::default();
    let mut report = Report::new(text, sources, out);
    let mut columns: Vec<String> = keys.iter().map(|key| format!("a `{key}`")).collect();
    columns.push(format!("the `{value}` it stands for"));
    for record in Records::new(&sources.get(text).text) {
        let Some(cells) = cells(record, &columns, &mut report) else { continue };
        let Some((value_cell, key_cells)) = cells.cells.split_last() else { continue };
        let key: Option<Vec<Value>> = key_cells
            .iter()
            .zip(keys)
            .map(|(cell, ty)| typed(cell, "the key", ty, zone, &mut report))
            .collect();
        let found = typed(value_cell, "the value", value, zone, &mut report);
        let (Some(key), Some(found)) = (key, found) else { continue };
        let place =
            key_cells.first().map_or(0, |c| c.range.start)..key_cells.last().map_or(0, |c| c.range.end);
        if data.insert(&key, found) {
            let _ = seen.before(&key, place);
        } else {
            let first = seen.before(&key, place.clone());
            let written: Vec<&str> = key_cells.iter().map(|cell| &*cell.text).collect();
            twice(&format!("the key `{}`", shorten(&written.join(", "))), place, first, &mut report);
        }
    }
    report.finish();
    data
}

/// A calendar file: `name,from,until,timezone` and then the keys.
pub fn calendar(
    text: SourceId,
    keys: &[Type],
    zone: &Zone,
    sources: &SourceMap,
    out: &mut Diagnostics,
) -> CalendarData {
    let mut data = CalendarData::default();
    let mut report = Report::new(text, sources, out);
    let mut records = Records::new(&sources.get(text).text);
    let columns = header(records.next(), &["name", "from", "until", "timezone"], keys.len(), &mut report);
    let columns = columns.unwrap_or_default();
    // Without a header that can be trusted, every row would be a guess.
    for record in records.take_while(|_| !columns.is_empty()) {
        let Some(record) = cells(record, &columns, &mut report) else { continue };
        if let Some((key, from, until)) = calendar_row(&record, keys, zone, &mut report) {
            data.insert(key, from, until);
        }
    }
    report.finish();
    data
}

fn calendar_row(
    record: &Record<'_>,
    keys: &[Type],
    zone: &Zone,
    report: &mut Report<'_>,
) -> Option<(Vec<Value>, Time, Time)> {
    let [_, from, until, timezone, key_cells @ ..] = record.cells.as_slice() else { return None };
    let own = match &*timezone.text {
        "" => Some(zone.clone()),
        name => Zone::parse(name).or_else(|| {
            report.value(timezone.range.clone(), "the time zone", name, "a zone such as `Europe/Warsaw`");
            None
        }),
    };
    let own = own?;
    let start = local_time(from, &own, report);
    let end = local_time(until, &own, report);
    let key: Option<Vec<Value>> =
        key_cells.iter().zip(keys).map(|(cell, ty)| typed(cell, "the key", ty, zone, report)).collect();
    let (start, end, key) = (start?, end?, key?);
    if start >= end {
        let from_span = report.span(from.range.clone());
        report.push(until.range.clone(), |span| {
            Diagnostic::new(
                &codes::CALENDAR_ORDER,
                format!("this row ends at `{}`, not after it began", until.text),
                span,
                "`until` must lie after `from`",
            )
            .label(from_span, "begins here")
            .help("`until` is exclusive: for the whole of one day write the next day")
        });
        return None;
    }
    Some((key, start, end))
}

/// A date, a local date and time in the row's zone, or a time with its own offset.
fn local_time(cell: &Cell<'_>, zone: &Zone, report: &mut Report<'_>) -> Option<Time> {
    let text = &*cell.text;
    let local = || {
        let civil: jiff::civil::DateTime = text.parse().ok()?;
        let zoned = civil.to_zoned(zone.tz().clone()).ok()?;
        Time::in_range(zoned.timestamp().as_microsecond())
    };
    let found = Time::parse_rfc3339(text).or_else(|| Time::parse_date(text, zone)).or_else(local);
    if found.is_none() {
        let expected = "a date such as `2026-11-11` or a time such as `2026-11-11T10:00:00`";
        report.value(cell.range.clone(), "the time", text, expected);
    }
    found
}

/// A rates file: `date,from,to,rate`. A date is its midnight in `zone`.
pub fn rates(
    text: SourceId,
    max_age: Duration,
    zone: &Zone,
    sources: &SourceMap,
    out: &mut Diagnostics,
) -> RatesData {
    let mut data = RatesData::new(max_age);
    let mut seen = Seen::default();
    let mut report = Report::new(text, sources, out);
    let mut records = Records::new(&sources.get(text).text);
    let columns = header(records.next(), &["date", "from", "to", "rate"], 0, &mut report).unwrap_or_default();
    for record in records.take_while(|_| !columns.is_empty()) {
        let Some(record) = cells(record, &columns, &mut report) else { continue };
        let Some(rate) = rate_row(&record, zone, &mut report) else { continue };
        // A pair serves both directions, so it may have one rate a day, whichever way it is written.
        let pair = if rate.from <= rate.to { [rate.from, rate.to] } else { [rate.to, rate.from] };
        let key = [Value::Time(rate.date), Value::Currency(pair[0]), Value::Currency(pair[1])];
        let first = seen.before(&key, record.range.clone());
        if first.is_some() || !data.insert(rate.date, rate.from, rate.to, rate.rate) {
            let what = format!("the rate of {} and {} on this date", rate.from, rate.to);
            twice(&what, record.range.clone(), first, &mut report);
        }
    }
    report.finish();
    data
}

struct Rate {
    date: Time,
    from: Currency,
    to: Currency,
    rate: Decimal,
}

fn rate_row(record: &Record<'_>, zone: &Zone, report: &mut Report<'_>) -> Option<Rate> {
    let [date, from, to, rate] = record.cells.as_slice() else { return None };
    let day = Time::parse_date(&date.text, zone);
    if day.is_none() {
        report.value(date.range.clone(), "the date", &date.text, "a date such as `2026-11-11`");
    }
    let from_code = typed(from, "the currency", &Type::Currency, zone, report);
    let to_code = typed(to, "the currency", &Type::Currency, zone, report);
    let number = Decimal::parse(&rate.text).filter(|rate| rate.0 > 0);
    if number.is_none() {
        report.value(rate.range.clone(), "the rate", &rate.text, "a number above zero such as `4.05`");
    }
    let (Value::Currency(from_code), Value::Currency(to_code)) = (from_code?, to_code?) else { return None };
    if from_code == to_code {
        report.value(to.range.clone(), "the pair", &to.text, "two different currencies");
        return None;
    }
    Some(Rate { date: day?, from: from_code, to: to_code, rate: number? })
}

// ---- What the files have in common

/// The record if it could be split and has as many cells as there are columns.
fn cells<'a>(
    record: Result<Record<'a>, super::records::QuoteError>,
    columns: &[String],
    report: &mut Report<'_>,
) -> Option<Record<'a>> {
    match record {
        Ok(record) if record.cells.len() == columns.len() => Some(record),
        Ok(record) => {
            let found = match record.cells.len() {
                1 => "1 cell".to_string(),
                many => format!("{many} cells"),
            };
            report.push(record.range, |span| {
                Diagnostic::new(
                    &codes::DATA_COLUMNS,
                    format!("this row has {found} where {} belong", columns.len()),
                    span,
                    format!("expected {}", columns.join(", ")),
                )
                .help("separate cells by commas; a cell that holds a comma stands in quotes")
            });
            None
        }
        Err(error) => {
            quote(error, report);
            None
        }
    }
}

fn quote(error: super::records::QuoteError, report: &mut Report<'_>) {
    report.push(error.range, |span| {
        Diagnostic::new(&codes::DATA_QUOTE, error.message, span, "here").help(error.help)
    });
}

/// The names of the columns, if the first row is the header that belongs there.
fn header(
    record: Option<Result<Record<'_>, super::records::QuoteError>>,
    fixed: &[&str],
    keys: usize,
    report: &mut Report<'_>,
) -> Option<Vec<String>> {
    let wanted = |more: usize| {
        let mut all = fixed.join(",");
        for number in 1..=more {
            all.push_str(&if more == 1 { ",key".to_string() } else { format!(",key{number}") });
        }
        all
    };
    let record = match record {
        Some(Ok(record)) => record,
        Some(Err(error)) => {
            quote(error, report);
            return None;
        }
        None => {
            let help = format!("begin the file with `{}`", wanted(keys));
            report.push(0..0, |span| {
                Diagnostic::new(&codes::DATA_HEADER, "this file has no header", span, "the file is empty")
                    .help(help)
            });
            return None;
        }
    };
    let names: Vec<String> = record.cells.iter().map(|cell| cell.text.to_string()).collect();
    let begins = names.len() >= fixed.len() && names.iter().zip(fixed).all(|(name, fixed)| name == fixed);
    if begins && names.len() == fixed.len() + keys {
        return Some(names);
    }
    let found = names.len().saturating_sub(fixed.len());
    let help = if begins && found > 0 && keys == 0 {
        format!("the file has {found} more column(s), so ask with a key: `at during NAME[key]`")
    } else {
        format!("the first line must be `{}`", wanted(keys))
    };
    report.push(record.range, |span| {
        Diagnostic::new(
            &codes::DATA_HEADER,
            "this is not the header that belongs here",
            span,
            "first line of the file",
        )
        .help(help)
    });
    None
}

fn typed(cell: &Cell<'_>, what: &str, ty: &Type, zone: &Zone, report: &mut Report<'_>) -> Option<Value> {
    match parse_value(&cell.text, ty, zone) {
        Ok(value) => Some(value),
        Err(expected) => {
            report.value(cell.range.clone(), what, &cell.text, &expected);
            None
        }
    }
}

fn twice(what: &str, place: Range<usize>, first: Option<Range<usize>>, report: &mut Report<'_>) {
    let first = first.map(|first| report.span(first));
    report.push(place, |span| {
        let finding =
            Diagnostic::new(&codes::DUPLICATE_KEY, format!("{what} is given twice"), span, "again here")
                .help("keep the one that is right");
        match first {
            Some(first) => finding.label(first, "first here"),
            None => finding,
        }
    });
}
