//! From the tree to documents.

use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::doc::{Doc, bracketed, comma_separated, group, indent, text};
use crate::source::Span;
use crate::syntax::ast::*;
use crate::syntax::print::{operator, regex, unit};

/// Turns nodes into documents; words that the tree does not keep as written are taken from the source.
#[derive(Copy, Clone)]
pub struct Tree<'t> {
    pub source: &'t str,
}

fn many(parts: Vec<Doc>) -> Doc {
    Doc::Many(parts)
}

fn nothing() -> Doc {
    Doc::Many(Vec::new())
}

impl Tree<'_> {
    fn slice(&self, span: Span) -> &str {
        self.source.get(span.range()).unwrap_or("")
    }

    /// A name keeps its backticks.
    pub fn name(&self, name: &Name) -> String {
        let written = self.slice(name.span);
        if is_nfc(written) { written.to_owned() } else { written.nfc().collect() }
    }

    fn names(&self, names: &[Name]) -> Vec<Doc> {
        names.iter().map(|n| text(self.name(n))).collect()
    }

    /// `a, b`, broken behind commas.
    fn name_list(&self, names: &[Name]) -> Doc {
        group(vec![indent(comma_separated(self.names(names)))])
    }

    fn text(&self, value: &Text) -> String {
        self.slice(value.span).to_owned()
    }

    fn template(&self, template: &Template) -> Doc {
        text(self.slice(template.span))
    }

    fn after(&self, word: &str, part: Option<&Expr>) -> Doc {
        part.map_or_else(nothing, |part| many(vec![text(format!(" {word} ")), self.expr(part)]))
    }

    pub fn expr(&self, e: &Expr) -> Doc {
        match &e.kind {
            ExprKind::Literal(literal) => text(self.literal(literal, e.span)),
            ExprKind::Name(name) => text(self.name(name)),
            ExprKind::Member(value, name) => {
                many(vec![self.expr(value), text(format!(".{}", self.name(name)))])
            }
            ExprKind::Index(value, keys) => many(vec![self.expr(value), self.exprs("[", keys, "]")]),
            ExprKind::Call(call) => self.call(call),
            ExprKind::Array(items) => self.exprs("[", items, "]"),
            ExprKind::Paren(inner) => many(vec![text("("), self.expr(inner), text(")")]),
            ExprKind::Negate(inner) => many(vec![text("-"), self.expr(inner)]),
            ExprKind::Not(inner) => many(vec![text("not "), self.expr(inner)]),
            ExprKind::Binary { op: op @ (BinaryOp::And | BinaryOp::Or), .. } => self.chain(e, *op),
            ExprKind::Binary { op, left, right, .. } => {
                many(vec![self.expr(left), text(format!(" {} ", operator(*op))), self.expr(right)])
            }
            ExprKind::In { negated, value, set } => {
                let word = if *negated { " not in " } else { " in " };
                many(vec![self.expr(value), text(word), self.expr(set)])
            }
            ExprKind::Between { value, low, high } => many(vec![
                self.expr(value),
                text(" between "),
                self.expr(low),
                text(" and "),
                self.expr(high),
            ]),
            ExprKind::IsMissing { value, present } => {
                self.test(value, if *present { "is present" } else { "is missing" })
            }
            ExprKind::Matches { value, regex: pattern } => {
                self.test(value, &format!("matches {}", regex(pattern)))
            }
            ExprKind::Mentions { value, phrases } => {
                self.test(value, &format!("mentions {}", self.name(phrases)))
            }
            ExprKind::HasLabel { value, label } => {
                self.test(value, &format!("has label {}", self.name(label)))
            }
            ExprKind::Convert { value, currency } => self.test(value, &format!("as {}", self.name(currency))),
            ExprKind::During { value, calendar, keys } => {
                let calendar = self.test(value, &format!("during {}", self.name(calendar)));
                let keys = if keys.is_empty() { nothing() } else { self.exprs("[", keys, "]") };
                many(vec![calendar, keys])
            }
            ExprKind::Error => text(self.slice(e.span)),
        }
    }

    fn test(&self, value: &Expr, test: &str) -> Doc {
        many(vec![self.expr(value), text(format!(" {test}"))])
    }

    fn exprs(&self, open: &str, items: &[Expr], close: &str) -> Doc {
        bracketed(open, items.iter().map(|item| self.expr(item)).collect(), close, &Doc::Soft)
    }

    /// `a and b and c`, each on its line if they are too long for one.
    fn chain(&self, e: &Expr, op: BinaryOp) -> Doc {
        let mut operands = Vec::new();
        let mut rest = e;
        while let ExprKind::Binary { op: inner, left, right, .. } = &rest.kind {
            if *inner != op {
                break;
            }
            operands.push(right);
            rest = left;
        }
        let mut parts = Vec::new();
        for operand in operands.into_iter().rev() {
            parts.push(Doc::Line);
            parts.push(text(format!("{} ", operator(op))));
            parts.push(self.expr(operand));
        }
        group(vec![self.expr(rest), indent(parts)])
    }

    fn literal(&self, literal: &Literal, span: Span) -> String {
        match literal {
            Literal::Money(number, currency) => format!("{number} {}", currency.text),
            Literal::Duration(number, u) => format!("{number}{}", unit(*u)),
            _ => self.slice(span).to_owned(),
        }
    }

    fn call(&self, call: &Call) -> Doc {
        let approx = if call.approx.is_some() { "approx " } else { "" };
        let arguments = call.arguments.iter().map(|argument| {
            many(vec![self.expr(&argument.value), self.after("where", argument.filter.as_ref())])
        });
        many(vec![
            text(format!("{approx}{}", self.name(&call.function))),
            bracketed("(", arguments.collect(), ")", &Doc::Soft),
            call.window.as_ref().map_or_else(nothing, |window| self.window(window)),
        ])
    }

    fn window(&self, window: &WindowClause) -> Doc {
        let mut parts = Vec::new();
        if !window.keys.is_empty() {
            parts.push(text(" by "));
            parts.push(self.keys(&window.keys));
        }
        parts.push(match &window.extent {
            None => nothing(),
            Some(Extent::Over(span)) => self.after("over", Some(span)),
            Some(Extent::Within(span)) => self.after("within", Some(span)),
            Some(Extent::Ever(_)) => text(" ever"),
            Some(Extent::Calendar { period, zone, .. }) => {
                let period = match period {
                    CalendarPeriod::Today => "today",
                    CalendarPeriod::ThisWeek => "this week",
                    CalendarPeriod::ThisMonth => "this month",
                };
                let zone = zone.as_ref().map_or(String::new(), |zone| format!(" in {}", self.text(zone)));
                text(format!(" over {period}{zone}"))
            }
        });
        if let Some(ending) = &window.ending {
            parts.extend([self.after("ending", Some(ending)), text(" ago")]);
        }
        parts.push(self.after("step", window.step.as_ref()));
        match window.this {
            Some((This::Including, _)) => parts.push(text(" including this")),
            Some((This::Before, _)) => parts.push(text(" before this")),
            None => {}
        }
        many(parts)
    }

    fn key(&self, key: &Key) -> Doc {
        let there = key.there.as_ref();
        many(vec![self.expr(&key.here), self.after("=", there)])
    }

    fn keys(&self, keys: &[Key]) -> Doc {
        let mut parts = Vec::new();
        for (index, key) in keys.iter().enumerate() {
            parts.push(text(if index > 0 { ", " } else { "" }));
            parts.push(self.key(key));
        }
        many(parts)
    }

    pub fn type_expr(&self, ty: &TypeExpr) -> Doc {
        let kind = match &ty.kind {
            TypeKind::Name(name) => text(self.name(name)),
            TypeKind::Money(currency) => text(format!("money({})", self.name(currency))),
            TypeKind::Enum(values) => self.braced("enum ", self.names(values)),
            TypeKind::Record(fields) => self.braced("record ", self.parameters(fields)),
            TypeKind::List(inner) => many(vec![text("list<"), self.type_expr(inner), text(">")]),
        };
        many(vec![kind, text(if ty.optional { "?" } else { "" })])
    }

    fn braced(&self, head: &str, items: Vec<Doc>) -> Doc {
        many(vec![text(head), bracketed("{", items, "}", &Doc::Line)])
    }

    fn parameters(&self, parameters: &[(Name, TypeExpr)]) -> Vec<Doc> {
        let one = |(name, ty): &(Name, TypeExpr)| {
            many(vec![text(format!("{}: ", self.name(name))), self.type_expr(ty)])
        };
        parameters.iter().map(one).collect()
    }

    pub fn field(&self, field: &Field) -> Doc {
        let mut parts = vec![text(format!("{}: ", self.name(&field.name))), self.type_expr(&field.ty)];
        if !field.from.is_empty() {
            let from: Vec<String> = field.from.iter().map(|t| self.text(t)).collect();
            parts.push(text(format!(" from {}", from.join(", "))));
        }
        if let Some(format) = &field.format {
            parts.push(text(format!(" as {}", self.name(format))));
        }
        parts.push(text(if field.sensitive { " sensitive" } else { "" }));
        parts.push(text(if field.public { " public" } else { "" }));
        many(parts)
    }

    pub fn header_clause(&self, clause: &HeaderKind) -> Doc {
        match clause {
            HeaderKind::Edition(value) => many(vec![text("edition "), self.expr(value)]),
            HeaderKind::Version(value) => text(format!("version {}", self.text(value))),
            HeaderKind::Timezone(value) => text(format!("timezone {}", self.text(value))),
            HeaderKind::Currency(name) => text(format!("currency {}", self.name(name))),
            HeaderKind::Outcomes(ladder) => {
                let names: Vec<String> = ladder.iter().map(|n| self.name(n)).collect();
                text(format!("outcomes {}", names.join(" < ")))
            }
            HeaderKind::Rejects(name) => text(format!("rejects {}", self.name(name))),
            HeaderKind::Lateness(value) => many(vec![text("lateness "), self.expr(value)]),
            HeaderKind::Limits(limits) => {
                let limit = |(name, value): &(Name, Expr)| {
                    many(vec![text(format!("{} ", self.name(name))), self.expr(value)])
                };
                self.braced("limits ", limits.iter().map(limit).collect())
            }
        }
    }

    /// What stands before the `{` of an item with a body.
    pub fn head(&self, item: &ItemKind) -> Doc {
        match item {
            ItemKind::Ruleset(header) => text(format!("ruleset {}", self.name(&header.name))),
            ItemKind::Event(event) => {
                let from = event.discriminator.as_ref().map_or(String::new(), |(pointer, value)| {
                    format!(" from {} == {}", self.text(pointer), self.text(value))
                });
                text(format!("event {}{from}", self.name(&event.name)))
            }
            ItemKind::Rule(rule) => self.rule_head(rule),
            ItemKind::Policy(policy) => many(vec![text("policy "), self.name_list(&policy.events)]),
            ItemKind::Sample(sample) => text(format!("sample {}", self.name(&sample.event))),
            ItemKind::Test(test) => text(format!("test {}", self.text(&test.name))),
            _ => nothing(),
        }
    }

    fn rule_head(&self, rule: &Rule) -> Doc {
        let shadow = if rule.shadow { "shadow " } else { "" };
        let title = rule.title.as_ref().map_or(String::new(), |title| format!(" {}", self.text(title)));
        let head = text(format!("{shadow}rule {}{title} on ", self.name(&rule.name)));
        let on = match &rule.on {
            On::Events(events) => self.name_list(events),
            On::Absence(absence) => {
                let by = if absence.keys.is_empty() {
                    nothing()
                } else {
                    many(vec![text(" by "), self.keys(&absence.keys)])
                };
                many(vec![
                    text(format!("no {}", self.name(&absence.absent))),
                    self.after("where", absence.absent_where.as_ref()),
                    by,
                    self.after("within", Some(&absence.within)),
                    text(format!(" after {}", self.name(&absence.trigger))),
                    self.after("where", absence.trigger_where.as_ref()),
                ])
            }
        };
        many(vec![head, on])
    }

    /// An item without a body.
    pub fn simple_item(&self, item: &ItemKind) -> Doc {
        match item {
            ItemKind::Use(item) => {
                text(format!("use {}{}", if item.rules { "rules " } else { "" }, self.text(&item.path)))
            }
            ItemKind::Entity(entity) => {
                let base = entity.base.as_ref();
                let base = base.map_or_else(nothing, |base| many(vec![text(": "), self.type_expr(base)]));
                many(vec![text(format!("entity {}", self.name(&entity.name))), base])
            }
            ItemKind::Group(item) => many(vec![
                text(format!("events {} = ", self.name(&item.name))),
                self.name_list(&item.members),
            ]),
            ItemKind::Let(item) => self.let_item(item),
            ItemKind::Signal(signal) => {
                many(vec![text(format!("signal {} = ", self.name(&signal.name))), self.expr(&signal.value)])
            }
            ItemKind::List(list) => {
                let source = match &list.source {
                    ListSource::File(file) => text(format!(" from {}", self.text(file))),
                    ListSource::Extern(_) => text(" extern"),
                    ListSource::Inline(values) => many(vec![text(" = "), self.exprs("[", values, "]")]),
                };
                many(vec![
                    text(format!("list {}: ", self.name(&list.name))),
                    self.type_expr(&list.ty),
                    source,
                ])
            }
            ItemKind::Table(table) => self.table(table),
            ItemKind::Phrases(phrases) => {
                let fold =
                    phrases.fold.as_ref().map_or(String::new(), |fold| format!(" fold {}", self.text(fold)));
                text(format!("phrases {} from {}{fold}", self.name(&phrases.name), self.text(&phrases.file)))
            }
            ItemKind::Calendar(calendar) => {
                let keys: Vec<String> = calendar.keys.iter().map(|n| self.name(n)).collect();
                let keys = if keys.is_empty() { String::new() } else { format!(" by {}", keys.join(", ")) };
                text(format!(
                    "calendar {}{}{keys}",
                    self.name(&calendar.name),
                    self.table_source(&calendar.source)
                ))
            }
            ItemKind::Rates(rates) => many(vec![
                text(format!("rates from {}", self.text(&rates.file))),
                self.after("max_age", rates.max_age.as_ref()),
            ]),
            ItemKind::Action(action) => {
                let once = action.once.as_ref();
                let once = once.map_or_else(nothing, |once| indent(vec![Doc::Line, self.once(once)]));
                group(vec![
                    text(format!("action {}", self.name(&action.name))),
                    bracketed("(", self.parameters(&action.parameters), ")", &Doc::Soft),
                    once,
                ])
            }
            ItemKind::Label(label) => {
                text(format!("label {} on {}", self.name(&label.name), self.name(&label.entity)))
            }
            _ => nothing(),
        }
    }

    fn table(&self, table: &Table) -> Doc {
        let keys = comma_separated(table.keys.iter().map(|key| self.type_expr(key)).collect());
        let value = table.value.as_ref();
        many(vec![
            text(format!("table {}: ", self.name(&table.name))),
            group(keys),
            value.map_or_else(nothing, |value| many(vec![text(" -> "), self.type_expr(value)])),
            text(self.table_source(&table.source)),
        ])
    }

    fn table_source(&self, source: &TableSource) -> String {
        match source {
            TableSource::File(file) => format!(" from {}", self.text(file)),
            TableSource::Event(name) => format!(" from {}", self.name(name)),
        }
    }

    fn let_item(&self, item: &Let) -> Doc {
        let overrides = if item.overrides { "override " } else { "" };
        many(vec![text(format!("{overrides}let {} = ", self.name(&item.name))), self.expr(&item.value)])
    }

    fn once(&self, once: &Once) -> Doc {
        many(vec![text("once per "), self.keys(&once.keys), self.after("per", once.period.as_ref())])
    }

    pub fn policy_band(&self, band: &PolicyBand) -> Doc {
        many(vec![text(format!("{} at score ", self.name(&band.outcome))), self.expr(&band.score)])
    }

    pub fn clause(&self, clause: &ClauseKind) -> Doc {
        match clause {
            ClauseKind::Tags(tags) => many(vec![text("tags "), self.name_list(tags)]),
            ClauseKind::Severity(name) => text(format!("severity {}", self.name(name))),
            ClauseKind::Source(value) => text(format!("source {}", self.text(value))),
            ClauseKind::Formerly(name) => text(format!("formerly {}", self.name(name))),
            ClauseKind::Let(item) => self.let_item(item),
            ClauseKind::When(condition) => many(vec![text("when "), self.expr(condition)]),
            ClauseKind::Band(band) => self.band(band),
            ClauseKind::Score { points, condition } => {
                many(vec![text("score "), self.expr(points), self.after("if", Some(condition))])
            }
            ClauseKind::Unless { condition, because } => {
                let because = because.as_ref();
                let because =
                    because.map_or_else(nothing, |t| many(vec![text(" because "), self.template(t)]));
                many(vec![text("unless "), self.expr(condition), because])
            }
            ClauseKind::Because(because) => many(vec![text("because "), self.template(because)]),
            ClauseKind::Tell(texts) => self.tell(texts),
            ClauseKind::About(keys) => many(vec![text("about "), self.keys(keys)]),
            ClauseKind::Effect(effect) => self.effect(effect),
            ClauseKind::Once(once) => self.once(once),
            ClauseKind::Active { from, until } => many(vec![
                text("active"),
                self.after("from", from.as_ref()),
                self.after("until", until.as_ref()),
            ]),
            ClauseKind::Rollout { share, keys } => {
                many(vec![text("rollout "), self.expr(share), text(" by "), self.keys(keys)])
            }
            ClauseKind::Always => text("always"),
        }
    }

    fn band(&self, band: &Band) -> Doc {
        let condition = match &band.condition {
            BandCondition::If(condition) => self.after("if", Some(condition)),
            BandCondition::Unknown(_) => text(" if unknown"),
            BandCondition::Always(_) => text(" always"),
        };
        many(vec![text(self.name(&band.outcome)), condition, self.after("score", band.score.as_ref())])
    }

    /// One language a line, under each other.
    fn tell(&self, texts: &[(Name, Template)]) -> Doc {
        let mut out = String::from("tell ");
        for (index, (language, template)) in texts.iter().enumerate() {
            if index > 0 {
                out.push('\n');
                // The body of a rule is one step in, its languages stand under the first one.
                out.extend(std::iter::repeat_n(' ', super::doc::STEP + "tell ".len()));
            }
            out.push_str(&format!("{} {}", self.name(language), self.slice(template.span)));
        }
        text(out)
    }

    fn effect(&self, effect: &Effect) -> Doc {
        let kind = match &effect.kind {
            EffectKind::Label { label, on, period } => many(vec![
                text(format!("label {} on ", self.name(label))),
                self.key(on),
                self.after("for", period.as_ref()),
            ]),
            EffectKind::Unlabel { label, on } => {
                many(vec![text(format!("unlabel {} on ", self.name(label))), self.key(on)])
            }
            EffectKind::Do { action, arguments } => {
                many(vec![text(format!("do {}", self.name(action))), self.exprs("(", arguments, ")")])
            }
            EffectKind::Mute { rule, keys, period } => many(vec![
                text(format!("mute {} by ", self.name(rule))),
                self.keys(keys),
                self.after("for", Some(period)),
            ]),
        };
        many(vec![kind, self.after("if", effect.condition.as_ref())])
    }

    pub fn setting(&self, setting: &Setting) -> Doc {
        many(vec![text(format!("{}: ", self.name(&setting.name))), self.given(&setting.value)])
    }

    fn settings(&self, fields: &[Setting]) -> Doc {
        bracketed("{", fields.iter().map(|f| self.setting(f)).collect(), "}", &Doc::Line)
    }

    fn given(&self, value: &Given) -> Doc {
        match value {
            Given::Value(value) => self.expr(value),
            Given::After(after, _) => many(vec![text("+"), self.expr(after)]),
            Given::Record(fields, _) => self.settings(fields),
            Given::List(items, _) => {
                bracketed("[", items.iter().map(|item| self.given(item)).collect(), "]", &Doc::Soft)
            }
        }
    }

    /// `sample order { … }` on one line.
    pub fn sample(&self, sample: &Sample) -> Doc {
        many(vec![text(format!("sample {} ", self.name(&sample.event))), self.settings(&sample.fields)])
    }

    pub fn with(&self, with: &With) -> Doc {
        let name = with.name.as_ref().map_or(String::new(), |name| format!(" {}", self.name(name)));
        many(vec![text(format!("with {}{name} = ", with.kind.text)), self.expr(&with.value)])
    }

    pub fn test_line(&self, line: &TestLine) -> Doc {
        let head = match &line.kind {
            TestLineKind::Event { event, fields } => {
                many(vec![text(format!("{} ", self.name(event))), self.settings(fields)])
            }
            TestLineKind::Deadline { rule } => text(format!("deadline {}", self.name(rule))),
        };
        if line.expectations.is_empty() {
            return head;
        }
        let mut parts: Vec<Doc> = Vec::new();
        let mut after_outcome = false;
        for (index, expectation) in line.expectations.iter().enumerate() {
            let joined = after_outcome && matches!(expectation.kind, ExpectationKind::By { .. });
            if index > 0 {
                parts.extend(if joined { vec![text(" ")] } else { vec![text(","), Doc::Line] });
            }
            parts.push(self.expectation(&expectation.kind));
            after_outcome = matches!(expectation.kind, ExpectationKind::Outcome(_));
        }
        many(vec![head, text(" => "), group(vec![indent(parts)])])
    }

    fn expectation(&self, kind: &ExpectationKind) -> Doc {
        let no = |negated: &bool| if *negated { "no " } else { "" };
        let rules = |rules: &[Name]| rules.iter().map(|n| self.name(n)).collect::<Vec<_>>().join(" and ");
        match kind {
            ExpectationKind::Outcome(name) => text(self.name(name)),
            ExpectationKind::By { rules: by, only } => {
                text(format!("by {}{}", if *only { "only " } else { "" }, rules(by)))
            }
            ExpectationKind::NotBy(by) => text(format!("not by {}", rules(by))),
            ExpectationKind::Score(score) => many(vec![text("score "), self.expr(score)]),
            ExpectationKind::CannotSay(rule) => text(format!("cannot say {}", self.name(rule))),
            ExpectationKind::Shadow(rule) => text(format!("shadow {}", self.name(rule))),
            ExpectationKind::Suppressed(rule) => text(format!("suppressed {}", self.name(rule))),
            ExpectationKind::Label { negated, label, on } => {
                many(vec![text(format!("{}label {} on ", no(negated), self.name(label))), self.expr(on)])
            }
            ExpectationKind::Do { negated, action, arguments } => {
                let arguments = arguments.as_ref();
                let arguments = arguments.map_or_else(nothing, |arguments| self.exprs("(", arguments, ")"));
                many(vec![text(format!("{}do {}", no(negated), self.name(action))), arguments])
            }
            ExpectationKind::Reject => text("reject"),
            ExpectationKind::Late => text("late"),
            ExpectationKind::Duplicate => text("duplicate"),
            ExpectationKind::Warming => text("warming"),
            ExpectationKind::Bad => text("bad"),
        }
    }
}
