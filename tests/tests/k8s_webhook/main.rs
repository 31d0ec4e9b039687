//! The audit webhook through the whole program: what is posted is evaluated, what cannot be taken is refused, nothing is lost.

mod kill;
mod post;
mod refuse;
mod setup;
mod tls;

use std::path::{Path, PathBuf};

use lanner_k8saudit::address::Address;
use lanner_k8saudit::setup::Client;
use lanner_tests::daemon::{Daemon, free_port};
use lanner_tests::program::lanner;

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");

/// A rule that says which events were seen.
const SEEN: &str = "- {rule: Seen, desc: d, condition: ka.verb = create, output: '%ka.auditid', priority: NOTICE, \
                    source: k8s_audit}\n";

/// A program with a webhook.
struct Webhook {
    daemon: Daemon,
    address: Address,
    dir: tempfile::TempDir,
}

/// Writes a configuration with the source open on `params`; returns its path and that of the rules.
fn configure(dir: &Path, init: &str, params: &str, rules: Option<&Path>) -> (PathBuf, PathBuf) {
    let (config, own) = (dir.join("falco.yaml"), dir.join("rules.yaml"));
    let text = format!(
        "rules_files: []\nload_plugins: [k8saudit, json]\nplugins:\n\
         - {{name: k8saudit, library_path: libk8saudit.so, init_config: {init}, open_params: '{params}'}}\n\
         - {{name: json, library_path: libjson.so, init_config: ''}}\n\
         engine: {{kind: nodriver}}\njson_output: true\nappend_output: [{{suggested_output: true}}]\n\
         stdout_output: {{enabled: true}}\nlog_stderr: true\nlog_level: info\nlog_syslog: false\n"
    );
    std::fs::write(&config, text).unwrap();
    std::fs::write(&own, SEEN).unwrap();
    (config, rules.map_or(own, Path::to_owned))
}

fn start(dir: &Path, config: &Path, rules: &Path) -> Daemon {
    let args =
        ["-c", &config.display().to_string(), "-r", &rules.display().to_string(), "--enable-source", "k8s_audit"];
    Daemon::start(&mut lanner(BINARY, &args), dir)
}

impl Webhook {
    /// Starts a webhook on a port of its own. `init`: the plugin's configuration in YAML; `scheme`: http or https.
    fn start(dir: tempfile::TempDir, scheme: &str, init: &str, rules: Option<&Path>) -> Self {
        let address = Address::parse(&format!("{scheme}://localhost:{}/k8s-audit", free_port())).unwrap();
        let params = format!("{scheme}://127.0.0.1:{}/k8s-audit", address.port);
        let (config, rules) = configure(dir.path(), init, &params, rules);
        let mut daemon = start(dir.path(), &config, &rules);
        daemon.wait_for_port(address.port);
        Self { daemon, address, dir }
    }

    fn plain(init: &str) -> Self {
        Self::start(tempfile::tempdir().unwrap(), "http", init, None)
    }

    fn client(&self) -> Client {
        Client { address: self.address.clone(), ca: None, identity: None, token: None }
    }

    /// Ids of the events that raised an alert, in order, after the program has stopped well.
    fn stop(self) -> Vec<String> {
        let (code, output) = self.daemon.stop();
        let errors = std::fs::read_to_string(self.dir.path().join("err")).unwrap();
        assert_eq!(code, Some(0), "{errors}");
        ids(&output)
    }
}

/// An event that raises an alert.
fn event(id: &str) -> String {
    format!(
        r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"{id}","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/a/pods","verb":"create","user":{{"username":"u","groups":[]}},"objectRef":{{"resource":"pods","namespace":"a","name":"p"}},"stageTimestamp":"2026-11-21T10:00:00.000001Z"}}"#
    )
}

fn list(ids: &[&str]) -> Vec<u8> {
    let items: Vec<String> = ids.iter().map(|id| event(id)).collect();
    format!(r#"{{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{{}},"items":[{}]}}"#, items.join(","))
        .into_bytes()
}

/// Ids in the alerts of an output. A killed program may leave half a line.
fn ids(output: &str) -> Vec<String> {
    let alerts = output.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    alerts.filter_map(|alert| Some(alert["output_fields"]["ka.auditid"].as_str()?.to_owned())).collect()
}
