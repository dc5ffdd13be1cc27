//! The executors' compact values: 16 bytes, `Copy`, no ownership. What does not fit (texts, addresses, lists)
//! stands in an [`Arena`] that is cleared after each event; the ruleset's constants have an arena of their own.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use super::money::{Country, Currency, Decimal, Money};
use super::time::{Duration, Time};
use super::types::{Ty, Type};
use super::value::{Datum, Unknown, Value};

/// A value of a statically known type, or why it is unknown.
///
/// `bits` by type: bool 0/1 · int, decimal, time, duration as `i64` · float as its bits · money its amount
/// (`aux`: the currency) · country, currency as packed ASCII · enum its index · text, email, phone, ip, cidr,
/// record, list a `Handle`. An entity has the bits of its base.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Slot {
    pub bits: u64,
    pub aux: u32,
    /// [`Slot::KNOWN`], [`Slot::AT_LEAST`], or the number of an `Unknown`.
    pub state: u32,
}

/// A place in an arena; the top bit tells the constants' arena from the event's.
pub type Handle = u32;

const CONSTANT: Handle = 1 << 31;

impl Slot {
    pub const KNOWN: u32 = 0;
    /// A count that reached its cap: `bits` or more.
    pub const AT_LEAST: u32 = 255;
    pub const MISSING: Slot = Slot { bits: 0, aux: 0, state: Unknown::Missing as u32 };

    pub const fn known(bits: u64) -> Slot {
        Slot { bits, aux: 0, state: Slot::KNOWN }
    }

    pub const fn int(value: i64) -> Slot {
        Slot::known(value as u64)
    }

    pub const fn bool(value: bool) -> Slot {
        Slot::known(value as u64)
    }

    pub const fn money(amount: i64, currency: Currency) -> Slot {
        Slot { bits: amount as u64, aux: pack_currency(currency), state: Slot::KNOWN }
    }

    pub const fn unknown(why: Unknown) -> Slot {
        Slot { bits: 0, aux: 0, state: why as u32 }
    }

    pub const fn is_known(self) -> bool {
        self.state == Slot::KNOWN
    }

    /// Neither known nor a lower bound.
    pub const fn is_unknown(self) -> bool {
        self.state != Slot::KNOWN && self.state != Slot::AT_LEAST
    }

    pub const fn as_int(self) -> i64 {
        self.bits as i64
    }

    pub const fn as_float(self) -> f64 {
        f64::from_bits(self.bits)
    }

    pub const fn as_handle(self) -> Handle {
        self.bits as Handle
    }

    pub const fn is_true(self) -> bool {
        self.state == Slot::KNOWN && self.bits == 1
    }

    /// Puts it there part by part. As one piece it would go through memory right after its parts were written, and
    /// the processor has to wait for that.
    #[inline(always)]
    pub fn put(self, into: &mut Slot) {
        into.bits = self.bits;
        into.aux = self.aux;
        into.state = self.state;
    }

    /// Why it is unknown; a lower bound that could not be used counts as saturated.
    pub fn why(self) -> Unknown {
        match self.state {
            2 => Unknown::Overflow,
            3 => Unknown::DivisionByZero,
            4 => Unknown::NoRate,
            5 | Slot::AT_LEAST => Unknown::Saturated,
            6 => Unknown::TooLate,
            7 => Unknown::Full,
            _ => Unknown::Missing,
        }
    }
}

pub const fn pack_currency(currency: Currency) -> u32 {
    let [a, b, c] = currency.0;
    (a as u32) << 16 | (b as u32) << 8 | c as u32
}

pub const fn unpack_currency(bits: u32) -> Currency {
    Currency([(bits >> 16) as u8, (bits >> 8) as u8, bits as u8])
}

pub const fn pack_country(country: Country) -> u64 {
    let [a, b] = country.0;
    (a as u64) << 8 | b as u64
}

pub const fn unpack_country(bits: u64) -> Country {
    Country([(bits >> 8) as u8, bits as u8])
}

/// What slots point to.
#[derive(Clone, Debug, Default)]
pub struct Arena {
    bytes: String,
    texts: Vec<(usize, usize)>,
    ips: Vec<IpAddr>,
    nets: Vec<IpNet>,
    /// Records and lists: runs of `elements`.
    runs: Vec<(u32, u32)>,
    elements: Vec<Slot>,
    /// Set for an arena of constants: its handles carry the mark.
    mark: Handle,
}

impl Arena {
    /// For one event.
    pub fn new() -> Arena {
        Arena::default()
    }

    /// For the constants of a ruleset.
    pub fn constants() -> Arena {
        Arena { mark: CONSTANT, ..Arena::default() }
    }

    /// Forgets everything, keeps the room.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.texts.clear();
        self.ips.clear();
        self.nets.clear();
        self.runs.clear();
        self.elements.clear();
    }

    pub fn add_text(&mut self, text: &str) -> Slot {
        let start = self.bytes.len();
        self.bytes.push_str(text);
        self.texts.push((start, self.bytes.len()));
        Slot::known(u64::from(self.mark | (self.texts.len() as u32 - 1)))
    }

    pub fn add_ip(&mut self, ip: IpAddr) -> Slot {
        self.ips.push(ip);
        Slot::known(u64::from(self.mark | (self.ips.len() as u32 - 1)))
    }

    pub fn add_net(&mut self, net: IpNet) -> Slot {
        self.nets.push(net);
        Slot::known(u64::from(self.mark | (self.nets.len() as u32 - 1)))
    }

    /// A record or a list of these slots.
    pub fn add_run(&mut self, slots: &[Slot]) -> Slot {
        let start = self.elements.len() as u32;
        self.elements.extend_from_slice(slots);
        self.runs.push((start, self.elements.len() as u32));
        Slot::known(u64::from(self.mark | (self.runs.len() as u32 - 1)))
    }
}

/// Both arenas: where a handle is looked up.
#[derive(Copy, Clone, Debug)]
pub struct Arenas<'a> {
    pub constants: &'a Arena,
    pub event: &'a Arena,
}

impl<'a> Arenas<'a> {
    fn of(&self, handle: Handle) -> (&'a Arena, usize) {
        let arena = if handle & CONSTANT != 0 { self.constants } else { self.event };
        (arena, (handle & !CONSTANT) as usize)
    }

    /// The text of a known slot of a text type.
    pub fn text(&self, slot: Slot) -> &'a str {
        let (arena, index) = self.of(slot.as_handle());
        let (start, end) = arena.texts[index];
        &arena.bytes[start..end]
    }

    pub fn ip(&self, slot: Slot) -> IpAddr {
        let (arena, index) = self.of(slot.as_handle());
        arena.ips[index]
    }

    pub fn net(&self, slot: Slot) -> IpNet {
        let (arena, index) = self.of(slot.as_handle());
        arena.nets[index]
    }

    /// The slots of a record or list.
    pub fn run(&self, slot: Slot) -> &'a [Slot] {
        let (arena, index) = self.of(slot.as_handle());
        let (start, end) = arena.runs[index];
        &arena.elements[start as usize..end as usize]
    }

    /// The value as trees see it.
    pub fn datum(&self, slot: Slot, ty: &Type) -> Datum {
        if slot.is_unknown() {
            return Datum::Unknown(slot.why());
        }
        let value = match ty.representation() {
            Type::Bool => Value::Bool(slot.bits == 1),
            Type::Int => Value::Int(slot.as_int()),
            Type::Decimal => Value::Decimal(Decimal(slot.as_int())),
            Type::Float => Value::Float(slot.as_float()),
            Type::Text | Type::Email | Type::Phone => Value::Text(Arc::from(self.text(slot))),
            Type::Time => Value::Time(Time(slot.as_int())),
            Type::Duration => Value::Duration(Duration(slot.as_int())),
            Type::Money(_) => {
                Value::Money(Money { amount: Decimal(slot.as_int()), currency: unpack_currency(slot.aux) })
            }
            Type::Country => Value::Country(unpack_country(slot.bits)),
            Type::Currency => Value::Currency(unpack_currency(slot.bits as u32)),
            Type::Ip => Value::Ip(self.ip(slot)),
            Type::Cidr => Value::Cidr(self.net(slot)),
            Type::Enum(_) => Value::Enum(slot.bits as u16),
            Type::Record(record) => Value::Record(
                self.run(slot).iter().zip(&record.fields).map(|(s, f)| self.datum(*s, &f.ty.base)).collect(),
            ),
            Type::List(element) => {
                Value::List(self.run(slot).iter().map(|s| self.datum(*s, &element.base)).collect())
            }
            // An entity's representation is never an entity.
            Type::Entity(_) => return Datum::MISSING,
        };
        if slot.state == Slot::AT_LEAST { Datum::AtLeast(value) } else { Datum::Known(value) }
    }
}

impl Arena {
    /// Stores a value of a type; the other way of [`Arenas::datum`].
    pub fn add_datum(&mut self, datum: &Datum, ty: &Ty) -> Slot {
        let (value, state) = match datum {
            Datum::Known(value) => (value, Slot::KNOWN),
            Datum::AtLeast(value) => (value, Slot::AT_LEAST),
            Datum::Unknown(why) => return Slot::unknown(*why),
        };
        Slot { state, ..self.add_value(value, &ty.base) }
    }

    pub fn add_value(&mut self, value: &Value, ty: &Type) -> Slot {
        match value {
            Value::Bool(b) => Slot::bool(*b),
            Value::Int(i) => Slot::int(*i),
            Value::Decimal(d) => Slot::int(d.0),
            Value::Float(f) => Slot::known(f.to_bits()),
            Value::Text(text) => self.add_text(text),
            Value::Time(t) => Slot::int(t.0),
            Value::Duration(d) => Slot::int(d.0),
            Value::Money(m) => Slot::money(m.amount.0, m.currency),
            Value::Country(c) => Slot::known(pack_country(*c)),
            Value::Currency(c) => Slot::known(u64::from(pack_currency(*c))),
            Value::Ip(ip) => self.add_ip(*ip),
            Value::Cidr(net) => self.add_net(*net),
            Value::Enum(index) => Slot::known(u64::from(*index)),
            Value::Record(fields) => {
                let Type::Record(record) = ty.representation() else { return Slot::MISSING };
                let slots: Vec<Slot> =
                    fields.iter().zip(&record.fields).map(|(d, f)| self.add_datum(d, &f.ty)).collect();
                self.add_run(&slots)
            }
            Value::List(items) => {
                let Type::List(element) = ty.representation() else { return Slot::MISSING };
                let slots: Vec<Slot> = items.iter().map(|d| self.add_datum(d, element)).collect();
                self.add_run(&slots)
            }
        }
    }
}
