//! Reading the shared data, and running rules over it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::read::GzDecoder;
use rulec::{
    Answer, Compiled, Decision, DiskFiles, Engine, EngineOptions, FileError, Files, Ruleset, compile_files,
};

/// A folder of the shared data, which is not part of this project. Without it a test has nothing to say, except
/// where the data is known to be: there its absence is an error.
pub fn shared(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(folder);
    if path.is_dir() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is not there", path.display());
    eprintln!("skipped: {} is not there", path.display());
    None
}

#[expect(clippy::disallowed_methods, reason = "tests read files")]
pub fn text(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    if path.extension().is_some_and(|e| e == "gz") {
        let mut text = String::new();
        GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).expect("UTF-8 in a gzip file");
        text
    } else {
        String::from_utf8(bytes).expect("UTF-8")
    }
}

pub fn json(path: &Path) -> serde_json::Value {
    serde_json::from_str(&text(path)).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The rows of a CSV file, one at a time.
pub fn csv(path: &Path) -> csv::Reader<Box<dyn Read>> {
    let file = std::fs::File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let file: Box<dyn Read> = match path.extension() {
        Some(ending) if ending == "gz" => Box::new(GzDecoder::new(file)),
        _ => Box::new(file),
    };
    csv::Reader::from_reader(file)
}

pub fn lines(path: &Path) -> impl Iterator<Item = String> {
    let file = std::fs::File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let file: Box<dyn Read> = match path.extension() {
        Some(ending) if ending == "gz" => Box::new(GzDecoder::new(file)),
        _ => Box::new(file),
    };
    BufReader::new(file).lines().map(|line| line.expect("UTF-8"))
}

/// A ruleset of this repository; `path` is relative to its root.
pub fn ruleset(path: &str) -> Arc<Ruleset> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    compiled(compile_files(&DiskFiles, path.to_str().expect("a path of UTF-8"))).ruleset
}

pub fn compiled<E: std::fmt::Display>(result: Result<Compiled, E>) -> Compiled {
    result.unwrap_or_else(|error| panic!("{error}"))
}

/// The files of the disk, some of them replaced.
pub struct With<'a> {
    pub name: &'a str,
    pub bytes: Vec<u8>,
}

impl Files for With<'_> {
    fn rules_below(&self, directory: &str) -> Result<Option<Vec<String>>, FileError> {
        DiskFiles.rules_below(directory)
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        if path.rsplit('/').next() == Some(self.name) { Ok(self.bytes.clone()) } else { DiskFiles.read(path) }
    }
}

pub fn engine(ruleset: &Arc<Ruleset>, event: Option<&str>) -> Engine {
    let mut options = EngineOptions::default();
    if let Some(event) = event {
        options = options.default_event(ruleset, event).unwrap_or_else(|e| panic!("{e}"));
    }
    Engine::with_options(ruleset.clone(), options)
}

#[track_caller]
pub fn decision(answer: Answer) -> Decision {
    match answer {
        Answer::Decision(decision) => (*decision).clone(),
        Answer::Reject(reject) => panic!("{}", reject.to_json()),
        Answer::Clock | Answer::List | Answer::Failed(_) => panic!("no event"),
    }
}

/// Decides every row of a CSV file; `each` gets the row beside its decision.
pub fn decide_csv(engine: &Engine, path: &Path, mut each: impl FnMut(&csv::StringRecord, Decision)) {
    let mut reader = csv(path);
    let columns = engine.csv_columns(reader.byte_headers().expect("a header").iter());
    let mut row = csv::StringRecord::new();
    while reader.read_record(&mut row).expect("a row") {
        let decision = decision(engine.decide_csv(&columns, row.iter().map(str::as_bytes)));
        each(&row, decision);
    }
}

/// How often each rule hit, and of those, on how many rows that were fraud.
#[derive(Default)]
pub struct Counts(BTreeMap<String, (u64, u64)>);

impl Counts {
    pub fn add(&mut self, decision: &Decision, fraud: bool) {
        for hit in &decision.rules {
            self.add_one(&hit.rule, fraud);
        }
    }

    pub fn add_one(&mut self, rule: &str, fraud: bool) {
        if !self.0.contains_key(rule) {
            self.0.insert(rule.to_string(), (0, 0));
        }
        let (fired, frauds) = self.0.get_mut(rule).expect("just added");
        *fired += 1;
        *frauds += u64::from(fraud);
    }

    /// Hits, and hits on frauds.
    pub fn get(&self, rule: &str) -> (u64, u64) {
        self.0.get(rule).copied().unwrap_or_default()
    }

    /// Against `{"rules": {"name": {"fired": 1, "tp": 1, …}}}`, names as the data has them beside those of the rules.
    #[track_caller]
    pub fn expect(&self, expected: &serde_json::Value, names: &[(&str, &str)]) {
        let mut wrong = Vec::new();
        for (theirs, ours) in names {
            let rule = expected["rules"]
                .get(theirs)
                .unwrap_or_else(|| panic!("`{theirs}` is not in the expected figures"));
            let figures = (rule["fired"].as_u64().expect("a count"), rule["tp"].as_u64().expect("a count"));
            if self.get(ours) != figures {
                wrong.push(format!("{ours}: got {:?}, expected {figures:?} ({theirs})", self.get(ours)));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
