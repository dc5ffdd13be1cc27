//! Random event lines for a generated ruleset: late ones, repeated ones, broken ones.

use super::random::Random;
use super::rules::Generated;
use super::schema::{EVENTS, FILLED, Field, TOLD, json};

/// 2026-01-01T00:00:00Z
const START: i64 = 1_767_225_600;

pub fn generate(ruleset: &Generated, count: usize, random: &mut Random) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut times: Vec<i64> = Vec::new();
    let mut now = START * 1000;
    while lines.len() < count {
        if !lines.is_empty() && random.chance(5) {
            let far = if random.chance(50) { 20 } else { lines.len() };
            let again = lines.len() - 1 - random.below(lines.len().min(far));
            repeat(&mut lines, &mut times, again);
            continue;
        }
        let mut at;
        let mut repeated = None;
        if !lines.is_empty() && random.chance(30) {
            // Exactly on the edge of a window of an event not long ago, now and then of the horizon of retries.
            let base = lines.len() - 1 - random.below(lines.len().min(12));
            let day = random.chance(10);
            at = times[base] + if day { 86_400_000 } else { [1_000, 60_000, 3_600_000][random.below(3)] };
            repeated = (day && random.chance(50)).then_some(base);
        } else {
            now += [0, 1, 1_000, 60_000, 900_000, 5_000_000][random.below(6)];
            at = now;
            if random.chance(12) {
                at -= [1, 1_000, 60_000, 3_600_000, 86_400_000, 7 * 86_400_000][random.below(6)];
            }
        }
        now = now.max(at);
        let number = lines.len();
        if random.chance(4) {
            let ahead = [0, 1_000, 3_600_000, 86_400_000][random.below(4)];
            let at = if random.chance(5) { "soon".to_string() } else { timestamp(at + ahead) };
            lines.push(format!("{{\"type\":\"clock\",\"at\":\"{at}\"}}"));
            times.push(now);
            continue;
        }
        if random.chance(4) {
            lines.push(list_line(&timestamp(at), random));
            times.push(now);
            continue;
        }
        lines.push(line(ruleset, number, at, random));
        times.push(at);
        if let Some(base) = repeated {
            repeat(&mut lines, &mut times, base);
        }
    }
    lines
}

fn repeat(lines: &mut Vec<String>, times: &mut Vec<i64>, index: usize) {
    lines.push(lines[index].clone());
    times.push(times[index]);
}

/// A line that fills a list.
fn list_line(at: &str, random: &mut Random) -> String {
    let (name, kind) = FILLED[random.below(FILLED.len())];
    let mut members = vec![format!("\"type\":\"list\",\"name\":\"{name}\",\"at\":\"{at}\"")];
    for part in ["add", "remove"] {
        if random.chance(60) {
            let values: Vec<String> = (0..random.below(4)).map(|_| json(kind, random)).collect();
            members.push(format!("\"{part}\":[{}]", values.join(",")));
        }
    }
    format!("{{{}}}", members.join(","))
}

fn line(ruleset: &Generated, number: usize, at: i64, random: &mut Random) -> String {
    let fills = random.chance(5);
    let event = random.below(EVENTS.len());
    let (name, fields): (&str, Vec<&Field>) = match fills {
        true => ("told", TOLD.iter().collect()),
        false => (EVENTS[event], ruleset.fields[event].clone()),
    };
    let id = if random.chance(7) { number / 2 } else { number };
    let told = at;
    let at = match random.below(600) {
        0 => "9999-12-31T23:59:59.999999Z".to_string(),
        1..4 => "0001-01-01T00:00:00Z".to_string(),
        _ => timestamp(at),
    };
    let mut members = vec![
        format!("\"type\":\"{}\"", if random.chance(1) { "unheard_of" } else { name }),
        format!("\"id\":\"e{id}\""),
        format!("\"at\":\"{at}\""),
    ];
    if random.chance(20) {
        // A clock that goes wrong by five minutes is believed, and not by more.
        let behind =
            [0, 0, 1_000, 60_000, 3_600_000, 86_400_000, -1_000, -300_000, -300_001][random.below(9)];
        members.push(format!("\"received_at\":\"{}\"", timestamp(told + behind)));
    }
    for field in fields {
        members.extend(member(field, random));
    }
    if random.chance(3) {
        members.push("\"unknown\":[1,{\"a\":null}]".into());
    }
    if random.chance(1) {
        members.push("\"buyer\":\"twice\"".into());
    }
    format!("{{{}}}", members.join(","))
}

fn member(field: &Field, random: &mut Random) -> Option<String> {
    let name = field.name;
    let missing = if field.optional { 30 } else { 1 };
    if random.chance(missing) {
        return random.chance(30).then(|| format!("\"{name}\":null"));
    }
    let value = if !field.optional {
        // A wrong value would only make one more reject.
        let mut value = json(field.kind, random);
        for _ in 0..2 {
            if value.starts_with("{}") || value == "\"?\"" || value == "1e400" {
                value = json(field.kind, random);
            }
        }
        value
    } else {
        json(field.kind, random)
    };
    Some(format!("\"{name}\":{value}"))
}

/// RFC 3339 in UTC from milliseconds.
fn timestamp(millis: i64) -> String {
    let days = millis.div_euclid(86_400_000);
    let of_day = millis.rem_euclid(86_400_000);
    // The civil date of a day number, by eras of 400 years that start in March.
    let z = days + 719_468;
    let (era, day_of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", of_day % 1000)
}
