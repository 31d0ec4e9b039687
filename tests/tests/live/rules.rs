//! Default rules raised by doing what they are about.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use lanner_tests::live::{Agent, Alert, can_watch, default_rules, replayed};
use lanner_tests::program::lanner;

use crate::action::{Action, Theatre};
use crate::{BINARY, containers, files, kernel, network, programs, ways};

/// Rules that are off by default, and are raised here too.
const OFF: &[&str] = &[
    "Program run with disallowed http proxy env",
    "Unexpected UDP Traffic",
    "Write below etc",
    "Write below root",
    "Read Shell Configuration File",
    "Create Hidden Files or Directories",
    "Launch Disallowed Container",
    "Container Run as Root User",
    "Container Drift Detected (chmod)",
    "Container Drift Detected (open+create)",
    "Detect outbound connections to common miner pool ports",
    "Unexpected inbound connection source",
    "Interpreted procs inbound network activity",
    "Interpreted procs outbound network activity",
];

/// Rules that nothing here raises, and why.
const NOT_DONE: &[(&str, &[&str])] = &[
    (
        "a container runtime would have to say that the container is privileged, or what it mounts",
        &[
            "Debugfs Launched in Privileged Container",
            "Launch Privileged Container",
            "Launch Sensitive Mount Container",
            "Mount Launched in Privileged Container",
            "Privileged Container Device Access",
        ],
    ),
    ("a cluster would have to name the namespace", &["Network Connection outside Local Subnet"]),
    (
        "the kernel would keep what was loaded",
        &["Linux Kernel Module Injection Detected", "Kernel Module Loaded Unusually"],
    ),
    ("kernels refuse it for as long as the program runs", &["Running Program Overwritten Through /proc"]),
    ("the machine would have to be named as one that is guarded", &["Image Not Allowed on Guarded Node"]),
    ("many machines forbid it to ordinary users", &["Overlay Mounted by Ordinary User"]),
];

/// The names of all default rules.
fn default_rule_names() -> BTreeSet<String> {
    let files = std::fs::read_dir(default_rules()).unwrap().map(|entry| entry.unwrap().path());
    let texts = files.filter(|path| path.is_file()).map(|path| std::fs::read_to_string(path).unwrap());
    texts
        .flat_map(|text| text.lines().filter_map(|l| Some(l.strip_prefix("- rule: ")?.to_owned())).collect::<Vec<_>>())
        .collect()
}

#[test]
fn every_default_rule_is_raised_or_it_is_said_why_not() {
    let raised: BTreeSet<_> = actions().iter().flat_map(Action::rules).map(str::to_owned).collect();
    let not_done: BTreeSet<_> = NOT_DONE.iter().flat_map(|(_, rules)| *rules).map(|rule| (*rule).to_owned()).collect();
    assert_eq!(raised.intersection(&not_done).collect::<Vec<_>>(), Vec::<&String>::new());
    assert_eq!(raised.union(&not_done).cloned().collect::<BTreeSet<_>>(), default_rule_names());
}

fn actions() -> Vec<Action> {
    [
        files::actions(),
        programs::actions(),
        kernel::actions(),
        network::actions(),
        containers::actions(),
        ways::actions(),
    ]
    .concat()
}

/// `lanner record`, beside the program that alerts.
struct Recorder(Child);

impl Drop for Recorder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Recorder {
    fn start(capture: &Path) -> Self {
        let mut command = lanner(BINARY, &["record", "--io", "-w"]);
        let mut child = command.arg(capture).stderr(Stdio::piped()).spawn().unwrap();
        let mut told = BufReader::new(child.stderr.take().unwrap());
        let recorder = Self(child);
        let mut line = String::new();
        while !line.contains("Recording to ") {
            line.clear();
            assert!(told.read_line(&mut line).unwrap() > 0, "the recorder ended");
        }
        // It goes on talking, and must find somebody who listens.
        std::thread::spawn(move || std::io::copy(&mut told, &mut std::io::sink()));
        recorder
    }

    fn stop(mut self) {
        assert!(Command::new("kill").args(["-INT", &self.0.id().to_string()]).status().unwrap().success());
        assert!(self.0.wait().unwrap().success());
    }
}

/// Whether an action of this run raised it.
fn is_own(alert: &Alert) -> bool {
    alert.mark().is_some_and(|mark| mark.starts_with(&Theatre::mark("")))
}

/// Alerts about actions that were raised live and not in the replay, or the other way round.
fn differences(live: &[Alert], again: &[Alert]) -> Vec<String> {
    let of_actions = |alerts: &[Alert]| -> BTreeSet<String> {
        alerts.iter().filter(|alert| is_own(alert)).map(Alert::timeless).collect()
    };
    let (live, again) = (of_actions(live), of_actions(again));
    let only = |what: &str, a: &BTreeSet<String>, b: &BTreeSet<String>| {
        a.difference(b).map(|alert| format!("only {what}: {alert}")).collect::<Vec<_>>()
    };
    [only("live", &live, &again), only("in the replay", &again, &live)].concat()
}

#[test]
fn what_rules_are_about_is_done_and_raises_them_and_no_others() {
    if !can_watch() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let on: String =
        OFF.iter().map(|rule| format!("- rule: {rule}\n  enabled: true\n  override: {{enabled: replace}}\n")).collect();
    let on_file = folder.path().join("on.yaml");
    std::fs::write(&on_file, on).unwrap();
    let theatre = Theatre::new();
    let rules = [default_rules(), on_file];
    let mut agent = Agent::start(BINARY, &rules, &["base_syscalls.all=true"]);
    let capture = folder.path().join("actions.scap.gz");
    let recorder = Recorder::start(&capture);
    let actions = actions();
    // Those that wait for something go on beside the others.
    let (slow, fast): (Vec<_>, Vec<_>) = actions.iter().partition(|action| action.is_slow());
    let waiting: Vec<_> = slow.into_iter().map(|action| (action, theatre.perform(action))).collect();
    let mut wrong: Vec<String> =
        fast.into_iter().filter_map(|action| Theatre::finish(action, theatre.perform(action))).collect();
    wrong.extend(waiting.into_iter().filter_map(|(action, child)| Theatre::finish(action, child)));
    let alerts = agent.alerts_until_now();
    recorder.stop();
    // Those of other tests, of which there may be thousands, would bury what went wrong.
    alerts.iter().filter(|alert| is_own(alert)).for_each(|alert| println!("{}", alert.output));
    wrong.extend(actions.iter().flat_map(|action| action.judge(&theatre, &alerts)));
    let (_, stderr) = agent.stop();
    wrong.extend(differences(&alerts, &replayed(BINARY, &capture, &rules)));
    let rules: BTreeSet<_> = actions.iter().flat_map(Action::rules).collect();
    println!("{} actions raised {} rules", actions.len(), rules.len());
    assert!(wrong.is_empty(), "{}\n{} wrong\n{stderr}", wrong.join("\n"), wrong.len());
}
