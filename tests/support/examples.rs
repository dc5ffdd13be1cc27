//! Fenced blocks of markdown, and rules with the files that stand beside them.

use std::collections::BTreeMap;

use rulec::{Answer, Engine, MemoryFiles};

/// A fenced block.
pub struct Block {
    /// What stands behind the fence.
    info: String,
    pub text: String,
    /// Of its fence, from 1.
    pub line: usize,
}

impl Block {
    pub fn is(&self, kind: &str) -> bool {
        self.word(0) == Some(kind)
    }

    pub fn word(&self, index: usize) -> Option<&str> {
        self.info.split_whitespace().nth(index)
    }
}

pub fn blocks(markdown: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut open = false;
    for (index, line) in markdown.lines().enumerate() {
        match line.strip_prefix("```") {
            Some(_) if open => open = false,
            Some(info) => {
                open = true;
                found.push(Block { info: info.to_string(), text: String::new(), line: index + 1 });
            }
            None if open => {
                if let Some(block) = found.last_mut() {
                    block.text.push_str(line);
                    block.text.push('\n');
                }
            }
            None => {}
        }
    }
    found
}

/// The texts of `rules preamble NAME` by name.
pub fn preambles(blocks: &[Block]) -> BTreeMap<String, String> {
    let named = blocks.iter().filter(|block| block.is("rules") && block.word(1) == Some("preamble"));
    named.map(|block| (block.word(2).expect("a name").to_string(), block.text.clone())).collect()
}

/// The files of an example and where its rules are.
pub struct Example {
    pub files: MemoryFiles,
    pub path: String,
}

impl Example {
    /// `//- path` begins a file beside the rules; `// with: NAME` puts a preamble before them, whose samples give way
    /// to those of the example.
    pub fn new(text: &str, preambles: &BTreeMap<String, String>) -> Example {
        let mut files = MemoryFiles::new();
        let mut parts = format!("\n{text}");
        if let Some(name) = text.strip_prefix("// with: ").and_then(|rest| rest.lines().next()) {
            let preamble = preambles.get(name.trim()).unwrap_or_else(|| panic!("no preamble `{name}`"));
            files.add("example/preamble.rules", without_samples(preamble, text));
        }
        let rest = parts.split_off(parts.find("\n//- ").unwrap_or(parts.len()));
        for file in rest.split("\n//- ").skip(1) {
            let (path, content) = file.split_once('\n').unwrap_or((file, ""));
            files.add(format!("example/{}", path.trim()), content);
        }
        files.add("example/example.rules", parts);
        Example { files, path: "example".to_string() }
    }
}

fn without_samples(preamble: &str, text: &str) -> String {
    let replaced = |line: &&str| {
        let event = line.strip_prefix("sample ").and_then(|rest| rest.split_whitespace().next());
        event.is_some_and(|event| text.contains(&format!("\nsample {event} ")))
    };
    preamble.lines().filter(|line| !replaced(line)).map(|line| format!("{line}\n")).collect()
}

/// The answers to the lines of an `events` block (or the rows of an `events csv` one) as JSON, the deadlines that a line
/// makes due before its own.
pub fn decide(engine: &Engine, events: &Block) -> Vec<String> {
    let mut lines = events.text.lines();
    let header = if events.word(1) == Some("csv") { lines.next() } else { None };
    let columns = header.map(|header| engine.csv_columns(header.split(',').map(str::as_bytes)));
    let mut all = Vec::new();
    for line in lines {
        let own = match &columns {
            Some(columns) => engine.decide_csv(columns, line.split(',').map(str::as_bytes)),
            None => engine.decide_json(line.as_bytes()),
        };
        all.extend(engine.take_deadlines().iter().map(|decision| decision.to_json()));
        if !matches!(own, Answer::Clock | Answer::List) {
            all.push(own.to_json());
        }
    }
    all
}

/// The same, byte for byte but for what `…` stands for.
pub fn same_text(shown: &str, decided: &str) -> bool {
    let mut rest = decided;
    for (index, piece) in shown.split('…').enumerate() {
        let found = if index == 0 { rest.starts_with(piece).then_some(0) } else { rest.find(piece) };
        let Some(at) = found else { return false };
        if rest[..at].contains('"') {
            return false;
        }
        rest = &rest[at + piece.len()..];
    }
    rest.is_empty()
}
