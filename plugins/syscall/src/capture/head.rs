//! The blocks before the first event of a section.

use super::block::Block;
use super::body::Body;
use super::error::{CaptureError, CaptureErrorKind};
use super::initial::{InitialState, Machine};
use super::lists;
use super::stream::Stream;

/// Magic number of a section header, as a little-endian machine writes it.
const MAGIC: u32 = 0x1A2B_3C4D;
const MAJOR: u16 = 1;
/// Type and length before a block, length after it.
pub(super) const FRAME: u32 = 12;
/// Bytes of a section header before its options.
const SECTION_BODY: u32 = 16;

fn error(offset: u64, kind: CaptureErrorKind) -> CaptureError {
    CaptureError { offset, kind }
}

/// Type and length of the block at the next byte, which is left in place. `None` at the end of the file.
fn peek(stream: &mut Stream) -> Result<Option<(u32, u32)>, CaptureError> {
    if stream.window().len() < 8 {
        stream.refill(8);
    }
    match stream.window() {
        [] => stream.failure().map_or(Ok(None), Err),
        [a, b, c, d, e, f, g, h, ..] => {
            Ok(Some((u32::from_le_bytes([*a, *b, *c, *d]), u32::from_le_bytes([*e, *f, *g, *h]))))
        }
        _ => Err(stream.cut_off(8)),
    }
}

/// Reads a section's header and lists, up to the first event block, which is left in place.
pub(super) fn read(stream: &mut Stream) -> Result<InitialState, CaptureError> {
    section_header(stream)?;
    let mut lists = lists::Lists::default();
    loop {
        let offset = stream.offset();
        let Some((code, total)) = peek(stream)? else {
            return Err(error(offset, CaptureErrorKind::NoEvents));
        };
        let block = Block::of(code);
        if matches!(block, Block::Event(_)) {
            return Ok(lists.finish());
        }
        if total < FRAME {
            return Err(error(offset, CaptureErrorKind::BlockTooShort { block: code, len: total }));
        }
        stream.take(8)?;
        let mut body = Body::new(stream, u64::from(total - FRAME));
        match block {
            Block::Machine => lists.state.machine = Some(machine(&mut body)?),
            Block::Processes(version) => lists.processes(&mut body, version)?,
            Block::Fds(lengths) => lists.descriptors(&mut body, lengths)?,
            Block::Interfaces(lengths) => lists.interfaces(&mut body, lengths)?,
            Block::Users(lengths) => lists.users(&mut body, lengths)?,
            Block::Section | Block::Unknown | Block::Event(_) => {}
        }
        body.finish()?;
        let trailer = u32::from_le_bytes(stream.take(4)?.try_into().unwrap_or_default());
        if trailer != total {
            return Err(error(offset, CaptureErrorKind::Trailer { header: total, trailer }));
        }
    }
}

fn section_header(stream: &mut Stream) -> Result<(), CaptureError> {
    let offset = stream.offset();
    let Some((code, total)) = peek(stream)? else {
        return Err(stream.cut_off((FRAME + SECTION_BODY) as usize));
    };
    if Block::of(code) != Block::Section {
        return Err(error(offset, CaptureErrorKind::NotACapture { found: code }));
    }
    if total < FRAME + SECTION_BODY {
        return Err(error(offset, CaptureErrorKind::BlockTooShort { block: code, len: total }));
    }
    stream.take(8)?;
    let mut body = Body::new(stream, u64::from(total - FRAME));
    let magic = body.u32()?;
    if magic != MAGIC {
        return Err(error(offset, CaptureErrorKind::Magic { found: magic }));
    }
    let major = body.u16()?;
    if major > MAJOR {
        return Err(error(offset, CaptureErrorKind::Version { major }));
    }
    body.finish()?;
    // The length after a section header was never checked by anyone, and some writers get it wrong.
    stream.take(4)?;
    Ok(())
}

fn machine(body: &mut Body<'_>) -> Result<Machine, CaptureError> {
    let mut machine = Machine { cpus: body.u32()?, memory: body.u64()?, max_pid: body.u64()?, ..Machine::default() };
    let name = body.bytes(128)?;
    machine.hostname = lanner_plugin_api::wire::read::text(name).into();
    machine.boot_ts = body.u64()?;
    // Flags and two reserved words follow.
    body.bytes(24)?;
    Ok(machine)
}
