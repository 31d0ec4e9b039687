//! What an idle agent takes, and that a limit holds while others do what they can to exceed it.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lanner_syscall::live::ring_count;
use lanner_tests::daemon::Daemon;
use lanner_tests::live::{Agent, can_watch, default_rules};
use lanner_tests::plugins::c_program;
use lanner_tests::program::lanner;

use crate::BINARY;

const MIB: u64 = 1 << 20;
/// How the name of a file ends that raises an alert: thirty-five of each hoarder, so that what a busy machine loses does
/// not matter.
const NUMBER: &str = "00";

/// Resident memory of a process by what is mapped, in bytes.
#[derive(Debug, Default)]
struct Resident {
    /// Allocated, or changed since it was mapped.
    anonymous: u64,
    /// The program itself.
    program: u64,
    /// Ring buffers of the kernel.
    rings: u64,
    all: u64,
}

impl Resident {
    fn of(pid: u32) -> Self {
        let text = std::fs::read_to_string(format!("/proc/{pid}/smaps")).unwrap();
        let mut found = Self::default();
        let mut file = String::new();
        for line in text.lines() {
            let (key, rest) = line.split_once(' ').unwrap_or((line, ""));
            let bytes = || rest.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024;
            match key {
                "Rss:" if file.contains("bpf-map") => found.rings += bytes(),
                "Rss:" if file.ends_with("/lanner-under-test") => found.program += bytes(),
                "Anonymous:" => found.anonymous += bytes(),
                _ if !key.ends_with(':') => file = rest.splitn(5, ' ').nth(4).unwrap_or_default().trim().to_owned(),
                _ => {}
            }
            found.all += if key == "Rss:" { bytes() } else { 0 };
        }
        found
    }
}

#[test]
fn an_idle_agent_is_small() {
    if !can_watch() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("falco.yaml");
    let text = "stdout_output: {enabled: true}\nlog_syslog: false\nlog_stderr: true\nlog_level: debug\nengine: {kind: \
                modern_ebpf}\nload_plugins: [container]\nplugins: [{name: container, library_path: libcontainer.so}]\n";
    std::fs::write(&config, text).unwrap();
    let mut command = lanner(BINARY, &["-c", config.to_str().unwrap()]);
    let mut daemon = Daemon::start(&mut command, folder.path());
    let errors = folder.path().join("err");
    daemon.wait_until("it has settled", || said(&errors, "memory was given back"));
    let settled = Resident::of(daemon.id());
    println!("{settled:?}");
    // One buffer for so many processors, of 8 MiB, and what is mapped twice of it.
    let rings = u64::from(ring_count(2)) * (8 * MIB + MIB / 4);
    assert!(settled.rings <= rings, "{settled:?}");
    assert!(settled.anonymous < 12 * MIB, "{settled:?}");
    // Not optimised, code takes more room than in a release.
    assert!(settled.program < 18 * MIB, "pages of the start are still mapped: {settled:?}");
    assert!(settled.all - settled.rings < 28 * MIB, "{settled:?}");
    let (code, _) = daemon.stop();
    assert_eq!(code, Some(0));
}

fn said(file: &Path, what: &str) -> bool {
    std::fs::read_to_string(file).is_ok_and(|text| text.contains(what))
}

/// What the kernel says that this process's maps and programs take, added up: maps but the one that grows, programs.
fn in_kernel(pid: u32) -> (f64, f64) {
    let entries = std::fs::read_dir(format!("/proc/{pid}/fdinfo")).unwrap().flatten();
    let texts: Vec<String> = entries.filter_map(|entry| std::fs::read_to_string(entry.path()).ok()).collect();
    let sum = |of: &dyn Fn(&str) -> bool| {
        let lines = texts.iter().filter(|text| of(text)).flat_map(|text| text.lines());
        lines.filter_map(|line| line.strip_prefix("memlock:")?.trim().parse::<f64>().ok()).sum()
    };
    let growing = |text: &str| text.lines().any(|line| line == "map_type:\t1");
    (sum(&|text| text.contains("map_id:") && !growing(text)), sum(&|text| text.contains("prog_id:")))
}

/// The kernel's memory is told as the kernel counts it. Rings are held by a map of maps, not by the process.
fn assert_in_kernel(page: &BTreeMap<String, f64>, pid: u32) {
    let of = |what: &str| page[&format!("lanner_kernel_memory_bytes{{for=\"{what}\"}}")];
    let (maps, programs) = in_kernel(pid);
    let rings = f64::from(ring_count(2)) * 8.0 * MIB as f64;
    assert!(of("rings") >= rings && of("rings") < rings * 1.05, "{page:#?}");
    // A map that is no longer needed is gone, and the table of rings counts with them.
    assert!((of("scratch") + of("tables") - maps).abs() < 65536.0, "{maps}: {page:#?}");
    assert!(of("programs") > programs && programs > 500_000.0, "{programs}, machine code apart: {page:#?}");
    assert!(of("entries") > 0.0 && of("entries") < 16.0 * MIB as f64, "{page:#?}");
}

/// What a component did not keep, or no longer, for whatever reason.
fn shed(page: &BTreeMap<String, f64>, component: &str) -> f64 {
    let name = format!("lanner_memory_shed_total{{component=\"{component}\"");
    page.iter().filter(|(series, _)| series.starts_with(&name)).map(|(_, count)| count).sum()
}

/// Processes that stay until they are killed together.
struct Crowd(Child);

impl Crowd {
    /// Waits until a line says that all of them are there.
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).process_group(0).spawn().unwrap();
        let mut line = [0];
        child.stdout.as_mut().unwrap().read_exact(&mut line).unwrap();
        Self(child)
    }

    /// So many that sleep, each with an environment of so many bytes.
    fn asleep(number: u32, environment: usize) -> Self {
        let script = format!("i=0; while [ $i -lt {number} ]; do sleep 600 & i=$((i + 1)); done; echo; wait");
        let mut command = Command::new("sh");
        (0..environment / 1000).for_each(|n| _ = command.env(format!("FILLER_{n}"), "e".repeat(985)));
        Self::start(command.args(["-c", &script]))
    }

    /// So many with so many files open whose names, folders included, have nearly a thousand bytes.
    fn hoarding(folder: &Path, number: u32, files: u32) -> Self {
        let deep = std::iter::repeat_n("d".repeat(240), 3).fold(folder.to_owned(), |path, part| path.join(part));
        std::fs::create_dir_all(&deep).unwrap();
        let (number, files) = (number.to_string(), files.to_string());
        Self::start(Command::new(c_program("act")).arg("hoard").arg(deep).args([number, files]))
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", self.0.id())]).status();
        let _ = self.0.wait();
    }
}

#[test]
fn a_limit_holds_whatever_others_do() {
    if !can_watch() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let rule = folder.path().join("rule.yaml");
    std::fs::write(
        &rule,
        format!(
            "- rule: Hoarded\n  desc: d\n  condition: evt.type in (open, openat) and evt.arg.name endswith {NUMBER} and proc.name startswith \
             act-\n  output: \"%evt.arg.name\"\n  priority: NOTICE\n",
        ),
    )
    .unwrap();
    // As little as can be: what there must be, and nothing to divide.
    let limit = 80 + 8 * u64::from(ring_count(2)) + 16 + 2 + 1;
    let limited = format!("memory.limit_mb={limit}");
    let (mut agent, shown) = Agent::start_with_page(BINARY, &[default_rules(), rule], &[&limited]);
    let crowds = [Crowd::asleep(100, 60_000), Crowd::hoarding(folder.path(), 4, 3500)];
    let alerts = agent.alerts_until_now();
    let hoarded = alerts.iter().filter(|alert| alert.rule == "Hoarded").count();
    assert!(hoarded > 0, "alerts come while memory is short: {alerts:?}");

    // What is counted is published once a second.
    let begin = std::time::Instant::now();
    let mut page = shown.values();
    while shed(&page, "descriptors") == 0.0 && begin.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(200));
        page = shown.values();
    }
    let of = |name: &str| page.get(name).copied().unwrap_or_else(|| panic!("no {name} in {page:#?}"));
    let resident = Resident::of(agent.id());
    println!("{resident:?}");
    page.iter().filter(|(name, _)| name.starts_with("lanner_memory_")).for_each(|(name, n)| println!("{name} {n}"));
    assert!(resident.all <= limit * MIB, "{resident:?} with a limit of {limit} MiB");
    assert_eq!(of("lanner_memory_budget_bytes{component=\"total\"}"), (limit * MIB) as f64);
    let share = of("lanner_memory_budget_bytes{component=\"state\"}") / 5.0 * 2.0;
    for component in ["threads", "descriptors"] {
        let bytes = of(&format!("lanner_memory_bytes{{component=\"{component}\"}}"));
        assert!(bytes <= share * 1.05, "{bytes} of {component}, {share} may be");
    }
    assert!(shed(&page, "descriptors") > 0.0, "{page:#?}");
    assert!(of("lanner_memory_bytes{component=\"rules\"}") > 100_000.0);
    assert!(of("lanner_memory_bytes{component=\"containers\"}") > 0.0);
    assert_in_kernel(&page, agent.id());
    drop(crowds);
    let _ = agent.stop();
}
