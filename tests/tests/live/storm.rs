//! Programs are seen however much else happens.

use std::collections::BTreeSet;
use std::process::Command;

use lanner_tests::live::{Agent, MARK, can_watch, default_rules};
use lanner_tests::plugins::c_program;

use crate::BINARY;

const CALLS: u32 = 2_000_000;
const PROGRAMS: u32 = 1_000;
const RULE: &str = "- rule: Short program\n  desc: One of the many that the test starts.\n  condition: >\n    spawned_process and \
                    proc.name = exe and proc.args startswith \"short \"\n  output: args=%proc.args\n  priority: DEBUG\n";

/// Two threads make cheap calls while programs are started; every start raises an alert that knows its process.
fn storm(rules: &str, settings: &[&str]) {
    if !can_watch() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let rule = folder.path().join("zy_storm.yaml");
    std::fs::write(&rule, format!("{RULE}{rules}")).unwrap();
    let mut agent = Agent::start(BINARY, &[default_rules(), rule], settings);
    let mark = format!("{}-storm", std::process::id());
    let mut act = Command::new(c_program("act"));
    act.args(["storm", &CALLS.to_string(), &PROGRAMS.to_string()]).env_clear().env(MARK, &mark);
    let started = std::time::Instant::now();
    assert!(act.status().unwrap().success());
    let took = started.elapsed();
    let alerts = agent.alerts_until_now();
    let caught_up = started.elapsed();
    let cpu = agent.cpu_seconds();
    let (_, told) = agent.stop();
    let own = alerts.iter().filter(|alert| alert.rule == "Short program" && alert.mark().as_deref() == Some(&mark));
    let seen: BTreeSet<String> = own.filter_map(|alert| alert.field("proc.args")).collect();
    let losses: Vec<&str> = told.lines().filter(|line| line.contains("lost")).collect();
    println!("storm of {took:.1?}, evaluated after {caught_up:.1?}, {cpu:.1} s of CPU time; {losses:#?}");
    let missing: Vec<u32> = (0..PROGRAMS).filter(|n| !seen.contains(&format!("short {n}"))).collect();
    assert!(missing.is_empty(), "{} of {PROGRAMS} programs were not seen: {missing:?}\n{told}", missing.len());
}

#[test]
fn no_program_is_lost_in_a_storm_of_cheap_calls() {
    storm("", &[]);
}

/// Here each of the calls is asked for. Where that is more than the program can take, others are lost.
#[test]
fn no_program_is_lost_when_all_of_the_storm_is_asked_for() {
    const ALL: &str = "- rule: Each call\n  desc: Asks for what the storm is made of.\n  condition: >\n    evt.type in (getpid, \
                       read, dup, close) and proc.name = \"no such program\"\n  output: none\n  priority: DEBUG\n";
    storm(ALL, &["base_syscalls.all=true"]);
}
