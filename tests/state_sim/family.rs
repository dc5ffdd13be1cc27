//! A generated ruleset in several texts.

use rulec::{Compiled, MemoryFiles, compile_files};

use crate::support::random::Random;
use crate::support::rules::{self, Generated};
use crate::support::schema;

/// Rulesets that a host changes among.
pub struct Family {
    pub generated: Generated,
    /// The first three mean the same, the others don't.
    pub compiled: Vec<Compiled>,
}

impl Family {
    pub fn new(number: u64) -> Family {
        let mut random = Random::new(number ^ 0xFA_417);
        loop {
            let generated = rules::generate(&mut random);
            let others = [rules::generate(&mut random), rules::generate(&mut random)];
            let texts = [
                generated.source.clone(),
                commented(&generated.source),
                reordered(&generated.source),
                others[0].source.clone(),
                others[1].source.clone(),
            ];
            let compiled: Option<Vec<Compiled>> = texts.iter().map(|text| compile(text)).collect();
            if let Some(compiled) = compiled {
                return Family { generated, compiled };
            }
        }
    }

    /// Of a text, two that mean the same, and two that don't.
    pub fn of(text: &str, second: &str, third: &str, different: &[String; 2]) -> Family {
        let texts = [text, second, third, &different[0], &different[1]];
        let compiled = texts.iter().map(|text| compile(text).unwrap()).collect();
        Family { generated: Generated { source: text.to_string(), fields: Vec::new() }, compiled }
    }

    pub fn same(&self) -> [usize; 3] {
        [0, 1, 2]
    }

    pub fn different(&self) -> [usize; 3] {
        [0, 3, 4]
    }
}

/// Now and then one is refused.
fn compile(text: &str) -> Option<Compiled> {
    let mut files = MemoryFiles::new();
    files.add("rules/generated.rules", text.as_bytes());
    for (name, text) in schema::FILES {
        files.add(format!("rules/{name}"), text.as_bytes());
    }
    compile_files(&files, "rules").ok()
}

fn commented(source: &str) -> String {
    source.lines().map(|line| format!("// What follows.\n{line}  // That was it.\n")).collect()
}

/// The declarations of data behind everything else, and the other way round.
fn reordered(source: &str) -> String {
    let data: Vec<&str> = schema::DATA.lines().rev().collect();
    format!("{}\n{}\n", source.replacen(schema::DATA, "\n", 1), data.join("\n"))
}
