//! Texts as values of the types that are written as text: one reading for events, data files and rules.

use std::net::IpAddr;

use ipnet::IpNet;

use super::money::{Currency, Decimal, Money};
use super::time::Duration;

/// Nothing but white space: missing, for every type but `text`.
pub fn is_blank(text: &str) -> bool {
    // Most texts are told by their first byte.
    text.as_bytes().first().is_none_or(|b| !b.is_ascii_graphic()) && text.chars().all(char::is_whitespace)
}

/// An integer as JSON writes it: digits, perhaps after a minus.
pub fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

/// `None` if out of range, too.
pub fn int(text: &str) -> Option<i64> {
    if is_integer(text) { text.parse().ok() } else { None }
}

/// Finite, in the form of a JSON number; both zeros are read as one.
pub fn float(text: &str) -> Option<f64> {
    // What Rust reads beyond JSON's numbers starts with a letter, a plus or a point.
    let first = text.strip_prefix('-').unwrap_or(text).as_bytes().first()?;
    let value: f64 = if first.is_ascii_digit() { text.parse().ok()? } else { return None };
    let value = if value == 0.0 { 0.0 } else { value };
    value.is_finite().then_some(value)
}

/// `12.34 USD`
pub fn money(text: &str) -> Option<Money> {
    let (amount, currency) = text.split_once(' ')?;
    Some(Money { amount: Decimal::parse(amount)?, currency: Currency::parse(currency)? })
}

/// An IPv4-mapped IPv6 address is the IPv4 address.
pub fn ip(text: &str) -> Option<IpAddr> {
    text.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
}

/// The bits behind the prefix are dropped; a single address is the network of itself.
pub fn cidr(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().ok().map(|net| net.trunc()).or_else(|| ip(text).map(IpNet::from))
}

/// One `@` between a name and a domain, no spaces or controls: what mail systems route by, no more.
pub fn is_email(text: &str) -> bool {
    let Some((name, domain)) = text.split_once('@') else { return false };
    let sane = |c: char| !c.is_whitespace() && !c.is_control();
    !name.is_empty()
        && text.len() <= 320
        && domain.split('.').all(|label| !label.is_empty())
        && !domain.contains('@')
        && text.chars().all(sane)
}

/// Separators (`space - . / ( )`) dropped, a leading `00` as `+`: 3 to 15 digits, as E.164 counts them.
/// Appended to `out`; `false` if it is no phone number.
pub fn phone(text: &str, out: &mut String) -> bool {
    let start = out.len();
    for c in text.chars() {
        match c {
            '0'..='9' => out.push(c),
            '+' if out.len() == start => out.push(c),
            ' ' | '-' | '.' | '/' | '(' | ')' | '\u{a0}' | '\u{2010}'..='\u{2013}' => {}
            _ => return false,
        }
    }
    if out[start..].starts_with("00") {
        out.replace_range(start..start + 2, "+");
    }
    (3..=15).contains(&out[start..].trim_start_matches('+').len())
}

/// As the language writes it: `250ms 90s 30m 24h 7d 2w`.
pub fn duration(text: &str) -> Option<Duration> {
    let unit = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit);
    let micros: i64 = match unit {
        "ms" => 1_000,
        "s" => 1_000_000,
        "m" => 60_000_000,
        "h" => 3_600_000_000,
        "d" => 24 * 3_600_000_000,
        "w" => 7 * 24 * 3_600_000_000,
        _ => return None,
    };
    number.parse::<i64>().ok()?.checked_mul(micros).map(Duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_are_normalised() {
        let read = |text: &str| {
            let mut out = String::from("kept");
            phone(text, &mut out).then(|| out["kept".len()..].to_string())
        };
        assert_eq!(read("+48 (22) 123-45.67").as_deref(), Some("+48221234567"));
        assert_eq!(read("0048221234567").as_deref(), Some("+48221234567"));
        assert_eq!(read("022 123 45 67").as_deref(), Some("0221234567"));
        for wrong in ["", "12", "+", "1234567890123456", "12a45", "12+45", "٣٣٣٣"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn emails_have_one_at_sign_and_no_spaces() {
        for right in ["a@b.pl", "Żółw+x@przykład.pl", "x@localhost"] {
            assert!(is_email(right), "{right}");
        }
        for wrong in ["", "a", "@b.pl", "a@", "a@b@c", "a b@c.pl", "a@b..pl", "a@.pl", "a@b.pl ", "a@b\u{0}"]
        {
            assert!(!is_email(wrong), "{wrong}");
        }
    }

    #[test]
    fn durations_read_like_literals() {
        assert_eq!(duration("250ms"), Some(Duration(250_000)));
        assert_eq!(duration("2w"), Some(Duration(14 * 86_400_000_000)));
        for wrong in ["", "90", "s", "-5m", "1.5h", "1h 5m", "1 h", "99999999999999w"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn numbers_are_those_of_json() {
        assert_eq!(int("-9223372036854775808"), Some(i64::MIN));
        for wrong in ["9223372036854775808", "5.0", "1e3", "+5", "", "-", " 5"] {
            assert_eq!(int(wrong), None, "{wrong}");
        }
        assert_eq!(float("-1.5e3"), Some(-1500.0));
        assert_eq!(float("-0").map(f64::to_bits), Some(0));
        for wrong in ["1e999", "NaN", "inf", "-inf", "+1", ".5", ""] {
            assert_eq!(float(wrong), None, "{wrong}");
        }
    }
}
