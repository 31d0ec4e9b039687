//! ATT&CK by tags: what counts where, and the layer for the Navigator.

use std::sync::Arc;

use lanner_engine::attack::{Coverage, RuleTags, layer};

fn coverage(rules: &[(&'static str, &[&str])]) -> Coverage {
    let tags: Vec<Vec<Arc<str>>> = rules.iter().map(|(_, tags)| tags.iter().map(|t| Arc::from(*t)).collect()).collect();
    Coverage::of(rules.iter().zip(&tags).map(|((name, _), tags)| RuleTags { name, tags }))
}

#[test]
fn rules_count_where_their_tags_say() {
    let coverage = coverage(&[
        ("shell", &["maturity_stable", "mitre_execution", "T1059.004"]),
        ("injection", &["mitre_privilege_escalation", "T1055.008"]),
        ("only the technique", &["T1055.008"]),
        ("only the tactic", &["TA0003"]),
        ("another tactic than the technique's", &["mitre_impact", "T1059"]),
        ("slips", &["T9999", "mitre_persistance", "T1059.004", "TA0099"]),
        ("no tags", &["host"]),
    ]);
    let by = |id: &str| {
        let tactic = coverage.tactics.iter().find(|tactic| tactic.id == id).expect("a tactic");
        let techniques = tactic.techniques.iter().map(|t| (t.id.as_str(), t.rules.join(" "))).collect::<Vec<_>>();
        (tactic.rules.join(" "), techniques)
    };
    assert_eq!(
        by("TA0002"),
        (
            "shell another tactic than the technique's slips".to_owned(),
            vec![("T1059", "another tactic than the technique's".to_owned()), ("T1059.004", "shell slips".to_owned())]
        )
    );
    assert_eq!(by("TA0004").1, [("T1055.008", "injection only the technique".to_owned())]);
    assert_eq!(by("TA0005").1, [("T1055.008", "only the technique".to_owned())], "the rule names only one of two");
    assert_eq!(by("TA0003").0, "only the tactic");
    assert_eq!(by("TA0040").0, "another tactic than the technique's");
    assert_eq!(coverage.unknown.keys().collect::<Vec<_>>(), ["T9999", "TA0099", "mitre_persistance"]);
    assert_eq!((coverage.rules, coverage.untagged.as_slice()), (7, &["no tags".to_owned()][..]));
    let text = coverage.to_text();
    assert!(text.starts_with("7 rules, 5 of 14 tactics, 3 techniques\n"), "{text}");
    for line in ["Process Injection: Ptrace System Calls", "  T9999: slips", "TA0043 Reconnaissance: no rule"] {
        assert!(text.contains(line), "{text}");
    }
}

#[test]
fn a_layer_for_the_navigator() {
    let coverage = coverage(&[("a", &["mitre_execution", "T1059"]), ("b", &["T1059"]), ("c", &["T1574.006"])]);
    let layer = layer(&coverage, "x");
    assert_eq!(layer["versions"]["layer"], "4.5");
    assert_eq!((&layer["domain"], &layer["name"]), (&"enterprise-attack".into(), &"x".into()));
    let techniques = layer["techniques"].as_array().expect("a list");
    let found: Vec<(&str, &str, u64, &str)> = techniques
        .iter()
        .map(|t| {
            let text = |key: &str| t[key].as_str().expect("text");
            (text("techniqueID"), text("tactic"), t["score"].as_u64().expect("a number"), text("comment"))
        })
        .collect();
    assert_eq!(
        found,
        [
            ("T1059", "execution", 2, "a\nb"),
            ("T1574.006", "persistence", 1, "c"),
            ("T1574.006", "privilege-escalation", 1, "c"),
            ("T1574.006", "defense-evasion", 1, "c"),
        ]
    );
    assert_eq!(layer["gradient"]["maxValue"], 2);
}
