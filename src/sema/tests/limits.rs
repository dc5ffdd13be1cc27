//! Whatever is written, checking ends, and without exhausting the stack.

use super::errors;

#[test]
fn deep_expressions_are_refused_and_not_followed() {
    let sum = vec!["x"; 250].join(" + ");
    let text = format!("event a {{ x: int }}\nrule r on a {{\n block if {sum} > 3\n}}");
    assert_eq!(errors(&text), ["too_large"]);
}

#[test]
fn long_runs_of_and_are_flat() {
    let run = vec!["x > 3"; 240].join(" and ");
    let text = format!("event a {{ x: int }}\nrule r on a {{\n block if {run}\n}}");
    assert_eq!(errors(&text), Vec::<&str>::new());
}

#[test]
fn chains_of_signals_are_bounded() {
    let mut text = String::from("event a { x: int }\nsignal s0 = x\n");
    for i in 1..400 {
        text.push_str(&format!("signal s{i} = s{} + 1\n", i - 1));
    }
    text.push_str("rule r on a {\n block if s399 > 3\n}");
    let found = errors(&text);
    assert!(!found.is_empty() && found.iter().all(|code| *code == "too_large"), "{found:?}");
}

#[test]
fn a_chain_that_is_used_backwards_is_bounded_too() {
    let mut text = String::from("event a { x: int }\n");
    for i in (1..400).rev() {
        text.push_str(&format!("signal s{i} = (((((s{} + 1)))))\n", i - 1));
    }
    text.push_str("signal s0 = x\nrule r on a {\n block if s399 > 3\n}");
    let found = errors(&text);
    assert!(!found.is_empty() && found.iter().all(|code| *code == "too_large"), "{found:?}");
}

#[test]
fn signals_that_double_are_bounded() {
    let mut text = String::from("event a { x: int }\nsignal s0 = x\n");
    for i in 1..60 {
        text.push_str(&format!("signal s{i} = s{0} + s{0}\n", i - 1));
    }
    text.push_str("rule r on a {\n block if s59 > 3\n}");
    assert_eq!(errors(&text), ["too_large"]);
}
