//! Random conditions, and random events that they are about.

use super::{Datum, Event};

/// xorshift64*: the same numbers on every machine.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit
    }

    pub fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
}

const TEXTS: [&str; 10] = ["nginx", "bash", "sshd", "/usr/bin", "/usr/bin/bash", "NGINX", "ng", "x", "aGk", ""];

fn text(r: &mut Random) -> String {
    format!("\"{}\"", r.pick(&TEXTS))
}

fn texts(r: &mut Random) -> String {
    let count = r.below(4);
    let items: Vec<String> = (0..count).map(|_| text(r)).collect();
    format!("({})", items.join(", "))
}

fn numbers(r: &mut Random) -> String {
    let items: Vec<String> = (0..r.below(4)).map(|_| r.below(6).to_string()).collect();
    format!("({})", items.join(", "))
}

fn text_operand(r: &mut Random) -> String {
    let field = r.pick(&["t.name", "t.other", "t.none", "t.spaced", "t.encoded"]);
    match r.below(8) {
        0 => format!("tolower({field})"),
        1 => format!("toupper({field})"),
        2 => format!("basename({field})"),
        3 => format!("b64({field})"),
        4 => format!("concat({field}, \"/\", t.name)"),
        5 => "join(\"/\", l.text)".to_owned(),
        _ => field.to_owned(),
    }
}

fn check(r: &mut Random) -> String {
    let text_op = |r: &mut Random| {
        r.pick(&["=", "!=", "contains", "icontains", "startswith", "endswith", "glob", "iglob"]).to_owned()
    };
    let number_op = |r: &mut Random| r.pick(&["=", "!=", "<", "<=", ">", ">="]).to_owned();
    let list_op = |r: &mut Random| r.pick(&["in", "intersects"]).to_owned();
    match r.below(16) {
        0..=2 => format!("{} {} {}", text_operand(r), text_op(r), text(r)),
        3 => format!("{} {} {}", text_operand(r), r.pick(&["in", "intersects", "pmatch"]), texts(r)),
        4 => {
            let modifier = r.pick(&["oneof", "anyof", "allof"]);
            format!("{} {} {modifier} {}", text_operand(r), text_op(r), texts(r))
        }
        5 => format!("{} {} val({})", text_operand(r), text_op(r), r.pick(&["t.name", "t.other", "t.none"])),
        6 => format!("{} {} {}", r.pick(&["u.eight", "i.eight", "n.fd", "i.none"]), number_op(r), r.below(6)),
        7 => format!("{} in {}", r.pick(&["u.eight", "n.fd", "len(t.name)", "len(l.text)"]), numbers(r)),
        8 => format!("{} {} {}", r.pick(&["l.text", "toupper(l.text)", "l.none"]), list_op(r), texts(r)),
        9 => format!("l.numbers {} {}", list_op(r), numbers(r)),
        10 => format!("any.name {} {}", text_op(r), text(r)),
        11 => format!("any.name in {}", texts(r)),
        12 => format!("ends.port {} {}", number_op(r), r.below(6)),
        13 => format!("evt.type {} {}", r.pick(&["=", "!="]), r.pick(&["open", "close", "mlock", "munlock", "execve"])),
        14 => format!("evt.type in ({}, {})", r.pick(&["open", "close", "munlock"]), r.pick(&["mlock", "switch"])),
        _ => format!("{} exists", r.pick(&["t.name", "t.none", "l.none", "any.name", "ends.port", "evt.type"])),
    }
}

/// A condition of at most so many levels.
pub fn condition(r: &mut Random, depth: usize) -> String {
    match r.below(if depth == 0 { 1 } else { 6 }) {
        1 | 2 => format!("({} and {})", condition(r, depth - 1), condition(r, depth - 1)),
        3 => format!("({} or {} or {})", condition(r, depth - 1), condition(r, depth - 1), condition(r, depth - 1)),
        4 => format!("not ({})", condition(r, depth - 1)),
        _ => check(r),
    }
}

/// The number of the call (scheme.yaml) of an event whose code stands for several.
pub fn call(event: &Event) -> Option<u16> {
    match event.values.get("evt.type")?.as_slice() {
        [Datum::Bytes(name)] if event.code == 6 => Some(if *name == b"mlock" { 10 } else { 20 }),
        _ => None,
    }
}

/// An event that such conditions are about.
pub fn event(r: &mut Random) -> Event {
    let mut event = Event::default();
    let text = |r: &mut Random| Datum::Bytes(r.pick(&TEXTS).as_bytes().to_vec());
    let (code, name) =
        [(1, "open"), (2, "open"), (4, "close"), (5, "execve"), (6, "mlock"), (6, "munlock"), (8, "switch")]
            [r.below(7)];
    event.code = code;
    event.values.insert("evt.type".into(), vec![Datum::Bytes(name.into())]);
    for field in ["t.name", "t.other", "t.spaced", "t.encoded"] {
        if r.below(5) > 0 {
            event.values.insert(field.into(), vec![text(r)]);
        }
    }
    for field in ["u.eight", "i.eight", "n.fd"] {
        if r.below(5) > 0 {
            event.values.insert(field.into(), vec![Datum::Number(r.below(6) as u64)]);
        }
    }
    for field in ["l.text", "any.name"] {
        if r.below(5) > 0 {
            let values = (0..r.below(4)).map(|_| text(r)).collect();
            event.values.insert(field.into(), values);
        }
    }
    for field in ["l.numbers", "ends.port"] {
        if r.below(5) > 0 {
            let values = (0..r.below(3)).map(|_| Datum::Number(r.below(6) as u64)).collect();
            event.values.insert(field.into(), values);
        }
    }
    event
}
