//! The audit log of Google Cloud out of Pub/Sub: `libgcpaudit.so` against Google's own emulator.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lanner_tests::cloud::{self, configure};
use lanner_tests::gcp::{RULES, entry, ids};
use lanner_tests::plugins::sibling_plugin;
use lanner_tests::program::{lanner, run};
use lanner_tests::pubsub::Emulator;
use lanner_tests::watch::Watched;
use serde_json::{Value, json};
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");

/// A folder, an emulator with a subscription, and what a run needs.
struct Lab {
    dir: TempDir,
    emulator: Emulator,
    library: PathBuf,
}

impl Lab {
    /// `None`: this machine has no emulator.
    fn new(subscription: &Value) -> Option<Self> {
        let emulator = Emulator::start()?;
        emulator.subscribe(subscription);
        let library = sibling_plugin("gcpaudit");
        Some(Self { dir: tempfile::tempdir().unwrap(), emulator, library })
    }

    fn command(&self, params: &str, init: &Value) -> Command {
        let mut lanner = command(&self.dir, &self.library, params, init);
        lanner.env("PUBSUB_EMULATOR_HOST", self.emulator.address());
        lanner
    }

    fn start(&self, init: &Value) -> Watched {
        let mut init = init.clone();
        init["project_id"] = "my-project".into();
        self.start_with(&self.dir, "lanner", &init)
    }

    /// Starts a reader of any subscription whose files are in `dir`.
    fn start_with(&self, dir: &TempDir, params: &str, init: &Value) -> Watched {
        let mut lanner = command(dir, &self.library, params, init);
        lanner.env("PUBSUB_EMULATOR_HOST", self.emulator.address());
        Watched::start(&mut lanner, &dir.path().join("log"))
    }

    fn publish(&self, numbers: Range<usize>) {
        self.emulator.publish("audit", numbers.map(|number| entry("storage.buckets.delete", number).to_string()));
    }

    fn told(&self) -> String {
        told(&self.dir)
    }
}

/// What readers with their files in `dir` have logged.
fn told(dir: &TempDir) -> String {
    std::fs::read_to_string(dir.path().join("log")).unwrap_or_default()
}

fn command(dir: &TempDir, library: &Path, params: &str, init: &Value) -> Command {
    let rules = dir.path().join("rules.yaml");
    std::fs::write(&rules, RULES).unwrap();
    let config = configure(dir.path(), "gcpaudit", library, &init.to_string(), params);
    lanner(BINARY, &["-c", &config, "-r", &rules.display().to_string(), "--enable-source", "gcp_auditlog"])
}

/// Takes some alerts, or waits for them for a little while.
fn read_on(watched: &mut Watched) {
    let mut looks = 0;
    let _ = watched.until(|_| {
        looks += 1;
        looks > 3
    });
}

fn distinct(alerts: &[Value]) -> BTreeSet<String> {
    cloud::distinct(ids(alerts))
}

fn all(range: Range<usize>) -> BTreeSet<String> {
    cloud::distinct(cloud::numbers(range))
}

/// What can never be read is counted, kept and acknowledged, and stops nothing that stands around it.
#[test]
fn messages_become_alerts_and_bad_ones_stop_nothing() {
    let Some(lab) = Lab::new(&json!({})) else { return };
    let good = |number| entry("storage.buckets.delete", number).to_string().into_bytes();
    let with = |number, value: &str| {
        let text = entry("storage.buckets.delete", number).to_string();
        text.replacen("\"requestMetadata\":", &format!("\"request\":{value},\"requestMetadata\":"), 1).into_bytes()
    };
    let mut latin = with(3, "\"caf?\"");
    latin.iter_mut().filter(|byte| **byte == b'?').for_each(|byte| *byte = 0xe9);
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    let payloads = [
        good(0),
        b"poison".to_vec(),
        good(1)[..200].to_vec(),
        b"[1]".to_vec(),
        b"{}".to_vec(),
        br#"{"logName":"l","timestamp":"soon"}"#.to_vec(),
        [0xff; 300].to_vec(),
        with(1, &format!("\"{}\"", "x".repeat(3 << 20))),
        with(2, &deep),
        latin,
        good(4),
    ];
    lab.emulator.publish("audit", &payloads);
    lab.publish(5..1000);
    let kept = lab.dir.path().join("kept");
    let mut watched = lab.start(&json!({"quarantine": {"dir": kept}}));
    let expected = all(0..1000);
    assert!(watched.until(|alerts| distinct(alerts) == expected), "{}", lab.told());
    watched.signal("-TERM");
    let (code, alerts) = watched.finish();
    assert_eq!((code, alerts.len()), (Some(0), 1000), "each once\n{}", lab.told());
    assert_eq!(alerts[0]["source"], "gcp_auditlog");
    let kept: Vec<String> =
        std::fs::read_dir(&kept).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    for reason in ["not_json", "foreign", "no_time"] {
        assert!(kept.iter().any(|name| name.ends_with(reason)), "{reason}: {kept:?}");
    }
    for told in ["message 2 of projects/my-project/subscriptions/lanner: passed over, it is not JSON", "largest parts"]
    {
        assert!(lab.told().contains(told), "{told}: {}", lab.told());
    }
}

/// Two readers share a subscription, one is killed at a point that no batch knows of, and a third comes. What the killed one had in
/// hand comes again, though late: the emulator does not notice that a reader is gone and goes on handing it messages, each for a
/// deadline; hence few may be held. Three kills at once, each of a subscription of its own, take no longer than one.
#[test]
fn killed_readers_of_one_subscription_lose_nothing() {
    let Some(lab) = Lab::new(&json!({})) else { return };
    let points = [("first", 1), ("second", 5), ("third", 13)];
    for (id, _) in points {
        let _ = lab.emulator.call(
            "PUT",
            &format!("subscriptions/{id}"),
            &json!({"topic": "projects/my-project/topics/audit"}),
        );
    }
    let (lab, living, published) = (&lab, &AtomicUsize::new(points.len()), &OnceLock::new());
    std::thread::scope(|scope| {
        for (id, stop) in points {
            scope.spawn(move || {
                // Beyond what may be held a reader comes only by acknowledging.
                let init = json!({"ack_deadline": 10, "num_goroutines": 1, "max_outstanding_messages": 4});
                let dir = tempfile::tempdir().unwrap();
                let start = || lab.start_with(&dir, &format!("projects/my-project/subscriptions/{id}"), &init);
                let (mut one, mut two) = (start(), start());
                assert!(one.until(|alerts| alerts.len() >= stop), "a reader had no share: {}", told(&dir));
                one.signal("-KILL");
                living.fetch_sub(1, Ordering::Relaxed);
                let (_, killed) = one.finish();
                let mut three = start();
                let seen = |two: &Watched, three: &Watched| {
                    let all = killed.iter().chain(&two.alerts).chain(&three.alerts);
                    ids(&all.cloned().collect::<Vec<_>>()).into_iter().collect::<BTreeSet<_>>().len()
                };
                let begin = Instant::now();
                while published.get().is_none_or(|all| seen(&two, &three) < *all) {
                    assert!(
                        begin.elapsed() < Duration::from_secs(150),
                        "{id}: {} seen of {published:?}",
                        seen(&two, &three)
                    );
                    read_on(&mut two);
                    read_on(&mut three);
                }
                two.signal("-TERM");
                let (code, two) = two.finish();
                assert_eq!(code, Some(0), "{}", told(&dir));
                let all = published.get().copied().unwrap_or_default();
                let repeated = killed.len() + two.len() + three.alerts.len() - all;
                assert!(repeated <= all / 4, "{id}: {repeated} of {all} repeated");
            });
        }
        // A few at a time, while readers come and go. Whoever comes second may find the first with all messages in hand: there are
        // more of them as long as somebody waits for a share.
        let mut next = 0;
        while next < 240 || living.load(Ordering::Relaxed) > 0 && next < 6_000 {
            lab.publish(next..next + 20);
            next += 20;
            std::thread::sleep(Duration::from_millis(150));
        }
        published.set(next).unwrap();
    });
}

/// Of a subscription with exactly-once delivery Google confirms each acknowledgement, and what is not confirmed is told.
#[test]
fn acknowledgements_are_confirmed_where_delivery_is_exactly_once() {
    let Some(lab) = Lab::new(&json!({"enableExactlyOnceDelivery": true})) else { return };
    // So few may be held that without acknowledgements the rest would never come.
    let mut watched = lab.start(&json!({"num_goroutines": 1, "max_outstanding_messages": 50}));
    lab.publish(0..1000);
    assert!(watched.until(|alerts| distinct(alerts) == all(0..1000)), "{}", lab.told());
    watched.signal("-TERM");
    let (code, alerts) = watched.finish();
    assert_eq!((code, alerts.len()), (Some(0), 1000), "each once\n{}", lab.told());
    assert!(!lab.told().contains("did not confirm"), "{}", lab.told());
}

#[test]
fn a_subscription_that_is_made_anew_is_read_again() {
    let Some(lab) = Lab::new(&json!({})) else { return };
    lab.publish(0..10);
    let mut watched = lab.start(&json!({"num_goroutines": 1}));
    assert!(watched.until(|alerts| distinct(alerts) == all(0..10)), "{}", lab.told());
    let _ = lab.emulator.call("DELETE", "subscriptions/lanner", &json!({}));
    for _ in 0..600 {
        if lab.told().contains("tried again until it works") {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(lab.told().contains("create it (gcloud pubsub subscriptions create"), "{}", lab.told());
    lab.emulator.subscribe(&json!({}));
    lab.publish(10..20);
    assert!(watched.until(|alerts| distinct(alerts) == all(0..20)), "{}", lab.told());
    assert!(lab.told().contains("messages come again"), "{}", lab.told());
}

#[test]
fn what_cannot_be_opened_names_the_remedy() {
    let Some(lab) = Lab::new(&json!({})) else { return };
    let _ = lab.emulator.call("PUT", "topics/other", &json!({}));
    let push =
        json!({"topic": "projects/my-project/topics/other", "pushConfig": {"pushEndpoint": "http://127.0.0.1:9/x"}});
    let _ = lab.emulator.call("PUT", "subscriptions/pushing", &push);
    let name = |id: &str| format!("projects/my-project/subscriptions/{id}");
    for (params, init, told) in [
        (name("nowhere"), json!({}), "create it (gcloud pubsub subscriptions create"),
        (name("pushing"), json!({}), "make it a pull subscription"),
        (name("lanner"), json!({"ack_deadline": 5}), "10 to 600 seconds"),
        ("lanner".to_owned(), json!({}), "set project_id"),
    ] {
        let ran = run(&mut lab.command(&params, &init));
        assert!(ran.code != Some(0) && ran.stderr.contains(told), "{params} {init}: {}", ran.stderr);
    }
}

/// Needs no emulator: nothing of this gets as far as Google.
#[test]
fn credentials_that_cannot_be_used_and_addresses_out_of_reach_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let library = sibling_plugin("gcpaudit");
    let file = |name: &str, text: &str| {
        std::fs::write(dir.path().join(name), text).unwrap();
        dir.path().join(name).display().to_string()
    };
    let user =
        json!({"type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "t"}).to_string();
    let port = lanner_tests::daemon::free_port();
    for (init, told) in [
        (json!({"credentials_file": "/nowhere/key.json"}), "credentials_file /nowhere/key.json: No such file"),
        (json!({"credentials_file": file("text", "hello")}), "the key of a service account"),
        (json!({"credentials_file": file("list", "[]")}), "the member 'type' is missing"),
        (json!({"credentials_file": file("other", r#"{"type":"x"}"#)}), "unknown type 'x'"),
        (json!({"credentials_file": file("half", r#"{"type":"service_account"}"#)}), "credentials_file"),
        (json!({"credentials_file": file("user", &user), "endpoint": "not an address"}), "not an address"),
    ] {
        let ran = run(&mut command(&dir, &library, "projects/my-project/subscriptions/lanner", &init));
        assert!(ran.code != Some(0) && ran.stderr.contains(told), "{init}: {}", ran.stderr);
    }
    let mut unreachable = command(&dir, &library, "projects/my-project/subscriptions/lanner", &json!({}));
    let ran = run(unreachable.env("PUBSUB_EMULATOR_HOST", format!("127.0.0.1:{port}")));
    let told = format!("cannot reach Pub/Sub at http://127.0.0.1:{port}");
    assert!(ran.code != Some(0) && ran.stderr.contains(&told), "{}", ran.stderr);
}
