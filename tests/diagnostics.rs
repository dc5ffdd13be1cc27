//! Every code has cases: broken rulesets and what people are told about them.
//!
//! A case is `tests/diagnostics/CODE_NAME/CASE.rules`. A line `//- PATH` begins another file of the case (data files have no other
//! place); a line of only `//~ CODE_NAME` (`#~` in data files) says that the finding begins on the line above. Beside each
//! case lies `CASE.txt`, the source and both renderings for people; `UPDATE_SNAPSHOTS=1 cargo test --test diagnostics` writes it anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use rulec::diag::render::{Format, render};
use rulec::diag::{Diagnostics, Severity, codes};
use rulec::lint;
use rulec::sema::{self, DataFiles, FileInput, Input};
use rulec::source::{FileError, SourceMap};
use rulec::syntax::{self, ast};

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

/// The files of a case or of an example in a page.
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

/// Reads, checks and lints a case as the compiler does.
fn check(files: &[(String, String)]) -> (SourceMap, Diagnostics) {
    let mut sources = SourceMap::default();
    let (mut trees, mut diagnostics) = (Vec::new(), Diagnostics::new());
    let mut ids = BTreeMap::new();
    for (path, text) in files {
        ids.insert(path.clone(), sources.add(path.as_str(), text.as_str()));
    }
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".rules")) {
        let (tree, found) = syntax::parse(ids[path], text);
        diagnostics.extend(found);
        trees.push(tree);
    }
    let mut data = DataFiles::default();
    for tree in &trees {
        for path in data_paths(tree) {
            let loaded = ids
                .get(path)
                .copied()
                .ok_or_else(|| FileError { path: path.to_string(), reason: "no such file".into() });
            data.insert(tree.source, path.to_string(), loaded);
        }
    }
    let inputs = trees.iter().map(|file| FileInput { file, root: true, rules: true }).collect();
    let (hir, found) =
        sema::check(Input { files: inputs, sources: &sources, data: &data, default_name: "case" });
    diagnostics.extend(found);
    let trees: Vec<&ast::File> = trees.iter().collect();
    if !diagnostics.has_errors() {
        diagnostics.extend(lint::lint(&hir, &trees, &sources));
    }
    let mut diagnostics = lint::suppress(diagnostics, &trees, &sources);
    diagnostics.sort();
    (sources, diagnostics)
}

fn data_paths(file: &ast::File) -> Vec<&str> {
    let mut paths = Vec::new();
    for item in &file.items {
        match &item.kind {
            ast::ItemKind::List(ast::List { source: ast::ListSource::File(path), .. })
            | ast::ItemKind::Table(ast::Table { source: ast::TableSource::File(path), .. })
            | ast::ItemKind::Calendar(ast::Calendar { source: ast::TableSource::File(path), .. })
            | ast::ItemKind::Rates(ast::Rates { file: path, .. }) => paths.push(path.value.as_str()),
            ast::ItemKind::Phrases(phrases) => {
                paths.push(&phrases.file.value);
                paths.extend(phrases.fold.as_ref().map(|fold| fold.value.as_str()));
            }
            _ => {}
        }
    }
    paths
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

/// The fenced blocks of a page whose first line ends so.
fn blocks<'a>(page: &'a str, kind: &str) -> Vec<&'a str> {
    let open = format!("```rules {kind}\n");
    page.split(&open as &str).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn the_examples_of_each_page_do_what_they_say() {
    let mut wrong = Vec::new();
    for code in codes::ALL {
        for kind in ["bad", "good"] {
            let blocks = blocks(code.page, kind);
            if blocks.is_empty() {
                wrong.push(format!("{}: no {kind} example", code.name));
            }
            for block in blocks {
                let (sources, diagnostics) = check(&split("example.rules", block));
                let errors = places(&diagnostics, &sources, |name| {
                    codes::find(name).is_some_and(|c| c.severity == Severity::Error)
                });
                let names: BTreeSet<&str> = diagnostics.iter().map(|d| d.code.name).collect();
                let fine = match (kind, code.severity) {
                    ("bad", Severity::Error) => !errors.is_empty() && errors.iter().all(|e| e.2 == code.name),
                    ("bad", Severity::Warning) => errors.is_empty() && names.contains(code.name),
                    _ => errors.is_empty() && !names.contains(code.name),
                };
                if !fine {
                    let told = render(&diagnostics, &sources, Format::Plain, false);
                    wrong.push(format!("{}, {kind} example:\n{block}\n{told}", code.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
