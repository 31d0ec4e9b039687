//! Captured bytes as text.

/// How the bytes of a buffer are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BufferFormat {
    /// Printable ASCII as it is, everything else as a dot.
    #[default]
    Dots,
    /// Base64 with padding.
    Base64,
}

/// Writes a buffer as text.
pub(crate) fn buffer(out: &mut Vec<u8>, bytes: &[u8], format: BufferFormat) {
    match format {
        BufferFormat::Dots => {
            out.extend(bytes.iter().map(|&b| if (0x20..0x7f).contains(&b) { b } else { b'.' }));
        }
        BufferFormat::Base64 => base64(out, bytes),
    }
}

fn base64(out: &mut Vec<u8>, bytes: &[u8]) {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let triple = byte(0) << 16 | byte(1) << 8 | byte(2);
        let letter = |shift: u32| LETTERS[(triple >> shift & 0x3f) as usize];
        out.extend_from_slice(&[letter(18), letter(12)]);
        out.push(if chunk.len() > 1 { letter(6) } else { b'=' });
        out.push(if chunk.len() > 2 { letter(0) } else { b'=' });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8], format: BufferFormat) -> String {
        let mut out = Vec::new();
        buffer(&mut out, bytes, format);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_cannot_be_printed_is_a_dot() {
        assert_eq!(text(b"a b\n\x00\x7f\xff~", BufferFormat::Dots), "a b....~");
    }

    #[test]
    fn base64_is_padded() {
        for (bytes, expected) in
            [(&b""[..], ""), (b"f", "Zg=="), (b"fo", "Zm8="), (b"foo", "Zm9v"), (b"\xff\xef\xbe", "/+++")]
        {
            assert_eq!(text(bytes, BufferFormat::Base64), expected);
        }
    }
}
