//! Source and what is said about it, side by side in `golden/*.txt`.
//!
//! In `expressions.txt` a line is a condition on `order`, the indented lines below it are the findings, or the
//! typed condition if there are none. In `rulesets.txt` a case is a whole text; `=>` starts what is said of it.

use super::check_with;

const EVENTS: &str = include_str!("golden/events.rules");

/// What is said about a text: findings, else the typed lines that `keep` chooses.
fn said(text: &str, keep: fn(&str) -> bool) -> Vec<String> {
    let (hir, found, sources) = check_with(text, &[]);
    let mut lines: Vec<String> = Vec::new();
    for finding in &found {
        let place = sources.slice(finding.span()).replace('\n', " ");
        lines.push(format!("{} at `{place}`: {}", finding.code.name, finding.message));
        if let Some(help) = &finding.help {
            lines.push(format!("  {help}"));
        }
    }
    if found.is_empty() {
        lines = hir.to_string().lines().filter(|l| keep(l)).map(|l| l.trim().to_string()).collect();
    }
    lines
}

fn same(actual: &str, expected: &str, name: &str) {
    let differs = actual.lines().zip(expected.lines()).find(|(a, e)| a != e);
    if actual.trim_end() != expected.trim_end() {
        panic!("{name} differs, first at {differs:#?}; it should be\n{actual}");
    }
}

#[test]
fn expressions() {
    let expected = include_str!("golden/expressions.txt");
    let mut actual = String::new();
    for expression in expected.lines().filter(|l| !l.starts_with(' ')) {
        actual.push_str(&format!("{expression}\n"));
        let text = format!("{EVENTS}rule r on order {{\n block if {expression}\n}}\n");
        let typed = |line: &str| line.trim_start().starts_with("block ");
        for line in said(&text, typed) {
            actual.push_str(&format!("    {}\n", line.trim_start_matches("block score 0 if ")));
        }
    }
    same(&actual, expected, "expressions.txt");
}

#[test]
fn rulesets() {
    let expected = include_str!("golden/rulesets.txt");
    let mut actual = String::new();
    for case in expected.split("\n---\n") {
        let source = case.split("\n=>").next().unwrap_or(case);
        let below_header =
            |line: &str| line.starts_with("memory") || line.starts_with("  ") && !line.contains(" from \"");
        if !actual.is_empty() {
            actual.push_str("---\n");
        }
        actual.push_str(&format!("{}\n=>\n", source.trim_end()));
        for line in said(source, below_header) {
            actual.push_str(&format!("{line}\n"));
        }
    }
    same(&actual, expected, "rulesets.txt");
}
