//! A stand-in for AWS: moto's server, and what tests have it do.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::cloud;
use crate::program::here;

/// The virtual environment of Python that `tests/install-deps` makes.
fn venv() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
    cache.unwrap_or_else(home).join("lanner-tests/moto")
}

/// A running server. It ends with the value.
pub struct Moto {
    server: Child,
    /// Address of the server, to be given as endpoint.
    pub endpoint: String,
}

impl Moto {
    /// Starts a server of its own for the test.
    ///
    /// # Panics
    /// If it is not installed or does not start.
    #[must_use]
    pub fn start() -> Self {
        let program = venv().join("bin/moto_server");
        assert!(program.exists(), "{} is missing: run tests/install-deps", program.display());
        let mut server = Command::new(&program)
            .args(["-H", "127.0.0.1", "-p", "0"])
            .env("AWS_DEFAULT_REGION", "eu-west-1")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("{}: {e}", program.display()));
        let lines = BufReader::new(server.stderr.take().expect("it is piped")).lines();
        let mut lines = lines.map_while(Result::ok);
        let address = lines.find_map(|line| Some(line.split_once("Running on ")?.1.trim().to_owned()));
        let endpoint = address.unwrap_or_else(|| {
            panic!("{} ended without an address: {:?}", program.display(), server.wait());
        });
        // The pipe is emptied, or the server would wait once it is full.
        std::thread::spawn(move || lines.for_each(drop));
        Self { server, endpoint }
    }

    /// Starts another stand-in: a script of `tests/aws` that prints its address.
    ///
    /// # Panics
    /// If Python cannot be started.
    #[must_use]
    pub fn script(name: &str, args: &[&str]) -> Self {
        let mut server = Command::new("python3")
            .arg(here().join("aws").join(name))
            .args(args)
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 can be started");
        let mut lines = BufReader::new(server.stdout.take().expect("it is piped")).lines();
        let endpoint = lines.next().and_then(Result::ok).expect("it prints its address");
        Self { server, endpoint }
    }

    /// From now on only who signs with a key that the server has made may do anything, and no more than his policies say.
    ///
    /// # Panics
    /// If the server does not answer.
    pub fn ask_for_rights(&self) {
        let address = self.endpoint.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).expect("the server listens");
        let head = "POST /moto-api/reset-auth HTTP/1.1\r\nContent-Type: text/plain\r\nConnection: close\r\n";
        write!(stream, "{head}Host: {address}\r\nContent-Length: 1\r\n\r\n0").expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    /// Makes calls; each is a service, a function of boto3's client and its arguments. Returns the answers.
    ///
    /// # Panics
    /// If a call fails.
    #[must_use]
    pub fn calls(&self, calls: &Value) -> Vec<Value> {
        let mut python = Command::new(venv().join("bin/python"))
            .arg(here().join("aws/calls.py"))
            .arg(&self.endpoint)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python of the virtual environment can be started");
        python.stdin.take().expect("it is piped").write_all(calls.to_string().as_bytes()).expect("it reads");
        let output = python.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{calls}");
        let text = String::from_utf8(output.stdout).expect("JSON is UTF-8");
        text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    /// Variables for a program that is to use the server.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL", self.endpoint.clone()),
            ("AWS_REGION", "eu-west-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing else to be done about it.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The ids of the records that raised these alerts.
#[must_use]
pub fn ids(alerts: &[Value]) -> Vec<String> {
    cloud::ids(alerts, "ct.id")
}

/// A record as CloudTrail writes it: the `number`-th event of a trail.
#[must_use]
pub fn record(name: &str, number: usize) -> Value {
    serde_json::json!({
        "eventVersion": "1.10",
        "userIdentity": {
            "type": "IAMUser", "principalId": "AIDAEXAMPLE", "arn": "arn:aws:iam::111122223333:user/carol",
            "accountId": "111122223333", "userName": "carol"
        },
        "eventTime": format!("2026-03-01T10:{:02}:{:02}Z", number / 60 % 60, number % 60),
        "eventSource": "cloudtrail.amazonaws.com", "eventName": name, "awsRegion": "eu-west-1",
        "sourceIPAddress": "203.0.113.24", "userAgent": "aws-cli/2.15.0",
        "requestParameters": {"name": "audit"}, "responseElements": null,
        "requestID": format!("request-{number}"), "eventID": format!("event-{number}"),
        "readOnly": false, "eventType": "AwsApiCall", "managementEvent": true,
        "recipientAccountId": "111122223333", "eventCategory": "Management"
    })
}

/// A log file with records `numbers`, compressed.
///
/// # Panics
/// If it cannot be written.
pub fn write_log(path: &Path, numbers: std::ops::Range<usize>) {
    let records: Vec<Value> = numbers.map(|number| record("StopLogging", number)).collect();
    write_gzip(path, serde_json::json!({"Records": records}).to_string().as_bytes());
}

/// A compressed file.
///
/// # Panics
/// If it cannot be written.
pub fn write_gzip(path: &Path, bytes: &[u8]) {
    let file = std::fs::File::create(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    gzip.write_all(bytes).and_then(|()| gzip.finish().map(drop)).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
}
