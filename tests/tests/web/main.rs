//! The web server and the snapshots of metrics, by the whole program.

mod client;
mod dashboard;
mod exposition;
mod live;
mod reload;
mod snapshots;

use std::path::{Path, PathBuf};

use client::{ask, get, get_tls};
use exposition::{Page, read};
use lanner::metrics::{Kind, METRICS};
use lanner_tests::daemon::{Daemon, free_port};
use lanner_tests::plugins::c_plugin;
use lanner_tests::program::{golden, lanner, run};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");

/// What Falco exposes.
const FALCO: &str = include_str!("falco_0_45.txt");

pub(crate) const RULES: &str = "- rule: Each event\n  desc: d\n  condition: evt.num >= 0\n  output: n=%evt.num\n  priority: WARNING\n  \
                     source: bad_source\n  tags: [host, T1555]\n- rule: Never\n  desc: d\n  condition: bad.num = 0\n  output: \
                     never\n  priority: DEBUG\n  source: bad_source\n";

/// The program with a web server and a source that gives six events and then none, or hangs while a file is there.
pub(crate) struct Lab {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) port: u16,
    pub(crate) daemon: Daemon,
}

impl Lab {
    /// Starts it with these lines more in its configuration.
    pub(crate) fn start(more: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let port = free_port();
        let plugin = c_plugin("bad.c", &["METRICS", "THEN_NONE"]);
        let config = format!(
            "engine: {{kind: nodriver}}\nstdout_output: {{enabled: true}}\njson_output: true\nlog_stderr: true\nlog_syslog: \
             false\nrules_files: [{0}/rules.yaml]\nplugins: [{{name: bad, library_path: {1}}}]\nload_plugins: \
             [bad]\nwebserver:\n  enabled: true\n  listen_address: 127.0.0.1\n  listen_port: {port}\n  \
             prometheus_metrics_enabled: true\n{more}",
            dir.path().display(),
            plugin.display()
        );
        std::fs::write(dir.path().join("falco.yaml"), config).unwrap();
        std::fs::write(dir.path().join("rules.yaml"), RULES).unwrap();
        let config = dir.path().join("falco.yaml");
        let mut command = lanner(BINARY, &["-c", config.to_str().unwrap(), "--enable-source", "bad_source"]);
        command.args(["--enable-source", "syscall"]).env("HANG_WHILE", dir.path().join("hang"));
        let mut daemon = Daemon::start(&mut command, dir.path());
        daemon.wait_for_port(port);
        Self { dir, port, daemon }
    }

    /// The file whose presence makes the source hang.
    fn hang(&self) -> PathBuf {
        self.dir.path().join("hang")
    }

    /// The metrics as soon as they are like this.
    pub(crate) fn metrics_when(&mut self, what: &str, ready: impl Fn(&Page) -> bool) -> Page {
        let mut page = Page::default();
        let port = self.port;
        self.daemon.wait_until(what, || {
            page = metrics(port);
            ready(&page)
        });
        page
    }
}

pub(crate) fn metrics(port: u16) -> Page {
    let answer = get(port, "/metrics");
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.head.contains("content-type: text/plain; version=0.0.4"), "{}", answer.head);
    read(&answer.body).unwrap_or_else(|why| panic!("{why}\n{}", answer.body))
}

const METRICS_ON: &str = "metrics: {enabled: true, interval: 1h}\n";

#[test]
fn everything_that_falco_exposes_is_exposed() {
    let mut lab = Lab::start(METRICS_ON);
    let page = lab.metrics_when("six events", |page| {
        page.find("lanner_source_events_total", &[("source", "bad_source")]).is_some_and(|sample| sample.value == 6.0)
    });
    for line in FALCO.lines().filter(|line| !line.starts_with(['#']) && !line.starts_with("kernel ")) {
        let mut words = line.split(' ');
        let (name, kind) = (words.next().unwrap(), words.next().unwrap());
        let labels: Vec<&str> = words.next().map(|labels| labels.split(',').collect()).unwrap_or_default();
        let has = page.0.iter().any(|sample| {
            sample.name == name
                && sample.kind == kind
                && sample.labels.keys().map(String::as_str).eq(labels.iter().copied())
        });
        assert!(has, "{line} is not among {:#?}", page.0);
    }
    for sample in &page.0 {
        let told = METRICS.iter().find(|metric| metric.name == sample.name);
        let of_plugin = sample.name.starts_with("falcosecurity_plugins_");
        assert!(of_plugin || told.is_some_and(|metric| metric.kind.name() == sample.kind), "{sample:?}");
    }

    let rule = [("rule_name", "Each event"), ("priority", "4"), ("source", "bad_source"), ("tag_T1555", "true")];
    assert_eq!(page.get("falcosecurity_falco_rules_matches_total", &rule), 6.0);
    assert!(page.find("falcosecurity_falco_rules_matches_total", &[("rule_name", "Never")]).is_none());
    let engine = [("engine_name", "source_plugin"), ("evt_source", "bad_source")];
    assert_eq!(page.get("falcosecurity_scap_engine_name_info", &engine), 1.0);
    assert_eq!(page.get("falcosecurity_scap_engine_name_info", &[("engine_name", "nodriver")]), 1.0);
    let rules = std::process::Command::new("sha256sum").arg(lab.dir.path().join("rules.yaml")).output().unwrap();
    let sum = String::from_utf8(rules.stdout).unwrap();
    let sum = sum.split(' ').next().unwrap();
    let of_rules = [("file_name", "rules.yaml"), ("sha256", sum)];
    assert_eq!(page.get("falcosecurity_falco_sha256_rules_files_info", &of_rules), 1.0);
    assert_eq!(page.get("falcosecurity_evt_hostname_info", &[("hostname", "lab")]), 1.0);
    assert!(page.get("falcosecurity_plugins_bad_calls_total", &[]) > 0.0);
    assert_eq!(page.get("falcosecurity_plugins_bad_level_total", &[]), -0.5);

    assert_eq!(page.get("lanner_source_state", &[("source", "bad_source"), ("state", "running")]), 1.0);
    assert_eq!(page.get("lanner_source_state", &[("source", "syscall"), ("state", "silent")]), 1.0);
    assert_eq!(page.get("lanner_source_matches_total", &[("source", "bad_source")]), 6.0);
    assert_eq!(page.get("lanner_rules_loaded", &[("source", "bad_source")]), 2.0);
    assert!(page.get("falcosecurity_falco_memory_rss_bytes", &[]) > 1e6);
    assert!(page.0.iter().any(|sample| sample.name == "lanner_output_queue_depth"));

    let (code, _) = lab.daemon.stop();
    assert_eq!(code, Some(0));
}

#[test]
fn health_and_versions_are_falcos() {
    let lab = Lab::start("");
    let health = get(lab.port, "/healthz");
    assert_eq!((health.status, health.body.as_str()), (200, "{\"status\": \"ok\"}"));
    assert!(health.head.contains("content-type: application/json"), "{}", health.head);
    let versions: serde_json::Value = serde_json::from_str(&get(lab.port, "/versions").body).unwrap();
    let keys: Vec<&str> = versions.as_object().unwrap().keys().map(String::as_str).collect();
    for key in [
        "default_driver_version",
        "driver_api_version",
        "driver_schema_version",
        "engine_version",
        "engine_version_semver",
        "falco_version",
        "libs_version",
        "plugin_api_version",
        "plugin_versions",
    ] {
        assert!(keys.contains(&key), "{key} is not among {keys:?}");
    }
    assert_eq!(versions["plugin_versions"]["bad"], "0.1.0");
    let head = ask(lab.port, "HEAD", "/healthz");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(ask(lab.port, "POST", "/healthz").status, 405);
    let metrics = get(lab.port, "/metrics");
    assert!(metrics.status == 404 && metrics.body.contains("needs metrics.enabled"), "{metrics:?}");
    assert!(lab.daemon.errors().contains("webserver.prometheus_metrics_enabled has no effect without metrics.enabled"));
    assert_eq!(get(lab.port, "/nothing").status, 404);
}

#[test]
fn a_source_that_hangs_is_not_healthy() {
    let mut lab = Lab::start("  stuck_after: 1\n  k8s_healthz_endpoint: /alive\n");
    let port = lab.port;
    lab.daemon.wait_until("health", || get(port, "/alive").status == 200);
    std::fs::write(lab.hang(), "").unwrap();
    let mut answer = serde_json::Value::Null;
    // On a machine with too much to do another thread may not have had a turn for a second either; that passes.
    lab.daemon.wait_until("one stuck source", || {
        let now = get(port, "/alive");
        answer = serde_json::from_str(&now.body).unwrap_or_default();
        now.status == 503 && answer["sources"].as_array().is_some_and(|sources| sources.len() == 1)
    });
    assert_eq!(answer["status"], "stuck");
    let source = &answer["sources"][0];
    assert_eq!((&source["source"], &source["state"]), (&"bad_source".into(), &"running".into()));
    assert!(source["reason"].as_str().unwrap().contains("webserver.stuck_after"), "{answer}");
    std::fs::remove_file(lab.hang()).unwrap();
    lab.daemon.wait_until("going on", || get(port, "/alive").status == 200);
}

#[test]
fn a_reload_is_seen_and_counting_goes_on() {
    let mut lab = Lab::start(METRICS_ON);
    let rule = [("rule_name", "Each event")];
    let count = |page: &Page| page.find("falcosecurity_falco_rules_matches_total", &rule).map(|sample| sample.value);
    let before = lab.metrics_when("six matches", |page| count(page) == Some(6.0));
    let started = before.get("falcosecurity_falco_start_timestamp_nanoseconds", &[]);
    assert!(before.find("falcosecurity_falco_rules_matches_total", &[("tag_new", "true")]).is_none());
    let rules = RULES.replace("[host, T1555]", "[new]").replace("Never", "Not ever");
    std::fs::write(lab.dir.path().join("rules.yaml"), rules).unwrap();
    let sent = std::process::Command::new("kill").args(["-HUP", &lab.daemon.id().to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()));
    let after = lab.metrics_when("the new tag", |page| {
        page.find("falcosecurity_falco_rules_matches_total", &[("tag_new", "true")]).is_some()
    });
    assert_eq!((count(&after), after.get("lanner_rules_loaded", &[("source", "bad_source")])), (Some(6.0), 2.0));
    assert!(after.find("falcosecurity_falco_rules_matches_total", &[("tag_host", "true")]).is_none());
    assert_eq!(after.get("falcosecurity_falco_start_timestamp_nanoseconds", &[]), started);
    assert!(after.get("falcosecurity_falco_reload_timestamp_nanoseconds", &[]) > started);
    let sum =
        |page: &Page| page.find("falcosecurity_falco_sha256_rules_files_info", &[]).unwrap().labels["sha256"].clone();
    assert_ne!(sum(&before), sum(&after));
}

#[test]
fn answers_can_be_encrypted() {
    let dir = tempfile::tempdir().unwrap();
    let own = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let stranger = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let pem = dir.path().join("both.pem");
    std::fs::write(&pem, own.cert.pem() + &own.signing_key.serialize_pem()).unwrap();
    let lab = Lab::start(&format!("  ssl_enabled: true\n  ssl_certificate: {}\n", pem.display()));
    assert!(lab.daemon.errors().contains(" (SSL)"), "{}", lab.daemon.errors());
    let answer = get_tls(lab.port, "/healthz", own.cert.der()).unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, "{\"status\": \"ok\"}"));
    assert!(get_tls(lab.port, "/healthz", stranger.cert.der()).is_err());
}

/// Runs with these lines of configuration, which must be refused.
fn refused(dir: &Path, more: &str) -> String {
    let config = dir.join("falco.yaml");
    let base = "engine: {kind: nodriver}\nstdout_output: {enabled: true}\nlog_syslog: false\n";
    std::fs::write(&config, format!("{base}rules_files: [{}/rules.yaml]\n{more}", dir.display())).unwrap();
    std::fs::write(dir.join("rules.yaml"), "- list: l\n  items: [a]\n").unwrap();
    let ran = run(&mut lanner(BINARY, &["-c", config.to_str().unwrap()]));
    assert_eq!(ran.code, Some(1), "{more}: {ran:?}");
    ran.stderr
}

#[test]
fn values_that_cannot_be_are_refused_with_the_key() {
    let dir = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let cases = [
        (
            "webserver: {listen_address: nowhere}".to_owned(),
            "webserver listen address \"nowhere\" is not a valid IP address",
        ),
        (
            "webserver: {listen_port: 65536}".to_owned(),
            "webserver.listen_port is 65536, it must be between 0 and 65535",
        ),
        ("webserver: {threadiness: -1}".to_owned(), "webserver.threadiness is -1, it must be between 0 and 1024"),
        ("webserver: {k8s_healthz_endpoint: alive}".to_owned(), "must be a path that begins with /"),
        ("webserver: {k8s_healthz_endpoint: /reload}".to_owned(), "is none of /metrics"),
        (
            "webserver: {enabled: true, listen_port: 0, reload_token_file: /absent}".to_owned(),
            "webserver.reload_token_file /absent: ",
        ),
        (
            format!("webserver: {{enabled: true, listen_address: 127.0.0.1, listen_port: {port}}}"),
            "choose another webserver.listen_port",
        ),
        (
            "webserver: {enabled: true, listen_port: 0, ssl_enabled: true, ssl_certificate: /absent.pem}".to_owned(),
            "webserver.ssl_certificate /absent.pem: ",
        ),
        ("metrics: {enabled: true, interval: '5000', output_rule: true}".to_owned(), "without Prometheus time unit"),
        ("metrics: {enabled: true, interval: 10ms, output_rule: true}".to_owned(), "minimum value of 100ms"),
        ("metrics: {enabled: true, interval: 1h}".to_owned(), "Metrics are enabled with no output configured"),
        (
            "metrics: {enabled: true, interval: 1h, output_file: /absent/m.jsonl}".to_owned(),
            "metrics.output_file: cannot open /absent/m.jsonl",
        ),
    ];
    for (more, expected) in cases {
        let said = refused(dir.path(), &more);
        assert!(said.contains(expected), "{more}: {said}");
    }
}

#[test]
fn the_names_of_all_metrics() {
    let list: String =
        METRICS.iter().map(|metric| format!("{} {} {}\n", metric.name, kind(metric.kind), metric.help)).collect();
    golden("metrics.txt", &list);
}

fn kind(kind: Kind) -> &'static str {
    kind.name()
}
