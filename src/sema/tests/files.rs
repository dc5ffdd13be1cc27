//! Rulesets of several files: what counts of a used one, and what may be replaced.

use crate::diag::Severity;
use crate::sema::{DataFiles, FileInput, Input, check, hir::Hir};
use crate::source::{FileError, SourceMap};
use crate::syntax;

/// `(path, text, root, rules)`
fn check_files(
    files: &[(&str, &str, bool, bool)],
    data: &[(&str, Result<&str, &str>)],
) -> (Hir, Vec<String>) {
    let mut sources = SourceMap::default();
    let parsed: Vec<_> = files
        .iter()
        .map(|(path, text, ..)| {
            let id = sources.add(*path, *text);
            syntax::parse(id, text).0
        })
        .collect();
    let mut known = DataFiles::new();
    for (path, content) in data {
        let text = match content {
            Ok(text) => Ok(sources.add(*path, *text)),
            Err(reason) => Err(FileError { path: path.to_string(), reason: reason.to_string() }),
        };
        known.insert(parsed[0].source, *path, text);
    }
    let input = Input {
        files: parsed
            .iter()
            .zip(files)
            .map(|(file, (_, _, root, rules))| FileInput { file, root: *root, rules: *rules })
            .collect(),
        sources: &sources,
        data: &known,
        default_name: "folder",
    };
    let (hir, found) = check(input);
    let found = found
        .iter()
        .filter(|d| d.severity() == Severity::Error)
        .map(|d| format!("{} at {}: {}", d.code.name, sources.slice(d.span()), d.message))
        .collect();
    (hir, found)
}

const EVENTS: &str =
    "event order { amount: int }\nlet LIMIT = 5\nlet NAME = \"x\"\nsignal big = amount > LIMIT\n";
const PACK: &str = "ruleset pack { version \"9\" }\nrule packed on order {\n block if big\n}\n";

#[test]
fn without_a_header_the_folder_names_the_ruleset() {
    let (hir, found) = check_files(&[("a.rules", EVENTS, true, true)], &[]);
    assert_eq!(found, Vec::<String>::new());
    assert_eq!(hir.header.name, "folder");
    assert_eq!(hir.outcome(hir.header.rejects), "review");
}

#[test]
fn a_plain_use_brings_declarations_and_a_use_of_rules_brings_rules() {
    let root = "rule own on order {\n review if big\n}\n";
    let files = |rules| {
        [("e.rules", EVENTS, false, false), ("p.rules", PACK, false, rules), ("r.rules", root, true, true)]
    };
    let (hir, found) = check_files(&files(false), &[]);
    assert_eq!(found, Vec::<String>::new());
    assert_eq!(hir.rules.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(), ["own"]);
    let (hir, _) = check_files(&files(true), &[]);
    assert_eq!(hir.rules.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(), ["packed", "own"]);
    // The header of a pack is its own business.
    assert_eq!((hir.header.name.as_str(), hir.header.version.as_str()), ("folder", ""));
}

#[test]
fn a_used_let_is_replaced_by_one_of_its_type() {
    let root = |line: &str| format!("{line}\nrule own on order {{\n review if big\n}}\n");
    let with = |line: &str| {
        check_files(&[("e.rules", EVENTS, false, false), ("r.rules", &root(line), true, true)], &[])
    };
    let (hir, found) = with("override let LIMIT = 7");
    assert_eq!(found, Vec::<String>::new());
    assert!(hir.to_string().contains("(amount > 7)"), "{hir}");
    assert_eq!(
        with("override let LIMIT = 7d").1,
        ["bad_override at 7d: `LIMIT` is overridden with another type"]
    );
    assert_eq!(
        with("override let big = 7").1,
        ["bad_override at big: `big` can't be overridden: this is a signal"]
    );
    assert_eq!(with("override let LIMT = 7").1, ["bad_override at LIMT: there is no used `let` `LIMT`"]);
}

#[test]
fn a_file_that_is_not_there_is_told_with_its_reason() {
    let text = "event order { amount: int }\nlist l: int from \"l.txt\"\nrule own on order {\n review if amount in l\n}\n";
    let (_, found) = check_files(&[("r.rules", text, true, true)], &[("l.txt", Err("no such file"))]);
    assert_eq!(found, ["missing_file at \"l.txt\": this file can't be read: `l.txt`: no such file"]);
    let (hir, found) = check_files(&[("r.rules", text, true, true)], &[("l.txt", Ok("1\n2\n"))]);
    assert_eq!(found, Vec::<String>::new());
    assert_eq!(hir.lists[0].data.len(), 2);
}

#[test]
fn what_a_broken_item_would_have_declared_is_not_called_unknown() {
    let text =
        "event order { amount: int }\nlist l int [1]\nrule own on order {\n review if amount in l\n}\n";
    let (_, found) = check_files(&[("r.rules", text, true, true)], &[]);
    assert_eq!(found, Vec::<String>::new());
}
