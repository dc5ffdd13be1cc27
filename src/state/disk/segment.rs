//! Reading the log: which segments there are, what is in them, and whether the end of the last one is torn.

use super::frame::{self, Broken, FRAME, Fingerprint, Frame, HEADER, Header, Kind, LOG};
use super::io::{DiskError, Folder};

const PREFIX: &str = "wal-";
const SUFFIX: &str = ".log";

/// The name of the segment whose first record has this number.
pub(super) fn name(start: u64) -> String {
    format!("{PREFIX}{start:020}{SUFFIX}")
}

/// The number in a name made of `prefix`, 20 digits and `suffix`.
pub(super) fn number_in(name: &str, prefix: &str, suffix: &str) -> Option<u64> {
    let digits = name.strip_prefix(prefix)?.strip_suffix(suffix)?;
    let number =
        (digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?;
    // Nobody counts so far; and what is counted from there on does not overflow.
    number.filter(|number| *number <= u64::MAX / 2)
}

/// The numbers that segments start with, in order.
pub(super) fn starts(names: &[String]) -> Vec<u64> {
    let mut starts: Vec<u64> = names.iter().filter_map(|name| number_in(name, PREFIX, SUFFIX)).collect();
    starts.retain(|start| *start > 0);
    starts.sort_unstable();
    starts
}

/// What the rest of the directory says of the log.
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct Expected<'a> {
    pub fingerprint: Option<&'a Fingerprint>,
    /// The number of the last record when the log was closed, if nothing was written since.
    pub closed: Option<u64>,
    /// Records up to this one were synced for sure: a snapshot holds them.
    pub reach: u64,
}

/// The end of one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SegmentEnd {
    pub fingerprint: Fingerprint,
    /// The number of the record to come.
    pub next: u64,
    /// Bytes that hold.
    pub length: u64,
    /// Bytes behind them, which a crash left behind.
    pub torn: u64,
    pub sealed: bool,
}

/// Is given the number and the payload of each record; what it objects to is shown with the place of the record.
pub type Each<'a> = &'a mut dyn FnMut(u64, &[u8]) -> Result<(), String>;

/// The end of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LogEnd {
    /// Of the last segment.
    pub last: SegmentEnd,
    /// Of the one before, if a crash came before it was sealed.
    pub unsealed: Option<SegmentEnd>,
}

/// Hands over the records from number `from` on, of as few segments as hold them.
pub(super) fn read_all(
    folder: &Folder,
    starts: &[u64],
    from: u64,
    expected: &Expected<'_>,
    each: Each<'_>,
) -> Result<LogEnd, DiskError> {
    let Some(oldest) = starts.first() else {
        return Err(folder.damage(&name(1), None, "the log is missing"));
    };
    let holds = starts.partition_point(|start| *start <= from);
    if holds == 0 {
        let what = format!("records {from} to {} are missing, the log begins behind them", oldest - 1);
        return Err(folder.damage(&name(*oldest), None, what));
    }
    let first = holds - 1;
    let mut wanted = |number: u64, payload: &[u8]| if number < from { Ok(()) } else { each(number, payload) };
    let mut unsealed = None;
    for index in first..starts.len() - 1 {
        let end = read(folder, starts, index, expected, &mut wanted)?;
        unsealed = (!end.sealed).then_some(end);
    }
    let last = read(folder, starts, starts.len() - 1, expected, &mut wanted)?;
    Ok(LogEnd { last, unsealed })
}

/// Reads the segment `starts[index]`, judges it, and hands over its records.
pub(super) fn read(
    folder: &Folder,
    starts: &[u64],
    index: usize,
    expected: &Expected<'_>,
    each: Each<'_>,
) -> Result<SegmentEnd, DiskError> {
    let start = starts[index];
    let file = name(start);
    let bytes = folder.read_whole(&file)?;
    let header = Header::read(folder, &file, &bytes, LOG, expected.fingerprint)?;
    if header.number != start {
        let what = format!("it starts with record {}, and its name says {start}", header.number);
        return Err(folder.damage(&file, 12, what));
    }
    let walk = walk(&bytes, &header, each).map_err(|(at, what)| folder.damage(&file, at as u64, what))?;
    let mut end = SegmentEnd {
        fingerprint: header.fingerprint,
        next: walk.next,
        length: walk.at as u64,
        torn: 0,
        sealed: walk.sealed,
    };
    let damage = |at: usize, what: String| Err(folder.damage(&file, at as u64, what));
    let rest = &bytes[walk.at..];
    if let Some(next) = starts.get(index + 1) {
        let follows = *next == walk.next;
        // A crash may come between the making of a segment and the sealing of the one before.
        let unfinished = follows
            && index + 2 == starts.len()
            && !walk.sealed
            && expected.closed.is_none()
            && rest.len() <= FRAME
            && folder.length(&name(*next))? == HEADER as u64;
        return match walk.broken {
            None if walk.sealed && follows => Ok(end),
            None if walk.sealed => damage(walk.at, goes_on(walk.next)),
            _ if unfinished => {
                end.torn = rest.len() as u64;
                Ok(end)
            }
            None => damage(walk.at, format!("it ends before record {}, and the log goes on", walk.next)),
            Some(why) => damage(walk.at, wrong(walk.next, why)),
        };
    }
    if walk.sealed {
        return damage(walk.at, goes_on(walk.next));
    }
    if let Some(why) = walk.broken {
        if expected.closed.is_some() || !is_torn(&bytes, walk.at, walk.next, header.salt()) {
            return damage(walk.at, wrong(walk.next, why));
        }
        end.torn = rest.len() as u64;
    }
    let last = walk.next - 1;
    match expected.closed {
        Some(closed) if closed != last => {
            damage(walk.at, format!("the log was closed after record {closed}, and ends after record {last}"))
        }
        _ if last < expected.reach => damage(
            walk.at,
            format!("there is a snapshot of record {}, and the log ends after {last}", expected.reach),
        ),
        _ => Ok(end),
    }
}

fn goes_on(number: u64) -> String {
    format!("the log goes on with record {number} in `{}`, which is missing", name(number))
}

fn wrong(number: u64, why: Broken) -> String {
    format!("record {number} can't be read: {}", why.text())
}

/// How far the frames of a segment hold.
struct Walk {
    /// Past the last good frame.
    at: usize,
    next: u64,
    sealed: bool,
    /// Why what follows is no frame, if anything follows.
    broken: Option<Broken>,
}

/// An error is what `each` objects to, and where.
fn walk(bytes: &[u8], header: &Header, each: Each<'_>) -> Result<Walk, (usize, String)> {
    let mut walk = Walk { at: HEADER, next: header.number, sealed: false, broken: None };
    let salt = header.salt();
    while walk.at < bytes.len() {
        match frame::read(&bytes[walk.at..], salt) {
            Ok(frame) if belongs(&frame) && frame.number == walk.next && !walk.sealed => {
                match frame.kind {
                    Kind::Record => {
                        each(frame.number, frame.payload).map_err(|what| (walk.at, what))?;
                        walk.next += 1;
                    }
                    Kind::Seal => walk.sealed = true,
                    _ => {}
                }
                walk.at += frame.len();
            }
            Ok(_) => {
                walk.broken = Some(Broken::Strange);
                break;
            }
            Err(why) => {
                walk.broken = Some(why);
                break;
            }
        }
    }
    Ok(walk)
}

fn belongs(frame: &Frame<'_>) -> bool {
    match frame.kind {
        Kind::Record => true,
        Kind::Synced | Kind::Seal => frame.payload.is_empty(),
        Kind::Section | Kind::Block | Kind::Footer => false,
    }
}

/// Whether a crash may have left what begins at `at`, where record `next` should be.
///
/// Without a good frame behind it: yes. With one, only if the system wrote the later part of one batch and not the
/// earlier, which leaves blocks of zeros where it did not write; and no later frame says that the place was synced.
fn is_torn(bytes: &[u8], at: usize, next: u64, salt: u32) -> bool {
    let mut place = at + 1;
    let mut first_good = None;
    while place + FRAME <= bytes.len() {
        let Ok(frame) = frame::read(&bytes[place..], salt) else {
            place += 1;
            continue;
        };
        if frame.kind != Kind::Record && frame.number > next {
            return false;
        }
        first_good.get_or_insert(place);
        place += frame.len();
    }
    first_good.is_none_or(|good| has_hole(bytes, at, good))
}

/// The smallest piece that disks write.
const SECTOR: usize = 512;

/// Whether a part of `from..to` was never written: zeros up to the end of a sector. No frame begins with a zero.
fn has_hole(bytes: &[u8], from: usize, to: usize) -> bool {
    let mut start = from;
    while start < to {
        let end = (start / SECTOR + 1) * SECTOR;
        if end <= to && bytes[start..end].iter().all(|b| *b == 0) {
            return true;
        }
        start = end;
    }
    false
}
