//! Lists, tables and calendars that lines and events fill: what they hold for the machine, and what is written to them.

use super::code::FeedCode;
use super::effects::Known;
use crate::model::event::ListLine;
use crate::model::ids::{CalendarId, ListId, TableId};
use crate::model::ops::canonical_net;
use crate::model::slot::{Arena, Arenas, Slot};
use crate::model::time::Time;
use crate::model::types::Type;
use crate::model::value::{Datum, Value};
use crate::plan::ir::Fed;
use crate::sema::hir::Hir;
use crate::state::{Entry, Feeds, KeyHash, KeyHasher, Prefix};
use crate::vm::{Filled, Machine};
use ipnet::IpNet;

impl Known<'_> {
    fn key_of(&self, keys: &[(Slot, &Type)], arenas: &Arenas<'_>) -> Option<KeyHash> {
        self.hasher.hash_each(keys.iter().copied(), arenas)
    }
}

impl Filled for Known<'_> {
    fn contains(&self, list: ListId, value: (Slot, &Type), arenas: &Arenas<'_>) -> Option<bool> {
        let networks = self.hir.lists.get(list.index())?.ty.representation() == &Type::Cidr;
        if networks && value.1.representation() == &Type::Ip {
            let address = arenas.ip(value.0).to_canonical();
            return self.feeds.lists.holds(list, |prefix| {
                let network = IpNet::new(address, prefix.bits).ok()?;
                (prefix.v4 == address.is_ipv4()).then(|| self.hasher.network(network.trunc()))
            });
        }
        self.feeds.lists.contains(list, self.key_of(&[value], arenas)?)
    }

    fn row(&self, table: TableId, keys: &[(Slot, &Type)], arenas: &Arenas<'_>) -> Option<Value> {
        self.feeds.rows.get(table, self.key_of(keys, arenas)?)
    }

    fn during(&self, calendar: CalendarId, at: Time, keys: &[(Slot, &Type)], arenas: &Arenas<'_>) -> Datum {
        match self.key_of(keys, arenas) {
            Some(key) => self.feeds.calendars.during(calendar, key, at),
            None => Datum::MISSING,
        }
    }
}

/// The values of a line as entries of the list.
pub(super) fn change(feeds: &mut Feeds, hasher: &KeyHasher, hir: &Hir, line: &ListLine) {
    let Some(list) = hir.lists.get(line.list.index()) else { return };
    let mut arena = Arena::new();
    let mut entries = |values: &[Value]| -> Vec<Entry> {
        values.iter().filter_map(|value| entry(value, &list.ty, hasher, &mut arena)).collect()
    };
    let (remove, add) = (entries(&line.remove), entries(&line.add));
    feeds.lists.change(line.list, &remove, &add);
}

fn entry(value: &Value, ty: &Type, hasher: &KeyHasher, arena: &mut Arena) -> Option<Entry> {
    if let Value::Cidr(network) = value {
        let network = canonical_net(*network);
        let prefix = Prefix { v4: network.addr().is_ipv4(), bits: network.prefix_len() };
        return Some(Entry { key: hasher.network(network), prefix: Some(prefix) });
    }
    let slot = arena.add_value(value, ty);
    let arenas = Arenas { constants: arena, event: arena };
    Some(Entry { key: hasher.hash_each(std::iter::once((slot, ty)), &arenas)?, prefix: None })
}

/// What an event tells one table or calendar.
pub(super) enum Telling {
    Row(TableId, KeyHash, Vec<Option<Value>>),
    Span(CalendarId, KeyHash, (Time, Time)),
}

/// What an event tells; one that lacks a key, or a calendar's times, tells nothing.
pub(super) fn tellings(machine: &Machine<'_>, codes: &[FeedCode], hasher: &KeyHasher) -> Vec<Telling> {
    let arenas = machine.arenas();
    let telling = |code: &FeedCode| {
        let keys = code.keys.iter().map(|(reg, ty)| (machine.get(*reg), ty));
        let key = hasher.hash_each(keys, &arenas)?;
        let values = code.values.iter().map(|(reg, ty)| arenas.datum(machine.get(*reg), ty).known().cloned());
        let values: Vec<Option<Value>> = values.collect();
        match (code.into, values.as_slice()) {
            (Fed::Table(table), _) => Some(Telling::Row(table, key, values)),
            (Fed::Calendar(calendar), [Some(Value::Time(from)), Some(Value::Time(until))]) => {
                Some(Telling::Span(calendar, key, (*from, *until)))
            }
            _ => None,
        }
    };
    codes.iter().filter_map(telling).collect()
}

/// Enters what an event at that time tells. Whether it is older than the newest event of any key there.
pub(super) fn write_feeds(feeds: &mut Feeds, told: Vec<Telling>, at: Time) -> bool {
    told.into_iter().fold(false, |late, telling| {
        late | match telling {
            Telling::Row(table, key, values) => feeds.rows.tell(table, key, at, values),
            Telling::Span(calendar, key, span) => feeds.calendars.enter(calendar, key, at, span),
        }
    })
}
