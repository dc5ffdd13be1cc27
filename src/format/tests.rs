use super::format;
use crate::source::SourceId;
use crate::syntax::tests::language::{EVENTS, HEADER, MEMORY, NAMES, RULES, TESTS};
use crate::syntax::tests::robust::Dice;
use crate::syntax::{parse, print, scan};

#[track_caller]
fn formatted(text: &str) -> String {
    match format(SourceId(0), text) {
        Ok(out) => out,
        Err(diagnostics) => panic!("{diagnostics:?}\nin\n{text}"),
    }
}

/// The promises of the formatter, on one text.
#[track_caller]
fn check(text: &str) -> String {
    let once = formatted(text);
    let tree = |text: &str| print::file(&parse(SourceId(0), text).0);
    assert_eq!(tree(text), tree(&once), "the tree of\n{text}\nafter\n{once}");
    let comments = |text: &str| {
        let mut all: Vec<String> = parse(SourceId(0), text).0.comments.into_iter().map(|c| c.text).collect();
        all.sort();
        all
    };
    assert_eq!(comments(text), comments(&once), "the comments of\n{text}\nafter\n{once}");
    assert_eq!(once, formatted(&once), "a second pass over\n{text}");
    assert!(once.lines().all(|line| line.trim_end() == line), "{once}");
    assert!(!once.contains("\n\n\n") && !once.starts_with('\n'), "{once}");
    once
}

fn memory() -> String {
    MEMORY.iter().enumerate().map(|(i, m)| format!("signal s{i} = {m}\n")).collect()
}

#[test]
fn the_language_keeps_its_meaning() {
    for text in [HEADER, EVENTS, NAMES, RULES, TESTS] {
        check(text);
    }
    check(&memory());
    check(&[HEADER, EVENTS, NAMES, RULES, TESTS].concat());
}

#[test]
fn the_canonical_layout() {
    let out = check(
        "// head\n\n\n///  A doc.\n///\n/// More.\nevent   order{a:int,b:enum{x,y}sensitive // why\n}\n// about\nlet  X=500   USD\nlet Y = 3\n\
         rule r   \"T\" on order,login // on\n{\n\n\n  block if a>5 and(b==x)score 90 // first\n  // second\n\n\n  review if not a in[1,2]\n  \
         tell en \"x\" zh \"y\"\n // last\n}\nsample order {a:1,\n b: [ ]}\n",
    );
    let expected = "\
// head

///  A doc.
///
/// More.
event order {
    a: int
    b: enum { x, y } sensitive  // why
}

// about
let X = 500 USD
let Y = 3

rule r   \"T\" on order,login // on
{
    block if a > 5 and (b == x) score 90  // first
    // second

    review if not a in [1, 2]
    tell en \"x\"
         zh \"y\"
    // last
}

sample order { a: 1, b: [] }
";
    assert_eq!(out, expected);
}

#[test]
fn long_lines_are_broken() {
    let out = check(&format!(
        "signal s = {} or b in [{}last]\nlist l: text = [{}\"x\"]\nrule r on e {{ review if {} score 5\n unless a because \"b\"\n}}",
        "aaaaaaaaaaaaaaaa and ".repeat(8) + "c",
        "\"eeeeeeeeeeee\", ".repeat(9),
        "\"value\", ".repeat(20),
        "some_signal_by_name > 500 USD and ".repeat(5) + "d",
    ));
    assert!(out.lines().all(|line| line.chars().count() <= 100), "{out}");
    assert!(out.contains("\n        and d score 5\n"), "{out}");
    assert!(out.contains("\n    \"value\",\n"), "{out}");
}

#[test]
fn comments_inside_keep_the_text_as_it_is() {
    let out = check(
        "signal s = a and   // one\n      b   // two\nevent e {\n  x: enum { a, // why\n   b }\n y:int\n}",
    );
    assert_eq!(
        out,
        "signal s = a and   // one\n      b  // two\n\nevent e {\n    x: enum { a, // why\n   b }\n    y: int\n}\n"
    );
}

#[test]
fn broken_files_are_left_alone() {
    assert!(format(SourceId(0), "let x = = 5").is_err());
}

/// The same tokens with other white space and with comments in between.
fn shuffled(text: &str, dice: &mut Dice) -> String {
    let scan = scan::scan(text);
    let mut out = String::new();
    let mut at = 0;
    for token in &scan.tokens {
        let gap = &text[at..token.start as usize];
        let must_break = gap.contains('\n');
        out.push_str(match dice.below(6) {
            0 if must_break => "\n\n\n\t",
            1 if must_break => " // c\n  ",
            2 if must_break => "\n // own\n// two\n\n",
            _ if must_break => "\n",
            0 if !gap.is_empty() && dice.below(8) == 0 && !in_money(text, token) => " // in\n ",
            0 | 1 if !gap.is_empty() => "   ",
            _ => gap,
        });
        out.push_str(scan.slice(token));
        at = token.end as usize;
    }
    out.push('\n');
    out
}

/// An amount stands on one line, and no clause may start in the middle of another.
fn in_money(text: &str, token: &scan::Token) -> bool {
    let word = &text[token.start as usize..token.end as usize];
    let clause = ["because", "label", "always", "unknown", "if", "on"].contains(&word);
    clause || (word.len() == 3 && word.chars().all(|c| c.is_ascii_uppercase()))
}

#[test]
fn any_layout_of_the_language_keeps_its_meaning() {
    let memory = memory();
    let mut dice = Dice::new(11);
    for round in 0..120 {
        let texts = [HEADER, EVENTS, NAMES, RULES, TESTS, memory.as_str()];
        let text = shuffled(texts[round % texts.len()], &mut dice);
        if parse(SourceId(0), &text).1.has_errors() {
            // White space decided about a clause's start: not the same file any more.
            continue;
        }
        check(&text);
    }
}
