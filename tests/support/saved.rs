//! A saved state in memory, handed back in pieces of any size.

use rulec::{Engine, Piece, Sink, StateSource};

/// Sections with their bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Saved(pub Vec<(String, Vec<u8>)>);

impl Sink for Saved {
    type Error = String;

    fn section(&mut self, name: &str) -> Result<(), String> {
        self.0.push((name.to_string(), Vec::new()));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        let (_, section) = self.0.last_mut().ok_or("a section must come first")?;
        section.extend_from_slice(bytes);
        Ok(())
    }
}

impl Saved {
    pub fn of(engine: &Engine) -> Saved {
        let mut saved = Saved::default();
        engine.save(&mut saved).unwrap();
        saved
    }

    /// In pieces of so many bytes.
    pub fn read(&self, size: usize) -> Pieces<'_> {
        Pieces { saved: self, section: 0, at: None, size: size.max(1) }
    }

    pub fn len(&self) -> usize {
        self.0.iter().map(|(_, bytes)| bytes.len()).sum()
    }
}

pub struct Pieces<'s> {
    saved: &'s Saved,
    section: usize,
    /// Within the section; absent before its name.
    at: Option<usize>,
    size: usize,
}

impl StateSource for Pieces<'_> {
    type Error = String;

    fn next(&mut self) -> Result<Option<Piece<'_>>, String> {
        let Some((name, bytes)) = self.saved.0.get(self.section) else { return Ok(None) };
        let Some(at) = self.at else {
            self.at = Some(0);
            return Ok(Some(Piece::Section(name)));
        };
        if at >= bytes.len() {
            self.section += 1;
            self.at = None;
            return self.next();
        }
        let end = (at + self.size).min(bytes.len());
        self.at = Some(end);
        Ok(Some(Piece::Bytes(&bytes[at..end])))
    }
}
