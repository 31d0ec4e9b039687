//! The program with its default rules, asking one runtime.

use std::time::{Duration, Instant};

use lanner_tests::live::{Agent, Alert, default_rules, only_sockets};

use crate::lab::Runtime;

/// Beside the default rules: of these events a container is seen for the first time.
const FIRST: &str = "
- rule: First process
  desc: The first process of a container starts.
  condition: spawned_process and container and proc.vpid = 1 and proc.name = sleep
  output: first process
  priority: NOTICE
";

/// What alerts show beside what is appended to all of them.
const SHOWN: [&str; 8] = [
    "container.full_id",
    "container.type",
    "container.image",
    "container.host_network",
    "container.label[team]",
    "k8s.pod.uid",
    "k8s.pod.label[app]",
    "evt.rawtime",
];

/// Longer than a runtime needs for an answer on a busy machine: that alerts are right is seen here, and how soon is told.
const HOLD_MS: u64 = 20_000;

/// A program that watches.
pub(crate) struct Watched {
    agent: Agent,
    seen: Vec<Alert>,
    /// With the rule above, which is watched like all rules.
    _folder: tempfile::TempDir,
}

impl Watched {
    /// Starts it.
    pub(crate) fn start<R: Runtime>(runtime: &R) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let first = folder.path().join("first.yaml");
        std::fs::write(&first, FIRST).expect("a temporary folder");
        let mut settings = only_sockets(&[(R::ENGINE, &runtime.socket())]);
        settings.push(format!("container.hold_ms={HOLD_MS}"));
        settings.push("append_output[1].suggested_output=true".to_owned());
        settings
            .extend(SHOWN.iter().enumerate().map(|(n, field)| format!("append_output[1].extra_fields[{n}]={field}")));
        let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
        let agent = Agent::start(crate::BINARY, &[default_rules(), first], &settings);
        Self { agent, seen: Vec::new(), _folder: folder }
    }

    /// Waits for the alert of this rule about the container, and asserts what its fields say.
    pub(crate) fn says(&mut self, rule: &str, id: &str, fields: &[(&str, &str)]) {
        let alert = self.alert(rule, id);
        for (field, value) in fields {
            assert_eq!(alert.field(field).as_deref(), Some(*value), "{field} of {alert:#?}");
        }
        let after = delay(&alert);
        eprintln!("{} ms after its event: {}", after.as_millis(), alert.output);
        assert!(after < Duration::from_millis(HOLD_MS), "it waited in vain: {alert:#?}");
    }

    fn alert(&mut self, rule: &str, id: &str) -> Alert {
        const PATIENCE: Duration = Duration::from_secs(60);
        let begin = Instant::now();
        let short = id.get(..12).unwrap_or(id);
        let ours = |a: &&Alert| a.rule == rule && a.field("container.id").as_deref() == Some(short);
        loop {
            self.seen.extend(self.agent.alerts_until_now());
            if let Some(alert) = self.seen.iter().find(ours) {
                return alert.clone();
            }
            let all = self.seen.iter().map(|alert| &alert.output);
            assert!(begin.elapsed() < PATIENCE, "no alert {rule:?} about {id}, only {:#?}", all.collect::<Vec<_>>());
        }
    }

    /// Ends it.
    pub(crate) fn stop(self) {
        let _ = self.agent.stop();
    }
}

/// From the event, by its own time, until the alert had been read.
fn delay(alert: &Alert) -> Duration {
    let read = std::time::UNIX_EPOCH.elapsed().expect("a clock").saturating_sub(alert.at.elapsed());
    let event = alert.field("evt.rawtime").and_then(|time| time.parse().ok()).expect("each alert shows it");
    read.saturating_sub(Duration::from_nanos(event))
}
