use crate::state::disk::{DiskError, Piece, SnapshotReader, SnapshotWriter};
pub trait Sink {
    type Error;
    fn section(&mut self, name: &str) -> Result<(), Self::Error>;
    fn write(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;
}
pub trait Source {
    type Error;
    fn next(&mut self) -> Result<Option<Piece<'_>>, Self::Error>;
}
impl Sink for SnapshotWriter {
    type Error = DiskError;
    fn section(&mut self, name: &str) -> Result<(), DiskError> {
        SnapshotWriter::section(self, name)
    }
    fn write(&mut self, bytes: &[u8]) -> Result<(), DiskError> {
        SnapshotWriter::write(self, bytes)
    }
}
impl Source for SnapshotReader {
    type Error = DiskError;
    fn next(&mut self) -> Result<Option<Piece<'_>>, DiskError> {
        SnapshotReader::next(self)
    }
}
