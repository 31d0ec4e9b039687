//! `http_output` against real servers: with and without TLS, slow, refusing, absent, killed.

use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use flate2::read::GzDecoder;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use lanner_tests::authority::{Authority, Use};
use lanner_tests::daemon::free_port;

use crate::{Follower, id};

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) head: String,
    body: Vec<u8>,
}

impl Post {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    fn text(&self) -> String {
        match self.header("content-encoding") {
            None => String::from_utf8(self.body.clone()).unwrap(),
            Some("gzip") => {
                let mut text = String::new();
                GzDecoder::new(&self.body[..]).read_to_string(&mut text).unwrap();
                text
            }
            other => panic!("{other:?}"),
        }
    }
}

/// What a server answers: a function of how many requests there have been.
pub(crate) type Answer = fn(usize) -> &'static str;

pub(crate) const OK: Answer = |_| "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

/// A server that writes down what it gets; gone when dropped.
pub(crate) struct Server {
    pub(crate) port: u16,
    posts: Arc<Mutex<Vec<Post>>>,
    connections: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(port: u16, tls: Option<ServerConfig>, answer: Answer) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let (posts, connections, stop) = (Arc::default(), Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let tls = tls.map(Arc::new);
        let thread = std::thread::spawn({
            let (posts, connections, stop) = (Arc::clone(&posts), Arc::clone(&connections), Arc::clone(&stop));
            move || {
                for stream in listener.incoming() {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    connections.fetch_add(1, Ordering::Relaxed);
                    let (stream, posts, stop, tls) =
                        (stream.unwrap(), Arc::clone(&posts), Arc::clone(&stop), tls.clone());
                    std::thread::spawn(move || {
                        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
                        match tls {
                            None => serve(stream, &posts, &stop, answer),
                            Some(tls) => {
                                let connection = ServerConnection::new(tls).unwrap();
                                serve(StreamOwned::new(connection, stream), &posts, &stop, answer);
                            }
                        }
                    });
                }
            }
        });
        Self { port, posts, connections, stop, thread: Some(thread) }
    }

    pub(crate) fn plain(answer: Answer) -> Self {
        Self::start(free_port(), None, answer)
    }

    pub(crate) fn posts(&self) -> Vec<Post> {
        self.posts.lock().unwrap().clone()
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        self.posts().iter().map(|post| id(&post.text())).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Answers requests until the connection or the server ends.
fn serve(mut stream: impl std::io::Read + std::io::Write, posts: &Mutex<Vec<Post>>, stop: &AtomicBool, answer: Answer) {
    let mut buffer = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        if let Some((post, rest)) = parse(&buffer) {
            buffer = rest;
            let text = {
                let mut posts = posts.lock().unwrap();
                posts.push(post);
                answer(posts.len())
            };
            if stream.write_all(text.as_bytes()).and_then(|()| stream.flush()).is_err() {
                return;
            }
            continue;
        }
        let mut part = [0; 4096];
        match stream.read(&mut part) {
            Ok(0) => return,
            Ok(length) => buffer.extend_from_slice(&part[..length]),
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {}
            // Handshakes with strangers end like this.
            Err(_) => return,
        }
    }
}

fn parse(bytes: &[u8]) -> Option<(Post, Vec<u8>)> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let post = Post { head, body: Vec::new() };
    let length: usize = post.header("content-length").unwrap().parse().unwrap();
    let body = bytes.get(end + 4..end + 4 + length)?.to_vec();
    Some((Post { body, ..post }, bytes[end + 4 + length..].to_vec()))
}

#[test]
fn alerts_are_posted_over_one_connection_and_come_compressed_if_wanted() {
    let server = Server::plain(OK);
    let port = server.port;
    let mut follower = Follower::start(|_| {
        format!(
            "http_output: {{enabled: true, url: '\"http://127.0.0.1:{port}/alerts?x=1\"', user_agent: tester, compress_uploads: true, \
             echo: true}}"
        )
    });
    follower.raise(50);
    let expected = follower.expected();
    follower.wait_until("posts", || server.posts().len() == 50);
    assert_eq!(server.ids(), expected);
    let first = &server.posts()[0];
    assert!(first.head.starts_with("POST /alerts?x=1 HTTP/1.1\r\n"), "{}", first.head);
    assert_eq!(first.header("content-type"), Some("application/json"));
    assert_eq!(first.header("user-agent"), Some("tester"));
    assert_eq!(first.header("content-encoding"), Some("gzip"));
    assert!(first.body.len() < first.text().len(), "compression makes it smaller");
    assert_eq!(server.connections.load(Ordering::Relaxed), 1);
    let out = follower.path("out");
    follower.wait_until("echo", || std::fs::read_to_string(&out).unwrap().contains("hi"));
    let errors = follower.stop();
    assert!(!errors.contains("Alerts that outputs did not deliver"), "{errors}");
}

/// A server for localhost that wants certificates of this authority from its clients.
fn strict(authority: &Authority<'_>, dir: &Path) -> ServerConfig {
    let (certificate, key) = authority.issue("localhost", dir, Use::Server);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let chain = CertificateDer::pem_file_iter(certificate).unwrap().collect::<Result<_, _>>().unwrap();
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(clients)
        .with_single_cert(chain, PrivateKeyDer::from_pem_file(key).unwrap())
        .unwrap()
}

#[test]
fn https_knows_the_server_and_shows_who_we_are() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let ca = authority.save(&dir.path().join("ca.pem"));
    let (certificate, key) = authority.issue("agent", dir.path(), Use::Client);
    let server = Server::start(free_port(), Some(strict(&authority, dir.path())), OK);
    let folder = dir.path().join("folder");
    std::fs::create_dir(&folder).unwrap();
    authority.save(&folder.join("one.pem"));
    let identity = format!("mtls: true, client_cert: {}, client_key: {}", certificate.display(), key.display());
    let mut seen = 0;
    for trust in [
        format!("ca_cert: {}", ca.display()),
        format!("ca_bundle: {}", ca.display()),
        format!("ca_path: {}", folder.display()),
        "insecure: true".to_owned(),
    ] {
        let port = server.port;
        let mut follower = Follower::start(|_| {
            format!("http_output: {{enabled: true, url: 'https://localhost:{port}/', {trust}, {identity}}}")
        });
        follower.raise(5);
        seen += 5;
        follower.wait_until(&trust, || server.posts().len() == seen);
        follower.stop();
    }
    // Without a certificate, and with an authority that is not the server's, nothing gets through, and the log says why.
    let stranger = Authority::new().save(&dir.path().join("stranger.pem"));
    for (settings, why) in [
        (format!("ca_cert: {}", ca.display()), "http: https://localhost:"),
        (format!("ca_cert: {}, {identity}", stranger.display()), "invalid peer certificate"),
    ] {
        let port = server.port;
        let mut follower = Follower::start(|_| {
            format!("http_output: {{enabled: true, url: 'https://localhost:{port}/', {settings}}}\noutput_timeout: 500")
        });
        follower.raise(3);
        follower.wait_for_stdout();
        let err = follower.path("err");
        follower.wait_until(why, || std::fs::read_to_string(&err).unwrap().contains(why));
        let errors = follower.stop();
        assert!(errors.contains("   - http: 0 sent, 3 lost (shutdown: 3)"), "{errors}");
    }
    assert_eq!(server.posts().len(), seen);
}

#[test]
fn files_that_do_not_fit_are_named_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let (certificate, _) = authority.issue("a", dir.path(), Use::Client);
    let (_, other_key) = authority.issue("b", dir.path(), Use::Client);
    let ca = authority.save(&dir.path().join("ca.pem"));
    let identity = format!("http_output.client_cert={}", certificate.display());
    for (settings, expected) in [
        (vec!["http_output.url=localhost".to_owned()], "http_output.url: 'localhost' begins neither with http"),
        (vec!["http_output.ca_cert=/absent.pem".to_owned()], "http_output.ca_cert: /absent.pem: "),
        (vec![format!("http_output.ca_cert={}", other_key.display())], "no certificate in it"),
        (
            vec![
                format!("http_output.ca_cert={}", ca.display()),
                "http_output.mtls=true".to_owned(),
                identity,
                format!("http_output.client_key={}", other_key.display()),
            ],
            "http_output.client_key: ",
        ),
    ] {
        let config = dir.path().join("falco.yaml");
        std::fs::write(&config, "rules_files: []\nengine: {kind: nodriver}\nlog_syslog: false\n").unwrap();
        let rules = dir.path().join("rules.yaml");
        std::fs::write(&rules, "[]").unwrap();
        let config = config.display().to_string();
        let rules = rules.display().to_string();
        let mut args = vec![
            "-c",
            &config,
            "-r",
            &rules,
            "-o",
            "http_output.enabled=true",
            "-o",
            "http_output.url=https://localhost/",
        ];
        args.extend(settings.iter().flat_map(|setting| ["-o", setting]));
        let ran = lanner_tests::program::run(&mut lanner_tests::program::lanner(crate::BINARY, &args));
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        assert!(ran.stderr.contains(expected), "{expected}: {}", ran.stderr);
    }
}

#[test]
fn a_server_that_is_busy_gets_it_later_and_one_that_refuses_is_not_asked_again() {
    let server = Server::plain(|request| match request {
        1 => "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n",
        2 => "HTTP/1.1 429 Slow down\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n",
        4 => "HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n",
        5..=7 => "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",
        _ => OK(0),
    });
    let port = server.port;
    let mut follower = Follower::start(|_| {
        format!("http_output: {{enabled: true, url: 'http://127.0.0.1:{port}', max_consecutive_timeouts: 2}}")
    });
    follower.raise(5);
    follower.wait_until("posts", || server.posts().len() == 9);
    // Thrice until it is taken, once refused, thrice in vain, and the others at once.
    assert_eq!(server.ids(), ["e0", "e0", "e0", "e1", "e2", "e2", "e2", "e3", "e4"]);
    let errors = follower.stop();
    assert!(errors.contains("   - http: 3 sent, 2 lost (refused: 2)"), "{errors}");
}

fn spooled(port: u16, dir: &Path) -> String {
    format!(
        "http_output: {{enabled: true, url: 'http://127.0.0.1:{port}', max_consecutive_timeouts: 1}}\n\
         outputs_spool: {{enabled: true, folder: {}}}",
        dir.join("spool").display()
    )
}

#[test]
fn a_dead_server_costs_nothing_and_gets_everything_when_it_lives() {
    let port = free_port();
    let mut follower = Follower::start(|dir| spooled(port, dir));
    follower.raise(3000);
    follower.wait_for_stdout();
    let said = follower.path("err");
    let down = "attempts failed, alerts wait on disk while it is tried again";
    follower.wait_until(down, || std::fs::read_to_string(&said).is_ok_and(|said| said.contains(down)));
    let errors = follower.stop();
    assert!(errors.contains("   - http: 0 sent, 3000 wait in the spool"), "{errors}");
    follower.run();
    follower.raise(10);
    let server = Server::start(port, None, OK);
    let expected = follower.expected();
    follower.wait_until("everything", || server.posts().len() >= 3010);
    assert_eq!(server.ids(), expected, "in order, each once");
    follower.stop();
    let left: Vec<_> =
        std::fs::read_dir(follower.path("spool/http")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "nothing is left but the lock and the note: {left:?}");
}

#[test]
fn kills_at_any_moment_lose_nothing_that_was_acknowledged() {
    let port = free_port();
    let mut follower = Follower::start(|dir| spooled(port, dir));
    let mut random = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64 | 1;
    println!("seed {random}");
    let mut posts = Vec::new();
    for round in 0..6 {
        // Every other round there is a server.
        let server = (round % 2 == 1).then(|| Server::start(port, None, OK));
        follower.raise(100);
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        std::thread::sleep(Duration::from_millis(random % 400));
        // Dropping the daemon is SIGKILL.
        drop(follower.daemon.take());
        posts.extend(server.map(|server| server.ids()).unwrap_or_default());
        follower.run();
    }
    let server = Server::start(port, None, OK);
    let expected = follower.expected();
    let missing = |posts: &[String]| expected.iter().filter(|id| !posts.contains(id)).count();
    follower.wait_until("everything", || missing(&[&posts[..], &server.ids()].concat()) == 0);
    follower.stop();
    let all = [posts, server.ids()].concat();
    println!("{} events, {} posts", expected.len(), all.len());
}
