//! One small run, with a crash or a failure at every operation of the disk in turn.

use rulec::Durability;

use crate::family::Family;
use crate::host::{Failed, Fault, Host, Step, durabilities, options};
use crate::reference::Said;
use crate::{AT_LAST, Seen};

pub const RULES: &str = r#"
ruleset shop { version "1" }
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
    label suspect on buyer for 1d
}
rule large on order {
    review if sum(order.amount) by buyer over 30d including this > 100 USD
    block if buyer has label suspect or buyer in watched
    because "{amount} on top"
}
rule unpaid on no payment by order within 1h after order {
    observe always
    because "{order} was not paid for"
}
"#;

/// Other texts that mean the same, and such that don't.
pub fn family() -> Family {
    let label = "label suspect on buyer\n";
    let moved = format!("{}{label}", RULES.replacen(label, "", 1));
    let different =
        [RULES.replace("for 1d", "for 30d"), RULES.replace("over 1h including", "over 2h including")];
    Family::of(RULES, &format!("// Mine.\n{RULES}"), &moved, &different)
}

/// What each minute brings.
pub fn line(minute: usize) -> String {
    let at = format!("2026-11-01T{:02}:{:02}:00Z", minute / 6, minute % 6 * 10);
    let buyer = minute % 2;
    match minute % 6 {
        0 => format!(r#"{{"type":"list","name":"watched","at":"{at}","add":["b{buyer}"],"remove":["b1"]}}"#),
        1 | 5 => format!(r#"{{"type":"login","id":{minute},"at":"{at}","buyer":"b1"}}"#),
        2 => format!(
            r#"{{"type":"order","id":{minute},"at":"{at}","buyer":"b{buyer}","order":"o{minute}","amount":"{minute}0 USD"}}"#
        ),
        3 if minute % 4 == 1 => {
            format!(r#"{{"type":"payment","id":{minute},"at":"{at}","order":"o{}"}}"#, minute - 1)
        }
        3 => format!(r#"{{"type":"login","id":{minute},"at":"{at}"}}"#),
        _ => format!(r#"{{"type":"login","id":{minute},"at":"{at}","buyer":"b3"}}"#),
    }
}

const STEPS: &[Step] = &[
    Step::Line,
    Step::Line,
    Step::Together(4),
    Step::Snapshot,
    Step::Line,
    Step::Reload(1),
    Step::Together(3),
    Step::Line,
    Step::Snapshot,
    Step::Line,
    Step::Reopen { close: true },
    Step::Line,
    Step::Line,
    Step::Reload(2),
    Step::Together(2),
    Step::Snapshot,
    Step::Line,
];

const LINES: usize = 18;

fn host(family: &Family, durability: Durability, segment_bytes: u64) -> Host<'_> {
    let lines = (0..LINES).map(line).collect();
    Host::new(family, family.same(), options(durability, 1 << 30, segment_bytes), lines)
}

fn run(host: &mut Host<'_>, seen: &mut Seen) -> Result<(), Failed> {
    host.open_again(seen)?;
    for (index, step) in STEPS.iter().enumerate() {
        host.pass(if index % 3 == 0 { 20_000 } else { 100 });
        host.step(*step, seen)?;
    }
    Ok(())
}

/// What comes after it, in which everything before counts once.
fn more() -> Vec<String> {
    let mut more: Vec<String> = (LINES..LINES + 12).map(line).collect();
    more.push(AT_LAST.to_string());
    more
}

fn undisturbed(family: &Family) -> Said {
    let seen = &mut Seen::new();
    let mut host = host(family, Durability::Sync, 64 << 20);
    run(&mut host, seen).unwrap();
    host.rest(&more(), seen)
}

#[test]
fn whatever_fails_at_any_operation_every_input_counts_once() {
    let family = family();
    let wanted = undisturbed(&family);
    let mut runs = 0;
    for durability in durabilities() {
        for fault in [Fault::PowerCut, Fault::Error(std::io::ErrorKind::Other), Fault::Full] {
            for operation in 1.. {
                // Killed, and the power cut in several ways.
                let mut behind = false;
                for after in 0..if fault == Fault::PowerCut { 4 } else { 2 } {
                    let segment_bytes = [64 << 20, 400][(operation + after) as usize % 2];
                    let mut host = host(&family, durability, segment_bytes);
                    host.fail_at(operation, fault);
                    let what = format!("{durability:?}, {fault:?} at operation {operation}, {after}");
                    println!("{what}");
                    let _ = run(&mut host, &mut Seen::new());
                    behind |= host.disk.operations() < operation;
                    let seen = &mut Seen::new();
                    match after {
                        0 => host.kill(seen),
                        seed => host.cut_power(seed, seen),
                    }
                    host.wants(2);
                    host.open(seen);
                    // In other modes what was answered may be lost.
                    host.send_again(0, durability != Durability::Sync);
                    assert!(host.rest(&more(), seen).is(&wanted), "{what}");
                    runs += 1;
                }
                if behind {
                    break;
                }
            }
        }
    }
    assert!(runs > 500, "{runs} runs");
}
