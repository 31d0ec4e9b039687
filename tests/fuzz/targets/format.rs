//! Output formats of any text over values of any bytes: compiling and rendering end, and keys come back with values.
#![no_main]

use lanner_engine::format::{OutputFormat, RenderOptions, Shown, ShownMemory};
use lanner_engine::value::SlotTable;
use lanner_fuzz::{Bytes, scheme};

libfuzzer_sys::fuzz_target!(|input: (&str, &[u8])| {
    let (text, data) = input;
    let mut slots = SlotTable::new();
    let Ok(format) = OutputFormat::compile(text, &scheme(), &mut slots) else { return };
    let (mut out, mut memory) = (Vec::new(), ShownMemory::default());
    let options = RenderOptions { base64_buffers: data.len() % 2 == 0 };
    let mut host = Bytes { slots, data };
    let mut event = Shown::new(&mut memory, &mut host);
    format.render(&mut event, options, &mut out);
    let mut keys = 0;
    format.values(&mut event, options, &mut |_, _| keys += 1);
    assert_eq!(keys, format.keys().count());
});
