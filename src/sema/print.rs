//! The typed tree as stable text, for `rulec emit --stage hir` and for the identity of memories.

use std::fmt::Write;

use super::hir::{self, EffectKind, Expr, ExprKind, FoldFn, Hir, Memory};
use crate::model::ids::{EventId, LabelId};
use crate::model::ops::{CompareOp, TextTest};
use crate::model::schema::EventSchema;
use crate::model::time::Duration;
use crate::model::types::Type;
use crate::model::value::{Datum, Value};
use crate::model::window::{Period, This, Window};

/// Writes expressions; what they refer to is named.
pub(super) struct ExprText<'h> {
    pub lists: &'h [hir::List],
    pub tables: &'h [hir::Table],
    pub phrases: &'h [hir::Phrases],
    pub calendars: &'h [hir::Calendar],
    pub labels: &'h [hir::Label],
    pub memories: &'h [Memory],
    pub sequences: &'h [hir::SequenceMemory],
    /// Operands whose order means nothing are sorted, and memories written out.
    pub canonical: bool,
    /// The ruleset's, where a meaning depends on it; absent where it is not said.
    pub zone: Option<&'h str>,
}

fn compare_sign(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Equal => "==",
        CompareOp::NotEqual => "!=",
        CompareOp::Less => "<",
        CompareOp::LessEqual => "<=",
        CompareOp::Greater => ">",
        CompareOp::GreaterEqual => ">=",
    }
}

fn text_word(test: TextTest) -> &'static str {
    match test {
        TextTest::Contains => "contains",
        TextTest::StartsWith => "starts with",
        TextTest::EndsWith => "ends with",
    }
}

/// A duration in its largest whole unit, as a literal of the language.
pub fn duration_text(duration: Duration) -> String {
    let units =
        [(86_400_000_000, "d"), (3_600_000_000, "h"), (60_000_000, "m"), (1_000_000, "s"), (1_000, "ms")];
    for (size, unit) in units {
        if duration.0 % size == 0 {
            return format!("{}{unit}", duration.0 / size);
        }
    }
    format!("{}us", duration.0)
}

fn per(period: Option<Duration>) -> String {
    period.map_or(String::new(), |period| format!(" per {}", duration_text(period)))
}

fn window(window: &Window) -> String {
    match window {
        Window::Sliding { span, ending: Duration(0) } => format!("over {}", duration_text(*span)),
        Window::Sliding { span, ending } => {
            format!("over {} ending {} ago", duration_text(*span), duration_text(*ending))
        }
        Window::Stepped { span, step } => {
            format!("over {} step {}", duration_text(*span), duration_text(*step))
        }
        Window::Calendar { period, zone } => {
            let word = match period {
                Period::Day => "today",
                Period::Week => "this week",
                Period::Month => "this month",
            };
            format!("over {word} in {:?}", zone.name())
        }
        Window::Ever => "ever".into(),
    }
}

/// A value as the language would write it, told apart from every other of its type.
fn value(value: &Value, ty: &Type) -> String {
    match value {
        Value::Bool(b) => b.to_string(),
        Value::Int(i) => i.to_string(),
        Value::Decimal(d) => d.to_string(),
        Value::Float(f) => format!("{f:?}"),
        Value::Text(text) => format!("{text:?}"),
        Value::Time(time) => time.to_string(),
        Value::Duration(duration) => duration_text(*duration),
        Value::Money(money) => format!("{} {}", money.amount, money.currency),
        Value::Country(country) => country.to_string(),
        Value::Currency(currency) => currency.to_string(),
        Value::Ip(ip) => ip.to_string(),
        Value::Cidr(net) => net.to_string(),
        Value::Enum(index) => match ty.representation() {
            Type::Enum(values) => {
                values.values.get(usize::from(*index)).map_or("?".into(), |v| v.to_string())
            }
            _ => format!("#{index}"),
        },
        Value::Record(all) | Value::List(all) => {
            let parts: Vec<String> = all
                .iter()
                .enumerate()
                .map(|(i, datum)| {
                    let part = match ty.representation() {
                        Type::Record(record) => record.fields.get(i).map(|f| &f.ty.base),
                        Type::List(element) => Some(&element.base),
                        _ => None,
                    };
                    match (datum, part) {
                        (Datum::Known(v), Some(ty)) => self::value(v, ty),
                        _ => "?".into(),
                    }
                })
                .collect();
            format!("[{}]", parts.join(", "))
        }
    }
}

impl ExprText<'_> {
    pub fn of(&self, expr: &Expr, event: &EventSchema) -> String {
        let sub = |e: &Expr| self.of(e, event);
        let all = |list: &[Expr]| list.iter().map(|e| self.of(e, event)).collect::<Vec<_>>().join(", ");
        match &expr.kind {
            ExprKind::Const(v) => value(v, &expr.ty.base),
            ExprKind::Field(field) => {
                event.fields.get(field.index()).map_or("?".into(), |f| f.name.to_string())
            }
            ExprKind::Member(whole, index) => match whole.ty.base.representation() {
                Type::Record(record) => {
                    format!("{}.{}", sub(whole), record.fields.get(*index).map_or("?", |f| &f.name))
                }
                _ => format!("{}.?", sub(whole)),
            },
            ExprKind::Element { depth: 0 } => "element".into(),
            ExprKind::Element { depth } => format!("element^{depth}"),
            ExprKind::Alias(inner) => self.of(inner, event),
            ExprKind::Aggregate(aggregate) => self.aggregate(aggregate, event),
            ExprKind::Sequence(sequence) => {
                let filter = sequence.filter.as_ref().map_or(String::new(), |f| format!(" where {}", sub(f)));
                let ends = if sequence.ends_here { "ends here" } else { "never ends here" };
                let memory = match self.sequences.get(sequence.memory.index()) {
                    Some(memory) if self.canonical => memory.identity.clone(),
                    _ => sequence.memory.index().to_string(),
                };
                format!(
                    "sequence({memory}) {ends}{filter} by {} within {}",
                    all(&sequence.keys),
                    duration_text(sequence.within)
                )
            }
            ExprKind::Fold(fold) => {
                let word = match fold.function {
                    FoldFn::Any => "any",
                    FoldFn::All => "all",
                    FoldFn::Count => "count",
                    FoldFn::Sum => "sum",
                    FoldFn::Distinct => "distinct",
                };
                let value = fold.value.as_ref().map_or(String::new(), |v| format!(" value {}", sub(v)));
                let filter = fold.filter.as_ref().map_or(String::new(), |f| format!(" where {}", sub(f)));
                format!("{word}({}{value}{filter})", sub(&fold.list))
            }
            ExprKind::Call(function, arguments) => {
                let name = function.get().name;
                let on_the_wall =
                    arguments.len() == 1 && matches!(name, "hour" | "weekday" | "date" | "month");
                let zone =
                    self.zone.filter(|_| on_the_wall).map_or(String::new(), |zone| format!(" in {zone}"));
                format!("{name}({}{zone})", all(arguments))
            }
            ExprKind::Unary(op, a) => format!("{op:?}({})", sub(a)),
            ExprKind::Binary(op, a, b) => format!("{op:?}({}, {})", sub(a), sub(b)),
            ExprKind::Compare(op, a, b) => format!("({} {} {})", sub(a), compare_sign(*op), sub(b)),
            ExprKind::Between(a, b, c) => format!("({} between {} and {})", sub(a), sub(b), sub(c)),
            ExprKind::InArray(a, list) => format!("({} in [{}])", sub(a), self.unordered(list, event, ", ")),
            ExprKind::InList(a, list) => {
                format!("({} in list {})", sub(a), self.lists.get(list.index()).map_or("?", |l| &l.name))
            }
            ExprKind::InNetwork(a, net) => format!("({} in network {})", sub(a), sub(net)),
            ExprKind::InElements(a, list) => format!("({} in {})", sub(a), sub(list)),
            ExprKind::And(list) => format!("({})", self.unordered(list, event, " and ")),
            ExprKind::Or(list) => format!("({})", self.unordered(list, event, " or ")),
            ExprKind::Not(a) => format!("not {}", sub(a)),
            ExprKind::Else(a, b) => format!("({} else {})", sub(a), sub(b)),
            ExprKind::IsMissing { value, present } => {
                format!("({} is {})", sub(value), if *present { "present" } else { "missing" })
            }
            ExprKind::TextTest(test, a, b) => format!("({} {} {})", sub(a), text_word(*test), sub(b)),
            ExprKind::Matches(a, regex) => {
                format!(
                    "({} matches /{}/{})",
                    sub(a),
                    regex.pattern,
                    if regex.ignore_case { "i" } else { "" }
                )
            }
            ExprKind::Mentions(a, phrases) => {
                format!(
                    "({} mentions {})",
                    sub(a),
                    self.phrases.get(phrases.index()).map_or("?", |p| &p.name)
                )
            }
            ExprKind::HasLabel(a, label) => {
                format!("({} has label {})", sub(a), self.labels.get(label.index()).map_or("?", |l| &l.name))
            }
            ExprKind::Lookup(table, keys) => {
                format!("{}[{}]", self.tables.get(table.index()).map_or("?", |t| &t.name), all(keys))
            }
            ExprKind::During(a, calendar, keys) => {
                let name = self.calendars.get(calendar.index()).map_or("?", |c| &c.name);
                format!("({} during {name}[{}])", sub(a), all(keys))
            }
            ExprKind::Convert(a, currency) => format!("({} as {currency})", sub(a)),
            ExprKind::Error => "<error>".into(),
        }
    }

    /// Operands whose order doesn't change the answer.
    fn unordered(&self, list: &[Expr], event: &EventSchema, between: &str) -> String {
        let mut parts: Vec<String> = list.iter().map(|e| self.of(e, event)).collect();
        if self.canonical {
            parts.sort();
        }
        parts.join(between)
    }

    fn aggregate(&self, aggregate: &hir::Aggregate, event: &EventSchema) -> String {
        let memory = match self.memories.get(aggregate.memory.index()) {
            Some(memory) if self.canonical => memory.identity.clone(),
            _ => format!("memory {}", aggregate.memory.index()),
        };
        let keys: Vec<String> = aggregate.keys.iter().map(|k| self.of(k, event)).collect();
        let by = if keys.is_empty() { String::new() } else { format!(" by {}", keys.join(", ")) };
        let this = match aggregate.this {
            Some(This::Including) => " including this",
            Some(This::Before) => " before this",
            None => "",
        };
        let approx = self.memories.get(aggregate.memory.index()).is_some_and(|memory| memory.approx);
        let approx = if approx { "approx " } else { "" };
        format!("{approx}{}({memory}){by} {}{this}", aggregate.function, window(&aggregate.window))
    }
}

/// What a memory keeps of which events, as an author would name it, and its keys.
pub fn memory_text(hir: &Hir, memory: &Memory) -> (String, Vec<String>) {
    let text = plain(hir);
    let mut all: Vec<String> = Vec::new();
    let mut keys: Vec<Vec<String>> = vec![Vec::new(); memory.keys.len()];
    for input in &memory.inputs {
        let event = &hir.schema.events[input.event.index()];
        let value = input.value.as_ref().map_or(String::new(), |value| format!(".{}", text.of(value, event)));
        let filter = input.filter.as_ref();
        let filter = filter.map_or(String::new(), |filter| format!(" where {}", text.of(filter, event)));
        all.push(format!("{}{value}{filter}", event.name));
        add_keys(&mut keys, input.keys.iter().map(|key| text.of(key, event)));
    }
    (all.join(", "), keys.iter().map(|names| names.join(" or ")).collect())
}

/// The elements of a sequence but the last, and its keys.
pub fn sequence_text(hir: &Hir, sequence: &hir::SequenceMemory) -> (String, Vec<String>) {
    let text = plain(hir);
    let mut keys: Vec<Vec<String>> = vec![Vec::new(); sequence.keys.len()];
    let mut elements: Vec<Vec<String>> = vec![Vec::new(); sequence.elements.len()];
    for input in &sequence.inputs {
        let event = &hir.schema.events[input.event.index()];
        add_keys(&mut keys, input.keys.iter().map(|key| text.of(key, event)));
        for (place, filter) in &input.elements {
            let filter = filter.as_ref();
            let filter = filter.map_or(String::new(), |filter| format!(" where {}", text.of(filter, event)));
            elements[*place].push(format!("{}{filter}", event.name));
        }
    }
    let elements = elements.iter().zip(&sequence.elements).map(|(names, element)| {
        format!("{}{}", if element.absent { "not " } else { "" }, names.join(" or "))
    });
    let elements: Vec<String> = elements.collect();
    (elements.join(", "), keys.iter().map(|names| names.join(" or ")).collect())
}

/// The same key may bear other names on other events.
fn add_keys(keys: &mut [Vec<String>], names: impl Iterator<Item = String>) {
    for (known, name) in keys.iter_mut().zip(names) {
        if !known.contains(&name) {
            known.push(name);
        }
    }
}

fn plain(hir: &Hir) -> ExprText<'_> {
    ExprText {
        lists: &hir.lists,
        tables: &hir.tables,
        phrases: &hir.phrases,
        calendars: &hir.calendars,
        labels: &hir.labels,
        memories: &hir.memories,
        sequences: &hir.sequences,
        canonical: false,
        zone: None,
    }
}

/// The whole typed tree; the same for the same meaning, whatever the layout of its source.
pub fn print(hir: &Hir) -> String {
    let mut printer = Printer { hir, text: plain(hir), out: String::new() };
    printer.header();
    printer.declarations();
    printer.memories();
    for rule in &hir.rules {
        printer.rule(rule);
    }
    printer.policies();
    printer.tests();
    printer.out
}

struct Printer<'h> {
    hir: &'h Hir,
    text: ExprText<'h>,
    out: String,
}

impl<'h> Printer<'h> {
    fn line(&mut self, indent: usize, text: impl AsRef<str>) {
        // Writing to a string never fails.
        let _ = writeln!(self.out, "{:width$}{}", "", text.as_ref(), width = indent * 2);
    }

    fn event(&self, id: EventId) -> &'h EventSchema {
        self.hir.event(id)
    }

    fn typed(&self, expr: &Expr, event: EventId) -> String {
        format!("{} : {}", self.text.of(expr, self.event(event)), expr.ty)
    }

    fn header(&mut self) {
        let header = &self.hir.header;
        self.line(0, format!("ruleset {:?} version {:?}", header.name, header.version));
        self.line(1, format!("timezone {}", header.zone.name()));
        if let Some(currency) = header.currency {
            self.line(1, format!("currency {currency}"));
        }
        self.line(1, format!("outcomes {}", header.outcomes.join(" < ")));
        self.line(1, format!("rejects {}", self.hir.outcome(header.rejects)));
        self.line(1, format!("lateness {}", duration_text(header.lateness)));
        self.line(1, format!("entries {}", header.limits.entries));
    }

    fn declarations(&mut self) {
        for entity in &self.hir.entities {
            self.line(0, format!("entity {}: {}", entity.name, entity.base));
        }
        for event in &self.hir.schema.events {
            let told = event
                .discriminator
                .as_ref()
                .map_or(String::new(), |(pointer, text)| format!(" from \"{pointer}\" == {text:?}"));
            self.line(0, format!("event {}{told}", event.name));
            for field in &event.fields {
                let from: Vec<String> = field.from.iter().map(|p| format!("\"{p}\"")).collect();
                let marks = [(field.sensitive, " sensitive"), (field.public, " public")];
                let marks: String = marks.iter().filter(|(set, _)| *set).map(|(_, word)| *word).collect();
                let format = match field.time_format {
                    crate::model::schema::TimeFormat::Rfc3339 => String::new(),
                    other => format!(" as {other:?}"),
                };
                self.line(1, format!("{}: {} from {}{format}{marks}", field.name, field.ty, from.join(", ")));
            }
        }
        for list in &self.hir.lists {
            let entries = match list.external {
                true => "extern".to_string(),
                false => format!("{} entries", list.data.len()),
            };
            self.line(0, format!("list {}: {} ({entries})", list.name, list.ty));
        }
        for table in &self.hir.tables {
            let keys: Vec<String> = table.keys.iter().map(Type::to_string).collect();
            let rows = match &table.feed {
                Some(feed) => self.feed(feed),
                None => format!("{} rows", table.data.len()),
            };
            self.line(0, format!("table {}: {} -> {} ({rows})", table.name, keys.join(", "), table.value));
        }
        for phrases in &self.hir.phrases {
            self.line(0, format!("phrases {} ({} phrases)", phrases.name, phrases.set.len()));
        }
        for calendar in &self.hir.calendars {
            let keys: Vec<String> = calendar.keys.iter().map(Type::to_string).collect();
            let feed = calendar.feed.as_ref().map_or(String::new(), |feed| format!(" ({})", self.feed(feed)));
            self.line(0, format!("calendar {}[{}]{feed}", calendar.name, keys.join(", ")));
        }
        if let Some(rates) = &self.hir.rates {
            self.line(0, format!("rates max_age {}", duration_text(rates.max_age)));
        }
        for action in &self.hir.actions {
            let all: Vec<String> = action.parameters.iter().map(|(n, t)| format!("{n}: {t}")).collect();
            let once = action.once.as_ref().map_or(String::new(), |once| {
                let keys: Vec<&str> = once
                    .keys
                    .iter()
                    .filter_map(|place| action.parameters.get(*place).map(|(name, _)| &**name))
                    .collect();
                format!(" once per {}{}", keys.join(", "), per(once.period))
            });
            self.line(0, format!("action {}({}){once}", action.name, all.join(", ")));
        }
        for label in &self.hir.labels {
            self.line(0, format!("label {} on {}", label.name, label.entity));
        }
        for (i, mute) in self.hir.mutes.iter().enumerate() {
            self.line(0, format!("mute {i}"));
            self.line(1, &mute.identity);
        }
    }

    fn feed(&self, feed: &hir::Feed) -> String {
        let event = self.event(feed.event);
        let keys: Vec<&str> = feed.keys.iter().map(|key| &*event.fields[key.index()].name).collect();
        format!("from {} by {}", event.name, keys.join(", "))
    }

    fn memories(&mut self) {
        for (i, memory) in self.hir.memories.iter().enumerate() {
            let reach =
                memory.reach.map_or(String::new(), |reach| format!(" reach {}", duration_text(reach)));
            let ever = if memory.ever { " ever" } else { "" };
            let functions: Vec<String> = memory
                .functions
                .iter()
                .map(|(f, ever)| format!("{}{}", f.name(), if *ever { " ever" } else { "" }))
                .collect();
            self.line(
                0,
                format!(
                    "memory {i}: {}{}{reach}{ever}{}",
                    if memory.approx { "approx " } else { "" },
                    functions.join(", "),
                    if memory.sensitive { " sensitive" } else { "" }
                ),
            );
            self.line(1, &memory.identity);
        }
        for (i, sequence) in self.hir.sequences.iter().enumerate() {
            self.line(0, format!("sequence {i}: reach {}", duration_text(sequence.reach)));
            self.line(1, &sequence.identity);
        }
    }

    fn absence(&mut self, absence: &hir::Absence) {
        let within = duration_text(absence.within);
        self.line(1, format!("nothing in memory {} within {within}", absence.memory.index()));
        for trigger in &absence.triggers {
            let event = self.event(trigger.event).clone();
            let keys: Vec<String> = trigger.keys.iter().map(|key| self.text.of(key, &event)).collect();
            let filter = trigger.filter.as_ref();
            let filter = filter.map_or(String::new(), |f| format!(" where {}", self.text.of(f, &event)));
            self.line(2, format!("after {}{filter} by {}", event.name, keys.join(", ")));
        }
    }

    fn rule(&mut self, rule: &hir::Rule) {
        let shadow = if rule.shadow { "shadow " } else { "" };
        self.line(0, format!("{shadow}rule {}", rule.name));
        if !rule.tags.is_empty() {
            self.line(1, format!("tags {}", rule.tags.join(", ")));
        }
        if let Some(severity) = rule.severity {
            self.line(1, format!("severity {}", severity.name()));
        }
        if let Some(from) = rule.active_from {
            self.line(1, format!("active from {from}"));
        }
        if let Some(until) = rule.active_until {
            self.line(1, format!("active until {until}"));
        }
        if rule.always {
            self.line(1, "always");
        }
        if let Some(absence) = &rule.absence {
            self.absence(absence);
        }
        for body in &rule.bodies {
            self.body(body);
        }
    }

    fn body(&mut self, body: &hir::Body) {
        let event = body.event;
        self.line(1, format!("on {}", self.event(event).name));
        if let Some(when) = &body.when {
            let text = self.typed(when, event);
            self.line(2, format!("when {text}"));
        }
        for band in &body.bands {
            let text = self.typed(&band.condition, event);
            self.line(2, format!("{} score {} if {text}", self.hir.outcome(band.outcome), band.score));
        }
        if let Some(band) = &body.if_unknown {
            self.line(2, format!("{} score {} if unknown", self.hir.outcome(band.outcome), band.score));
        }
        for score in &body.scores {
            let text = self.typed(&score.condition, event);
            self.line(2, format!("score {} if {text}", score.points));
        }
        for unless in &body.unless {
            let text = self.typed(&unless.condition, event);
            let because = unless.because.as_ref().map(|t| self.template(t, event));
            self.line(
                2,
                format!("unless {text}{}", because.map_or(String::new(), |b| format!(" because {b}"))),
            );
        }
        if let Some(because) = &body.because {
            let text = self.template(because, event);
            self.line(2, format!("because {text}"));
        }
        for (language, template) in &body.tell {
            let text = self.template(template, event);
            self.line(2, format!("tell {language} {text}"));
        }
        for (entity, value) in &body.about {
            let text = self.typed(value, event);
            self.line(2, format!("about {entity} = {text}"));
        }
        if let Some(rollout) = &body.rollout {
            let keys: Vec<String> = rollout.keys.iter().map(|k| self.typed(k, event)).collect();
            self.line(2, format!("rollout {} of a million by {}", rollout.share, keys.join(", ")));
        }
        for effect in &body.effects {
            let condition =
                effect.condition.as_ref().map_or(String::new(), |c| format!(" if {}", self.typed(c, event)));
            let text = self.effect(&effect.kind, event);
            self.line(2, format!("{text}{condition}"));
        }
        if let Some(once) = &body.once {
            let keys: Vec<String> = once.keys.iter().map(|k| self.typed(k, event)).collect();
            self.line(2, format!("once per {}{}", keys.join(", "), per(once.period)));
        }
        for (mute, keys) in &body.muted_by {
            let keys: Vec<String> = keys.iter().map(|k| self.typed(k, event)).collect();
            self.line(2, format!("muted by mute {} of {}", mute.index(), keys.join(", ")));
        }
    }

    fn effect(&self, effect: &EffectKind, event: EventId) -> String {
        let all = |exprs: &[Expr]| exprs.iter().map(|e| self.typed(e, event)).collect::<Vec<_>>().join(", ");
        let label = |label: LabelId| &*self.hir.labels[label.index()].name;
        match effect {
            EffectKind::Do { action, arguments } => {
                format!("do {}({})", self.hir.actions[action.index()].name, all(arguments))
            }
            EffectKind::Label { label: id, on, period } => {
                let period = period.map_or(String::new(), |period| format!(" for {}", duration_text(period)));
                format!("label {} on {}{period}", label(*id), self.typed(on, event))
            }
            EffectKind::Unlabel { label: id, on } => {
                format!("unlabel {} on {}", label(*id), self.typed(on, event))
            }
            EffectKind::Mute { mute, muted, keys, period } => {
                let muted = match muted {
                    hir::Muted::Rule(rule) => self.hir.rule(*rule).name.clone(),
                    hir::Muted::Named(field) => format!("the rule of {}", self.typed(field, event)),
                };
                let period = duration_text(*period);
                format!("mute {muted} by {} for {period} as mute {}", all(keys), mute.index())
            }
        }
    }

    fn template(&self, template: &hir::Template, event: EventId) -> String {
        let mut out = String::from("\"");
        for part in &template.parts {
            match part {
                hir::TemplatePart::Text(text) => out.push_str(&text.escape_debug().to_string()),
                hir::TemplatePart::Value { value, percent } => {
                    let sign = if *percent { " as %" } else { "" };
                    let _ = write!(out, "{{{}{sign}}}", self.text.of(value, self.event(event)));
                }
            }
        }
        out.push('"');
        out
    }

    fn policies(&mut self) {
        for policy in &self.hir.policies {
            let names: Vec<&str> = policy.events.iter().map(|e| &*self.event(*e).name).collect();
            self.line(0, format!("policy {}", names.join(", ")));
            for (score, outcome) in &policy.bands {
                self.line(1, format!("{} at score {score}", self.hir.outcome(*outcome)));
            }
        }
    }

    fn tests(&mut self) {
        for test in &self.hir.tests {
            self.line(0, format!("test {:?}", test.name));
            for over in &test.overrides {
                let text = match over {
                    hir::Override::List(id, data) => {
                        format!("list {} ({} entries)", self.hir.lists[id.index()].name, data.len())
                    }
                    hir::Override::Fill(id, values) => {
                        format!("list {} ({} entries)", self.hir.lists[id.index()].name, values.len())
                    }
                    hir::Override::Table(id, data) => {
                        format!("table {} ({} rows)", self.hir.tables[id.index()].name, data.len())
                    }
                    hir::Override::Phrases(id, set) => {
                        format!("phrases {} ({} phrases)", self.hir.phrases[id.index()].name, set.len())
                    }
                    hir::Override::Rates(_) => "rates".into(),
                };
                self.line(1, format!("with {text}"));
            }
            for line in &test.lines {
                let text = match &line.kind {
                    hir::TestLineKind::Event { event, input } => {
                        format!("{} {input}", self.event(*event).name)
                    }
                    hir::TestLineKind::Clock { at } => format!("clock {at}"),
                    hir::TestLineKind::Deadline(rule) => format!("deadline {}", self.hir.rule(*rule).name),
                    hir::TestLineKind::List { input } => format!("list {input}"),
                };
                self.line(1, text);
                for expectation in &line.expectations {
                    let text = self.expectation(&expectation.kind);
                    self.line(2, format!("=> {text}"));
                }
            }
        }
    }

    fn expectation(&self, kind: &hir::ExpectationKind) -> String {
        use hir::ExpectationKind::*;
        let names = |rules: &[crate::model::ids::RuleId]| {
            rules.iter().map(|r| self.hir.rule(*r).name.as_str()).collect::<Vec<_>>().join(" and ")
        };
        match kind {
            Outcome(id) => self.hir.outcome(*id).to_string(),
            By { rules, only } => format!("by {}{}", if *only { "only " } else { "" }, names(rules)),
            NotBy(rules) => format!("not by {}", names(rules)),
            Score(score) => format!("score {score}"),
            CannotSay(rule) => format!("cannot say {}", self.hir.rule(*rule).name),
            Shadow(rule) => format!("shadow {}", self.hir.rule(*rule).name),
            Suppressed(rule) => format!("suppressed {}", self.hir.rule(*rule).name),
            Label { negated, label, on } => {
                let label = &self.hir.labels[label.index()];
                let no = if *negated { "no " } else { "" };
                let ty = self.hir.entities.iter().find(|entity| *entity.name == *label.entity);
                let on = ty.map_or("?".into(), |entity| value(on, &entity.base));
                format!("{no}label {} on {on}", label.name)
            }
            Do { negated, action, arguments } => {
                let action = &self.hir.actions[action.index()];
                let arguments = arguments.as_ref().map_or(String::new(), |all| {
                    let all: Vec<String> =
                        all.iter().zip(&action.parameters).map(|(v, (_, ty))| value(v, ty)).collect();
                    format!("({})", all.join(", "))
                });
                format!("{}do {}{arguments}", if *negated { "no " } else { "" }, action.name)
            }
            Reject => "reject".into(),
            Late => "late".into(),
            Duplicate => "duplicate".into(),
            Bad => "bad".into(),
            Warming => "warming".into(),
        }
    }
}

impl std::fmt::Display for Hir {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&print(self))
    }
}
