//! What people write by mistake, and what they are told.

use super::{clean, findings, read};
use crate::diag::{Severity, codes};

/// Findings for one clause of a rule.
fn clause(text: &str) -> Vec<String> {
    findings(&format!("rule x on y {{\n    {text}\n}}\n"))
}

/// Findings for one condition.
fn condition(text: &str) -> Vec<String> {
    clause(&format!("review if {text}"))
}

/// The help of the first finding of a condition.
fn help(text: &str) -> String {
    let (_, diagnostics) = read(&format!("signal s = {text}"));
    diagnostics.iter().next().and_then(|d| d.help.clone()).unwrap_or_default()
}

/// The condition after the offered fix.
fn fixed(text: &str) -> String {
    let source = format!("signal s = {text}");
    let (_, diagnostics) = read(&source);
    let fix = diagnostics.iter().next().and_then(|d| d.fix.clone()).expect("a fix is offered");
    let mut out = source.clone();
    for edit in fix.edits.iter().rev() {
        out.replace_range(edit.span.range(), &edit.replacement);
    }
    out.trim_start_matches("signal s = ").to_owned()
}

#[test]
fn operators_of_other_languages() {
    for (written, right) in [
        ("a = 5", "a == 5"),
        ("a === 5", "a == 5"),
        ("a && b", "a and b"),
        ("a&&b", "a and b"),
        ("a || b", "a or b"),
        ("!a", "not a"),
        ("a <> b", "a != b"),
        ("a => b", "a >= b"),
        ("a =< b", "a <= b"),
        ("a ≥ b", "a >= b"),
        ("a ≠ b", "a != b"),
        ("a AND b", "a and b"),
        ("a > 10 AND b", "a > 10 and b"),
        ("NOT a", "not a"),
        ("a not_in b", "a not in b"),
        ("a is null", "a is missing"),
        ("a is not null", "a is present"),
        ("a is not missing", "a is present"),
        ("a is \"x\"", "a == \"x\""),
        ("a between 1, 5", "a between 1 and 5"),
        ("a startswith \"x\"", "a starts with \"x\""),
    ] {
        assert!(findings(&format!("signal s = {written}"))[0].starts_with("operator: "), "{written}");
        assert_eq!(fixed(written), right);
        clean(&format!("signal s = {right}"));
    }
}

#[test]
fn literals_of_other_languages() {
    for (written, right) in [
        ("a > 5 %", "a > 5%"),
        ("a > 24 h", "a > 24h"),
        ("a > 24 hours", "a > 24h"),
        ("a > 24hours", "a > 24h"),
        ("a > 1h30m", "a > 90m"),
        ("a > 1.5h", "a > 90m"),
        ("a > $500", "a > 500 USD"),
        ("a > 500$", "a > 500 USD"),
        ("a > USD 500", "a > 500 USD"),
        ("a > 500USD", "a > 500 USD"),
        ("a > 500 usd", "a > 500 USD"),
        ("a > 1,000", "a > 1000"),
        ("a > 1,000,000 USD", "a > 1000000 USD"),
        ("a > 1_000", "a > 1000"),
        ("a > .5", "a > 0.5"),
    ] {
        assert!(findings(&format!("signal s = {written}"))[0].starts_with("literal: "), "{written}");
        assert_eq!(fixed(written), right);
        clean(&format!("signal s = {right}"));
    }
    assert_eq!(help("a > 3 months"), "write it in days, such as `90d`");
}

#[test]
fn quotes_comments_and_separators() {
    assert_eq!(
        clause("because 'x'"),
        ["quotes: a text stands in straight double quotes, not in `'` @ `'x'`"]
    );
    assert_eq!(
        clause("because “x y”"),
        ["quotes: a text stands in straight double quotes, not in `“` @ `“x y”`"]
    );
    assert_eq!(
        clause("always;"),
        ["separator: clauses and declarations end with their line, without `;` @ `;`"]
    );
    assert_eq!(clause("# why"), ["comment: a comment begins with `//` @ `#`"]);
    assert_eq!(
        clause("/* why */"),
        ["comment: a comment begins with `//` and goes to the end of its line @ `/*`"]
    );
    assert_eq!(clause("because \"x"), ["unclosed: this text has no closing quote @ `\"`"]);
}

#[test]
fn clauses_that_are_not_there() {
    for (written, message) in [
        ("review when a", "syntax: expected `if` or `always`, found `when` @ `when`"),
        ("if a > 3", "missing_outcome: `if` needs an outcome before it @ `if`"),
        ("if a > 3 then review", "missing_outcome: `if` needs an outcome before it @ `if`"),
        ("review if a then 3", "missing_outcome: there is no `then` @ `then`"),
        ("elif a", "missing_outcome: there is no `elif` @ `elif`"),
        ("else review", "missing_outcome: a band can't begin with `else` @ `else`"),
        ("severty high", "unknown_word: `severty` does not begin a clause of a rule @ `severty`"),
        ("reason \"x\"", "unknown_word: `reason` does not begin a clause of a rule @ `reason`"),
        ("score: 10 if a", "syntax: there is no `:` after `score` @ `:`"),
        ("tags", "syntax: expected a name, found the end of the line @ `tags`"),
        ("mute foo by a", "syntax: expected `for`, found the end of the line @ `a`"),
        ("review if a >", "syntax: expected a value, found the end of the line @ `>`"),
        ("review if a > and b", "syntax: expected a value, found `and` @ `and`"),
        ("review if (a", "unclosed: this `(` is never closed @ `(`"),
        ("review if a)", "unclosed: this `)` closes nothing @ `)`"),
        ("review if a b", "syntax: expected an operator or the end of the clause, found `b` @ `b`"),
        ("review if x in (1, 2)", "syntax: the values of a list stand in square brackets @ `(`"),
        ("review if a > 10 and < 50", "syntax: there is nothing before `<` to compare @ `<`"),
        ("review if count(x) by over 3h", "syntax: expected a key, found `over` @ `by`"),
        ("review if a matches \"x\"", "syntax: a regex stands between slashes, not in quotes @ `\"x\"`"),
        ("review if a between 5", "syntax: `between` needs two ends @ `between`"),
        ("once order 30d", "syntax: expected `per`, found `order` @ `order`"),
        ("severity high always", "clause_line: each clause starts a line of its own @ `always`"),
    ] {
        assert_eq!(clause(written), [message], "{written}");
    }
}

#[test]
fn heads_that_are_wrong() {
    for (written, message) in [
        ("rule x {\n always\n}", "syntax: the rule `x` does not say on which events it is evaluated @ `x`"),
        ("rule big-order on x { always }", "syntax: names have no hyphen, found `big-order` @ `big-order`"),
        ("rule \"x\" on y { always }", "syntax: expected a name, found the text \"x\" @ `\"x\"`"),
        ("rul x on y { always }", "unknown_word: `rul` does not begin a declaration @ `rul`"),
        ("entity true", "syntax: expected a name, found the reserved word `true` @ `true`"),
        ("entity a entity b", "clause_line: each declaration starts a line of its own @ `entity`"),
        ("rule x on y\n    always\n}", "syntax: expected `{`, found `always` @ `y`"),
        ("rule x on y {\n    always\n", "unclosed: this `{` is never closed @ `{`"),
        ("rule x on y { always }\n}", "unclosed: this `}` closes nothing @ `}`"),
        ("let x = count(a) over 4h by b", "syntax: `by` stands before `over` @ `by`"),
        (
            "let x = count(a) by b last 24h",
            "syntax: the span of an aggregate is written with `over`, not `last` @ `last`",
        ),
        ("event e { a text }", "syntax: expected `:`, found `text` @ `text`"),
    ] {
        assert_eq!(findings(written)[0], message, "{written}");
    }
}

#[test]
fn readings_of_else_are_spelled_out() {
    assert_eq!(help("a else b > c"), "write `(a else b) > c` or `a else (b > c)`");
    assert_eq!(help("a > b else c"), "write `a > (b else c)` or `(a > b) else c`");
    assert_eq!(help("x else 0 + 1"), "write `(x else 0) + 1` or `x else (0 + 1)`");
    assert_eq!(help("a + b else c * d"), "write `a + (b else c) * d` or `(a + b) else (c * d)`");
    assert_eq!(help("a else b is missing"), "write `(a else b) is missing` or `a else (b is missing)`");
    for fine in
        ["(a else b) > c", "a else (b > c)", "a else -1", "a else b else c", "not a else b", "a else b and c"]
    {
        clean(&format!("signal s = {fine}"));
    }
}

#[test]
fn chained_comparisons_are_spelled_out() {
    assert_eq!(condition("1 < x < 5"), ["chained_comparison: comparisons can't be chained @ `<`"]);
    assert_eq!(help("1 < x < 5"), "write `1 < x and x < 5`");
    assert_eq!(condition("a == b == c == d").len(), 1);
}

#[test]
fn texts() {
    assert_eq!(clause(r#"because "a\q""#), [r"bad_escape: `\q` is not an escape @ `\q`"]);
    assert_eq!(
        clause(r#"because "\u{110000}""#),
        [r"bad_escape: `\u{110000}` is not an escape @ `\u{110000}`"]
    );
    assert_eq!(
        clause(r#"because "{x + 3}""#),
        ["bad_template: only a name or a path can stand between braces, found `x + 3` @ `{x + 3}`"]
    );
    assert_eq!(clause(r#"because "{a""#), ["bad_template: this `{` is never closed @ `{`"]);
    assert_eq!(clause(r#"because "a}""#), ["bad_template: this `}` closes nothing @ `}`"]);
    assert!(clause(r#"because "{{a}} {b.c} {d as %} \u{7b}""#).is_empty());
}

#[test]
fn errors_in_one_place_hide_none_elsewhere() {
    let text = "entity\n\
        rule a on x {\n    review if a = 3\n    because \"fine\"\n    severty high\n}\n\
        rule b on x {\n    review if a > \n    let z = (\n    block if z\n\
        rule c on x {\n    review if $5 > a\n}\n\
        let fine = 5\n";
    let found = findings(text);
    assert_eq!(found.len(), 7, "{found:#?}");
    let (file, _) = read(text);
    assert!(file.incomplete);
    assert_eq!(file.items.len(), 4, "the rules with their good clauses, and the let");
}

#[test]
fn names_of_broken_items_are_known() {
    let (file, _) = read("signal a = 5 +\nevent e {\n    x: int\n    y int\n    z text?\n}\n");
    assert_eq!(file.broken_names, ["a", "y", "z"]);
}

#[test]
fn at_most_twenty_errors() {
    let text = "let x = = 5\n".repeat(500);
    let (_, diagnostics) = read(&text);
    assert_eq!(diagnostics.iter().count(), 20);
    let last = diagnostics.iter().last().and_then(|d| d.help.as_deref()).unwrap_or("");
    assert!(last.contains("only the first 20 errors"), "{last}");
}

#[test]
fn strange_characters() {
    assert_eq!(
        findings("let a = 5\u{0} + 3"),
        ["character: the invisible character U+0000 can't stand in a rules file @ `\0`"]
    );
    assert_eq!(findings("let a = \"x\u{202e}\"").len(), 1);
    assert!(findings("\u{feff}let a = 5").is_empty());
    assert!(findings("let a = 5 @ 3")[0].starts_with("character: "));
}

/// Every page of this stage shows what it says.
#[test]
fn pages_show_their_code() {
    for code in codes::ALL.iter().filter(|c| c.id.starts_with("E01")) {
        let block = |kind: &str| {
            let start = format!("```rules {kind}\n");
            let rest =
                code.page.split_once(&start).unwrap_or_else(|| panic!("{} has no {kind} block", code.name)).1;
            rest.split_once("```").map_or(rest, |(block, _)| block).to_owned()
        };
        let (_, diagnostics) = read(&block("bad"));
        let errors: Vec<_> = diagnostics.iter().filter(|d| d.severity() == Severity::Error).collect();
        assert!(errors.len() == 1 && errors[0].code == *code, "{}: {:?}", code.name, findings(&block("bad")));
        clean(&block("good"));
    }
}
