//! Random rulesets as source text, typed so that nearly all of them compile.

use std::fmt::Write;

use super::random::Random;
use super::schema::{DATA, EVENTS, FIELDS, Field, Kind};

pub struct Generated {
    pub source: String,
    /// The fields of each event of [`EVENTS`].
    pub fields: Vec<Vec<&'static Field>>,
}

struct Generator<'r> {
    random: &'r mut Random,
    fields: Vec<Vec<&'static Field>>,
    /// Name, kind, and the event it is written for.
    signals: Vec<(String, Kind, usize)>,
    /// Entries per memory and key; thresholds stay below it.
    cap: usize,
    /// How many rules there will be.
    rules: usize,
    /// Rules label, mute and limit.
    effects: bool,
}

/// Where an expression stands.
#[derive(Copy, Clone)]
struct Place {
    /// Every event that it is judged on; the first tells the fields if there are several.
    events: (usize, Option<usize>),
    /// In an aggregate's `where` no other memory is asked, and no signal.
    counted: bool,
    /// Inside a fold over `items`.
    element: bool,
    /// Whether a sequence may end here: not in signals, which rules on any event use, nor at deadlines.
    ends: bool,
    depth: usize,
}

impl Place {
    fn deeper(self) -> Place {
        Place { depth: self.depth.saturating_sub(1), ..self }
    }
}

const ELEMENT: &[(&str, Kind)] = &[
    ("sku", Kind::Text),
    ("category", Kind::Text),
    ("price", Kind::Money),
    ("weight", Kind::Decimal),
    ("quantity", Kind::Int),
];

const COMPARED: &[Kind] = &[
    Kind::Int,
    Kind::Int,
    Kind::Decimal,
    Kind::Float,
    Kind::Text,
    Kind::Time,
    Kind::Duration,
    Kind::Money,
    Kind::Usd,
    Kind::Country,
    Kind::Currency,
    Kind::Ip,
    Kind::Email,
    Kind::Enum,
    Kind::Buyer,
];

pub fn generate(random: &mut Random) -> Generated {
    let fields = EVENTS
        .iter()
        .map(|_| FIELDS.iter().filter(|f| f.name == "buyer" || random.chance(65)).collect())
        .collect();
    let cap = [2, 5, 10_000][random.below(3)];
    let (rules, effects) = (1 + random.below(5), random.chance(60));
    let mut generator = Generator { random, fields, signals: Vec::new(), cap, rules, effects };
    let source = generator.ruleset();
    Generated { source, fields: generator.fields }
}

impl Generator<'_> {
    fn ruleset(&mut self) -> String {
        let mut out = String::new();
        let zone = self.random.pick(&["UTC", "Asia/Shanghai", "America/New_York"]);
        let lateness = self.random.pick(&["1s", "1h", "3d"]);
        let _ = writeln!(
            out,
            "ruleset generated {{\n    edition 2026\n    version \"1\"\n    timezone \"{zone}\"\n    currency USD\n    \
             lateness {lateness}\n    limits {{ entries {} }}\n}}",
            self.cap
        );
        out.push_str(DATA);
        for (event, name) in EVENTS.iter().enumerate() {
            let fields: Vec<String> =
                self.fields[event].iter().map(|f| format!("    {}\n", f.declaration)).collect();
            let _ = writeln!(out, "event {name} {{\n{}}}", fields.concat());
        }
        out.push_str("events activity = order, login\n");
        for index in 0..self.random.below(5) {
            let event = self.random.below(EVENTS.len());
            let kind =
                [Kind::Bool, Kind::Int, Kind::Decimal, Kind::Duration, Kind::Text][self.random.below(5)];
            let place =
                Place { events: (event, None), counted: false, element: false, ends: false, depth: 3 };
            let value = self.expr(kind, place);
            let _ = writeln!(out, "signal s{index} = {value}");
            self.signals.push((format!("s{index}"), kind, event));
        }
        let once = match self.effects {
            true => {
                format!(" once per {} per {}", self.random.pick(&["who", "who, why", "why"]), self.span())
            }
            false => String::new(),
        };
        let _ = writeln!(out, "action ask(who: buyer, why: int){once}");
        for index in 0..self.rules {
            let rule = self.rule(index);
            out.push_str(&rule);
        }
        if self.random.chance(60) {
            out.push_str("policy order, refund {\n    challenge at score 10\n    review at score 40\n    block at score 90\n}\n");
        }
        out
    }

    fn rule(&mut self, index: usize) -> String {
        let both = self.random.chance(15);
        let events = if both { (0, Some(1)) } else { (self.random.below(EVENTS.len()), None) };
        let on = if both { "activity" } else { EVENTS[events.0] };
        let absence = if !both && self.random.chance(25) { Some(self.absence(events.0)) } else { None };
        let place = Place { events, counted: false, element: false, ends: absence.is_none(), depth: 4 };
        let shadow = if self.random.chance(15) { "shadow " } else { "" };
        let on = absence.unwrap_or(on.to_string());
        let mut out = format!("{shadow}rule r{index} on {on} {{\n");
        let mut clause = |text: String| {
            let _ = writeln!(out, "    {text}");
        };
        if self.random.chance(20) {
            clause("tags one, two".into());
        }
        if self.random.chance(20) {
            clause("severity high".into());
        }
        if self.random.chance(10) {
            clause("always".into());
        }
        if self.random.chance(10) {
            clause("active from 2026-01-02 until 2026-01-06".into());
        }
        if self.random.chance(10) {
            clause("rollout 40% by buyer".into());
        }
        if self.random.chance(40) {
            clause(format!("when {}", self.expr(Kind::Bool, place)));
        }
        let bands = self.random.below(3);
        for _ in 0..bands {
            let outcome = self.random.pick(&["allow", "observe", "warn", "challenge", "review", "block"]);
            let score = if self.random.chance(50) {
                format!("  score {}", self.random.below(60))
            } else {
                String::new()
            };
            clause(format!("{outcome} if {}{score}", self.expr(Kind::Bool, place)));
        }
        if bands > 0 && self.random.chance(40) {
            clause("review if unknown  score 5".into());
        }
        for _ in 0..self.random.below(3) + usize::from(bands == 0) {
            let points = self.random.pick(&["5", "20", "-10"]);
            clause(format!("score {points} if {}", self.expr(Kind::Bool, place)));
        }
        for _ in 0..self.random.below(2) {
            let because = if self.random.chance(50) {
                format!(" because \"{}\"", self.template(place))
            } else {
                String::new()
            };
            clause(format!("unless {}{because}", self.expr(Kind::Bool, place)));
        }
        if self.random.chance(70) {
            clause(format!("because \"{}\"", self.template(place)));
        }
        if self.named(place).iter().any(|(name, _)| *name == "t") && self.random.chance(30) {
            clause("tell en \"about {t}\"".into());
            if self.random.chance(50) {
                clause("about buyer".into());
            }
        }
        if self.random.chance(30) {
            let condition = if self.random.chance(50) {
                format!(" if {}", self.expr(Kind::Bool, place))
            } else {
                String::new()
            };
            let (count, amount) = (self.expr(Kind::Int, place), self.expr(Kind::Money, place));
            clause(format!("do report(buyer, good, {count}, {amount}){condition}"));
        }
        if self.random.chance(20) {
            let (text, ratio, flag) =
                (self.expr(Kind::Text, place), self.expr(Kind::Decimal, place), self.expr(Kind::Bool, place));
            clause(format!("do note({text}, {ratio}, {flag})"));
        }
        if self.effects {
            for _ in 0..self.random.below(4) {
                let effect = self.effect(place);
                let _ = writeln!(out, "    {effect}");
            }
            if self.random.chance(30) {
                let keys = self.own_key(place);
                let per =
                    if self.random.chance(80) { format!(" per {}", self.span()) } else { String::new() };
                let _ = writeln!(out, "    once per {keys}{per}");
            }
        }
        out.push_str("}\n");
        out
    }

    fn span(&mut self) -> &'static str {
        self.random.pick(&["1s", "1m", "1h", "24h", "7d"])
    }

    /// A key that every event has.
    fn own_key(&mut self, place: Place) -> String {
        let named = self.named(place);
        let has = |name: &str| named.iter().any(|(n, _)| *n == name);
        let mut keys = vec!["buyer", "hour(at)"];
        keys.extend(["payer", "device", "ip", "secret", "d", "flag"].into_iter().filter(|name| has(name)));
        let key = self.random.pick(&keys);
        if key != "buyer" && self.random.chance(30) { format!("buyer, {key}") } else { key.to_string() }
    }

    /// What holds for a time or is limited.
    fn effect(&mut self, place: Place) -> String {
        let named = self.named(place);
        let has = |name: &str| named.iter().any(|(n, _)| *n == name);
        let mut labels = vec!["seen on buyer"];
        labels.extend(
            [("device", "odd on device"), ("ip", "hot on ip")].iter().filter(|l| has(l.0)).map(|l| l.1),
        );
        if has("payer") {
            labels.push("seen on buyer = payer");
        }
        let mut muted: Vec<String> = (0..self.rules).map(|index| format!("r{index}")).collect();
        muted.extend(["t", "u"].into_iter().filter(|name| has(name)).map(str::to_string));
        let mut by = vec!["buyer", "hour(at)", "buyer, hour(at)"];
        if has("payer") {
            by.push("payer = buyer");
        }
        let effect = match self.random.below(10) {
            0..3 => {
                let label = self.random.pick(&labels);
                let period =
                    if self.random.chance(70) { format!(" for {}", self.span()) } else { String::new() };
                format!("label {label}{period}")
            }
            3 => format!("unlabel {}", self.random.pick(&labels)),
            4..8 => {
                let rule = muted.swap_remove(self.random.below(muted.len()));
                format!("mute {rule} by {} for {}", self.random.pick(&by), self.span())
            }
            _ => format!("do ask(buyer, {})", self.expr(Kind::Int, Place { depth: 1, ..place })),
        };
        match self.random.chance(40) {
            true => format!("{effect} if {}", self.expr(Kind::Bool, Place { depth: 2, ..place })),
            false => effect,
        }
    }

    fn template(&mut self, place: Place) -> String {
        let mut names: Vec<String> = self
            .named(place)
            .into_iter()
            .filter(|(name, kind)| *name != "secret" && !matches!(kind, Kind::Items | Kind::Place))
            .map(|(name, _)| name.to_string())
            .collect();
        names.extend(self.signals_at(place).into_iter().map(|(name, _)| name));
        let mut out = String::from("see {{}}");
        for _ in 0..self.random.below(4) {
            let name = &names[self.random.below(names.len())];
            let numeric =
                FIELDS.iter().any(|f| f.name == name && matches!(f.kind, Kind::Int | Kind::Decimal));
            let percent = if numeric && self.random.chance(30) { " as %" } else { "" };
            let _ = write!(out, " {{{name}{percent}}}");
        }
        out
    }

    /// The fields that can be named at a place.
    fn named(&self, place: Place) -> Vec<(&'static str, Kind)> {
        let all = &self.fields[place.events.0];
        let in_both = |f: &&&'static Field| match place.events.1 {
            Some(other) => self.fields[other].iter().any(|o| o.name == f.name),
            None => true,
        };
        let mut named: Vec<(&str, Kind)> = all.iter().filter(in_both).map(|f| (f.name, f.kind)).collect();
        if place.element {
            named.extend(ELEMENT);
        }
        named
    }

    fn signals_at(&self, place: Place) -> Vec<(String, Kind)> {
        let here = |event: usize| !place.counted && !place.element && place.events == (event, None);
        self.signals.iter().filter(|s| here(s.2)).map(|s| (s.0.clone(), s.1)).collect()
    }

    /// A name of this kind, if there is one.
    fn name(&mut self, kind: Kind, place: Place) -> Option<String> {
        let mut names: Vec<String> = self
            .named(place)
            .into_iter()
            .filter(|(_, k)| *k == kind)
            .map(|(name, _)| name.to_string())
            .collect();
        if kind == Kind::Text && self.named(place).iter().any(|(name, _)| *name == "place") {
            names.push("place.city".into());
            names.push("place.zip".into());
        }
        if kind == Kind::Int && self.named(place).iter().any(|(name, _)| *name == "place") {
            names.push("place.floor".into());
        }
        names.extend(self.signals_at(place).into_iter().filter(|(_, k)| *k == kind).map(|(name, _)| name));
        if kind == Kind::Time {
            names.push("at".into());
        }
        if names.is_empty() { None } else { Some(names.swap_remove(self.random.below(names.len()))) }
    }

    fn literal(&mut self, kind: Kind) -> Option<String> {
        let random = &mut *self.random;
        let (small, cap) = (random.below(12), self.cap);
        Some(match kind {
            Kind::Bool => random.pick(&["true", "false"]).into(),
            Kind::Int if random.chance(4) => "9223372036854775807".into(),
            Kind::Int if random.chance(10) => format!("(-{small})"),
            Kind::Int => small.min(cap).to_string(),
            Kind::Decimal if random.chance(10) => "5%".into(),
            Kind::Decimal => format!("{}.{}", small.min(cap.saturating_sub(1)), random.below(1000)),
            Kind::Text => format!("\"{}\"", random.pick(&["x", "abc", "free money", "", "ü", "S1", "a b"])),
            Kind::Time => {
                random.pick(&["2026-01-03", "2026-01-04T10:00:00Z", "2026-01-02T00:00:00+08:00"]).into()
            }
            Kind::Duration => random.pick(&["250ms", "90s", "30m", "24h", "2d", "1w"]).into(),
            Kind::Money => random.pick(&["10 USD", "12.5 EUR", "0 USD", "100 CNY", "3 GBP"]).into(),
            Kind::Usd => random.pick(&["10 USD", "0.5 USD"]).into(),
            _ => return None,
        })
    }

    fn leaf(&mut self, kind: Kind, place: Place) -> String {
        let named = if self.random.chance(75) { self.name(kind, place) } else { None };
        if let Some(name) = named {
            return if self.random.chance(15) { self.with_default(name, kind) } else { name };
        }
        if let Some(literal) = self.literal(kind) {
            return literal;
        }
        self.name(kind, place).unwrap_or_else(|| match kind {
            Kind::Float => "distance_km(1.5, 2.5, 3.5, 4.5)".into(),
            _ => "buyer".into(),
        })
    }

    fn with_default(&mut self, value: String, kind: Kind) -> String {
        match self.literal(kind) {
            Some(literal) => format!("({value} else {literal})"),
            None => value,
        }
    }

    /// A complete expression: what has an operator stands in parentheses.
    fn expr(&mut self, kind: Kind, place: Place) -> String {
        if place.depth == 0 {
            return self.leaf(kind, place);
        }
        let inner = place.deeper();
        if !place.counted
            && !place.element
            && self.random.chance(30)
            && let Some(aggregate) = self.aggregate(kind, inner)
        {
            return aggregate;
        }
        let has_items = !place.element && self.named(place).iter().any(|(name, _)| *name == "items");
        let choice = self.random.below(8);
        match kind {
            Kind::Bool => self.condition(inner),
            Kind::Int => match choice {
                0 if has_items => self.fold("count", "items", inner),
                1 if has_items => "sum(items.quantity)".into(),
                2 if has_items => "distinct(items.category)".into(),
                3 => format!("length({})", self.expr(Kind::Text, inner)),
                4 => {
                    let function = self.random.pick(&["hour", "month"]);
                    format!("{function}({})", self.expr(Kind::Time, inner))
                }
                5 | 6 => {
                    let op = self.random.pick(&["+", "-", "*", "%"]);
                    format!("({} {op} {})", self.expr(Kind::Int, inner), self.expr(Kind::Int, inner))
                }
                _ => self.leaf(kind, inner),
            },
            Kind::Decimal => match choice {
                0..4 => {
                    let op = self.random.pick(&["+", "-", "*", "/", "/", "%"]);
                    let kinds = [Kind::Decimal, Kind::Decimal, Kind::Int];
                    let (left, right) = (Kind::Decimal, kinds[self.random.below(3)]);
                    format!("({} {op} {})", self.expr(left, inner), self.expr(right, inner))
                }
                4 => format!("({} / {})", self.expr(Kind::Int, inner), self.expr(Kind::Int, inner)),
                5 => format!("({} / {})", self.expr(Kind::Usd, inner), self.expr(Kind::Money, inner)),
                6 => format!("({} / {})", self.expr(Kind::Duration, inner), self.expr(Kind::Duration, inner)),
                _ => self.leaf(kind, inner),
            },
            Kind::Duration => match choice {
                0 | 1 => format!("({} - {})", self.expr(Kind::Time, inner), self.expr(Kind::Time, inner)),
                2 => format!("({} + {})", self.expr(Kind::Duration, inner), self.expr(Kind::Duration, inner)),
                3 => format!("({} * {})", self.expr(Kind::Duration, inner), self.expr(Kind::Decimal, inner)),
                4 => format!("({} / {})", self.expr(Kind::Duration, inner), self.expr(Kind::Int, inner)),
                _ => self.leaf(kind, inner),
            },
            Kind::Time => match choice {
                0 => format!("({} + {})", self.expr(Kind::Time, inner), self.expr(Kind::Duration, inner)),
                1 => format!("({} - {})", self.expr(Kind::Time, inner), self.expr(Kind::Duration, inner)),
                2 => format!("date({})", self.expr(Kind::Time, inner)),
                _ => self.leaf(kind, inner),
            },
            Kind::Money => match choice {
                0 => format!("({} + {})", self.expr(Kind::Money, inner), self.expr(Kind::Money, inner)),
                1 => format!("({} - {})", self.expr(Kind::Money, inner), self.expr(Kind::Money, inner)),
                2 => format!("({} * {})", self.expr(Kind::Money, inner), self.expr(Kind::Decimal, inner)),
                3 => format!("({} / {})", self.expr(Kind::Money, inner), self.expr(Kind::Int, inner)),
                4 if has_items => "sum(items.price)".into(),
                5 => self.expr(Kind::Usd, inner),
                _ => self.leaf(kind, inner),
            },
            Kind::Usd => match choice {
                0 | 1 => format!("({} as USD)", self.leaf(Kind::Money, inner)),
                2 => format!("({} + {})", self.expr(Kind::Usd, inner), self.expr(Kind::Usd, inner)),
                _ => self.leaf(kind, inner),
            },
            Kind::Text => match choice {
                0 | 1 => {
                    let function = self.random.pick(&["lower", "upper", "trim", "hash"]);
                    format!("{function}({})", self.expr(Kind::Text, inner))
                }
                2 if self.name(Kind::Email, place).is_some() => "domain(mail)".into(),
                _ => self.leaf(kind, inner),
            },
            Kind::Country if choice < 3 && self.name(Kind::Ip, place).is_some() => "origin[ip]".into(),
            _ => self.leaf(kind, inner),
        }
    }

    fn fold(&mut self, function: &str, list: &str, place: Place) -> String {
        let condition = self.condition(Place { element: true, ..place });
        format!("{function}({list} where {condition})")
    }

    fn condition(&mut self, place: Place) -> String {
        let inner = place.deeper();
        if place.ends && !place.counted && !place.element && self.random.chance(12) {
            return self.sequence(place);
        }
        let has = |name: &str| self.named(place).iter().any(|(n, _)| *n == name);
        let (ip, net, words, numbers, items) =
            (has("ip"), has("net"), has("words"), has("numbers"), has("items"));
        let (text, country, how) = (has("u"), has("home"), has("way"));
        let labels = [
            ("buyer", "(buyer has label seen)"),
            ("payer", "(payer has label seen)"),
            ("device", "(device has label odd)"),
            ("ip", "(ip has label hot)"),
        ];
        let told = [
            ("buyer", "(buyer in friends)"),
            ("buyer", "(profile[buyer].n > 3)"),
            ("buyer", "(profile[buyer] is present)"),
            ("buyer", "(at during campaigns[buyer])"),
            ("payer", "(payer not in friends)"),
            ("payer", "(profile[payer].home == PL)"),
            ("device", "(pair[buyer, device].n is missing)"),
            ("since_when", "(since_when during closed)"),
            ("ip", "(ip in places)"),
            ("ip", "(ip in addresses)"),
            ("net", "(net in places)"),
            ("n", "(n in sizes)"),
            ("buyer", "(at during closed)"),
        ];
        let told: Vec<&str> = told.into_iter().filter(|t| has(t.0)).map(|t| t.1).collect();
        let labelled: Vec<&str> =
            labels.into_iter().filter(|label| has(label.0)).map(|label| label.1).collect();
        match self.random.below(if self.effects { 25 } else { 22 }) {
            22.. => self.random.pick(&labelled).into(),
            0..2 => format!("({} and {})", self.expr(Kind::Bool, inner), self.expr(Kind::Bool, inner)),
            2..4 => format!("({} or {})", self.expr(Kind::Bool, inner), self.expr(Kind::Bool, inner)),
            4 => format!("(not {})", self.expr(Kind::Bool, inner)),
            5 => {
                let missing = self.random.pick(&["missing", "present"]);
                let kind = COMPARED[self.random.below(COMPARED.len())];
                format!("({} is {missing})", self.expr(kind, inner))
            }
            6 => {
                let kind = [Kind::Int, Kind::Decimal, Kind::Money, Kind::Time][self.random.below(4)];
                let (value, low, high) =
                    (self.expr(kind, inner), self.leaf(kind, inner), self.leaf(kind, inner));
                format!("({value} between {low} and {high})")
            }
            7 if ip && net => "(ip in net)".into(),
            7 | 8 if ip => self.random.pick(&["is_private(ip)", "(ip in nets)", "(ip not in nets)"]).into(),
            9 if text => {
                let test = self.random.pick(&["contains", "starts with", "ends with"]);
                format!("(u {test} {})", self.expr(Kind::Text, inner))
            }
            10 if text => self
                .random
                .pick(&["(u matches /[a-z]+\\s/i)", "(u matches /^.b/)", "(u mentions spam)"])
                .into(),
            11 if text => {
                self.random.pick(&["(u in bad_words)", "(ranks[u] > 1)", "(u in [\"x\", u])"]).into()
            }
            12 if country => {
                self.random.pick(&["(home in good_countries)", "(home in [CN, DE])", "(home == PL)"]).into()
            }
            13 if words => self
                .random
                .pick(&["(words contains \"x\")", "(\"abc\" in words)", "(distinct(words) > 1)"])
                .into(),
            14 if numbers => {
                self.random.pick(&["(3 in numbers)", "(sum(numbers) > 3)", "(count(numbers) == 2)"]).into()
            }
            15 if items && !place.element => {
                let function = self.random.pick(&["any", "all"]);
                self.fold(function, "items", inner)
            }
            16 => {
                self.random.pick(&["(at during holidays)", "(buyer in known)", "(buyer not in known)"]).into()
            }
            17 if how => {
                self.random.pick(&["(way == card)", "(way in [cod, other])", "(way != wallet)"]).into()
            }
            18 | 19 if !told.is_empty() => self.random.pick(&told).into(),
            _ => self.comparison(inner),
        }
    }

    fn comparison(&mut self, place: Place) -> String {
        let kind = COMPARED[self.random.below(COMPARED.len())];
        let ordered = matches!(
            kind,
            Kind::Int | Kind::Decimal | Kind::Float | Kind::Time | Kind::Duration | Kind::Money | Kind::Usd
        );
        let op = if ordered {
            self.random.pick(&["==", "!=", "<", "<=", ">", ">="])
        } else {
            self.random.pick(&["==", "!="])
        };
        let (left, right) = match kind {
            Kind::Int if self.random.chance(20) => {
                (self.expr(Kind::Int, place), self.expr(Kind::Decimal, place))
            }
            Kind::Text
            | Kind::Int
            | Kind::Decimal
            | Kind::Time
            | Kind::Duration
            | Kind::Money
            | Kind::Usd => (self.expr(kind, place), self.expr(kind, place)),
            Kind::Float => match self.name(Kind::Float, place) {
                Some(name) => (name, "3.5".into()),
                None => ("distance_km(1.5, 2.5, 3.5, 4.5)".into(), "100.0".into()),
            },
            _ => {
                let Some(name) = self.name(kind, place) else { return self.leaf(Kind::Bool, place) };
                let value = match kind {
                    Kind::Country => self.random.pick(&["CN", "US", "home"]),
                    Kind::Currency => self.random.pick(&["USD", "EUR"]),
                    Kind::Ip => self.random.pick(&["\"10.0.0.1\"", "\"::1\""]),
                    Kind::Email => "\"a@example.com\"",
                    Kind::Enum => self.random.pick(&["card", "cod", "other"]),
                    _ => "\"b1\"",
                };
                let value =
                    if value == "home" && self.name(Kind::Country, place).is_none() { "PL" } else { value };
                (name, value.into())
            }
        };
        format!("({left} {op} {right})")
    }

    /// A question to a memory that gives this kind.
    fn aggregate(&mut self, kind: Kind, place: Place) -> Option<String> {
        if self.random.chance(12)
            && let Some(hits) = self.hits(kind, place)
        {
            return Some(hits);
        }
        let counted = self.random.below(EVENTS.len());
        let group = counted < 2 && self.random.chance(15);
        let there = Place {
            events: if group { (0, Some(1)) } else { (counted, None) },
            counted: true,
            element: false,
            ends: false,
            depth: 2,
        };
        let event = if group { "activity" } else { EVENTS[counted] };
        let fields = self.named(there);
        let of = |kinds: &[Kind], generator: &mut Self| -> Option<String> {
            let all: Vec<&str> =
                fields.iter().filter(|(_, k)| kinds.contains(k)).map(|(name, _)| *name).collect();
            if all.is_empty() { None } else { Some(format!("{event}.{}", generator.random.pick(&all))) }
        };
        let choice = self.random.below(7);
        let (function, value) = match kind {
            Kind::Bool => ("any", event.to_string()),
            Kind::Duration => ("since", event.to_string()),
            Kind::Int => match choice {
                0..3 => ("count", event.to_string()),
                3 | 4 => {
                    let kinds = [
                        Kind::Text,
                        Kind::Ip,
                        Kind::Country,
                        Kind::Enum,
                        Kind::Device,
                        Kind::Int,
                        Kind::Decimal,
                    ];
                    ("distinct", of(&kinds, self)?)
                }
                5 => ("sum", of(&[Kind::Int], self)?),
                _ => (
                    self.random.pick(&["min", "max", "first", "last", "percentile", "percentile"]),
                    of(&[Kind::Int], self)?,
                ),
            },
            Kind::Decimal => match choice {
                0 | 1 => ("avg", of(&[Kind::Int, Kind::Decimal], self)?),
                2 | 3 => ("stddev", of(&[Kind::Int, Kind::Decimal], self)?),
                _ => (
                    self.random.pick(&["sum", "min", "max", "first", "last", "percentile", "percentile"]),
                    of(&[Kind::Decimal], self)?,
                ),
            },
            Kind::Usd | Kind::Money => {
                let function = self.random.pick(&[
                    "sum",
                    "avg",
                    "min",
                    "max",
                    "stddev",
                    "first",
                    "last",
                    "percentile",
                    "percentile",
                ]);
                (function, of(&[Kind::Money, Kind::Usd], self)?)
            }
            Kind::Time => (
                self.random.pick(&["min", "max", "first", "last", "percentile", "percentile"]),
                format!("{event}.at"),
            ),
            Kind::Text => (self.random.pick(&["first", "last"]), of(&[Kind::Text], self)?),
            Kind::Country => ("last", of(&[Kind::Country], self)?),
            Kind::Ip => ("last", of(&[Kind::Ip], self)?),
            Kind::Buyer => ("last", of(&[Kind::Buyer], self)?),
            _ => return None,
        };
        if value.ends_with(".secret") && matches!(function, "first" | "last") && self.random.chance(80) {
            return None;
        }
        let filter = if self.random.chance(40) {
            format!(" where {}", self.expr(Kind::Bool, there))
        } else {
            String::new()
        };
        let spans = ["1s", "1m", "1h", "24h", "7d"];
        let span = self.random.pick(&spans);
        let this = self.random.pick(&[" including this", " before this"]);
        let mut by_key = format!(" by {}", self.key(place, there));
        let may_approx = matches!(function, "distinct" | "percentile") && kind != Kind::Time;
        let approx = if may_approx && self.random.chance(40) { "approx " } else { "" };
        let steps = if function == "percentile" && approx.is_empty() { 0 } else { 2 };
        let window = match self.random.below(10 + steps) {
            _ if function == "since" => format!("ever{this}"),
            0 | 1 => format!("ever{this}"),
            2 => format!(
                "over {}{this}",
                self.random.pick(&["today", "this week", "this month", "today in \"Europe/Warsaw\""])
            ),
            3 if approx.is_empty() => {
                format!("over {span} ending {} ago", self.random.pick(&["1s", "30m", "24h"]))
            }
            10.. => {
                if self.random.chance(20) {
                    by_key.clear();
                }
                let stepped = self.random.pick(&["1h step 1h", "24h step 6h", "2d step 5h", "7d step 1d"]);
                format!("over {stepped}{this}")
            }
            _ => format!("over {span}{this}"),
        };
        let rank = match function {
            "percentile" => self.random.pick(&[", 0", ", 50", ", 99.9", ", 100"]),
            _ => "",
        };
        Some(format!("({approx}{function}({value}{filter}{rank}){by_key} {window})"))
    }

    /// A question to the hits of earlier events.
    fn hits(&mut self, kind: Kind, place: Place) -> Option<String> {
        let what = match kind {
            Kind::Bool => "any(hit",
            Kind::Duration => "since(hit",
            Kind::Int => {
                let all = [
                    "count(hit",
                    "count(hit",
                    "count(hit",
                    "sum(hit.score",
                    "max(hit.score",
                    "last(hit.score",
                    "distinct(hit.rule",
                    "distinct(hit.outcome",
                    "distinct(hit.id",
                ];
                self.random.pick(&all)
            }
            Kind::Decimal => self.random.pick(&["avg(hit.score", "stddev(hit.score"]),
            Kind::Text => self.random.pick(&["first(hit.rule", "last(hit.rule", "last(hit.id"]),
            Kind::Buyer => "last(hit.buyer",
            Kind::Time => self.random.pick(&["max(hit.at", "first(hit.at", "last(hit.received_at"]),
            _ => return None,
        };
        let filter = self.hit_filter();
        let has = |name: &str| self.named(place).iter().any(|(n, _)| *n == name);
        let anywhere = |name: &str| self.fields.iter().flatten().any(|f| f.name == name);
        let mut keys = vec!["buyer", "buyer", "buyer", "hour(at)", "hour(at), buyer"];
        keys.extend(["device", "ip", "payer"].into_iter().filter(|name| has(name)));
        keys.extend(has("payer").then_some("payer = buyer"));
        keys.extend(anywhere("payer").then_some("buyer = payer"));
        let by = self.random.pick(&keys);
        let span = self.span();
        let window = match self.random.below(6) {
            _ if kind == Kind::Duration => "ever".into(),
            0 => "ever".into(),
            1 => format!("over {}", self.random.pick(&["today", "this week", "this month"])),
            2 => format!("over {span} ending {} ago", self.random.pick(&["1s", "30m", "24h"])),
            3 => format!("over {}", self.random.pick(&["1h step 1h", "24h step 6h", "7d step 1d"])),
            _ => format!("over {span}"),
        };
        Some(format!("({what}{filter}) by {by} {window})"))
    }

    fn hit_filter(&mut self) -> String {
        if !self.random.chance(60) {
            return String::new();
        }
        let rule = self.random.below(self.rules);
        let condition = match self.random.below(9) {
            0..3 => format!("rule == \"r{rule}\""),
            3 => format!("rule in [\"r0\", \"r{rule}\"]"),
            4 => self.random.pick(&["outcome == review", "outcome in [allow, warn]"]).into(),
            5 => self.random.pick(&["outcome is missing", "severity == high", "severity is missing"]).into(),
            6 => self.random.pick(&["score > 5", "score <= 0", "length(rule) == 2"]).into(),
            7 => {
                self.random.pick(&["buyer has label seen", "profile[buyer].n > 3", "buyer in friends"]).into()
            }
            _ => "hour(at) < 12".into(),
        };
        format!(" where {condition}")
    }

    fn filter(&mut self, event: usize) -> String {
        if !self.random.chance(30) {
            return String::new();
        }
        let there = Place { events: (event, None), counted: true, element: false, ends: false, depth: 2 };
        format!(" where {}", self.expr(Kind::Bool, there))
    }

    /// A key that all these events have.
    fn common_key(&mut self, events: &[usize]) -> String {
        let names = ["device", "t", "n", "home", "way", "ip", "flag"];
        let all = |name: &&str| events.iter().all(|e| self.fields[*e].iter().any(|f| f.name == *name));
        let shared: Vec<&str> = names.into_iter().filter(all).collect();
        match self.random.below(4) {
            0 if !shared.is_empty() => self.random.pick(&shared).into(),
            1 if !shared.is_empty() => format!("buyer, {}", self.random.pick(&shared)),
            _ => "buyer".into(),
        }
    }

    /// A sequence that ends with the event of this place.
    fn sequence(&mut self, place: Place) -> String {
        let mut events = Vec::new();
        let mut parts = Vec::new();
        let hits = self.random.chance(20);
        if hits {
            parts.push(format!("hit{}", self.hit_filter()));
        }
        for step in 0..1 + self.random.below(3) {
            if step > 0 && self.random.chance(40) {
                let event = self.random.below(EVENTS.len());
                events.push(event);
                parts.push(format!("not {}{}", EVENTS[event], self.filter(event)));
            }
            let event = self.random.below(EVENTS.len());
            events.push(event);
            parts.push(format!("{}{}", EVENTS[event], self.filter(event)));
        }
        if self.random.chance(40) {
            let event = self.random.below(EVENTS.len());
            events.push(event);
            parts.push(format!("not {}{}", EVENTS[event], self.filter(event)));
        }
        let (last, other) = place.events;
        events.push(last);
        events.extend(other);
        match other {
            Some(_) => parts.push("activity".into()),
            None => parts.push(format!("{}{}", EVENTS[last], self.filter(last))),
        }
        if hits && self.random.chance(30) {
            parts.insert(parts.len() - 1, format!("not hit{}", self.hit_filter()));
        }
        let span = self.span();
        // The only entity that every event has.
        let key = if hits { "buyer".into() } else { self.common_key(&events) };
        format!("sequence({}) by {key} within {span}", parts.join(", "))
    }

    /// What a rule on something that did not happen is on; `after` is the event that sets the deadline.
    fn absence(&mut self, after: usize) -> String {
        let absent = self.random.below(EVENTS.len());
        let span = self.random.pick(&["1s", "1m", "1h", "24h"]);
        let key = self.common_key(&[absent, after]);
        let (filter, trigger) = (self.filter(absent), self.filter(after));
        format!("no {}{filter} by {key} within {span} after {}{trigger}", EVENTS[absent], EVENTS[after])
    }

    fn key(&mut self, here: Place, there: Place) -> String {
        let (mine, theirs) = (self.named(here), self.named(there));
        let shared =
            |name: &str| mine.iter().any(|(n, _)| *n == name) && theirs.iter().any(|(n, _)| *n == name);
        let names =
            ["device", "t", "n", "d", "home", "how", "way", "ip", "secret", "mail", "cur", "usd", "flag"];
        let simple: Vec<&str> = names.into_iter().filter(|name| shared(name)).collect();
        match self.random.below(8) {
            0 | 1 if !simple.is_empty() => self.random.pick(&simple).into(),
            2 if !simple.is_empty() => format!("buyer, {}", self.random.pick(&simple)),
            3 if shared("ip") => "prefix(ip, 16)".into(),
            4 if mine.iter().any(|(n, _)| *n == "payer") => "payer = buyer".into(),
            5 => "hour(at)".into(),
            6 if shared("mail") => "domain(mail)".into(),
            _ => "buyer".into(),
        }
    }
}
