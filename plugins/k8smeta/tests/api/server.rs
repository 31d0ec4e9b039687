//! A server that answers as the API server of Kubernetes does: lists by page, watches with bookmarks, 410, metadata of single
//! objects, refusals. Over HTTPS, with a token.

#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]

use std::collections::{BTreeMap, HashSet};
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

const TOKEN: &str = "a-token-of-the-test";
/// Objects of a page, so that few make several.
const PAGE: usize = 2;

#[derive(Default)]
pub struct State {
    /// By plural name.
    objects: BTreeMap<String, Vec<Value>>,
    /// Version, plural name, type of change, object.
    changes: Vec<(u64, String, &'static str, Value)>,
    version: u64,
    /// Watches from before this version get 410.
    oldest: u64,
    /// Watches of an earlier generation are cut off.
    generation: u64,
    /// Plural names that are forbidden.
    forbidden: HashSet<String>,
    /// Instead of watches: such answers, once each.
    odd: Vec<String>,
    /// Paths with queries.
    requests: Vec<String>,
}

/// The server. Its threads end with the test's process.
#[derive(Clone)]
pub struct Server {
    state: Arc<Mutex<State>>,
    port: u16,
    authority: Arc<String>,
}

impl Server {
    /// Starts it on a port of its own.
    pub fn start() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config =
            Arc::new(config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::<Mutex<State>>::default();
        state.lock().unwrap().version = 100;
        let server = Self { state, port, authority: Arc::new(authority.pem()) };
        let serving = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (server, config) = (serving.clone(), Arc::clone(&config));
                std::thread::spawn(move || {
                    let connection = ServerConnection::new(config).unwrap();
                    // A client that goes away is none of the server's business.
                    let _ = server.serve(StreamOwned::new(connection, stream));
                });
            }
        });
        server
    }

    /// A file that leads to it.
    pub fn kubeconfig(&self, dir: &Path) -> PathBuf {
        let authority = dir.join("authority.pem");
        std::fs::write(&authority, self.authority.as_bytes()).unwrap();
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: lab\ncontexts:\n- {{name: lab, context: {{cluster: lab, user: agent}}}}\n\
             clusters:\n- {{name: lab, cluster: {{server: 'https://127.0.0.1:{}', certificate-authority: {}}}}}\n\
             users:\n- {{name: agent, user: {{token: {TOKEN}}}}}\n",
            self.port,
            authority.display()
        );
        let path = dir.join("kubeconfig");
        std::fs::write(&path, text).unwrap();
        path
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Adds an object or changes it; found by its uid.
    pub fn put(&self, plural: &str, mut object: Value) {
        let mut state = self.state();
        state.version += 1;
        object["metadata"]["resourceVersion"] = state.version.to_string().into();
        let version = state.version;
        let of_kind = state.objects.entry(plural.to_owned()).or_default();
        let uid = object["metadata"]["uid"].clone();
        let change = match of_kind.iter_mut().find(|other| other["metadata"]["uid"] == uid) {
            Some(other) => {
                *other = object.clone();
                "MODIFIED"
            }
            None => {
                of_kind.push(object.clone());
                "ADDED"
            }
        };
        state.changes.push((version, plural.to_owned(), change, object));
    }

    /// Removes an object.
    pub fn remove(&self, plural: &str, uid: &str) {
        let mut state = self.state();
        state.version += 1;
        let version = state.version;
        let of_kind = state.objects.entry(plural.to_owned()).or_default();
        let at = of_kind.iter().position(|other| other["metadata"]["uid"] == uid).unwrap();
        let mut object = of_kind.remove(at);
        object["metadata"]["resourceVersion"] = version.to_string().into();
        state.changes.push((version, plural.to_owned(), "DELETED", object));
    }

    /// Cuts off all watches.
    pub fn cut(&self) {
        self.state().generation += 1;
    }

    /// Cuts off all watches and forgets what has changed so far.
    pub fn forget(&self) {
        let mut state = self.state();
        state.version += 1;
        state.oldest = state.version;
        state.changes.clear();
        state.generation += 1;
    }

    /// Answers the next watch with this line.
    pub fn say(&self, line: &str) {
        self.state().odd.push(line.to_owned());
    }

    /// Refuses all that is asked about these.
    pub fn forbid(&self, plural: &str) {
        self.state().forbidden.insert(plural.to_owned());
    }

    /// Paths and queries of what was asked.
    pub fn requests(&self) -> Vec<String> {
        self.state().requests.clone()
    }

    fn serve(&self, stream: StreamOwned<ServerConnection, TcpStream>) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        loop {
            let mut request = String::new();
            if stream.read_line(&mut request)? == 0 {
                return Ok(());
            }
            let (mut authorized, mut partial) = (false, false);
            loop {
                let mut header = String::new();
                stream.read_line(&mut header)?;
                let header = header.trim().to_ascii_lowercase();
                if header.is_empty() {
                    break;
                }
                authorized |= header == format!("authorization: bearer {TOKEN}");
                partial |= header.starts_with("accept:") && header.contains("partialobjectmetadata");
            }
            let target = request.split(' ').nth(1).unwrap_or_default().to_owned();
            self.state().requests.push(target.clone());
            let (path, query) = target.split_once('?').unwrap_or((&target, ""));
            let query: BTreeMap<&str, String> = query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .map(|(key, value)| (key, value.replace("%3D", "=").replace("%2C", ",")))
                .collect();
            let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
            // Behind api/v1 or apis/GROUP/v1.
            let rest = parts.get(if parts.first() == Some(&"api") { 2 } else { 3 }..).unwrap_or_default();
            let (plural, name) = match rest {
                [plural] => (*plural, None),
                [plural, name] => (*plural, Some(*name)),
                ["namespaces", _, plural, name] => (*plural, Some(*name)),
                _ => ("", None),
            };
            let answer = if !authorized {
                Err((401, "Unauthorized"))
            } else if self.state().forbidden.contains(plural) {
                Err((403, "Forbidden"))
            } else if query.get("watch").is_some_and(|watch| watch == "true") {
                return self.watch(stream.get_mut(), plural, &query);
            } else {
                match name {
                    None => Ok(self.list(plural, &query)),
                    Some(name) => self.get(plural, name, partial),
                }
            };
            let (status, body) = match answer {
                Ok(body) => (200, body),
                Err((code, reason)) => (code, status(code, reason)),
            };
            let body = body.to_string();
            let head = format!(
                "HTTP/1.1 {status} S\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            stream.get_mut().write_all((head + &body).as_bytes())?;
            stream.get_mut().flush()?;
        }
    }

    fn list(&self, plural: &str, query: &BTreeMap<&str, String>) -> Value {
        let state = self.state();
        let all: Vec<Value> =
            state.objects.get(plural).into_iter().flatten().filter(|object| selected(object, query)).cloned().collect();
        let from: usize = query.get("continue").map_or(0, |token| token.parse().unwrap());
        let page: Vec<&Value> = all.iter().skip(from).take(PAGE).collect();
        let more = (from + PAGE < all.len()).then(|| (from + PAGE).to_string());
        json!({"kind": "List", "apiVersion": "v1", "items": page,
            "metadata": {"resourceVersion": state.version.to_string(), "continue": more}})
    }

    fn get(&self, plural: &str, name: &str, partial: bool) -> Result<Value, (u16, &'static str)> {
        assert!(partial, "metadata is enough");
        let state = self.state();
        let mut all = state.objects.get(plural).into_iter().flatten();
        let object = all.find(|object| object["metadata"]["name"] == name).ok_or((404, "NotFound"))?;
        Ok(json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]}))
    }

    fn watch(
        &self,
        stream: &mut (impl Read + Write),
        plural: &str,
        query: &BTreeMap<&str, String>,
    ) -> std::io::Result<()> {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes())?;
        stream.flush()?;
        let mut say = |line: &str| {
            stream.write_all(format!("{:x}\r\n{line}\n\r\n", line.len() + 1).as_bytes())?;
            stream.flush()
        };
        let mut version: u64 = query["resourceVersion"].parse().unwrap_or(0);
        let generation = self.state().generation;
        if version < self.state().oldest {
            say(&json!({"type": "ERROR", "object": status(410, "Expired")}).to_string())?;
            return say_end(stream);
        }
        loop {
            let (lines, now, cut) = {
                let mut state = self.state();
                let changes = state
                    .changes
                    .iter()
                    .filter(|(at, of, _, object)| *at > version && of == plural && selected(object, query));
                let mut lines: Vec<String> = changes
                    .map(|(_, _, change, object)| json!({"type": change, "object": object}).to_string())
                    .collect();
                lines.append(&mut state.odd);
                (lines, state.version, state.generation != generation)
            };
            if cut {
                return say_end(stream);
            }
            for line in &lines {
                say(line)?;
            }
            if now > version {
                let bookmark = json!({"type": "BOOKMARK", "object": {"kind": "Pod", "apiVersion": "v1",
                    "metadata": {"resourceVersion": now.to_string()}}});
                say(&bookmark.to_string())?;
                version = now;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn say_end(stream: &mut impl Write) -> std::io::Result<()> {
    stream.write_all(b"0\r\n\r\n")?;
    stream.flush()
}

fn selected(object: &Value, query: &BTreeMap<&str, String>) -> bool {
    let node = query.get("fieldSelector").and_then(|selector| selector.strip_prefix("spec.nodeName="));
    node.is_none_or(|node| object["spec"]["nodeName"] == node)
}

fn status(code: u16, reason: &str) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": reason, "code": code,
        "message": format!("{reason}, says the server of the test")})
}

/// An object.
pub fn object(name: &str, uid: &str, namespace: &str, labels: Value) -> Value {
    let mut object = json!({"metadata": {"name": name, "uid": uid, "labels": labels, "creationTimestamp": "2026-11-21T10:00:00Z",
        "managedFields": [{"manager": "kubelet", "operation": "Update", "fieldsV1": {"f:metadata": {}}}]}});
    if !namespace.is_empty() {
        object["metadata"]["namespace"] = namespace.into();
    }
    object
}

/// The same, made by another one.
pub fn made_by(mut object: Value, api_version: &str, kind: &str, name: &str, uid: &str) -> Value {
    object["metadata"]["ownerReferences"] = json!([
        {"apiVersion": "v1", "kind": "ConfigMap", "name": "not-this", "uid": "x"},
        {"apiVersion": api_version, "kind": kind, "name": name, "uid": uid, "controller": true, "blockOwnerDeletion": true}]);
    object
}

/// A pod of the node.
pub fn on(mut object: Value, node: &str, ip: Option<&str>) -> Value {
    object["spec"] = json!({"nodeName": node, "containers": [{"name": "c", "image": "i"}]});
    object["status"] = json!({"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}]});
    object
}
