//! Events of random bytes: whatever they hold, every field gives a value of sane size or none.

mod world;

use lanner_plugin_api::schema::{EVENTS, EventType, ParamType};
use lanner_syscall::fields::spec::Matching;
use lanner_syscall::fields::{FIELDS, Want};
use world::World;

/// xorshift: the same events in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }

    /// A value that may or may not be one of the type.
    fn value(&mut self, ty: ParamType) -> Vec<u8> {
        match self.below(8) {
            0 => Vec::new(),
            1 => {
                let len = self.below(40);
                self.bytes(len)
            }
            2 => {
                let small = [-1i64, 0, 1, 3, 5, -100, 300, i64::MIN, i64::MAX][self.below(9)].to_le_bytes();
                small[..ty.fixed_len().unwrap_or(8).min(8)].to_vec()
            }
            3 => b"../../a//b/./../..\0"[self.below(12)..].to_vec(),
            4 => {
                // Family and too few bytes, or a long tail.
                let mut address = vec![[1u8, 2, 10, 77][self.below(4)]];
                let len = self.below(50);
                address.extend(self.bytes(len));
                address
            }
            5 => {
                let mut list = (self.next() as u16).to_le_bytes().to_vec();
                let len = self.below(60);
                list.extend(self.bytes(len));
                list
            }
            6 => vec![b'x'; self.below(5000)],
            _ => self.bytes(ty.fixed_len().unwrap_or(12)),
        }
    }
}

fn arguments(field: &lanner_syscall::fields::spec::Field) -> &'static [&'static str] {
    match field.name {
        "evt.arg" => &["[0]", "[31]", ".fd", ".data", ".name", ".tuple"],
        "evt.rawarg" => &[".res", ".fd", ".data", ".flags", ".name", ".addr", ".val", ".uid"],
        "evt.type.is" => &[".open", ".3"],
        "evt.abspath" => &["", ".src", ".dst"],
        "evt.around" => &["[0]"],
        "thread.cgroup" => &[".cpu"],
        "proc.env" => &["", "[HOME]"],
        "proc.aenv" => &["", "[2]", "[HOME]"],
        _ if field.arg.is_some() => &["", "[0]", "[1]", "[18446744073709551615]"],
        _ => &[""],
    }
}

#[test]
fn random_events_never_panic_and_values_stay_small() {
    let names: Vec<(String, &[Want])> = FIELDS
        .iter()
        .flat_map(|field| {
            let wants: &[Want] = match field.matching {
                Matching::One if !field.list => &[Want::Scalar],
                _ => &[Want::Scalar, Want::All, Want::Address],
            };
            arguments(field).iter().map(move |arg| (format!("{}{arg}", field.name), wants))
        })
        .collect();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut values = 0usize;
    for _ in 0..20 {
        // State goes wild too: after some events nothing of the first machine need be left.
        let mut world = World::new();
        world.put_in_container(300, "0123456789ab");
        for _ in 0..150 {
            let info = &EVENTS[random.below(EVENTS.len())];
            let given = if random.below(4) == 0 { random.below(34) } else { info.params.len() };
            let params: Vec<Vec<u8>> = (0..given)
                .map(|i| random.value(info.params.get(i).map_or(ParamType::Bytebuf, |param| param.ty)))
                .collect();
            let params: Vec<&[u8]> = params.iter().map(Vec::as_slice).collect();
            let tid = [300, 301, 200, 1, -1, 0, i64::MAX, i64::MIN][random.below(8)];
            let code = EventType(if random.below(50) == 0 { random.next() as u16 } else { info.code.0 });
            world.event_at(random.next(), random.next() as u32, code, tid, &params);
            for (name, wants) in &names {
                for &want in *wants {
                    let found = world.request(name, want, None);
                    values += found.iter().flatten().count();
                    for value in found.into_iter().flatten() {
                        assert!(value.len() < 1 << 20, "{name}: {} bytes", value.len());
                    }
                }
            }
        }
    }
    assert!(values > 100_000, "{values}: the events are too poor to prove anything");
}
