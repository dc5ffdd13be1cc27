//! A ruleset, ready to decide: immutable, shared by engines and threads.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::code::EventCode;
use super::hits::HitCode;
use super::later::AbsenceCode;
use crate::model::decision::Stamp;
use crate::model::ids::OutcomeId;
use crate::model::schema::Schema;
use crate::plan::{Plan, print};
use crate::sema::hir::Hir;
use crate::source::SourceMap;
use crate::state::MemorySpec;
use crate::vm::{self, Data, Program};

/// Checked, planned and compiled rules with their data: immutable, shared by engines and threads.
///
/// ```
/// let ruleset = rulec::compile_text("shop.rules", "event order { amount: money(USD) }").unwrap().ruleset;
/// assert_eq!(ruleset.event_names().collect::<Vec<_>>(), ["order"]);
/// assert_eq!(ruleset.outcomes().next(), Some("allow"));
/// assert_eq!(ruleset.stamp().hash.len(), 16);
/// ```
pub struct Ruleset {
    pub(super) hir: Hir,
    pub(super) plan: Plan,
    pub(super) program: Program,
    /// By event type, then by what falls due, and what to do with a hit, as in the plan.
    pub(super) events: Vec<EventCode>,
    pub(super) absences: Vec<AbsenceCode>,
    pub(super) hits: Option<HitCode>,
    pub(super) memories: Vec<MemorySpec>,
    pub(super) data: Data,
    pub(super) outcomes: Vec<Arc<str>>,
    pub(super) stamp: Arc<Stamp>,
    files: RulesetFiles,
}

/// What a ruleset was made of, so that it can be made again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RulesetFiles {
    /// The directory or file that was compiled.
    pub path: String,
    /// What the paths of the contents are relative to.
    pub directory: String,
    /// Every rules file and data file, all of them texts.
    #[serde(with = "texts")]
    pub contents: BTreeMap<String, Vec<u8>>,
}

/// Bytes that are UTF-8, written as such.
mod texts {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(
        files: &BTreeMap<String, Vec<u8>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(files.iter().map(|(path, bytes)| (path, String::from_utf8_lossy(bytes))))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<String, Vec<u8>>, D::Error> {
        let texts = BTreeMap::<String, String>::deserialize(deserializer)?;
        Ok(texts.into_iter().map(|(path, text)| (path, text.into_bytes())).collect())
    }
}

impl Ruleset {
    /// From a tree without errors. `sources` are those that its spans speak of; `hash` is that of `files`.
    pub(crate) fn new(hir: Hir, sources: &SourceMap, hash: String, files: RulesetFiles) -> Ruleset {
        let plan = Plan::new(&hir, sources);
        let of_hits = hir.hit.fields.len();
        let fields = hir.schema.events.iter().map(|event| event.fields.len());
        let fields: Vec<usize> = fields.chain([of_hits]).collect();
        let program = vm::compile(&plan, &fields);
        let events = plan
            .events
            .iter()
            .zip(&program.events)
            .map(|(event, program)| EventCode::new(event, program, &hir, &plan))
            .collect();
        let memories = hir.memories.iter().map(|memory| MemorySpec {
            value: memory.value.clone(),
            keys: memory.keys.clone(),
            reach: memory.reach,
            step: memory.step,
            approx: memory.approx,
            functions: memory.functions.clone(),
        });
        let stamp = Stamp { name: hir.header.name.clone(), version: hir.header.version.clone(), hash };
        let stamp = Arc::new(stamp);
        Ruleset {
            memories: memories.collect(),
            data: Data {
                lists: hir.lists.iter().map(|list| list.data.clone()).collect(),
                tables: hir.tables.iter().map(|table| table.data.clone()).collect(),
                phrases: hir.phrases.iter().map(|phrases| phrases.set.clone()).collect(),
                calendars: hir.calendars.iter().map(|calendar| calendar.data.clone()).collect(),
                rates: hir.rates.clone(),
            },
            outcomes: hir.header.outcomes.iter().map(|name| name.as_str().into()).collect(),
            stamp,
            files,
            absences: AbsenceCode::all(&plan, &hir),
            hits: HitCode::of(&plan, &hir),
            events,
            program,
            plan,
            hir,
        }
    }

    /// Name, version and hash, as every decision carries them.
    pub fn stamp(&self) -> &Arc<Stamp> {
        &self.stamp
    }

    /// The names of the outcomes, from `allow` up.
    pub fn outcomes(&self) -> impl Iterator<Item = &str> {
        self.hir.header.outcomes.iter().map(String::as_str)
    }

    /// In the order of the declarations, which is that of [`Stats::rules`](crate::Stats::rules).
    pub fn rule_names(&self) -> impl Iterator<Item = &str> {
        self.hir.rules.iter().map(|rule| rule.name.as_str())
    }

    /// The event types, in the order of the declarations.
    pub fn event_names(&self) -> impl Iterator<Item = &str> {
        self.hir.schema.events.iter().map(|event| &*event.name)
    }

    pub(crate) fn files(&self) -> &RulesetFiles {
        &self.files
    }

    pub(crate) fn schema(&self) -> &Arc<Schema> {
        &self.hir.schema
    }

    pub(crate) fn hir(&self) -> &Hir {
        &self.hir
    }

    pub(super) fn outcome_name(&self, outcome: OutcomeId) -> Arc<str> {
        self.outcomes.get(outcome.index()).cloned().unwrap_or_else(|| "allow".into())
    }

    /// The plan as text: the shared nodes, and what each event type does with them.
    pub fn print_plan(&self) -> String {
        print::print(&self.plan, &self.hir)
    }

    /// The code of the virtual machine as text.
    pub fn print_bytecode(&self) -> String {
        let mut out = String::new();
        for (index, (plan, program)) in self.plan.events.iter().zip(&self.program.events).enumerate() {
            let later = !plan.sets.is_empty() || !plan.sequence_writes.is_empty() || !plan.feeds.is_empty();
            if plan.rules.is_empty() && plan.writes.is_empty() && !later {
                continue;
            }
            let rules: Vec<&str> = plan.rules.iter().map(|rule| &*self.hir.rule(rule.rule).name).collect();
            let name = &*self.hir.event(plan.event).name;
            let waited = index >= self.hir.schema.events.len() && self.plan.hits != Some(index);
            let due = if waited { ", a deadline after it" } else { "" };
            out.push_str(&vm::disassemble(program, &format!("{name}{due}"), &rules));
        }
        out
    }
}

impl fmt::Debug for Ruleset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ruleset({} {} {})", self.stamp.name, self.stamp.version, self.stamp.hash)
    }
}
