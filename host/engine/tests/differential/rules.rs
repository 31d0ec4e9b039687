//! Random rule files of lists, macros, rules and exceptions, and files that change them; and what each rule then means, spelled
//! out without any of these: one condition as text, made here and not by what is tested.

use std::fmt::Write as _;

use lanner_engine::check::Condition;
use lanner_engine::parse::parse;
use lanner_engine::scheme::Scheme;

use super::checks::{check, quoted};
use super::support::random::Random;

/// A list of texts: its own, and those of lists before it.
#[derive(Clone)]
struct List {
    items: Vec<String>,
    of: Vec<usize>,
}

/// A condition before names are replaced.
#[derive(Clone)]
enum Tree {
    Check(String),
    /// A field, an operator, and the list behind it.
    Listed(String, usize),
    Macro(usize),
    And(Vec<Tree>),
    Or(Vec<Tree>),
    Not(Box<Tree>),
}

/// Rows of values, each of which silences a rule.
#[derive(Clone)]
struct Exception {
    fields: Vec<&'static str>,
    comps: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

#[derive(Clone)]
struct Rule {
    tree: Tree,
    exceptions: Vec<Exception>,
    enabled: bool,
}

/// All that was loaded so far.
#[derive(Clone)]
pub(super) struct Model {
    lists: Vec<List>,
    macros: Vec<Tree>,
    rules: Vec<Rule>,
    width: usize,
}

const INDENT: &str = "  ";

impl Model {
    /// So many rules, and the file that has them.
    pub(super) fn new(r: &mut Random, scheme: &Scheme, rules: usize, width: usize) -> (Self, String) {
        let mut model = Model { lists: Vec::new(), macros: Vec::new(), rules: Vec::new(), width };
        for n in 0..3 + r.below(3) {
            // As in Falco, a list inside a list inside a list is not looked into.
            let flat: Vec<usize> = (0..n).filter(|other| model.lists[*other].of.is_empty()).collect();
            let of = flat.into_iter().filter(|_| r.below(3) == 0).collect();
            let items = (0..1 + r.below(5)).map(|_| model.item(r)).collect();
            model.lists.push(List { items, of });
        }
        for _ in 0..2 + r.below(4) {
            let tree = model.tree(r, scheme, 2);
            model.macros.push(tree);
        }
        for _ in 0..rules {
            let rule = model.rule(r, scheme);
            model.rules.push(rule);
        }
        let mut text = String::new();
        for n in 0..model.lists.len() {
            let _ = writeln!(text, "- list: list_{n}\n{INDENT}items: [{}]", model.lists[n].written());
        }
        for n in 0..model.macros.len() {
            let _ = writeln!(text, "- macro: macro_{n}\n{INDENT}condition: {}", yaml(&model.macros[n].written()));
        }
        for n in 0..model.rules.len() {
            model.write_rule(n, &mut text);
        }
        (model, text)
    }

    /// Another file: things are appended to, replaced, switched off and on, defined anew.
    pub(super) fn change(&mut self, r: &mut Random, scheme: &Scheme) -> String {
        let mut text = String::new();
        for _ in 0..2 + r.below(6) {
            match r.below(6) {
                0 => {
                    let (n, item) = (r.below(self.lists.len()), self.item(r));
                    let _ = writeln!(text, "- list: list_{n}\n{INDENT}items: [{}]", quoted(&item));
                    let _ = writeln!(text, "{INDENT}override: {{items: append}}");
                    self.lists[n].items.push(item);
                }
                1 => {
                    let (n, more) = (r.below(self.macros.len()), self.comparison(r, scheme));
                    let _ = writeln!(
                        text,
                        "- macro: macro_{n}\n{INDENT}condition: {}",
                        yaml(&format!("or {}", more.written()))
                    );
                    let _ = writeln!(text, "{INDENT}override: {{condition: append}}");
                    self.macros[n] = Tree::Or(vec![self.macros[n].clone(), more]);
                }
                2 => {
                    let (n, more) = (r.below(self.rules.len()), self.tree(r, scheme, 1));
                    let _ = writeln!(
                        text,
                        "- rule: rule {n}\n{INDENT}condition: {}",
                        yaml(&format!("and {}", more.written()))
                    );
                    let _ = writeln!(text, "{INDENT}override: {{condition: append}}");
                    self.rules[n].tree = Tree::And(vec![self.rules[n].tree.clone(), more]);
                }
                3 => {
                    let (n, tree) = (r.below(self.rules.len()), self.tree(r, scheme, 3));
                    let _ = writeln!(text, "- rule: rule {n}\n{INDENT}condition: {}", yaml(&tree.written()));
                    let _ = writeln!(text, "{INDENT}override: {{condition: replace}}");
                    self.rules[n].tree = tree;
                }
                4 => {
                    let n = r.below(self.rules.len());
                    self.rules[n].enabled = !self.rules[n].enabled;
                    let _ = writeln!(text, "- rule: rule {n}\n{INDENT}enabled: {}", self.rules[n].enabled);
                    let _ = writeln!(text, "{INDENT}override: {{enabled: replace}}");
                }
                _ => {
                    let n = r.below(self.rules.len());
                    self.rules[n] = self.rule(r, scheme);
                    self.write_rule(n, &mut text);
                }
            }
        }
        text
    }

    /// What the rules that are on mean, in load order.
    pub(super) fn meanings(&self) -> Vec<String> {
        let rules = self.rules.iter().filter(|rule| rule.enabled);
        rules
            .map(|rule| {
                let mut text = self.spelled(&rule.tree);
                for exception in rule.exceptions.iter().filter(|exception| !exception.rows.is_empty()) {
                    let _ = write!(text, " and not ({})", exception.spelled());
                }
                text
            })
            .collect()
    }

    fn item(&self, r: &mut Random) -> String {
        let n = r.below(self.width);
        [format!("tool{n}"), format!("nginx{n}"), format!("/usr/bin/tool{n}"), "ng".to_owned(), "a b".to_owned()]
            [r.below(5)]
        .clone()
    }

    /// A comparison that the language allows.
    fn comparison(&self, r: &mut Random, scheme: &Scheme) -> Tree {
        loop {
            let text = check(r, self.width);
            if parse(&text, 0).is_ok_and(|expr| Condition::check(&expr, scheme).is_ok()) {
                return Tree::Check(text);
            }
        }
    }

    fn tree(&self, r: &mut Random, scheme: &Scheme, depth: usize) -> Tree {
        let parts = |r: &mut Random| (0..2 + r.below(2)).map(|_| self.tree(r, scheme, depth - 1)).collect();
        match r.below(if depth == 0 { 4 } else { 10 }) {
            0 if !self.lists.is_empty() => {
                let left = r.pick(&[
                    "t.name in",
                    "t.other in",
                    "any.name in",
                    "l.text intersects",
                    "t.path pmatch",
                    "t.name = oneof",
                ]);
                Tree::Listed(left.to_owned(), r.below(self.lists.len()))
            }
            1 if !self.macros.is_empty() => Tree::Macro(r.below(self.macros.len())),
            4..=6 => Tree::And(parts(r)),
            7 | 8 => Tree::Or(parts(r)),
            9 => Tree::Not(Box::new(self.tree(r, scheme, depth - 1))),
            _ => self.comparison(r, scheme),
        }
    }

    fn rule(&self, r: &mut Random, scheme: &Scheme) -> Rule {
        let exceptions = (0..r.below(3)).map(|_| self.exception(r)).collect();
        Rule { tree: self.tree(r, scheme, 3), exceptions, enabled: r.below(12) > 0 }
    }

    fn exception(&self, r: &mut Random) -> Exception {
        let fields: Vec<&'static str> = ["t.name", "t.other", "t.path"][..1 + r.below(3)].to_vec();
        let comps = fields.iter().map(|_| r.pick(&["=", "startswith", "endswith", "contains"])).collect();
        let rows = (0..r.below(4)).map(|_| fields.iter().map(|_| self.item(r)).collect()).collect();
        Exception { fields, comps, rows }
    }

    fn write_rule(&self, n: usize, text: &mut String) {
        let rule = &self.rules[n];
        let _ = writeln!(text, "- rule: rule {n}\n{INDENT}desc: one\n{INDENT}output: one\n{INDENT}priority: INFO");
        let _ = writeln!(text, "{INDENT}warn_evttypes: false\n{INDENT}enabled: {}", rule.enabled);
        let _ = writeln!(text, "{INDENT}condition: {}", yaml(&rule.tree.written()));
        if !rule.exceptions.is_empty() {
            let _ = writeln!(text, "{INDENT}exceptions:");
        }
        for (at, exception) in rule.exceptions.iter().enumerate() {
            let _ = writeln!(text, "{INDENT}- name: exception_{at}");
            let _ = writeln!(text, "{INDENT}{INDENT}fields: [{}]", exception.fields.join(", "));
            let comps: Vec<String> = exception.comps.iter().map(|comp| quoted(comp)).collect();
            let _ = writeln!(text, "{INDENT}{INDENT}comps: [{}]", comps.join(", "));
            let row =
                |row: &Vec<String>| format!("[{}]", row.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(", "));
            let rows: Vec<String> = exception.rows.iter().map(row).collect();
            let _ = writeln!(text, "{INDENT}{INDENT}values: [{}]", rows.join(", "));
        }
    }

    fn spelled(&self, tree: &Tree) -> String {
        let join = |parts: &[Tree], word: &str| {
            format!("({})", parts.iter().map(|part| self.spelled(part)).collect::<Vec<_>>().join(word))
        };
        match tree {
            Tree::Check(text) => text.clone(),
            Tree::Listed(left, list) => {
                let mut items = Vec::new();
                self.collect(*list, &mut items);
                format!("{left} ({})", items.join(", "))
            }
            Tree::Macro(n) => format!("({})", self.spelled(&self.macros[*n])),
            Tree::And(parts) => join(parts, " and "),
            Tree::Or(parts) => join(parts, " or "),
            Tree::Not(part) => format!("not ({})", self.spelled(part)),
        }
    }

    fn collect(&self, list: usize, items: &mut Vec<String>) {
        self.lists[list].of.iter().for_each(|other| self.collect(*other, items));
        items.extend(self.lists[list].items.iter().map(|item| quoted(item)));
    }
}

impl List {
    fn written(&self) -> String {
        let names = self.of.iter().map(|other| format!("list_{other}"));
        names.chain(self.items.iter().map(|item| quoted(item))).collect::<Vec<_>>().join(", ")
    }
}

impl Tree {
    fn written(&self) -> String {
        let join = |parts: &[Tree], word: &str| {
            format!("({})", parts.iter().map(Tree::written).collect::<Vec<_>>().join(word))
        };
        match self {
            Tree::Check(text) => text.clone(),
            Tree::Listed(left, list) => format!("{left} (list_{list})"),
            Tree::Macro(n) => format!("macro_{n}"),
            Tree::And(parts) => join(parts, " and "),
            Tree::Or(parts) => join(parts, " or "),
            Tree::Not(part) => format!("not ({})", part.written()),
        }
    }
}

impl Exception {
    fn spelled(&self) -> String {
        let cell = |((field, comp), value): ((&&str, &&str), &String)| format!("{field} {comp} {}", quoted(value));
        let row = |row: &Vec<String>| {
            let cells: Vec<String> = self.fields.iter().zip(&self.comps).zip(row).map(cell).collect();
            format!("({})", cells.join(" and "))
        };
        self.rows.iter().map(row).collect::<Vec<_>>().join(" or ")
    }
}

/// A condition as a YAML scalar in single quotes.
fn yaml(condition: &str) -> String {
    format!("'{}'", condition.replace('\'', "''"))
}
