//! `amount`, `currency`: the two halves of money.

use super::{Builtin, ILL_TYPED, fixed};
use crate::model::types::Type;
use crate::model::value::Value;

pub(super) static AMOUNT: Builtin = Builtin {
    name: "amount",
    usage: "amount(money)",
    doc: "The number of an amount of money, without its currency. Convert first (`amount(total as USD)`) where \
          currencies may differ.",
    examples: &[("amount(12.50 USD)", "12.5")],
    signature: |arguments| fixed(arguments, [money_like(arguments)], Type::Decimal),
    call: |arguments, _| match arguments {
        [Value::Money(money)] => Ok(Value::Decimal(money.amount)),
        _ => Err(ILL_TYPED),
    },
    reveals: true,
};

pub(super) static CURRENCY: Builtin = Builtin {
    name: "currency",
    usage: "currency(money)",
    doc: "The currency of an amount of money.",
    examples: &[("currency(12.50 USD)", "USD"), ("currency(12.50 USD) == EUR", "false")],
    signature: |arguments| fixed(arguments, [money_like(arguments)], Type::Currency),
    call: |arguments, _| match arguments {
        [Value::Money(money)] => Ok(Value::Currency(money.currency)),
        _ => Err(ILL_TYPED),
    },
    reveals: true,
};

/// Open or of one currency, as it comes.
fn money_like(arguments: &[Type]) -> Type {
    arguments.first().filter(|ty| ty.is_money()).cloned().unwrap_or(Type::Money(None))
}
