//! Writes card transactions in the shape of the Fraud Detection Handbook's simulator, made up from a seed:
//!
//! ```text
//! cargo run --example handbook_generate -- --days 30 --customers 8 --terminals 12 --seed 7        # JSON lines with labels
//! cargo run --example handbook_generate -- --days 60 --customers 5000 --terminals 10000 --csv     # CSV that knows the frauds
//! ```
//!
//! The same arguments give the same bytes on every machine: whole numbers only, no clock.

use std::io::{self, BufWriter, Write};

const DAY: u64 = 24 * 3600;
/// 2018-04-01T00:00:00Z
const START: u64 = 1_522_540_800;

struct Settings {
    days: u64,
    customers: usize,
    terminals: usize,
    seed: u64,
    csv: bool,
}

struct Transaction {
    second: u64,
    customer: usize,
    terminal: usize,
    cents: u64,
    /// 0 honest, 1 a large amount, 2 a compromised terminal, 3 a stolen card.
    scenario: u8,
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }

    /// Around the middle of `0..limit`: the mean of four draws.
    fn bell(&mut self, limit: u64) -> u64 {
        (0..4).map(|_| self.below(limit)).sum::<u64>() / 4
    }
}

fn main() -> io::Result<()> {
    let settings = match settings(std::env::args().skip(1)) {
        Ok(settings) => settings,
        Err(message) => {
            eprintln!("{message}");
            std::process::exit(2);
        }
    };
    let transactions = simulate(&settings);
    let mut out = BufWriter::new(io::stdout().lock());
    if settings.csv {
        write_csv(&transactions, &mut out)?
    } else {
        write_ndjson(&transactions, &settings, &mut out)?
    }
    out.flush()
}

fn settings(mut arguments: impl Iterator<Item = String>) -> Result<Settings, String> {
    let mut settings = Settings { days: 30, customers: 8, terminals: 12, seed: 7, csv: false };
    while let Some(argument) = arguments.next() {
        if argument == "--csv" {
            settings.csv = true;
            continue;
        }
        let value = arguments.next().and_then(|value| value.parse::<u64>().ok());
        match (argument.as_str(), value) {
            ("--days", Some(value)) => settings.days = value,
            ("--customers", Some(value)) => settings.customers = value as usize,
            ("--terminals", Some(value)) if value > 0 => settings.terminals = value as usize,
            ("--seed", Some(value)) => settings.seed = value,
            _ => {
                return Err(format!(
                    "`{argument}`: expected --days, --customers, --terminals or --seed and a number, or --csv"
                ));
            }
        }
    }
    Ok(settings)
}

/// Each customer has a usual amount, a usual number of transactions a day and a few terminals nearby. Three kinds
/// of fraud are laid over that.
fn simulate(settings: &Settings) -> Vec<Transaction> {
    let mut random = Random(settings.seed);
    let mut customers = Vec::new();
    for _ in 0..settings.customers {
        let mean_cents = 500 + random.below(9_500);
        let tenths_a_day = random.below(40);
        let nearby: Vec<usize> = (0..5).map(|_| random.below(settings.terminals as u64) as usize).collect();
        customers.push((mean_cents, tenths_a_day, nearby));
    }
    // Until which day a terminal or a card is in the wrong hands.
    let mut bad_terminals = vec![0; settings.terminals];
    let mut stolen_cards = vec![0; settings.customers];
    let mut transactions = Vec::new();
    for day in 0..settings.days {
        for _ in 0..settings.terminals / 500 + usize::from(day % 10 == 0) {
            let terminal = random.below(settings.terminals as u64) as usize;
            bad_terminals[terminal] = day + 14;
        }
        if day % 3 == 0
            && let Some(until) = stolen_cards.get_mut(random.below(settings.customers.max(1) as u64) as usize)
        {
            *until = day + 3;
        }
        for (customer, (mean_cents, tenths_a_day, nearby)) in customers.iter().enumerate() {
            let today = (tenths_a_day * 2 + random.below(20)) / 20 + random.below(2);
            for _ in 0..today {
                let terminal = nearby[random.below(nearby.len() as u64) as usize];
                let mut cents = mean_cents / 2 + random.bell(*mean_cents);
                let mut scenario = 0;
                if day < stolen_cards[customer] && random.below(3) == 0 {
                    (cents, scenario) = (cents * 5, 3);
                } else if day < bad_terminals[terminal] {
                    scenario = 2;
                }
                if cents > 22_000 && scenario == 0 {
                    scenario = 1;
                }
                // Mostly by day, at times at any hour.
                let time = if random.below(5) == 0 { random.below(DAY) } else { random.bell(DAY) };
                let second = day * DAY + time;
                transactions.push(Transaction { second, customer, terminal, cents, scenario });
            }
        }
    }
    transactions.sort_by_key(|t| t.second);
    transactions
}

fn write_csv(transactions: &[Transaction], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "tx_id,ts,customer_id,terminal_id,amount,fraud,scenario")?;
    for (id, t) in transactions.iter().enumerate() {
        let fraud = u8::from(t.scenario > 0);
        let (amount, at) = (amount(t.cents), timestamp(t.second));
        writeln!(out, "{id},{at},{},{},{amount},{fraud},{}", t.customer, t.terminal, t.scenario)?;
    }
    Ok(())
}

/// Transactions and the labels of a week before, in order of time.
fn write_ndjson(transactions: &[Transaction], settings: &Settings, out: &mut impl Write) -> io::Result<()> {
    let mut labels = transactions.iter().enumerate().peekable();
    let mut labels_until = |second: u64, out: &mut dyn Write| -> io::Result<()> {
        while let Some((id, t)) = labels.next_if(|(_, t)| t.second + 7 * DAY <= second) {
            let at = timestamp(t.second + 7 * DAY);
            let fraud = u8::from(t.scenario > 0);
            writeln!(
                out,
                r#"{{"type":"label","tx_id":{id},"ts":"{at}","customer_id":{},"terminal_id":{},"fraud":{fraud}}}"#,
                t.customer, t.terminal
            )?;
        }
        Ok(())
    };
    for (id, t) in transactions.iter().enumerate() {
        labels_until(t.second, out)?;
        let (amount, at) = (amount(t.cents), timestamp(t.second));
        writeln!(
            out,
            r#"{{"type":"tx","tx_id":{id},"ts":"{at}","customer_id":{},"terminal_id":{},"amount":{amount}}}"#,
            t.customer, t.terminal
        )?;
    }
    labels_until(settings.days * DAY, out)
}

fn amount(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// RFC 3339 from seconds after [`START`].
fn timestamp(second: u64) -> String {
    let (mut days, rest) = ((START + second) / DAY, (START + second) % DAY);
    let mut year = 1970;
    let leap = |year: u64| (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 1;
    for length in lengths {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    format!("{year:04}-{month:02}-{:02}T{:02}:{:02}:{:02}Z", days + 1, rest / 3600, rest / 60 % 60, rest % 60)
}
