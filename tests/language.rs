//! Rule files that check themselves: `tests/language/SECTION/NAME.rules`, or a directory where data files are needed.
//!
//! Most hold tests beside their rules; those run on the engine and on the oracle. A directory may hold `events.ndjson` and
//! `decisions.ndjson`: each line of the one gives at least what the same line of the other says. A file that begins with
//! `// error CODES` must give exactly these errors, with `// warning CODE` at least that warning and no error, with
//! `// no warning CODE` neither. What begins with `_` is only there for others to use.

#[path = "support/examples.rs"]
mod examples;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use examples::same;
use rulec::tooling::{Reference, Severity, TestReport, check_path, run_tests, run_tests_on_oracle};
use rulec::{Answer, Compiled, Engine};
use serde_json::{Map, Value};

/// What a ruleset expects of the checker; without such a line it has tests or events.
#[derive(PartialEq)]
enum Expected {
    Decisions,
    Errors,
    Warning,
}

struct Case {
    name: String,
    path: PathBuf,
    expected: Expected,
    /// The codes of the first line.
    codes: BTreeSet<String>,
    /// `no warning`
    negated: bool,
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/language");
    let mut found = Vec::new();
    find(&root, &root, &mut found);
    assert!(found.len() >= 200, "only {} rulesets were found", found.len());
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// A directory is a ruleset if it holds more than rules and rulesets, or if `rules` says so by its name.
fn find(root: &Path, directory: &Path, found: &mut Vec<Case>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_str().unwrap().starts_with('_') {
            continue;
        }
        if path.is_dir() && !path.join("rules.rules").exists() && !path.join("a_rules.rules").exists() {
            find(root, &path, found);
            continue;
        }
        let name = path.strip_prefix(root).unwrap().display().to_string();
        let first = if path.is_dir() { path.join("rules.rules") } else { path.clone() };
        let first = fs::read_to_string(first).unwrap_or_default();
        let words: Vec<&str> = first.lines().next().unwrap_or_default().split_whitespace().collect();
        let (expected, negated, codes) = match words.as_slice() {
            ["//", "error", codes @ ..] => (Expected::Errors, false, codes),
            ["//", "warning", codes @ ..] => (Expected::Warning, false, codes),
            ["//", "no", "warning", codes @ ..] => (Expected::Warning, true, codes),
            _ => (Expected::Decisions, false, &[][..]),
        };
        let codes = codes.iter().map(|code| code.to_string()).collect();
        found.push(Case { name, path, expected, codes, negated });
    }
}

fn compile(case: &Case) -> Result<Compiled, String> {
    rulec::compile(case.path.to_str().unwrap()).map_err(|error| format!("{}: {error}", case.name))
}

fn assert_all_good(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{} wrong\n\n{}\n", wrong.len(), wrong.join("\n\n"));
}

/// Runs the tests of every ruleset that has some.
fn self_checks(run: impl Fn(&Compiled) -> TestReport) {
    let mut wrong = Vec::new();
    for case in cases().iter().filter(|case| case.expected == Expected::Decisions) {
        let compiled = match compile(case) {
            Ok(compiled) => compiled,
            Err(error) => {
                wrong.push(error);
                continue;
            }
        };
        let report = run(&compiled);
        if report.tests.is_empty() && !case.path.join("events.ndjson").exists() {
            wrong.push(format!("{}: nothing is checked here", case.name));
        }
        for test in report.tests {
            for failure in test.failures {
                let source = compiled.sources.get(failure.span.source);
                let line = source.position(failure.span.start as usize).line;
                wrong.push(format!(
                    "{}: {}:{line}: `{}`: expected {}, got {}\n{}",
                    case.name, source.path, test.name, failure.expected, failure.got, failure.decision
                ));
            }
        }
    }
    assert_all_good(&wrong);
}

#[test]
fn rule_files_pass_on_the_engine() {
    self_checks(|compiled| run_tests(&compiled.ruleset, None));
}

#[test]
fn rule_files_pass_on_the_oracle() {
    self_checks(run_tests_on_oracle);
}

#[test]
fn events_beside_rules_give_their_decisions_on_both() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in cases().iter().filter(|case| case.path.join("events.ndjson").exists()) {
        let compiled = match compile(case) {
            Ok(compiled) => compiled,
            Err(error) => {
                wrong.push(error);
                continue;
            }
        };
        let read = |file: &str| fs::read_to_string(case.path.join(file)).unwrap();
        let (events, decisions) = (read("events.ndjson"), read("decisions.ndjson"));
        if events.lines().count() != decisions.lines().count() {
            wrong.push(format!("{}: events and decisions are not as many", case.name));
        }
        let engine = Engine::new(compiled.ruleset.clone());
        let mut oracle = Reference::new(&compiled);
        for (index, (event, expected)) in events.lines().zip(decisions.lines()).enumerate() {
            count += 1;
            let answer = engine.decide_json(event.as_bytes());
            let text = answer.to_json();
            let of_oracle = oracle.decide_json(event.as_bytes()).map(|decision| decision.to_json());
            let of_engine = matches!(answer, Answer::Decision(_)).then(|| text.clone());
            if of_oracle != of_engine {
                wrong.push(format!("{}:{}: the oracle says\n{of_oracle:?}\nthe engine\n{text}", case.name, index + 1));
            }
            if let Err(error) = holds(expected, &text) {
                wrong.push(format!("{}:{}: {error}, got\n{text}", case.name, index + 1));
            }
        }
    }
    assert!(count >= 50, "only {count} events were found");
    assert_all_good(&wrong);
}

/// An expected line holds keys of the decision, and two of its own: `not_in_text` and `names`, the names of the rules listed.
fn holds(expected: &str, decided: &str) -> Result<(), String> {
    let mut expected: Map<String, Value> = serde_json::from_str(expected).map_err(|error| error.to_string())?;
    let found: Value = serde_json::from_str(decided).unwrap();
    if let Some(Value::String(secret)) = expected.remove("not_in_text")
        && decided.contains(&secret)
    {
        return Err(format!("`{secret}` shows"));
    }
    if let Some(Value::Object(lists)) = expected.remove("names") {
        for (list, names) in lists {
            let of_rules = found[&list].as_array().into_iter().flatten().map(|entry| entry["rule"].clone());
            if Value::Array(of_rules.collect()) != names {
                return Err(format!("expected {list} of {names}"));
            }
        }
    }
    let wrong = expected.iter().find(|(key, value)| !same(value, &found[key.as_str()]));
    wrong.map_or(Ok(()), |(key, value)| Err(format!("expected {key} {value}")))
}

#[test]
fn findings_are_those_of_the_first_line() {
    let mut wrong = Vec::new();
    for case in cases().iter().filter(|case| case.expected != Expected::Decisions) {
        let checked = check_path(case.path.to_str().unwrap()).unwrap();
        let mut errors = BTreeSet::new();
        let mut warnings = BTreeSet::new();
        let mut messages = Vec::new();
        for finding in &checked.diagnostics {
            messages.push(format!("  {} {}", finding.code.id, finding.message));
            let codes = if finding.severity() == Severity::Error { &mut errors } else { &mut warnings };
            codes.insert(finding.code.id.to_string());
        }
        let right = match case.expected {
            Expected::Errors => errors == case.codes,
            _ => errors.is_empty() && case.codes.is_subset(&warnings) != case.negated,
        };
        if !right || case.codes.is_empty() {
            wrong.push(format!("{}: expected {:?}, found\n{}", case.name, case.codes, messages.join("\n")));
        }
    }
    assert_all_good(&wrong);
}

/// The formatter changes how a ruleset looks and nothing else: its tests pass, and formatting again gives the same text.
#[test]
fn rule_files_are_canonical() {
    let mut wrong = Vec::new();
    for case in cases().iter().filter(|case| case.expected == Expected::Decisions && case.path.is_file()) {
        let text = fs::read_to_string(&case.path).unwrap();
        match rulec::tooling::format_source(&case.name, &text) {
            Ok(formatted) if formatted == text => {}
            Ok(formatted) => wrong.push(format!("{} should be\n{formatted}", case.name)),
            Err((_, findings)) => {
                let messages: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).collect();
                wrong.push(format!("{}: {}", case.name, messages.join("; ")));
            }
        }
    }
    assert_all_good(&wrong);
}
