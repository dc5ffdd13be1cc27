//! Events and their fields, and groups of events.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::declare::{EventRef, Items};
use super::hir::Severity;
use super::{Checker, errors};
use crate::diag::{Diagnostic, codes, did_you_mean};
use crate::model::ids::EventId;
use crate::model::schema::{EventSchema, FieldSchema, Pointer, TimeFormat};
use crate::model::types::{EnumType, Ty, Type};
use crate::source::Span;
use crate::syntax::ast::{self, Name, Text};

const BUILT_IN: [&str; EventSchema::BUILT_IN] = ["at", "id", "received_at"];
const FORMATS: [(&str, TimeFormat); 3] = [
    ("epoch_s", TimeFormat::EpochSeconds),
    ("epoch_ms", TimeFormat::EpochMillis),
    ("epoch_us", TimeFormat::EpochMicros),
];

fn bad(message: impl Into<String>, span: Span, label: impl Into<String>) -> Diagnostic {
    Diagnostic::new(&codes::BAD_EVENT, message, span, label)
}

fn plain_field(name: &str, ty: Ty) -> FieldSchema {
    FieldSchema {
        name: name.into(),
        ty,
        from: vec![Pointer::field(name)],
        time_format: TimeFormat::default(),
        sensitive: false,
        public: false,
    }
}

fn built_in_fields() -> Vec<FieldSchema> {
    let types = [Type::Time.required(), Type::Text.required(), Type::Time.optional()];
    BUILT_IN.iter().zip(types).map(|(name, ty)| plain_field(name, ty)).collect()
}

impl<'a> Checker<'a> {
    pub(super) fn events(&mut self, items: &Items<'a>) {
        let mut told_by: BTreeMap<(String, String), &Name> = BTreeMap::new();
        for (i, event) in items.events.iter().enumerate() {
            let discriminator = event.discriminator.as_ref().and_then(|(pointer, value)| {
                let parsed = self.pointer(pointer)?;
                let key = (pointer.value.clone(), value.value.clone());
                if let Some(first) = told_by.insert(key, &event.name) {
                    self.report(
                        bad(
                            format!("`{}` and `{}` are told by the same text", first.text, event.name.text),
                            value.span,
                            "recognised by the same place and text",
                        )
                        .label(first.span, "this event already is")
                        .help("give one of them another `from … == …`"),
                    );
                }
                Some((parsed, value.value.clone()))
            });
            let fields = self.fields(event);
            self.shapes.push(Arc::new(EventSchema {
                id: EventId::new(i),
                name: event.name.text.as_str().into(),
                discriminator,
                fields,
            }));
        }
        self.add_hit();
        self.collect_groups(items);
    }

    fn fields(&mut self, event: &ast::Event) -> Vec<FieldSchema> {
        let mut fields = built_in_fields();
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for field in &event.fields {
            let name = field.name.text.as_str();
            if let Some(first) = seen.insert(name, field.name.span) {
                self.report(errors::duplicate("the field", name, field.name.span, first));
                continue;
            }
            let Some(ty) = self.resolve_type(&field.ty) else {
                // Known by name, so that its users are not told that it is unknown.
                self.names.broken.insert(name.to_string());
                continue;
            };
            let schema = FieldSchema {
                name: name.into(),
                from: self.pointers(field, &ty.base),
                time_format: self.time_format(field, &ty.base),
                sensitive: field.sensitive,
                public: field.public,
                ty,
            };
            if field.sensitive && field.public {
                self.report(
                    bad(
                        format!("`{name}` can't be both sensitive and public"),
                        field.span,
                        "never printed, yet shown to the customer",
                    )
                    .help("keep one of `sensitive` and `public`"),
                );
            }
            match BUILT_IN.iter().position(|b| *b == name) {
                Some(place) => self.built_in_field(field, schema, &mut fields[place]),
                None => fields.push(schema),
            }
        }
        fields
    }

    /// `at`, `id` and `received_at` may be declared to say where they stand.
    fn built_in_field(&mut self, field: &ast::Field, schema: FieldSchema, place: &mut FieldSchema) {
        let id_from_number = &*place.name == "id" && schema.ty.base == Type::Int && !schema.ty.optional;
        let optional_fits = schema.ty.optional == place.ty.optional || &*place.name == "received_at";
        if !id_from_number && (schema.ty.base != place.ty.base || !optional_fits) {
            self.report(
                bad(
                    format!("`{}` is built in and has the type `{}`", place.name, place.ty),
                    field.ty.span,
                    format!("declared as `{}`", schema.ty),
                )
                .help(format!("write `{}: {} from \"/…\"`", place.name, place.ty)),
            );
            return;
        }
        *place = FieldSchema { ty: place.ty.clone(), ..schema };
    }

    fn pointer(&mut self, text: &Text) -> Option<Pointer> {
        let pointer = Pointer::parse(&text.value);
        if pointer.is_none() {
            self.report(
                bad("this is no JSON pointer", text.span, "a pointer starts with `/`").help(format!(
                    "write \"/{}\"",
                    text.value.trim_start_matches(['$', '.']).replace('.', "/")
                )),
            );
        }
        pointer
    }

    fn pointers(&mut self, field: &ast::Field, ty: &Type) -> Vec<Pointer> {
        let most = if ty.is_money() { 2 } else { 1 };
        if let Some(extra) = field.from.get(most) {
            let help = if most == 2 { "money has at most two: amount and currency" } else { "keep one" };
            self.report(
                bad("too many pointers after `from`", extra.span, "nothing to read from here").help(help),
            );
        }
        if field.from.is_empty() {
            return vec![Pointer::field(&field.name.text)];
        }
        field.from.iter().take(most).filter_map(|text| self.pointer(text)).collect()
    }

    fn time_format(&mut self, field: &ast::Field, ty: &Type) -> TimeFormat {
        let Some(name) = &field.format else { return TimeFormat::default() };
        let Some((_, format)) = FORMATS.iter().find(|(n, _)| *n == name.text) else {
            let names = FORMATS.map(|(n, _)| n);
            let help =
                did_you_mean(&name.text, names).unwrap_or(format!("known: {}", errors::quoted(&names)));
            self.report(
                bad(format!("there is no time format `{}`", name.text), name.span, "unknown format")
                    .help(help),
            );
            return TimeFormat::default();
        };
        if *ty != Type::Time {
            self.report(
                bad(
                    format!("`{}` is not a time", field.name.text),
                    name.span,
                    format!("`{}` is a way to write times", name.text),
                )
                .help("remove the `as`, or declare the field as `time`"),
            );
        }
        *format
    }

    /// Every hit of an earlier event: its rule and the entities of its event.
    fn add_hit(&mut self) {
        let id = EventId::new(self.shapes.len());
        let mut fields = built_in_fields();
        let values = |all: &[&str]| {
            Type::Enum(Arc::new(EnumType { values: all.iter().map(|v| (*v).into()).collect() }))
        };
        let outcomes: Vec<&str> = self.header.outcomes.iter().map(String::as_str).collect();
        fields.push(plain_field("rule", Type::Text.required()));
        fields.push(plain_field("outcome", values(&outcomes).optional()));
        fields.push(plain_field("score", Type::Int.required()));
        fields.push(plain_field("severity", values(&Severity::ALL.map(Severity::name)).optional()));
        for field in self.shapes.iter().flat_map(|shape| shape.own_fields()) {
            if self.entity_of(&field.ty.base).is_none() {
                continue;
            }
            match fields.iter_mut().find(|known| known.name == field.name) {
                // What one event keeps to itself, its hits keep as well.
                Some(known) => known.sensitive |= field.sensitive && known.ty.base == field.ty.base,
                None => fields.push(FieldSchema {
                    sensitive: field.sensitive,
                    ..plain_field(&field.name, field.ty.as_optional())
                }),
            }
        }
        self.shapes.push(Arc::new(EventSchema { id, name: "hit".into(), discriminator: None, fields }));
    }

    fn collect_groups(&mut self, items: &Items<'a>) {
        for group in &items.groups {
            let mut members = Vec::new();
            for name in &group.members {
                match self.names.events.get(&name.text) {
                    Some(EventRef::Event(id)) if !members.contains(&id) => members.push(id),
                    Some(EventRef::Event(_)) => {
                        let first = group.members.iter().find(|m| m.text == name.text).unwrap_or(name);
                        self.report(errors::duplicate("the member", &name.text, name.span, first.span));
                    }
                    Some(_) => self.report(
                        Diagnostic::new(
                            &codes::WRONG_KIND,
                            format!("`{}` is not a single event", name.text),
                            name.span,
                            "a group is made of events",
                        )
                        .help("name its events one by one"),
                    ),
                    None => self.unknown_event(name),
                }
            }
            self.groups.push(members);
        }
    }

    /// Reports a name that should be an event, unless something broken declared it.
    pub(super) fn unknown_event(&mut self, name: &Name) {
        if !self.names.broken.contains(name.text.as_str()) {
            let finding = errors::unknown(name, "an event", self.names.events.keys());
            self.report(finding);
        }
    }

    /// The event, or the members of the group; `hit` gives the built-in event. `None` if it was reported.
    pub(super) fn event_set(&mut self, name: &Name) -> Option<Vec<EventId>> {
        match self.find_events(&name.text) {
            Some(found) => Some(found),
            None => {
                self.unknown_event(name);
                None
            }
        }
    }

    /// The event; a group, which several are, and `hit` are reported with what is needed here.
    pub(super) fn single_event(&mut self, name: &Name, needed: &str, help: &str) -> Option<EventId> {
        match self.event_set(name)?.as_slice() {
            [one] if *one != self.hit() => Some(*one),
            _ => {
                let message = format!("`{}` is not a single event", name.text);
                self.report(Diagnostic::new(&codes::WRONG_KIND, message, name.span, needed).help(help));
                None
            }
        }
    }

    pub(super) fn find_events(&self, name: &str) -> Option<Vec<EventId>> {
        match self.names.events.get(name) {
            Some(EventRef::Event(id)) => Some(vec![id]),
            Some(EventRef::Group(group)) => self.groups.get(group).cloned(),
            None if name == "hit" => Some(vec![self.hit()]),
            None => None,
        }
    }

    /// Several events and groups, each event once, in order of declaration.
    pub(super) fn event_list(&mut self, names: &[Name]) -> Vec<EventId> {
        let mut all = Vec::new();
        for name in names {
            let Some(found) = self.event_set(name) else { continue };
            if found.contains(&self.hit()) {
                self.report(
                    Diagnostic::new(
                        &codes::WRONG_KIND,
                        "rules can't be on `hit`",
                        name.span,
                        "hits can only be counted",
                    )
                    .help("put the rule on an event and use `count(hit where …) by … over …`"),
                );
                continue;
            }
            all.extend(found);
        }
        all.sort();
        all.dedup();
        all
    }
}
