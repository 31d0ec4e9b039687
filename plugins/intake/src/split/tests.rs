use super::*;

/// What is found when the text comes whole, which must be what is found when it comes in pieces of any size.
fn pieces(text: &str, max: usize) -> Vec<String> {
    let run = |size: usize| {
        let mut out = Vec::new();
        let mut splitter = Splitter::new("Records", max);
        let mut found = |piece: Piece<'_>| {
            let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
            out.push(match piece {
                Piece::Item(item) => text(item),
                Piece::TooLong { head, len } => format!("long {len} {}", text(head)),
                Piece::Cut(head) => format!("cut {}", text(head)),
            });
        };
        text.as_bytes().chunks(size).for_each(|chunk| splitter.feed(chunk, &mut found));
        splitter.finish(&mut found);
        out
    };
    let whole = run(text.len().max(1));
    for size in [1, 2, 3, 7] {
        assert_eq!(run(size), whole, "{text} in pieces of {size}");
    }
    whole
}

#[test]
fn items_of_a_list_wherever_it_stands() {
    assert_eq!(pieces(r#"{"Records":[{"a":"]}"},{"b":[1]}],"x":{"y":[2]}}"#, 99), [r#"{"a":"]}"}"#, r#"{"b":[1]}"#]);
    assert_eq!(pieces(r#"{"n":{"Records":[1]}, "Records" : [ 1 , "t" ,null] }"#, 99), ["1", r#""t""#, "null"]);
    assert_eq!(pieces(r#"[{"a":1},[2,3]]"#, 99), [r#"{"a":1}"#, "[2,3]"]);
    assert_eq!(pieces(r#"{"Records":[]}"#, 99), Vec::<String>::new());
}

#[test]
fn objects_without_the_list_are_items() {
    assert_eq!(
        pieces("{\"a\":1}\n{\"b\":\"\\\"}\"}{\"Records\":3}", 99),
        [r#"{"a":1}"#, r#"{"b":"\"}"}"#, r#"{"Records":3}"#]
    );
    assert_eq!(pieces(r#"{"x":"Records","y":[1]}"#, 99), [r#"{"x":"Records","y":[1]}"#]);
    assert_eq!(pieces("17", 99), ["17"]);
}

#[test]
fn long_and_cut_values_are_told() {
    assert_eq!(pieces(r#"{"Records":[{"a":"0123456789"},{"b":1}]}"#, 8), [r#"long 18 {"a":"01"#, r#"{"b":1}"#]);
    assert_eq!(pieces(r#"{"Records":[{"b":1},{"a""#, 9), [r#"{"b":1}"#, r#"cut {"a""#]);
    assert_eq!(pieces(r#"{"Records":[{"b":1}"#, 9), [r#"{"b":1}"#, "cut "]);
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

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }

    /// A JSON value, or nearly.
    fn value(&mut self, depth: usize, out: &mut String) {
        match if depth > 3 { 9 } else { self.below(10) } {
            0..4 => {
                out.push('{');
                for n in 0..self.below(4) {
                    if n > 0 {
                        out.push(',');
                    }
                    out.push_str(self.pick(&[
                        "\"Records\"",
                        "\"Record\"",
                        "\"Records2\"",
                        "\"a\"",
                        "\"\\\"\"",
                        "\"Rec\\u006frds\"",
                    ]));
                    out.push_str(self.pick(&[":", ": ", " :"]));
                    self.value(depth + 1, out);
                    // No JSON, and told apart from a list only by what came before.
                    if self.below(8) == 0 {
                        out.push(':');
                        self.value(depth + 1, out);
                    }
                }
                out.push('}');
            }
            4..6 => {
                out.push('[');
                for n in 0..self.below(4) {
                    if n > 0 {
                        out.push_str(self.pick(&[",", " , "]));
                    }
                    self.value(depth + 1, out);
                }
                out.push(']');
            }
            _ => out.push_str(self.pick(&[
                "1",
                "-2.5e3",
                "true",
                "null",
                "\"\"",
                "\"Records\"",
                "\"a]}\"",
                "\"\\\\\"",
                "\"{[\\\"\"",
                "\"é\"",
                "\"more than eight and sixteen bytes, and more than a block of sixty-four of them\"",
            ])),
        }
    }
}

/// What one of the two finds in a text that comes in these pieces.
macro_rules! found {
    ($splitter:expr, $text:expr, $cuts:expr) => {{
        let (text, mut out, mut splitter): (&[u8], Vec<(u8, u64, Vec<u8>)>, _) = ($text, Vec::new(), $splitter);
        let mut take = |piece: Piece<'_>| {
            out.push(match piece {
                Piece::Item(item) => (0, item.len() as u64, item.to_vec()),
                Piece::TooLong { head, len } => (1, len, head.to_vec()),
                Piece::Cut(head) => (2, 0, head.to_vec()),
            });
        };
        let mut from = 0;
        for &cut in $cuts.iter().chain([&text.len()]) {
            splitter.feed(&text[from..cut], &mut take);
            from = cut;
        }
        splitter.finish(&mut take);
        out
    }};
}

/// Whole, cut once at every place, in single bytes and cut at random: always what the naive one finds in the whole.
fn judge(text: &[u8], max: usize, random: &mut Random) {
    let none: [usize; 0] = [];
    let expected = found!(naive::Naive::new("Records", max), text, none);
    let shown = String::from_utf8_lossy(text);
    let check = |cuts: &[usize]| {
        let found = found!(Splitter::new("Records", max), text, cuts);
        assert_eq!(found, expected, "{shown:?} cut at {cuts:?}, at most {max}");
    };
    check(&[]);
    (0..=text.len()).for_each(|cut| check(&[cut]));
    check(&(0..text.len()).collect::<Vec<_>>());
    for _ in 0..6 {
        let mut cuts: Vec<usize> = (0..random.below(6)).map(|_| random.below(text.len() + 1)).collect();
        cuts.sort_unstable();
        check(&cuts);
    }
}

#[test]
fn however_it_is_cut_the_naive_one_finds_the_same() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..400 {
        let mut text = String::new();
        for _ in 0..1 + random.below(3) {
            if random.below(3) == 0 {
                text.push_str(r#"{"Records":["#);
                random.value(1, &mut text);
                text.push(',');
                random.value(1, &mut text);
                text.push_str(random.pick(&["]}", "],\"x\":[{}]}", "] }", "]", ""]));
            } else {
                random.value(0, &mut text);
            }
            text.push_str(random.pick(&["", "\n", " ", ","]));
        }
        let max = [3, 20, 1000][random.below(3)];
        judge(text.as_bytes(), max, &mut random);
        let mut bytes = text.into_bytes();
        for _ in 0..3 {
            // Cut off, a byte another one, a byte gone, a byte more.
            let at = random.below(bytes.len().max(1));
            let byte = b"\"\\{}[]:,\n 0aR\xff"[random.below(14)];
            match random.below(4) {
                0 => bytes.truncate(at),
                1 if at < bytes.len() => bytes[at] = byte,
                2 if at < bytes.len() => drop(bytes.remove(at)),
                _ => bytes.insert(at, byte),
            }
            judge(&bytes, max, &mut random);
        }
    }
}

/// Found by the fuzzer: the name of a member was taken for that of a later one if a string between them came in two pieces.
#[test]
fn a_name_is_forgotten_in_whatever_pieces_the_next_string_comes() {
    let nonsense =
        b"{\"Records\":{\"k2\x92\xa2\":\"\xafEventList\",\"apiVert\",\"apiVersionageT;}}m2\"e:,7]:[{\"event}\n";
    judge(nonsense, 64, &mut Random(7));
    judge(br#"{"Records":{"k"}:[1,2]}"#, 64, &mut Random(7));
    judge(br#"{"Records":{}:[1,2]}"#, 64, &mut Random(7));
}

/// Who takes objects where they stand, and the others as pieces, finds what the naive one finds.
#[test]
fn what_is_taken_where_it_stands_is_what_would_be_found() {
    struct Taker<'t> {
        text: &'t str,
        max: usize,
        found: Vec<(u8, u64, Vec<u8>)>,
        taken: usize,
    }
    impl Finder for Taker<'_> {
        fn take(&mut self, at: usize, may_have_list: bool) -> Option<usize> {
            let rest = self.text.get(at..)?;
            let mut tape = lanner_json::Tape::default();
            let len = tape.read(rest, 0).ok().filter(|len| *len <= self.max)?;
            if may_have_list && tape.root(rest).get("Records").is_some() {
                return None;
            }
            self.taken += 1;
            self.found.push((0, len as u64, rest.as_bytes()[..len].to_vec()));
            Some(at + len)
        }

        fn piece(&mut self, piece: Piece<'_>) {
            self.found.push(match piece {
                Piece::Item(item) => (0, item.len() as u64, item.to_vec()),
                Piece::TooLong { head, len } => (1, len, head.to_vec()),
                Piece::Cut(head) => (2, 0, head.to_vec()),
            });
        }
    }
    let (mut random, mut taken) = (Random(0x2545_f491_4f6c_dd1d), 0);
    for _ in 0..4000 {
        let mut text =
            String::from(random.pick(&["", "{\"Records\":[", "{\"x\":1,\"Records\" : [ ", "[", "12}{\"Records\":[3}"]));
        for _ in 0..1 + random.below(4) {
            random.value(0, &mut text);
            text.push_str(random.pick(&["", ",", "\n", "}", "]", "\"", "7"]));
        }
        let max = [8, 1000][random.below(2)];
        let none: [usize; 0] = [];
        let expected = found!(naive::Naive::new("Records", max), text.as_bytes(), none);
        let cut = random.below(text.len() + 1);
        for pieces in [vec![text.as_str()], text.split_at_checked(cut).map_or(vec![text.as_str()], |(a, b)| vec![a, b])]
        {
            let mut taker = Taker { text: "", max, found: Vec::new(), taken: 0 };
            let mut splitter = Splitter::new("Records", max);
            for piece in pieces {
                taker.text = piece;
                splitter.feed_to(piece.as_bytes(), &mut taker);
            }
            splitter.finish(&mut |piece| taker.piece(piece));
            assert_eq!(taker.found, expected, "{text:?} cut at {cut}, at most {max}");
            taken += taker.taken;
        }
    }
    assert!(taken > 1000, "{taken}");
}
