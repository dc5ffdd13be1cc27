//! Lists, tables, phrases, calendars and rates: their types, and what their files hold.

use std::sync::Arc;

use super::declare::Items;
use super::scope::Scope;
use super::{Checker, data, errors, hir, types};
use crate::diag::{Diagnostic, Severity, codes};
use crate::model::data::{CalendarData, ListData, RatesData, TableData};
use crate::model::schema::EventSchema;
use crate::model::time::Duration;
use crate::model::types::Type;
use crate::model::value::Value;
use crate::source::SourceId;
use crate::syntax::ast::{self, Name, TableSource, Text, TypeExpr};
use crate::text::phrases::PhraseSet;

/// How old a rate may be if nothing is said.
const MAX_AGE: Duration = Duration(7 * 24 * 3_600_000_000);

impl<'a> Checker<'a> {
    pub(super) fn sources(&mut self, items: &Items<'a>) {
        // Types first: the elements of a list may name another one's values.
        for list in &items.lists {
            self.declare_list(list);
        }
        for table in &items.tables {
            self.table(table);
        }
        for phrases in &items.phrases {
            self.phrase_list(phrases);
        }
        for calendar in &items.calendars {
            self.calendar(calendar);
        }
        if let Some(rates) = items.rates {
            self.read_rates(rates);
        }
        for (i, list) in items.lists.iter().enumerate() {
            if let ast::ListSource::Inline(elements) = &list.source
                && !self.names.broken.contains(&list.name.text)
            {
                let data = self.inline_list(elements, &self.lists[i].ty.clone());
                self.lists[i].data = Arc::new(data);
            }
        }
    }

    /// What may give back what an event told before.
    pub(super) fn kept(&self) -> hir::Kept<'_, Arc<EventSchema>> {
        hir::Kept { memories: self.memories.all(), tables: &self.tables, events: &self.shapes }
    }

    pub(super) fn has_rates(&self) -> bool {
        self.rates.is_some()
    }

    /// The text of a data file, or a finding at its path.
    fn data_file(&mut self, path: &Text) -> Option<SourceId> {
        let reason = match self.files.get(path.span.source, &path.value) {
            Some(Ok(id)) => return Some(*id),
            Some(Err(problem)) => problem.to_string(),
            None => format!("`{}`: it was not read", path.value),
        };
        self.report(
            Diagnostic::new(
                &codes::MISSING_FILE,
                format!("this file can't be read: {reason}"),
                path.span,
                "named here",
            )
            .help("paths are relative to the rules file that names them"),
        );
        None
    }

    /// What a declaration is made of; where that was reported, its uses are not blamed as well.
    fn or_broken<T>(&mut self, name: &Name, work: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.out.count(Severity::Error);
        let result = work(self);
        if self.out.count(Severity::Error) > before {
            self.names.broken.insert(name.text.clone());
        }
        result
    }

    /// A type whose values are told apart, without `?`.
    fn key_type(&mut self, written: &TypeExpr, what: &str) -> Type {
        let Some(ty) = self.resolve_type(written) else { return Type::Text };
        if ty.optional || !types::is_key(&ty.base) {
            self.report(
                Diagnostic::new(
                    &codes::BAD_TYPE,
                    format!("{what} can't be of type `{ty}`"),
                    written.span,
                    "not a type whose values are told apart",
                )
                .help("use a text, a number, an entity, a country, an address …, without `?`"),
            );
        }
        ty.base
    }

    fn declare_list(&mut self, list: &ast::List) {
        let ty = self.or_broken(&list.name, |c| c.key_type(&list.ty, "the values of a list"));
        let data = match &list.source {
            ast::ListSource::File(path) => match self.data_file(path) {
                Some(text) => data::list(text, &ty, &self.header.zone, self.sources, &mut self.out),
                None => ListData::new(),
            },
            ast::ListSource::Inline(_) | ast::ListSource::Extern(_) => ListData::new(),
        };
        let external = matches!(list.source, ast::ListSource::Extern(_));
        let name = list.name.text.clone();
        self.lists.push(hir::List { name, ty, data: Arc::new(data), external, span: list.name.span });
    }

    pub(super) fn inline_list(&mut self, elements: &[ast::Expr], ty: &Type) -> ListData {
        let mut data = ListData::new();
        self.list_values(elements, ty).into_iter().for_each(|value| data.insert(value, None));
        data
    }

    pub(super) fn list_values(&mut self, elements: &[ast::Expr], ty: &Type) -> Vec<Value> {
        let mut values = Vec::new();
        for element in elements {
            let found = self.infer_as(element, ty, "a value of this list", &Scope::constants());
            match self.constant(&found) {
                Some(value) => values.push(value),
                None if found.is_error() => {}
                None => self.report(errors::mismatch(
                    "the values of a list must be the same on every event",
                    element.span,
                    "not a constant",
                )),
            }
        }
        values
    }

    fn table(&mut self, table: &ast::Table) {
        let keys: Vec<Type> = self.or_broken(&table.name, |c| {
            table.keys.iter().map(|k| c.key_type(k, "a key of a table")).collect()
        });
        let mut feed = None;
        let (value, data) = match (&table.source, &table.value) {
            (TableSource::Event(event), _) => {
                let (value, found) = self.or_broken(&table.name, |c| c.told_by(table, &keys, event));
                feed = found;
                (value, TableData::new())
            }
            (TableSource::File(path), value) => {
                let value = match value {
                    Some(written) => self.or_broken(&table.name, |c| c.table_value(written)),
                    None => {
                        self.report(
                            Diagnostic::new(
                                &codes::BAD_TYPE,
                                format!("the table `{}` has no type for its values", table.name.text),
                                table.name.span,
                                "what does a row give?",
                            )
                            .help(format!("write `table {}: KEY -> VALUE from …`", table.name.text)),
                        );
                        Type::Text
                    }
                };
                let zone = self.header.zone.clone();
                let data = match self.data_file(path) {
                    Some(text) => data::table(text, &keys, &value, &zone, self.sources, &mut self.out),
                    None => TableData::new(),
                };
                (value, data)
            }
        };
        let name = table.name.text.clone();
        self.tables.push(hir::Table { name, keys, value, data: Arc::new(data), feed, span: table.name.span });
    }

    fn table_value(&mut self, written: &TypeExpr) -> Type {
        let Some(ty) = self.resolve_type(written) else { return Type::Text };
        if ty.optional || !types::is_scalar(&ty.base) {
            self.report(
                Diagnostic::new(
                    &codes::BAD_TYPE,
                    format!("the values of a table can't be of type `{ty}`"),
                    written.span,
                    "not a single value",
                )
                .help("use a single value without `?`; a key without a row is missing anyway"),
            );
        }
        ty.base
    }

    fn phrase_list(&mut self, phrases: &ast::Phrases) {
        let text = self.data_file(&phrases.file);
        let fold = phrases.fold.as_ref().and_then(|path| self.data_file(path));
        let set = match text {
            Some(text) => data::phrases(text, fold, self.sources, &mut self.out),
            None => PhraseSet::default(),
        };
        let name = phrases.name.text.clone();
        self.phrases.push(hir::Phrases { name, set: Arc::new(set), span: phrases.name.span });
    }

    fn calendar(&mut self, calendar: &ast::Calendar) {
        let mut feed = None;
        let (keys, data) = match &calendar.source {
            TableSource::File(path) => {
                let text = self.data_file(path);
                let keys = match calendar.keys.is_empty() {
                    true => text.map(|text| self.key_columns(text)).unwrap_or_default(),
                    false => self.or_broken(&calendar.name, |c| {
                        let keys = calendar.keys.iter();
                        keys.map(|name| c.named_type(name).unwrap_or(Type::Text)).collect()
                    }),
                };
                let zone = self.header.zone.clone();
                let data = match text {
                    Some(text) => data::calendar(text, &keys, &zone, self.sources, &mut self.out),
                    None => CalendarData::default(),
                };
                (keys, data)
            }
            TableSource::Event(event) => {
                let (keys, found) = self.or_broken(&calendar.name, |c| c.calendar_of(calendar, event));
                feed = found;
                (keys, CalendarData::default())
            }
        };
        let name = calendar.name.text.clone();
        let data = Arc::new(data);
        self.calendars.push(hir::Calendar { name, keys, data, feed, span: calendar.name.span });
    }

    /// The columns after the times: of the entity they are named after, else texts.
    fn key_columns(&self, text: SourceId) -> Vec<Type> {
        let header = self.sources.get(text).text.lines().next().unwrap_or("").trim_start_matches('\u{feff}');
        let column = |name: &str| {
            let name = name.trim().trim_matches('"');
            match self.names.entities.get(name) {
                Some(id) => self.entity_type(id),
                None => types::built_in(name).filter(types::is_key).unwrap_or(Type::Text),
            }
        };
        header.split(',').skip(4).map(column).collect()
    }

    fn read_rates(&mut self, rates: &ast::Rates) {
        let max_age = match &rates.max_age {
            Some(written) => self.positive_span(written, "`max_age`").unwrap_or(MAX_AGE),
            None => MAX_AGE,
        };
        let zone = self.header.zone.clone();
        let data = match self.data_file(&rates.file) {
            Some(text) => data::rates(text, max_age, &zone, self.sources, &mut self.out),
            None => RatesData::new(max_age),
        };
        self.rates = Some(Arc::new(data));
    }

    pub(super) fn actions(&mut self, items: &Items<'a>) {
        for action in &items.actions {
            let mut parameters: Vec<(Arc<str>, Type)> = Vec::new();
            for (i, (name, written)) in action.parameters.iter().enumerate() {
                if let Some((first, _)) = action.parameters[..i].iter().find(|(n, _)| n.text == name.text) {
                    self.report(errors::duplicate("the parameter", &name.text, name.span, first.span));
                }
                let ty = self.resolve_type(written);
                let single = ty.as_ref().is_none_or(|ty| !ty.optional && types::is_scalar(&ty.base));
                if !single {
                    self.report(
                        Diagnostic::new(
                            &codes::BAD_TYPE,
                            format!("the parameter `{}` must be a single value", name.text),
                            written.span,
                            "can't be an argument",
                        )
                        .help("use a single value without `?`; an effect that needs a missing value is not produced"),
                    );
                }
                parameters.push((name.text.as_str().into(), ty.map_or(Type::Text, |ty| ty.base)));
            }
            let once = self.action_once(action);
            let name = action.name.text.clone();
            self.actions.push(hir::Action { name, parameters, once, span: action.name.span });
        }
    }

    /// By which parameters the action is asked for only once, and for how long.
    fn action_once(&mut self, action: &ast::Action) -> Option<hir::ActionOnce> {
        let once = action.once.as_ref()?;
        let mut keys = Vec::new();
        for key in &once.keys {
            let (ast::ExprKind::Name(name), None) = (&key.here.kind, &key.there) else {
                self.report(
                    Diagnostic::new(
                        &codes::WRONG_KIND,
                        "a key of an action's `once` is one of its parameters",
                        key.span,
                        "not the name of a parameter",
                    )
                    .help("name parameters, with commas between them"),
                );
                continue;
            };
            match action.parameters.iter().position(|(p, _)| p.text == name.text) {
                Some(place) => keys.push(place),
                None => {
                    let known = action.parameters.iter().map(|(p, _)| p.text.as_str());
                    self.report(errors::unknown(name, "a parameter of this action", known));
                }
            }
        }
        let period = self.once_period(once);
        Some(hir::ActionOnce { keys, period })
    }

    /// How long `once` holds; for ever if that is not said.
    pub(super) fn once_period(&mut self, once: &ast::Once) -> Option<Duration> {
        once.period.as_ref().and_then(|period| self.positive_span(period, "the time after `per`"))
    }

    pub(super) fn labels(&mut self, items: &Items<'a>) {
        for label in &items.labels {
            let found = self.names.entities.get(&label.entity.text);
            self.label_entities.push(found);
            self.labels.push(hir::Label {
                name: label.name.text.clone(),
                entity: label.entity.text.clone(),
                span: label.name.span,
            });
            match found {
                Some(_) => {}
                None => {
                    if !self.names.broken.contains(&label.entity.text) {
                        let finding = errors::unknown(&label.entity, "an entity", self.names.entities.keys());
                        self.report(finding);
                    }
                }
            }
        }
    }

    /// The label, or a finding that there is none.
    pub(super) fn known_label(&mut self, name: &Name) -> Option<crate::model::ids::LabelId> {
        let known = self.names.labels.get(&name.text);
        if known.is_none() && !self.names.broken.contains(&name.text) {
            let finding = errors::unknown(name, "a label", self.names.labels.keys());
            self.report(finding);
        }
        known
    }

    pub(super) fn label_entity(&self, id: crate::model::ids::LabelId) -> Option<crate::model::ids::EntityId> {
        self.label_entities.get(id.index()).copied().flatten()
    }
}
