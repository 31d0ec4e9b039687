//! A strict reader of Prometheus' text format 0.0.4: what a scraper may refuse, this refuses.

use std::collections::{BTreeMap, BTreeSet};

/// One series.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

/// A page.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page(pub(crate) Vec<Sample>);

impl Page {
    /// The series with this name and these among its labels.
    pub(crate) fn find(&self, name: &str, labels: &[(&str, &str)]) -> Option<&Sample> {
        let has =
            |sample: &Sample| labels.iter().all(|(key, value)| sample.labels.get(*key).is_some_and(|v| v == value));
        self.0.iter().find(|sample| sample.name == name && has(sample))
    }

    /// Its value.
    pub(crate) fn get(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.find(name, labels).unwrap_or_else(|| panic!("no {name} {labels:?} among {:#?}", self.0)).value
    }
}

/// Reads a page.
pub(crate) fn read(text: &str) -> Result<Page, String> {
    let mut page = Page::default();
    let mut series = BTreeSet::new();
    let mut families = BTreeSet::new();
    let mut family: Option<(String, Option<String>)> = None;
    if !text.ends_with('\n') {
        return Err("the last line has no end".into());
    }
    for line in text.lines() {
        let at = |why: &str| format!("{why}: {line}");
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, _) = rest.split_once(' ').ok_or_else(|| at("no help"))?;
            if !families.insert(name.to_owned()) {
                return Err(at("a family twice, or in two parts"));
            }
            family = Some((name.to_owned(), None));
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').ok_or_else(|| at("no type"))?;
            match &mut family {
                Some((known, of @ None)) if known == name => *of = Some(kind.to_owned()),
                _ => return Err(at("a type where none belongs")),
            }
            if !matches!(kind, "counter" | "gauge") {
                return Err(at("an unexpected type"));
            }
        } else if line.starts_with('#') || line.is_empty() {
            return Err(at("a line that says nothing"));
        } else {
            let (name, labels, value) = sample(line).ok_or_else(|| at("no sample"))?;
            let Some((known, Some(kind))) = &family else { return Err(at("a sample without a family")) };
            if *known != name {
                return Err(at("a sample of another family"));
            }
            if !series.insert((name.clone(), labels.clone())) {
                return Err(at("a series twice"));
            }
            if kind == "counter" && value < 0.0 {
                return Err(at("a counter below zero"));
            }
            page.0.push(Sample { name, kind: kind.clone(), labels, value });
        }
    }
    Ok(page)
}

fn is_name(text: &str, colon: bool) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || (colon && c == ':');
    !text.is_empty() && text.chars().all(fits) && !text.starts_with(|c: char| c.is_ascii_digit())
}

fn sample(line: &str) -> Option<(String, BTreeMap<String, String>, f64)> {
    let end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = BTreeMap::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        loop {
            let (key, after) = rest.split_once("=\"")?;
            let (value, after) = quoted(after)?;
            if !is_name(key, false) || key.starts_with("__") || labels.insert(key.to_owned(), value).is_some() {
                return None;
            }
            match after.strip_prefix(',') {
                Some(more) => rest = more,
                None => {
                    rest = after.strip_prefix('}')?;
                    break;
                }
            }
        }
    }
    let value = rest.strip_prefix(' ')?;
    let number = value.parse().ok()?;
    is_name(name, true).then(|| (name.to_owned(), labels, number))
}

/// A text up to its closing quote, and what follows that.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((out, &text[at + 1..])),
            '\\' => out.push(match chars.next()?.1 {
                'n' => '\n',
                c @ ('\\' | '"') => c,
                _ => return None,
            }),
            c => out.push(c),
        }
    }
    None
}

#[test]
fn the_reader_refuses_what_a_scraper_refuses() {
    let head = "# HELP a x\n# TYPE a counter\n";
    assert_eq!(read(&format!("{head}a{{b=\"c\\\"\\\\d\"}} 1\na 2\n")).unwrap().0.len(), 2);
    for bad in
        ["a 1", "a{b=\"c\" 1\n", "a{b=\"c\",b=\"d\"} 1\n", "a{1=\"c\"} 1\n", "a x\n", "b 1\n", "a 1\na 1\n", "a  1\n"]
    {
        assert!(read(&format!("{head}{bad}")).is_err(), "{bad}");
    }
    assert!(read("a 1\n").is_err());
    assert!(read(&format!("{head}a 1\n{head}a{{b=\"c\"}} 1\n")).is_err(), "a family in two parts");
}
