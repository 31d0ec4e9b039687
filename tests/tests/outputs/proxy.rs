//! `http_output` through a proxy, as the environment names it.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use lanner_tests::authority::{Authority, Use};
use lanner_tests::daemon::free_port;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::Follower;
use crate::remote::{OK, Server};

/// A proxy that tunnels to a port whatever is asked for, and writes down what that was.
struct Proxy {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn start(to: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let book = Arc::clone(&asked);
        // Ends with the process of the test.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let book = Arc::clone(&book);
                std::thread::spawn(move || tunnel(stream, to, &book));
            }
        });
        Self { port, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn tunnel(mut client: TcpStream, to: u16, book: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match client.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    book.lock().unwrap().push(String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned());
    let mut server = TcpStream::connect(("127.0.0.1", to)).unwrap();
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    let (mut from, mut back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut back);
        let _ = back.shutdown(Shutdown::Both);
    });
    let _ = std::io::copy(&mut client, &mut server);
    let _ = server.shutdown(Shutdown::Both);
}

/// A server for `name` whose clients may be anybody.
fn open(authority: &Authority<'_>, name: &str, dir: &std::path::Path) -> ServerConfig {
    let (certificate, key) = authority.issue(name, dir, Use::Server);
    let chain = CertificateDer::pem_file_iter(certificate).unwrap().collect::<Result<_, _>>().unwrap();
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::from_pem_file(key).unwrap())
        .unwrap()
}

#[test]
fn https_goes_through_a_proxy_that_cannot_read_it() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let ca = authority.save(&dir.path().join("ca.pem"));
    // A name that nobody but the proxy can find.
    let server = Server::start(free_port(), Some(open(&authority, "siem.invalid", dir.path())), OK);
    let proxy = Proxy::start(server.port);
    let address = format!("http://127.0.0.1:{}", proxy.port);
    let mut follower = Follower::start_with(
        |_| format!("http_output: {{enabled: true, url: 'https://siem.invalid/in', ca_cert: {}}}", ca.display()),
        &[("HTTPS_PROXY", &address)],
    );
    follower.raise(5);
    let expected = follower.expected();
    follower.wait_until("posts", || server.posts().len() == 5);
    assert_eq!(server.ids(), expected);
    assert_eq!(proxy.asked(), ["CONNECT siem.invalid:443 HTTP/1.1"]);
    follower.stop();
}

#[test]
fn what_no_proxy_names_is_asked_for_directly() {
    let server = Server::plain(OK);
    let nowhere = format!("http://127.0.0.1:{}", free_port());
    let url = format!("http://127.0.0.1:{}/", server.port);
    let mut follower = Follower::start_with(
        |_| format!("http_output: {{enabled: true, url: '{url}'}}"),
        &[("HTTP_PROXY", &nowhere), ("NO_PROXY", "127.0.0.1")],
    );
    follower.raise(2);
    follower.wait_until("posts", || server.posts().len() == 2);
    follower.stop();
}
