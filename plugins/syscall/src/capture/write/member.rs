//! Compression in pieces that stand for themselves.

use std::io;

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

/// Identification, deflate, no flags, no time, fastest, unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255];

/// Makes a gzip member of each piece that it is given: behind each other they are one gzip file, which ends well behind any
/// of them. A recording that is cut off loses what came after the last whole member, and can be taken back to its end.
///
/// Its memory is made once and used for all members.
pub struct Members {
    deflate: Compress,
    crc: Crc,
}

impl Default for Members {
    fn default() -> Self {
        Self { deflate: Compress::new(Compression::fast(), false), crc: Crc::new() }
    }
}

impl Members {
    /// Appends a member with these bytes.
    ///
    /// # Errors
    /// The compressor failed; what was appended then is no member.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        self.deflate.reset();
        self.crc.reset();
        self.crc.update(bytes);
        let len = bytes.len() as u32;
        out.extend_from_slice(&HEADER);
        loop {
            if out.capacity() - out.len() < 4096 {
                out.reserve(64 * 1024);
            }
            let before = self.deflate.total_in();
            let status = self.deflate.compress_vec(bytes, out, FlushCompress::Finish).map_err(io::Error::other)?;
            let taken = usize::try_from(self.deflate.total_in() - before).unwrap_or(usize::MAX);
            bytes = bytes.get(taken..).unwrap_or(&[]);
            if status == Status::StreamEnd {
                break;
            }
        }
        out.extend_from_slice(&self.crc.sum().to_le_bytes());
        // The length modulo 4 GiB, as the format has it.
        out.extend_from_slice(&len.to_le_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn members_are_one_file_and_each_stands_for_itself() {
        let noise: Vec<u8> = (0..200_000u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        let pieces: [&[u8]; 4] = [b"first", b"", &noise, &[7; 300_000]];
        let (mut members, mut file, mut ends) = (Members::default(), Vec::new(), Vec::new());
        for piece in pieces {
            members.push(piece, &mut file).expect("memory takes it");
            ends.push(file.len());
        }
        let unpack = |bytes: &[u8]| {
            let mut out = Vec::new();
            flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut out).map(|_| out)
        };
        assert!(unpack(&file).expect("a good file") == pieces.concat());
        for (n, end) in ends.iter().enumerate() {
            assert!(unpack(&file[..*end]).expect("good up to there") == pieces[..=n].concat());
        }
        assert!(unpack(&file[..file.len() - 1]).is_err());
    }
}
