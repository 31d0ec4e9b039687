//! Outputs that a reload changes while alerts flow.

use std::path::Path;

use serde_json::Value;

use crate::remote::{OK, Server};
use crate::{Follower, ids};

const DONE: &str = " rules are in force, ";

impl Follower {
    /// Gives the configuration other outputs and waits until they are in force.
    fn reconfigure(&mut self, from: &str, to: &str) {
        let text = std::fs::read_to_string(&self.config).unwrap();
        assert!(text.contains(from), "{from}: {text}");
        let aside = self.path("falco.new");
        std::fs::write(&aside, text.replace(from, to)).unwrap();
        let before = self.errors().matches(DONE).count();
        std::fs::rename(aside, &self.config).unwrap();
        let err = self.path("err");
        self.wait_until(to, || std::fs::read_to_string(&err).is_ok_and(|said| said.matches(DONE).count() > before));
    }
}

fn file(dir: &Path, name: &str) -> String {
    format!("file_output: {{enabled: true, keep_alive: true, filename: {}}}", dir.join(name).display())
}

#[test]
fn alerts_go_another_way_and_none_is_lost_on_either() {
    let server = Server::plain(OK);
    let mut follower = Follower::start(|dir| file(dir, "first.jsonl"));
    let (first, second) = (follower.path("first.jsonl"), follower.path("second.jsonl"));
    let dir = follower.path("");
    follower.raise(300);
    follower.reconfigure(&file(&dir, "first.jsonl"), &file(&dir, "second.jsonl"));
    follower.raise(300);
    let http = format!("http_output: {{enabled: true, url: 'http://127.0.0.1:{}/'}}", server.port);
    follower.reconfigure(&file(&dir, "second.jsonl"), &http);
    follower.raise(300);
    follower.wait_for_stdout();
    let all = || [ids(&first), ids(&second), server.ids()].concat();
    let expected = follower.expected();
    follower.wait_until("all of them", || all().len() >= expected.len());
    assert_eq!(all(), expected, "each once, in order");
    assert!(server.ids().len() >= 300 && ids(&first).len() + ids(&second).len() >= 300);
    let errors = follower.stop();
    assert!(!errors.contains("Alerts that outputs did not deliver"), "{errors}");
    for said in ["Output 'file' follows the configuration", "Output 'http' begins", "Output 'file' has ended"] {
        assert!(errors.contains(said), "{said}: {errors}");
    }
}

#[test]
fn a_server_that_moved_gets_what_its_old_place_did_not_take() {
    let nobody = lanner_tests::daemon::free_port();
    let server = Server::plain(OK);
    let url = |port: u16| format!("url: 'http://127.0.0.1:{port}/'");
    let mut follower = Follower::start(|_| format!("http_output: {{enabled: true, {}}}", url(nobody)));
    follower.raise(50);
    follower.wait_for_stdout();
    follower.reconfigure(&url(nobody), &url(server.port));
    let expected = follower.expected();
    follower.wait_until("what waited", || server.ids().len() == 50);
    assert_eq!(server.ids(), expected);
    let errors = follower.stop();
    assert!(!errors.contains("Alerts that outputs did not deliver"), "{errors}");
}

#[test]
fn what_cannot_be_is_refused_and_the_outputs_stay() {
    let mut follower = Follower::start(|dir| file(dir, "a.jsonl"));
    let text = std::fs::read_to_string(&follower.config).unwrap();
    std::fs::write(&follower.config, format!("{text}http_output: {{enabled: true, url: 'ftp://x'}}\n")).unwrap();
    let err = follower.path("err");
    let refused = "go on: http_output.url: 'ftp://x' begins neither with http";
    follower.wait_until(refused, || std::fs::read_to_string(&err).is_ok_and(|said| said.contains(refused)));
    follower.raise(3);
    let (events, expected) = (follower.path("a.jsonl"), follower.expected());
    follower.wait_until("alerts where they went before", || {
        let text = std::fs::read_to_string(&events).unwrap_or_default();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let seen = lines.filter_map(|alert| alert["output_fields"]["ka.auditid"].as_str().map(str::to_owned));
        seen.collect::<Vec<_>>() == expected
    });
    follower.stop();
}
