//! The tree as stable text without places: for goldens, and to see whether two files mean the same.

use super::ast::*;

/// One expression on one line, prefix form.
pub fn expr(expr: &Expr) -> String {
    let mut out = String::new();
    write_expr(&mut out, expr);
    out
}

/// A whole file: one line per item, clause, field and test line, indented by depth.
pub fn file(file: &File) -> String {
    let mut printer = Printer { out: String::new(), depth: 0 };
    file.items.iter().for_each(|item| printer.item(item));
    printer.out
}

fn list<T>(out: &mut String, items: &[T], mut each: impl FnMut(&mut String, &T)) {
    for item in items {
        out.push(' ');
        each(out, item);
    }
}

fn form(out: &mut String, head: &str, parts: &[&Expr]) {
    out.push('(');
    out.push_str(head);
    list(out, parts, |out, part| write_expr(out, part));
    out.push(')');
}

pub(crate) fn operator(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Or => "or",
        BinaryOp::And => "and",
        BinaryOp::Equal => "==",
        BinaryOp::NotEqual => "!=",
        BinaryOp::Less => "<",
        BinaryOp::LessEqual => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterEqual => ">=",
        BinaryOp::Contains => "contains",
        BinaryOp::StartsWith => "starts with",
        BinaryOp::EndsWith => "ends with",
        BinaryOp::Else => "else",
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
        BinaryOp::Multiply => "*",
        BinaryOp::Divide => "/",
        BinaryOp::Remainder => "%",
    }
}

pub(crate) fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Milliseconds => "ms",
        Unit::Seconds => "s",
        Unit::Minutes => "m",
        Unit::Hours => "h",
        Unit::Days => "d",
        Unit::Weeks => "w",
    }
}

/// A pattern as it stands between slashes.
pub(crate) fn regex(regex: &Regex) -> String {
    let flag = if regex.ignore_case { "i" } else { "" };
    format!("/{}/{flag}", escape_slashes(&regex.pattern))
}

/// A slash inside ends the pattern unless it is escaped, and an escaped one must stay so.
fn escape_slashes(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut escaped = false;
    for c in pattern.chars() {
        if c == '/' && !escaped {
            out.push('\\');
        }
        escaped = c == '\\' && !escaped;
        out.push(c);
    }
    out
}

fn write_literal(out: &mut String, literal: &Literal) {
    match literal {
        Literal::Int(digits) | Literal::Decimal(digits) => out.push_str(digits),
        Literal::Percent(digits) => out.push_str(&format!("{digits}%")),
        Literal::Money(digits, currency) => out.push_str(&format!("(money {digits} {})", currency.text)),
        Literal::Duration(digits, u) => out.push_str(&format!("{digits}{}", unit(*u))),
        Literal::Date(written) | Literal::DateTime(written) => out.push_str(written),
        Literal::Text(value) => out.push_str(&format!("{value:?}")),
        Literal::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
    }
}

fn write_expr(out: &mut String, e: &Expr) {
    match &e.kind {
        ExprKind::Literal(literal) => write_literal(out, literal),
        ExprKind::Name(name) => out.push_str(&name.text),
        ExprKind::Member(value, name) => {
            out.push_str("(. ");
            write_expr(out, value);
            out.push_str(&format!(" {})", name.text));
        }
        ExprKind::Index(value, keys) => {
            let parts: Vec<&Expr> = std::iter::once(&**value).chain(keys).collect();
            form(out, "index", &parts);
        }
        ExprKind::Call(call) => write_call(out, call),
        ExprKind::Array(items) => form(out, "array", &items.iter().collect::<Vec<_>>()),
        ExprKind::Paren(inner) => form(out, "paren", &[inner]),
        ExprKind::Negate(inner) => form(out, "neg", &[inner]),
        ExprKind::Not(inner) => form(out, "not", &[inner]),
        ExprKind::Binary { op, left, right, .. } => form(out, operator(*op), &[left, right]),
        ExprKind::In { negated, value, set } => {
            form(out, if *negated { "not-in" } else { "in" }, &[value, set])
        }
        ExprKind::Between { value, low, high } => form(out, "between", &[value, low, high]),
        ExprKind::IsMissing { value, present } => {
            form(out, if *present { "present" } else { "missing" }, &[value])
        }
        ExprKind::Matches { value, regex: pattern } => named(out, "matches", value, &regex(pattern)),
        ExprKind::Mentions { value, phrases } => named(out, "mentions", value, &phrases.text),
        ExprKind::HasLabel { value, label } => named(out, "has-label", value, &label.text),
        ExprKind::Convert { value, currency } => named(out, "as", value, &currency.text),
        ExprKind::During { value, calendar, keys } => {
            out.push_str("(during ");
            write_expr(out, value);
            out.push_str(&format!(" {}", calendar.text));
            list(out, keys, write_expr);
            out.push(')');
        }
        ExprKind::Error => out.push_str("(error)"),
    }
}

fn named(out: &mut String, head: &str, value: &Expr, name: &str) {
    out.push_str(&format!("({head} "));
    write_expr(out, value);
    out.push_str(&format!(" {name})"));
}

fn write_call(out: &mut String, call: &Call) {
    out.push_str(if call.approx.is_some() { "(call approx " } else { "(call " });
    out.push_str(&call.function.text);
    list(out, &call.arguments, |out, argument| match &argument.filter {
        None => write_expr(out, &argument.value),
        Some(filter) => form(out, "where", &[&argument.value, filter]),
    });
    if let Some(window) = &call.window {
        write_window(out, window);
    }
    out.push(')');
}

fn write_window(out: &mut String, window: &WindowClause) {
    out.push_str(" (window");
    if !window.keys.is_empty() {
        out.push_str(" (by");
        list(out, &window.keys, write_key);
        out.push(')');
    }
    match &window.extent {
        None => {}
        Some(Extent::Over(span)) => form_after(out, "over", span),
        Some(Extent::Within(span)) => form_after(out, "within", span),
        Some(Extent::Ever(_)) => out.push_str(" ever"),
        Some(Extent::Calendar { period, zone, .. }) => {
            let period = match period {
                CalendarPeriod::Today => "today",
                CalendarPeriod::ThisWeek => "this week",
                CalendarPeriod::ThisMonth => "this month",
            };
            let zone = zone.as_ref().map_or(String::new(), |z| format!(" in {:?}", z.value));
            out.push_str(&format!(" (over {period}{zone})"));
        }
    }
    if let Some(ending) = &window.ending {
        form_after(out, "ending", ending);
    }
    if let Some(step) = &window.step {
        form_after(out, "step", step);
    }
    match window.this {
        Some((This::Including, _)) => out.push_str(" including-this"),
        Some((This::Before, _)) => out.push_str(" before-this"),
        None => {}
    }
    out.push(')');
}

fn form_after(out: &mut String, head: &str, part: &Expr) {
    out.push(' ');
    form(out, head, &[part]);
}

fn write_key(out: &mut String, key: &Key) {
    match &key.there {
        None => write_expr(out, &key.here),
        Some(there) => form(out, "=", &[&key.here, there]),
    }
}

fn write_type(out: &mut String, ty: &TypeExpr) {
    match &ty.kind {
        TypeKind::Name(name) => out.push_str(&name.text),
        TypeKind::Money(currency) => out.push_str(&format!("money({})", currency.text)),
        TypeKind::Enum(values) => {
            out.push_str("(enum");
            list(out, values, |out, value| out.push_str(&value.text));
            out.push(')');
        }
        TypeKind::Record(fields) => {
            out.push_str("(record");
            list(out, fields, write_parameter);
            out.push(')');
        }
        TypeKind::List(inner) => {
            out.push_str("(list ");
            write_type(out, inner);
            out.push(')');
        }
    }
    if ty.optional {
        out.push('?');
    }
}

fn write_parameter(out: &mut String, (name, ty): &(Name, TypeExpr)) {
    out.push_str(&format!("{}:", name.text));
    write_type(out, ty);
}

fn template(template: &Template) -> String {
    let mut out = String::from("(text");
    for part in &template.parts {
        match part {
            TemplatePart::Text(text) => out.push_str(&format!(" {text:?}")),
            TemplatePart::Value { value, percent, .. } => {
                let percent = if *percent { "%" } else { "" };
                out.push_str(&format!(" {{{}{percent}}}", expr(value)));
            }
        }
    }
    out.push(')');
    out
}

fn names(names: &[Name]) -> String {
    names.iter().map(|n| n.text.as_str()).collect::<Vec<_>>().join(" ")
}

fn keys(keys: &[Key]) -> String {
    let mut out = String::from("(by");
    list(&mut out, keys, write_key);
    out.push(')');
    out
}

fn ty(ty: &TypeExpr) -> String {
    let mut out = String::new();
    write_type(&mut out, ty);
    out
}

fn parameters(parameters: &[(Name, TypeExpr)]) -> String {
    let mut out = String::new();
    list(&mut out, parameters, write_parameter);
    out
}

fn optional(head: &str, part: Option<&Expr>) -> String {
    part.map_or(String::new(), |part| format!(" ({head} {})", expr(part)))
}

fn once(once: &Once) -> String {
    format!("(once {}{})", keys(&once.keys), optional("per", once.period.as_ref()))
}

struct Printer {
    out: String,
    depth: usize,
}

impl Printer {
    fn line(&mut self, line: &str) {
        self.out.extend(std::iter::repeat_n("  ", self.depth));
        self.out.push_str(line);
        self.out.push('\n');
    }

    fn inside(&mut self, work: impl FnOnce(&mut Printer)) {
        self.depth += 1;
        work(self);
        self.depth -= 1;
    }

    fn doc(&mut self, doc: Option<&Doc>) {
        if let Some(doc) = doc {
            self.line(&format!("(doc {:?})", doc.text));
        }
    }

    fn item(&mut self, item: &Item) {
        self.doc(item.doc.as_ref());
        match &item.kind {
            ItemKind::Ruleset(header) => {
                self.line(&format!("ruleset {}", header.name.text));
                self.inside(|p| header.clauses.iter().for_each(|c| p.header_clause(&c.kind)));
            }
            ItemKind::Event(event) => {
                let from = event.discriminator.as_ref().map_or(String::new(), |(pointer, value)| {
                    format!(" from {:?} == {:?}", pointer.value, value.value)
                });
                self.line(&format!("event {}{from}", event.name.text));
                self.inside(|p| event.fields.iter().for_each(|f| p.field(f)));
            }
            ItemKind::Policy(policy) => {
                self.line(&format!("policy {}", names(&policy.events)));
                let band = |b: &PolicyBand| format!("{} at {}", b.outcome.text, expr(&b.score));
                self.inside(|p| policy.bands.iter().for_each(|b| p.line(&band(b))));
            }
            ItemKind::Rule(rule) => self.rule(rule),
            ItemKind::Sample(sample) => {
                self.line(&format!("sample {}{}", sample.event.text, settings(&sample.fields)))
            }
            ItemKind::Test(test) => self.test(test),
            other => self.line(&simple_item(other)),
        }
    }

    fn header_clause(&mut self, clause: &HeaderKind) {
        let line = match clause {
            HeaderKind::Edition(value) => format!("edition {}", expr(value)),
            HeaderKind::Version(text) => format!("version {:?}", text.value),
            HeaderKind::Timezone(text) => format!("timezone {:?}", text.value),
            HeaderKind::Currency(name) => format!("currency {}", name.text),
            HeaderKind::Outcomes(ladder) => format!("outcomes {}", names(ladder)),
            HeaderKind::Rejects(name) => format!("rejects {}", name.text),
            HeaderKind::Lateness(value) => format!("lateness {}", expr(value)),
            HeaderKind::Limits(limits) => {
                let limits = limits.iter().map(|(name, value)| format!(" {}={}", name.text, expr(value)));
                format!("limits{}", limits.collect::<String>())
            }
        };
        self.line(&line);
    }

    fn field(&mut self, field: &Field) {
        self.doc(field.doc.as_ref());
        let mut line = format!("{}: {}", field.name.text, ty(&field.ty));
        field.from.iter().for_each(|text| line.push_str(&format!(" from {:?}", text.value)));
        if let Some(format) = &field.format {
            line.push_str(&format!(" as {}", format.text));
        }
        line.push_str(if field.sensitive { " sensitive" } else { "" });
        line.push_str(if field.public { " public" } else { "" });
        self.line(&line);
    }

    fn rule(&mut self, rule: &Rule) {
        let shadow = if rule.shadow { "shadow " } else { "" };
        let title = rule.title.as_ref().map_or(String::new(), |t| format!(" {:?}", t.value));
        let on = match &rule.on {
            On::Events(events) => format!(" on {}", names(events)),
            On::Absence(absence) => format!(
                " on (no {}{} {} (within {}) (after {}{}))",
                absence.absent.text,
                optional("where", absence.absent_where.as_ref()),
                keys(&absence.keys),
                expr(&absence.within),
                absence.trigger.text,
                optional("where", absence.trigger_where.as_ref()),
            ),
        };
        self.line(&format!("{shadow}rule {}{title}{on}", rule.name.text));
        self.inside(|p| rule.clauses.iter().for_each(|c| p.line(&clause(&c.kind))));
    }

    fn test(&mut self, test: &Test) {
        self.line(&format!("test {:?}", test.name.value));
        self.inside(|p| {
            for with in &test.withs {
                let name = with.name.as_ref().map_or("", |n| n.text.as_str());
                p.line(&format!("with {} {name} = {}", with.kind.text, expr(&with.value)));
            }
            for line in &test.lines {
                let head = match &line.kind {
                    TestLineKind::Event { event, fields } => format!("{}{}", event.text, settings(fields)),
                    TestLineKind::Deadline { rule } => format!("deadline {}", rule.text),
                };
                p.line(&head);
                p.inside(|p| line.expectations.iter().for_each(|e| p.line(&expectation(&e.kind))));
            }
        });
    }
}

fn simple_item(item: &ItemKind) -> String {
    match item {
        ItemKind::Use(item) => format!("use{} {:?}", if item.rules { " rules" } else { "" }, item.path.value),
        ItemKind::Entity(entity) => {
            let base = entity.base.as_ref().map_or(String::new(), |base| format!(": {}", ty(base)));
            format!("entity {}{base}", entity.name.text)
        }
        ItemKind::Group(group) => format!("events {} = {}", group.name.text, names(&group.members)),
        ItemKind::Let(item) => let_text(item),
        ItemKind::Signal(signal) => format!("signal {} = {}", signal.name.text, expr(&signal.value)),
        ItemKind::List(item) => {
            let source = match &item.source {
                ListSource::File(text) => format!("from {:?}", text.value),
                ListSource::Extern(_) => "extern".to_owned(),
                ListSource::Inline(values) => {
                    let mut out = String::from("= (array");
                    list(&mut out, values, write_expr);
                    out.push(')');
                    out
                }
            };
            format!("list {}: {} {source}", item.name.text, ty(&item.ty))
        }
        ItemKind::Table(table) => {
            let keys: Vec<String> = table.keys.iter().map(ty).collect();
            let value = table.value.as_ref().map_or(String::new(), |value| format!(" -> {}", ty(value)));
            format!("table {}: {}{value} {}", table.name.text, keys.join(", "), table_source(&table.source))
        }
        ItemKind::Phrases(phrases) => {
            let fold = phrases.fold.as_ref().map_or(String::new(), |fold| format!(" fold {:?}", fold.value));
            format!("phrases {} from {:?}{fold}", phrases.name.text, phrases.file.value)
        }
        ItemKind::Calendar(calendar) => {
            let source = table_source(&calendar.source);
            let by = if calendar.keys.is_empty() {
                String::new()
            } else {
                format!(" (by {})", names(&calendar.keys))
            };
            format!("calendar {} {source}{by}", calendar.name.text)
        }
        ItemKind::Rates(rates) => {
            format!("rates from {:?}{}", rates.file.value, optional("max_age", rates.max_age.as_ref()))
        }
        ItemKind::Action(action) => {
            let once = action.once.as_ref().map_or(String::new(), |o| format!(" {}", once(o)));
            format!("action {} (parameters{}){once}", action.name.text, parameters(&action.parameters))
        }
        ItemKind::Label(label) => format!("label {} on {}", label.name.text, label.entity.text),
        _ => String::new(),
    }
}

fn table_source(source: &TableSource) -> String {
    match source {
        TableSource::File(text) => format!("from {:?}", text.value),
        TableSource::Event(name) => format!("from {}", name.text),
    }
}

fn let_text(item: &Let) -> String {
    let overrides = if item.overrides { "override " } else { "" };
    format!("{overrides}let {} = {}", item.name.text, expr(&item.value))
}

fn clause(clause: &ClauseKind) -> String {
    match clause {
        ClauseKind::Tags(tags) => format!("tags {}", names(tags)),
        ClauseKind::Severity(name) => format!("severity {}", name.text),
        ClauseKind::Source(text) => format!("source {:?}", text.value),
        ClauseKind::Formerly(name) => format!("formerly {}", name.text),
        ClauseKind::Let(item) => let_text(item),
        ClauseKind::When(condition) => format!("when {}", expr(condition)),
        ClauseKind::Band(band) => {
            let condition = match &band.condition {
                BandCondition::If(condition) => format!("if {}", expr(condition)),
                BandCondition::Unknown(_) => "if-unknown".to_owned(),
                BandCondition::Always(_) => "always".to_owned(),
            };
            format!("{} {condition}{}", band.outcome.text, optional("score", band.score.as_ref()))
        }
        ClauseKind::Score { points, condition } => format!("score {} if {}", expr(points), expr(condition)),
        ClauseKind::Unless { condition, because } => {
            let because = because.as_ref().map_or(String::new(), |t| format!(" because {}", template(t)));
            format!("unless {}{because}", expr(condition))
        }
        ClauseKind::Because(text) => format!("because {}", template(text)),
        ClauseKind::Tell(texts) => {
            let texts = texts.iter().map(|(language, text)| format!(" {} {}", language.text, template(text)));
            format!("tell{}", texts.collect::<String>())
        }
        ClauseKind::About(about) => format!("about {}", keys(about)),
        ClauseKind::Effect(item) => effect(item),
        ClauseKind::Once(item) => once(item),
        ClauseKind::Active { from, until } => {
            format!("active{}{}", optional("from", from.as_ref()), optional("until", until.as_ref()))
        }
        ClauseKind::Rollout { share, keys: by } => format!("rollout {} {}", expr(share), keys(by)),
        ClauseKind::Always => "always".to_owned(),
    }
}

fn effect(effect: &Effect) -> String {
    let key = |key: &Key| {
        let mut out = String::new();
        write_key(&mut out, key);
        out
    };
    let kind = match &effect.kind {
        EffectKind::Label { label, on, period } => {
            format!("label {} on {}{}", label.text, key(on), optional("for", period.as_ref()))
        }
        EffectKind::Unlabel { label, on } => format!("unlabel {} on {}", label.text, key(on)),
        EffectKind::Do { action, arguments } => {
            let mut out = format!("do ({}", action.text);
            list(&mut out, arguments, write_expr);
            out.push(')');
            out
        }
        EffectKind::Mute { rule, keys: by, period } => {
            format!("mute {} {} (for {})", rule.text, keys(by), expr(period))
        }
    };
    format!("{kind}{}", optional("if", effect.condition.as_ref()))
}

fn settings(fields: &[Setting]) -> String {
    let fields: Vec<String> =
        fields.iter().map(|f| format!("{}: {}", f.name.text, given(&f.value))).collect();
    format!(" {{{}}}", fields.join(", "))
}

fn given(value: &Given) -> String {
    match value {
        Given::Value(value) => expr(value),
        Given::After(after, _) => format!("(after {})", expr(after)),
        Given::Record(fields, _) => settings(fields),
        Given::List(items, _) => format!("[{}]", items.iter().map(given).collect::<Vec<_>>().join(", ")),
    }
}

fn expectation(kind: &ExpectationKind) -> String {
    let no = |negated: &bool| if *negated { "no " } else { "" };
    match kind {
        ExpectationKind::Outcome(name) => format!("=> {}", name.text),
        ExpectationKind::By { rules, only } => {
            format!("=> by {}{}", if *only { "only " } else { "" }, names(rules))
        }
        ExpectationKind::NotBy(rules) => format!("=> not by {}", names(rules)),
        ExpectationKind::Score(score) => format!("=> score {}", expr(score)),
        ExpectationKind::CannotSay(rule) => format!("=> cannot say {}", rule.text),
        ExpectationKind::Shadow(rule) => format!("=> shadow {}", rule.text),
        ExpectationKind::Suppressed(rule) => format!("=> suppressed {}", rule.text),
        ExpectationKind::Label { negated, label, on } => {
            format!("=> {}label {} on {}", no(negated), label.text, expr(on))
        }
        ExpectationKind::Do { negated, action, arguments } => {
            let arguments = arguments.as_ref().map_or(String::new(), |arguments| {
                let mut out = String::from(" (");
                list(&mut out, arguments, write_expr);
                out.push(')');
                out
            });
            format!("=> {}do {}{arguments}", no(negated), action.text)
        }
        ExpectationKind::Reject => "=> reject".to_owned(),
        ExpectationKind::Late => "=> late".to_owned(),
        ExpectationKind::Duplicate => "=> duplicate".to_owned(),
        ExpectationKind::Warming => "=> warming".to_owned(),
        ExpectationKind::Bad => "=> bad".to_owned(),
    }
}
