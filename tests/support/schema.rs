//! What generated rulesets speak about: fields of every type, data of every kind, and values that hurt.

use super::random::Random;

/// A static type, as the generator needs to know it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Bool,
    Int,
    Decimal,
    Float,
    Text,
    Time,
    Duration,
    Money,
    Usd,
    Country,
    Currency,
    Ip,
    Cidr,
    Email,
    Phone,
    Enum,
    Buyer,
    Device,
    Texts,
    Numbers,
    Items,
    Place,
}

pub struct Field {
    pub name: &'static str,
    pub kind: Kind,
    pub optional: bool,
    pub declaration: &'static str,
}

const fn field(name: &'static str, kind: Kind, optional: bool, declaration: &'static str) -> Field {
    Field { name, kind, optional, declaration }
}

/// Every event has some of these; one that two events have is of one type in both.
pub const FIELDS: &[Field] = &[
    field("buyer", Kind::Buyer, false, "buyer: buyer"),
    field("payer", Kind::Buyer, true, "payer: buyer?"),
    field("device", Kind::Device, true, "device: device?"),
    field("secret", Kind::Text, true, "secret: text? sensitive"),
    field("flag", Kind::Bool, false, "flag: bool"),
    field("maybe", Kind::Bool, true, "maybe: bool?"),
    field("n", Kind::Int, false, "n: int"),
    field("m", Kind::Int, true, "m: int?"),
    field("d", Kind::Decimal, false, "d: decimal"),
    field("e", Kind::Decimal, true, "e: decimal?"),
    field("f", Kind::Float, true, "f: float?"),
    field("t", Kind::Text, false, "t: text public"),
    field("u", Kind::Text, true, "u: text?"),
    field("since_when", Kind::Time, true, "since_when: time?"),
    field("took", Kind::Duration, true, "took: duration?"),
    field("amount", Kind::Money, false, "amount: money"),
    field("fee", Kind::Money, true, "fee: money?"),
    field("usd", Kind::Usd, true, "usd: money(USD)?"),
    field("home", Kind::Country, true, "home: country?"),
    field("cur", Kind::Currency, true, "cur: currency?"),
    field("ip", Kind::Ip, true, "ip: ip?"),
    field("net", Kind::Cidr, true, "net: cidr?"),
    field("mail", Kind::Email, true, "mail: email?"),
    field("tel", Kind::Phone, true, "tel: phone?"),
    field("how", Kind::Enum, false, "how: enum { card, wallet, cod, other }"),
    field("way", Kind::Enum, true, "way: enum { card, wallet, cod, other }?"),
    field("words", Kind::Texts, true, "words: list<text>?"),
    field("numbers", Kind::Numbers, false, "numbers: list<int>"),
    field(
        "items",
        Kind::Items,
        false,
        "items: list<record { sku: text, category: text?, price: money, weight: decimal?, quantity: int }>",
    ),
    field("place", Kind::Place, true, "place: record { city: text, zip: text?, floor: int? }?"),
];

pub const EVENTS: &[&str] = &["order", "login", "refund"];

/// Declarations that every generated ruleset has.
pub const DATA: &str = r#"
entity buyer
entity device
entity ip: ip

list good_countries: country = [CN, PL, US]
list bad_words: text = ["x", "free money", "ü"]
list known: buyer = ["b1", "b2"]
list nets: cidr = ["10.0.0.0/8", "192.168.1.0/24"]
list friends: buyer extern
list places: cidr extern
list addresses: ip extern
list sizes: int extern
event told { buyer: buyer, device: device?, n: int?, home: country?, from: time?, until: time? }
table profile: buyer from told
table pair: buyer, device from told
calendar campaigns from told by buyer
calendar closed from told
table origin: cidr -> country from "origin.csv"
table ranks: text -> int from "ranks.csv"

phrases spam from "spam.txt"
calendar holidays from "holidays.csv"
rates from "rates.csv"
action report(who: buyer, what: enum { good, bad }, how_many: int, how_much: money)
action note(text: text, ratio: decimal, flag: bool)
label seen on buyer
label odd on device
label hot on ip
"#;

pub const FILES: &[(&str, &str)] = &[
    ("origin.csv", "10.0.0.0/8,CN\n10.1.0.0/16,PL\n203.0.113.0/24,US\n2001:db8::/32,DE\n"),
    ("ranks.csv", "x,1\nfree money,2\nabc,9223372036854775807\n"),
    ("spam.txt", "free money\nwechat ~loose\n加微信\n"),
    (
        "holidays.csv",
        "name,from,until,timezone\nnew year,2026-01-01,2026-01-03,UTC\nspring,2026-01-05T06:00:00,2026-01-05T18:00:00,Asia/Shanghai\n",
    ),
    (
        "rates.csv",
        "date,from,to,rate\n2025-12-30,EUR,USD,1.1\n2026-01-02,EUR,USD,1.25\n2026-01-01,CNY,USD,0.14\n",
    ),
];

/// The fields of the event that fills tables and calendars.
pub const TOLD: &[Field] = &[
    field("buyer", Kind::Buyer, false, ""),
    field("device", Kind::Device, true, ""),
    field("n", Kind::Int, true, ""),
    field("home", Kind::Country, true, ""),
    field("from", Kind::Time, true, ""),
    field("until", Kind::Time, true, ""),
];

/// Lists that lines fill.
pub const FILLED: &[(&str, Kind)] = &[
    ("friends", Kind::Buyer),
    ("places", Kind::Cidr),
    ("addresses", Kind::Ip),
    ("sizes", Kind::Int),
    // Not one of them.
    ("known", Kind::Buyer),
    ("freinds", Kind::Buyer),
];

const TEXTS: &[&str] = &[
    "",
    " ",
    "x",
    "abc",
    "Free Money now",
    "f r e e",
    "w e c h a t",
    "加 微 信",
    "ü",
    "Ünïcode ß",
    "a\"b\\c\n\t",
    "x@y.z",
    // What a field that names a rule to mute may say.
    "r0",
    "r1",
    "r2",
];

/// A value of a kind as JSON text, now and then a wrong one.
pub fn json(kind: Kind, random: &mut Random) -> String {
    if random.chance(2) {
        let wrong = ["{}", "[]", "\"?\"", "1e400", "true", "\"\"", "\" \"", "-0", "3.5", "\"NaN\""];
        return random.pick(&wrong).to_string();
    }
    match kind {
        Kind::Bool => random.pick(&["true", "false"]).to_string(),
        Kind::Int => match random.below(8) {
            0 => random
                .pick(&["9223372036854775807", "-9223372036854775808", "-1", "4611686018427387904"])
                .to_string(),
            _ => random.below(12).to_string(),
        },
        Kind::Decimal => match random.below(8) {
            0 => random
                .pick(&[
                    "9223372036854.775807",
                    "-9223372036854.775808",
                    "0.000001",
                    "-0.5",
                    "1e-7",
                    "\"2.5\"",
                    "1e3",
                ])
                .to_string(),
            _ => format!("{}.{}", random.below(20), random.below(1000)),
        },
        Kind::Float => match random.below(6) {
            0 => random.pick(&["1.7976931348623157e308", "-0.0", "5e-324", "1e100"]).to_string(),
            _ => format!("{}.{}", random.below(90), random.below(1000)),
        },
        Kind::Text => quoted(random.pick(TEXTS)),
        Kind::Time => match random.below(8) {
            0 => random
                .pick(&[
                    "\"0001-01-01T00:00:00Z\"",
                    "\"9999-12-31T23:59:59.999999Z\"",
                    "\"2024-02-29T23:59:59-12:00\"",
                ])
                .to_string(),
            _ => format!("\"2026-01-0{}T{:02}:00:00+08:00\"", 1 + random.below(9), random.below(24)),
        },
        Kind::Duration => quoted(random.pick(&["90s", "24h", "0s", "250ms", "3d"])),
        Kind::Money => match random.below(8) {
            0 => random
                .pick(&[
                    "\"9223372036854.775807 USD\"",
                    "\"-9223372036854.775808 USD\"",
                    "{\"amount\":\"1\",\"currency\":\"GBP\"}",
                    "\"0 usd\"",
                ])
                .to_string(),
            1 => format!("{{\"amount\":{}.5,\"currency\":\"EUR\"}}", random.below(50)),
            2 => format!("\"{}.25 CNY\"", random.below(500)),
            _ => format!("\"{}.{} USD\"", random.below(50), random.below(100)),
        },
        Kind::Usd => format!("\"{}.{} USD\"", random.below(50), random.below(100)),
        Kind::Country => quoted(random.pick(&["CN", "PL", "us", "DE", "GB"])),
        Kind::Currency => quoted(random.pick(&["USD", "eur", "CNY", "JPY"])),
        Kind::Ip => quoted(random.pick(&[
            "10.0.0.1",
            "10.1.2.3",
            "203.0.113.9",
            "192.168.1.77",
            "::ffff:10.0.0.1",
            "2001:db8::1",
            "8.8.8.8",
            "127.0.0.1",
        ])),
        Kind::Cidr => quoted(random.pick(&["10.0.0.0/8", "192.168.1.0/24", "0.0.0.0/0", "2001:db8::/32"])),
        Kind::Email => quoted(random.pick(&["a@example.com", "A.B+c@Example.COM", "x@mailinator.com"])),
        Kind::Phone => quoted(random.pick(&["+48123456789", "+86 138 0000 0000"])),
        Kind::Enum => quoted(random.pick(&["card", "wallet", "cod", "other", "crypto"])),
        Kind::Buyer => random.pick(&["\"b1\"", "\"b2\"", "\"b3\"", "7", "\"7\""]).to_string(),
        Kind::Device => random.pick(&["\"d1\"", "\"d2\""]).to_string(),
        Kind::Texts => list(random, |random| json(Kind::Text, random)),
        Kind::Numbers => list(random, |random| json(Kind::Int, random)),
        Kind::Items => list(random, |random| {
            let mut parts = vec![
                format!("\"sku\":{}", quoted(random.pick(&["s1", "s2", "s3"]))),
                format!("\"price\":{}", json(Kind::Money, random)),
                format!("\"quantity\":{}", json(Kind::Int, random)),
            ];
            if random.chance(60) {
                parts.push(format!("\"category\":{}", json(Kind::Text, random)));
            }
            if random.chance(60) {
                parts.push(format!("\"weight\":{}", json(Kind::Decimal, random)));
            }
            format!("{{{}}}", parts.join(","))
        }),
        Kind::Place => {
            let mut parts = vec![format!("\"city\":{}", json(Kind::Text, random))];
            if random.chance(50) {
                parts.push(format!("\"zip\":{}", json(Kind::Text, random)));
            }
            if random.chance(50) {
                parts.push(format!("\"floor\":{}", json(Kind::Int, random)));
            }
            format!("{{{}}}", parts.join(","))
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn list(random: &mut Random, mut item: impl FnMut(&mut Random) -> String) -> String {
    let items: Vec<String> = (0..random.below(4)).map(|_| item(random)).collect();
    format!("[{}]", items.join(","))
}
