//! Makes a long capture out of a short one, for measurements: `repeat IN OUT EVENTS`.
//!
//! The head is written once, then the events over and over until EVENTS of them are written. Each round's times follow the round
//! before, so that what depends on time stays plausible. OUT is a plain file; IN may be compressed.

use std::error::Error;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};

use flate2::bufread::MultiGzDecoder;

/// Block types of today's events, and how far into the block the event begins.
const EVENT_BLOCKS: [(u32, usize); 4] = [(0x216, 10), (0x221, 10), (0x217, 14), (0x222, 14)];
/// Event codes that are state at the head of a file: written in the first round only.
const HEAD_EVENTS: [u16; 6] = [324, 354, 356, 358, 360, 402];

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let [input, output, events] = &args[..] else { return Err("usage: repeat IN OUT EVENTS".into()) };
    let mut bytes = Vec::new();
    File::open(input)?.read_to_end(&mut bytes)?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut plain = Vec::new();
        MultiGzDecoder::new(BufReader::new(&bytes[..])).read_to_end(&mut plain)?;
        bytes = plain;
    }
    let mut out = BufWriter::with_capacity(1 << 20, File::create(output)?);
    let written = repeat(&bytes, &mut out, events.parse()?)?;
    out.flush()?;
    println!("{written} events");
    Ok(())
}

/// A block with the place of its event, if it is an event block.
type BlockAt<'a> = (&'a [u8], Option<usize>);

fn blocks(mut bytes: &[u8]) -> Result<Vec<BlockAt<'_>>, Box<dyn Error>> {
    let mut blocks = Vec::new();
    while let Some(head) = bytes.first_chunk::<8>() {
        let [a, b, c, d, e, f, g, h] = *head;
        let (code, len) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]) as usize);
        let block = bytes.get(..len).filter(|b| b.len() >= 12).ok_or("block cut off")?;
        blocks.push((block, EVENT_BLOCKS.iter().find(|(c, _)| *c == code).map(|(_, at)| *at)));
        bytes = &bytes[len..];
    }
    Ok(blocks)
}

fn ts(block: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*block.get(at..)?.first_chunk()?))
}

fn repeat(bytes: &[u8], out: &mut impl Write, wanted: u64) -> Result<u64, Box<dyn Error>> {
    let blocks = blocks(bytes)?;
    let first_event = blocks.iter().position(|(_, at)| at.is_some()).ok_or("no events of today's format")?;
    let (head, events) = blocks.split_at(first_event);
    for (block, _) in head {
        out.write_all(block)?;
    }
    let mut events: Vec<_> = events.iter().filter_map(|(b, at)| Some((*b, (*at)?))).collect();
    let is_head = |(block, at): &(&[u8], usize)| {
        let code = block.get(at + 20..).and_then(|b| b.first_chunk()).map(|c| u16::from_le_bytes(*c));
        code.is_some_and(|c| HEAD_EVENTS.contains(&c))
    };
    let state = events.iter().take_while(|e| is_head(e)).count();
    let times = || events[state..].iter().filter_map(|(b, at)| ts(b, *at));
    let round = times().max().ok_or("no events")? - times().min().ok_or("no events")? + 1_000_000;
    let (mut written, mut shift) = (0, 0);
    let mut changed = Vec::new();
    loop {
        for (block, at) in &events {
            if written == wanted {
                return Ok(written);
            }
            changed.clear();
            changed.extend_from_slice(block);
            let time = ts(block, *at).ok_or("event cut off")? + shift;
            changed[*at..at + 8].copy_from_slice(&time.to_le_bytes());
            out.write_all(&changed)?;
            written += 1;
        }
        if shift == 0 {
            events.drain(..state);
        }
        shift += round;
    }
}
