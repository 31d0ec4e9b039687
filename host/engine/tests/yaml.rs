//! The YAML tree: what is accepted, what it means, where it stands.

use lanner_engine::yaml::{Kind, Node, YamlError, origin_of, parse};

fn one(text: &str) -> Node {
    let mut documents = parse(text).unwrap_or_else(|e| panic!("{text:?}: {e}"));
    assert_eq!(documents.len(), 1, "{text:?}");
    documents.remove(0)
}

#[test]
fn the_first_of_two_equal_keys_counts() {
    let node = one("a: 1\nb: 2\na: 3\n");
    assert_eq!(node.get("a").and_then(Node::as_u64), Some(1));
    assert_eq!(node.to_json(), serde_json::json!({"a": 1, "b": 2}));
}

#[test]
fn merge_keys_are_plain_keys() {
    let node = one("base: &b {x: 1}\nuse:\n  <<: *b\n");
    assert!(node.at(&["use", "x"]).is_none());
    assert_eq!(node.at(&["use", "<<", "x"]).and_then(Node::as_str), Some("1"));
}

#[test]
fn null_empty_and_scalar_differ() {
    let node = one("a:\nb: ~\nc: null\nd: ''\ne: 'null'\nf: nul\n");
    for key in ["a", "b", "c"] {
        assert!(node.get(key).is_some_and(Node::is_null), "{key}");
    }
    assert_eq!(node.get("d").and_then(Node::as_str), Some(""));
    assert_eq!(node.get("e").and_then(Node::as_str), Some("null"));
    assert_eq!(node.get("f").and_then(Node::as_str), Some("nul"));
    assert!(node.get("g").is_none());
}

#[test]
fn booleans_have_many_spellings() {
    for (text, want) in [
        ("true", Some(true)),
        ("Yes", Some(true)),
        ("ON", Some(true)),
        ("y", Some(true)),
        ("'no'", Some(false)),
        ("N", Some(false)),
        ("off", Some(false)),
        ("False", Some(false)),
        ("tRUE", None),
        ("1", None),
        ("0", None),
        ("yep", None),
    ] {
        assert_eq!(one(text).as_bool(), want, "{text}");
    }
}

#[test]
fn numbers_have_three_bases() {
    for (text, want) in [
        ("10", Some(10)),
        ("0x1F", Some(31)),
        ("010", Some(8)),
        ("0", Some(0)),
        ("+7", Some(7)),
        ("-1", None),
        ("1.5", None),
        ("9x", None),
        ("0x+1", None),
        ("++1", None),
    ] {
        assert_eq!(one(text).as_u64(), want, "{text}");
    }
    assert_eq!(one("-0x10").as_i64(), Some(-16));
    assert_eq!(one("-9223372036854775808").as_i64(), Some(i64::MIN));
    assert_eq!(one("1e3").as_f64(), Some(1000.0));
    assert_eq!(one("inf").as_f64(), None);
}

#[test]
fn operators_are_plain_scalars() {
    let node = one("comps: [=, in, '!=']\nx: =\n");
    let comps: Vec<_> =
        node.get("comps").map(Node::items).unwrap_or_default().iter().filter_map(Node::as_str).collect();
    assert_eq!(comps, ["=", "in", "!="]);
    assert_eq!(node.get("x").and_then(Node::as_str), Some("="));
    // Unquoted, `!=` is a tag on an empty scalar.
    assert_eq!(one("[!=]").items().first().and_then(Node::as_str), Some(""));
}

#[test]
fn a_percent_sign_may_begin_a_plain_scalar() {
    let node = one("- a: %{x}\n  b: %y\n  c: 50% of %z\n");
    let map = node.items().first().expect("one item");
    assert_eq!(map.get("a").and_then(Node::as_str), Some("%{x}"));
    assert_eq!(map.get("b").and_then(Node::as_str), Some("%y"));
    assert_eq!(map.get("c").and_then(Node::as_str), Some("50% of %z"));
}

#[test]
fn quotes_may_go_on_without_indentation_or_end() {
    let node = one("a: 'one\ntwo\n\nthree'\nb: \"x\n  y\"\n");
    assert_eq!(node.get("a").and_then(Node::as_str), Some("one two\nthree"));
    assert_eq!(node.get("b").and_then(Node::as_str), Some("x y"));
    let node = one("a: 'never\nb: 2\n");
    assert_eq!(node.get("a").and_then(Node::as_str), Some("never b: 2 "));
    assert!(node.get("b").is_none());
    let node = one("a: \"never\nb: 2\\");
    assert_eq!(node.get("a").and_then(Node::as_str), Some("never b: 2"));
}

#[test]
fn brackets_may_close_without_indentation() {
    let text = "- list: a\n  items: [\n  x, # one, [two\n  'y\n  z', p\n q ,\n  {k: v,\n  l: [m\n]}\n  ]\n- list: b\n  items: &n [\nc\n]\n- e: [\n\"f\"]\n";
    let node = one(text);
    assert_eq!(
        node.to_json(),
        serde_json::json!([
            {"list": "a", "items": ["x", "y z", "p q", {"k": "v", "l": ["m"]}]},
            {"list": "b", "items": ["c"]},
            {"e": ["f"]},
        ])
    );
    let item = &node.items()[2].get("e").expect("e").items()[0];
    assert_eq!((item.mark.line, item.mark.column), (15, 0));
    let many = "- l: [\na, b\n]\n".repeat(300);
    assert_eq!(one(&many).items().len(), 300);
    assert!(parse("- [\na\n").is_err());
}

#[test]
fn several_documents() {
    let documents = parse("---\na: 1\n---\n- b\n---\n...\n").expect("parses");
    assert_eq!(documents.len(), 3);
    assert!(documents[0].is_mapping() && documents[1].is_sequence() && documents[2].is_null());
    assert!(parse("").expect("parses").is_empty());
    assert!(parse("# only a comment\n").expect("parses").is_empty());
}

#[test]
fn marks_count_from_zero_in_bytes() {
    let text = "é: ü\nlist:\n  - rule: x\n    condition: >\n      a = b\n    other: [1, 'q']\n";
    let node = one(text);
    let item = &node.get("list").expect("list").items()[0];
    assert_eq!((item.mark.line, item.mark.column), (2, 4));
    let (key, condition) = item.entry("condition").expect("condition");
    assert_eq!((key.mark.line, key.mark.column), (3, 4));
    assert_eq!((condition.mark.line, condition.mark.column), (3, 15), "the block's sign");
    assert_eq!(text.as_bytes()[condition.mark.offset as usize], b'>');
    let other = item.get("other").expect("other");
    assert_eq!((other.mark.line, other.mark.column), (5, 11));
    assert_eq!((other.items()[1].mark.line, other.items()[1].mark.column), (5, 15));
}

/// Each case: a document whose value has a `#` in its text form; the place found must be the file's `#`.
#[test]
fn a_place_in_a_text_leads_back_to_the_file() {
    let cases = [
        "k: plain #x",
        "k: plain\n  folded\n  over#here\n",
        "k: >\n  folded\n  lines\n\n  and a\n    deeper one\n  then #it\n",
        "k: >-\n  #first\n",
        "k: |\n  kept\n   lines\n\n  and #it é\n",
        "k: |2\n    é kept\n  #it\n",
        "k: 'it''s\n  é single''\n\n  #quoted'\n",
        "k: \"tab\\t \\u00e9 \\x41 \\\" folded\n   over \\\n   escaped #break\"\n",
        "k: \"a\\nb#c\"\n",
        "k: [a, 'b', c#d]\n",
    ];
    for text in cases {
        let text = text.replace('#', "@");
        let node = one(&text);
        let value = node.get("k").expect("k");
        let value = value.items().last().unwrap_or(value);
        let at = value.as_str().and_then(|s| s.find('@')).expect("sign in the text");
        let origin = origin_of(&text, value, at);
        assert_eq!(text.as_bytes().get(origin), Some(&b'@'), "{text:?}: {}", &text[..origin]);
    }
}

#[test]
fn every_place_leads_somewhere() {
    let text = "k: >\n  a b\n\n  c\n   d\nq: \"x\\n\\n y\n\n  z\"\n";
    let node = one(text);
    for key in ["k", "q"] {
        let value = node.get(key).expect("key");
        let len = value.as_str().map_or(0, str::len);
        let mut last = 0;
        for offset in 0..len + 3 {
            let origin = origin_of(text, value, offset);
            assert!(origin >= last && origin <= value.span.end as usize, "{key} {offset}");
            last = origin;
        }
    }
}

#[test]
fn aliases_copy_within_a_budget() {
    let node = one("a: &x [1, {b: c}]\nd: *x\n");
    assert_eq!(node.get("a").map(Node::items), node.get("d").map(Node::items));
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for i in 1..20 {
        let line = format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 10].join(", "));
        bomb.push_str(&line);
    }
    assert!(matches!(parse(&bomb), Err(YamlError::AliasBudget { .. })));
    assert!(matches!(parse("a: &x [*x]"), Err(YamlError::Recursive { .. })));
}

#[test]
fn depth_is_bounded() {
    let deep = |n: usize| format!("{}x{}", "[".repeat(n), "]".repeat(n));
    assert!(parse(&deep(100)).is_ok());
    assert!(parse(&deep(100_000)).is_err());
    assert!(matches!(parse(&"- ".repeat(2_000)), Err(YamlError::TooDeep { .. })));
}

#[test]
fn errors_have_a_place() {
    for (text, line, column) in [("a: 1\nb: [1, 2\nc: 3\n", 2, 1), ("a: b: c\n", 0, 4), ("a:\n\t- b\n", 1, 1)] {
        let error = parse(text).expect_err(text);
        assert_eq!((error.mark().line, error.mark().column), (line, column), "{text:?}: {error}");
    }
}

#[test]
fn a_dump_reads_back() {
    let text = "a: [1, 'true', ~, \"q\\\"\\n\"]\nb: {c: 'x: y', d: yes}\n'k k': ''\ne: -1.5e3\n";
    let node = one(text);
    let again = one(&node.dump());
    assert_eq!(node.to_json(), again.to_json());
    assert_eq!(one(&Node::from_json(&node.to_json()).dump()).to_json(), node.to_json());
    assert_eq!(
        node.to_json(),
        serde_json::json!({"a": [1, "true", null, "q\"\n"], "b": {"c": "x: y", "d": true}, "k k": "", "e": -1500.0})
    );
}

#[test]
fn a_tree_can_be_changed() {
    let mut node = one("a: {b: 1}\nl: [x]\n");
    assert!(node.get_mut("a").is_some_and(|a| a.set("c", Node::scalar("2")) && a.set("b", Node::scalar("3"))));
    node.get_mut("l").and_then(Node::items_mut).expect("list").push(Node::scalar("z"));
    assert_eq!(node.to_json(), serde_json::json!({"a": {"b": 3, "c": 2}, "l": ["x", "z"]}));
    assert!(!Node::scalar("x").set("k", Node::new(Kind::Null)));
}
