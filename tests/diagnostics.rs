//! Every code has cases: broken rulesets and what people are told about them.
//!
//! A case is `tests/diagnostics/CODE_NAME/CASE.rules`. A line `//- PATH` begins another file of the case (data files have no other
//! place); a line of only `//~ CODE_NAME` (`#~` in data files) says that the finding begins on the line above. Beside each
//! case lies `CASE.txt`, the source and both renderings for people; `UPDATE_SNAPSHOTS=1 cargo test --test diagnostics` writes it anew.

#![expect(clippy::disallowed_methods, reason = "tests read files")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use rulec::tooling::{Format, Severity, check_files, codes, render};
use rulec::{Diagnostics, MemoryFiles, SourceMap};

/// Cases of a warning are small, so they have these too.
const TOLERATED: [&str; 2] = ["untested_rule", "unused_field"];

struct Case {
    code: String,
    path: PathBuf,
    /// Path and text; the first is the rules file.
    files: Vec<(String, String)>,
}

/// A marked place: path, line from 1, code.
type Mark = (String, usize, String);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics")
}

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for directory in sorted(&root()) {
        for path in sorted(&directory) {
            if path.extension().is_some_and(|e| e == "rules") {
                let text = fs::read_to_string(&path).unwrap();
                let name = path.file_name().unwrap().to_str().unwrap();
                let code = directory.file_name().unwrap().to_str().unwrap().to_string();
                all.push(Case { code, files: split(name, &text), path });
            }
        }
    }
    all
}

fn sorted(directory: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all
}

/// The files of a case.
fn split(name: &str, text: &str) -> Vec<(String, String)> {
    let mut files = vec![(name.to_string(), String::new())];
    for line in text.split_inclusive('\n') {
        match line.strip_prefix("//- ") {
            Some(path) => files.push((path.trim().to_string(), String::new())),
            None => files.last_mut().unwrap().1.push_str(line),
        }
    }
    files
}

fn marks(files: &[(String, String)]) -> Vec<Mark> {
    let mut marks = Vec::new();
    for (path, text) in files {
        let mut marked = 0;
        for (index, line) in text.lines().enumerate() {
            let line = line.trim_start();
            match line.strip_prefix("//~ ").or_else(|| line.strip_prefix("#~ ")) {
                Some(code) => marks.push((path.clone(), marked, code.trim().to_string())),
                None => marked = index + 1,
            }
        }
    }
    marks
}

fn check(files: &[(String, String)]) -> (SourceMap, Diagnostics) {
    let mut all = MemoryFiles::new();
    for (path, text) in files {
        all.add(path.as_str(), text.as_str());
    }
    let checked = check_files(&all, &files[0].0).unwrap();
    (checked.sources, checked.diagnostics)
}

/// Where the findings of some codes begin.
fn places(diagnostics: &Diagnostics, sources: &SourceMap, wanted: impl Fn(&str) -> bool) -> Vec<Mark> {
    let mut all: Vec<Mark> = diagnostics
        .iter()
        .filter(|d| wanted(d.code.name))
        .map(|d| {
            let source = sources.get(d.span().source);
            (source.path.clone(), source.position(d.span().start as usize).line, d.code.name.to_string())
        })
        .collect();
    all.sort();
    all
}

#[test]
fn each_case_gives_its_code_at_the_marked_place() {
    let mut wrong = Vec::new();
    for case in cases() {
        let (sources, diagnostics) = check(&case.files);
        let severity = codes::find(&case.code).map(|c| c.severity);
        let found = places(&diagnostics, &sources, |name| {
            let is_error = codes::find(name).is_some_and(|c| c.severity == Severity::Error);
            match severity {
                // Whatever is merely odd in a ruleset with errors is not looked for.
                Some(Severity::Error) => is_error,
                _ => name == case.code || !TOLERATED.contains(&name),
            }
        });
        let mut wanted = marks(&case.files);
        wanted.sort();
        if found != wanted || wanted.is_empty() || wanted.iter().any(|(_, _, code)| *code != case.code) {
            wrong.push(format!(
                "{}\n  wanted {wanted:?}\n  found  {found:?}\n{}",
                case.path.strip_prefix(root()).unwrap().display(),
                render(&diagnostics, &sources, Format::Plain, false)
            ));
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_people_are_told_is_reviewed() {
    let update = std::env::var_os("UPDATE_SNAPSHOTS").is_some();
    let mut wrong = Vec::new();
    for case in cases() {
        let (sources, mut diagnostics) = check(&case.files);
        diagnostics.retain(|d| d.code.name == case.code || !TOLERATED.contains(&d.code.name));
        let text = fs::read_to_string(&case.path).unwrap();
        let snapshot = format!(
            "{text}\n==== plain\n{}\n==== human\n{}",
            render(&diagnostics, &sources, Format::Plain, false),
            render(&diagnostics, &sources, Format::Human, false)
        );
        let path = case.path.with_extension("txt");
        if update {
            fs::write(&path, &snapshot).unwrap();
        } else if fs::read_to_string(&path).ok().as_deref() != Some(&snapshot) {
            wrong.push(format!("{}\n{snapshot}", path.strip_prefix(root()).unwrap().display()));
        }
    }
    assert!(wrong.is_empty(), "{} snapshots differ:\n\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn each_code_has_a_case_and_each_case_a_code() {
    let known: BTreeSet<String> = codes::ALL.iter().map(|code| code.name.to_string()).collect();
    let covered: BTreeSet<String> = cases().into_iter().map(|case| case.code).collect();
    let without: Vec<_> = known.difference(&covered).collect();
    let strangers: Vec<_> = covered.difference(&known).collect();
    assert!(
        without.is_empty() && strangers.is_empty(),
        "without a case: {without:?}; no such code: {strangers:?}"
    );
}

#[test]
fn messages_follow_the_house_style() {
    for case in cases() {
        let (sources, diagnostics) = check(&case.files);
        for d in &diagnostics {
            let plain = render(&diagnostics, &sources, Format::Plain, false);
            let first = d.message.chars().next().unwrap();
            assert!(!first.is_uppercase() || d.message.starts_with(|c: char| !c.is_alphabetic()), "{plain}");
            assert!(!d.message.ends_with('.') && !d.message.contains('\n'), "{plain}");
            assert!(
                d.help.as_ref().is_none_or(|help| !help.ends_with('.') || help.ends_with("…")),
                "{plain}"
            );
            for edit in d.fix.iter().flat_map(|fix| &fix.edits) {
                let text = &sources.get(edit.span.source).text;
                assert!(text.get(edit.span.range()).is_some(), "{plain}");
            }
        }
    }
}

#[test]
fn there_is_nothing_to_say_about_these() {
    let mut wrong = Vec::new();
    for path in sorted(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/quiet")) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let (sources, mut diagnostics) = check(&split(name, &fs::read_to_string(&path).unwrap()));
        // Only some of them have tests, and those would show it.
        if name != "tested.rules" {
            diagnostics.retain(|d| d.code.name != "untested_rule");
        }
        if !diagnostics.is_empty() {
            wrong.push(render(&diagnostics, &sources, Format::Plain, false));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
