use std::borrow::Cow;

use crate::{Fault, Tape, compact};

fn text(json: &str, pointer: &str) -> Option<String> {
    let mut tape = Tape::default();
    Some(tape.parse(json.as_bytes()).unwrap().pointer(pointer)?.text().into_owned())
}

#[test]
fn text_keeps_document_order() {
    let json = r#"{ "b": [1, "x\n", null], "a": {"z": true, "y": -2.5e+3} }"#;
    assert_eq!(text(json, "").unwrap(), r#"{"b":[1,"x\n",null],"a":{"z":true,"y":-2.5e+3}}"#);
    assert_eq!(text(json, "a/z").unwrap(), "true");
    assert_eq!(text(json, "b/1").unwrap(), "x\n");
    assert_eq!(text(json, "b/2").unwrap(), "null");
    assert_eq!(compact(r#"{"a b":"c \" d"}"#), Cow::Borrowed(r#"{"a b":"c \" d"}"#));
}

#[test]
fn pointers() {
    let json = r#"{"a/b":{"c~d":[10,{"e":"f"}]}}"#;
    assert_eq!(text(json, "/a~1b/c~0d/1/e").as_deref(), Some("f"));
    assert_eq!(text(json, "a~1b/c~0d/0").as_deref(), Some("10"));
    assert_eq!(text(json, "").as_deref(), Some(json));
    assert_eq!(text(json, "/a~1b/c~0d/2"), None);
    assert_eq!(text(json, "/a~1b/c~0d/x"), None);
}

#[test]
fn strings_without_escapes_borrow_and_others_are_read() {
    let mut tape = Tape::default();
    let value = tape.parse(br#"{"plain":"text","k\u0065y":"\u00e9\ud83d\ude00\ud800\/"}"#).unwrap();
    assert!(matches!(value.get("plain").unwrap().as_str(), Some(Cow::Borrowed("text"))));
    assert_eq!(value.get("key").unwrap().as_str().unwrap(), "\u{e9}\u{1f600}\u{fffd}/");
    assert!(value.get("plain").unwrap().is("text") && !value.is("text"));
}

#[test]
fn of_two_equal_keys_the_last_counts() {
    assert_eq!(text(r#"{"a":1,"a":{"b":2}}"#, "a/b").as_deref(), Some("2"));
}

#[test]
fn keys_that_look_alike_are_told_apart() {
    let json = r#"{"abcd":1,"acbd":2,"":3,"\u0061cbd2":4}"#;
    assert_eq!(text(json, "abcd").as_deref(), Some("1"));
    assert_eq!(text(json, "acbd").as_deref(), Some("2"));
    assert_eq!(text(json, "/").as_deref(), Some("3"));
    assert_eq!(text(json, "acbd2").as_deref(), Some("4"));
    assert_eq!(text(json, "abbd"), None);
}

#[test]
fn keys_with_escapes_and_long_ones_are_found_and_told() {
    let long = "k".repeat(70_000);
    let json = format!(r#"{{"{long}":1,"{long}x":2,"a\"b":3,"a\u0022b":4,"\u0061\\\n":5}}"#);
    let mut tape = Tape::default();
    let value = tape.parse(json.as_bytes()).unwrap();
    let number = |key: &str| value.get(key).and_then(crate::Value::as_u64);
    assert_eq!((number(&long), number(&format!("{long}x")), number(&long[1..])), (Some(1), Some(2), None));
    assert_eq!((number("a\"b"), number("a\\\n"), number(r#"a\"b"#)), (Some(4), Some(5), None));
    let keys: Vec<_> = value.entries().skip(2).map(|(key, _)| key.into_owned()).collect();
    assert_eq!(keys, ["a\"b", "a\"b", "a\\\n"]);
}

/// What `serde_json` takes and what this takes are the same, and they read the same.
#[test]
fn agrees_with_serde_json() {
    let seeds = [
        r#"{"a":[1,2.5,-0,1e9,true,false,null,"x"],"b":{"c":{}},"d":[],"e":"\u0041\n\\"}"#,
        r#"[[],{},"",0,-1.5E-3]"#,
        " { \"k\" : \"v\" , \"l\" : [ 1 , 2 ] }\t\n",
        "\"0123456789abcdef\\\"ghijklmnop\"",
        "{\n\t\"a b\" : [\r\n1,\t\"c\\td\" ]\n}\n",
        "[\n\"a line\nbreak\"]",
        "[01]",
        "[1.]",
        "[-]",
        "[.5]",
        "[1e]",
        "{\"a\"}",
        "{\"a\":}",
        "[1,]",
        "{,}",
        "nul",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\x07\"",
        "",
        "1 2",
    ];
    let mut tape = Tape::default();
    let mut taken = 0;
    for seed in seeds {
        for cut in 0..=seed.len() {
            for replaced in [None, Some(b'"'), Some(b'}'), Some(b'0'), Some(b','), Some(b'\\'), Some(0x1f), Some(0xff)]
            {
                let mut bytes = seed.as_bytes().to_vec();
                match replaced {
                    None => bytes.truncate(cut),
                    Some(byte) if cut < bytes.len() => bytes[cut] = byte,
                    Some(_) => continue,
                }
                let expected = serde_json::from_slice::<serde_json::Value>(&bytes);
                let shown = String::from_utf8_lossy(&bytes).into_owned();
                match (tape.parse(&bytes), expected) {
                    (Ok(value), Ok(expected)) => {
                        taken += 1;
                        assert_eq!(serde_json::to_value(value).unwrap(), expected, "{shown}");
                        let again: serde_json::Value = serde_json::from_str(&compact(value.raw())).unwrap_or_default();
                        assert!(again == expected || expected.is_string(), "{shown}");
                    }
                    (Err(_), Err(_)) => {}
                    (ours, theirs) => panic!("{shown}: {ours:?} and {theirs:?}"),
                }
            }
        }
    }
    assert!(taken > 100, "{taken}");
}

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }

    fn blank(&mut self, out: &mut String) {
        out.push_str(["", "", "", " ", "\n", "\r\n\t"][self.below(6)]);
    }

    fn string(&mut self, out: &mut String) {
        out.push('"');
        for _ in 0..[0, 1, 3, 9, 70][self.below(5)] {
            let parts = [
                "a",
                "é",
                "€",
                "\u{1f600}",
                "\\n",
                "\\\"",
                "\\\\",
                "\\/",
                "\\u00e9",
                "\\ud83d\\ude00",
                "0",
                "{",
                "]",
                " ",
                "xyz",
            ];
            out.push_str(parts[self.below(parts.len())]);
        }
        out.push('"');
    }

    fn value(&mut self, depth: usize, out: &mut String) {
        self.blank(out);
        match if depth > 4 { 9 } else { self.below(12) } {
            0..4 => {
                out.push('{');
                for n in 0..self.below(5) {
                    out.push_str(if n > 0 { "," } else { "" });
                    self.blank(out);
                    if self.below(4) == 0 {
                        out.push_str("\"same\"")
                    } else {
                        self.string(out)
                    }
                    self.blank(out);
                    out.push(':');
                    self.value(depth + 1, out);
                }
                self.blank(out);
                out.push('}');
            }
            4..6 => {
                out.push('[');
                for n in 0..self.below(5) {
                    out.push_str(if n > 0 { "," } else { "" });
                    self.value(depth + 1, out);
                }
                self.blank(out);
                out.push(']');
            }
            6..9 => self.string(out),
            _ => out.push_str(["0", "-1", "12.5", "1e9", "-0.25E-3", "true", "false", "null"][self.below(8)]),
        }
        self.blank(out);
    }
}

/// Documents of any shape, whole, cut off and with bytes changed: taken when `serde_json` takes them, and read the same; and what stands
/// among other things is found to end where it ends.
#[test]
fn random_documents_are_read_as_by_serde_json() {
    let (mut random, mut tape, mut taken) = (Random(0x9e37_79b9_7f4a_7c15), Tape::default(), 0);
    for _ in 0..20_000 {
        let mut text = String::new();
        random.value(0, &mut text);
        let expected: serde_json::Value = serde_json::from_str(&text).unwrap();
        let value = tape.parse(text.as_bytes()).unwrap_or_else(|fault| panic!("{text:?}: {fault}"));
        assert_eq!(serde_json::to_value(value).unwrap(), expected, "{text:?}");
        let end = text.trim_ascii_end().len();
        if expected.is_object() || expected.is_array() {
            let among = format!("{text},{text}");
            assert_eq!(tape.read(&among, 0), Ok(end), "{text:?}");
            let start = among.len() - text.len();
            assert_eq!(tape.read(&among, start), Ok(start + end), "{text:?}");
        }
        let mut bytes = text.into_bytes();
        for _ in 0..3 {
            let at = random.below(bytes.len());
            let byte = b"\"\\{}[]:,\n 0u-e.\x1f\xc3"[random.below(17)];
            match random.below(4) {
                0 => bytes.truncate(at),
                1 => bytes[at] = byte,
                2 => drop(bytes.remove(at)),
                _ => bytes.insert(at, byte),
            }
            if bytes.is_empty() {
                break;
            }
            let shown = String::from_utf8_lossy(&bytes).into_owned();
            match (tape.parse(&bytes), serde_json::from_slice::<serde_json::Value>(&bytes)) {
                (Ok(value), Ok(expected)) => {
                    taken += 1;
                    assert_eq!(serde_json::to_value(value).unwrap(), expected, "{shown:?}");
                }
                (Err(_), Err(_)) => {}
                // Half of a surrogate pair reads as U+FFFD here; a number may be larger than a double.
                (Ok(_), Err(error)) => {
                    let known = ["surrogate", "out of range", "hex escape"];
                    assert!(known.iter().any(|known| error.to_string().contains(known)), "{shown:?}: {error}");
                }
                (Err(fault), Ok(_)) => panic!("{shown:?}: {fault}"),
            }
        }
    }
    assert!(taken > 1000, "{taken}");
}

#[test]
fn what_is_no_document_is_told_why() {
    let fault = |text: &[u8]| Tape::default().parse(text).map(|_| ()).unwrap_err();
    assert_eq!(fault(&[b'['; 100_000]), Fault::Deep);
    assert_eq!(fault(b"{\"a\":\xff}"), Fault::Utf8);
    assert_eq!(fault(b"{} x"), Fault::Syntax(3));
    assert_eq!(fault(b""), Fault::Syntax(0));
}

/// Control characters are looked for when all else has been read; the fault is the one that stands first all the same.
#[test]
fn control_characters_in_strings_are_told_where_they_stand() {
    let fault = |text: &str| Tape::default().parse(text.as_bytes()).map(|_| ()).unwrap_err();
    assert_eq!(fault("[1,\n\"a\tb\",2]"), Fault::Syntax(6));
    assert_eq!(fault("[1,\n\"a\tb\",x]"), Fault::Syntax(6));
    assert_eq!(fault("[x,\n\"a\tb\"]"), Fault::Syntax(1));
    assert_eq!(fault("\"\\\"\u{1}"), Fault::Syntax(3));
    assert_eq!(fault(&format!("[\"\t\",{}", "[".repeat(200))), Fault::Syntax(2));
    assert_eq!(fault(&format!("[\n{}\"\t\"", "[".repeat(200))), Fault::Deep);
    // As many as there are breaks, one of them in the wrong place.
    assert_eq!(fault("[\n1,\u{1}2,\"\n\"]"), Fault::Syntax(4));
}

#[test]
fn a_value_may_stand_among_others() {
    let mut tape = Tape::default();
    let text = r#"[{"a":1},{"b":2}]"#;
    let end = tape.read(&text[1..], 0).unwrap();
    assert_eq!(&text[1 + end..], r#",{"b":2}]"#);
    assert_eq!(tape.root(&text[1..]).raw(), r#"{"a":1}"#);
}
