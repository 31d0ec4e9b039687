//! Rules files that nobody would write: they cost an error, never a panic, a hang or memory without bound.

mod load_support;

use lanner_engine::load::{LoadResult, Loader, Settings};
use lanner_engine::yaml::{origin_of, parse};

fn load(text: &str) -> (Loader, LoadResult) {
    let mut settings = Settings::new(load_support::sources());
    settings.all_errors = true;
    let mut loader = Loader::new(settings);
    let result = loader.load("hostile.yaml", text);
    (loader, result)
}

fn exercise(text: &str) {
    let (loader, result) = load(text);
    let files = loader.files();
    assert!(!result.text(files).is_empty());
    assert!(result.json(files).is_object());
    assert!(loader.describe().is_object());
    if result.successful() {
        assert!(loader.source_rules("syscall").is_some());
    }
    for diagnostic in &result.diagnostics {
        let place = diagnostic.context.place();
        assert!(place.start.offset as usize <= text.len() && place.start <= place.end, "{place:?}");
    }
}

/// The same numbers each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

/// Texts of all the cases and golden inputs, as seeds.
fn seeds() -> Vec<String> {
    let mut seeds = Vec::new();
    for folder in ["load_cases", "load_golden"] {
        let dir = format!("{}/tests/{folder}", env!("CARGO_MANIFEST_DIR"));
        let mut paths: Vec<_> =
            std::fs::read_dir(dir).expect("a folder").map(|e| e.expect("an entry").path()).collect();
        paths.sort();
        for path in paths.iter().filter(|p| p.extension().is_some_and(|e| e == "yaml")) {
            let text = std::fs::read_to_string(path).expect("readable");
            if folder == "load_golden" {
                seeds.push(text);
                continue;
            }
            for document in parse(&text).expect("cases are YAML") {
                for case in document.items() {
                    let input = case.get("in").or(case.get("rule")).and_then(|n| n.as_str());
                    seeds.extend(input.filter(|text| text.len() < 1500 && !text.contains("m7")).map(str::to_owned));
                }
            }
        }
    }
    seeds
}

#[test]
fn mutated_files() {
    const SPICE: &[&str] = &[
        "\"",
        "'",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ":",
        "- ",
        "\n",
        "\\",
        "%",
        "&a ",
        "*a",
        "!",
        "|",
        ">",
        " and ",
        " or ",
        "not ",
        "é",
        "\u{1F600}",
        "\t",
        "\0",
        ",",
        "=",
        "<NA>",
        "append",
        "override:",
        "~",
        "---\n",
        "#",
        "\r\n",
        "  ",
        "exists",
        "in (",
        "val(",
        "0x",
        "18446744073709551616",
        "proc.name",
        "%proc.name",
        "?",
        "<<: ",
    ];
    let seeds = seeds();
    assert!(seeds.len() > 100);
    let mut numbers = Numbers(42);
    for round in 0..4_000 {
        let mut text = seeds[round % seeds.len()].clone();
        for _ in 0..=numbers.below(4) {
            let mut at = numbers.below(text.len() + 1);
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            match numbers.below(4) {
                0 => text.truncate(at),
                1 => {
                    let end = (at..=text.len()).skip(1 + numbers.below(6)).find(|e| text.is_char_boundary(*e));
                    text.replace_range(at..end.unwrap_or(at), "");
                }
                2 => text.insert_str(at, SPICE[numbers.below(SPICE.len())]),
                _ => {
                    let other = &seeds[numbers.below(seeds.len())];
                    let line = other.lines().nth(numbers.below(8)).unwrap_or("");
                    text.insert_str(at, line);
                }
            }
        }
        exercise(&text);
        if let Ok(documents) = parse(&text) {
            for node in documents.iter().flat_map(|d| d.items()).flat_map(|i| i.entries()).map(|(_, value)| value) {
                for offset in 0..=node.as_str().map_or(0, str::len) {
                    let origin = origin_of(&text, node, offset);
                    assert!(origin <= text.len());
                }
            }
        }
    }
}

fn rule(condition: &str) -> String {
    let condition = serde_json::Value::from(condition).to_string();
    format!("- {{rule: r, desc: d, output: o, priority: error, condition: {condition}}}\n")
}

#[test]
fn deep_conditions() {
    for deep in [10, 150, 1_000, 100_000] {
        let text = rule(&format!("{}evt.type=open{}", "(".repeat(deep), ")".repeat(deep)));
        exercise(&text);
        assert_eq!(load(&text).1.successful(), deep <= 150, "{deep}");
        exercise(&rule(&format!("evt.type=open and {}proc.name=x", "not ".repeat(deep))));
        exercise(&rule(&format!("evt.type=open and {}proc.name{} = x", "tolower(".repeat(deep), ")".repeat(deep))));
    }
}

/// Each macro negates the one before: the text of each is short, the tree of the last is as deep as there are macros.
#[test]
fn macros_stacked_on_macros() {
    for (count, good) in [(200, true), (2_000, false)] {
        let mut text = "- {macro: m0, condition: proc.name=x}\n".to_owned();
        for i in 1..count {
            // Each step nests two levels: `and` and `not`.
            text.push_str(&format!("- {{macro: m{i}, condition: not m{} and fd.name=y}}\n", i - 1));
        }
        text.push_str(&rule(&format!("evt.type=open and m{}", count - 1)));
        assert_eq!(load(&text).1.successful(), good, "{count}");
        exercise(&text);
    }
    let mut chain = String::new();
    for i in 0..20_000 {
        chain.push_str(&format!("- {{macro: m{i}, condition: m{}}}\n", i + 1));
    }
    for i in 0..20_000 {
        chain.push_str(&format!("- {{macro: m{i}, condition: and m{}, append: true}}\n", i + 1));
    }
    let mut loader = Loader::new(Settings::new(load_support::sources()));
    assert!(!loader.load("chain", &chain).successful());
}

#[test]
fn lists_that_grow() {
    let items: Vec<String> = (0..1_000).map(|i| format!("i{i}")).collect();
    let mut text = format!("- {{list: l0, items: [{}]}}\n", items.join(", "));
    for i in 1..8 {
        // Later lists are found in the items of earlier ones.
        let names = vec![format!("k{i}"); 100].join(", ");
        text.push_str(&format!("- {{list: k{}, items: [{names}]}}\n", i - 1));
    }
    text.push_str("- {list: k7, items: [x, l0]}\n");
    text.push_str(&rule("evt.type=open and proc.name in (k0)"));
    let (_, result) = load(&text);
    let errors: Vec<_> = result.errors().map(|e| e.message.as_str()).collect();
    assert!(errors.len() == 1 && errors[0].contains("more than"), "{errors:?}");
}

#[test]
fn long_lines_and_many_items() {
    let long = "x".repeat(300_000);
    exercise(&rule(&format!("evt.type=open and proc.name = {long}")));
    exercise(&format!("- rule: {long}\n"));
    exercise(&"- rule: r\n".repeat(3_000));
    exercise(&format!("- list: l\n  items: [{}]\n", vec!["a"; 50_000].join(",")));
    let appends = "- {list: l, items: [b], override: {items: append}}\n".repeat(5_000);
    exercise(&format!("- {{list: l, items: [a]}}\n{appends}"));
    let appends = "- {rule: r, condition: or evt.type=openat, override: {condition: append}}\n".repeat(3_000);
    exercise(&format!("{}{appends}", rule("evt.type=open")));
}
