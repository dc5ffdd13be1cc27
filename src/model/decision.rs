//! The decision about one event, as types and as JSON. Every executor gives these; this is the one place that
//! writes them.

mod effect;

use std::sync::Arc;

use super::time::Time;
pub use effect::{Argument, Effect, EffectKind};

/// The answer to one accepted event. [`Decision::to_json`] writes it as language.md §7 says.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The event's id; of a deadline that of the event that set it, `#` and the rule.
    pub event: Arc<str>,
    /// The name of the event's type; `deadline`.
    pub event_type: Arc<str>,
    /// When it happened, as the event says; when it fell due.
    pub at: Time,
    /// What to do: a name of the ruleset's ladder.
    pub outcome: Arc<str>,
    /// The sum over all hits.
    pub score: i64,
    /// The hits, by rule name.
    pub rules: Vec<Hit>,
    /// What shadow rules would have said.
    pub shadow: Vec<Hit>,
    /// Hits that something held back, by rule name.
    pub suppressed: Vec<Suppressed>,
    /// Rules that lacked something, by rule name.
    pub cannot_say: Vec<CannotSay>,
    /// What the host is to do, by rule and then as written.
    pub effects: Vec<Effect>,
    /// Windows that reach back to before anything was kept for them, of rules that hit or can't say: by rule, then by
    /// what is asked.
    pub warming: Vec<Warming>,
    /// Pointers of optional fields whose value was wrong.
    pub bad: Vec<String>,
    /// Older than the newest event of a key it writes.
    pub late: bool,
    /// The stored decision of an event that had been applied before.
    pub duplicate: bool,
    /// The event that had been applied before said something else.
    pub conflict: bool,
    /// Which ruleset decided.
    pub ruleset: Arc<Stamp>,
}

/// Which ruleset decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The name in the header, else that of the folder or file.
    pub name: String,
    /// The version in the header; empty without one.
    pub version: String,
    /// 16 hex digits of the SHA-256 of rules and data files.
    pub hash: String,
}

/// A rule that hit.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The rule's name.
    pub rule: Arc<str>,
    /// Absent for a hit by score only.
    pub outcome: Option<Arc<str>>,
    /// What it adds to the decision's score.
    pub score: i64,
    /// Why, for reviewers.
    pub because: Option<String>,
    /// Why, for the customer, by language.
    pub tell: Vec<(Arc<str>, String)>,
    /// Entity and value (a sensitive one as its short hash).
    pub about: Vec<(Arc<str>, String)>,
    /// As the rule lists them.
    pub tags: Arc<[String]>,
    /// `low`, `medium`, `high` or `critical`.
    pub severity: Option<&'static str>,
}

/// A hit that something held back.
#[derive(Clone, Debug, PartialEq)]
pub struct Suppressed {
    /// The rule's name.
    pub rule: Arc<str>,
    /// What it would have come to.
    pub outcome: Option<Arc<str>>,
    /// What it would have added.
    pub score: i64,
    /// `unless` or `mute`: then it is no hit. Or `once`: then it is one, but some of its effects were withheld.
    pub why: &'static str,
    /// The reason that the author gave.
    pub because: Option<String>,
    /// What `once` withheld, as it would have stood among the effects.
    pub withheld: Vec<Effect>,
}

/// A rule, band or effect that could not be judged, and what was missing, as the author wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CannotSay {
    /// The rule's name.
    pub rule: Arc<str>,
    /// In source order, as the author wrote it.
    pub missing: Vec<String>,
}

/// A window younger than its span: what came before its memory began may be missing in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warming {
    /// The name of the rule that asks.
    pub rule: Arc<str>,
    /// What it asks, as the author wrote it.
    pub memory: Arc<str>,
    /// When the memory came to be, in engine time.
    pub since: Time,
}

/// An event that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The event's id, if that much could be read.
    pub event: Option<String>,
    /// Its type, if that much could be read.
    pub event_type: Option<Arc<str>>,
    /// When it happened, if that much could be read.
    pub at: Option<Time>,
    /// The header's `rejects` outcome.
    pub outcome: Arc<str>,
    /// JSON pointer of what is wrong; empty for the whole line.
    pub pointer: String,
    /// What should stand there, such as a type.
    pub expected: String,
    /// A short piece of the input, or a short hash if the field is sensitive.
    pub found: String,
    /// Which ruleset could not read it.
    pub ruleset: Arc<Stamp>,
}

/// A decision in which nothing happened, borrowed from whoever made it.
#[derive(Copy, Clone, Debug)]
pub struct Quiet<'a> {
    /// As in [`Decision`].
    pub event: &'a str,
    /// As in [`Decision`].
    pub event_type: &'a str,
    /// As in [`Decision`].
    pub at: Time,
    /// As in [`Decision`].
    pub outcome: &'a str,
    /// As in [`Decision`].
    pub late: bool,
    /// As in [`Decision`].
    pub ruleset: &'a Arc<Stamp>,
}

impl Quiet<'_> {
    /// Appends the same bytes as [`Decision::write_json`] of the whole decision.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        write_head(out, self.event, self.event_type, self.at, self.outcome, 0);
        out.extend_from_slice(EMPTY_LISTS);
        write_tail(out, self.late, (false, false), self.ruleset);
    }

    /// The whole decision.
    pub fn to_decision(&self) -> Decision {
        Decision {
            event: self.event.into(),
            event_type: self.event_type.into(),
            at: self.at,
            outcome: self.outcome.into(),
            score: 0,
            rules: Vec::new(),
            shadow: Vec::new(),
            suppressed: Vec::new(),
            cannot_say: Vec::new(),
            effects: Vec::new(),
            warming: Vec::new(),
            bad: Vec::new(),
            late: self.late,
            duplicate: false,
            conflict: false,
            ruleset: self.ruleset.clone(),
        }
    }
}

/// Of most decisions.
const EMPTY_LISTS: &[u8] =
    b",\"rules\":[],\"shadow\":[],\"suppressed\":[],\"cannot_say\":[],\"effects\":[],\"warming\":[],\"bad\":[]";

fn write_head(out: &mut Vec<u8>, event: &str, event_type: &str, at: Time, outcome: &str, score: i64) {
    out.extend_from_slice(b"{\"v\":1,\"event\":");
    json::text(out, event);
    out.extend_from_slice(b",\"type\":");
    json::text(out, event_type);
    out.extend_from_slice(b",\"at\":\"");
    at.write(out);
    out.extend_from_slice(b"\",\"outcome\":");
    json::text(out, outcome);
    out.extend_from_slice(b",\"score\":");
    json::int(out, score);
}

fn write_tail(out: &mut Vec<u8>, late: bool, (duplicate, conflict): (bool, bool), ruleset: &Stamp) {
    out.extend_from_slice(b",\"late\":");
    json::bool(out, late);
    out.extend_from_slice(b",\"duplicate\":");
    json::bool(out, duplicate);
    if conflict {
        out.extend_from_slice(b",\"conflict\":true");
    }
    ruleset.write_member(out);
    out.push(b'}');
}

impl Decision {
    /// Appends the compact JSON of language.md §7, without a line end.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        write_head(out, &self.event, &self.event_type, self.at, &self.outcome, self.score);
        if self.is_quiet() && self.effects.is_empty() && self.bad.is_empty() {
            out.extend_from_slice(EMPTY_LISTS);
        } else {
            self.write_lists(out);
        }
        write_tail(out, self.late, (self.duplicate, self.conflict), &self.ruleset);
    }

    fn write_lists(&self, out: &mut Vec<u8>) {
        json::list(out, ",\"rules\":", &self.rules, Hit::write_json);
        json::list(out, ",\"shadow\":", &self.shadow, Hit::write_json);
        json::list(out, ",\"suppressed\":", &self.suppressed, Suppressed::write_json);
        json::list(out, ",\"cannot_say\":", &self.cannot_say, CannotSay::write_json);
        json::list(out, ",\"effects\":", &self.effects, Effect::write_json);
        json::list(out, ",\"warming\":", &self.warming, Warming::write_json);
        json::list(out, ",\"bad\":", &self.bad, |pointer, out| json::text(out, pointer));
    }

    /// Compact JSON, the same bytes for the same value.
    pub fn to_json(&self) -> String {
        let mut out = Vec::new();
        self.write_json(&mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    /// Nothing happened: no hit, no shadow hit, nothing suppressed, nothing unclear.
    pub fn is_quiet(&self) -> bool {
        self.rules.is_empty()
            && self.shadow.is_empty()
            && self.suppressed.is_empty()
            && self.cannot_say.is_empty()
    }
}

impl Reject {
    /// Appends the compact JSON of language.md §7, without a line end.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"v\":1,\"event\":");
        json::text_or_null(out, self.event.as_deref());
        out.extend_from_slice(b",\"type\":");
        json::text_or_null(out, self.event_type.as_deref());
        out.extend_from_slice(b",\"at\":");
        match self.at {
            Some(at) => {
                out.push(b'"');
                at.write(out);
                out.push(b'"');
            }
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b",\"outcome\":");
        json::text(out, &self.outcome);
        out.extend_from_slice(b",\"reject\":{\"pointer\":");
        json::text(out, &self.pointer);
        out.extend_from_slice(b",\"expected\":");
        json::text(out, &self.expected);
        out.extend_from_slice(b",\"found\":");
        json::text(out, &self.found);
        out.push(b'}');
        self.ruleset.write_member(out);
        out.push(b'}');
    }

    /// Compact JSON, the same bytes for the same value.
    pub fn to_json(&self) -> String {
        let mut out = Vec::new();
        self.write_json(&mut out);
        String::from_utf8(out).unwrap_or_default()
    }
}

impl Stamp {
    fn write_member(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b",\"ruleset\":{\"name\":");
        json::text(out, &self.name);
        out.extend_from_slice(b",\"version\":");
        json::text(out, &self.version);
        out.extend_from_slice(b",\"hash\":");
        json::text(out, &self.hash);
        out.push(b'}');
    }
}

impl Hit {
    fn write_json(&self, out: &mut Vec<u8>) {
        write_result(out, &self.rule, self.outcome.as_deref(), self.score);
        out.extend_from_slice(b",\"because\":");
        json::text_or_null(out, self.because.as_deref());
        json::object(out, ",\"tell\":", &self.tell, |text, out| json::text(out, text));
        json::object(out, ",\"about\":", &self.about, |value, out| json::text(out, value));
        json::list(out, ",\"tags\":", &self.tags, |tag, out| json::text(out, tag));
        out.extend_from_slice(b",\"severity\":");
        json::text_or_null(out, self.severity);
        out.push(b'}');
    }
}

impl Suppressed {
    fn write_json(&self, out: &mut Vec<u8>) {
        write_result(out, &self.rule, self.outcome.as_deref(), self.score);
        out.extend_from_slice(b",\"why\":");
        json::text(out, self.why);
        out.extend_from_slice(b",\"because\":");
        json::text_or_null(out, self.because.as_deref());
        if !self.withheld.is_empty() {
            json::list(out, ",\"withheld\":", &self.withheld, Effect::write_json);
        }
        out.push(b'}');
    }
}

/// The opening of a hit and of a suppressed hit.
fn write_result(out: &mut Vec<u8>, rule: &str, outcome: Option<&str>, score: i64) {
    out.extend_from_slice(b"{\"rule\":");
    json::text(out, rule);
    out.extend_from_slice(b",\"outcome\":");
    json::text_or_null(out, outcome);
    out.extend_from_slice(b",\"score\":");
    json::int(out, score);
}

impl CannotSay {
    fn write_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"rule\":");
        json::text(out, &self.rule);
        json::list(out, ",\"missing\":", &self.missing, |what, out| json::text(out, what));
        out.push(b'}');
    }
}

impl Warming {
    fn write_json(&self, out: &mut Vec<u8>) {
        json::member(out, "{\"rule\":", &self.rule);
        json::member(out, ",\"memory\":", &self.memory);
        out.extend_from_slice(b",\"since\":\"");
        self.since.write(out);
        out.extend_from_slice(b"\"}");
    }
}

/// The few pieces of JSON that a decision is made of, appended to bytes.
mod json {
    /// A quoted string: `"`, `\` and control characters escaped, everything else as it is.
    pub fn text(out: &mut Vec<u8>, text: &str) {
        out.push(b'"');
        let bytes = text.as_bytes();
        let special = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
        // Without a way out in the middle of a chunk, all its bytes are looked at together.
        let (chunks, rest) = bytes.as_chunks::<8>();
        let any_in = |chunk: &[u8; 8]| chunk.iter().fold(false, |any, byte| any | special(byte));
        if !chunks.iter().any(any_in) && !rest.iter().any(special) {
            out.extend_from_slice(bytes);
            return out.push(b'"');
        }
        let mut written = 0;
        for (i, byte) in bytes.iter().enumerate() {
            if !special(byte) {
                continue;
            }
            out.extend_from_slice(&bytes[written..i]);
            written = i + 1;
            escape(out, *byte);
        }
        out.extend_from_slice(&bytes[written..]);
        out.push(b'"');
    }

    fn escape(out: &mut Vec<u8>, byte: u8) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let short = match byte {
            b'"' | b'\\' => byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x08 => b'b',
            0x0c => b'f',
            _ => {
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
                return;
            }
        };
        out.extend_from_slice(&[b'\\', short]);
    }

    /// A member of an object, with all that stands before its text.
    pub fn member(out: &mut Vec<u8>, head: &str, value: &str) {
        out.extend_from_slice(head.as_bytes());
        text(out, value);
    }

    pub fn text_or_null(out: &mut Vec<u8>, value: Option<&str>) {
        match value {
            Some(value) => text(out, value),
            None => out.extend_from_slice(b"null"),
        }
    }

    pub fn bool(out: &mut Vec<u8>, value: bool) {
        out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    pub fn int(out: &mut Vec<u8>, value: i64) {
        let mut digits = [0; 20];
        let mut start = digits.len();
        let mut rest = value.unsigned_abs();
        loop {
            start -= 1;
            digits[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if value < 0 {
            out.push(b'-');
        }
        out.extend_from_slice(&digits[start..]);
    }

    /// The shortest digits that read back as the same float; floats of the language are finite.
    pub fn float(out: &mut Vec<u8>, value: f64) {
        use std::io::Write;
        if value.is_finite() {
            // Writing to bytes in memory can't fail.
            let _ = write!(out, "{value:?}");
        } else {
            out.extend_from_slice(b"null");
        }
    }

    pub fn list<T>(out: &mut Vec<u8>, head: &str, items: &[T], each: impl Fn(&T, &mut Vec<u8>)) {
        out.extend_from_slice(head.as_bytes());
        out.push(b'[');
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            each(item, out);
        }
        out.push(b']');
    }

    pub fn object<T>(
        out: &mut Vec<u8>,
        head: &str,
        members: &[(std::sync::Arc<str>, T)],
        each: impl Fn(&T, &mut Vec<u8>),
    ) {
        out.extend_from_slice(head.as_bytes());
        out.push(b'{');
        for (i, (key, value)) in members.iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            text(out, key);
            out.push(b':');
            each(value, out);
        }
        out.push(b'}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp() -> Arc<Stamp> {
        Arc::new(Stamp {
            name: "market \"place\"".into(),
            version: "2026.11.1".into(),
            hash: "0123456789abcdef".into(),
        })
    }

    fn hit(rule: &str) -> Hit {
        Hit {
            rule: rule.into(),
            outcome: None,
            score: -5,
            because: None,
            tell: Vec::new(),
            about: Vec::new(),
            tags: Arc::from([]),
            severity: None,
        }
    }

    fn quiet() -> Decision {
        let quiet = Quiet {
            event: "e-17",
            event_type: "order",
            at: Time(1_794_391_200_000_000),
            outcome: "allow",
            late: false,
            ruleset: &stamp(),
        };
        quiet.to_decision()
    }

    const RULESET: &str =
        r#""ruleset":{"name":"market \"place\"","version":"2026.11.1","hash":"0123456789abcdef"}}"#;

    #[test]
    fn a_quiet_decision_lists_everything_as_empty() {
        let expected = format!(
            "{}{}{RULESET}",
            r#"{"v":1,"event":"e-17","type":"order","at":"2026-11-11T10:00:00Z","outcome":"allow","score":0,"#,
            r#""rules":[],"shadow":[],"suppressed":[],"cannot_say":[],"effects":[],"warming":[],"bad":[],"late":false,"duplicate":false,"#,
        );
        assert_eq!(quiet().to_json(), expected);
        assert!(quiet().is_quiet());
    }

    #[test]
    fn a_full_decision_has_its_keys_in_order() {
        let full = Hit {
            outcome: Some("review".into()),
            score: 60,
            because: Some("line\none \u{1}".into()),
            tell: vec![("en".into(), "Hello".into()), ("zh".into(), "您好".into())],
            about: vec![("buyer".into(), "b1".into())],
            tags: Arc::from(["account".to_string(), "new".to_string()]),
            severity: Some("high"),
            ..hit("new_account")
        };
        let decision = Decision {
            outcome: "review".into(),
            score: 55,
            rules: vec![full, hit("scored")],
            shadow: vec![hit("tried")],
            suppressed: vec![Suppressed {
                rule: "held".into(),
                outcome: Some("block".into()),
                score: 90,
                why: "unless",
                because: Some("long history".into()),
                withheld: Vec::new(),
            }],
            cannot_say: vec![CannotSay {
                rule: "far".into(),
                missing: vec!["ip_country[ip]".into(), "a / b (division by zero)".into()],
            }],
            effects: vec![Effect {
                rule: "new_account".into(),
                kind: EffectKind::Do {
                    action: "report".into(),
                    arguments: vec![
                        ("order".into(), Argument::Text("o-3".into())),
                        ("n".into(), Argument::Number(i64::MIN)),
                        ("sure".into(), Argument::Bool(true)),
                        ("km".into(), Argument::Float(1.5)),
                    ],
                    key: "00ff00ff00ff00ff".into(),
                },
            }],
            warming: vec![Warming {
                rule: "new_account".into(),
                memory: "count(order where note == \"\\n\") by buyer over 30d".into(),
                since: Time(0),
            }],
            bad: vec!["/ship_country".into(), "/items/0/price".into()],
            late: true,
            duplicate: true,
            ..quiet()
        };
        let expected = [
            r#"{"v":1,"event":"e-17","type":"order","at":"2026-11-11T10:00:00Z","outcome":"review","score":55,"#,
            r#""rules":[{"rule":"new_account","outcome":"review","score":60,"because":"line\none \u0001","#,
            r#""tell":{"en":"Hello","zh":"您好"},"about":{"buyer":"b1"},"tags":["account","new"],"severity":"high"},"#,
            r#"{"rule":"scored","outcome":null,"score":-5,"because":null,"tell":{},"about":{},"tags":[],"severity":null}],"#,
            r#""shadow":[{"rule":"tried","outcome":null,"score":-5,"because":null,"tell":{},"about":{},"tags":[],"severity":null}],"#,
            r#""suppressed":[{"rule":"held","outcome":"block","score":90,"why":"unless","because":"long history"}],"#,
            r#""cannot_say":[{"rule":"far","missing":["ip_country[ip]","a / b (division by zero)"]}],"#,
            r#""effects":[{"rule":"new_account","do":"report","args":{"order":"o-3","n":-9223372036854775808,"sure":true,"km":1.5},"once":"00ff00ff00ff00ff"}],"#,
            r#""warming":[{"rule":"new_account","memory":"count(order where note == \"\\n\") by buyer over 30d","#,
            r#""since":"1970-01-01T00:00:00Z"}],"#,
            r#""bad":["/ship_country","/items/0/price"],"late":true,"duplicate":true,"#,
            RULESET,
        ]
        .concat();
        assert_eq!(decision.to_json(), expected);
        assert!(serde_json::from_str::<serde_json::Value>(&expected).is_ok());
    }

    #[test]
    fn a_reject_says_null_for_what_could_not_be_read() {
        let reject = Reject {
            event: Some("e-17".into()),
            event_type: Some("order".into()),
            at: None,
            outcome: "review".into(),
            pointer: "/amount".into(),
            expected: "money".into(),
            found: "null".into(),
            ruleset: stamp(),
        };
        let head = r#"{"v":1,"event":"e-17","type":"order","at":null,"outcome":"review","#;
        let body = r#""reject":{"pointer":"/amount","expected":"money","found":"null"},"#;
        assert_eq!(reject.to_json(), format!("{head}{body}{RULESET}"));
    }

    proptest::proptest! {
        #[test]
        fn texts_and_numbers_read_back(text in ".*", controls in "[\\x00-\\x20\"\\\\]*", number: i64, float: f64) {
            let mut out = Vec::new();
            for piece in [&text, &controls] {
                out.clear();
                json::text(&mut out, piece);
                proptest::prop_assert_eq!(&serde_json::from_slice::<String>(&out).unwrap(), piece);
            }
            out.clear();
            json::int(&mut out, number);
            proptest::prop_assert_eq!(serde_json::from_slice::<i64>(&out).unwrap(), number);
            out.clear();
            json::float(&mut out, float);
            let written = std::str::from_utf8(&out).unwrap();
            proptest::prop_assert!(serde_json::from_str::<serde_json::Value>(written).is_ok());
            proptest::prop_assert_eq!(written.parse().ok(), float.is_finite().then_some(float));
        }
    }
}
