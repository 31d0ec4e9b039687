//! Conditions of any text: parsing ends, and the canonical print of what parses is parsed to the same.
#![no_main]

use lanner_engine::parse::{ParseErrorKind, parse};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(tree) = parse(text, 0) else { return };
    let print = tree.to_string();
    // Falco's canonical print leaves parentheses and commas of quoted texts bare, and no quoted text can end in a
    // backslash: only what was written without either has a way back.
    if text.contains(['"', '\'', '\\']) {
        return;
    }
    match parse(&print, 0) {
        Ok(again) => assert_eq!(again.to_string(), print, "of {text:?}"),
        // The canonical print adds parentheses, which cost depth.
        Err(error) => assert!(matches!(error.kind, ParseErrorKind::TooDeep(_)), "{print:?}: {error}"),
    }
});
