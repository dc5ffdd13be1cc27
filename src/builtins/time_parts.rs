//! `hour`, `weekday`, `date`, `month`: what a clock and a calendar on the wall show.

use std::sync::Arc;

use super::{Builtin, Context, ILL_TYPED, Signature, counted};
use crate::model::time::{Time, Zone};
use crate::model::types::{EnumType, Type};
use crate::model::value::{Unknown, Value};
use crate::model::window::Period;

pub(super) static HOUR: Builtin = Builtin {
    name: "hour",
    usage: "hour(time), hour(time, \"Europe/Warsaw\")",
    doc: "The hour of the day, 0 to 23, in the ruleset's zone or in the named one.",
    examples: &[
        ("hour(2026-11-11T10:30:00Z, \"UTC\")", "10"),
        ("hour(2026-11-11T10:30:00Z, \"Asia/Shanghai\")", "18"),
    ],
    signature: |arguments| signature(arguments, Type::Int),
    call: |arguments, context| part(arguments, context, |time, zone| Value::Int(time.hour(zone))),
    reveals: true,
};

pub(super) static WEEKDAY: Builtin = Builtin {
    name: "weekday",
    usage: "weekday(time), weekday(time, \"Europe/Warsaw\")",
    doc: "The day of the week, `mon` to `sun`, in the ruleset's zone or in the named one.",
    examples: &[
        ("weekday(2026-11-11T10:30:00Z, \"UTC\")", "wed"),
        ("weekday(2026-11-11T23:30:00Z, \"Asia/Shanghai\") == thu", "true"),
    ],
    signature: |arguments| {
        let values = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].map(Arc::from).to_vec();
        signature(arguments, Type::Enum(Arc::new(EnumType { values })))
    },
    call: |arguments, context| part(arguments, context, |time, zone| Value::Enum(time.weekday(zone))),
    reveals: true,
};

pub(super) static DATE: Builtin = Builtin {
    name: "date",
    usage: "date(time), date(time, \"Europe/Warsaw\")",
    doc: "The start of the day, in the ruleset's zone or in the named one: midnight, or the first moment of a day on \
          which a clock change skips midnight.",
    examples: &[
        ("date(2026-11-11T23:30:00Z, \"UTC\")", "2026-11-11 00:00:00"),
        ("date(2026-11-11T23:30:00Z, \"Asia/Shanghai\") == 2026-11-11T16:00:00Z", "true"),
    ],
    signature: |arguments| signature(arguments, Type::Time),
    call: |arguments, context| {
        part(arguments, context, |time, zone| Value::Time(time.start_of(Period::Day, zone)))
    },
    reveals: true,
};

pub(super) static MONTH: Builtin = Builtin {
    name: "month",
    usage: "month(time), month(time, \"Europe/Warsaw\")",
    doc: "The month, 1 to 12, in the ruleset's zone or in the named one.",
    examples: &[
        ("month(2026-11-11T10:30:00Z, \"UTC\")", "11"),
        ("month(2026-12-31T23:30:00Z, \"Europe/Warsaw\")", "1"),
    ],
    signature: |arguments| signature(arguments, Type::Int),
    call: |arguments, context| part(arguments, context, |time, zone| Value::Int(time.month(zone))),
    reveals: true,
};

fn signature(arguments: &[Type], result: Type) -> Result<Signature, String> {
    match arguments.len() {
        1 => Ok(Signature { parameters: vec![Type::Time], result }),
        2 => Ok(Signature { parameters: vec![Type::Time, Type::Text], result }),
        other => Err(counted(other, "a time and perhaps a zone")),
    }
}

/// A zone that does not exist gives no answer; the checker finds those written in rules.
fn part(
    arguments: &[Value],
    context: &Context<'_>,
    of: impl Fn(Time, &Zone) -> Value,
) -> Result<Value, Unknown> {
    match arguments {
        [Value::Time(time)] => Ok(of(*time, context.zone)),
        [Value::Time(time), Value::Text(name)] if **name == *context.zone.name() => {
            Ok(of(*time, context.zone))
        }
        [Value::Time(time), Value::Text(name)] => Ok(of(*time, &Zone::parse(name).ok_or(Unknown::Missing)?)),
        _ => Err(ILL_TYPED),
    }
}
