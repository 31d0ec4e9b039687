//! Prints what watching costs: `lanner-slowdown PROGRAM [RUNS]`, as root, on a machine that does nothing else. Each load runs
//! with the program off, with the stable rules and with all rules.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use lanner_tests::live::{Agent, can_watch, default_rules};
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
    ])
}

/// What one run took: seconds on the clock, and of CPU time of the load and all that it started.
#[derive(Clone, Copy)]
struct Took {
    seconds: f64,
    cpu: f64,
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
    let mut losses = Vec::new();
    for (name, rules) in &agents {
        let mut agent = rules.as_ref().map(|rules| Agent::start(&program, std::slice::from_ref(rules), &[]));
        for (row, load) in table.iter_mut().zip(&loads) {
            let before = agent.as_ref().map_or(0.0, Agent::cpu_seconds);
            let took = best(load, runs);
            // What waits in the buffers is part of the work.
            let _ = agent.as_mut().map(Agent::alerts_until_now);
            row.push((took, (agent.as_ref().map_or(0.0, Agent::cpu_seconds) - before) / f64::from(runs)));
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
    losses.iter().for_each(|line| println!("{line}"));
    ExitCode::SUCCESS
}
