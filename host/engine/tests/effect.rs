//! Differences of rule files in effect. With `LANNER_BLESS` set in the environment the golden files are written anew.

mod load_support;

use lanner_engine::effect::Difference;
use lanner_engine::explain::Explainer;
use lanner_engine::load::{ItemKind, Loader, Settings, TouchAction};

fn path(name: &str) -> String {
    format!("{}/tests/effect_golden/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn loaded(files: &[(&str, &str)]) -> Loader {
    let mut loader = Loader::new(Settings::new(load_support::sources()));
    for (name, text) in files {
        let result = loader.load(name, text);
        assert!(result.successful(), "{}", result.text(loader.files()));
    }
    loader
}

fn file(name: &str) -> String {
    std::fs::read_to_string(path(name)).expect("readable")
}

fn golden(name: &str, found: &str) {
    if std::env::var_os("LANNER_BLESS").is_some() {
        std::fs::write(path(name), found).expect("writable");
    }
    let want = std::fs::read_to_string(path(name)).unwrap_or_default();
    assert!(want == found, "{name} differs; want\n{want}\nfound\n{found}");
}

#[test]
fn every_kind_of_change() {
    let (old, new) = (loaded(&[("old.yaml", &file("old.yaml"))]), loaded(&[("new.yaml", &file("new.yaml"))]));
    let difference = Difference::between(&old, &new);
    golden("difference.txt", &difference.to_text());
    golden("difference.json", &(serde_json::to_string_pretty(&difference).expect("serialisable") + "\n"));
    assert_eq!(difference.same, 1, "the rule in other words");
    assert!(Difference::between(&old, &loaded(&[("x", &file("old.yaml"))])).is_empty());
    let back = Difference::between(&new, &old);
    assert_eq!((back.added.len(), back.removed.len(), back.changed.len()), (1, 1, 2));
}

/// From an alert to a kill is the gravest change that a file can make to a rule: it is told first, and in capitals.
#[test]
fn whether_a_rule_kills() {
    let rule = |key: &str| {
        format!("- rule: r\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: ERROR\n{key}")
    };
    let (tells, kills) = (rule(""), rule("  enforce: kill\n"));
    let before = loaded(&[("a", &tells)]);
    let off = "- rule: r\n  enforce: none\n  override: {enforce: replace}\n";
    assert!(Difference::between(&before, &loaded(&[("a", &kills), ("b", off)])).is_empty());
    let after = loaded(&[("a", &kills)]);
    let text = Difference::between(&before, &after).to_text();
    assert!(text.starts_with("~ r a:1\n    ENFORCE: none -> kill\n"), "{text}");
    let text = Difference::between(&loaded(&[]), &after).to_text();
    assert!(text.starts_with("+ r (Error, ENFORCE kill) a:1\n"), "{text}");
    let touched =
        loaded(&[("a", &kills), ("b", off)]).history(ItemKind::Rule, "r").last().map(|touch| touch.keys.clone());
    assert_eq!(touched, Some(vec!["enforce"]));
}

const LOCAL: &str = "
- list: shells
  override: {items: append}
  items: [fish]
- rule: Lists differ
  override: {condition: append, priority: replace}
  condition: and not user.name = root
  priority: ERROR
- macro: opened
  condition: evt.type = open
";

#[test]
fn changes_by_overrides_are_told_and_remembered() {
    let old = file("old.yaml");
    let base = loaded(&[("old.yaml", &old)]);
    let local = loaded(&[("old.yaml", &old), ("local.yaml", LOCAL)]);
    golden("overrides.txt", &Difference::between(&base, &local).to_text());

    let history = |kind, name| -> Vec<(TouchAction, Vec<&str>, String)> {
        let touches = local.history(kind, name).iter();
        touches.map(|t| (t.action, t.keys.clone(), t.context.place().location(local.files()).to_string())).collect()
    };
    assert_eq!(
        history(ItemKind::Rule, "Lists differ"),
        [
            (TouchAction::Defined, vec![], "old.yaml:10".to_owned()),
            (TouchAction::Appended, vec!["condition"], "local.yaml:5".to_owned()),
            (TouchAction::Replaced, vec!["priority"], "local.yaml:5".to_owned()),
        ]
    );
    assert_eq!(history(ItemKind::Macro, "opened")[1].0, TouchAction::Redefined);
    assert_eq!(history(ItemKind::List, "shells")[1].1, ["items"]);
    let items = local.list_items("shells").expect("a list");
    assert_eq!(
        items.iter().map(|(text, place)| (*text, place.to_string())).collect::<Vec<_>>()[2..],
        [("zsh", "old.yaml:2".to_owned()), ("fish", "local.yaml:4".to_owned())]
    );
    let touch = &local.history(ItemKind::Rule, "Lists differ")[0];
    let text = local.item_text(&touch.context);
    assert!(text.starts_with("- rule: Lists differ\n") && text.ends_with("\n  tags: [a, b]"), "{text}");
}

#[test]
fn the_effective_condition_says_where_its_parts_are() {
    let local = loaded(&[("old.yaml", &file("old.yaml")), ("local.yaml", LOCAL)]);
    let mut text = String::new();
    for name in ["Lists differ", "Everything differs"] {
        let rule = local.rules().iter().find(|rule| &*rule.name == name).expect("loaded");
        let explainer = Explainer::compile(&[&rule.expr], load_support::syscall(), &local).expect("checked");
        text += &format!("{name}\n{}", explainer.outline(0).expect("one condition").to_text(2, false));
    }
    golden("outline.txt", &text);
}
