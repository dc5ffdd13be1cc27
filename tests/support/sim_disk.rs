//! A disk in memory that forgets what was not synced, and fails when it is told to. The same seed gives the same crash.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use rulec::tooling::disk::{Disk, DiskFile, Guard};

use crate::random::Random;

/// What happens at one operation. Operations are what changes the disk: create, append, sync, truncate, rename, remove.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It fails and does nothing; a failed sync is never made up for.
    Error(io::ErrorKind),
    /// A write does a part of its work and fails; anything else as `Error`.
    Short,
    /// The disk is full from here on: files neither grow nor are made.
    Full,
    /// The power is cut: from here on everything fails.
    PowerCut,
}

#[derive(Clone)]
pub struct SimDisk(Arc<Mutex<World>>);

#[derive(Clone, Default)]
struct World {
    inodes: Vec<Inode>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    pending_names: Vec<NameChange>,
    /// As [`Inode::forgotten`].
    names_forgotten: bool,
    lock: Weak<()>,
    operations: u64,
    fault: Option<(u64, Fault)>,
    /// What the first operation was that failed.
    hit: Option<&'static str>,
    full: bool,
    dead: bool,
}

#[derive(Clone, Default)]
struct Inode {
    bytes: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Change>,
    /// A sync has failed: what is pending is lost to every later one as well.
    forgotten: bool,
}

#[derive(Clone)]
enum Change {
    Append(Vec<u8>),
    Truncate(usize),
}

#[derive(Clone)]
enum NameChange {
    Set(String, usize),
    Rename(String, String, usize),
    Remove(String),
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            NameChange::Set(name, inode) => {
                names.insert(name.clone(), *inode);
            }
            NameChange::Rename(from, to, inode) => {
                names.remove(from);
                names.insert(to.clone(), *inode);
            }
            NameChange::Remove(name) => {
                names.remove(name);
            }
        }
    }
}

impl Default for SimDisk {
    fn default() -> SimDisk {
        SimDisk(Arc::new(Mutex::new(World::default())))
    }
}

impl SimDisk {
    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    pub fn shared(&self) -> Arc<dyn Disk> {
        Arc::new(self.clone())
    }

    /// How many operations there were.
    pub fn operations(&self) -> u64 {
        self.world().operations
    }

    /// Lets the operation of this number, counted from 1 since the disk was made, fail.
    pub fn fail(&self, operation: u64, fault: Fault) {
        self.world().fault = Some((operation, fault));
    }

    /// What the operation was that failed, if one did.
    pub fn hit(&self) -> Option<&'static str> {
        self.world().hit
    }

    pub fn names(&self) -> Vec<String> {
        self.world().names.keys().cloned().collect()
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        let world = self.world();
        world.inodes[world.names[name]].bytes.clone()
    }

    /// Changes a file behind everyone's back.
    pub fn put(&self, name: &str, bytes: Vec<u8>) {
        let mut world = self.world();
        let inode = Inode { bytes: bytes.clone(), durable: bytes, ..Inode::default() };
        world.inodes.push(inode);
        let at = world.inodes.len() - 1;
        world.names.insert(name.into(), at);
        world.durable_names.insert(name.into(), at);
    }

    pub fn delete(&self, name: &str) {
        let mut world = self.world();
        world.names.remove(name);
        world.durable_names.remove(name);
    }

    /// The disk as the next process finds it after this one was killed: everything is there, synced or not. Its own
    /// syncs are honest again.
    pub fn after_kill(&self) -> SimDisk {
        let mut world = self.world().clone();
        world.lock = Weak::new();
        world.operations = 0;
        world.fault = None;
        world.hit = None;
        world.full = false;
        world.dead = false;
        world.names_forgotten = false;
        world.inodes.iter_mut().for_each(|inode| inode.forgotten = false);
        SimDisk(Arc::new(Mutex::new(world)))
    }

    /// The disk after a power cut: of every file what was synced and some first part of what was not, which may end
    /// within a write or have sectors in it that were never written; of the changes of names, any.
    pub fn after_power_cut(&self, seed: u64) -> SimDisk {
        let random = &mut Random::new(seed ^ 0xD15C);
        let world = self.world();
        let mut names = world.durable_names.clone();
        // Sometimes everything or nothing makes it, so that the ends are seen as well.
        let share = [0, 100, 50, 50][random.below(4)];
        for change in &world.pending_names {
            if random.chance(share) {
                change.apply(&mut names);
            }
        }
        let after = SimDisk::default();
        for (name, inode) in names {
            let bytes = world.inodes[inode].survives(share, random);
            after.put(&name, bytes);
        }
        after
    }
}

impl Inode {
    fn survives(&self, share: usize, random: &mut Random) -> Vec<u8> {
        let count = match share {
            0 => 0,
            100 => self.pending.len(),
            _ => random.below(self.pending.len() + 1),
        };
        let mut bytes = self.durable.clone();
        let mut firm = bytes.len();
        for (at, change) in self.pending[..count].iter().enumerate() {
            match change {
                Change::Append(more) => {
                    let torn = at + 1 == count && share == 50 && random.chance(60);
                    let length = if torn { random.below(more.len() + 1) } else { more.len() };
                    bytes.extend_from_slice(&more[..length]);
                }
                Change::Truncate(length) => {
                    bytes.truncate(*length);
                    firm = firm.min(*length);
                }
            }
        }
        if share == 50 && random.chance(30) {
            punch(&mut bytes, firm, random);
        }
        bytes
    }
}

/// Sectors behind `firm` were given to the file and never written.
fn punch(bytes: &mut [u8], firm: usize, random: &mut Random) {
    const SECTOR: usize = 512;
    let mut start = firm;
    while start < bytes.len() {
        let end = ((start / SECTOR + 1) * SECTOR).min(bytes.len());
        if random.chance(40) {
            bytes[start..end].fill(0);
        }
        start = end;
    }
}

impl World {
    /// Counts an operation. `Ok(Some(_))`: it is to be done as far as that lets it, and then to fail.
    fn operation(&mut self, what: &'static str) -> io::Result<Option<Fault>> {
        if self.dead {
            return Err(io::Error::other("the power is cut"));
        }
        self.operations += 1;
        let mut fault = self.fault.filter(|(at, _)| *at == self.operations).map(|(_, fault)| fault);
        self.full |= fault == Some(Fault::Full);
        fault = fault.filter(|fault| *fault != Fault::Full);
        if self.full && fault.is_none() && matches!(what, "append" | "create") {
            fault = Some(Fault::Full);
        }
        self.dead |= fault == Some(Fault::PowerCut);
        self.hit = self.hit.or(fault.map(|_| what));
        Ok(fault)
    }

    fn inode(&self, name: &str) -> io::Result<usize> {
        self.names.get(name).copied().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    fn change_names(&mut self, change: NameChange) -> io::Result<()> {
        let what = match &change {
            NameChange::Set(..) => "create",
            NameChange::Rename(..) => "rename",
            NameChange::Remove(_) => "remove",
        };
        match self.operation(what)? {
            Some(fault @ (Fault::Error(_) | Fault::Short | Fault::Full)) => Err(fault.error()),
            fault => {
                change.apply(&mut self.names);
                self.pending_names.push(change);
                fault.map_or(Ok(()), |fault| Err(fault.error()))
            }
        }
    }

    fn change(&mut self, inode: usize, change: Change) -> io::Result<()> {
        let fault = self.operation(match &change {
            Change::Append(_) => "append",
            Change::Truncate(_) => "truncate",
        })?;
        let change = match (fault, change) {
            (Some(fault @ (Fault::Error(_) | Fault::Full)), _) => return Err(fault.error()),
            (Some(Fault::Short), Change::Append(bytes)) => Change::Append(bytes[..bytes.len() / 2].to_vec()),
            (Some(Fault::Short), Change::Truncate(_)) => return Err(Fault::Short.error()),
            (_, change) => change,
        };
        let inode = &mut self.inodes[inode];
        match &change {
            Change::Append(bytes) => inode.bytes.extend_from_slice(bytes),
            Change::Truncate(length) => inode.bytes.truncate(*length),
        }
        inode.pending.push(change);
        fault.map_or(Ok(()), |fault| Err(fault.error()))
    }

    fn sync(&mut self, inode: usize) -> io::Result<()> {
        let fault = self.operation("sync")?;
        let inode = &mut self.inodes[inode];
        match fault {
            Some(Fault::PowerCut) => Err(Fault::PowerCut.error()),
            Some(fault) => {
                inode.forgotten = true;
                Err(fault.error())
            }
            None => {
                if !inode.forgotten {
                    inode.durable = inode.bytes.clone();
                    inode.pending.clear();
                }
                Ok(())
            }
        }
    }
}

impl Fault {
    fn error(self) -> io::Error {
        match self {
            Fault::Error(kind) => io::Error::from(kind),
            Fault::Short | Fault::Full => io::Error::from(io::ErrorKind::StorageFull),
            Fault::PowerCut => io::Error::other("the power is cut"),
        }
    }
}

impl Disk for SimDisk {
    fn place(&self) -> String {
        "sim".into()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.names())
    }

    fn length(&self, name: &str) -> io::Result<u64> {
        let world = self.world();
        Ok(world.inodes[world.inode(name)?].bytes.len() as u64)
    }

    fn read(&self, name: &str, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let world = self.world();
        let bytes = &world.inodes[world.inode(name)?].bytes;
        let rest = &bytes[bytes.len().min(offset as usize)..];
        let length = rest.len().min(into.len());
        into[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }

    fn create_new(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut world = self.world();
        if world.names.contains_key(name) {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists));
        }
        world.inodes.push(Inode::default());
        let inode = world.inodes.len() - 1;
        world.change_names(NameChange::Set(name.into(), inode))?;
        Ok(Box::new(SimFile { disk: self.clone(), inode }))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let inode = self.world().inode(name)?;
        Ok(Box::new(SimFile { disk: self.clone(), inode }))
    }

    fn truncate(&self, name: &str, length: u64) -> io::Result<()> {
        let mut world = self.world();
        let inode = world.inode(name)?;
        world.change(inode, Change::Truncate(length as usize))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut world = self.world();
        let inode = world.inode(from)?;
        world.change_names(NameChange::Rename(from.into(), to.into(), inode))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut world = self.world();
        world.inode(name)?;
        world.change_names(NameChange::Remove(name.into()))
    }

    fn sync_directory(&self) -> io::Result<()> {
        let mut world = self.world();
        match world.operation("sync of names")? {
            Some(fault) => {
                world.names_forgotten = true;
                Err(fault.error())
            }
            None => {
                if !world.names_forgotten {
                    world.durable_names = world.names.clone();
                    world.pending_names.clear();
                }
                Ok(())
            }
        }
    }

    fn try_lock(&self) -> io::Result<Option<Guard>> {
        let mut world = self.world();
        if world.lock.upgrade().is_some() {
            return Ok(None);
        }
        let guard = Arc::new(());
        world.lock = Arc::downgrade(&guard);
        Ok(Some(Box::new(guard)))
    }
}

struct SimFile {
    disk: SimDisk,
    inode: usize,
}

impl DiskFile for SimFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.disk.world().change(self.inode, Change::Append(bytes.to_vec()))
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.world().sync(self.inode)
    }
}
