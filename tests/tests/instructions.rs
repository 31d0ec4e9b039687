//! Instructions per event, counted by callgrind: a number that other work on the machine does not change.
//!
//! The bundled attack is replayed, and what opening the capture, pumping it dry and all that this calls execute is counted: reading,
//! state, evaluation, making alerts; neither start-up nor what writes alerts. `tests/instructions.baseline` has a figure and a reason for
//! each set of rules. Who makes events dearer by more than 3 % says why there: `LANNER_BLESS=1 LANNER_WHY="the reason"` rewrites the
//! figures.
//!
//! The program must be optimised for that, all of it that an event passes through: `make instructions` builds it so. With
//! `opt-level = 1` or less whether a small function is called or inlined depends on which other crate has a copy of it, and a new crate
//! somewhere else was seen to make every event dearer by a quarter. Link-time optimisation, which a release has on top, takes minutes.

use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::read::MultiGzDecoder;
use lanner_tests::program::{here, lanner};

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");
/// What is counted with what it calls: a source is opened, pumped dry and closed.
const COUNTED: &str = "lanner::app::process::open_and_pump";
/// Events of the capture.
const EVENTS: u64 = 35_213;

/// What the figures were measured with: other compilers make other code, and on other processors libraries choose other code.
fn compiler() -> String {
    let told = Command::new("rustc").arg("-vV").output().expect("the compiler that built this");
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let of = |key: &str| told.lines().find_map(|line| line.strip_prefix(key)).unwrap_or("?").trim().to_owned();
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let flags = info.lines().find(|line| line.starts_with("flags")).unwrap_or_default();
    let wide = flags.split_whitespace().find(|flag| *flag == "avx2").unwrap_or("no avx2");
    format!("rustc {} {}, {wide}", of("release:"), of("host:"))
}

/// Why nothing can be compared here, if so.
fn hindrance(baseline: &str) -> Option<String> {
    let compiler = compiler();
    if Command::new("valgrind").arg("--version").output().is_err() {
        return Some("valgrind is missing (tests/install-deps installs it)".to_owned());
    }
    let same = baseline.lines().any(|line| line.strip_prefix("# compiler: ") == Some(&compiler));
    (!same).then(|| format!("the figures are of another compiler than {compiler}"))
}

/// Instructions for one event.
fn measure(name: &str, files: &[PathBuf]) -> u64 {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("callgrind.out");
    // Unpacking would be half of it.
    let capture = dir.path().join("attack.scap");
    let packed = File::open(here().join("captures/attack.scap.gz")).unwrap();
    std::io::copy(&mut MultiGzDecoder::new(packed), &mut File::create(&capture).unwrap()).unwrap();
    let mut args = vec!["replay".to_owned(), capture.display().to_string()];
    args.extend(files.iter().flat_map(|file| ["-r".to_owned(), file.display().to_string()]));
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let plain = lanner(BINARY, &args);
    let mut counted = Command::new("valgrind");
    counted.args(["--tool=callgrind", "--collect-atstart=no"]).arg(format!("--toggle-collect={COUNTED}"));
    counted.arg(format!("--callgrind-out-file={}", out.display())).arg(plain.get_program()).args(plain.get_args());
    counted.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let ran = counted.output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}");
    let total = said.lines().find_map(|line| line.split_once("Collected :")).map(|(_, total)| total.trim());
    let total: u64 = total.and_then(|total| total.parse().ok()).unwrap_or_else(|| panic!("no total: {said}"));
    let each = total / EVENTS;
    println!("{name}: {each} instructions per event");
    assert!(each > 200, "{COUNTED} was not found in the program: {said}");
    each
}

/// The line of the baseline: figure and reason.
fn line<'b>(baseline: &'b str, name: &str) -> Option<(u64, &'b str)> {
    let rest = baseline.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?.trim_start();
    let (figure, why) = rest.split_once(' ')?;
    Some((figure.parse().ok()?, why.trim()))
}

/// Puts a figure in. A rise needs a reason.
fn bless(file: &mut File, name: &str, each: u64) {
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    let (before, mut why) = line(&text, name).map_or((0, String::new()), |(before, why)| (before, why.to_owned()));
    if each * 100 > before * 103 {
        why = std::env::var("LANNER_WHY").ok().filter(|why| !why.trim().is_empty()).unwrap_or_else(|| {
            panic!("{name}: {each} instructions per event instead of {before}: LANNER_WHY=\"…\" says why")
        });
    }
    let own = |line: &&str| !line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' '));
    let head = format!("# compiler: {}", compiler());
    let mut lines: Vec<String> = text
        .lines()
        .filter(own)
        .map(|line| if line.starts_with("# compiler: ") { head.clone() } else { line.to_owned() })
        .collect();
    lines.push(format!("{name} {each} {why}"));
    file.rewind().unwrap();
    file.set_len(0).unwrap();
    file.write_all((lines.join("\n") + "\n").as_bytes()).unwrap();
}

fn judge(name: &str, files: &[PathBuf]) {
    if std::env::var_os("LANNER_INSTRUCTIONS").is_none() {
        println!("skipped: the program is not optimised as a whole (`make instructions`)");
        return;
    }
    let path = here().join("instructions.baseline");
    let baseline = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    if std::env::var_os("LANNER_BLESS").is_some_and(|value| value == "1") {
        let each = measure(name, files);
        let mut file = File::options().read(true).write(true).open(&path).unwrap();
        // Tests are processes of their own.
        file.lock().unwrap();
        return bless(&mut file, name, each);
    }
    if let Some(why) = hindrance(&baseline) {
        println!("skipped: {why}");
        return;
    }
    let each = measure(name, files);
    let (before, why) = line(&baseline, name).unwrap_or_else(|| panic!("{}: no line for {name:?}", path.display()));
    assert!(!why.is_empty(), "{}: {name} has no reason", path.display());
    assert!(
        each * 100 <= before * 103,
        "{name}: {each} instructions per event instead of {before} ({why}). If that is worth it, say why: LANNER_BLESS=1 \
         LANNER_WHY=\"…\" make instructions rewrites tests/instructions.baseline"
    );
    if each * 103 < before * 100 {
        println!("{name}: fewer than the {before} of the baseline; LANNER_BLESS=1 lets it keep guard over that");
    }
}

/// A file with one rule that never matches.
fn one(dir: &Path, condition: &str) -> PathBuf {
    let file = dir.join("one.yaml");
    let text = format!("- {{rule: one, desc: one, condition: '{condition}', output: one, priority: INFO}}\n");
    std::fs::write(&file, text).unwrap();
    file
}

fn default_rules(files: &[&str]) -> Vec<PathBuf> {
    files.iter().map(|file| here().join(format!("../rules/syscall/{file}.yaml"))).collect()
}

#[test]
fn without_a_rule_for_the_events() {
    let dir = tempfile::tempdir().unwrap();
    judge("no-rule", &[one(dir.path(), "evt.type = userfaultfd")]);
}

#[test]
fn with_one_rule() {
    let dir = tempfile::tempdir().unwrap();
    judge("one-rule", &[one(dir.path(), "evt.type = openat and proc.name = \"no such program\"")]);
}

#[test]
fn with_the_stable_rules() {
    judge("stable-rules", &default_rules(&["lanner_rules"]));
}

#[test]
fn with_all_rules() {
    let files = ["lanner_rules", "lanner_rules_incubating", "lanner_rules_recent", "lanner_rules_sandbox"];
    judge("all-rules", &default_rules(&files));
}
