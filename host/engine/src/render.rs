//! Values as text, by type and print format.

use std::io::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use base64::Engine as _;

use crate::scheme::{FieldType, PrintFormat, ValueClass};
use crate::value::{Item, Values};

/// The most bytes that a rendered value takes, unless it is plain text.
pub(crate) const MAX_RENDERED: usize = 1023;

/// Appends one value as text.
pub(crate) fn scalar(
    ty: FieldType,
    format: PrintFormat,
    item: Item,
    values: &Values,
    base64_buffers: bool,
    out: &mut Vec<u8>,
) {
    // Writing to a vector cannot fail, so the results are of no interest.
    let _ = match ty.class() {
        ValueClass::Text => {
            out.extend_from_slice(values.bytes(item));
            Ok(())
        }
        ValueClass::Signed => signed(item.number() as i64, ty.bits(), format, out),
        ValueClass::Unsigned | ValueClass::Opaque => unsigned(item.number(), format, out),
        ValueClass::Bool => out.write_all(if item.number() == 0 { b"false" } else { b"true" }),
        ValueClass::Double => write!(out, "{:.1}", f64::from_bits(item.number())),
        ValueClass::Bytes => {
            buffer(values.bytes(item), base64_buffers, out);
            Ok(())
        }
        ValueClass::Address => address(values.bytes(item), out),
        ValueClass::Network => out.write_all(b"<IPNET>"),
    };
}

fn signed(value: i64, bits: u32, format: PrintFormat, out: &mut Vec<u8>) -> std::io::Result<()> {
    let width = if bits >= 64 { u64::MAX } else { (1 << bits) - 1 };
    match format {
        PrintFormat::Hex => write!(out, "{:X}", value as u64 & width),
        PrintFormat::Oct => write!(out, "{:o}", value as u64 & width),
        PrintFormat::Padded10 => write!(out, "{value:09}"),
        PrintFormat::Na | PrintFormat::Dec | PrintFormat::Id | PrintFormat::Dir => decimal(value, out),
    }
}

fn unsigned(value: u64, format: PrintFormat, out: &mut Vec<u8>) -> std::io::Result<()> {
    match format {
        PrintFormat::Hex => write!(out, "{value:X}"),
        PrintFormat::Oct => write!(out, "{value:o}"),
        PrintFormat::Padded10 => write!(out, "{value:09}"),
        PrintFormat::Na | PrintFormat::Dec | PrintFormat::Id | PrintFormat::Dir => decimal(value, out),
    }
}

fn decimal(value: impl itoa::Integer, out: &mut Vec<u8>) -> std::io::Result<()> {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    Ok(())
}

fn address(bytes: &[u8], out: &mut Vec<u8>) -> std::io::Result<()> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        write!(out, "{}", Ipv4Addr::from(v4))
    } else if let Ok(v6) = <[u8; 16]>::try_from(bytes) {
        write!(out, "{}", Ipv6Addr::from(v6))
    } else {
        out.write_all(b"<NA>")
    }
}

/// Printable characters as they are and a dot for each other byte, or base64. A buffer that does not fit is cut two
/// short of the limit as text (existing alerts are cut there), and after a whole group as base64.
fn buffer(bytes: &[u8], as_base64: bool, out: &mut Vec<u8>) {
    if as_base64 {
        let whole = bytes.len().min((MAX_RENDERED - 3) / 4 * 3);
        out.extend_from_slice(base64::engine::general_purpose::STANDARD.encode(&bytes[..whole]).as_bytes());
        return;
    }
    let shown = if bytes.len() < MAX_RENDERED { bytes.len() } else { MAX_RENDERED - 2 };
    let printable = |b: &u8| if b.is_ascii_graphic() || *b == b' ' { *b } else { b'.' };
    out.extend(bytes.iter().take(shown).map(printable));
}
