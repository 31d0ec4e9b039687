//! Conditions of any text: parsing ends, and so does parsing what the tree prints as.
//!
//! The print is Falco's canonical one, which does not always have a way back (it leaves parentheses of quoted texts
//! bare, a macro may be named `not`); where it has one, the second print equals the first.
#![no_main]

use lanner_engine::parse::parse;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(tree) = parse(text, 0) else { return };
    let print = tree.to_string();
    if let Ok(again) = parse(&print, 0)
        && again.to_string().len() == print.len()
    {
        assert_eq!(again.to_string(), print, "of {text:?}");
    }
});
