//! Random comparisons with every operator, modifier and transformer, and random events that they are about. Constants and values
//! come from the same few words and numbers, so that they often meet; `width` says how many these are.

use std::net::Ipv4Addr;

use super::support::random::Random;
use super::support::{Datum, Event};

/// Texts that differ in case, length and what they have in common.
fn word(r: &mut Random, width: usize) -> String {
    let n = r.below(width);
    match r.below(14) {
        0 => String::new(),
        1 => "ng".to_owned(),
        2 => format!("nginx{n}"),
        3 => format!("NGINX{n}"),
        4 => format!("/usr/bin/tool{n}"),
        5 => format!("/usr/bin/tool{n}/lib.so"),
        6 => format!("//usr//Tool{n}/"),
        7 => format!("/etc/unit{}/a b.conf", n % 3),
        8 => "/etc".to_owned(),
        9 => format!("--token-{n}=x curl http://host{n}.example/"),
        10 => ["aGVsbG8", "bmdpbng=", "L3Vzci9iaW4=", "a=b"][n % 4].to_owned(),
        11 => format!("{}", n % 4),
        _ => format!("tool{n}"),
    }
}

/// A text as a condition writes it.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn list(r: &mut Random, item: &mut dyn FnMut(&mut Random) -> String) -> String {
    let count = if r.below(8) == 0 { 6 + r.below(70) } else { r.below(5) };
    let items: Vec<String> = (0..count).map(|_| item(r)).collect();
    format!("({})", items.join(", "))
}

fn pattern(r: &mut Random, width: usize) -> String {
    let text = word(r, width);
    let cut = |r: &mut Random| r.below(text.len() + 1);
    let (from, to) = (cut(r), cut(r));
    let (head, tail) = (text.get(..from).unwrap_or(&text), text.get(to..).unwrap_or(&text));
    match r.below(6) {
        0 => format!("{head}*"),
        1 => format!("*{tail}"),
        2 => format!("{head}*{tail}"),
        3 => format!("{head}?{tail}"),
        4 => format!("*{head}[a-z0-9]{tail}*"),
        _ => text,
    }
}

fn expression(r: &mut Random, width: usize) -> String {
    let escaped = |text: String| -> String {
        text.chars().flat_map(|c| "()[]{}.*+?|^$\\".contains(c).then_some('\\').into_iter().chain([c])).collect()
    };
    let (one, other) = (escaped(word(r, width)), escaped(word(r, width)));
    match r.below(6) {
        0 => format!("{one}.*"),
        1 => format!(".*{one}"),
        2 => format!(".*({one}|{other}).*"),
        3 => format!(".*({one})?[0-9]+.*"),
        4 => format!("({one}){{1,2}}.*"),
        _ => one,
    }
}

fn text_field(r: &mut Random) -> &'static str {
    r.pick(&["t.name", "t.other", "t.path", "t.none", "t.spaced", "t.encoded", "arg.nth[2]", "arg.map[key]"])
}

fn text_operand(r: &mut Random, depth: usize) -> String {
    let inner = |r: &mut Random| if depth == 0 { text_field(r).to_owned() } else { text_operand(r, depth - 1) };
    match r.below(14) {
        0 => format!("tolower({})", inner(r)),
        1 => format!("toupper({})", inner(r)),
        2 => format!("basename({})", inner(r)),
        3 => format!("b64({})", inner(r)),
        4 => format!("concat({}, \"/\", t.name)", text_field(r)),
        5 => r.pick(&["join(\"/\", l.text)", "join(\",\", (t.name, u.eight, t.other))"]).to_owned(),
        6 => "getopt(l.text, \"ab:t:\")[t]".to_owned(),
        _ => text_field(r).to_owned(),
    }
}

fn text_check(r: &mut Random, width: usize) -> String {
    let left = text_operand(r, 2);
    let op = r.pick(&["=", "==", "!=", "contains", "icontains", "startswith", "endswith", "glob", "iglob", "regex"]);
    let mut constant = |r: &mut Random| {
        quoted(&match op {
            "glob" | "iglob" => pattern(r, width),
            "regex" => expression(r, width),
            _ => word(r, width),
        })
    };
    match r.below(10) {
        0..=4 => format!("{left} {op} {}", constant(r)),
        5 => {
            let op = if op == "==" { "=" } else { op };
            format!("{left} {op} {} {}", r.pick(&["oneof", "anyof", "allof"]), list(r, &mut constant))
        }
        6 => format!("{left} pmatch {}", list(r, &mut |r| quoted(&pattern(r, width)))),
        7 => format!("{left} {} val({})", r.pick(&["=", "!=", "contains", "startswith", "endswith"]), text_field(r)),
        8 => format!("{left} = tolower({})", text_field(r)),
        _ => format!("{left} {} {}", r.pick(&["in", "intersects"]), list(r, &mut |r| quoted(&word(r, width)))),
    }
}

fn number(r: &mut Random, width: usize) -> String {
    r.below(width).to_string()
}

fn address(r: &mut Random, width: usize) -> String {
    if r.below(5) == 0 {
        format!("fd00::{}", r.below(4))
    } else {
        Ipv4Addr::from(0x0a01_0000 + r.below(width) as u32 * 97).to_string()
    }
}

fn network(r: &mut Random, width: usize) -> String {
    let bits = [8, 12, 16, 20, 24, 31, 32][r.below(7)];
    if r.below(6) == 0 {
        "fd00::/16".to_owned()
    } else {
        format!("{}/{bits}", Ipv4Addr::from(0x0a01_0000 + r.below(width) as u32 * 97))
    }
}

/// One comparison.
pub(super) fn check(r: &mut Random, width: usize) -> String {
    let order = |r: &mut Random| r.pick(&["=", "==", "!=", "<", "<=", ">", ">="]).to_owned();
    let same = |r: &mut Random| r.pick(&["=", "!="]).to_owned();
    let lists = |r: &mut Random| r.pick(&["in", "intersects"]).to_owned();
    match r.below(30) {
        0..=11 => text_check(r, width),
        12 => {
            format!("{} {} {}", r.pick(&["u.eight", "n.fd", "n.port", "u.none", "n.flags"]), order(r), number(r, width))
        }
        13 => format!("{} {} -{}", r.pick(&["i.eight", "i.sixtyfour", "n.errno"]), order(r), number(r, width)),
        14 => {
            format!("{} in {}", r.pick(&["u.eight", "n.fd", "n.port", "i.eight"]), list(r, &mut |r| number(r, width)))
        }
        15 => format!("n.double {} {}", order(r), number(r, width)),
        16 => format!("{} = {}", r.pick(&["n.yes", "n.no"]), r.pick(&["true", "false"])),
        17 => {
            format!("b.buf {} {}", r.pick(&["=", "!=", "contains", "startswith", "endswith"]), quoted(&word(r, width)))
        }
        18 => format!("b.buf {} {}", r.pick(&["bcontains", "bstartswith"]), r.pick(&["746f6f", "2f", "6e67", "00"])),
        19 => format!("len({}) {} {}", r.pick(&["t.name", "l.text", "b.buf", "t.none"]), order(r), number(r, 12)),
        20 => format!("a.four {} {}", same(r), address(r, width)),
        21 => match r.below(2) {
            0 => format!("a.four in {}", list(r, &mut |r| address(r, width))),
            _ => format!("w.four in {}", list(r, &mut |r| network(r, width))),
        },
        22 => match r.below(4) {
            0 => format!("ends.ip {} {}", same(r), address(r, width)),
            1 => format!("ends.net {} {}", same(r), network(r, width)),
            2 => format!("ends.port in {}", list(r, &mut |r| number(r, width))),
            _ => format!("ends.port {} {}", order(r), number(r, width)),
        },
        23 => match r.below(3) {
            0 => format!("host.name {} {}", same(r), r.pick(&["node.example", "other.example", "unknown.example"])),
            1 => format!("l.addresses {} {}", lists(r), list(r, &mut |r| address(r, width))),
            _ => format!("raw.arg[fd] {} {}", order(r), number(r, width)),
        },
        24 => match r.below(3) {
            0 => format!("l.text {} {}", lists(r), list(r, &mut |r| quoted(&word(r, width)))),
            1 => format!("toupper(l.text) {} {}", lists(r), list(r, &mut |r| quoted(&word(r, width).to_uppercase()))),
            _ => format!("l.numbers {} {}", lists(r), list(r, &mut |r| number(r, width))),
        },
        25 | 26 => match r.below(3) {
            0 => format!("any.name in {}", list(r, &mut |r| quoted(&word(r, width)))),
            1 => {
                let op = r.pick(&["=", "!=", "contains", "icontains", "startswith", "endswith"]);
                format!("any.name {op} {}", quoted(&word(r, width)))
            }
            _ => format!("any.id {} {}", order(r), number(r, width)),
        },
        27 | 28 => match r.below(3) {
            0 => format!("evt.type in ({}, {})", r.pick(&["open", "close"]), r.pick(&["mlock", "switch", "execve"])),
            _ => format!("evt.type {} {}", same(r), r.pick(&["open", "close", "mlock", "getcpu", "execve"])),
        },
        _ => {
            format!("{} exists", r.pick(&["t.name", "t.none", "l.none", "any.name", "ends.port", "a.four", "evt.type"]))
        }
    }
}

/// Values of a field, or none.
fn values(r: &mut Random, field: &str, width: usize) -> Option<Vec<Datum>> {
    let text = |r: &mut Random| Datum::Bytes(word(r, width).into_bytes());
    let number = |r: &mut Random| Datum::Number(r.below(width) as u64);
    let ip = |r: &mut Random| {
        Datum::Bytes(match address(r, width).parse().expect("made of octets") {
            std::net::IpAddr::V4(v4) => v4.octets().to_vec(),
            std::net::IpAddr::V6(v6) => v6.octets().to_vec(),
        })
    };
    let many = |r: &mut Random, item: &dyn Fn(&mut Random) -> Datum, most: usize| {
        (0..r.below(most)).map(|_| item(r)).collect()
    };
    if r.below(6) == 0 {
        return None;
    }
    Some(match field {
        "u.eight" | "n.fd" | "n.port" | "n.flags" | "raw.arg[fd]" => vec![number(r)],
        "i.eight" | "i.sixtyfour" | "n.errno" => vec![Datum::Number((r.below(width) as i64).wrapping_neg() as u64)],
        "n.double" => vec![Datum::Number((r.below(width) as f64 / 2.0).to_bits())],
        "n.yes" | "n.no" => vec![Datum::Number(r.below(2) as u64)],
        "a.four" | "w.four" | "host.name" => vec![ip(r)],
        "ends.ip" | "ends.net" => many(r, &ip, 3),
        "l.addresses" => many(r, &ip, 4),
        "ends.port" => many(r, &number, 3),
        "l.numbers" | "any.id" => many(r, &number, 4),
        "l.text" | "any.name" => many(r, &text, 5),
        "b.buf" if r.below(3) == 0 => vec![Datum::Bytes(vec![0, b't', 0xff, b'o', 0])],
        "t.spaced" if r.below(4) == 0 => vec![Datum::Bytes(b"tool\xff1 caf\xc3".to_vec())],
        _ => vec![text(r)],
    })
}

const FIELDS: [&str; 28] = [
    "t.name",
    "t.other",
    "t.path",
    "t.spaced",
    "t.encoded",
    "arg.nth[2]",
    "arg.map[key]",
    "b.buf",
    "u.eight",
    "n.fd",
    "n.port",
    "n.flags",
    "raw.arg[fd]",
    "i.eight",
    "i.sixtyfour",
    "n.errno",
    "n.double",
    "n.yes",
    "n.no",
    "a.four",
    "w.four",
    "host.name",
    "ends.ip",
    "ends.net",
    "ends.port",
    "l.text",
    "l.numbers",
    "any.name",
];

/// An event of one of a few kinds.
pub(super) fn event(r: &mut Random, width: usize) -> Event {
    let kinds = [
        (1, "open"),
        (2, "open"),
        (4, "close"),
        (5, "execve"),
        (6, "mlock"),
        (6, "getcpu"),
        (7, "container"),
        (8, "switch"),
    ];
    let (code, name) = kinds[r.below(kinds.len())];
    let mut event = Event { code, ..Event::default() };
    event.values.insert("evt.type".into(), vec![Datum::Bytes(name.into())]);
    for field in FIELDS.iter().chain(&["l.addresses", "any.id"]) {
        change(r, &mut event, field, width);
    }
    event
}

/// The same event with other values in a few fields.
pub(super) fn altered(r: &mut Random, event: &Event, width: usize) -> Event {
    let mut event = event.clone();
    for _ in 0..=r.below(3) {
        let field = r.pick(&FIELDS);
        change(r, &mut event, field, width);
    }
    event
}

fn change(r: &mut Random, event: &mut Event, field: &str, width: usize) {
    match values(r, field, width) {
        Some(values) => drop(event.values.insert(field.to_owned(), values)),
        None => drop(event.values.remove(field)),
    }
}
