//! Calls that failed stay in the kernel where no rule can match them, and come as soon as one can.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lanner_tests::live::{Agent, Alert, Page, can_watch};

use crate::BINARY;

/// A rule about files that are opened in the folder and, if `failures`, one about those that are not there.
fn rules(folder: &Path, failures: bool) -> String {
    let folder = folder.display();
    let mut text = format!(
        "- {{rule: Present, desc: d, condition: 'evt.type in (open, openat) and fd.num >= 0 and fd.name = {folder}/present', \
         output: 'there', priority: NOTICE}}\n"
    );
    if failures {
        text.push_str(&format!(
            "- {{rule: Absent, desc: d, condition: 'evt.type in (open, openat) and evt.failed = true and evt.arg.name startswith \
             {folder}/absent-', output: 'name=%evt.arg.name', priority: NOTICE}}\n"
        ));
    }
    text
}

/// Calls of this folder, and what is known of them.
struct Place {
    folder: PathBuf,
    file: PathBuf,
}

impl Place {
    fn open(&self, name: &str) -> bool {
        File::open(self.folder.join(name)).is_ok()
    }

    /// Gives the program other rules.
    fn change(&self, agent: &Agent, failures: bool) {
        let aside = self.file.with_extension("new");
        std::fs::write(&aside, rules(&self.folder, failures)).unwrap();
        std::fs::rename(&aside, &self.file).unwrap();
        assert!(Command::new("kill").args(["-HUP", &agent.id().to_string()]).status().unwrap().success());
    }

    /// The number in the name of a file that is not there.
    fn number(&self, alert: &Alert) -> u32 {
        let name = alert.field("evt.arg.name").unwrap();
        name.strip_prefix(&format!("{}/absent-", self.folder.display())).unwrap().parse().unwrap()
    }
}

fn count(alerts: &[Alert], rule: &str) -> usize {
    alerts.iter().filter(|alert| alert.rule == rule).count()
}

/// How many calls the kernel has kept to itself, when it is at least so many.
fn needless(page: Page, least: f64) -> f64 {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let now = page.value("lanner_needless_calls_total");
        if now >= least {
            return now;
        }
        assert!(Instant::now() < end, "{now} calls stayed in the kernel, {least} should have");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn opens_that_failed_are_sent_to_rules_about_them_and_to_no_others() {
    if !can_watch() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().canonicalize().unwrap();
    let place = Place { file: folder.join("rules.yaml"), folder };
    std::fs::write(place.folder.join("present"), "").unwrap();
    std::fs::write(&place.file, rules(&place.folder, false)).unwrap();
    let settings = ["watch_config_files=false"];
    let (mut agent, page) = Agent::start_with_page(BINARY, std::slice::from_ref(&place.file), &settings);

    // No rule is about failures.
    let before = needless(page, 0.0);
    for n in 0..3000 {
        assert!(!place.open(&format!("absent-{n}")));
        assert!(n % 100 != 0 || place.open("present"));
    }
    assert_eq!(count(&agent.alerts_until_now(), "Present"), 30);
    let kept = needless(page, before + 3000.0);

    // One is, from some moment on; then every failure is told of, and nothing else is missed meanwhile.
    let done = AtomicBool::new(false);
    let mut alerts = Vec::new();
    let (opened, absent) = std::thread::scope(|scope| {
        let opener = scope.spawn(|| {
            let mut n = 0_u32;
            while !done.load(Ordering::Relaxed) {
                assert!(place.open("present") && !place.open(&format!("absent-{n}")));
                n += 1;
                std::thread::sleep(Duration::from_micros(300));
            }
            n
        });
        place.change(&agent, true);
        let end = Instant::now() + Duration::from_secs(60);
        while count(&alerts, "Absent") < 500 {
            assert!(Instant::now() < end, "the new rule sees {} failures", count(&alerts, "Absent"));
            alerts.extend(agent.alerts_until_now());
        }
        done.store(true, Ordering::Relaxed);
        let opened = opener.join().unwrap();
        alerts.extend(agent.alerts_until_now());
        let absent: Vec<u32> =
            alerts.iter().filter(|alert| alert.rule == "Absent").map(|alert| place.number(alert)).collect();
        (opened, absent)
    });
    assert_eq!(count(&alerts, "Present"), opened as usize, "each call once");
    assert_eq!(absent, (absent[0]..opened).collect::<Vec<_>>(), "each failure once from the first one on");

    // None is any more.
    place.change(&agent, false);
    let end = Instant::now() + Duration::from_secs(60);
    let mut least = kept + 1.0;
    loop {
        assert!(Instant::now() < end, "failures are told of still");
        assert!(place.open("present") && !place.open("absent-0"));
        let alerts = agent.alerts_until_now();
        assert_eq!(count(&alerts, "Present"), 1);
        if count(&alerts, "Absent") == 0 {
            break;
        }
    }
    for n in 0..1000 {
        assert!(!place.open(&format!("absent-{n}")));
    }
    least += 1000.0;
    assert_eq!(count(&agent.alerts_until_now(), "Absent"), 0);
    needless(page, least);
    let (_, log) = agent.stop();
    assert!(!log.contains("were lost"), "{log}");
}
