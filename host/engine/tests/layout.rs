//! The canonical layout: what it makes of an untidy file, that laying out again changes nothing, and that no rule changes.
//! With `LANNER_BLESS` set in the environment the golden file is written anew.

mod load_support;

use std::path::PathBuf;

use lanner_engine::layout::{LayoutError, format};
use lanner_engine::load::{Loader, Settings};

fn golden(name: &str) -> String {
    format!("{}/tests/layout_golden/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl Into<PathBuf>) -> String {
    let path = path.into();
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn an_untidy_file() {
    let found = format(&read(golden("untidy.yaml"))).expect("a rule file");
    if std::env::var_os("LANNER_BLESS").is_some() {
        std::fs::write(golden("tidy.yaml"), &found).expect("writable");
    }
    let want = read(golden("tidy.yaml"));
    assert!(want == found, "want\n{want}\nfound\n{found}");
    assert_eq!(format(&found).expect("a rule file"), found);
}

/// Rule files of this repository, and Falco's where they are at hand.
fn files() -> Vec<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut folders = vec![root.join("rules/syscall"), root.join("tests/rules")];
    folders.extend(std::env::var_os("LANNER_SHARED").map(|shared| PathBuf::from(shared).join("falco-rules")));
    let entries = folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    files.sort();
    files
}

/// What a loader makes of a text, or why it makes nothing of it, without places.
fn loaded(text: &str) -> (Vec<String>, serde_json::Value) {
    let mut loader = Loader::new(Settings { all_errors: true, ..Settings::new(load_support::sources()) });
    let result = loader.load("x", text);
    let mut messages: Vec<String> = result.diagnostics.iter().map(|d| format!("{} {}", d.code(), d.message)).collect();
    messages.sort();
    (messages, loader.describe())
}

#[test]
fn laying_out_keeps_rules_and_comments() {
    let files = files();
    assert!(files.len() >= 3, "{files:?}");
    for path in files {
        let text = read(&path);
        let once = format(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert_eq!(format(&once).as_deref(), Ok(once.as_str()), "{}: twice is not once", path.display());
        assert_eq!(loaded(&once), loaded(&text), "{}", path.display());
        let comments = |text: &str| {
            let lines = text.lines().filter(|line| line.trim_start().starts_with('#'));
            let mut all: Vec<String> = lines.map(|line| line.trim().to_owned()).collect();
            all.sort();
            all
        };
        assert_eq!(comments(&once), comments(&text), "{}", path.display());
    }
}

#[test]
fn what_is_no_rule_file_is_told() {
    assert_eq!(format("a: b\n"), Err(LayoutError::NoList(1)));
    assert_eq!(format("- a: [\n").map_err(|e| e.to_string().starts_with("line ")), Err(true));
    assert_eq!(format(""), Ok(String::new()));
    assert_eq!(format("# only this\n\n\n"), Ok("# only this\n".to_owned()));
    assert_eq!(format("[{list: a, items: []}]\n"), Ok("[{list: a, items: []}]\n".to_owned()));
}

#[test]
fn aliases_stay() {
    let text = "- &a\n  list: x\n  items: [1]\n- macro: m\n  condition: evt.num = 0\n- *a\n";
    let out = format(text).expect("a rule file");
    assert_eq!(loaded(&out), loaded(text));
    assert!(out.contains("- *a\n"), "{out}");
}

/// Whatever a file looks like, laying it out neither fails on it in another way nor makes other rules of it.
#[test]
fn mutated_files() {
    let text = read(golden("untidy.yaml"));
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let pieces = [
        "\n", " ", "  ", "-", ":", "#", "- ", "|", ">", "\"", "'", "[", "]", "{", "}", "&a", "*a", "\u{e9}", "\t",
        "---\n",
    ];
    let mut good = 0;
    for _ in 0..1500 {
        let mut mutant: Vec<char> = text.chars().collect();
        for _ in 0..=random(3) {
            let at = random(mutant.len());
            match random(3) {
                0 => drop(mutant.remove(at)),
                1 => drop(mutant.splice(at..at, pieces[random(pieces.len())].chars())),
                _ => drop(mutant.splice(at..(at + random(20)).min(text.len() / 2).max(at), [])),
            }
        }
        let mutant: String = mutant.into_iter().collect();
        if let Ok(out) = format(&mutant) {
            good += 1;
            assert_eq!(loaded(&out), loaded(&mutant), "of\n{mutant}\nmade\n{out}");
        }
    }
    assert!(good > 300, "{good}");
}
