//! Rule files that check themselves: `tests/language/SECTION/NAME.rules`, or a directory where data files are needed.
//!
//! Most hold tests beside their rules; those run on the engine and on the oracle. A directory may hold `events.ndjson` and
//! `decisions.ndjson`: each line of the one gives at least what the same line of the other says. A file that begins with
//! `// error CODES` must give exactly these errors, with `// warning CODE` at least that warning and no error, with
//! `// no warning CODE` neither. What begins with `_` is only there for others to use.

#![expect(clippy::disallowed_methods, reason = "tests read files")]

#[path = "support/same.rs"]
mod same;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use rulec::tooling::{self, Reference, Severity, TestReport, check_path, run_tests, run_tests_on_oracle};
use rulec::{Answer, Compiled, EffectKind, Engine};
use same::same;
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
                wrong.push(format!(
                    "{}:{}: the oracle says\n{of_oracle:?}\nthe engine\n{text}",
                    case.name,
                    index + 1
                ));
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
    let mut expected: Map<String, Value> =
        serde_json::from_str(expected).map_err(|error| error.to_string())?;
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
fn formatting_changes_no_meaning() {
    let mut wrong = Vec::new();
    for case in cases().iter().filter(|case| case.expected == Expected::Decisions && case.path.is_file()) {
        let text = fs::read_to_string(&case.path).unwrap();
        let format = |text: &str| {
            tooling::format_source(&case.name, text).map_err(|(_, findings)| {
                let messages: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).collect();
                messages.join("; ")
            })
        };
        let once = match format(&text) {
            Ok(once) => once,
            Err(error) => {
                wrong.push(format!("{}: {error}", case.name));
                continue;
            }
        };
        if format(&once).as_ref() != Ok(&once) {
            wrong.push(format!("{}: formatting again changes\n{once}", case.name));
        }
        // What the others `use` is not at hand here.
        if text.contains("use \"") || text.contains("use rules \"") {
            continue;
        }
        match rulec::compile_text(&case.name, &once) {
            Ok(compiled) if run_tests(&compiled.ruleset, None).failed() == 0 => {}
            Ok(_) => wrong.push(format!("{}: its tests fail once it is\n{once}", case.name)),
            Err(error) => wrong.push(format!("{}: {error}\n{once}", case.name)),
        }
    }
    assert_all_good(&wrong);
}

#[test]
fn a_ruleset_without_a_header_has_the_name_of_its_place() {
    let name = |path: &str, of: &str| {
        let mut files = rulec::MemoryFiles::new();
        files.add(path, "event e { }\nrule r on e {\n observe always\n because \"r\" }\n");
        rulec::compile_files(&files, of).unwrap().ruleset.stamp().name.clone()
    };
    assert_eq!(name("shops/tea/rules.rules", "shops/tea"), "tea");
    assert_eq!(name("shops/tea/green.rules", "shops/tea/green.rules"), "green");
}

/// Which of a thousand keys a rollout takes.
fn rolled_out(share: u32) -> BTreeSet<u32> {
    let text = format!(
        "ruleset shop {{ edition 2026 }}\nevent e {{ key: text }}\n\
         rule part on e {{\n review always\n rollout {share}% by key\n because \"in\" }}\n"
    );
    let engine = Engine::new(rulec::compile_text("shop.rules", &text).unwrap().ruleset);
    let taken = |key: &u32| {
        let line = format!(r#"{{"type":"e","id":"{key}","at":"2026-01-01T00:00:00Z","key":"{key}"}}"#);
        engine.decide_json(line.as_bytes()).outcome() == "review"
    };
    (0..1000).filter(taken).collect()
}

#[test]
fn a_rollout_is_sticky_and_grows() {
    let (tenth, fifth, all) = (rolled_out(10), rolled_out(20), rolled_out(100));
    assert_eq!(tenth, rolled_out(10));
    assert!(tenth.is_subset(&fifth) && tenth.len() < fifth.len());
    assert!((70..130).contains(&tenth.len()), "{} of 1000 at 10 %", tenth.len());
    assert_eq!(all.len(), 1000);
    // Who is in must not change from one version of the engine to the next.
    let first: Vec<u32> = tenth.iter().copied().take(5).collect();
    assert_eq!(first, [20, 44, 48, 52, 73]);
}

#[test]
fn actions_carry_a_key_that_tells_repeats() {
    let text = "event e { to: text }\naction ring(to: text)\nrule r on e {\n review always\n because \"r\"\n do ring(to) }\n";
    let engine = Engine::new(rulec::compile_text("shop.rules", text).unwrap().ruleset);
    let key = |id: &str, to: &str| {
        let line = format!(r#"{{"type":"e","id":"{id}","at":"2026-01-01T00:00:00Z","to":"{to}"}}"#);
        let answer = engine.decide_json(line.as_bytes());
        match &answer.decision().unwrap().effects[0].kind {
            EffectKind::Do { key, .. } => key.clone(),
            other => panic!("{other:?}"),
        }
    };
    let first = key("1", "a");
    assert_eq!(first.len(), 16);
    assert_eq!(key("1", "a"), first);
    assert_ne!(key("2", "a"), first);
    assert_ne!(key("3", "b"), key("2", "b"));
}

/// A ruleset and one test line with an expectation: whether it holds.
fn expectation_holds(expectation: &str) -> bool {
    let text = format!(
        "entity who\nlabel hot on who\nlabel cold on who\nevent e {{ who: who, size: int, note: text?, trusted: bool }}\naction ring(size: int)\naction knock(size: int)\n\
         rule large on e {{\n review if size >= 10 score 40\n unless trusted\n because \"r\"\n do ring(size)\n label hot on who }}\n\
         rule odd on e {{\n warn if size % 2 == 1 score 2\n because \"r\" }}\n\
         rule noted on e {{\n block if note == \"n\"\n because \"r\" }}\n\
         shadow rule seen on e {{\n block always\n because \"r\" }}\n\
         test \"t\" {{\n e {{ who: \"w\", size: 11, trusted: false }} => {expectation}\n }}\n"
    );
    let compiled = rulec::compile_text("shop.rules", &text).unwrap();
    let on_engine = run_tests(&compiled.ruleset, None).failed() == 0;
    assert_eq!(on_engine, run_tests_on_oracle(&compiled).failed() == 0, "{expectation}");
    on_engine
}

#[test]
fn expectations_that_do_not_hold_fail() {
    let holding = [
        "review",
        "by large",
        "by large and odd",
        "by only large and odd",
        "not by noted",
        "score 42",
        "cannot say noted",
        "shadow seen",
        "do ring(11)",
        "do ring",
        "no do knock",
        "no do ring(12)",
        "label hot on \"w\"",
        "no label hot on \"v\"",
        "no label cold on \"w\"",
        "review by large, score 42, no do knock",
    ];
    let failing = [
        "warn",
        "by noted",
        "by large and noted",
        "by only large",
        "not by large",
        "score 41",
        "cannot say odd",
        "shadow large",
        "suppressed large",
        "do ring(12)",
        "do knock",
        "no do ring",
        "no do ring(11)",
        "label hot on \"v\"",
        "label cold on \"w\"",
        "no label hot on \"w\"",
        "reject",
        "late",
        "duplicate",
        "bad",
        "review by large, score 41",
    ];
    let wrong: Vec<&&str> = holding.iter().filter(|e| !expectation_holds(e)).collect();
    assert!(wrong.is_empty(), "{wrong:?} should hold");
    let wrong: Vec<&&str> = failing.iter().filter(|e| expectation_holds(e)).collect();
    assert!(wrong.is_empty(), "{wrong:?} should fail");
}

#[test]
fn coverage_tells_what_no_test_hits_or_leaves_alone() {
    let text = "event e { size: int }\n\
         rule both on e {\n review if size >= 10\n warn if size >= 5\n because \"r\" }\n\
         rule never on e {\n review if size > 100\n because \"r\" }\n\
         rule ever on e {\n observe always\n because \"r\" }\n\
         test \"t\" {\n e { size: 11 }\n e { size: 1 }\n }\n";
    let compiled = rulec::compile_text("shop.rules", text).unwrap();
    let coverage = run_tests(&compiled.ruleset, None).coverage;
    let told: Vec<(&str, bool, bool)> =
        coverage.lines.iter().map(|line| (line.what.as_str(), line.hit, line.not_hit)).collect();
    let of =
        |name: &str| told.iter().find(|(what, ..)| what.contains(name)).map(|(_, hit, not)| (*hit, *not));
    assert_eq!(of("`never`"), Some((false, true)), "{told:?}");
    assert_eq!(of("`ever`"), Some((true, false)), "{told:?}");
    assert!(told.iter().any(|(what, hit, _)| what.contains("warn") && !hit), "{told:?}");
    assert!(told.iter().any(|(what, hit, not)| what.contains("review") && *hit && *not), "{told:?}");
}

/// A rule that no test hits, or that every test hits, is not tested: the file could not fail on it.
#[test]
fn rule_files_hit_each_rule_and_leave_it_alone() {
    let mut wrong = Vec::new();
    for case in cases().iter().filter(|case| case.expected == Expected::Decisions) {
        let Ok(compiled) = compile(case) else { continue };
        let report = run_tests(&compiled.ruleset, None);
        for line in report.coverage.lines.iter().filter(|_| !case.path.join("events.ndjson").exists()) {
            if !(line.hit && line.not_hit) {
                wrong
                    .push(format!("{}: {} hit {}, not hit {}", case.name, line.what, line.hit, line.not_hit));
            }
        }
    }
    assert_all_good(&wrong);
}
