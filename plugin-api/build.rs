//! Turns the data files of `src/schema` into constants and statics, so that the table is edited as data and used as code.
//! A malformed row stops the build with its line.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() {
    let dir = Path::new("src/schema");
    let mut out = String::new();
    flags(&rows(&dir.join("flags.csv")), &mut out);
    let symbols = events(&rows(&dir.join("events.csv")), &mut out);
    syscalls(&rows(&dir.join("syscalls.csv")), &symbols, &mut out);
    let target = Path::new(&env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("schema.rs");
    fs::write(target, out).expect("the output folder is writable");
    println!("cargo:rerun-if-changed=build.rs");
}

/// A data row and where it stands, for messages.
struct Row {
    place: String,
    cells: Vec<String>,
}

fn rows(file: &Path) -> Vec<Row> {
    println!("cargo:rerun-if-changed={}", file.display());
    let text = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(i, line)| Row {
            place: format!("{}:{}", file.display(), i + 1),
            cells: line.split(',').map(str::to_owned).collect(),
        })
        .collect()
}

impl Row {
    fn expect(&self, cells: usize) -> &[String] {
        assert_eq!(self.cells.len(), cells, "{}: {cells} columns expected", self.place);
        &self.cells
    }
}

/// `SOCKET_FAMILIES` of `socket_families`.
fn upper(name: &str) -> String {
    name.to_ascii_uppercase()
}

/// `ProcessUser` of `PROCESS_USER`.
fn camel(name: &str) -> String {
    name.split('_').map(|w| w[..1].to_owned() + &w[1..].to_ascii_lowercase()).collect()
}

fn flags(rows: &[Row], out: &mut String) {
    let mut tables: BTreeMap<&str, Vec<(&str, u32)>> = BTreeMap::new();
    for row in rows {
        let cells = row.expect(3);
        let value = cells[2].parse().unwrap_or_else(|_| panic!("{}: value is no u32", row.place));
        tables.entry(&cells[0]).or_default().push((&cells[1], value));
    }
    writeln!(out, "/// Every table of flag and enumeration names, by name.").unwrap();
    writeln!(out, "pub static FLAG_TABLES: [&FlagTable; {}] = [", tables.len()).unwrap();
    for name in tables.keys() {
        writeln!(out, "    &flag::{name}::TABLE,").unwrap();
    }
    writeln!(out, "];\n/// Wire values of flags and enumerations: one module per table, one constant per name.")
        .unwrap();
    writeln!(out, "pub mod flag {{").unwrap();
    for (name, entries) in &tables {
        writeln!(
            out,
            "/// Values of the table `{name}`.\npub mod {name} {{\nuse super::super::{{FlagName, FlagTable}};"
        )
        .unwrap();
        let mut seen = BTreeSet::new();
        for (flag, value) in entries {
            // Upstream lists PR_MCE_KILL twice (the second stands for PR_MCE_KILL_GET): the first names the constant.
            if seen.insert(flag) {
                writeln!(out, "/// `{flag}`: {value:#x}.\npub const {}: u32 = {value};", upper(flag)).unwrap();
            }
        }
        writeln!(out, "/// Names in the order of printing.\npub static TABLE: FlagTable = FlagTable {{ name: \"{name}\", entries: &[").unwrap();
        for (flag, value) in entries {
            writeln!(out, "FlagName {{ name: \"{flag}\", value: {value} }},").unwrap();
        }
        writeln!(out, "] }};\n}}").unwrap();
    }
    writeln!(out, "}}").unwrap();
}

fn flag_set(cell: &str) -> String {
    let set: Vec<_> = cell.split('|').filter(|f| *f != "NONE").map(|f| format!("EventFlags::{f}.bits()")).collect();
    if set.is_empty() {
        "EventFlags::empty()".into()
    } else {
        format!("EventFlags::from_bits_retain({})", set.join(" | "))
    }
}

fn param(row: &Row, text: &str) -> String {
    let cells: Vec<_> = text.split(':').collect();
    assert!((3..=4).contains(&cells.len()), "{}: parameter {text}", row.place);
    let extra = match cells.get(3) {
        None => "None".to_owned(),
        Some(e) => match e.split_once('@') {
            Some(("dirfd", n)) => format!("DirFd({})", n.parse::<u8>().expect("parameter number")),
            Some(("dyn", table)) => format!("Dyn(&dynamic::{})", upper(table)),
            _ => format!("Flags(&flag::{e}::TABLE)"),
        },
    };
    format!(
        "ParamInfo {{ name: \"{}\", ty: ParamType::{}, format: PrintFormat::{}, extra: ParamExtra::{extra} }}",
        cells[0],
        type_name(cells[1]),
        camel(cells[2])
    )
}

/// Variant of `ParamType`: `CHARBUF_PAIR_ARRAY` is `CharbufPairArray`.
fn type_name(name: &str) -> String {
    camel(name)
}

fn events(rows: &[Row], out: &mut String) -> BTreeSet<String> {
    let mut symbols = BTreeSet::new();
    let (mut consts, mut table, mut counts) = (String::new(), String::new(), String::new());
    for (code, row) in rows.iter().enumerate() {
        let cells = row.expect(9);
        assert_eq!(cells[0].parse(), Ok(code), "{}: codes run without a gap", row.place);
        assert_eq!(cells[3] == ">", code % 2 == 0, "{}: even codes are enter events", row.place);
        assert!(symbols.insert(cells[1].clone()), "{}: symbol used twice", row.place);
        let params: Vec<_> = cells[8].split("; ").filter(|p| !p.is_empty()).map(|p| param(row, p)).collect();
        assert!(params.len() <= 32, "{}: more than 32 parameters", row.place);
        let category = if cells[4] == "-" { "UNKNOWN" } else { &cells[4] };
        writeln!(
            consts,
            "/// Code {code}: `{}` {}.\npub const {}: EventType = EventType({code});",
            cells[2], cells[3], cells[1]
        )
        .unwrap();
        writeln!(counts, "{},", params.len()).unwrap();
        writeln!(
            table,
            "EventInfo {{ code: EventType({code}), symbol: \"{}\", name: \"{}\", category: EventCategory::{}, \
             syscall_category: SyscallCategory::{}, flags: {}, status: EventStatus::{}, params: &[{}] }},",
            cells[1],
            cells[2],
            camel(category),
            camel(&cells[5]),
            flag_set(&cells[6]),
            camel(&upper(&cells[7])),
            params.join(", ")
        )
        .unwrap();
    }
    let n = rows.len();
    writeln!(
        out,
        "impl EventType {{\n/// Number of codes: every known code is below it.\npub const COUNT: u16 = {n};\n{consts}}}"
    )
    .unwrap();
    writeln!(out, "/// The event table, indexed by code.\npub static EVENTS: [EventInfo; {n}] = [\n{table}];").unwrap();
    writeln!(out, "/// Number of parameters by code, apart from the table because every event read looks here.")
        .unwrap();
    writeln!(out, "pub(crate) static PARAM_COUNTS: [u8; {n}] = [\n{counts}];").unwrap();
    symbols
}

fn syscalls(rows: &[Row], symbols: &BTreeSet<String>, out: &mut String) {
    let (mut consts, mut table) = (String::new(), String::new());
    for (code, row) in rows.iter().enumerate() {
        let cells = row.expect(12);
        assert_eq!(cells[0].parse(), Ok(code), "{}: codes run without a gap", row.place);
        writeln!(consts, "/// `{}`.\npub const {}: Sc = Sc({code});", cells[1], upper(&cells[1])).unwrap();
        let event = |symbol: &String| {
            assert!(symbol.is_empty() || symbols.contains(symbol), "{}: unknown event {symbol}", row.place);
            if symbol.is_empty() { "None".to_owned() } else { format!("Some(EventType::{symbol})") }
        };
        let native: Vec<_> =
            cells[6..]
                .iter()
                .map(|n| {
                    if n.is_empty() {
                        "None".to_owned()
                    } else {
                        format!("Some({})", n.parse::<u16>().expect("number"))
                    }
                })
                .collect();
        let drop = match cells[5].as_str() {
            "NONE" => "Generic",
            "USED" => "Sampled",
            "USED|NEVER_DROP" => "Never",
            "USED|ALWAYS_DROP" => "Always",
            other => panic!("{}: unknown flags {other}", row.place),
        };
        writeln!(
            table,
            "SyscallInfo {{ code: Sc({code}), name: \"{}\", kind: SyscallKind::{}, enter: {}, exit: {}, drop: DropClass::{drop}, native: [{}] }},",
            cells[1],
            camel(&upper(&cells[2])),
            event(&cells[3]),
            event(&cells[4]),
            native.join(", ")
        )
        .unwrap();
    }
    let n = rows.len();
    writeln!(
        out,
        "impl Sc {{\n/// Number of codes: every known code is below it.\npub const COUNT: u16 = {n};\n{consts}}}"
    )
    .unwrap();
    writeln!(out, "/// The syscall table, indexed by code.\npub static SYSCALLS: [SyscallInfo; {n}] = [\n{table}];")
        .unwrap();
}
