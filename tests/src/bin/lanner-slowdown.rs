//! Prints what watching costs: `lanner-slowdown PROGRAM [RUNS]`, as root, on a machine that does nothing else. Each load runs
//! with the program off, with the stable rules and with all rules. Then what the probes take in the kernel, as it measures them in
//! runs of their own, and what events cost the program.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use lanner_tests::live::probes::{Measuring, Runs, cycles_per_ns};
use lanner_tests::live::{Agent, Page, can_watch, default_rules};
use lanner_tests::plugins::c_program;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

const FOLDERS: usize = 200;
const FILES_PER_FOLDER: usize = 100;
const SOURCES: usize = 40;

/// Something that machines do, and how much of it.
struct Load {
    name: String,
    command: Vec<String>,
    /// Number of calls, where the time of one is what counts.
    calls: Option<u32>,
}

fn loads(folder: &Path) -> std::io::Result<Vec<Load>> {
    let tree = folder.join("tree");
    for n in 0..FOLDERS {
        let inner = tree.join(n.to_string());
        std::fs::create_dir_all(&inner)?;
        for file in 0..FILES_PER_FOLDER {
            std::fs::write(inner.join(file.to_string()), b"some words\n")?;
        }
    }
    for n in 0..SOURCES {
        let text =
            format!("#include <stdio.h>\n#include <stdlib.h>\nint f{n}(int x) {{ return printf(\"%d\", x) + {n}; }}\n");
        std::fs::write(folder.join(format!("f{n}.c")), text)?;
    }
    std::fs::write(folder.join("main.c"), "int f0(int);\nint main(void) { return f0(0) < 0; }\n")?;
    let (act, tree, inner) =
        (c_program("act").display().to_string(), tree.display().to_string(), folder.display().to_string());
    let load = |name: String, command: &[&str], calls| Load {
        name,
        command: command.iter().map(|w| (*w).to_owned()).collect(),
        calls,
    };
    let build = "cd \"$1\" && for f in *.c; do cc -c -O1 \"$f\" || exit 1; done && cc -o program *.o";
    let call = |what: &str, key: &str, n: u32| {
        load(format!("{what}, ns each"), &[&act, "repeat", key, &n.to_string()], Some(n))
    };
    Ok(vec![
        load(
            format!("{} files walked and searched", FOLDERS * FILES_PER_FOLDER),
            &["grep", "-r", "no such word", &tree],
            None,
        ),
        load(format!("{} C files compiled, linked", SOURCES + 1), &["sh", "-c", build, "sh", &inner], None),
        load("20000 requests over TCP".to_owned(), &[&act, "requests", "20000"], None),
        load("3000 programs started".to_owned(), &[&act, "storm", "0", "3000"], None),
        call("`getpid`", "getpid", 2_000_000),
        call("`read` of a byte", "read", 1_000_000),
        call("`dup` and `close`", "dup", 1_000_000),
        call("`open` and `close`", "open", 500_000),
        call("`open` of what is not there", "absent", 500_000),
        call("`unlink` of what is not there", "unlink", 500_000),
        call("`close` of what is not open", "close", 1_000_000),
        call("`fcntl` that changes nothing", "fcntl", 1_000_000),
        call("`socket` and `close`", "socket", 300_000),
        call("`connect` of a datagram socket", "net", 300_000),
        call("`pipe` and two `close`", "pipe", 300_000),
    ])
}

/// What one run took: seconds on the clock, and of CPU time of the load and all that it started.
#[derive(Clone, Copy)]
struct Took {
    seconds: f64,
    cpu: f64,
}

/// What a run cost on both sides of the ring buffers.
struct Cost {
    /// In the kernel; nothing where it does not measure.
    probes: Option<Runs>,
    /// Events that were sent.
    events: f64,
    /// CPU seconds of the program.
    cpu: f64,
}

/// So long until the program's metrics are up to date.
const PUBLISHED: Duration = Duration::from_millis(1500);

/// Runs a load once more; what happens without it is taken off.
fn cost(load: &Load, agent: &mut Agent, page: Page) -> Cost {
    let events = || {
        std::thread::sleep(PUBLISHED);
        page.value("falcosecurity_scap_n_evts_total")
    };
    let measuring = Measuring::begin();
    let (sent, cpu) = (events(), agent.cpu_seconds());
    let begin = Instant::now();
    let quiet = Runs::of(agent.id());
    std::thread::sleep(Duration::from_millis(500));
    let before = Runs::of(agent.id());
    let idle = before.since(quiet, Runs::default()).times(1.0 / begin.elapsed().as_secs_f64());
    let took = best(load, 1);
    let probes = Runs::of(agent.id()).since(before, idle.times(took.seconds));
    let _ = agent.alerts_until_now();
    let cpu = agent.cpu_seconds() - cpu;
    Cost { probes: measuring.map(|_| probes), events: events() - sent, cpu }
}

/// CPU time of all children that have ended.
fn children_cpu() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("every process may ask");
    [usage.user_time(), usage.system_time()].iter().map(|time| time.num_microseconds() as f64 / 1e6).sum()
}

/// The best of `runs`, each figure for itself.
fn best(load: &Load, runs: u32) -> Took {
    let run = |_| {
        let (started, before) = (Instant::now(), children_cpu());
        let mut command = Command::new(&load.command[0]);
        let status = command.args(&load.command[1..]).stdin(Stdio::null()).stdout(Stdio::null()).status();
        // `grep` says with 1 that it has found nothing.
        assert!(status.is_ok_and(|s| matches!(s.code(), Some(0 | 1))), "{}", load.name);
        Took { seconds: started.elapsed().as_secs_f64(), cpu: children_cpu() - before }
    };
    let worst = Took { seconds: f64::INFINITY, cpu: f64::INFINITY };
    (0..runs).map(run).fold(worst, |a, b| Took { seconds: a.seconds.min(b.seconds), cpu: a.cpu.min(b.cpu) })
}

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let (Some(program), Ok(runs @ 1..)) = (args.next(), args.next().map_or(Ok(3), |n| n.parse::<u32>())) else {
        eprintln!("usage: lanner-slowdown PROGRAM [RUNS]");
        return ExitCode::from(2);
    };
    if !can_watch() {
        return ExitCode::FAILURE;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let loads = loads(folder.path()).expect("a temporary folder can be written");
    let stable: PathBuf = default_rules().join("lanner_rules.yaml");
    let agents = [("off", None), ("stable rules", Some(stable)), ("all rules", Some(default_rules()))];
    // Row by load, column by agent: what the load took, and the CPU time of the agent for one run.
    let mut table: Vec<Vec<(Took, f64)>> = loads.iter().map(|_| Vec::new()).collect();
    let (mut losses, mut costs) = (Vec::new(), Vec::new());
    for (name, rules) in &agents {
        let rules = rules.as_ref().map(std::slice::from_ref);
        let (mut agent, page) = rules.map(|rules| Agent::start_with_page(&program, rules, &[])).unzip();
        for (row, load) in table.iter_mut().zip(&loads) {
            let before = agent.as_ref().map_or(0.0, Agent::cpu_seconds);
            let took = best(load, runs);
            // What waits in the buffers is part of the work.
            let _ = agent.as_mut().map(Agent::alerts_until_now);
            row.push((took, (agent.as_ref().map_or(0.0, Agent::cpu_seconds) - before) / f64::from(runs)));
        }
        // Measured apart: while the kernel measures, everything is slower.
        if let (Some(agent), Some(page)) = (&mut agent, page) {
            costs.extend(loads.iter().map(|load| (load, *name, cost(load, agent, page))));
        }
        let told = agent.map(|agent| agent.stop().1).unwrap_or_default();
        losses.extend(told.lines().filter(|l| l.contains("were lost")).map(|line| format!("with {name}: {line}")));
    }
    println!("| load (best of {runs}) | agent | time | more | CPU time of the load | more | CPU s of the agent |");
    println!("|--|--|--:|--:|--:|--:|--:|");
    for (load, row) in loads.iter().zip(&table) {
        let time = |seconds: f64| match load.calls {
            Some(calls) => format!("{:.0} ns", seconds * 1e9 / f64::from(calls)),
            None => format!("{seconds:.2} s"),
        };
        let off = row[0].0;
        for ((took, cpu), (agent, rules)) in row.iter().zip(&agents) {
            let more = |on: f64, off: f64| {
                rules.as_ref().map_or(String::new(), |_| format!("{:+.0} %", (on / off - 1.0) * 100.0))
            };
            let (name, cpu) =
                if rules.is_some() { ("", format!("{cpu:.2}")) } else { (load.name.as_str(), String::new()) };
            let (clock, own) = (more(took.seconds, off.seconds), more(took.cpu, off.cpu));
            println!("| {name} | {agent} | {} | {clock} | {} | {own} | {cpu} |", time(took.seconds), time(took.cpu));
        }
    }
    println!("\n| load | agent | ns in the probes | cycles | runs | events | CPU s of the agent, a million events |");
    println!("|--|--|--:|--:|--:|--:|--:|");
    for (load, agent, Cost { probes, events, cpu }) in &costs {
        let rounds = load.calls.map_or(1.0, f64::from);
        let (ns, runs) = probes.map_or((f64::NAN, f64::NAN), |runs| (runs.ns / rounds, runs.count / rounds));
        let cycles = ns * cycles_per_ns().unwrap_or(f64::NAN);
        let each = if *events > 50_000.0 { format!("{:.2}", cpu / events * 1e6) } else { String::new() };
        let name = load.name.trim_end_matches(", ns each");
        println!("| {name} | {agent} | {ns:.0} | {cycles:.0} | {runs:.2} | {:.2} | {each} |", events / rounds);
    }
    losses.iter().for_each(|line| println!("{line}"));
    ExitCode::SUCCESS
}
