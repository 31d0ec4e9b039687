//! `POST /reload`.

use serde_json::{Value, json};

use crate::client::{Answer, ask, post};
use crate::{Lab, RULES};

const TOKEN: &str = "not to be guessed";

/// The program with a token in its configuration.
fn lab(folder: &tempfile::TempDir) -> Lab {
    let token = folder.path().join("token");
    std::fs::write(&token, format!("{TOKEN}\n")).unwrap();
    Lab::start(&format!("  reload_token_file: {}\nwatch_config_files: false\n", token.display()))
}

fn body(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

#[test]
fn a_reload_is_answered_with_what_it_changed() {
    let folder = tempfile::tempdir().unwrap();
    let lab = lab(&folder);
    let (rules, config) = (lab.dir.path().join("rules.yaml"), lab.dir.path().join("falco.yaml"));
    std::fs::write(&rules, RULES.replace("n=%evt.num", "number %evt.num").replace("Never", "Not ever")).unwrap();
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(
        &config,
        text.replace("json_output: true", "json_output: false") + "metrics: {enabled: false, interval: 2h}\n",
    )
    .unwrap();
    let answer = post(lab.port, "/reload", Some(TOKEN));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.head.contains("content-type: application/json"), "{}", answer.head);
    let told = body(&answer);
    assert!(told["milliseconds"].is_u64(), "{told}");
    let expected = json!({
        "status": "reloaded",
        "milliseconds": told["milliseconds"],
        "files_changed": [config, rules],
        "rules": {"before": 2, "now": 2, "added": ["Not ever"], "removed": ["Never"], "changed": ["Each event"]},
        "needs_restart": ["metrics.enabled", "metrics.interval"],
    });
    assert_eq!(told, expected);
    let again = body(&post(lab.port, "/reload", Some(TOKEN)));
    assert_eq!((&again["files_changed"], &again["rules"]["changed"]), (&json!([]), &json!([])));
    assert!(lab.daemon.errors().contains("Reload asked for by 127.0.0.1:"), "{}", lab.daemon.errors());
}

#[test]
fn what_is_refused_is_answered_with_the_whole_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut lab = lab(&folder);
    std::fs::write(lab.dir.path().join("rules.yaml"), RULES.replace("bad.num = 0", "bad.nam = 0")).unwrap();
    let answer = post(lab.port, "/reload", Some(TOKEN));
    assert_eq!(answer.status, 422, "{answer:?}");
    let told = body(&answer);
    assert_eq!(told["status"], "refused");
    let error = told["error"].as_str().unwrap();
    assert!(error.contains("LOAD_ERR_COMPILE_CONDITION") && error.contains("nonexistent field bad.nam"), "{error}");
    assert!(lab.daemon.errors().contains("Reload refused, the rules and the configuration in force go on"));
    let out = lab.dir.path().join("out");
    lab.daemon.wait_until("the internal alert", || {
        std::fs::read_to_string(&out).is_ok_and(|out| out.contains("Falco internal: hot restart failure"))
    });
    std::fs::write(lab.dir.path().join("rules.yaml"), RULES).unwrap();
    assert_eq!(post(lab.port, "/reload", Some(TOKEN)).status, 200);
}

#[test]
fn nobody_reloads_without_the_token_and_nothing_without_one_configured() {
    let folder = tempfile::tempdir().unwrap();
    let with = lab(&folder);
    for token in [None, Some(""), Some("not to be guesse"), Some("not to be guessed!")] {
        let answer = post(with.port, "/reload", token);
        assert_eq!(answer.status, 401, "{token:?}: {answer:?}");
        assert!(answer.head.contains("www-authenticate: bearer"), "{}", answer.head);
    }
    let answer = ask(with.port, "GET", "/reload");
    assert_eq!((answer.status, answer.head.contains("allow: post")), (405, true), "{answer:?}");
    assert!(!with.daemon.errors().contains("Reload asked for"), "{}", with.daemon.errors());
    let without = Lab::start("");
    let answer = post(without.port, "/reload", Some(TOKEN));
    assert!(answer.status == 404 && answer.body.contains("needs webserver.reload_token_file"), "{answer:?}");
}
