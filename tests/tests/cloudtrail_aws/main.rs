//! CloudTrail out of buckets, queues and the event history: `libcloudtrail.so` against a stand-in for AWS.

mod bucket;
mod history;
mod queue;
mod rights;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use lanner_tests::aws::{Moto, ids, write_log};
use lanner_tests::cloud::{alerts, configure};
use lanner_tests::plugins::sibling_plugin;
use lanner_tests::program::{here, lanner, run};
use lanner_tests::watch::Watched;
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");

/// A folder, a server, and what a run needs.
struct Lab {
    dir: tempfile::TempDir,
    moto: Moto,
    library: PathBuf,
}

impl Lab {
    fn new() -> Self {
        Self::with(Moto::start())
    }

    fn with(moto: Moto) -> Self {
        let library = sibling_plugin("cloudtrail");
        Self { dir: tempfile::tempdir().unwrap(), moto, library }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn command(&self, params: &str, init: &Value) -> Command {
        let config = configure(self.dir.path(), "cloudtrail", &self.library, &init.to_string(), params);
        let rules = here().join("../rules/aws_cloudtrail/aws_cloudtrail_rules.yaml").display().to_string();
        let args = ["-c", &config, "-r", &rules, "--enable-source", "aws_cloudtrail"];
        let mut lanner = lanner(BINARY, &args);
        lanner.envs(self.moto.variables());
        lanner
    }

    fn start(&self, params: &str, init: &Value) -> Watched {
        Watched::start(&mut self.command(params, init), &self.path("log"))
    }

    /// Runs a finite source to its end; the ids of its alerts.
    fn read(&self, params: &str, init: &Value) -> Vec<String> {
        ids(&alerts(&run(&mut self.command(params, init)).good()))
    }

    /// A log file with these records as an argument of `put_object`.
    fn log(&self, name: &str, numbers: std::ops::Range<usize>) -> String {
        let path = self.path(name);
        write_log(&path, numbers);
        path.display().to_string()
    }

    fn told(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Whether the queue comes to hold so many messages: visible, hidden.
    fn comes_to(&self, url: &str, visible: &str, hidden: &str) {
        let mut left = self.messages(url);
        for _ in 0..150 {
            if (left.0.as_str(), left.1.as_str()) == (visible, hidden) {
                return;
            }
            std::thread::sleep(Duration::from_millis(200));
            left = self.messages(url);
        }
        panic!("{left:?}\n{}", self.told());
    }

    /// Messages in the queue: visible, hidden.
    fn messages(&self, url: &str) -> (String, String) {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        let call = json!([["sqs", "get_queue_attributes", {"QueueUrl": url, "AttributeNames": names}]]);
        let answer = &self.moto.calls(&call)[0]["Attributes"];
        let [visible, hidden] = names.map(|name| answer[name].as_str().unwrap().to_owned());
        (visible, hidden)
    }
}

fn put(bucket: &str, key: &str, body: &str) -> Value {
    json!(["s3", "put_object", {"Bucket": bucket, "Key": key, "Body": body}])
}

fn bucket(name: &str) -> Value {
    json!(["s3", "create_bucket", {"Bucket": name, "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}])
}
