//! A directory of the real file system.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::engine::StoreError;
use crate::state::disk::{Disk, DiskFile, Guard, LOCK_FILE};

/// A directory of the real file system, for state.
#[derive(Clone, Debug)]
pub struct DiskDirectory(PathBuf);

impl DiskDirectory {
    /// Makes the directory if it is not there.
    ///
    /// # Errors
    /// If it can't be made, or is no directory.
    pub fn new(path: impl AsRef<Path>) -> io::Result<DiskDirectory> {
        let path = path.as_ref();
        let made = !path.is_dir();
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(path)?;
        if made && let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            sync_names(parent)?;
        }
        Ok(DiskDirectory(path.to_path_buf()))
    }

    /// One that is there already.
    ///
    /// # Errors
    /// If there is no directory of that name.
    pub fn existing(path: &Path, what: &str) -> Result<DiskDirectory, StoreError> {
        if path.is_dir() {
            return Ok(DiskDirectory(path.to_path_buf()));
        }
        let why = if path.exists() { "it is no directory" } else { "no such directory" };
        Err(StoreError::new(format!("can't look at {what} in `{}`: {why}", path.display())))
    }
}

impl Disk for DiskDirectory {
    fn place(&self) -> String {
        self.0.display().to_string()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.0)? {
            let entry = entry?;
            if entry.file_type()?.is_file()
                && let Ok(name) = entry.file_name().into_string()
            {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn length(&self, name: &str) -> io::Result<u64> {
        Ok(std::fs::metadata(self.0.join(name))?.len())
    }

    fn read(&self, name: &str, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let mut file = File::open(self.0.join(name))?;
        file.seek(SeekFrom::Start(offset))?;
        let mut filled = 0;
        while filled < into.len() {
            match file.read(&mut into[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn create_new(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let file = private(OpenOptions::new().append(true).create_new(true)).open(self.0.join(name))?;
        Ok(Box::new(Appended(file)))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(Appended(OpenOptions::new().append(true).open(self.0.join(name))?)))
    }

    fn truncate(&self, name: &str, length: u64) -> io::Result<()> {
        OpenOptions::new().write(true).open(self.0.join(name))?.set_len(length)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.0.join(from), self.0.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.0.join(name))
    }

    fn sync_directory(&self) -> io::Result<()> {
        sync_names(&self.0)
    }

    fn try_lock(&self) -> io::Result<Option<Guard>> {
        let path = self.0.join(LOCK_FILE);
        let file = private(OpenOptions::new().write(true).create(true).truncate(false)).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// What is made so can be read by its owner alone: it holds what events said.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Elsewhere directories can't be opened, and names are kept with the files.
fn sync_names(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}

struct Appended(File);

impl DiskFile for Appended {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }
}
