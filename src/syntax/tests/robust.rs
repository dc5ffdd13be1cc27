//! Whatever the input: an answer, soon, and no crash.

use super::language::{EVENTS, HEADER, MEMORY, NAMES, RULES, TESTS};
use super::{clean, findings, read};

/// A small generator of pseudo-random numbers, the same on every run.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }
}

/// Runs on the stack a worker thread has.
fn on_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(work);
    thread.expect("a thread starts").join().expect("no crash");
}

#[test]
fn deep_nesting_is_told_not_followed() {
    on_small_stack(|| {
        for (open, close) in [("(", ")"), ("[", "]"), ("f(", ")"), ("x[", "]"), ("-", ""), ("not ", "")] {
            let nested = |n: usize| format!("signal s = {}a{}", open.repeat(n), close.repeat(n));
            if open != "-" && open != "not " {
                clean(&nested(64));
            } else {
                clean(&nested(60));
            }
            for n in [66, 500, 20_000] {
                let found = findings(&nested(n));
                assert_eq!(found.len(), 1, "{open}: {found:?}");
                assert!(found[0].starts_with("nesting: "), "{found:?}");
            }
            findings(&format!("signal s = {}", open.repeat(20_000)));
            findings(&format!("rule x on y {{\n review if {}", open.repeat(20_000)));
        }
        let list = |n: usize| format!("event e {{ a: {}int{} }}", "list<".repeat(n), ">".repeat(n));
        clean(&list(40));
        assert!(findings(&list(10_000))[0].starts_with("nesting: "));
        let record = |n: usize| format!("event e {{ a: {}int{} }}", "record { a: ".repeat(n), "}".repeat(n));
        clean(&record(40));
        assert!(findings(&record(10_000))[0].starts_with("nesting: "));
        let given = |n: usize| format!("sample e {{ a: {}1{} }}", "{ a: ".repeat(n), "}".repeat(n));
        clean(&given(40));
        assert!(findings(&given(10_000))[0].starts_with("nesting: "));
    });
}

#[test]
fn long_chains_are_told_not_followed() {
    on_small_stack(|| {
        for link in [" + 1", " and a", ".a", "[1]", " else a", " as USD", " == a"] {
            let (_, diagnostics) = read(&format!("signal s = a{}", link.repeat(200)));
            assert_eq!(diagnostics.has_errors(), link == " == a", "{link}");
            assert_eq!(findings(&format!("signal s = a{}", link.repeat(3_000))).len(), 1, "{link}");
        }
        // Depth adds up: chains inside brackets inside chains.
        let mut nested = String::from("a");
        for _ in 0..40 {
            nested = format!("({nested}){}", " + 1".repeat(30));
        }
        assert!(findings(&format!("signal s = {nested}"))[0].starts_with("size: "));
        clean(&format!("signal s = x in [{}1]", "1, ".repeat(20_000)));
    });
}

#[test]
fn unbalanced_everything() {
    on_small_stack(|| {
        for piece in [
            "{",
            "}",
            "{}",
            "rule x on y {",
            "rule x on y {\n",
            "test \"a\" {\na {\n",
            "\"",
            "`",
            "///\n",
            "/",
            "let x =\n",
        ] {
            findings(&piece.repeat(4_000));
        }
        findings(&format!("{}{}", "rule x on y {\n".repeat(4_000), "}\n".repeat(4_000)));
    });
}

#[test]
fn many_rules_in_one_file() {
    let rule = RULES.replace("///", "//");
    let text = rule.repeat(100);
    let file = clean(&text);
    assert_eq!(file.items.len(), 500);
}

#[test]
fn soup_and_mutations_never_panic() {
    on_small_stack(|| {
        let whole = [HEADER, EVENTS, NAMES, RULES, TESTS].concat();
        let memory = MEMORY.iter().map(|m| format!("signal s = {m}\n")).collect::<String>();
        let seeds = [whole, memory];
        let words: Vec<&str> =
            seeds.iter().flat_map(|s| s.split_inclusive([' ', '\n', '(', ')', ',', '{'])).collect();
        let signs = [
            "{", "}", "(", ")", "[", "]", "\"", "`", "/", "//", "///", "\\", "é", "你", "\0", "5", "=",
            "\r\n", "e\u{301}", "\u{feff}",
        ];
        let mut dice = Dice::new(7);
        for round in 0..400 {
            let mut text = String::new();
            if round % 2 == 0 {
                for _ in 0..dice.below(60) {
                    text.push_str(words[dice.below(words.len())]);
                    if dice.below(4) == 0 {
                        text.push_str(signs[dice.below(signs.len())]);
                    }
                }
            } else {
                let seed = &seeds[dice.below(2)];
                let lines: Vec<&str> = seed.split_inclusive('\n').collect();
                let from = dice.below(lines.len());
                text = lines[from..(from + 1 + dice.below(25)).min(lines.len())].concat();
                for _ in 0..1 + dice.below(4) {
                    let mut at = dice.below(text.len() + 1);
                    while !text.is_char_boundary(at) {
                        at -= 1;
                    }
                    match dice.below(3) {
                        0 => text.insert_str(at, signs[dice.below(signs.len())]),
                        1 => text.insert_str(at, words[dice.below(words.len())]),
                        _ if at < text.len() => {
                            text.remove(at);
                        }
                        _ => {}
                    }
                }
            }
            let (file, diagnostics) = read(&text);
            // Every place is inside the text and on character boundaries.
            for label in diagnostics.iter().flat_map(|d| &d.labels) {
                assert!(text.get(label.span.range()).is_some(), "{label:?} in {text:?}");
            }
            assert_eq!(file.incomplete, diagnostics.has_errors(), "{text:?}");
        }
    });
}
