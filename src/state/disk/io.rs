//! What the state needs of a disk, and what is said when it fails.

use std::any::Any;
use std::fmt;
use std::io;
use std::sync::{Arc, OnceLock};

/// One directory of plain files. Names have no `/` in them.
///
/// What is promised to outlast a power cut: the bytes of a file after its [`DiskFile::sync`], and the names of files
/// after [`Disk::sync_directory`]. Nothing else is relied upon.
pub trait Disk: Send + Sync {
    /// How the directory is called in messages.
    fn place(&self) -> String;
    /// The names of all plain files, in any order.
    ///
    /// # Errors
    /// As the system says; likewise below.
    fn list(&self) -> io::Result<Vec<String>>;
    /// Bytes of a file.
    fn length(&self, name: &str) -> io::Result<u64>;
    /// Reads from `offset` until `into` is full or the file ends; how many bytes were read.
    fn read(&self, name: &str, offset: u64, into: &mut [u8]) -> io::Result<usize>;
    /// A new, empty file; an error if there is one of that name.
    fn create_new(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;
    /// A file that is there, to be written at its end.
    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;
    /// Cuts a file to its first `length` bytes.
    fn truncate(&self, name: &str, length: u64) -> io::Result<()>;
    /// Gives a file another name, in place of a file that had it.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes sure that the names of the files outlast a power cut.
    fn sync_directory(&self) -> io::Result<()>;
    /// The directory for this holder alone, until the guard is dropped or the process ends; `None` if another has it.
    fn try_lock(&self) -> io::Result<Option<Guard>>;
}

/// A file that is being written.
pub trait DiskFile: Send {
    /// Adds all of `bytes` at the end. After an error any part of them may be there.
    ///
    /// # Errors
    /// As the system says; likewise below.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Makes sure that all bytes so far outlast a power cut. After an error none of them is certain, and asking again
    /// proves nothing: systems forget what they could not write.
    fn sync(&mut self) -> io::Result<()>;
}

/// Holds the lock of a directory.
pub type Guard = Box<dyn Any + Send + Sync>;

/// What kind of thing went wrong.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The system refused: no space, no permission, a broken device.
    Io,
    /// What is there is not what was written.
    Damage,
    /// Another process works on the directory.
    Locked,
    /// Of a newer version, of another secret, or no state at all.
    Foreign,
    /// The caller asked for what can't be.
    Refused,
}

/// What went wrong, where, and what can be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskError {
    /// What kind of thing.
    pub kind: ErrorKind,
    /// The directory.
    pub place: String,
    /// The file in it, if it is about one.
    pub file: Option<String>,
    /// The byte in the file, if it is about one.
    pub offset: Option<u64>,
    /// For [`ErrorKind::Io`] what was attempted and how it ended, otherwise what is wrong.
    pub what: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl DiskError {
    pub(super) fn help(mut self, help: impl Into<String>) -> DiskError {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for DiskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match &self.file {
            Some(file) => format!("{}/{file}", self.place),
            None => self.place.clone(),
        };
        match (self.kind, self.offset) {
            (ErrorKind::Damage, Some(offset)) => {
                write!(f, "`{place}` is damaged at byte {offset}: {}", self.what)
            }
            (ErrorKind::Damage, None) => write!(f, "`{place}` is damaged: {}", self.what),
            _ => write!(f, "`{place}`: {}", self.what),
        }
    }
}

impl std::error::Error for DiskError {}

/// A [`Disk`] whose errors say which file and what was attempted.
#[derive(Clone)]
pub(super) struct Folder {
    disk: Arc<dyn Disk>,
    /// Once names could not be made sure of, no other name is changed: what is on the disk is not known.
    names_lost: Arc<OnceLock<DiskError>>,
}

impl fmt::Debug for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Folder({})", self.disk.place())
    }
}

/// What a file is called until it is whole.
pub(super) const UNFINISHED: &str = ".tmp";

const MENDING: &str = "put back a copy of this file, or move the directory away and start with an empty one";

impl Folder {
    pub fn new(disk: Arc<dyn Disk>) -> Folder {
        Folder { disk, names_lost: Arc::default() }
    }

    pub fn error(&self, kind: ErrorKind, what: impl Into<String>) -> DiskError {
        DiskError { kind, place: self.disk.place(), file: None, offset: None, what: what.into(), help: None }
    }

    pub fn damage(&self, file: &str, offset: impl Into<Option<u64>>, what: impl Into<String>) -> DiskError {
        let error = self.error(ErrorKind::Damage, what).help(MENDING);
        DiskError { file: Some(file.into()), offset: offset.into(), ..error }
    }

    fn io<T>(&self, file: Option<&str>, doing: &str, result: io::Result<T>) -> Result<T, DiskError> {
        result.map_err(|error| {
            let reason = match error.kind() {
                io::ErrorKind::NotFound => "there is no such file".to_string(),
                io::ErrorKind::PermissionDenied => "no permission".to_string(),
                io::ErrorKind::StorageFull => "no space is left on the disk".to_string(),
                io::ErrorKind::AlreadyExists => "it is there already".to_string(),
                _ => error.to_string(),
            };
            let error = self.error(ErrorKind::Io, format!("can't {doing}: {reason}"));
            DiskError { file: file.map(str::to_string), ..error }
        })
    }

    /// In the order of their names.
    pub fn list(&self) -> Result<Vec<String>, DiskError> {
        let mut names = self.io(None, "list the files", self.disk.list())?;
        names.sort();
        Ok(names)
    }

    pub fn length(&self, name: &str) -> Result<u64, DiskError> {
        self.io(Some(name), "read its length", self.disk.length(name))
    }

    pub fn read(&self, name: &str, offset: u64, into: &mut [u8]) -> Result<usize, DiskError> {
        self.io(Some(name), "read it", self.disk.read(name, offset, into))
    }

    pub fn read_whole(&self, name: &str) -> Result<Vec<u8>, DiskError> {
        let length = self.length(name)?;
        let fits = usize::try_from(length).ok().filter(|length| *length <= MOST_AT_ONCE);
        let Some(length) = fits else {
            return Err(self.damage(
                name,
                None,
                format!("it has {length} bytes, which none of our files has"),
            ));
        };
        let mut bytes = vec![0; length];
        let read = self.read(name, 0, &mut bytes)?;
        bytes.truncate(read);
        Ok(bytes)
    }

    pub fn create_new(&self, name: &str) -> Result<File, DiskError> {
        self.file(name, self.io(Some(name), "create it", self.disk.create_new(name))?)
    }

    pub fn open(&self, name: &str) -> Result<File, DiskError> {
        self.file(name, self.io(Some(name), "open it for writing", self.disk.open(name))?)
    }

    #[expect(clippy::unnecessary_wraps, reason = "ends a chain of what may fail")]
    fn file(&self, name: &str, file: Box<dyn DiskFile>) -> Result<File, DiskError> {
        Ok(File { folder: self.clone(), name: name.into(), file })
    }

    pub fn truncate(&self, name: &str, length: u64) -> Result<(), DiskError> {
        self.io(Some(name), "cut it", self.disk.truncate(name, length))
    }

    pub fn rename(&self, from: &str, to: &str) -> Result<(), DiskError> {
        self.names_known()?;
        self.io(Some(from), &format!("rename it to `{to}`"), self.disk.rename(from, to))
    }

    pub fn remove(&self, name: &str) -> Result<(), DiskError> {
        self.names_known()?;
        self.io(Some(name), "remove it", self.disk.remove(name))
    }

    pub fn sync(&self) -> Result<(), DiskError> {
        self.names_known()?;
        let synced = self.io(None, "make sure of the names of the files", self.disk.sync_directory());
        if let Err(error) = &synced {
            self.names_lost.get_or_init(|| error.clone());
        }
        synced
    }

    fn names_known(&self) -> Result<(), DiskError> {
        self.names_lost.get().cloned().map_or(Ok(()), Err)
    }

    pub fn lock(&self) -> Result<Guard, DiskError> {
        let guard = self.io(None, "lock it", self.disk.try_lock())?;
        guard.ok_or_else(|| {
            self.error(ErrorKind::Locked, "another process works on this directory")
                .help("stop the other process first, or give this one a directory of its own")
        })
    }

    /// A small file that is there whole or not at all, whatever happens.
    pub fn write_whole(&self, name: &str, bytes: &[u8]) -> Result<(), DiskError> {
        let unfinished = format!("{name}{UNFINISHED}");
        if self.list()?.contains(&unfinished) {
            self.remove(&unfinished)?;
        }
        let mut file = self.create_new(&unfinished)?;
        file.append(bytes)?;
        file.sync()?;
        drop(file);
        self.rename(&unfinished, name)?;
        self.sync()
    }
}

/// A segment of the log is the largest that is read at once.
const MOST_AT_ONCE: usize = (1 << 30) + (256 << 20);

/// A file whose errors say its name.
pub(super) struct File {
    folder: Folder,
    pub name: String,
    file: Box<dyn DiskFile>,
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "File({})", self.name)
    }
}

impl File {
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), DiskError> {
        let written = self.file.append(bytes);
        self.folder.io(Some(&self.name), "write to it", written)
    }

    pub fn sync(&mut self) -> Result<(), DiskError> {
        let synced = self.file.sync();
        self.folder.io(Some(&self.name), "make sure of what was written to it", synced)
    }
}
