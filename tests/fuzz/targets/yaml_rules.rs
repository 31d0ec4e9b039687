//! Rules files of any text: loading ends with rules or with errors that have a place; what loads can be evaluated,
//! described and reported.
#![no_main]

use lanner_engine::compile::RuleMatching;
use lanner_engine::load::{Loader, Settings};
use lanner_fuzz::{Bytes, scheme};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let mut settings = Settings::new(vec![scheme()]);
    settings.all_errors = text.len() % 2 == 0;
    let mut loader = Loader::new(settings);
    let result = loader.load("rules.yaml", text);
    for diagnostic in &result.diagnostics {
        assert!(!format!("{diagnostic:?}").is_empty());
    }
    let Some(rules) = loader.source_rules("syscall") else { return };
    let mut scratch = rules.set.scratch();
    let mut hits = Vec::new();
    for code in [1, 3, 293, 307] {
        let mut extract = Bytes { slots: rules.set.slots().clone(), data: text.as_bytes() };
        rules.set.evaluate(&mut scratch, code, &mut extract, RuleMatching::All, &mut hits);
    }
    assert!(hits.iter().all(|hit| (*hit as usize) < rules.rules.len()));
});
