//! Event files as they were compressed, gzip or Zstandard, told by their names. What is cut off or damaged is an error that
//! says so: half of a file must not pass for the whole.

use std::io::{BufRead, Error, ErrorKind, Read, Result};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::FrameDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};

/// The bytes of a file of this name.
pub fn unpacked(name: &str, mut packed: impl BufRead + Send + 'static) -> Result<Box<dyn Read + Send>> {
    if name.ends_with(".gz") {
        if packed.fill_buf()?.first() != Some(&0x1f) {
            return Err(not_what_its_name_says("gzip"));
        }
        Ok(Box::new(Gzip(MultiGzDecoder::new(packed))))
    } else if name.ends_with(".zst") {
        // A frame, or one of the skippable ones. Of less than four bytes the decoder says that they are cut off.
        let first = packed.fill_buf()?;
        let magic = match first {
            [0x50..=0x5f, ..] => [0x2a, 0x4d, 0x18],
            _ => [0xb5, 0x2f, 0xfd],
        };
        let (start, rest) = first.split_at(first.len().min(1));
        let length = rest.len().min(magic.len());
        if !matches!(start, [0x28 | 0x50..=0x5f]) || rest[..length] != magic[..length] {
            return Err(not_what_its_name_says("Zstandard"));
        }
        let mut zstd = Zstd { packed, decoder: FrameDecoder::new() };
        zstd.next_frame()?;
        Ok(Box::new(zstd))
    } else {
        Ok(Box::new(packed))
    }
}

fn not_what_its_name_says(format: &str) -> Error {
    Error::new(ErrorKind::InvalidData, format!("it does not hold {format} data, as its name says"))
}

fn cut_off() -> Error {
    Error::new(ErrorKind::UnexpectedEof, "the compressed data ends in the middle: the file was cut off")
}

fn damaged(detail: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidData, format!("the compressed data is damaged: {detail}"))
}

struct Gzip<R>(MultiGzDecoder<R>);

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.0.read(buffer).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => cut_off(),
            ErrorKind::InvalidInput | ErrorKind::InvalidData => damaged(error),
            _ => error,
        })
    }
}

/// Frame after frame: `cat a.zst b.zst` and parallel compressors make files of several.
struct Zstd<R> {
    packed: R,
    decoder: FrameDecoder,
}

impl<R: BufRead> Zstd<R> {
    /// Goes on to the next frame with data; `false` at the end of the file.
    fn next_frame(&mut self) -> Result<bool> {
        loop {
            if self.packed.fill_buf()?.is_empty() {
                return Ok(false);
            }
            match self.decoder.init(&mut self.packed) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let length = u64::from(length);
                    let skipped = std::io::copy(&mut (&mut self.packed).take(length), &mut std::io::sink())?;
                    if skipped < length {
                        return Err(cut_off());
                    }
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::BadMagicNumber(_))) => {
                    return Err(damaged("something else than a frame begins here"));
                }
                Err(error) => return Err(explained(error)),
            }
        }
    }

    fn verify(&self) -> Result<()> {
        let stored = self.decoder.get_checksum_from_data();
        match stored.is_none() || stored == self.decoder.get_calculated_checksum() {
            true => Ok(()),
            false => Err(damaged("its checksum is another")),
        }
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        use ruzstd::decoding::BlockDecodingStrategy::UptoBytes;
        while !buffer.is_empty() {
            if self.decoder.can_collect() > 0 {
                return self.decoder.read(buffer);
            }
            if self.decoder.is_finished() {
                self.verify()?;
                if !self.next_frame()? {
                    return Ok(0);
                }
            } else {
                self.decoder.decode_blocks(&mut self.packed, UptoBytes(buffer.len())).map_err(explained)?;
            }
        }
        Ok(0)
    }
}

/// The decoder hides that its input ended among its own reasons.
fn explained(error: FrameDecoderError) -> Error {
    let mut reason: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(current) = reason {
        match current.downcast_ref::<Error>().map(Error::kind) {
            Some(ErrorKind::UnexpectedEof) => return cut_off(),
            Some(_) => break,
            None => reason = current.source(),
        }
    }
    match error {
        FrameDecoderError::WindowSizeTooBig { requested } => Error::new(
            ErrorKind::InvalidData,
            format!(
                "it was compressed with a window of {requested} bytes, more than the 100 MB that can be read: compress it without `--long` or `--ultra`"
            ),
        ),
        FrameDecoderError::DictNotProvided { .. } => Error::new(
            ErrorKind::InvalidData,
            "it was compressed with a dictionary, which can't be read: compress it without one",
        ),
        other => damaged(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};
    use std::io::Write;

    fn read(name: &str, bytes: Vec<u8>) -> std::result::Result<String, String> {
        let mut text = String::new();
        unpacked(name, std::io::Cursor::new(bytes))
            .and_then(|mut reader| reader.read_to_string(&mut text))
            .map(|_| text)
            .map_err(|error| error.to_string())
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(text: &str) -> Vec<u8> {
        compress_to_vec(text.as_bytes(), CompressionLevel::Fastest)
    }

    /// A frame that decoders must pass over.
    const SKIPPABLE: &[u8] = &[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];

    #[test]
    fn every_part_of_a_file_is_read() {
        let long = "0123456789".repeat(50_000);
        assert_eq!(read("a.gz", [gzip("one"), gzip(""), gzip("two")].concat()), Ok("onetwo".into()));
        assert_eq!(
            read("a.zst", [zstd("one"), zstd(&long), zstd("two")].concat()),
            Ok(format!("one{long}two"))
        );
        assert_eq!(read("a.zst", [SKIPPABLE, &zstd("one"), SKIPPABLE].concat()), Ok("one".into()));
        assert_eq!(read("a.ndjson", b"plain".to_vec()), Ok("plain".into()));
    }

    #[test]
    fn what_is_cut_off_is_an_error() {
        let cut = Err("the compressed data ends in the middle: the file was cut off".to_string());
        for (name, whole) in [("a.gz", gzip("one")), ("a.zst", zstd("one")), ("a.zst", SKIPPABLE.to_vec())] {
            for end in 1..whole.len() {
                assert_eq!(read(name, whole[..end].to_vec()), cut, "{name} up to {end}");
                assert_eq!(read(name, [&whole[..], &whole[..end]].concat()), cut, "{name} again up to {end}");
            }
        }
    }

    #[test]
    fn what_is_not_compressed_or_damaged_is_said() {
        assert!(read("a.gz", b"{}".to_vec()).unwrap_err().contains("does not hold gzip data"));
        assert!(read("a.gz", Vec::new()).unwrap_err().contains("does not hold gzip data"));
        assert!(read("a.zst", Vec::new()).unwrap_err().contains("does not hold Zstandard data"));
        for (name, whole) in [("a.gz", gzip("some text")), ("a.zst", zstd("some text"))] {
            let trailing = [&whole[..], b"something else than compressed data"].concat();
            assert!(read(name, trailing).unwrap_err().contains("damaged"), "{name}");
        }
        let mut flipped = gzip("some text");
        let checksum = flipped.len() - 6;
        flipped[checksum] ^= 1;
        assert!(read("a.gz", flipped).unwrap_err().contains("damaged"));
    }
}
