//! A module imports only from layers above its own, and each gatekept crate is named only where it may be.

#![expect(clippy::disallowed_methods, reason = "tests read files")]

use std::fs;
use std::path::{Path, PathBuf};

/// Module (a path below `src/`, without ending) and the layer it belongs to.
const LAYERS: &[(&str, u8)] = &[
    ("source", 0),
    ("diag", 0),
    ("model", 0),
    ("syntax", 1),
    ("format", 1),
    ("builtins", 1),
    ("text", 1),
    ("sema", 2),
    ("lint", 2),
    ("oracle", 2),
    ("plan", 3),
    ("decode", 4),
    ("vm", 4),
    ("state", 4),
    ("engine", 5),
    ("compile", 5),
    ("store", 5),
    ("log", 5),
];

/// Modules of one layer that do not know each other.
const BLIND: &[(&str, &[&str])] = &[
    ("decode", &["vm", "state"]),
    ("vm", &["decode", "state"]),
    ("state", &["decode", "vm"]),
    ("oracle", &["lint", "syntax", "format"]),
];

/// Crate and where it may be named.
const GATEKEPT: &[(&str, &[&str])] = &[
    ("pest", &["syntax/"]),
    ("pest_derive", &["syntax/"]),
    ("miette", &["diag/render", "cli/"]),
    ("clap", &["cli/"]),
    ("crc32fast", &["state/disk/"]),
];

/// L0 to L5 decide from their input alone.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::env",
    "std::net::Tcp",
    "std::thread",
    "std::process",
    "SystemTime",
    "Instant",
    "println!",
    "eprintln!",
    "print!(",
    "dbg!",
    "std::io::stdout",
    "std::io::stderr",
];

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Path below `src/` and text without comments.
fn all() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&root, &mut found);
    found
        .into_iter()
        // Tests may use whatever they need to make their input.
        .filter(|path| {
            !path.ends_with("tests.rs") && !path.components().any(|part| part.as_os_str() == "tests")
        })
        .map(|path| {
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_string();
            let text = fs::read_to_string(&path).unwrap();
            let code: String = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .map(|line| format!("{line}\n"))
                .collect();
            (name, code)
        })
        .collect()
}

fn layer_of(path: &str) -> Option<(&'static str, u8)> {
    let module = path.split(['/', '.']).next().unwrap();
    LAYERS.iter().copied().find(|(name, _)| *name == module)
}

/// `crate::a`, also inside `use crate::{a, b::c}`.
fn imports(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut word = String::new();
            let mut start = true;
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => start = true,
                    c if (c.is_alphanumeric() || c == '_') && start && depth == 0 => {
                        word.push(c);
                        continue;
                    }
                    _ => {}
                }
                if !word.is_empty() {
                    found.push(std::mem::take(&mut word));
                    start = false;
                }
            }
            if !word.is_empty() {
                found.push(word);
            }
        } else {
            found.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    found
}

#[test]
fn modules_import_from_layers_above() {
    let mut wrong = Vec::new();
    for (path, code) in all() {
        let Some((module, layer)) = layer_of(&path) else { continue };
        let code = code.split("#[cfg(test)]").next().unwrap();
        for import in imports(code) {
            let Some((other, other_layer)) = LAYERS.iter().copied().find(|(name, _)| *name == import) else {
                continue;
            };
            let blind = BLIND.iter().any(|(name, others)| *name == module && others.contains(&other));
            if other_layer > layer || blind {
                wrong.push(format!("src/{path} ({module}, L{layer}) imports {other} (L{other_layer})"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_has_a_layer() {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let hosts = ["cli", "os", "tooling"];
    for line in lib.lines() {
        let line = line.trim().trim_start_matches("pub ");
        let Some(name) = line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) else { continue };
        assert!(
            hosts.contains(&name) || LAYERS.iter().any(|(module, _)| *module == name),
            "`{name}` has no layer: add it to LAYERS"
        );
    }
}

#[test]
fn gatekept_crates_stay_behind_their_gate() {
    let mut wrong = Vec::new();
    for (path, code) in all() {
        for (name, allowed) in GATEKEPT {
            let named = [format!("{name}::"), format!("use {name};"), format!("{name}!")];
            if named.iter().any(|n| word_in(&code, n)) && !allowed.iter().any(|a| path.starts_with(a)) {
                wrong.push(format!("src/{path} names {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Found where no longer name ends in it (`my_clap::` is not `clap::`).
fn word_in(code: &str, name: &str) -> bool {
    code.match_indices(name)
        .any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'))
}

#[test]
fn the_core_has_no_side_doors() {
    let mut wrong = Vec::new();
    for (path, code) in all() {
        if layer_of(&path).is_none() {
            continue;
        }
        let code = code.split("#[cfg(test)]").next().unwrap();
        for word in IMPURE {
            if code.contains(word) {
                wrong.push(format!("src/{path} uses {word}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
