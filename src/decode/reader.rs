//! Values of the input as slots, checked against their types.

use std::fmt;

use super::json::{self, Kind, Member, Token};
use super::plan::{FieldPlan, Place, Source};
use super::shape::Shapes;
use super::shown;
use crate::builtins::short_hash;
use crate::model::money::{Country, Currency, Decimal};
use crate::model::scalars;
use crate::model::schema::{Pointer, TimeFormat};
use crate::model::slot::{Arena, Slot, pack_country, pack_currency, unpack_currency};
use crate::model::time::Time;
use crate::model::types::{RecordType, Ty, Type};

/// Quick rather than strong: it only has to tell a retry from another event under the same id.
fn mix(hash: u64, bytes: &[u8]) -> u64 {
    let step = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let (words, rest) = bytes.as_chunks::<8>();
    let hash = words.iter().fold(hash, |hash, word| step(hash, u64::from_le_bytes(*word)));
    step(hash, rest.iter().fold(bytes.len() as u64, |word, byte| word << 8 | u64::from(*byte)))
}

/// Room that is kept from event to event.
#[derive(Debug, Default)]
pub struct Work {
    /// Of the input itself first, then a stack of those of objects within.
    pub members: Vec<Member>,
    /// Per key of the event's plan: its value.
    pub found: Vec<Raw>,
    pub unknown: Vec<Member>,
    pub shapes: Shapes,
    /// Of a CSV row: where each cell stands in the text.
    pub cells: Vec<(u32, u32)>,
    /// The cells of a CSV row, one after another.
    pub row: String,
    slots: Vec<Slot>,
    unescaped: String,
    phone: String,
}

/// One event's text on its way into slots.
pub struct Reader<'a> {
    pub text: &'a str,
    /// For a CSV row: per place of the plan, its cell.
    pub columns: Option<&'a [Option<usize>]>,
    pub hash_key: &'a [u8],
    pub work: &'a mut Work,
    pub arena: &'a mut Arena,
    pub bad: &'a mut Vec<String>,
    /// What the fields say, as written, in 64 bits.
    pub content: u64,
}

/// A value that was looked for.
pub type Raw = Option<Token>;

fn is_nothing(raw: Raw) -> bool {
    raw.is_none_or(|token| token.kind == Kind::Null)
}

/// What is wrong with a value.
#[derive(Debug)]
pub struct Fault {
    pub pointer: String,
    pub expected: String,
    pub found: String,
}

#[derive(Debug)]
pub enum Failure {
    /// What stands there instead of a value.
    Missing(&'static str),
    Wrong(Box<Fault>),
    /// The whole input can't be trusted, even if the field is optional.
    Fatal(Box<Fault>),
}

/// How a value is read, beside its type.
#[derive(Copy, Clone)]
struct Manner {
    format: TimeFormat,
    sensitive: bool,
    /// Put texts, addresses and lists into the arena.
    keep: bool,
}

/// The way from the input to a value, for messages.
#[derive(Copy, Clone)]
enum Path<'p> {
    At(&'p Pointer),
    Key(&'p Path<'p>, &'p str),
    Index(&'p Path<'p>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::At(pointer) => write!(f, "{pointer}"),
            Path::Key(parent, key) => {
                write!(f, "{parent}/{}", key.replace('~', "~0").replace('/', "~1"))
            }
            Path::Index(parent, index) => write!(f, "{parent}/{index}"),
        }
    }
}

impl<'a> Reader<'a> {
    /// One field of the event, put into `into`: slots are written where they stay, which is what makes this quick.
    pub fn field(&mut self, field: &FieldPlan, into: &mut Slot) -> Result<(), Failure> {
        let manner = Manner { format: field.format, sensitive: field.sensitive, keep: field.needed };
        match &field.source {
            Source::One(place) => {
                let raw = self.locate(place)?;
                self.note(raw);
                if field.ty.optional && is_nothing(raw) {
                    return Ok(());
                }
                self.part(raw, &field.ty, manner, Path::At(&place.pointer), into)?;
            }
            Source::Two(amount, currency) => self.split_money(field, amount, currency, manner, into)?,
        }
        if !field.needed {
            *into = Slot::MISSING;
        }
        Ok(())
    }

    /// A value that no field of an event declares.
    pub fn plain(&mut self, raw: Raw, ty: &Ty, pointer: &Pointer, into: &mut Slot) -> Result<(), Failure> {
        let manner = Manner { format: TimeFormat::Rfc3339, sensitive: false, keep: true };
        self.part(raw, ty, manner, Path::At(pointer), into)
    }

    /// The event's id: a text, or a number by its digits.
    pub fn id(&mut self, field: &FieldPlan, into: &mut Slot) -> Result<(), Failure> {
        let Source::One(place) = &field.source else { return Err(Failure::Missing("nothing")) };
        let raw = self.locate(place)?;
        let fault = |found: String| {
            let pointer = place.pointer.to_string();
            Failure::Wrong(Box::new(Fault { pointer, expected: "a text or an integer".into(), found }))
        };
        let unescaped;
        let text = match raw {
            Some(Token { kind: Kind::Escaped, .. }) => {
                unescaped = json::unescaped(self.inner(raw));
                &unescaped
            }
            Some(Token { kind: Kind::Text | Kind::Cell, .. }) => self.inner(raw),
            Some(token) if token.kind == Kind::Integer => token.raw(self.text),
            _ => "",
        };
        if scalars::is_blank(text) {
            return Err(fault(self.found(raw, field.sensitive)));
        }
        *into = self.arena.add_text(text);
        Ok(())
    }

    /// Adds to the content what stands there. Null says as little as nothing.
    fn note(&mut self, raw: Raw) {
        let text = if is_nothing(raw) { "" } else { self.inner(raw) };
        self.content = mix(self.content, text.as_bytes());
    }

    fn split_money(
        &mut self,
        field: &FieldPlan,
        amount: &Place,
        currency: &Place,
        manner: Manner,
        into: &mut Slot,
    ) -> Result<(), Failure> {
        let raws = (self.locate(amount)?, self.locate(currency)?);
        self.note(raws.0);
        self.note(raws.1);
        let Type::Money(fixed) = field.ty.base.representation() else { return Ok(()) };
        let (at_amount, at_currency) = (Path::At(&amount.pointer), Path::At(&currency.pointer));
        match self.money(raws, *fixed, manner, at_amount, at_currency, into) {
            Err(Failure::Wrong(fault)) if field.ty.optional => {
                self.bad.push(fault.pointer);
                Ok(())
            }
            Err(failure) => self.settle(failure, &field.ty, manner, at_amount),
            ok => ok,
        }
    }

    /// Inlined, so that what is found stays in registers: it would be written in parts and read as a whole right
    /// after, and the processor has to wait for that.
    #[inline(always)]
    fn locate(&mut self, place: &Place) -> Result<Raw, Failure> {
        if let Some(columns) = self.columns {
            let cell = columns.get(place.index).copied().flatten();
            let cell = cell.and_then(|cell| self.work.cells.get(cell));
            return Ok(cell.map(|(start, end)| Token::new(*start as usize, *end as usize, Kind::Cell)));
        }
        let Some(key) = place.key else {
            return json::document(self.text).map(Some).map_err(|_| Failure::Missing("nothing"));
        };
        match self.work.found.get(key) {
            Some(Some(value)) if !place.rest().is_empty() => self.descend(*value, &place.pointer),
            found => Ok(found.copied().flatten()),
        }
    }

    /// A pointer from the members of the input, without the plan of an event.
    pub fn find(&mut self, pointer: &Pointer) -> Result<Raw, Failure> {
        let Some(first) = pointer.0.first() else { return Ok(None) };
        let member = self.work.members.iter().find(|member| member.is(self.text, first)).copied();
        member.map_or(Ok(None), |member| self.descend(member.value, pointer))
    }

    /// Along the parts of the pointer after the first, from the value that the first leads to.
    fn descend(&mut self, value: Token, pointer: &Pointer) -> Result<Raw, Failure> {
        let mut value = value;
        for (i, part) in pointer.0.iter().enumerate().skip(1) {
            let next = match value.kind {
                Kind::Object => {
                    let base = self.work.members.len();
                    self.open(value, || Pointer(pointer.0.iter().take(i).cloned().collect()).to_string())?;
                    let found = self.member(base, part);
                    self.work.members.truncate(base);
                    found
                }
                Kind::Array => self.element(value, part),
                _ => None,
            };
            match next {
                Some(token) => value = token,
                absent => return Ok(absent),
            }
        }
        Ok(Some(value))
    }

    fn element(&self, array: Token, part: &str) -> Raw {
        if part.len() > 1 && part.starts_with('0') {
            return None;
        }
        let Ok(index) = part.parse::<usize>() else { return None };
        let mut at = array.start() + 1;
        let mut passed = 0;
        while let Ok(Some((value, next))) = json::element(self.text, at) {
            if passed == index {
                return Some(value);
            }
            passed += 1;
            at = next;
        }
        None
    }

    /// Puts the members of an object on the stack; the caller takes them down.
    fn open(&mut self, object: Token, pointer: impl Fn() -> String) -> Result<(), Failure> {
        let base = self.work.members.len();
        let scanned = json::members(self.text, object, &mut self.work.members);
        let members = self.work.members.get(base..).unwrap_or(&[]);
        let again = match scanned {
            Err(_) => Some(String::new()),
            Ok(()) => repeated_key(self.text, members),
        };
        match again {
            None => Ok(()),
            Some(key) => {
                self.work.members.truncate(base);
                let parent = pointer();
                Err(Failure::Fatal(Box::new(repeated(format!("{parent}{}", Pointer::field(&key))))))
            }
        }
    }

    /// A member by its name among those on the stack from `base` on.
    fn member(&self, base: usize, name: &str) -> Raw {
        let members = self.work.members.get(base..).unwrap_or(&[]);
        let found = members.iter().find(|member| member.is(self.text, name));
        found.map(|member| member.value)
    }

    /// A value where one may be missing: a wrong optional one is, and is listed. `into` is missing before.
    #[inline]
    fn part(
        &mut self,
        raw: Raw,
        ty: &Ty,
        manner: Manner,
        path: Path<'_>,
        into: &mut Slot,
    ) -> Result<(), Failure> {
        let marks = (self.bad.len(), self.work.slots.len(), self.work.members.len());
        let Err(failure) = self.value(raw, &ty.base, manner, path, into) else { return Ok(()) };
        // What was listed within is part of what is now missing as a whole.
        self.bad.truncate(marks.0);
        self.work.slots.truncate(marks.1);
        self.work.members.truncate(marks.2);
        self.settle(failure, ty, manner, path)
    }

    #[cold]
    fn settle(&mut self, failure: Failure, ty: &Ty, manner: Manner, path: Path<'_>) -> Result<(), Failure> {
        match failure {
            Failure::Missing(_) if ty.optional => Ok(()),
            Failure::Wrong(_) if ty.optional => {
                self.bad.push(path.to_string());
                Ok(())
            }
            Failure::Missing(found) => Err(Failure::Wrong(Box::new(Fault {
                pointer: path.to_string(),
                expected: expected(&ty.base, manner.format),
                found: found.into(),
            }))),
            other => Err(other),
        }
    }

    #[inline]
    fn value(
        &mut self,
        raw: Raw,
        ty: &Type,
        manner: Manner,
        path: Path<'_>,
        into: &mut Slot,
    ) -> Result<(), Failure> {
        let token = match raw {
            None => return Err(Failure::Missing("nothing")),
            Some(token) => token,
        };
        let read = match (token.kind, ty.representation()) {
            (Kind::Null, _) => return Err(Failure::Missing("null")),
            (Kind::Text | Kind::Cell, _) => {
                return self.text(self.inner(raw), raw, ty, manner, path, into);
            }
            (Kind::Escaped, _) => {
                let mut unescaped = std::mem::take(&mut self.work.unescaped);
                unescaped.clear();
                json::unescape(token.inner(self.text), &mut unescaped);
                let read = self.text(&unescaped, raw, ty, manner, path, into);
                self.work.unescaped = unescaped;
                return read;
            }
            (Kind::True, Type::Bool) => put(into, Some(Slot::bool(true))),
            (Kind::False, Type::Bool) => put(into, Some(Slot::bool(false))),
            (Kind::Integer | Kind::Number, _) => self.number(token.raw(self.text), ty, manner, into),
            (Kind::Object, Type::Money(currency)) => {
                return self.money_object(token, *currency, manner, path, into);
            }
            (Kind::Object, Type::Record(record)) => return self.record(token, record, manner, path, into),
            (Kind::Array, Type::List(element)) => return self.list(token, element, manner, path, into),
            _ => false,
        };
        if read { Ok(()) } else { Err(self.wrong(raw, ty, manner, path)) }
    }

    /// `false` if it is no value of the type.
    fn number(&mut self, token: &str, ty: &Type, manner: Manner, into: &mut Slot) -> bool {
        match ty.representation() {
            Type::Int => put(into, scalars::int(token).map(Slot::int)),
            Type::Decimal => put(into, Decimal::parse(token).map(|d| Slot::int(d.0))),
            Type::Float => put(into, scalars::float(token).map(|f| Slot::known(f.to_bits()))),
            Type::Time => put(into, epoch(token, manner.format)),
            // An entity's 7 is "7".
            Type::Text if matches!(ty, Type::Entity(_)) && scalars::is_integer(token) => {
                put(into, Some(self.keep_text(token, manner)))
            }
            _ => false,
        }
    }

    /// A string, unescaped, or a CSV cell.
    fn text(
        &mut self,
        text: &str,
        raw: Raw,
        ty: &Type,
        manner: Manner,
        path: Path<'_>,
        into: &mut Slot,
    ) -> Result<(), Failure> {
        let cell = matches!(raw, Some(Token { kind: Kind::Cell, .. }));
        let plain = matches!(ty, Type::Text);
        if if plain { cell && text.is_empty() } else { scalars::is_blank(text) } {
            return Err(Failure::Missing(if cell { "nothing" } else { "a blank text" }));
        }
        let slot = match ty.representation() {
            Type::Text => Some(self.keep_text(text, manner)),
            Type::Email => scalars::is_email(text).then(|| self.keep_text(text, manner)),
            Type::Phone => self.phone(text, manner),
            Type::Decimal => Decimal::parse(text).map(|d| Slot::int(d.0)),
            Type::Money(fixed) => scalars::money(text)
                .filter(|money| fixed.is_none_or(|fixed| fixed == money.currency))
                .map(|money| Slot::money(money.amount.0, money.currency)),
            Type::Country => Country::parse(text).map(|c| Slot::known(pack_country(c))),
            Type::Currency => Currency::parse(text).map(|c| Slot::known(u64::from(pack_currency(c)))),
            Type::Ip => {
                scalars::ip(text).map(|ip| if manner.keep { self.arena.add_ip(ip) } else { Slot::MISSING })
            }
            Type::Cidr => scalars::cidr(text)
                .map(|net| if manner.keep { self.arena.add_net(net) } else { Slot::MISSING }),
            Type::Enum(e) => e.index_of(text).or_else(|| e.other()).map(|i| Slot::known(u64::from(i))),
            Type::Duration => scalars::duration(text).map(|d| Slot::int(d.0)),
            Type::Time if manner.format == TimeFormat::Rfc3339 => {
                Time::parse_rfc3339(text).map(|t| Slot::int(t.0))
            }
            _ if !cell => None,
            Type::List(_) | Type::Record(_) => return self.nested_cell(text, raw, ty, manner, path, into),
            Type::Bool => match text {
                "true" => Some(Slot::bool(true)),
                "false" => Some(Slot::bool(false)),
                _ => None,
            },
            _ if self.number(text, ty, manner, into) => return Ok(()),
            _ => None,
        };
        if put(into, slot) { Ok(()) } else { Err(self.wrong(raw, ty, manner, path)) }
    }

    /// A list or record in a CSV cell is JSON.
    fn nested_cell(
        &mut self,
        text: &str,
        raw: Raw,
        ty: &Type,
        manner: Manner,
        path: Path<'_>,
        into: &mut Slot,
    ) -> Result<(), Failure> {
        let Ok(token) = json::document(text) else { return Err(self.wrong(raw, ty, manner, path)) };
        let mut inner = Reader {
            text,
            columns: None,
            hash_key: self.hash_key,
            content: 0,
            work: self.work,
            arena: self.arena,
            bad: self.bad,
        };
        inner.value(Some(token), ty, manner, path, into)
    }

    fn keep_text(&mut self, text: &str, manner: Manner) -> Slot {
        if manner.keep { self.arena.add_text(text) } else { Slot::MISSING }
    }

    fn phone(&mut self, text: &str, manner: Manner) -> Option<Slot> {
        let mut phone = std::mem::take(&mut self.work.phone);
        phone.clear();
        let slot = scalars::phone(text, &mut phone).then(|| self.keep_text(&phone, manner));
        self.work.phone = phone;
        slot
    }

    fn money_object(
        &mut self,
        object: Token,
        fixed: Option<Currency>,
        manner: Manner,
        path: Path<'_>,
        into: &mut Slot,
    ) -> Result<(), Failure> {
        let base = self.work.members.len();
        self.open(object, || path.to_string())?;
        let raws = (self.member(base, "amount"), self.member(base, "currency"));
        self.work.members.truncate(base);
        let (amount, currency) = (Path::Key(&path, "amount"), Path::Key(&path, "currency"));
        self.money(raws, fixed, manner, amount, currency, into).map_err(|failure| match failure {
            Failure::Missing(_) => Failure::Missing("an object without an amount"),
            other => other,
        })
    }

    /// Without an amount there is no money; an amount without its currency is wrong.
    fn money(
        &mut self,
        (amount, currency): (Raw, Raw),
        fixed: Option<Currency>,
        manner: Manner,
        at_amount: Path<'_>,
        at_currency: Path<'_>,
        into: &mut Slot,
    ) -> Result<(), Failure> {
        let (mut number, mut code) = (Slot::MISSING, Slot::MISSING);
        self.value(amount, &Type::Decimal, manner, at_amount, &mut number)?;
        let code = match self.value(currency, &Type::Currency, manner, at_currency, &mut code) {
            Ok(()) => unpack_currency(code.bits as u32),
            Err(Failure::Missing(found)) => {
                return Err(Failure::Wrong(Box::new(Fault {
                    pointer: at_currency.to_string(),
                    expected: "currency".into(),
                    found: found.into(),
                })));
            }
            Err(failure) => return Err(failure),
        };
        match fixed {
            Some(fixed) if fixed != code => Err(Failure::Wrong(Box::new(Fault {
                pointer: at_currency.to_string(),
                expected: fixed.to_string(),
                found: self.found(currency, manner.sensitive),
            }))),
            _ => {
                *into = Slot::money(number.as_int(), code);
                Ok(())
            }
        }
    }

    fn record(
        &mut self,
        object: Token,
        record: &RecordType,
        manner: Manner,
        path: Path<'_>,
        into: &mut Slot,
    ) -> Result<(), Failure> {
        let (base, first) = (self.work.members.len(), self.work.slots.len());
        self.open(object, || path.to_string())?;
        for field in &record.fields {
            let raw = self.member(base, &field.name);
            let mut slot = Slot::MISSING;
            self.part(raw, &field.ty, manner, Path::Key(&path, &field.name), &mut slot)?;
            self.work.slots.push(slot);
        }
        self.work.members.truncate(base);
        *into = self.run(first, manner);
        Ok(())
    }

    fn list(
        &mut self,
        array: Token,
        element: &Ty,
        manner: Manner,
        path: Path<'_>,
        into: &mut Slot,
    ) -> Result<(), Failure> {
        let first = self.work.slots.len();
        let mut at = array.start() + 1;
        let mut index = 0;
        while let Ok(Some((value, next))) = json::element(self.text, at) {
            let mut slot = Slot::MISSING;
            self.part(Some(value), element, manner, Path::Index(&path, index), &mut slot)?;
            self.work.slots.push(slot);
            at = next;
            index += 1;
        }
        *into = self.run(first, manner);
        Ok(())
    }

    /// The slots on the stack from `first` on, as one list or record.
    fn run(&mut self, first: usize, manner: Manner) -> Slot {
        let slots = self.work.slots.get(first..).unwrap_or(&[]);
        let run = if manner.keep { self.arena.add_run(slots) } else { Slot::MISSING };
        self.work.slots.truncate(first);
        run
    }

    #[cold]
    fn wrong(&self, raw: Raw, ty: &Type, manner: Manner, path: Path<'_>) -> Failure {
        Failure::Wrong(Box::new(Fault {
            pointer: path.to_string(),
            expected: expected(ty, manner.format),
            found: self.found(raw, manner.sensitive),
        }))
    }

    /// The text of a string (still escaped) or cell.
    fn inner(&self, raw: Raw) -> &'a str {
        match raw {
            None => "",
            Some(token) if token.kind.is_text() => token.inner(self.text),
            Some(token) => token.raw(self.text),
        }
    }

    /// A value as a message shows it: short, and if it is sensitive only as its hash.
    pub fn found(&self, raw: Raw, sensitive: bool) -> String {
        let text = match raw {
            None => return "nothing".into(),
            Some(Token { kind: Kind::Null, .. }) => return "null".into(),
            Some(Token { kind: Kind::Object, .. }) => return "an object".into(),
            Some(Token { kind: Kind::Array, .. }) => return "a list".into(),
            Some(Token { kind: Kind::Escaped, .. }) => json::unescaped(self.inner(raw)),
            _ => self.inner(raw).to_string(),
        };
        let quoted = raw.is_some_and(|token| token.kind.is_text() || token.kind == Kind::Cell);
        match (sensitive, quoted) {
            (true, _) => short_hash(self.hash_key, &text),
            (false, true) => format!("\"{}\"", shown::shown(&text)),
            (false, false) => shown::shown(&text),
        }
    }
}

/// Puts a value in its place, if there is one.
#[inline(always)]
fn put(into: &mut Slot, slot: Option<Slot>) -> bool {
    match slot {
        Some(slot) => {
            slot.put(into);
            true
        }
        None => false,
    }
}

/// What a message says should have stood there.
fn expected(ty: &Type, format: TimeFormat) -> String {
    match (ty, format) {
        (Type::List(_), _) => "a list".into(),
        (Type::Record(_), _) => "a record".into(),
        (Type::Time, TimeFormat::EpochSeconds) => "time as epoch_s".into(),
        (Type::Time, TimeFormat::EpochMillis) => "time as epoch_ms".into(),
        (Type::Time, TimeFormat::EpochMicros) => "time as epoch_us".into(),
        _ => ty.to_string(),
    }
}

/// Seconds may have a fraction, which is read exactly.
fn epoch(number: &str, format: TimeFormat) -> Option<Slot> {
    let micros = match format {
        TimeFormat::Rfc3339 => None,
        TimeFormat::EpochSeconds => Decimal::parse(number).map(|seconds| seconds.0),
        TimeFormat::EpochMillis => scalars::int(number).and_then(|millis| millis.checked_mul(1_000)),
        TimeFormat::EpochMicros => scalars::int(number),
    };
    micros.and_then(Time::in_range).map(|t| Slot::int(t.0))
}

pub fn repeated(pointer: String) -> Fault {
    Fault { pointer, expected: "each key once".into(), found: "the same key again".into() }
}

/// A key that two of the members share.
pub fn repeated_key(text: &str, members: &[Member]) -> Option<String> {
    const FEW: usize = 32;
    if members.len() <= FEW && members.iter().all(|member| !member.key_escaped) {
        let twice = members.iter().enumerate().find(|(i, member)| {
            let key = member.key(text);
            members.iter().take(*i).any(|earlier| earlier.key(text) == key)
        });
        return twice.map(|(_, member)| member.key(text).to_string());
    }
    let mut keys: Vec<String> = members
        .iter()
        .map(|member| {
            if member.key_escaped { json::unescaped(member.key(text)) } else { member.key(text).to_string() }
        })
        .collect();
    keys.sort_unstable();
    keys.windows(2).find(|pair| pair.first() == pair.last()).and_then(|pair| pair.first().cloned())
}
