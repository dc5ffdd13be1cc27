//! `prefix`, `is_private`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::{Builtin, ILL_TYPED, fixed};
use crate::model::types::Type;
use crate::model::value::{Unknown, Value};

pub(super) static PREFIX: Builtin = Builtin {
    name: "prefix",
    usage: "prefix(ip, bits)",
    doc: "The network of the address's first `bits` bits. An address has no more than its 32 (IPv4) or 128 (IPv6) bits; \
          beyond them it is its own network.",
    examples: &[
        ("prefix(\"192.0.2.77\", 24)", "192.0.2.0/24"),
        ("prefix(\"2001:db8:1:2::3\", 48)", "2001:db8:1::/48"),
    ],
    signature: |arguments| fixed(arguments, [Type::Ip, Type::Int], Type::Cidr),
    call: |arguments, _| match arguments {
        [Value::Ip(ip), Value::Int(bits)] => prefix(*ip, *bits).map(Value::Cidr),
        _ => Err(ILL_TYPED),
    },
    reveals: true,
};

pub(super) static IS_PRIVATE: Builtin = Builtin {
    name: "is_private",
    usage: "is_private(ip)",
    doc: "Whether the address can't be reached from the whole internet: IANA's special-purpose ranges that are not \
          globally reachable (private, shared, loopback, link-local, documentation, reserved).",
    examples: &[
        ("is_private(\"192.168.1.20\")", "true"),
        ("is_private(\"100.64.0.1\")", "true"),
        ("is_private(\"8.8.8.8\")", "false"),
        ("is_private(\"fe80::1\")", "true"),
    ],
    signature: |arguments| fixed(arguments, [Type::Ip], Type::Bool),
    call: |arguments, _| match arguments {
        [Value::Ip(ip)] => Ok(Value::Bool(is_private(*ip))),
        _ => Err(ILL_TYPED),
    },
    reveals: false,
};

fn prefix(ip: IpAddr, bits: i64) -> Result<IpNet, Unknown> {
    let ip = ip.to_canonical();
    let width = if ip.is_ipv4() { 32 } else { 128 };
    // There is no network of fewer than no bits.
    let bits = u8::try_from(bits.min(width)).map_err(|_| Unknown::Overflow)?;
    IpNet::new(ip, bits).map(|net| net.trunc()).map_err(|_| Unknown::Overflow)
}

fn is_private(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => is_private_v4(ip),
        IpAddr::V6(ip) => is_private_v6(ip),
    }
}

type V4 = (Ipv4Addr, u32);
type V6 = (Ipv6Addr, u32);

/// The IANA IPv4 special-purpose address registry (2025-10): the entries that are not globally reachable.
const PRIVATE_V4: [V4; 14] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
    (Ipv4Addr::new(255, 255, 255, 255), 32),
];

/// Globally reachable ones within them: two anycast addresses.
const PUBLIC_V4: [V4; 2] = [(Ipv4Addr::new(192, 0, 0, 9), 32), (Ipv4Addr::new(192, 0, 0, 10), 32)];

/// The IANA IPv6 special-purpose address registry (2025-10): the entries that are not globally reachable. IPv4 as IPv6
/// (`::ffff:0:0/96`) is judged as IPv4. Teredo, for which the registry has no answer, lies within `2001::/23`.
const PRIVATE_V6: [V6; 11] = [
    (Ipv6Addr::UNSPECIFIED, 128),
    (Ipv6Addr::LOCALHOST, 128),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48),
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 64),
    (Ipv6Addr::new(0x100, 0, 0, 1, 0, 0, 0, 0), 64),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
    (Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10),
];

/// Globally reachable ones within `2001::/23`.
const PUBLIC_V6: [V6; 7] = [
    (Ipv6Addr::new(0x2001, 1, 0, 0, 0, 0, 0, 1), 128),
    (Ipv6Addr::new(0x2001, 1, 0, 0, 0, 0, 0, 2), 128),
    (Ipv6Addr::new(0x2001, 1, 0, 0, 0, 0, 0, 3), 128),
    (Ipv6Addr::new(0x2001, 3, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2001, 4, 0x112, 0, 0, 0, 0, 0), 48),
    (Ipv6Addr::new(0x2001, 0x20, 0, 0, 0, 0, 0, 0), 28),
    (Ipv6Addr::new(0x2001, 0x30, 0, 0, 0, 0, 0, 0), 28),
];

fn is_private_v4(ip: Ipv4Addr) -> bool {
    let bits = ip.to_bits();
    let within = |(net, length): &V4| (net.to_bits() ^ bits).leading_zeros() >= *length;
    PRIVATE_V4.iter().any(within) && !PUBLIC_V4.iter().any(within)
}

fn is_private_v6(ip: Ipv6Addr) -> bool {
    let bits = ip.to_bits();
    let within = |(net, length): &V6| (net.to_bits() ^ bits).leading_zeros() >= *length;
    PRIVATE_V6.iter().any(within) && !PUBLIC_V6.iter().any(within)
}
