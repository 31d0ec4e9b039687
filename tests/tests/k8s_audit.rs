//! Kubernetes audit files in, Falco's alerts out.

use std::io::Write as _;

use lanner_tests::aws::write_gzip;
use lanner_tests::program::{diff, lanner, run, shared, within};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");

/// Both plugins are built in: no such library exists.
const CONFIG: &str = r#"
rules_files: []
load_plugins: [k8saudit, json]
plugins:
  - {name: k8saudit, library_path: libk8saudit.so, init_config: "", open_params: "FILE"}
  - {name: json, library_path: libjson.so, init_config: ""}
engine: {kind: nodriver}
json_output: true
append_output: [{suggested_output: true}]
stdout_output: {enabled: true}
log_stderr: true
log_level: error
log_syslog: false
"#;

#[test]
fn recorded_audit_files_raise_the_expected_alerts() {
    let Some(shared) = shared() else { return };
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("falco.yaml");
    let rules = shared.join("falco-rules/k8s_audit_rules.yaml").display().to_string();
    let mut files: Vec<_> = std::fs::read_dir(shared.join("captures/k8s_audit"))
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    files.sort();
    assert!(files.len() > 40, "{}", files.len());
    let mut wrong = String::new();
    for file in &files {
        std::fs::write(&config, CONFIG.replace("FILE", &file.display().to_string())).unwrap();
        let config = config.display().to_string();
        let args = ["-c", &config, "-r", &rules, "--enable-source", "k8s_audit"];
        let ran = run(&mut lanner(BINARY, &args)).good();
        let expected = std::fs::read_to_string(file.with_extension("alerts.jsonl")).unwrap();
        if ran.alerts() != expected {
            wrong += &format!("{}:\n{}{}\n", file.display(), diff(&expected, ran.alerts()), ran.stderr);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// An event that [`SEEN`] tells.
fn event(id: &str) -> Value {
    json!({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "auditID": id, "stage": "ResponseComplete",
        "requestURI": "/apis/apps/v1/namespaces/shop/deployments/web", "verb": "patch", "user": {"username": "alice"},
        "objectRef": {"resource": "deployments", "namespace": "shop", "name": "web", "apiGroup": "apps", "apiVersion": "v1"},
        "responseStatus": {"metadata": {}, "code": 200}, "stageTimestamp": "2026-11-21T10:00:00.000001Z"
    })
}

/// An event with one more member, written as it is.
fn with(id: &str, member: &str) -> String {
    let text = event(id).to_string();
    format!("{},{member}}}\n", text.strip_suffix('}').unwrap())
}

/// Tells every event, and what fields make of its request.
const SEEN: &str = "
- rule: Seen
  desc: An event.
  condition: ka.verb in (create, patch)
  output: >
    %ka.auditid images=%ka.req.pod.containers.image templates=%ka.req.workload.containers.image paths=%ka.req.pod.volumes.hostpath
    rules=%ka.req.role.rules subjects=%ka.req.binding.subjects data=%ka.req.configmap.obj role=%ka.req.binding.role
    type=%ka.req.service.type pid=%ka.req.workload.host_pid op=%json.value[/requestObject/0/op]
    omitted=%json.value[/lanner.omitted] of_request=%json.value[/requestObject/lanner.omitted] agent=%ka.useragent
  priority: NOTICE
  source: k8s_audit
";

/// One file after the other that is not as it should be, each between two that are.
#[test]
fn hostile_files_lose_nothing_else_in_bounded_memory() {
    let dir = tempfile::tempdir().unwrap();
    let logs = dir.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    let plain = |id: &str| format!("{}\n", event(id));
    let mut number = 0;
    let mut file = |ending: &str| {
        number += 1;
        logs.join(format!("{number:02}.{ending}"))
    };
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    std::fs::write(file("json"), plain("first")).unwrap();
    // 100 MB in one line, in an event and in something else.
    let mut long = std::fs::File::create(file("json")).unwrap();
    let x = "x".repeat(100 << 20);
    long.write_all(with("long", &format!("\"responseObject\":\"{x}\"")).as_bytes()).unwrap();
    writeln!(long, "{x}").unwrap();
    long.write_all(plain("after-long").as_bytes()).unwrap();
    drop((long, x));
    let within_request = with("deep", &format!("\"requestObject\":{{\"spec\":{{\"hostPID\":true}},\"zz\":{deep}}}"));
    std::fs::write(file("json"), format!("{within_request}{}\n{}", "[".repeat(1 << 20), plain("after-deep"))).unwrap();
    let mut latin = with("latin", "\"userAgent\":\"caf#\"").into_bytes();
    let at = latin.iter().position(|byte| *byte == b'#').unwrap();
    latin[at] = 0xe9;
    std::fs::write(file("json"), latin).unwrap();
    std::fs::write(file("json"), with("once", "\"auditID\":\"twice\"")).unwrap();
    // Patches of single operations: the request is a list.
    let patch = "\"requestObject\":[{\"op\":\"replace\",\"path\":\"/spec/replicas\",\"value\":3},7,null,[]]";
    std::fs::write(file("json"), with("patched", patch)).unwrap();
    for (number, request) in
        ["7", "\"x\"", "null", "true", "{\"spec\":[]}", "{\"spec\":{\"containers\":{}}}"].iter().enumerate()
    {
        std::fs::write(file("json"), with(&format!("odd-{number}"), &format!("\"requestObject\":{request}"))).unwrap();
    }
    std::fs::write(file("json"), "{\"kind\":\"Pod\"}\n{\"kind\":\"Event\"}\n{\n7\n").unwrap();
    std::fs::write(file("json"), [0xff; 5000]).unwrap();
    std::fs::write(file("json"), "").unwrap();
    let half = file("json.gz");
    // Numbers that no compression foresees, so that half of the archive is about half of the events.
    let events: String = (0..3000_u64)
        .map(|n| with(&format!("half-{n}"), &format!("\"zz\":{}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))))
        .collect();
    write_gzip(&half, events.as_bytes());
    let bytes = std::fs::read(&half).unwrap();
    std::fs::write(&half, &bytes[..bytes.len() / 2]).unwrap();
    // 60 MB of blanks in some tens of kilobytes.
    write_gzip(
        &file("json.gz"),
        format!("{}{}\n{}", plain("before-bomb"), " ".repeat(60 << 20), plain("after-bomb")).as_bytes(),
    );
    std::fs::write(file("json"), plain("last")).unwrap();

    let (config, rules) = (dir.path().join("falco.yaml"), dir.path().join("rules.yaml"));
    let text = CONFIG.replace("FILE", &logs.display().to_string()).replace("log_level: error", "log_level: info");
    std::fs::write(&config, &text).unwrap();
    std::fs::write(&rules, SEEN).unwrap();
    let [config, rules] = [config, rules].map(|path| path.display().to_string());
    let program = lanner(BINARY, &["-c", &config, "-r", &rules, "--enable-source", "k8s_audit"]);
    let ran = run(&mut within(&program, 500_000)).good();
    let alerts: Vec<Value> = ran.alerts().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let field = |alert: &Value, name: &str| alert["output_fields"][name].as_str().map(str::to_owned);
    let id = |alert: &Value| field(alert, "ka.auditid").unwrap();
    let (of_half, rest): (Vec<&Value>, Vec<&Value>) = alerts.iter().partition(|alert| id(alert).starts_with("half-"));
    let seen: Vec<String> = rest.iter().map(|alert| id(alert)).collect();
    let expected = "first long after-long deep after-deep latin twice patched odd-0 odd-1 odd-2 odd-3 odd-4 odd-5 before-bomb \
                    after-bomb last";
    assert_eq!(seen.join(" "), expected, "{}", ran.stderr);
    let of_half: Vec<String> = of_half.into_iter().map(id).collect();
    assert_eq!(of_half, (0..of_half.len()).map(|n| format!("half-{n}")).collect::<Vec<_>>());
    assert!((500..3000).contains(&of_half.len()), "what came before the damage: {}", of_half.len());

    // What was left out is named, and a request that is no object has no values.
    let alert = |id_: &str| *rest.iter().find(|alert| id(alert) == id_).unwrap();
    assert_eq!(field(alert("long"), "json.value[/lanner.omitted]").as_deref(), Some("[\"responseObject\"]"));
    assert_eq!(field(alert("deep"), "json.value[/requestObject/lanner.omitted]").as_deref(), Some("[\"zz\"]"));
    assert_eq!(field(alert("deep"), "ka.req.workload.host_pid").as_deref(), Some("true"));
    assert_eq!(field(alert("latin"), "ka.useragent").as_deref(), Some("caf\u{fffd}"));
    assert_eq!(field(alert("patched"), "json.value[/requestObject/0/op]").as_deref(), Some("replace"));
    for name in ["patched", "odd-0", "odd-1", "odd-2", "odd-3", "odd-4", "odd-5"] {
        let fields = alert(name)["output_fields"].as_object().unwrap();
        for (field, value) in fields.iter().filter(|(field, _)| field.starts_with("ka.req.")) {
            assert!(value.is_null(), "{name}: {field} is {value}");
        }
    }
    for reason in ["too_long", "too_deep", "not_json", "foreign", "no_time", "broken_archive"] {
        assert!(ran.stderr.contains(&format!("(rejected_{reason})")), "{reason}: {}", ran.stderr);
    }

    // With a cap below what comes out of it, an archive is cut off there. What is kept of bad payloads has a cap too.
    let kept = dir.path().join("kept");
    let init = format!("{{maxExpandedSize: 1000000, quarantine: {{dir: {}, maxBytes: 5500}}}}", kept.display());
    let text = text.replace("init_config: \"\", open_params", &format!("init_config: {init}, open_params"));
    std::fs::write(&config, text).unwrap();
    let capped = run(&mut within(&program, 500_000)).good();
    let ids = capped.alerts();
    assert!(ids.contains("before-bomb") && !ids.contains("after-bomb") && ids.contains("\"last\""), "{ids}");
    for told in ["(rejected_expands)", "it is full (quarantine.maxBytes)"] {
        assert_eq!(capped.stderr.matches(told).count(), 1, "{told}: {}", capped.stderr);
    }
    let bytes: u64 = std::fs::read_dir(&kept).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    assert!((1..=5500).contains(&bytes), "{bytes}");
}
