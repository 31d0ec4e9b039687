//! Which texts are conditions, how they print, and where the others go wrong.

mod support;

use lanner_engine::parse::{DEFAULT_DEPTH, parse, parse_with_depth};
use serde::Deserialize;

#[derive(Deserialize)]
struct Cases {
    accepted: Vec<(String, String)>,
    rejected: Vec<(String, usize, String)>,
}

#[test]
fn accepted_texts_print_canonically_and_stay_so() {
    let cases: Cases = support::read("parse.yaml");
    for (text, expected) in &cases.accepted {
        let tree = parse(text, 0).unwrap_or_else(|e| panic!("{text:?}: {e} at {}", e.offset));
        let print = tree.to_string();
        assert_eq!(&print, expected, "the print of {text:?}");
        // An empty constant prints as nothing; a constant with a comma or inside a call stays bare: those prints are no
        // conditions.
        if !print.ends_with("= ")
            && !print.ends_with("x,y")
            && !["join(", "concat(", "getopt("].iter().any(|call| print.contains(call))
        {
            let again = parse(&print, 0).unwrap_or_else(|e| panic!("{print:?}: {e}")).to_string();
            assert_eq!(again.trim_matches(['(', ')']), print.trim_matches(['(', ')']), "the print of a print");
        }
    }
}

#[test]
fn rejected_texts_point_at_the_place() {
    let cases: Cases = support::read("parse.yaml");
    let mut wrong = Vec::new();
    for (text, offset, part) in &cases.rejected {
        match parse(text, 0) {
            Ok(tree) => wrong.push(format!("{text:?}: accepted as {tree}")),
            Err(error) if error.offset != *offset || !error.to_string().contains(part) => {
                wrong.push(format!("{text:?}: expected {offset} {part}: {} {error}", error.offset));
            }
            Err(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn positions_are_lines_and_columns_from_one() {
    let error = parse("a.b = x\n  and c.d ~ y", 0).expect_err("~ is no operator");
    assert_eq!((error.line, error.column, error.offset), (2, 11, 18));
}

#[test]
fn spans_cut_the_text_of_each_check() {
    let text = "a.b = x and not (c.d in (y, z) or m)";
    let tree = parse(text, 7).expect("a condition");
    let mut spans = Vec::new();
    tree.walk(&mut |part| {
        assert_eq!(part.span.source, 7);
        spans.push(&text[part.span.range()]);
    });
    assert_eq!(spans, [text, "a.b = x", "not (c.d in (y, z) or m)", "c.d in (y, z) or m", "c.d in (y, z)", "m"]);
}

/// One parenthesis counts five: 198 of them fit into a rule's condition and 18 into another.
#[test]
fn nesting_is_limited() {
    let nested = |count: usize| format!("{}m{}", "(".repeat(count), ")".repeat(count));
    assert!(parse(&nested(198), 0).is_ok());
    assert!(parse(&nested(200), 0).is_err());
    assert!(parse_with_depth(&nested(18), 0, DEFAULT_DEPTH).is_ok());
    assert!(parse_with_depth(&nested(20), 0, DEFAULT_DEPTH).is_err());
    let error = parse(&nested(100_000), 0).expect_err("too deep");
    assert_eq!(error.to_string(), "exceeded max depth limit of 1000");
    assert!(parse(&format!("{}m", "not ".repeat(100_000)), 0).is_ok(), "negations do not nest");
}

#[test]
fn any_text_is_parsed_or_refused() {
    let mut seed = 0x2545_f491_4f6c_dd1du64;
    let words = [
        "a.b", " ", "=", "!=", "in", "(", ")", ",", "\"", "'", "\\", "and", "or", "not", "x", "[", "]", "val(",
        "join(", "exists", "oneof ", "5", "é", "\n", "<", "regex ", "getopt(", "\\x4",
    ];
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..12 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            text.push_str(words[(seed % words.len() as u64) as usize]);
        }
        if let Err(error) = parse(&text, 0) {
            assert!(error.offset <= text.len(), "{text:?}");
        }
    }
}
