//! What cannot be taken is refused with an answer that says so.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use flate2::write::GzEncoder;

use crate::{Webhook, list};

impl Webhook {
    /// Sends a request as it stands and returns the answer as it stands.
    fn raw(&self, head: &str, body: &[u8]) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.address.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let head = format!("{head}\r\nHost: a\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

const POST: &str = "POST /k8s-audit HTTP/1.1\r\nContent-Type: application/json";

#[track_caller]
fn says(answer: &str, status: u16, more: &str) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")) && answer.contains(more), "{answer}");
}

#[test]
fn paths_methods_and_types() {
    let webhook = Webhook::plain("''");
    says(&webhook.raw("GET /healthz HTTP/1.1", b""), 200, "ok");
    says(&webhook.raw("GET /k8s-audit HTTP/1.1", b""), 405, "allow: POST");
    says(&webhook.raw("POST / HTTP/1.1\r\nContent-Type: application/json", &list(&["a"])), 404, "");
    says(&webhook.raw("POST /k8s-audit HTTP/1.1\r\nContent-Type: text/plain", &list(&["a"])), 415, "application/json");
    says(&webhook.raw(&format!("{POST}; charset=utf-8"), &list(&["b"])), 200, "");
    assert_eq!(webhook.stop(), ["b"]);
}

#[test]
fn large_bodies_are_413_and_large_lists_are_not_a_matter_of_memory() {
    let webhook = Webhook::plain("{webhookMaxBatchSize: 60000000, webhookMaxQueueSize: 1}");
    let answer = webhook.client().post(vec![b'x'; 60_000_001]).unwrap();
    assert_eq!(answer.status, 413, "{answer:?}");
    // 50 MB of events that raise nothing, around one that does.
    let one = format!(
        "{},",
        crate::event("no")
            .replace("create", "watch")
            .replace("\"groups\":[]", &format!("\"groups\":[\"{}\"]", "g".repeat(2000)))
    );
    let many = one.repeat(50_000_000 / one.len());
    let body = format!(r#"{{"kind":"EventList","items":[{many}{}]}}"#, crate::event("found"));
    assert!(body.len() > 49_000_000);
    let answer = webhook.client().post(body.into_bytes()).unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    let status = std::fs::read_to_string(format!("/proc/{}/status", webhook.daemon.id())).unwrap();
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    // The body itself, and what any run of the program takes: a tree of it would be some times the body.
    assert!(peak.unwrap() < 200_000, "{peak:?} kB");
    assert_eq!(webhook.stop(), ["found"]);
}

#[test]
fn compressed_bodies_are_taken_within_the_same_limit() {
    let webhook = Webhook::plain("{webhookMaxBatchSize: 100000}");
    let gzip = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let head = format!("{POST}\r\nContent-Encoding: gzip");
    let good = gzip(&list(&["a"]));
    says(&webhook.raw(&head, &good), 200, "");
    says(&webhook.raw(&head, &good[..good.len() / 2]), 400, "gzip");
    says(&webhook.raw(&head, &gzip(&vec![b' '; 50_000_000])), 413, "webhookMaxBatchSize");
    says(&webhook.raw(&format!("{POST}\r\nContent-Encoding: br"), &good), 415, "gzip");
    assert_eq!(webhook.stop(), ["a"]);
}

#[test]
fn overload_is_429_with_the_time_to_come_again() {
    let webhook = Webhook::plain("{webhookMaxQueueSize: 20000}");
    // Somebody announces a body and takes his time.
    let mut slow = TcpStream::connect(("127.0.0.1", webhook.address.port)).unwrap();
    let body = list(&["slow"]);
    let padding = 19_900 - body.len();
    write!(slow, "{POST}\r\nHost: a\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{{", body.len() + padding)
        .unwrap();
    let refused = loop {
        let answer = webhook.client().post(list(&["second"])).unwrap();
        if answer.status != 200 {
            break answer;
        }
    };
    assert_eq!((refused.status, refused.retry_after.as_deref()), (429, Some("1")), "{refused:?}");
    slow.write_all(&body[1..]).unwrap();
    slow.write_all(&vec![b' '; padding]).unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    says(&answer, 200, "");
    assert_eq!(webhook.client().post(list(&["third"])).unwrap().status, 200);
    let seen = webhook.stop();
    assert_eq!(seen.iter().filter(|id| *id != "second").collect::<Vec<_>>(), ["slow", "third"]);
}

#[test]
fn who_waits_for_an_answer_at_the_stop_gets_one() {
    let webhook = Webhook::plain("''");
    let mut waiting = TcpStream::connect(("127.0.0.1", webhook.address.port)).unwrap();
    let body = list(&["late"]);
    write!(waiting, "{POST}\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len()).unwrap();
    // The head has been read when the server says so.
    let mut probe = TcpStream::connect(("127.0.0.1", webhook.address.port)).unwrap();
    write!(probe, "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    probe.read_to_string(&mut String::new()).unwrap();
    let sender = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        waiting.write_all(&body).unwrap();
        let mut answer = String::new();
        waiting.read_to_string(&mut answer).unwrap();
        answer
    });
    let seen = webhook.stop();
    let answer = sender.join().unwrap();
    match seen.len() {
        0 => says(&answer, 503, "retry-after: 5"),
        _ => says(&answer, 200, ""),
    }
}
