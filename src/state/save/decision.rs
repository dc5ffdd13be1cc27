//! Decisions as bytes; the names in them are those of the time when they were made.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Bytes, Fault, Out};
use crate::model::decision::{
    Argument, CannotSay, Decision, Effect, EffectKind, Hit, Stamp, Suppressed, Warming,
};

const SEVERITIES: [&str; 4] = ["low", "medium", "high", "critical"];
const REASONS: [&str; 3] = ["unless", "mute", "once"];

/// Names that come again and again, each kept once.
#[derive(Debug, Default)]
pub struct Names {
    known: HashSet<Arc<str>>,
}

impl Names {
    pub fn read(&mut self, bytes: &mut Bytes<'_>) -> Result<Arc<str>, Fault> {
        let text = bytes.text()?;
        if let Some(known) = self.known.get(text) {
            return Ok(known.clone());
        }
        let name: Arc<str> = text.into();
        self.known.insert(name.clone());
        Ok(name)
    }
}

/// Everything but by which ruleset it was made.
pub fn write_decision(out: &mut Out, decision: &Decision) {
    out.text(&decision.event);
    out.text(&decision.event_type);
    out.time(decision.at);
    out.text(&decision.outcome);
    out.i64(decision.score);
    out.list(&decision.rules, write_hit);
    out.list(&decision.shadow, write_hit);
    out.list(&decision.suppressed, |out, held| {
        out.text(&held.rule);
        out.option(held.outcome.as_deref(), Out::text);
        out.i64(held.score);
        write_word(out, &REASONS, held.why);
        out.option(held.because.as_deref(), Out::text);
        out.list(&held.withheld, write_effect);
    });
    out.list(&decision.cannot_say, |out, unclear| {
        out.text(&unclear.rule);
        out.list(&unclear.missing, |out, missing| out.text(missing));
    });
    out.list(&decision.effects, write_effect);
    out.list(&decision.warming, |out, warming| {
        out.text(&warming.rule);
        out.text(&warming.memory);
        out.time(warming.since);
    });
    out.list(&decision.bad, |out, pointer| out.text(pointer));
    out.flag(decision.late);
    out.flag(decision.duplicate);
    out.flag(decision.conflict);
}

pub fn read_decision(
    bytes: &mut Bytes<'_>,
    names: &mut Names,
    ruleset: &Arc<Stamp>,
) -> Result<Decision, Fault> {
    Ok(Decision {
        event: bytes.text()?.into(),
        event_type: names.read(bytes)?,
        at: bytes.time()?,
        outcome: names.read(bytes)?,
        score: bytes.i64()?,
        rules: bytes.list(|bytes| read_hit(bytes, names))?,
        shadow: bytes.list(|bytes| read_hit(bytes, names))?,
        suppressed: bytes.list(|bytes| {
            Ok(Suppressed {
                rule: names.read(bytes)?,
                outcome: bytes.option(|bytes| names.read(bytes))?,
                score: bytes.i64()?,
                why: read_word(bytes, &REASONS)?,
                because: bytes.option(|bytes| Ok(bytes.text()?.to_string()))?,
                withheld: bytes.list(|bytes| read_effect(bytes, names))?,
            })
        })?,
        cannot_say: bytes.list(|bytes| {
            Ok(CannotSay {
                rule: names.read(bytes)?,
                missing: bytes.list(|bytes| Ok(bytes.text()?.to_string()))?,
            })
        })?,
        effects: bytes.list(|bytes| read_effect(bytes, names))?,
        warming: bytes.list(|bytes| {
            Ok(Warming { rule: names.read(bytes)?, memory: names.read(bytes)?, since: bytes.time()? })
        })?,
        bad: bytes.list(|bytes| Ok(bytes.text()?.to_string()))?,
        late: bytes.flag()?,
        duplicate: bytes.flag()?,
        conflict: bytes.flag()?,
        ruleset: ruleset.clone(),
    })
}

fn write_word(out: &mut Out, words: &[&str], word: &str) {
    out.u8(words.iter().position(|known| *known == word).map_or(u8::MAX, |place| place as u8));
}

fn read_word(bytes: &mut Bytes<'_>, words: &[&'static str]) -> Result<&'static str, Fault> {
    let place = usize::from(bytes.u8()?);
    words.get(place).copied().ok_or_else(|| Fault::of("a word is none of those that can stand there"))
}

fn write_hit(out: &mut Out, hit: &Hit) {
    out.text(&hit.rule);
    out.option(hit.outcome.as_deref(), Out::text);
    out.i64(hit.score);
    out.option(hit.because.as_deref(), Out::text);
    for texts in [&hit.tell, &hit.about] {
        out.list(texts, |out, (name, text)| {
            out.text(name);
            out.text(text);
        });
    }
    out.list(&hit.tags, |out, tag| out.text(tag));
    out.option(hit.severity, |out, severity| write_word(out, &SEVERITIES, severity));
}

fn read_hit(bytes: &mut Bytes<'_>, names: &mut Names) -> Result<Hit, Fault> {
    let texts = |bytes: &mut Bytes<'_>, names: &mut Names| {
        bytes.list(|b| Ok((names.read(b)?, b.text()?.to_string())))
    };
    Ok(Hit {
        rule: names.read(bytes)?,
        outcome: bytes.option(|bytes| names.read(bytes))?,
        score: bytes.i64()?,
        because: bytes.option(|bytes| Ok(bytes.text()?.to_string()))?,
        tell: texts(bytes, names)?,
        about: texts(bytes, names)?,
        tags: bytes.list(|bytes| Ok(bytes.text()?.to_string()))?.into(),
        severity: bytes.option(|bytes| read_word(bytes, &SEVERITIES))?,
    })
}

fn write_arguments(out: &mut Out, arguments: &[(Arc<str>, Argument)]) {
    out.list(arguments, |out, (name, argument)| {
        out.text(name);
        match argument {
            Argument::Text(text) => {
                out.u8(0);
                out.text(text);
            }
            Argument::Number(number) => {
                out.u8(1);
                out.i64(*number);
            }
            Argument::Bool(value) => {
                out.u8(2);
                out.flag(*value);
            }
            Argument::Float(number) => {
                out.u8(3);
                out.u64(number.to_bits());
            }
        }
    });
}

fn read_arguments(bytes: &mut Bytes<'_>, names: &mut Names) -> Result<Vec<(Arc<str>, Argument)>, Fault> {
    bytes.list(|bytes| {
        let name = names.read(bytes)?;
        let argument = match bytes.u8()? {
            0 => Argument::Text(bytes.text()?.to_string()),
            1 => Argument::Number(bytes.i64()?),
            2 => Argument::Bool(bytes.flag()?),
            3 => Argument::Float(f64::from_bits(bytes.u64()?)),
            _ => return Err(Fault::of("an argument is of no type that arguments have")),
        };
        Ok((name, argument))
    })
}

fn write_effect(out: &mut Out, effect: &Effect) {
    out.text(&effect.rule);
    match &effect.kind {
        EffectKind::Do { action, arguments, key } => {
            out.u8(0);
            out.text(action);
            write_arguments(out, arguments);
            out.text(key);
        }
        EffectKind::Label { label, on, key, until } => {
            out.u8(1);
            [&**label, on, key].iter().for_each(|text| out.text(text));
            out.option(*until, Out::time);
        }
        EffectKind::Unlabel { label, on, key } => {
            out.u8(2);
            [&**label, on, key].iter().for_each(|text| out.text(text));
        }
        EffectKind::Mute { muted, by, until } => {
            out.u8(3);
            out.text(muted);
            write_arguments(out, by);
            out.time(*until);
        }
    }
}

fn read_effect(bytes: &mut Bytes<'_>, names: &mut Names) -> Result<Effect, Fault> {
    let rule = names.read(bytes)?;
    let kind = match bytes.u8()? {
        0 => EffectKind::Do {
            action: names.read(bytes)?,
            arguments: read_arguments(bytes, names)?,
            key: bytes.text()?.to_string(),
        },
        1 => EffectKind::Label {
            label: names.read(bytes)?,
            on: names.read(bytes)?,
            key: bytes.text()?.to_string(),
            until: bytes.option(Bytes::time)?,
        },
        2 => EffectKind::Unlabel {
            label: names.read(bytes)?,
            on: names.read(bytes)?,
            key: bytes.text()?.to_string(),
        },
        3 => EffectKind::Mute {
            muted: names.read(bytes)?,
            by: read_arguments(bytes, names)?,
            until: bytes.time()?,
        },
        _ => return Err(Fault::of("an effect is none that there is")),
    };
    Ok(Effect { rule, kind })
}
