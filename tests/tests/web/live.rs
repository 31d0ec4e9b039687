//! What only a source that watches the kernel has.

use std::process::Command;

use lanner_tests::live::{Agent, can_watch};
use lanner_tests::plugins::c_program;

use crate::{BINARY, FALCO, metrics};

const RULES: &str = "- rule: Each call\n  desc: Asks for what the storm is made of.\n  condition: >\n    evt.type in (getpid, read, \
                     dup, close) and proc.name = \"no such program\"\n  output: none\n  priority: DEBUG\n- rule: Links\n  desc: \
                     Asks for something else.\n  condition: evt.type = symlinkat and proc.name = \"no such program\"\n  output: \
                     none\n  priority: DEBUG\n";

fn signal(agent: &Agent, name: &str) {
    let sent = Command::new("kill").args([name, &agent.id().to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()));
}

#[test]
fn a_loss_makes_the_rules_blind_that_could_have_matched_it() {
    if !can_watch() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.yaml");
    std::fs::write(&rules, RULES).unwrap();
    let settings = ["base_syscalls.all=true", "engine.modern_ebpf.buf_size_preset=1"];
    let (agent, page) = Agent::start_with_page(BINARY, &[rules], &settings);
    let port = page.port();
    let before = metrics(port);
    for line in FALCO.lines().filter_map(|line| line.strip_prefix("kernel ")) {
        let mut words = line.split(' ');
        let (name, kind) = (words.next().unwrap(), words.next().unwrap());
        let found = before.find(name, &[]).unwrap_or_else(|| panic!("{line} is not among {:#?}", before.0));
        let label = words.next();
        assert!(found.kind == kind && label.is_none_or(|label| found.labels.contains_key(label)), "{found:?}");
    }
    assert!(before.find("lanner_rule_blind", &[("rule_name", "Each call")]).is_none(), "nothing was lost yet");
    assert!(before.get("falcosecurity_scap_n_threads_total", &[]) > 10.0);
    assert!(before.get("falcosecurity_scap_n_fds_total", &[]) > 10.0);
    let buffers = |dir| before.0.iter().filter(move |s| s.labels.get("dir").is_some_and(|of| of == dir)).count();
    assert_eq!((buffers("exit"), buffers("enter")), (8, 6));

    // While the program cannot run, its buffers fill and what comes then is lost.
    signal(&agent, "-STOP");
    let stormed = Command::new(c_program("act")).args(["storm", "200000", "2"]).env_clear().status();
    signal(&agent, "-CONT");
    assert!(stormed.unwrap().success());
    let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
    let rule = [("rule_name", "Each call"), ("source", "syscall")];
    let page = loop {
        let page = metrics(port);
        if page.find("lanner_rule_lost_events_total", &rule).is_some() {
            break page;
        }
        assert!(std::time::Instant::now() < end, "nothing was lost: {:#?}", page.0);
        std::thread::sleep(std::time::Duration::from_millis(50));
    };
    let since = page.get("lanner_rule_blind_since_timestamp_seconds", &rule);
    let until = page.get("lanner_rule_blind_until_timestamp_seconds", &rule);
    assert!(since > 1e9 && since < until, "{since} {until}");
    let lost = page.get("lanner_rule_lost_events_total", &rule);
    assert!(lost > 0.0 && page.get("lanner_drops_total", &[("cause", "buffer_bulk")]) >= lost, "{:#?}", page.0);
    assert!(page.get("falcosecurity_scap_n_drops_total", &[]) >= lost);
    assert!(page.0.iter().any(|sample| sample.name == "lanner_drops_by_event_total" && sample.value > 0.0));
    assert!(page.find("lanner_rule_blind", &[("rule_name", "Links")]).is_none(), "{:#?}", page.0);
}
