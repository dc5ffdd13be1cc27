//! Comparisons and membership.

use std::cmp::Ordering;
use std::net::IpAddr;

use ipnet::IpNet;

use super::{CompareOp, MoneyContext, Number, TextTest, compare_floats, compare_numbers, in_one_currency};
use super::{ILL_TYPED, exact, kleene};
use crate::model::money::Money;
use crate::model::value::{Datum, Unknown, Value};

impl CompareOp {
    /// What the operator says of two values in this order.
    pub fn holds(self, order: Ordering) -> bool {
        match self {
            CompareOp::Equal => order.is_eq(),
            CompareOp::NotEqual => order.is_ne(),
            CompareOp::Less => order.is_lt(),
            CompareOp::LessEqual => order.is_le(),
            CompareOp::Greater => order.is_gt(),
            CompareOp::GreaterEqual => order.is_ge(),
        }
    }

    /// The operator with its sides exchanged: `a < b` is `b > a`.
    pub fn mirrored(self) -> CompareOp {
        match self {
            CompareOp::Equal | CompareOp::NotEqual => self,
            CompareOp::Less => CompareOp::Greater,
            CompareOp::LessEqual => CompareOp::GreaterEqual,
            CompareOp::Greater => CompareOp::Less,
            CompareOp::GreaterEqual => CompareOp::LessEqual,
        }
    }

    /// The same question about a left side of which only a lower bound is known, given how that bound compares to
    /// the right side; `None` if the bound does not settle it.
    pub fn holds_at_least(self, bound: Ordering) -> Option<bool> {
        // The value lies above the right side for sure, or may lie at it or above, or anywhere.
        match self {
            CompareOp::Greater if bound.is_gt() => Some(true),
            CompareOp::GreaterEqual if bound.is_ge() => Some(true),
            CompareOp::Less if bound.is_ge() => Some(false),
            CompareOp::LessEqual if bound.is_gt() => Some(false),
            CompareOp::Equal if bound.is_gt() => Some(false),
            CompareOp::NotEqual if bound.is_gt() => Some(true),
            _ => None,
        }
    }
}

/// Operands of one type, or an int and a decimal. Unknown if either is; a saturated count compares where its
/// bound settles the answer.
pub fn compare(op: CompareOp, left: &Datum, right: &Datum, money: &MoneyContext<'_>) -> Datum {
    let settled = |op: CompareOp, bound: &Value, other: &Value| {
        let order = order(bound, other, money)?;
        op.holds_at_least(order).ok_or(Unknown::Saturated)
    };
    let result = match (left, right) {
        (Datum::Unknown(why), _) | (_, Datum::Unknown(why)) => Err(*why),
        (Datum::Known(left), Datum::Known(right)) => compare_values(op, left, right, money),
        (Datum::AtLeast(bound), Datum::Known(right)) => settled(op, bound, right),
        (Datum::Known(left), Datum::AtLeast(bound)) => settled(op.mirrored(), bound, left),
        (Datum::AtLeast(_), Datum::AtLeast(_)) => Err(Unknown::Saturated),
    };
    result.map(Value::Bool).into()
}

fn compare_values(
    op: CompareOp,
    left: &Value,
    right: &Value,
    money: &MoneyContext<'_>,
) -> Result<bool, Unknown> {
    match (left, right) {
        // Lists and records have no order, only equality, part by part.
        (Value::Record(left), Value::Record(right)) | (Value::List(left), Value::List(right)) => {
            let equal = equal_parts(left, right, money)?;
            match op {
                CompareOp::Equal => Ok(equal),
                CompareOp::NotEqual => Ok(!equal),
                _ => Err(ILL_TYPED),
            }
        }
        _ => Ok(op.holds(order(left, right, money)?)),
    }
}

/// How two values of one type, or an int and a decimal, are ordered. Texts by code point, enum values by their
/// place in the declaration, addresses in the order of their numbers.
pub fn order(left: &Value, right: &Value, money: &MoneyContext<'_>) -> Result<Ordering, Unknown> {
    Ok(match (left, right) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Decimal(a), Value::Decimal(b)) => a.cmp(b),
        (Value::Int(a), Value::Decimal(b)) => compare_numbers(Number::Int(*a), Number::Decimal(b.0)),
        (Value::Decimal(a), Value::Int(b)) => compare_numbers(Number::Decimal(a.0), Number::Int(*b)),
        (Value::Float(a), Value::Float(b)) => compare_floats(*a, *b),
        // UTF-8 keeps the order of code points.
        (Value::Text(a), Value::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Value::Time(a), Value::Time(b)) => a.cmp(b),
        (Value::Duration(a), Value::Duration(b)) => a.cmp(b),
        (Value::Money(a), Value::Money(b)) => compare_money(*a, *b, money)?,
        (Value::Country(a), Value::Country(b)) => a.cmp(b),
        (Value::Currency(a), Value::Currency(b)) => a.cmp(b),
        (Value::Enum(a), Value::Enum(b)) => a.cmp(b),
        (Value::Ip(a), Value::Ip(b)) => a.to_canonical().cmp(&b.to_canonical()),
        (Value::Cidr(a), Value::Cidr(b)) => canonical_net(*a).cmp(&canonical_net(*b)),
        _ => return Err(ILL_TYPED),
    })
}

/// Of different currencies through the ruleset's, for equality too.
pub fn compare_money(left: Money, right: Money, context: &MoneyContext<'_>) -> Result<Ordering, Unknown> {
    let (left, right) = in_one_currency(left, right, context)?;
    Ok(left.amount.cmp(&right.amount))
}

/// Kleene over the parts: one that differs settles it.
fn equal_parts(left: &[Datum], right: &[Datum], money: &MoneyContext<'_>) -> Result<bool, Unknown> {
    if left.len() != right.len() {
        return Ok(false);
    }
    let parts: Vec<Datum> =
        left.iter().zip(right).map(|(a, b)| compare(CompareOp::Equal, a, b, money)).collect();
    match kleene::and(&parts) {
        Datum::Unknown(why) => Err(why),
        settled => settled.truth().ok_or(ILL_TYPED),
    }
}

/// Both ends included; unknown if any of the three is (but for what a saturated count settles).
pub fn between(value: &Datum, low: &Datum, high: &Datum, money: &MoneyContext<'_>) -> Datum {
    for operand in [value, low, high] {
        if let Datum::Unknown(why) = operand {
            return Datum::Unknown(*why);
        }
    }
    let above = compare(CompareOp::GreaterEqual, value, low, money);
    let below = compare(CompareOp::LessEqual, value, high, money);
    for end in [&above, &below] {
        // A missing rate is not made up for by the other end; a bound that settles one end may settle the whole.
        if matches!(end, Datum::Unknown(why) if *why != Unknown::Saturated) {
            return end.clone();
        }
    }
    kleene::and([&above, &below])
}

/// `value in [a, b]`: Kleene's `or` of equalities.
pub fn in_array<'a>(
    value: &Datum,
    items: impl IntoIterator<Item = &'a Datum>,
    money: &MoneyContext<'_>,
) -> Datum {
    let equal: Vec<Datum> =
        items.into_iter().map(|item| compare(CompareOp::Equal, value, item, money)).collect();
    kleene::or(&equal)
}

/// A value among the elements of a list; unknown if the value or the list is.
pub fn in_elements(value: &Datum, list: &Datum, money: &MoneyContext<'_>) -> Datum {
    if let Datum::Unknown(why) = value {
        return Datum::Unknown(*why);
    }
    match exact(list) {
        Ok(Value::List(items)) => in_array(value, items.iter(), money),
        Ok(_) => Datum::Unknown(ILL_TYPED),
        Err(why) => Datum::Unknown(why),
    }
}

/// An address within a network.
pub fn in_network(address: &Datum, network: &Datum) -> Datum {
    let holds = || match (exact(address)?, exact(network)?) {
        (Value::Ip(ip), Value::Cidr(net)) => Ok(network_contains(*net, *ip)),
        _ => Err(ILL_TYPED),
    };
    holds().map(Value::Bool).into()
}

/// An IPv4 address written as IPv6 (`::ffff:192.0.2.1`) is that IPv4 address.
pub fn network_contains(network: IpNet, address: IpAddr) -> bool {
    canonical_net(network).contains(&address.to_canonical())
}

/// Without host bits, and in IPv4 if it is a network of IPv4 addresses written as IPv6.
pub fn canonical_net(network: IpNet) -> IpNet {
    let network = network.trunc();
    if let IpNet::V6(v6) = network
        && v6.prefix_len() >= 96
        && let Some(v4) = v6.addr().to_ipv4_mapped()
        && let Ok(v4) = ipnet::Ipv4Net::new(v4, v6.prefix_len() - 96)
    {
        return IpNet::V4(v4);
    }
    network
}

pub fn text_test(op: TextTest, value: &Datum, piece: &Datum) -> Datum {
    let holds = || match (exact(value)?, exact(piece)?) {
        (Value::Text(value), Value::Text(piece)) => Ok(text_holds(op, value, piece)),
        _ => Err(ILL_TYPED),
    };
    holds().map(Value::Bool).into()
}

/// Code point by code point, upper and lower case being different.
pub fn text_holds(op: TextTest, value: &str, piece: &str) -> bool {
    match op {
        TextTest::Contains => value.contains(piece),
        TextTest::StartsWith => value.starts_with(piece),
        TextTest::EndsWith => value.ends_with(piece),
    }
}
