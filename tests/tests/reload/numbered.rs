//! No event is lost or judged twice, whatever is exchanged meanwhile.

use crate::{DONE, Ended, Lab, put, rule, versions};

/// Unless the environment asks for another number.
const RELOADS: usize = 200;
/// Far more than what an allocator keeps for later, far less than so many sets of rules would take.
const GROWTH_KB: u64 = 24 * 1024;

fn resident_kb(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Rules enough for a set to weigh something, beside the one that counts.
fn heavy(version: usize) -> String {
    let other = |n: usize| {
        format!(
            "- {{rule: Other {n}, desc: d, condition: 'line.text contains never-{n}-{version} or line.text startswith \
             not-{n}', output: '%line.text', priority: NOTICE, source: lines}}\n"
        )
    };
    rule(version) + &(0..60).map(other).collect::<String>()
}

#[test]
fn each_event_is_judged_once_while_rules_are_reloaded_and_memory_stays_flat() {
    let asked = std::env::var("LANNER_TEST_RELOADS").ok().map(|number| number.parse().unwrap());
    let reloads = asked.unwrap_or(RELOADS);
    let mut lab = Lab::start("watch_config_files: false\n");
    let mut settled = 0;
    for version in 1..=reloads {
        put(&lab.rules(), &heavy(version));
        lab.hang_up();
        lab.until_said(DONE, version);
        if version == reloads / 4 {
            settled = resident_kb(lab.daemon.id());
        }
    }
    let grown = resident_kb(lab.daemon.id()).saturating_sub(settled);
    let Ended { written, code, lines, others, errors } = lab.finish();
    assert_eq!(code, Some(0), "{errors}");
    let mut seen = versions(&lines, written);
    assert!(seen.is_sorted(), "rules that are gone do not come back");
    seen.dedup();
    assert!(seen.len() > reloads / 2 && seen.last() == Some(&reloads), "{} versions, {written} lines", seen.len());
    assert!(others.is_empty(), "{others:?}");
    assert_eq!(errors.matches("SIGHUP received, restarting...").count(), reloads);
    println!("{written} lines, {} versions of the rule, {grown} kB more after {reloads} reloads", seen.len());
    assert!(grown < GROWTH_KB, "{grown} kB more");
}
