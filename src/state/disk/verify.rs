//! Looks at every byte of a directory and changes nothing.

use std::sync::Arc;

use super::directory::{FORMAT_FILE, check_format, is_unfinished, read_closed};
use super::frame::Fingerprint;
use super::io::{Disk, DiskError, ErrorKind, Folder};
use super::segment::{self, Expected};
use super::snapshot::{self, SnapshotReader};

/// Something about a directory that an operator should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Whether it is damage, or only what a crash leaves behind and opening mends.
    pub damage: bool,
    /// The file, if it is about one.
    pub file: Option<String>,
    /// The byte in the file.
    pub offset: Option<u64>,
    /// What it is.
    pub what: String,
}

impl From<DiskError> for Finding {
    fn from(error: DiskError) -> Finding {
        Finding { damage: true, file: error.file, offset: error.offset, what: error.what }
    }
}

/// Reads everything in a directory, needed for opening or not; with `fingerprint` also whether it is the caller's.
/// Empty if all is well. Takes no lock: of a directory that is being written, the end may look torn.
pub fn verify(disk: Arc<dyn Disk>, fingerprint: Option<&Fingerprint>) -> Vec<Finding> {
    let folder = Folder::new(disk);
    let mut findings = Vec::new();
    match folder.list() {
        Ok(names) => look(&folder, &names, fingerprint, &mut findings),
        Err(error) => findings.push(error.into()),
    }
    findings
}

fn look(folder: &Folder, names: &[String], fingerprint: Option<&Fingerprint>, findings: &mut Vec<Finding>) {
    if let Err(error) = check_format(folder) {
        let foreign = error.kind == ErrorKind::Foreign;
        findings.push(Finding { file: Some(FORMAT_FILE.into()), ..error.into() });
        if foreign {
            return;
        }
    }
    for name in names {
        let what = match name {
            name if is_unfinished(name) => "a crash left it unfinished; it goes when the directory is opened",
            name if snapshot::is_set_aside(name) => {
                "a damaged snapshot that was passed over; it goes with the next snapshot"
            }
            _ => continue,
        };
        findings.push(Finding { damage: false, file: Some(name.clone()), offset: None, what: what.into() });
    }
    let closed = read_closed(folder, names, fingerprint).unwrap_or_else(|error| {
        findings.push(error.into());
        None
    });
    let snapshots = snapshot::numbers(names);
    for number in &snapshots {
        let read = SnapshotReader::new(folder, fingerprint, *number).and_then(SnapshotReader::check);
        findings.extend(read.err().map(Finding::from));
    }
    let reach = snapshots.last().copied().unwrap_or(0);
    let starts = segment::starts(names);
    // The log goes back to the older of two snapshots, and to its beginning if there is but one.
    let from = match snapshots[..] {
        [.., older, _] => older + 1,
        _ => 1,
    };
    match starts.first() {
        None => findings.push(folder.damage(&segment::name(from), None, "the log is missing").into()),
        Some(oldest) if *oldest > from => {
            let what = format!("records {from} to {} are missing, the log begins behind them", oldest - 1);
            findings.push(folder.damage(&segment::name(*oldest), None, what).into());
        }
        Some(_) => {}
    }
    let expected = Expected { fingerprint, closed, reach };
    for (index, start) in starts.iter().enumerate() {
        match segment::read(folder, &starts, index, &expected, &mut |_, _| Ok(())) {
            Err(error) => findings.push(error.into()),
            Ok(end) => {
                let what = if end.torn > 0 {
                    format!(
                        "a crash left {} bytes behind record {}; opening cuts them",
                        end.torn,
                        end.next - 1
                    )
                } else if !end.sealed && index + 1 < starts.len() {
                    "a crash came before it was sealed; opening seals it".into()
                } else {
                    continue;
                };
                findings.push(Finding {
                    damage: false,
                    file: Some(segment::name(*start)),
                    offset: Some(end.length),
                    what,
                });
            }
        }
    }
}
