//! `hash`, and the short hashes shown in place of sensitive values.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Builtin, ILL_TYPED, Signature, counted, text_like};
use crate::model::types::Type;
use crate::model::value::Value;

pub(super) static HASH: Builtin = Builtin {
    name: "hash",
    usage: "hash(text)",
    doc: "32 hex digits that stand for the text: the first half of HMAC-SHA-256 under the engine's `hash_key`. Without \
          the key nobody can tell the text from it or test guesses.",
    examples: &[("length(hash(\"4111111111111111\"))", "32"), ("hash(\"a\") == hash(\"A\")", "false")],
    signature: |arguments| match arguments {
        [text] => Ok(Signature { parameters: vec![text_like(text)], result: Type::Text }),
        _ => Err(counted(arguments.len(), "a text")),
    },
    call: |arguments, context| match arguments {
        [Value::Text(text)] => Ok(Value::Text(hash_text(context.hash_key, text).into())),
        _ => Err(ILL_TYPED),
    },
    reveals: false,
};

/// HMAC-SHA-256 under the key, the first 32 hex digits: what `hash(text)` gives.
pub fn hash_text(key: &[u8], text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length will do");
    mac.update(text.as_bytes());
    let digest = mac.finalize().into_bytes();
    let mut out = String::with_capacity(32);
    for byte in digest.iter().take(16) {
        for digit in [byte >> 4, byte & 15] {
            out.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    out
}
