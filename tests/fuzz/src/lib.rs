//! A source for fuzzing: a field of each kind, and values made of bytes.

use std::sync::{Arc, LazyLock};

use lanner_engine::scheme::{ArgSpec, EventKind, FieldFlags, FieldInfo, FieldType, Matching, PrintFormat, Scheme};
use lanner_engine::value::{Extract, SlotId, SlotTable, Values};

/// The fields and events of the source `syscall`.
pub fn scheme() -> Arc<Scheme> {
    static SCHEME: LazyLock<Arc<Scheme>> = LazyLock::new(build);
    Arc::clone(&SCHEME)
}

fn build() -> Arc<Scheme> {
    let mut builder = Scheme::builder("syscall");
    let key = ArgSpec { index: true, key: true, ..ArgSpec::NONE };
    let fields = [
        ("evt.type", FieldType::Charbuf, ArgSpec::NONE, Matching::One, PrintFormat::Na),
        ("evt.num", FieldType::Uint64, ArgSpec::NONE, Matching::One, PrintFormat::Id),
        (
            "evt.arg",
            FieldType::Charbuf,
            ArgSpec { required: true, dotted: true, ..key },
            Matching::One,
            PrintFormat::Na,
        ),
        ("proc.name", FieldType::Charbuf, ArgSpec::NONE, Matching::One, PrintFormat::Na),
        ("proc.aname", FieldType::Charbuf, key, Matching::Any, PrintFormat::Na),
        ("fd.ip", FieldType::IpAddr, ArgSpec::NONE, Matching::Either, PrintFormat::Na),
        ("fd.net", FieldType::IpNet, ArgSpec::NONE, Matching::Either, PrintFormat::Na),
        ("fd.port", FieldType::Port, ArgSpec::NONE, Matching::Either, PrintFormat::Dec),
        ("fd.dev", FieldType::Int32, ArgSpec::NONE, Matching::One, PrintFormat::Hex),
        ("evt.is_io", FieldType::Bool, ArgSpec::NONE, Matching::One, PrintFormat::Na),
        ("evt.buffer", FieldType::Bytebuf, ArgSpec::NONE, Matching::One, PrintFormat::Na),
        ("proc.fdusage", FieldType::Double, ArgSpec::NONE, Matching::One, PrintFormat::Na),
        ("evt.rawtime.ns", FieldType::AbsTime, ArgSpec::NONE, Matching::One, PrintFormat::Padded10),
        ("fd.types", FieldType::Charbuf, key, Matching::One, PrintFormat::Na),
    ];
    for (name, ty, arg, matching, format) in fields {
        let mut field = FieldInfo::new(name, ty);
        (field.arg, field.matching, field.format, field.list) = (arg, matching, format, name == "fd.types");
        if name == "proc.name" {
            field.flags = FieldFlags::FORMAT_SUGGESTED;
        }
        builder.field(field).expect("distinct names");
    }
    for (code, name) in [(2, "open"), (3, "open"), (307, "openat"), (293, "execve"), (1, "syscall")] {
        let kind = EventKind { code, name: name.into(), dynamic: code == 1, every_rule: false };
        builder.event(kind).expect("distinct codes");
    }
    builder.build()
}

/// Answers each question from a run of bytes, so that the fuzzer decides what is there.
pub struct Bytes<'a> {
    /// The slots asked for.
    pub slots: SlotTable,
    /// Where answers come from.
    pub data: &'a [u8],
}

impl Bytes<'_> {
    fn take(&mut self, n: usize) -> &[u8] {
        let (head, rest) = self.data.split_at(n.min(self.data.len()));
        self.data = rest;
        head
    }
}

impl Extract for Bytes<'_> {
    fn extract(&mut self, slot: SlotId, out: &mut Values) -> bool {
        let info = self.slots.get(slot).clone();
        let Some(&what) = self.take(1).first() else { return false };
        let count = if info.list { usize::from(what % 4) } else { usize::from(what % 4 > 0) };
        for _ in 0..count {
            match info.ty {
                FieldType::Charbuf => out.push_bytes(&self.take(usize::from(what / 16)).to_vec()),
                FieldType::Bytebuf => out.push_bytes(&self.take(usize::from(what / 4)).to_vec()),
                FieldType::IpAddr | FieldType::IpNet => {
                    out.push_bytes(&self.take(if what < 128 { 4 } else { 16 }).to_vec())
                }
                FieldType::Bool => out.push_bool(what & 4 != 0),
                _ => {
                    let mut number = [0; 8];
                    let bytes = self.take(8);
                    number[..bytes.len()].copy_from_slice(bytes);
                    out.push_u64(u64::from_le_bytes(number));
                }
            }
        }
        count > 0
    }
}
