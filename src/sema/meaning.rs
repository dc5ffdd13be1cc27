//! What a ruleset means by the things of which it remembers something, in words that reformatting, renumbering and moving
//! do not change. What is remembered is kept under these words, and another ruleset takes over what it means as well.

use super::hir::{self, Absence, Expr, Hir, Once};
use super::print::{ExprText, duration_text};
use crate::model::ids::EventId;
use crate::model::types::Type;

/// The words for one ruleset.
pub struct Meaning<'h> {
    hir: &'h Hir,
    text: ExprText<'h>,
}

/// Something with keys that is read on several events. What two rulesets mean is the same if they agree on an event and
/// on none that both have differ.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Keyed {
    /// Types of the keys.
    pub types: String,
    /// Per event its name and its keys, in the order of the names.
    pub events: Vec<(String, String)>,
}

impl Keyed {
    /// Whether both mean the same.
    pub fn agrees_with(&self, other: &Keyed) -> bool {
        let same = |(event, keys): &&(String, String)| {
            other.events.iter().find(|(of, _)| of == event).map(|(_, of)| of == keys)
        };
        let mut both = self.events.iter().filter_map(|part| same(&part)).peekable();
        self.types == other.types && both.peek().is_some() && both.all(|same| same)
    }
}

/// A type by what its values are: entities by those of their base.
fn type_words(ty: &Type) -> String {
    ty.representation().to_string()
}

fn all_types(types: &[Type]) -> String {
    types.iter().map(type_words).collect::<Vec<_>>().join(", ")
}

impl<'h> Meaning<'h> {
    pub fn new(hir: &'h Hir) -> Meaning<'h> {
        let text = ExprText {
            lists: &hir.lists,
            tables: &hir.tables,
            phrases: &hir.phrases,
            calendars: &hir.calendars,
            labels: &hir.labels,
            memories: &hir.memories,
            sequences: &hir.sequences,
            canonical: true,
            zone: Some(hir.header.zone.name()),
        };
        Meaning { hir, text }
    }

    /// Event, value, `where`, keys and step, and the types of value and keys.
    pub fn memory(&self, memory: &hir::Memory) -> String {
        let value = memory.value.as_ref().map_or("nothing".to_string(), type_words);
        format!("{} : {value} by {}", memory.identity, all_types(&memory.keys))
    }

    pub fn sequence(&self, sequence: &hir::SequenceMemory) -> String {
        format!("{} : by {}", sequence.identity, all_types(&sequence.keys))
    }

    pub fn label(&self, label: &hir::Label) -> String {
        let entity = self.hir.entities.iter().find(|entity| *entity.name == *label.entity);
        let base = entity.map_or("?".to_string(), |entity| type_words(&entity.base));
        format!("label {} on {}: {base}", label.name, label.entity)
    }

    /// `None` without `once`.
    pub fn action(&self, action: &hir::Action) -> Option<String> {
        let once = action.once.as_ref()?;
        let keys = once.keys.iter().filter_map(|place| action.parameters.get(*place));
        let keys: Vec<String> = keys.map(|(name, ty)| format!("{name}: {}", type_words(ty))).collect();
        Some(format!("action {} once per {}", action.name, keys.join(", ")))
    }

    pub fn list(&self, list: &hir::List) -> String {
        format!("list {}: {}", list.name, type_words(&list.ty))
    }

    /// `None` if no event fills it.
    pub fn table(&self, table: &hir::Table) -> Option<String> {
        let fed = self.feed(table.feed.as_ref()?);
        Some(format!("table {}: {} {fed}", table.name, all_types(&table.keys)))
    }

    /// `None` if no event fills it.
    pub fn calendar(&self, calendar: &hir::Calendar) -> Option<String> {
        let fed = self.feed(calendar.feed.as_ref()?);
        Some(format!("calendar {}: {} {fed}", calendar.name, all_types(&calendar.keys)))
    }

    fn feed(&self, feed: &hir::Feed) -> String {
        let Some(event) = self.hir.schema.events.get(feed.event.index()) else { return String::new() };
        let keys = feed.keys.iter().filter_map(|key| event.fields.get(key.index()));
        let keys: Vec<&str> = keys.map(|field| &*field.name).collect();
        format!("from {} by {}", event.name, keys.join(", "))
    }

    /// A type in words that say everything about its values.
    pub fn type_of(&self, ty: &Type) -> String {
        type_words(ty)
    }

    /// By what mutes are kept.
    pub fn mute(&self, place: usize, mute: &hir::Mute) -> Keyed {
        let bodies = self.hir.rules.iter().flat_map(|rule| &rule.bodies);
        let keyed = bodies.flat_map(|body| {
            let of_this = body.muted_by.iter().filter(|(id, _)| id.index() == place);
            of_this.map(|(_, keys)| (body.event, keys.as_slice()))
        });
        self.keyed(all_types(&mute.keys), keyed)
    }

    /// By what `once` of a rule is kept.
    pub fn once(&self, rule: &hir::Rule) -> Option<Keyed> {
        let keyed =
            |body: &'h hir::Body| -> Option<(EventId, &'h Once)> { Some((body.event, body.once.as_ref()?)) };
        let rule = self.hir.rules.iter().find(|known| known.name == rule.name)?;
        let mut all = rule.bodies.iter().filter_map(keyed).peekable();
        let types: Vec<Type> = all.peek()?.1.keys.iter().map(|key| key.ty.base.clone()).collect();
        Some(self.keyed(all_types(&types), all.map(|(event, once)| (event, once.keys.as_slice()))))
    }

    fn keyed<'e>(&self, types: String, all: impl Iterator<Item = (EventId, &'e [Expr])>) -> Keyed {
        let mut events: Vec<(String, String)> = all
            .filter_map(|(event, keys)| {
                let event = self.hir.schema.events.get(event.index())?;
                let keys: Vec<String> = keys.iter().map(|key| self.text.of(key, event)).collect();
                Some((event.name.to_string(), keys.join(", ")))
            })
            .collect();
        events.sort();
        events.dedup();
        Keyed { types, events }
    }

    /// What a rule on something that did not happen waits for, after what: its `on` line.
    pub fn absence(&self, absence: &Absence) -> String {
        let memory = self.hir.memories.get(absence.memory.index());
        let memory = memory.map_or("?".to_string(), |memory| self.memory(memory));
        let mut triggers: Vec<String> = absence
            .triggers
            .iter()
            .filter_map(|trigger| {
                let event = self.hir.schema.events.get(trigger.event.index())?;
                let filter = trigger.filter.as_ref();
                let filter = filter.map_or(String::new(), |f| format!(" where {}", self.text.of(f, event)));
                let keys: Vec<String> = trigger.keys.iter().map(|key| self.text.of(key, event)).collect();
                Some(format!("{}{filter} by {}", event.name, keys.join(", ")))
            })
            .collect();
        triggers.sort();
        format!("no {memory} within {} after {}", duration_text(absence.within), triggers.join(" | "))
    }

    /// Where an event's values stand in the input, in what order: what one event said can only be told from what another
    /// did if both were read alike.
    pub fn reading(&self, event: &crate::model::schema::EventSchema) -> String {
        let fields = event.fields.iter().map(|field| {
            let from: Vec<String> = field.from.iter().map(|pointer| format!("{:?}", pointer.0)).collect();
            format!("{}: {} from {}", field.name, type_words(&field.ty.base), from.join(" "))
        });
        format!("{} {}", event.name, fields.collect::<Vec<_>>().join(", "))
    }
}
