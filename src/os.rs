//! The real file system, for hosts.

mod disk;
mod log;
mod store;

use std::io::Read;
use std::path::Path;

use crate::compile::{CompileError, Compiled, compile_files};
use crate::source::{FileError, Files};

pub use disk::DiskDirectory;
pub use log::{erase_from_log, read_log};
pub use store::StoreFinding;

/// Files on disk; paths are relative to the working directory.
#[derive(Copy, Clone, Debug, Default)]
pub struct DiskFiles;

/// How deep directories of rules may nest; a loop of symbolic links ends here.
const MAX_DIRECTORY_DEPTH: usize = 32;

/// Places in files are kept in 32 bits; a device such as `/dev/zero` has no end at all.
const MAX_FILE_BYTES: u64 = 1 << 30;

fn read_at_most(most: u64, path: &str) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(most + 1).read_to_end(&mut bytes));
    read.map_err(|error| file_error(path, &error))?;
    if bytes.len() as u64 > most {
        return Err(FileError {
            path: path.to_string(),
            reason: format!("it is larger than {} MB", most >> 20),
        });
    }
    Ok(bytes)
}

impl Files for DiskFiles {
    fn rules_below(&self, directory: &str) -> Result<Option<Vec<String>>, FileError> {
        let path = if directory.is_empty() { "." } else { directory };
        let metadata = std::fs::metadata(path).map_err(|error| file_error(path, &error))?;
        if !metadata.is_dir() {
            return Ok(None);
        }
        let mut found = Vec::new();
        collect(directory, 0, &mut found)?;
        found.sort();
        Ok(Some(found))
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        read_at_most(MAX_FILE_BYTES, path)
    }
}

/// Hidden directories are not looked into.
fn collect(directory: &str, depth: usize, found: &mut Vec<String>) -> Result<(), FileError> {
    let shown = if directory.is_empty() { "." } else { directory };
    if depth > MAX_DIRECTORY_DEPTH {
        return Err(FileError { path: shown.into(), reason: "directories nest too deep here".into() });
    }
    let entries = std::fs::read_dir(shown).map_err(|error| file_error(shown, &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| file_error(shown, &error))?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        if name.starts_with('.') {
            continue;
        }
        let path = if directory.is_empty() { name.to_string() } else { format!("{directory}/{name}") };
        // Follows symbolic links: rulesets are often mounted through them.
        let metadata = std::fs::metadata(&path).map_err(|error| file_error(&path, &error))?;
        if metadata.is_dir() {
            collect(&path, depth + 1, found)?;
        } else if name.ends_with(".rules") {
            found.push(path);
        }
    }
    Ok(())
}

fn file_error(path: &str, error: &std::io::Error) -> FileError {
    let reason = match error.kind() {
        std::io::ErrorKind::NotFound => "no such file or directory".to_string(),
        std::io::ErrorKind::PermissionDenied => "no permission to read it".to_string(),
        _ => error.to_string(),
    };
    FileError { path: path.to_string(), reason }
}

/// Reads, checks and compiles the ruleset at `path`: a directory or one `.rules` file.
///
/// # Errors
/// Everything that is wrong with it, each finding with its place and how to mend it.
///
/// ```
/// let compiled = rulec::compile("rulesets/marketplace").unwrap();
/// assert_eq!(compiled.ruleset.stamp().name, "marketplace");
/// assert!(rulec::compile("no/such/ruleset").unwrap_err().to_string().contains("no such file"));
/// ```
pub fn compile(path: impl AsRef<Path>) -> Result<Compiled, CompileError> {
    let path = path.as_ref();
    let Some(text) = path.to_str() else {
        let path = path.to_string_lossy().into_owned();
        return Err(CompileError::File(FileError { path, reason: "the path is not valid UTF-8".into() }));
    };
    // Paths in rulesets are written with `/` everywhere.
    let text = if cfg!(windows) { text.replace('\\', "/") } else { text.to_string() };
    compile_files(&DiskFiles, &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_end_is_refused() {
        if Path::new("/dev/zero").exists() {
            let error = read_at_most(1 << 20, "/dev/zero").unwrap_err();
            assert_eq!(error.to_string(), "`/dev/zero`: it is larger than 1 MB");
        }
        assert!(read_at_most(1 << 20, "Cargo.toml").unwrap().starts_with(b"[package]"));
    }
}
