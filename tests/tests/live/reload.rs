//! Rules exchanged while the kernel is watched: what is observed follows them, and no call is missed or told twice.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lanner_tests::live::{Agent, Alert, can_watch};

use crate::BINARY;

const RELOADS: u32 = 60;

/// A folder that cannot be, so that calls about it fail without a trace.
fn place() -> String {
    format!("/dev/null/reload-{}", std::process::id())
}

/// A rule about files that are opened there and, in every other version, one about folders that are made there.
fn rules(version: u32) -> String {
    let place = place();
    let mut text = format!(
        "- {{rule: Opened, desc: d, condition: 'evt.type in (open, openat) and evt.arg.name startswith {place}/', output: \
         'path=%evt.arg.name v={version}', priority: NOTICE}}\n"
    );
    if version % 2 == 1 {
        text.push_str(&format!(
            "- {{rule: Made, desc: d, condition: 'evt.type in (mkdir, mkdirat) and evt.arg.path startswith {place}/ and \
             proc.name exists', output: 'path=%evt.arg.path v={version}', priority: NOTICE}}\n"
        ));
    }
    text
}

fn put(path: &Path, text: &str) {
    let aside = path.with_extension("new");
    std::fs::write(&aside, text).unwrap();
    std::fs::rename(&aside, path).unwrap();
}

fn hang_up(agent: &Agent) {
    assert!(Command::new("kill").args(["-HUP", &agent.id().to_string()]).status().unwrap().success());
}

/// Number of the call that an alert is about, and version of the rule.
fn told(alert: &Alert) -> (u32, u32) {
    let output = &alert.output;
    let number = |after: &str| output.split(after).nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok());
    (number(&format!("{}/", place())).unwrap(), number(" v=").unwrap())
}

/// Makes folders until the rule about them tells so, in this version.
fn until_made(agent: &mut Agent, version: u32, alerts: &mut Vec<Alert>) {
    let end = Instant::now() + Duration::from_secs(60);
    while Instant::now() < end {
        let _ = std::fs::create_dir(format!("{}/{version}", place()));
        let now = agent.alerts_until_now();
        let made = now.iter().any(|alert| alert.rule == "Made" && told(alert).1 == version);
        alerts.extend(now);
        if made {
            return;
        }
    }
    panic!("folders are not told of by the rules of version {version}");
}

#[test]
fn what_is_observed_follows_the_rules_and_every_call_is_told_once() {
    if !can_watch() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("reload.yaml");
    put(&file, &rules(0));
    let mut agent = Agent::start(BINARY, std::slice::from_ref(&file), &["watch_config_files=false"]);
    let done = AtomicBool::new(false);
    let mut alerts = Vec::new();
    let opened = std::thread::scope(|scope| {
        let opener = scope.spawn(|| {
            let mut n = 0_u32;
            while !done.load(Ordering::Relaxed) {
                let _ = std::fs::File::open(format!("{}/{n}", place()));
                n += 1;
                std::thread::sleep(Duration::from_micros(300));
            }
            n
        });
        for version in 1..=RELOADS {
            put(&file, &rules(version));
            hang_up(&agent);
            alerts.extend(agent.alerts_until_now());
            std::thread::sleep(Duration::from_millis(50));
        }
        put(&file, &rules(RELOADS + 1));
        hang_up(&agent);
        until_made(&mut agent, RELOADS + 1, &mut alerts);
        done.store(true, Ordering::Relaxed);
        opener.join().unwrap()
    });
    alerts.extend(agent.alerts_until_now());
    let (_, log) = agent.stop();
    let opens: Vec<(u32, u32)> = alerts.iter().filter(|alert| alert.rule == "Opened").map(told).collect();
    let mut seen: HashMap<u32, u32> = HashMap::new();
    opens.iter().for_each(|(number, _)| *seen.entry(*number).or_default() += 1);
    let wrong: Vec<u32> = (0..opened).filter(|number| seen.get(number) != Some(&1)).collect();
    assert!(wrong.is_empty(), "{} of {opened} calls were not told exactly once: {wrong:?}\n{log}", wrong.len());
    let mut versions: Vec<u32> = opens.iter().map(|(_, version)| *version).collect();
    assert!(versions.is_sorted());
    versions.dedup();
    println!("{opened} calls, judged by {} versions of the rules", versions.len());
    assert!(versions.len() > RELOADS as usize / 4, "{versions:?}");
}

/// What the configuration says anew of what is observed, of buffers and of losses holds after a reload.
#[test]
fn base_syscalls_buffers_and_drops_follow_the_configuration() {
    if !can_watch() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().canonicalize().unwrap().join("target");
    let file = dir.path().join("rules.yaml");
    let rule = "- {rule: Wrote, desc: d, condition: 'evt.type = write and fd.name = TARGET', output: 'data=%evt.buffer', priority: \
                NOTICE}\n";
    std::fs::write(&file, rule.replace("TARGET", &target.display().to_string())).unwrap();
    let mut agent = Agent::start(BINARY, std::slice::from_ref(&file), &["watch_config_files=false"]);
    let written = |agent: &mut Agent| {
        std::fs::write(&target, "a line").unwrap();
        agent.alerts_until_now()
    };
    let config = agent.folder().join("falco.yaml");
    let before = std::fs::read_to_string(&config).unwrap();
    assert!(written(&mut agent).is_empty(), "writes are not observed unless somebody asks");
    // Alerts about losses that are made up, one in a second.
    let drops = "syscall_event_drops: {actions: [alert], simulate_drops: true, rate: 1, max_burst: 1}\n";
    let more = format!("{before}base_syscalls: {{all: true}}\nbuffer_format_base64: true\n{drops}");
    put(&config, &more);
    hang_up(&agent);
    let until = |agent: &mut Agent, what: &str, holds: &dyn Fn(&[Alert]) -> bool| {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let alerts = written(agent);
            if holds(&alerts) {
                return;
            }
            assert!(Instant::now() < end, "{what}: {alerts:#?}");
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    let wrote = |alert: &&Alert| alert.rule == "Wrote";
    let lost = |alert: &Alert| alert.rule == "Falco internal: syscall event drop";
    until(&mut agent, "the file is written", &|alerts| alerts.iter().any(|alert| wrote(&alert)));
    let alerts = written(&mut agent);
    let data: Vec<&str> = alerts.iter().filter(wrote).map(|alert| &*alert.output).collect();
    assert!(!data.is_empty() && data.iter().all(|text| text.contains("data=YSBsaW5l")), "{data:?}");
    until(&mut agent, "losses are made up", &|alerts| alerts.iter().any(lost));
    put(&config, &before);
    hang_up(&agent);
    until(&mut agent, "all is as before", &|alerts| alerts.is_empty());
    std::thread::sleep(Duration::from_secs(2));
    assert!(written(&mut agent).is_empty());
    let (_, log) = agent.stop();
    assert!(!log.contains("Reload refused") && !log.contains("at the next start"), "{log}");
}

/// Of calls that have no events of their own the kernel sends those that rules name, before and after a reload.
#[test]
fn rules_about_single_calls_without_events_of_their_own_are_exchanged() {
    if !can_watch() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (file, data) = (dir.path().join("rules.yaml"), std::fs::File::create(dir.path().join("data")).unwrap());
    let rule = |name: &str, calls: &str| {
        let condition = format!("evt.type in ({calls}) and proc.pid = {}", std::process::id());
        format!("- {{rule: {name}, desc: d, condition: '{condition}', output: 'a call', priority: NOTICE}}\n")
    };
    std::fs::write(&file, rule("Link", "readlink, readlinkat")).unwrap();
    let mut agent = Agent::start(BINARY, std::slice::from_ref(&file), &["watch_config_files=false", "log_level=debug"]);
    let call = |agent: &mut Agent| {
        assert!(std::fs::read_link("/dev/null/no-link").is_err());
        data.sync_data().unwrap();
        agent.alerts_until_now().into_iter().map(|alert| alert.rule).collect::<Vec<_>>()
    };
    for _ in 0..20 {
        assert_eq!(call(&mut agent), ["Link"]);
    }
    put(&file, &rule("Sync", "fdatasync"));
    hang_up(&agent);
    let end = Instant::now() + Duration::from_secs(60);
    while !call(&mut agent).contains(&"Sync".to_owned()) {
        assert!(Instant::now() < end, "the new rule sees nothing");
        std::thread::sleep(Duration::from_millis(50));
    }
    for _ in 0..20 {
        assert_eq!(call(&mut agent), ["Sync"]);
    }
    let (_, log) = agent.stop();
    let chosen: Vec<&str> = log.lines().filter(|line| line.contains(") syscalls in rules: ")).collect();
    assert!(chosen.len() >= 2, "{log}");
    let (first, last) = (chosen[0], chosen[chosen.len() - 1]);
    assert!(first.contains(" readlinkat") && !first.contains("fdatasync"), "{first}");
    assert!(last.contains(" fdatasync") && !last.contains("readlink"), "{last}");
    assert!(!last.contains("getpid"), "calls that no rule names: {last}");
}
