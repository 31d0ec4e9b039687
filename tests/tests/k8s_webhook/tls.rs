//! https: HTTP/2, certificates of clients, tokens.

use std::path::{Path, PathBuf};

use lanner_k8saudit::setup::{Client, ClientError};
use lanner_tests::authority::{Authority, Use};

use crate::{Webhook, list};

#[test]
fn only_who_has_certificate_and_token_gets_in() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let (authority, stranger) = (Authority::new(), Authority::new());
    let ca = authority.save(&at("ca.pem"));
    let (certificate, key) = authority.issue("localhost", dir.path(), Use::Server);
    let both = std::fs::read_to_string(certificate).unwrap() + &std::fs::read_to_string(key).unwrap();
    std::fs::write(at("server.pem"), both).unwrap();
    std::fs::write(at("token"), "secret\n").unwrap();
    let identity = authority.issue("apiserver", dir.path(), Use::Client);
    let forged = stranger.issue("mallory", dir.path(), Use::Client);
    let init = format!(
        "{{sslCertificate: {}, webhookClientCA: {}, webhookTokenFile: {}}}",
        at("server.pem").display(),
        ca.display(),
        at("token").display()
    );
    let stranger_ca = stranger.save(&at("stranger.pem"));
    let webhook = Webhook::start(dir, "https", &init, None);
    let client = |ca: &Path, identity: Option<&(PathBuf, PathBuf)>, token: Option<&str>| Client {
        address: webhook.address.clone(),
        ca: Some(ca.to_owned()),
        identity: identity.cloned(),
        token: token.map(str::to_owned),
    };

    let good = client(&ca, Some(&identity), Some("secret")).post(list(&["in"])).unwrap();
    assert_eq!((good.status, good.http2), (200, true), "{good:?}");

    for token in [None, Some("secre"), Some("secret "), Some("")] {
        let answer = client(&ca, Some(&identity), token).post(list(&["out"])).unwrap();
        let expected = if token == Some("secret ") { 200 } else { 401 };
        assert_eq!(answer.status, expected, "{token:?}: {answer:?}");
    }
    // Whether the refusal of a certificate is seen in the handshake or right after it is a matter of timing in TLS 1.3.
    for identity in [None, Some(&forged)] {
        let refused = client(&ca, identity, Some("secret")).post(list(&["out"]));
        assert!(matches!(refused, Err(ClientError::Handshake { .. } | ClientError::Http { .. })), "{refused:?}");
    }
    // A client that trusts somebody else does not talk to this server.
    let other = client(&stranger_ca, Some(&identity), Some("secret")).post(list(&["out"]));
    assert!(matches!(other, Err(ClientError::Handshake { .. })), "{other:?}");
    let plain = Client {
        address: lanner_k8saudit::address::Address { tls: false, ..webhook.address.clone() },
        ..client(&ca, None, None)
    };
    assert!(matches!(plain.post(list(&["out"])), Err(ClientError::Http { .. })));

    let seen = webhook.stop();
    assert_eq!(seen, ["in", "out"], "the second is the one whose token had a blank behind it");
}

/// Certificates of server and clients and the token are renewed while the program runs; a file that cannot be used changes nothing.
#[test]
fn renewed_certificates_and_tokens_hold_from_then_on() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let (old, new) = (Authority::new(), Authority::new());
    let [old_ca, new_ca] = [(&old, "old.pem"), (&new, "new.pem")].map(|(of, name)| of.save(&at(name)));
    let serve = |authority: &Authority<'_>| {
        let (certificate, key) = authority.issue("localhost", dir.path(), Use::Server);
        std::fs::read_to_string(certificate).unwrap() + &std::fs::read_to_string(key).unwrap()
    };
    let (before, after) = (serve(&old), serve(&new));
    let [old_client, new_client] =
        [(&old, "before"), (&new, "after")].map(|(of, name)| of.issue(name, dir.path(), Use::Client));
    let (server, clients, token) = (at("server.pem"), at("clients.pem"), at("token"));
    std::fs::write(&server, &before).unwrap();
    std::fs::copy(&old_ca, &clients).unwrap();
    std::fs::write(&token, "first").unwrap();
    let init = format!(
        "{{sslCertificate: {}, webhookClientCA: {}, webhookTokenFile: {}}}",
        server.display(),
        clients.display(),
        token.display()
    );
    let webhook = Webhook::start(dir, "https", &init, None);
    let post = |ca: &Path, identity: &(PathBuf, PathBuf), token: &str| {
        let client = Client {
            address: webhook.address.clone(),
            ca: Some(ca.to_owned()),
            identity: Some(identity.clone()),
            token: Some(token.to_owned()),
        };
        client.post(list(&[token])).ok().map(|answer| answer.status)
    };
    let becomes = |expected: Option<u16>, ca: &Path, identity: &(PathBuf, PathBuf), token: &str| {
        for _ in 0..100 {
            if post(ca, identity, token) == expected {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("{token}: not {expected:?}");
    };
    assert_eq!(post(&old_ca, &old_client, "first"), Some(200));
    assert_eq!(post(&old_ca, &old_client, "second"), Some(401));
    // Old and new side by side, then the new one alone.
    std::fs::write(&token, "first\nsecond\n").unwrap();
    becomes(Some(200), &old_ca, &old_client, "second");
    assert_eq!(post(&old_ca, &old_client, "first"), Some(200));
    std::fs::write(&token, "second\n").unwrap();
    becomes(Some(401), &old_ca, &old_client, "first");
    std::fs::write(&server, "half a certificate").unwrap();
    std::fs::write(&clients, std::fs::read(&new_ca).unwrap()).unwrap();
    std::fs::write(&server, &after).unwrap();
    becomes(Some(200), &new_ca, &new_client, "second");
    assert_eq!(post(&new_ca, &old_client, "second"), None, "its authority is no longer trusted");
    std::fs::write(&server, "").unwrap();
    std::fs::write(&token, "").unwrap();
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(post(&new_ca, &new_client, "second"), Some(200));
    let told = std::fs::read_to_string(webhook.dir.path().join("err")).unwrap();
    for expected in ["token changed and was read again", "what was read before holds until this is mended"] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
    assert!(!webhook.stop().is_empty());
}

#[test]
fn what_is_wrong_with_certificates_and_tokens_is_told_at_the_start() {
    let run = |scheme: &str, init: &str| {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("empty"), "").unwrap();
        let init = init.replace("DIR", &dir.path().display().to_string());
        let params = format!("{scheme}://127.0.0.1:0/x");
        let (config, rules) = crate::configure(dir.path(), &init, &params, None);
        let args =
            ["-c", &config.display().to_string(), "-r", &rules.display().to_string(), "--enable-source", "k8s_audit"];
        let ran = lanner_tests::program::run(&mut lanner_tests::program::lanner(crate::BINARY, &args));
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        ran.stderr
    };
    let text = run("https", "{sslCertificate: DIR/none}");
    assert!(text.contains("sslCertificate") && text.contains("/none") && text.contains("PEM file"), "{text}");
    let text = run("https", "{sslCertificate: DIR/empty}");
    assert!(text.contains("no certificate in it"), "{text}");
    let text = run("http", "{webhookClientCA: DIR/empty}");
    assert!(text.contains("webhookClientCA needs https"), "{text}");
    let text = run("http", "{webhookTokenFile: DIR/empty}");
    assert!(text.contains("webhookTokenFile") && text.contains("it is empty"), "{text}");
}
