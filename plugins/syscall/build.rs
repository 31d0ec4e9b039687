//! Turns the converter's rules into a static table, and compiles the probes. A malformed row stops the build with its line.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

const RULES: &str = "src/converter/rules.csv";
const IA32: &str = "src/live/ia32.csv";
const EVENTS: &str = "../../plugin-api/src/schema/events.csv";

fn main() {
    converter();
    foreign_calls();
    probes();
}

/// Numbers and names of the calls of 32-bit programs.
fn foreign_calls() {
    println!("cargo:rerun-if-changed={IA32}");
    let text = fs::read_to_string(IA32).unwrap_or_else(|e| panic!("{IA32}: {e}"));
    let mut out = "/// By number, in order.\nstatic IA32: &[(u16, &str)] = &[\n".to_owned();
    for (i, line) in text.lines().enumerate().filter(|(_, l)| !l.is_empty() && !l.starts_with('#')) {
        let row = line.split_once(',').and_then(|(number, name)| Some((number.parse::<u16>().ok()?, name)));
        let Some((number, name)) = row else { panic!("{IA32}:{}: a number and a name expected", i + 1) };
        writeln!(out, "({number}, {name:?}),").unwrap();
    }
    out.push_str("];\n");
    let target = Path::new(&env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("ia32.rs");
    fs::write(target, out).expect("the output folder is writable");
}

/// Compiles `bpf/probe.bpf.c` for the machine that the crate is built for, and its header of event codes.
fn probes() {
    println!("cargo:rerun-if-changed=bpf");
    println!("cargo:rerun-if-changed={EVENTS}");
    println!("cargo:rerun-if-env-changed=CLANG");
    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    let out = Path::new(&out);
    fs::write(out.join("events.gen.h"), event_codes()).expect("the output folder is writable");
    let define = match env::var("CARGO_CFG_TARGET_ARCH").as_deref() {
        Ok("x86_64") => "-D__TARGET_ARCH_x86",
        Ok("aarch64") => "-D__TARGET_ARCH_arm64",
        // Captures can be read anywhere; live events need probes that know the machine's registers.
        _ => return fs::write(out.join("probe.o"), []).expect("the output folder is writable"),
    };
    let clang = env::var_os("CLANG").unwrap_or_else(|| "clang".into());
    let mut command = Command::new(&clang);
    command.args(["-target", "bpf", "-mcpu=v3", "-g", "-O2", "-Wall", "-Werror", "-Ibpf", define, "-I"]);
    let status = command.arg(out).args(["-c", "bpf/probe.bpf.c", "-o"]).arg(out.join("probe.o")).status();
    match status {
        Ok(status) if status.success() => {}
        Ok(_) => panic!("bpf/probe.bpf.c does not compile with {}", clang.display()),
        Err(error) => panic!(
            "cannot run {}: {error}. The probes of the live source are compiled by clang (11 or newer): install it (Debian, \
             Ubuntu: apt-get install clang; Fedora: dnf install clang) or name it with CLANG=/path/to/clang",
            clang.display()
        ),
    }
}

/// Codes and numbers of parameters of all events, as the probes include them.
fn event_codes() -> String {
    let text = fs::read_to_string(EVENTS).unwrap_or_else(|e| panic!("{EVENTS}: {e}"));
    let mut out = String::new();
    for (i, line) in text.lines().enumerate().filter(|(_, l)| !l.is_empty() && !l.starts_with('#')) {
        let cells: Vec<_> = line.splitn(9, ',').collect();
        let [code, symbol, .., params] = cells[..] else { panic!("{EVENTS}:{}: nine columns expected", i + 1) };
        let params = params.split(';').filter(|p| !p.trim().is_empty()).count();
        writeln!(out, "#define EV_{symbol} {code}\n#define EV_{symbol}_PARAMS {params}").unwrap();
    }
    out
}

fn converter() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={RULES}");
    let text = fs::read_to_string(RULES).unwrap_or_else(|e| panic!("{RULES}: {e}"));
    let mut rules: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (i, line) in text.lines().enumerate().filter(|(_, l)| !l.is_empty() && !l.starts_with('#')) {
        let cells: Vec<_> = line.split(',').collect();
        let [event, nparams, action, new, params] = cells[..] else {
            panic!("{RULES}:{}: five columns expected", i + 1)
        };
        let nparams: u8 = nparams.parse().unwrap_or_else(|_| panic!("{RULES}:{}: number of parameters", i + 1));
        let list: Vec<_> = params.split_whitespace().map(instruction).collect();
        let list = format!("&[{}]", list.join(", "));
        let action = match action {
            "STORE" => "Action::Store".to_owned(),
            "PASS" => "Action::Pass".to_owned(),
            "STORE_AND_PASS" => "Action::StoreAndPass".to_owned(),
            "ADD_PARAMS" => format!("Action::AddParams({list})"),
            "CHANGE_TYPE" => format!("Action::ChangeType(EventType::{new}, {list})"),
            other => panic!("{RULES}:{}: unknown action {other}", i + 1),
        };
        rules.entry(event).or_default().push(format!("Rule {{ nparams: {nparams}, action: {action} }}"));
    }
    let mut out = String::new();
    writeln!(out, "/// Rules by event code.\nstatic RULES: [&[Rule]; EventType::COUNT as usize] = {{").unwrap();
    writeln!(out, "let mut table: [&[Rule]; EventType::COUNT as usize] = [&[]; EventType::COUNT as usize];").unwrap();
    for (event, rules) in &rules {
        writeln!(out, "table[EventType::{event}.0 as usize] = &[{}];", rules.join(", ")).unwrap();
    }
    writeln!(out, "table\n}};").unwrap();
    let target = Path::new(&env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("converter.rs");
    fs::write(target, out).expect("the output folder is writable");
}

fn instruction(text: &str) -> String {
    let number = |t: &str| t.parse::<u8>().unwrap_or_else(|_| panic!("{RULES}: {text}: parameter number"));
    if let Some(n) = text.strip_prefix("old[").and_then(|t| t.strip_suffix(']')) {
        return format!("Take::Old({})", number(n));
    }
    if let Some(rest) = text.strip_prefix("enter[") {
        if let Some(n) = rest.strip_suffix("]?empty") {
            return format!("Take::EnterOrEmpty({})", number(n));
        }
        if let Some(n) = rest.strip_suffix(']') {
            return format!("Take::EnterOrDefault({})", number(n));
        }
    }
    match text {
        "default" => "Take::Default".into(),
        "empty" => "Take::Empty".into(),
        "container_json" => "Take::ContainerJson".into(),
        other => panic!("{RULES}: unknown instruction {other}"),
    }
}
