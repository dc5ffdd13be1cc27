//! What the documentation shows is what happens: its rules compile, its tests pass, its decisions are decided, and every
//! promise of the language names the test that would notice if it broke.

#![expect(clippy::disallowed_methods, reason = "tests read files")]

#[path = "support/examples.rs"]
mod examples;
#[path = "support/same.rs"]
mod same;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use examples::{Block, Example, blocks};
use rulec::tooling::{self, BUILTINS, Severity, check_files, codes, run_tests};
use rulec::{Engine, compile_files};
use same::same;
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// README.md and everything in `docs/`: the name and the text.
fn documents() -> Vec<(String, String)> {
    let mut paths = vec![root().join("README.md")];
    let directory = fs::read_dir(root().join("docs")).unwrap();
    paths.extend(
        directory.map(|entry| entry.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "md")),
    );
    paths.sort();
    let name = |path: &PathBuf| path.strip_prefix(root()).unwrap().display().to_string();
    paths.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

/// The codes of the errors found, in the order of the source.
fn errors(example: &Example) -> Vec<&'static str> {
    let checked = check_files(&example.files, &example.path).unwrap();
    checked.diagnostics.iter().filter(|d| d.severity() == Severity::Error).map(|d| d.code.id).collect()
}

fn assert_all_good(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n\n"));
}

// ---- README.md and docs/

#[test]
fn rules_in_the_documents_compile_and_pass_their_tests() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (name, text) in documents() {
        let blocks = blocks(&text);
        let preambles = examples::preambles(&blocks);
        for block in blocks.iter().filter(|block| block.is("rules") && block.word(1) != Some("error")) {
            count += 1;
            let place = format!("{name}:{}", block.line);
            for text in [block.text.clone(), formatted(block, &place, &mut wrong)] {
                let example = Example::new(&text, &preambles);
                match compile_files(&example.files, &example.path) {
                    Err(error) => wrong.push(format!("{place}: {error}")),
                    Ok(compiled) => {
                        for test in run_tests(&compiled.ruleset, None).tests {
                            for failure in test.failures {
                                let got = format!("expected {}, got {}", failure.expected, failure.got);
                                let test = test.name.clone();
                                wrong.push(format!("{place}: `{test}`: {got}\n{}", failure.decision));
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(count >= 25, "only {count} blocks of rules were found");
    assert_all_good(&wrong);
}

/// The block as the formatter writes it; formatting that again must change nothing.
fn formatted(block: &Block, place: &str, wrong: &mut Vec<String>) -> String {
    let (rules, files) = block.text.split_once("//- ").unwrap_or((&block.text, ""));
    let mut format = |text: &str| match tooling::format_source("example.rules", text) {
        Ok(text) => text,
        Err((_, diagnostics)) => {
            let messages: Vec<&str> = diagnostics.iter().map(|d| d.message.as_str()).collect();
            wrong.push(format!("{place}: can't be formatted: {}", messages.join("; ")));
            text.to_string()
        }
    };
    let once = format(rules);
    let twice = format(&once);
    if once != twice {
        wrong.push(format!("{place}: formatting it twice gives\n{twice}\nbut once gives\n{once}"));
    }
    if files.is_empty() { once } else { format!("{once}//- {files}") }
}

#[test]
fn wrong_rules_in_the_documents_are_wrong_in_the_way_they_say() {
    let mut wrong = Vec::new();
    for (name, text) in documents() {
        let blocks = blocks(&text);
        let preambles = examples::preambles(&blocks);
        for block in blocks.iter().filter(|block| block.is("rules") && block.word(1) == Some("error")) {
            let code = block.word(2).expect("`rules error CODE`");
            let found = errors(&Example::new(&block.text, &preambles));
            if found.is_empty() || found.iter().any(|found| *found != code) {
                wrong.push(format!("{name}:{}: expected {code}, found {found:?}", block.line));
            }
        }
    }
    assert_all_good(&wrong);
}

#[test]
fn decisions_in_the_documents_are_those_of_the_rules_above_them() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (name, text) in documents() {
        let blocks = blocks(&text);
        let preambles = examples::preambles(&blocks);
        for (index, block) in blocks.iter().enumerate().filter(|(_, block)| block.is("events")) {
            count += 1;
            let place = format!("{name}:{}", block.line);
            let rules =
                blocks[..index].iter().rfind(|block| block.is("rules")).expect("rules above the events");
            let shown = blocks.get(index + 1).filter(|block| block.is("decisions")).expect("decisions below");
            let example = Example::new(&rules.text, &preambles);
            let compiled = match compile_files(&example.files, &example.path) {
                Ok(compiled) => compiled,
                Err(error) => {
                    wrong.push(format!("{place}: {error}"));
                    continue;
                }
            };
            let decided = examples::decide(&Engine::new(compiled.ruleset), block);
            if shown.word(1) == Some("exact") {
                let expected: Vec<&str> = shown.text.lines().map(str::trim).collect();
                let expected = expected.concat();
                if !decided.iter().any(|text| examples::same_text(&expected, text)) {
                    wrong.push(format!("{place}: expected\n{expected}\ngot\n{}", decided.join("\n")));
                }
                continue;
            }
            let expected: Vec<Value> = serde_json::Deserializer::from_str(&shown.text)
                .into_iter()
                .map(|value| value.unwrap())
                .collect();
            if expected.len() != decided.len() {
                wrong.push(format!("{place}: {} decisions shown, {} decided", expected.len(), decided.len()));
            }
            for (expected, text) in expected.iter().zip(&decided) {
                if !same(expected, &serde_json::from_str(text).unwrap()) {
                    wrong.push(format!("{place}: expected\n{expected}\ngot\n{text}"));
                }
            }
        }
    }
    assert!(count >= 5, "only {count} blocks of events were found");
    assert_all_good(&wrong);
}

// ---- functions

/// What an expression gives, as a text shows it: asked through a rule's `because`.
fn shown(expression: &str) -> Result<String, String> {
    let text = format!(
        "ruleset example {{ edition 2026\n currency USD }}\nevent e {{ }}\n\
         rule shows on e {{\n let value = {expression}\n observe always\n because \"{{value}}\" }}\n"
    );
    let compiled = rulec::compile_text("example.rules", &text).map_err(|error| error.to_string())?;
    let answer =
        Engine::new(compiled.ruleset).decide_json(br#"{"type":"e","id":"1","at":"2026-11-11T10:00:00Z"}"#);
    let decision = answer.decision().ok_or("rejected")?;
    decision.rules.first().and_then(|hit| hit.because.clone()).ok_or_else(|| "no hit".to_string())
}

#[test]
fn examples_of_built_in_functions_give_what_they_say() {
    let mut wrong = Vec::new();
    for builtin in BUILTINS {
        if builtin.examples.is_empty() {
            wrong.push(format!("`{}` has no example", builtin.name));
        }
        for (expression, expected) in builtin.examples {
            match shown(expression) {
                Ok(found) if found == *expected => {}
                Ok(found) => wrong.push(format!("`{expression}` gives `{found}`, not `{expected}`")),
                Err(error) => wrong.push(format!("`{expression}`: {error}")),
            }
        }
    }
    assert_all_good(&wrong);
}

/// The rows of the table of functions, as they should be.
fn function_rows() -> String {
    let mut rows = String::new();
    for builtin in BUILTINS {
        let (expression, value) = builtin.examples.first().expect("an example");
        let doc = builtin.doc.trim_end_matches('.');
        // A bar would end the cell.
        let row = format!("| {} | {doc} | `{expression}` → `{value}` |", usages(builtin.usage));
        assert!(row.matches('|').count() == 4, "{row}");
        rows.push_str(&row);
        rows.push('\n');
    }
    rows
}

fn usages(usage: &str) -> String {
    format!("`{usage}`")
}

#[test]
fn the_table_of_functions_is_that_of_the_registry() {
    let text = fs::read_to_string(root().join("docs/language.md")).unwrap();
    let (_, after) = text.split_once("<!-- builtins").expect("the table of functions");
    let rows: Vec<&str> = after.lines().skip_while(|line| !line.starts_with("|---")).skip(1).collect();
    let rows: Vec<&str> = rows.into_iter().take_while(|line| line.starts_with('|')).collect();
    let expected = function_rows();
    assert!(
        rows == expected.lines().collect::<Vec<&str>>(),
        "the table of functions in docs/language.md should have these rows:\n{expected}"
    );
}

// ---- pages of codes

#[test]
fn pages_of_codes_show_what_they_promise() {
    let mut wrong = Vec::new();
    for code in codes::ALL {
        let blocks = blocks(code.page);
        let of = |kind: &str| -> Vec<&Block> {
            blocks.iter().filter(|block| block.is("rules") && block.word(1) == Some(kind)).collect()
        };
        if of("bad").is_empty() || of("good").is_empty() {
            wrong.push(format!("{} {}: a page shows a bad example and a good one", code.id, code.name));
        }
        for block in of("bad") {
            let example = Example::new(&block.text, &BTreeMap::new());
            let checked = check_files(&example.files, &example.path).unwrap();
            let errors = errors(&example);
            let found: Vec<&str> = checked.diagnostics.iter().map(|d| d.code.id).collect();
            let only = match code.severity {
                Severity::Error => !errors.is_empty() && errors.iter().all(|found| *found == code.id),
                Severity::Warning => errors.is_empty() && found.contains(&code.id),
            };
            if !only {
                wrong.push(format!("{} {}: its bad example gives {found:?}", code.id, code.name));
            }
        }
        for block in of("good") {
            let example = Example::new(&block.text, &BTreeMap::new());
            let checked = check_files(&example.files, &example.path).unwrap();
            for finding in &checked.diagnostics {
                if finding.severity() == Severity::Error || finding.code == *code {
                    let message = &finding.message;
                    wrong.push(format!(
                        "{} {}: its good example gives {}: {message}",
                        code.id, code.name, finding.code.id
                    ));
                }
            }
        }
    }
    assert_all_good(&wrong);
}

// ---- promises

/// A promise and the tests that hold it.
struct Promise {
    document: &'static str,
    line: usize,
    what: String,
    tests: String,
}

/// Those below the heading of that name.
fn promises(document: &'static str, heading: &str) -> Vec<Promise> {
    let text = fs::read_to_string(root().join(document)).unwrap();
    let mut found = Vec::new();
    let mut inside = false;
    for (index, line) in text.lines().enumerate() {
        if line.starts_with("## ") {
            inside = line == heading;
        }
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        if let (true, true, [what, tests]) = (inside, line.starts_with('|'), cells.as_slice())
            && *what != "promise"
            && !what.starts_with("---")
        {
            found.push(Promise {
                document,
                line: index + 1,
                what: what.to_string(),
                tests: tests.to_string(),
            });
        }
    }
    found
}

/// Every `fn` with `#[test]` (or of a `proptest!`) below a directory: the path with its functions.
fn test_functions() -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    let mut directories = vec![root().join("src"), root().join("tests")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let name = path.strip_prefix(root()).unwrap().display().to_string();
                found.insert(name, functions_under_test(&text));
            }
        }
    }
    found
}

fn functions_under_test(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[test]") {
            is_test = true;
        } else if let Some(rest) = line.strip_prefix("fn ") {
            if is_test {
                names.insert(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
            }
            is_test = false;
        }
    }
    names
}

#[test]
fn every_promise_names_a_test_that_exists() {
    let functions = test_functions();
    let language = promises("docs/language.md", "## Promises and their tests");
    assert!(language.len() >= 150, "the table has only {} promises", language.len());
    let state = promises("docs/state.md", "## What is promised");
    assert!(state.len() >= 10, "the table has only {} promises", state.len());
    let mut wrong = Vec::new();
    for Promise { document, line, what, tests } in language.iter().chain(&state) {
        if tests == "open" {
            continue;
        }
        let named: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        if named.is_empty() {
            wrong.push(format!("{document}:{line}: `{what}` names no test"));
        }
        for test in named {
            let exists = match test.split_once("::") {
                Some((file, function)) => functions.get(file).is_some_and(|names| names.contains(function)),
                None if test.ends_with(".md") || test.ends_with(".rs") => root().join(test).exists(),
                None => root().join("tests/language").join(test).exists(),
            };
            if !exists {
                wrong.push(format!("{document}:{line}: there is no test `{test}`"));
            }
        }
    }
    assert_all_good(&wrong);
}
