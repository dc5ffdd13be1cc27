//! What the tree looks like.

use super::{clean, read};
use crate::syntax::ast::*;
use crate::syntax::print;

/// The tree of an expression on one line.
fn tree(text: &str) -> String {
    let (expr, diagnostics) = crate::syntax::parse_expression(crate::source::SourceId(0), text);
    assert!(diagnostics.is_empty(), "{text}");
    print::expr(&expr)
}

#[test]
fn precedence() {
    for (written, meant) in [
        ("a or b and c", "(or a (and b c))"),
        ("not a == b and c", "(and (not (== a b)) c)"),
        ("not not a", "(not (not a))"),
        ("a + b * c - d", "(- (+ a (* b c)) d)"),
        ("a - b - c", "(- (- a b) c)"),
        ("-a.b * c", "(* (neg (. a b)) c)"),
        ("-a as USD + b", "(+ (neg (as a USD)) b)"),
        ("a + b > c * d and e", "(and (> (+ a b) (* c d)) e)"),
        ("a else b else c", "(else (else a b) c)"),
        ("not a else b", "(not (else a b))"),
        ("(a else b) > c", "(> (paren (else a b)) c)"),
        ("a between b + 1 and c and d", "(and (between a (+ b 1) c) d)"),
        ("a in [b, c] or d not in e", "(or (in a (array b c)) (not-in d e))"),
        ("a is missing and b is present", "(and (missing a) (present b))"),
        ("a % b / c", "(/ (% a b) c)"),
        ("a[b].c.d", "(. (. (index a b) c) d)"),
        ("a == not b", "(== a (not b))"),
        ("x has label l or m mentions p", "(or (has-label x l) (mentions m p))"),
    ] {
        assert_eq!(tree(written), meant, "{written}");
    }
}

fn first_rule(text: &str) -> Rule {
    match clean(text).items.into_iter().next().map(|i| i.kind) {
        Some(ItemKind::Rule(rule)) => *rule,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_because_on_its_own_line_is_the_rules() {
    let rule =
        first_rule("rule r on e {\n review if a\n unless b\n because \"x\"\n unless c because \"y\"\n}");
    let kinds: Vec<bool> =
        rule.clauses.iter().map(|c| matches!(c.kind, ClauseKind::Unless { because: Some(_), .. })).collect();
    assert_eq!(kinds, [false, false, false, true]);
    assert!(matches!(rule.clauses[2].kind, ClauseKind::Because(_)));
}

#[test]
fn a_score_followed_by_if_is_a_clause() {
    let rule = first_rule("rule r on e {\n review if a\n score 5 if b\n block if c\n score 7\n}");
    assert_eq!(rule.clauses.len(), 3);
    assert!(matches!(rule.clauses[1].kind, ClauseKind::Score { .. }));
    assert!(matches!(&rule.clauses[2].kind, ClauseKind::Band(Band { score: Some(_), .. })));
}

#[test]
fn words_of_the_language_are_names_elsewhere() {
    clean(
        "event order {\n rule: text\n from: text\n public: bool\n over: int\n by: int\n `true`: bool\n if: bool\n}\n\
         rule rule on event { review if if == over and by > 3 or `true`\n label suspect on buyer\n score 5 if score\n}\n\
         signal last = count(order) by by over 3h\n",
    );
}

#[test]
fn names_are_nfc() {
    let file = clean("entity cafe\u{301}");
    assert!(matches!(&file.items[0].kind, ItemKind::Entity(e) if e.name.text == "café"));
}

#[test]
fn docs_and_comments() {
    let text = "// head\n/// one\n/// two\nevent e { // trailing\n    /// field\n    a: int\n    /// no field\n}\n/// lost\n";
    let file = clean(text);
    assert_eq!(file.items[0].doc.as_ref().map(|d| d.text.as_str()), Some("one\ntwo"));
    let ItemKind::Event(event) = &file.items[0].kind else { panic!() };
    assert_eq!(event.fields[0].doc.as_ref().map(|d| d.text.as_str()), Some("field"));
    let comments: Vec<(&str, bool)> = file.comments.iter().map(|c| (c.text.as_str(), c.own_line)).collect();
    assert_eq!(
        comments,
        [("// head", true), ("// trailing", false), ("/// no field", true), ("/// lost", true)]
    );
}

#[test]
fn values_in_texts_have_exact_places() {
    let text = "rule r on e {\n review always\n because \"é\\n {a.b} and {c as %}\"\n}";
    let rule = first_rule(text);
    let ClauseKind::Because(template) = &rule.clauses[1].kind else { panic!() };
    let values: Vec<(&str, bool)> = template
        .parts
        .iter()
        .filter_map(|part| match part {
            TemplatePart::Value { value, percent, .. } => Some((&text[value.span.range()], *percent)),
            TemplatePart::Text(_) => None,
        })
        .collect();
    assert_eq!(values, [("a.b", false), ("c", true)]);
}

#[test]
fn places_end_with_the_last_token() {
    let text = "rule r on e { // why\n review if a > 3   // because\n\n block always\n}\n\n// end\nlet x = 5 // five\n";
    let file = clean(text);
    assert_eq!(&text[file.items[1].span.range()], "let x = 5");
    let ItemKind::Rule(rule) = &file.items[0].kind else { panic!() };
    assert_eq!(&text[rule.clauses[0].span.range()], "review if a > 3");
}

#[test]
fn matches_takes_a_regex_and_a_slash_elsewhere_divides() {
    assert_eq!(tree(r"a matches /b\/c/i"), "(matches a /b\\/c/i)");
    assert_eq!(tree("a / b / c"), "(/ (/ a b) c)");
}

#[test]
fn broken_expressions_are_marked() {
    let (file, _) = read("signal s = 1 < 2 < 3");
    assert!(matches!(&file.items[0].kind, ItemKind::Signal(s) if matches!(s.value.kind, ExprKind::Error)));
}

#[test]
fn windows() {
    for (written, meant) in [
        ("count(a) by b, hour(c) over 24h before this", "(by b (call hour c)) (over 24h) before-this"),
        ("count(a) by b = c over 7d ending 1d ago", "(by (= b c)) (over 7d) (ending 1d)"),
        ("count(a) by b over 30d step 6h including this", "(by b) (over 30d) (step 6h) including-this"),
        ("count(a) by b over today in \"UTC\"", "(by b) (over today in \"UTC\")"),
        ("count(a) by b over this month", "(by b) (over this month)"),
        ("count(a) by b over W", "(by b) (over W)"),
        ("count(a) ever", "ever"),
        ("count(a) by b within 4h", "(by b) (within 4h)"),
        ("count(a) before this", "before-this"),
    ] {
        assert_eq!(tree(written), format!("(call count a (window {meant}))"));
    }
    assert_eq!(tree("approx distinct(a.b where c, 5)"), "(call approx distinct (where (. a b) c) 5)");
}

/// A golden of everything the language shows: what is lost in the tree is lost for good.
#[test]
fn the_tree_of_the_language() {
    use super::language::{EVENTS, HEADER, NAMES, RULES, TESTS};
    let text = [HEADER, EVENTS, NAMES, RULES, TESTS].concat();
    insta::assert_snapshot!(print::file(&clean(&text)));
}
