//! Lints say only what is certain: what they conclude about random conditions holds on random events.

mod support;

use lanner_engine::load::{LintOptions, Loader, Settings};
use lanner_engine::naive;
use support::FromEvent;
use support::random::{Random, condition, event};

/// How often something was concluded: never true, always true, hidden by an earlier rule.
#[derive(Default)]
struct Concluded {
    never: usize,
    always: usize,
    hidden: usize,
}

fn run(seed: u64, events: usize, concluded: &mut Concluded) {
    let (scheme, _) = support::scheme();
    let r = &mut Random(seed);
    let mut text = String::new();
    for i in 0..24 {
        let condition = serde_json::Value::from(condition(r, i % 3));
        text.push_str(&format!("- {{rule: r{i}, condition: {condition}, desc: d, output: o, priority: ERROR}}\n"));
    }
    let mut loader = Loader::new(Settings::new(vec![scheme.clone()]));
    let loaded = loader.load("r.yaml", &text);
    assert!(loaded.successful(), "{}", loaded.text(loader.files()));
    let found = loader.lint(&LintOptions { first_match: true });
    let rules = loader.rules();
    let position = |name: &str| rules.iter().position(|rule| &*rule.name == name).expect("a rule of this name");
    let (mut never, mut always, mut hidden) = (Vec::new(), Vec::new(), Vec::new());
    for finding in &found {
        let rule = position(finding.context.named().expect("lints are about rules").1);
        match finding.code() {
            "LINT_NEVER_TRUE" if finding.message.starts_with("the condition") => never.push(rule),
            "LINT_ALWAYS_TRUE" if finding.message.starts_with("the condition") => always.push(rule),
            "LINT_SHADOWED_RULE" => {
                let earlier = finding.message.split('\'').nth(3).expect("the name of the earlier rule");
                hidden.push((rule, position(earlier)));
            }
            _ => {}
        }
    }
    let set = loader.source_rules("syscall").expect("the source is known").set;
    for _ in 0..events {
        let event = event(r);
        let mut extract = FromEvent::new(&event, &scheme, set.slots());
        let mut slots = set.slots().clone();
        let mut holds = |rule: usize| naive::evaluate(&rules[rule].condition, &scheme, &mut slots, &mut extract);
        let told = |rule: usize| format!("seed {seed}: {} on {:?}", rules[rule].expr, event.values);
        never.iter().for_each(|rule| assert!(!holds(*rule), "never: {}", told(*rule)));
        always.iter().for_each(|rule| assert!(holds(*rule), "always: {}", told(*rule)));
        for (rule, earlier) in &hidden {
            assert!(!holds(*rule) || holds(*earlier), "hidden by {}: {}", rules[*earlier].expr, told(*rule));
        }
    }
    concluded.never += never.len();
    concluded.always += always.len();
    concluded.hidden += hidden.len();
}

#[test]
fn what_is_concluded_holds() {
    let mut concluded = Concluded::default();
    (1..=250).for_each(|seed| run(seed * 6007, 40, &mut concluded));
    let Concluded { never, always, hidden } = concluded;
    println!("never {never}, always {always}, hidden {hidden}");
    assert!(never > 50 && hidden > 200, "too little was concluded: never {never}, always {always}, hidden {hidden}");
}
