//! Files that change are reloaded by themselves, and bad ones are refused.

use std::os::unix::fs::symlink;
use std::path::Path;

use crate::{DONE, Ended, Lab, REFUSED, configuration, put, rule, versions};

#[test]
fn a_changed_file_is_reloaded_and_a_touched_one_is_not() {
    let mut lab = Lab::start("");
    lab.until_said("Watching ", 1);
    put(&lab.rules(), &rule(1));
    lab.until_said(DONE, 1);
    put(&lab.rules(), &rule(1));
    lab.until_said("nothing in them has changed", 1);
    let more = "- {rule: Second, desc: d, condition: line.text = last, output: '%line.text', priority: ALERT, source: lines}\n";
    std::fs::write(lab.dir.path().join("rules/b.yaml"), more).unwrap();
    lab.until_said(DONE, 2);
    assert!(lab.daemon.errors().contains("2 rules are in force, 1 before"), "{}", lab.daemon.errors());
    std::fs::remove_file(lab.dir.path().join("rules/b.yaml")).unwrap();
    lab.until_said(DONE, 3);
    assert_eq!((lab.said(DONE), lab.said(REFUSED)), (3, 0));
    let Ended { written, code, lines, errors, .. } = lab.finish();
    assert_eq!(code, Some(0), "{errors}");
    let mut seen = versions(&lines, written);
    seen.dedup();
    assert_eq!(seen, [0, 1]);
}

/// A folder as Kubernetes fills it from a ConfigMap: files are links through `..data`, which is exchanged as a whole.
fn config_map(dir: &Path, version: usize) {
    let folder = format!("..version-{version}");
    std::fs::create_dir(dir.join(&folder)).unwrap();
    std::fs::write(dir.join(&folder).join("a.yaml"), rule(version)).unwrap();
    symlink(&folder, dir.join("..data_tmp")).unwrap();
    std::fs::rename(dir.join("..data_tmp"), dir.join("..data")).unwrap();
    if version > 0 {
        std::fs::remove_dir_all(dir.join(format!("..version-{}", version - 1))).unwrap();
    }
}

#[test]
fn a_config_map_is_followed() {
    let dir = tempfile::tempdir().unwrap();
    let rules = dir.path().join("rules");
    std::fs::create_dir(&rules).unwrap();
    std::fs::write(dir.path().join("falco.yaml"), configuration(dir.path(), "")).unwrap();
    config_map(&rules, 0);
    symlink("..data/a.yaml", rules.join("a.yaml")).unwrap();
    let mut lab = Lab::start_in(dir);
    lab.until_said("Watching ", 1);
    for version in 1..=3 {
        config_map(&rules, version);
        lab.until_said(DONE, version);
    }
    let Ended { written, lines, errors, .. } = lab.finish();
    let mut seen = versions(&lines, written);
    seen.dedup();
    assert_eq!(seen, [0, 1, 2, 3], "{errors}");
}

#[test]
fn what_does_not_load_is_refused_with_the_whole_error_and_alerts() {
    let mut lab = Lab::start("watch_config_files: false\n");
    put(
        &lab.rules(),
        "- {rule: Line, desc: d, condition: line.nomber > 0, output: x, priority: NOTICE, source: lines}\n",
    );
    lab.hang_up();
    lab.until_said(REFUSED, 1);
    // A configuration that cannot be read leaves everything as it is, too.
    let config = lab.dir.path().join("falco.yaml");
    let good = std::fs::read_to_string(&config).unwrap();
    put(&config, &(good.clone() + "priority: loud\n"));
    put(&lab.rules(), &rule(2));
    lab.hang_up();
    lab.until_said(REFUSED, 2);
    put(&config, &good);
    lab.hang_up();
    lab.until_said(DONE, 1);
    let Ended { written, code, lines, others, errors } = lab.finish();
    assert_eq!(code, Some(0), "{errors}");
    let mut seen = versions(&lines, written);
    seen.dedup();
    assert_eq!(seen, [0, 2]);
    let [rules, config] = &others[..] else { panic!("{others:?}") };
    for alert in [rules, config] {
        assert_eq!((&alert["priority"], &alert["source"]), (&"Critical".into(), &"internal".into()));
        assert_eq!(alert["rule"], "Falco internal: hot restart failure");
        assert!(alert.get("tags").is_none(), "{alert}");
    }
    let text = rules["output"].as_str().unwrap();
    assert!(text.starts_with("Falco internal: hot restart failure: "), "{text}");
    for part in ["a.yaml: Invalid", "LOAD_ERR_COMPILE_CONDITION", "line.nomber"] {
        assert!(text.contains(part) && errors.contains(part), "{part}: {text}");
    }
    assert!(config["output"].as_str().unwrap().contains("loud"), "{config}");
}
