//! A source that fails while events flow is the end of that source alone.

use std::path::Path;

use lanner_tests::plugins::c_plugin;
use lanner_tests::program::run;

use crate::{BINARY, Ended, Lab, configuration, lanner, rule, versions};

/// The plugin that gives six events and then fails.
fn failing() -> String {
    let library = c_plugin("bad.c", &["EVENTS_WITH_CODE=1", "ID=998"]);
    format!("- {{name: bad, library_path: {}, init_config: '', open_params: ''}}\n", library.display())
}

fn with_failing(dir: &Path, lines: bool) -> String {
    let text = configuration(dir, "");
    let (loaded, own) =
        if lines { ("load_plugins: [lines, bad]", "plugins:\n") } else { ("load_plugins: [bad]", "plugins:\n") };
    text.replace("load_plugins: [lines]", loaded).replacen(own, &(own.to_owned() + &failing()), 1)
}

#[test]
fn the_other_sources_go_on_and_the_exit_code_tells() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("rules")).unwrap();
    std::fs::write(dir.path().join("falco.yaml"), with_failing(dir.path(), true)).unwrap();
    std::fs::write(dir.path().join("rules/a.yaml"), rule(0)).unwrap();
    let mut lab = Lab::start_with(dir, &["lines", "bad_source"]);
    lab.until_said("source 'bad_source' has ended, the others go on: ", 1);
    lab.write(640);
    let Ended { written, code, lines, errors, .. } = lab.finish();
    assert_eq!(code, Some(1), "{errors}");
    assert!(errors.contains("Error: bad_source: "), "{errors}");
    assert_eq!(versions(&lines, written).len() as u64, written);
}

#[test]
fn without_any_source_left_the_program_ends() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("rules")).unwrap();
    let config = dir.path().join("falco.yaml");
    std::fs::write(&config, with_failing(dir.path(), false)).unwrap();
    let rules = rule(0).replace("source: lines", "source: bad_source").replace("line.number > 0", "evt.num > 0");
    let rules = rules.replace("%line.text", "%evt.num");
    std::fs::write(dir.path().join("rules/a.yaml"), rules).unwrap();
    // The source of system calls has no driver and waits for the end; it is no reason to go on.
    let run = run(&mut lanner(BINARY, &["-v", "-c", &config.display().to_string()]));
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stderr.contains("Error: bad_source: "), "{}", run.stderr);
    assert!(run.stdout.contains("Events detected: 6"), "{}", run.stdout);
    assert!(run.stderr.contains("Captured Events: 6,"), "what it gave still counts: {}", run.stderr);
}
