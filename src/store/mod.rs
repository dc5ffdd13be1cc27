//! Memory that outlasts the process: inputs are written down before they are decided, and what they left behind is
//! written as a snapshot every now and then. Opened again, the newest snapshot is read and the inputs behind it are decided
//! once more, with the ruleset that they were decided with then.

mod look;
mod origin;
mod recover;
mod trace;

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::builtins::DEFAULT_HASH_KEY;
use crate::engine::durable::Driver;
use crate::engine::{Engine, EngineOptions, Ruleset, StoreError};
use crate::state::disk::{Directory, DirectoryOptions, Disk, Durability as Mode, Flusher};

pub(crate) use look::look;
pub(crate) use origin::Origin;
pub(crate) use recover::torn;
use recover::{Opened, Recovering};
pub(crate) use trace::{Found, traces};

/// When inputs are made to outlast what.
///
/// In every mode the log is written within about a millisecond and then outlasts the process; what a crash of the
/// process or a power cut takes is always the end of the log and never anything in the middle.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The system writes to the disk when it pleases: a power cut may take everything since the last snapshot.
    None,
    /// Every 10 milliseconds: a power cut takes at most what was answered since then.
    #[default]
    Batched,
    /// Before it is answered: nothing that was answered is ever lost.
    Sync,
}

impl Durability {
    pub(crate) fn mode(self) -> Mode {
        match self {
            Durability::None => Mode::None,
            Durability::Batched => Mode::Batched { every: 10_000 },
            Durability::Sync => Mode::Sync,
        }
    }
}

/// How a store is kept.
///
/// ```
/// use rulec::{Durability, StoreOptions};
///
/// let options = StoreOptions::default().durability(Durability::Sync).snapshot_every(64 << 20);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct StoreOptions {
    durability: Durability,
    snapshot_every: u64,
    hash_key: Vec<u8>,
    older_snapshot: bool,
    segment_bytes: u64,
}

impl fmt::Debug for StoreOptions {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StoreOptions { durability, snapshot_every, older_snapshot, segment_bytes, hash_key: _ } = self;
        let mut fields = f.debug_struct("StoreOptions");
        fields.field("durability", durability).field("snapshot_every", snapshot_every);
        fields.field("older_snapshot", older_snapshot).field("segment_bytes", segment_bytes);
        fields.finish_non_exhaustive()
    }
}

impl Default for StoreOptions {
    fn default() -> StoreOptions {
        StoreOptions {
            durability: Durability::default(),
            snapshot_every: 256 << 20,
            hash_key: DEFAULT_HASH_KEY.to_vec(),
            older_snapshot: false,
            segment_bytes: DirectoryOptions::default().segment_bytes,
        }
    }
}

impl StoreOptions {
    /// When inputs outlast a power cut: [`Durability::Batched`] unless said otherwise.
    pub fn durability(mut self, durability: Durability) -> StoreOptions {
        self.durability = durability;
        self
    }

    /// A snapshot is written when the log has grown by so many bytes: 256 MiB unless said otherwise. The less, the
    /// faster a store is opened after a crash.
    pub fn snapshot_every(mut self, bytes: u64) -> StoreOptions {
        self.snapshot_every = bytes.max(1);
        self
    }

    /// The host's secret, under which the keys in the store are hashed; it takes the place of
    /// [`EngineOptions::hash_key`]. A store is opened with the secret that it was made with, or not at all.
    pub fn hash_key(mut self, key: impl Into<Vec<u8>>) -> StoreOptions {
        self.hash_key = key.into();
        self
    }

    /// The log goes on in another file when one has grown so long: for simulations, which have little to write.
    pub(crate) fn segment_bytes(mut self, bytes: u64) -> StoreOptions {
        self.segment_bytes = bytes;
        self
    }

    pub(crate) fn fingerprint(&self) -> [u8; 16] {
        fingerprint(&self.hash_key)
    }

    /// Answers wait for the disk.
    pub(crate) fn syncs(&self) -> bool {
        self.durability == Durability::Sync
    }

    /// If the newest snapshot is damaged, take the one before it and the log since then. Nothing is lost by it, but it
    /// should be somebody's decision.
    pub fn older_snapshot(mut self, take: bool) -> StoreOptions {
        self.older_snapshot = take;
        self
    }
}

/// A directory of state, open for this process alone.
///
/// ```
/// use rulec::{Engine, EngineOptions, Store, StoreOptions, compile_text};
/// # let directory = tempfile::tempdir().unwrap();
/// # let path = directory.path();
///
/// let rules = r#"
///     entity buyer
///     event login { buyer: buyer }
///     rule busy on login { review if count(login) by buyer over 1h before this >= 1 }
/// "#;
/// let ruleset = compile_text("shop.rules", rules).unwrap().ruleset;
/// let login = |id: u32| format!(r#"{{"type":"login","id":{id},"at":"2026-11-11T10:0{id}:00Z","buyer":"b1"}}"#);
///
/// let store = Store::open(path, StoreOptions::default())?;
/// let engine = Engine::with_store(ruleset.clone(), EngineOptions::default(), store)?;
/// engine.decide_json(login(1).as_bytes());
/// engine.close()?;
///
/// let store = Store::open(path, StoreOptions::default())?;
/// let engine = Engine::with_store(ruleset, EngineOptions::default(), store)?;
/// assert_eq!(engine.recovered().unwrap().inputs, 1);
/// assert_eq!(engine.decide_json(login(2).as_bytes()).outcome(), "review");
/// # Ok::<(), rulec::StoreError>(())
/// ```
pub struct Store {
    directory: Directory,
    options: StoreOptions,
    start: Start,
}

/// Makes what writes.
pub(crate) type Start =
    Box<dyn FnOnce(Arc<std::sync::Mutex<Option<Flusher>>>) -> Result<Driver, StoreError> + Send>;

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({:?})", self.options.durability)
    }
}

impl Store {
    /// On any disk, written by whoever hands over: for simulations. `clock` is in microseconds and does not go back.
    pub(crate) fn inline(
        disk: Arc<dyn Disk>,
        options: StoreOptions,
        clock: Box<dyn Fn() -> u64 + Send + Sync>,
    ) -> Result<Store, StoreError> {
        Store::on(disk, options, Box::new(|_| Ok(Driver::Inline(clock))))
    }

    /// On any disk; `start` makes what writes.
    pub(crate) fn on(disk: Arc<dyn Disk>, options: StoreOptions, start: Start) -> Result<Store, StoreError> {
        let directory = Directory::open(
            disk,
            DirectoryOptions {
                fingerprint: options.fingerprint(),
                durability: options.durability.mode(),
                older_snapshot: options.older_snapshot,
                segment_bytes: options.segment_bytes,
                ..DirectoryOptions::default()
            },
        )?;
        Ok(Store { directory, options, start })
    }
}

impl Store {
    /// The snapshot, and the log behind it.
    fn read(self, known: Option<Arc<Ruleset>>) -> Result<(Recovering, Opened), StoreError> {
        let Store { directory, options, start } = self;
        let mut recovering = Recovering::new(known, options.hash_key);
        if let Some(reader) = directory.snapshot()? {
            recovering.read_snapshot(reader)?;
        }
        let mut refused = None;
        let replayed = directory.replay(&mut recovering.each(&mut refused));
        let (journal, found) = match refused {
            Some(error) => return Err(error),
            None => replayed?,
        };
        let durability = options.durability.mode();
        let log = Opened { journal, found, durability, snapshot_every: options.snapshot_every, start };
        Ok((recovering, log))
    }
}

/// Tells apart what was written under different secrets, and tells nothing of them.
pub(crate) fn fingerprint(hash_key: &[u8]) -> [u8; 16] {
    let mut hasher = Sha256::new();
    hasher.update(b"rulec state");
    hasher.update(hash_key);
    let mut print = [0; 16];
    print.iter_mut().zip(hasher.finalize()).for_each(|(to, byte)| *to = byte);
    print
}

impl Engine {
    /// With everything that is remembered in the store, and whatever it will remember kept there.
    ///
    /// Inputs that the log holds are decided again with the ruleset that they were decided with; then `ruleset` takes
    /// over what means the same in it.
    ///
    /// # Errors
    /// If the store is damaged, or belongs to another secret. Then it is as it was.
    pub fn with_store(
        ruleset: Arc<Ruleset>,
        options: EngineOptions,
        store: Store,
    ) -> Result<Engine, StoreError> {
        let options = options.hash_key(store.options.hash_key.clone());
        let (recovering, log) = store.read(Some(ruleset.clone()))?;
        recovering.finish(ruleset, options, log)
    }
    /// With everything that is remembered in the store, and the ruleset and options that decided last: for those who have
    /// no events to decide, as to [`Engine::erase`].
    ///
    /// # Errors
    /// As [`Engine::with_store`], and if nothing is remembered yet.
    pub fn as_before(store: Store) -> Result<Engine, StoreError> {
        let (recovering, log) = store.read(None)?;
        recovering.finish_as_before(log)
    }
}
