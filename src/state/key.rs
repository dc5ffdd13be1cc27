//! Keys as hashes: nothing of a key is kept in clear, and nobody can choose collisions.

use std::hash::Hasher;

use ipnet::IpNet;
use sha2::{Digest, Sha256};
use siphasher::sip128::{Hasher128, SipHasher13};

use crate::model::slot::{Arenas, Slot};
use crate::model::types::Type;

/// A keyed 128-bit hash of key values; equality of hashes is taken as equality of keys.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyHash(pub u128);

/// The type and id of an event, hashed like a key.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Identity(pub(crate) u128);

/// Hashes key values under the host's secret.
#[derive(Clone, Debug)]
pub struct KeyHasher {
    fresh: SipHasher13,
}

impl KeyHasher {
    pub fn new(secret: &[u8]) -> KeyHasher {
        let digest = Sha256::new().chain_update(b"rulec keys of memories\0").chain_update(secret).finalize();
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        KeyHasher { fresh: SipHasher13::new_with_key(&key) }
    }

    /// `None` if any of the values is not known: an event with a missing key is not counted, and a question
    /// with one has no answer. `types` are those of the slots.
    pub fn hash(&self, slots: &[Slot], types: &[Type], arenas: &Arenas<'_>) -> Option<KeyHash> {
        self.hash_all(slots.iter().copied(), types, arenas)
    }

    /// As [`KeyHasher::hash`], of slots that stand apart.
    pub fn hash_all(
        &self,
        slots: impl Iterator<Item = Slot>,
        types: &[Type],
        arenas: &Arenas<'_>,
    ) -> Option<KeyHash> {
        self.hash_each(slots.zip(types), arenas)
    }

    /// As [`KeyHasher::hash`], of slots that stand apart, each with its type.
    pub fn hash_each<'t>(
        &self,
        values: impl Iterator<Item = (Slot, &'t Type)>,
        arenas: &Arenas<'_>,
    ) -> Option<KeyHash> {
        let mut hasher = self.fresh;
        for (slot, ty) in values {
            if !slot.is_known() {
                return None;
            }
            feed(&mut hasher, slot, ty, arenas);
        }
        Some(KeyHash(hasher.finish128().as_u128()))
    }

    /// A secret number, for tables of values.
    pub(super) fn seed(&self) -> u64 {
        self.fresh.finish()
    }

    /// Of one value that is a network: as any key of such a value.
    pub fn network(&self, network: IpNet) -> KeyHash {
        let mut hasher = self.fresh;
        feed_network(&mut hasher, network);
        KeyHash(hasher.finish128().as_u128())
    }

    /// Of one known value, for telling values apart.
    pub(super) fn value(&self, slot: Slot, ty: &Type, arenas: &Arenas<'_>) -> u128 {
        let mut hasher = self.fresh;
        feed(&mut hasher, slot, ty, arenas);
        hasher.finish128().as_u128()
    }

    /// What stands for a name in the hashes of others.
    pub fn mark(&self, name: &str) -> u64 {
        let mut hasher = self.fresh;
        hasher.write(name.as_bytes());
        hasher.finish()
    }

    /// What an event is told by when it comes again: its type, as the mark of its name, and its id.
    pub fn identity(&self, event: u64, id: &str) -> Identity {
        let mut hasher = self.fresh;
        hasher.write(&event.to_le_bytes());
        hasher.write(id.as_bytes());
        Identity(hasher.finish128().as_u128())
    }
}

/// Canonical bytes of one value: equal values give equal bytes, and no two sequences of values run together.
fn feed(hasher: &mut SipHasher13, slot: Slot, ty: &Type, arenas: &Arenas<'_>) {
    match ty.representation() {
        Type::Text | Type::Email | Type::Phone => {
            let text = arenas.text(slot);
            hasher.write(&(text.len() as u64).to_le_bytes());
            hasher.write(text.as_bytes());
        }
        Type::Ip => hasher.write(&ip_bits(arenas.ip(slot)).to_le_bytes()),
        Type::Cidr => feed_network(hasher, arenas.net(slot)),
        Type::Money(_) => {
            hasher.write(&slot.bits.to_le_bytes());
            hasher.write(&slot.aux.to_le_bytes());
        }
        Type::Float => hasher.write(&canonical_float(slot.as_float()).to_bits().to_le_bytes()),
        Type::List(element) => {
            let run = arenas.run(slot);
            hasher.write(&(run.len() as u64).to_le_bytes());
            for item in run {
                feed_part(hasher, *item, &element.base, arenas);
            }
        }
        Type::Record(record) => {
            for (item, field) in arenas.run(slot).iter().zip(&record.fields) {
                feed_part(hasher, *item, &field.ty.base, arenas);
            }
        }
        _ => hasher.write(&slot.bits.to_le_bytes()),
    }
}

fn feed_network(hasher: &mut SipHasher13, network: IpNet) {
    hasher.write(&ip_bits(network.network()).to_le_bytes());
    hasher.write(&[network.prefix_len(), u8::from(network.addr().is_ipv4())]);
}

/// A part of a list or record, which may be unknown.
fn feed_part(hasher: &mut SipHasher13, slot: Slot, ty: &Type, arenas: &Arenas<'_>) {
    hasher.write(&[slot.state as u8]);
    if !slot.is_unknown() {
        feed(hasher, slot, ty, arenas);
    }
}

/// An IPv4 address and its IPv4-mapped form are the same address.
fn ip_bits(ip: std::net::IpAddr) -> u128 {
    match ip {
        std::net::IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        std::net::IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// Both zeros are one number.
pub(super) fn canonical_float(value: f64) -> f64 {
    if value == 0.0 { 0.0 } else { value }
}
