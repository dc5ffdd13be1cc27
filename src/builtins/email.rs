//! `domain`, `canonical`: parts of email addresses that tell people apart.

use super::{Builtin, ILL_TYPED, fixed};
use crate::model::types::Type;
use crate::model::value::Value;

pub(super) static DOMAIN: Builtin = Builtin {
    name: "domain",
    usage: "domain(email)",
    doc: "What stands after the last `@`, in lower case.",
    examples: &[("domain(\"Jo.Doe@Example.COM\")", "example.com")],
    signature: |arguments| fixed(arguments, [Type::Email], Type::Text),
    call: |arguments, _| match arguments {
        [Value::Text(email)] => Ok(Value::Text(split(email).1.to_lowercase().into())),
        _ => Err(ILL_TYPED),
    },
    reveals: true,
};

pub(super) static CANONICAL: Builtin = Builtin {
    name: "canonical",
    usage: "canonical(email)",
    doc: "The address that stands behind its spellings: lower case, without `+tag`; at Gmail also without dots, and \
          `googlemail.com` is `gmail.com`.",
    examples: &[
        ("canonical(\"Jo.Doe+shop@GoogleMail.com\")", "jodoe@gmail.com"),
        ("canonical(\"Jo.Doe+shop@example.com\")", "jo.doe@example.com"),
    ],
    signature: |arguments| fixed(arguments, [Type::Email], Type::Email),
    call: |arguments, _| match arguments {
        [Value::Text(email)] => Ok(Value::Text(canonical(email).into())),
        _ => Err(ILL_TYPED),
    },
    reveals: true,
};

fn split(email: &str) -> (&str, &str) {
    email.rsplit_once('@').unwrap_or((email, ""))
}

fn canonical(email: &str) -> String {
    let lower = email.to_lowercase();
    let (mailbox, domain) = split(&lower);
    // A tag without a mailbox before it is the mailbox.
    let mailbox = match mailbox.split_once('+') {
        Some((before, _)) if !before.is_empty() => before,
        _ => mailbox,
    };
    match domain {
        "" => mailbox.to_string(),
        "gmail.com" | "googlemail.com" => format!("{}@gmail.com", mailbox.replace('.', "")),
        _ => format!("{mailbox}@{domain}"),
    }
}
