//! One document against the table of keys: unknown keys, repeated ones, wrong shapes and wrong values.

use std::ops::Range;

use lanner_engine::load::similar;
use lanner_engine::yaml::{Kind as Yaml, Node as Yam};

use super::retired::retired;
use super::{Checked, Level, values};
use crate::config::env;
use crate::config::keys::{Effect, KEYS, Key, Kind};
use crate::config::meaning::domain;
use crate::config::schema;
use crate::config::trace::{key_text, names};

/// The bytes of a node; empty if only its beginning is known.
pub(super) fn range(node: &Yam) -> Range<usize> {
    let span = node.span.start as usize..node.span.end as usize;
    if node.is_scalar() { span } else { span.start..span.start }
}

/// Looks at a whole document. `expand`: whether `${NAME}` stands for a variable in it.
pub(super) fn walk(checked: &mut Checked, source: usize, document: &Yam, expand: bool) {
    Walk { checked, source, expand }.map(document, "");
}

struct Walk<'c> {
    checked: &'c mut Checked,
    source: usize,
    expand: bool,
}

impl Walk<'_> {
    fn tell(&mut self, level: Level, code: &'static str, at: &Yam, message: String, help: Option<String>) {
        self.checked.add(level, code, self.source, range(at), message, help);
    }

    fn map(&mut self, node: &Yam, prefix: &str) {
        let schema::Level::Branch(children) = schema::level(prefix) else { return };
        match &node.kind {
            Yaml::Mapping(_) => {}
            Yaml::Null => return,
            _ => {
                let message = format!("`{prefix}` takes a map, not a {}", node.kind_name());
                return self.tell(Level::Error, "CONFIG_TYPE", node, message, None);
            }
        }
        for (i, (key, value)) in node.entries().iter().enumerate() {
            let name = key_text(key);
            let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            let first = node.entries().iter().take(i).find(|(earlier, _)| key_text(earlier) == name);
            if let Some((first, _)) = first {
                let help = format!("the first counts, in line {}; remove one of them", first.mark.line + 1);
                let message = format!("`{path}` stands twice, and this one has no effect");
                self.tell(Level::Error, "CONFIG_DUPLICATE_KEY", key, message, Some(help));
                continue;
            }
            let Some((_, child)) = children.iter().find(|(known, _)| **known == name) else {
                self.unknown(key, &path, &name, &children);
                continue;
            };
            match schema::level(child) {
                schema::Level::Branch(_) => self.map(value, child),
                schema::Level::Leaf(found) => self.leaf(key, value, found),
            }
        }
    }

    fn unknown(&mut self, key: &Yam, path: &str, name: &str, siblings: &[(&'static str, String)]) {
        if let Some((what, help)) = retired(path) {
            let message = format!("`{path}` {what}; it has no effect");
            return self.tell(Level::Warning, "CONFIG_RETIRED_KEY", key, message, Some(help.to_owned()));
        }
        let here = similar(name, siblings.iter().map(|(known, _)| *known)).map(str::to_owned);
        // The right key at the wrong depth is as common a mistake as the wrong letter.
        let elsewhere = || {
            let tail = format!(".{}", path.rsplit('.').next().unwrap_or(path));
            KEYS.iter().find(|known| known.path.ends_with(&tail)).map(|known| known.path.to_owned())
        };
        let help = here.map(|name| match path.rsplit_once('.') {
            Some((parent, _)) => format!("{parent}.{name}"),
            None => name,
        });
        let help = help.or_else(elsewhere).map(|known| format!("did you mean `{known}`?"));
        let known = || {
            let names: Vec<&str> = siblings.iter().map(|(known, _)| *known).collect();
            (names.len() <= 12).then(|| format!("keys here are {}", names.join(", ")))
        };
        let message = format!("there is no key `{path}`; it has no effect");
        self.tell(Level::Error, "CONFIG_UNKNOWN_KEY", key, message, help.or_else(known));
    }

    fn leaf(&mut self, name: &Yam, value: &Yam, key: &'static Key) {
        if let Effect::Moot(why) = key.effect
            && text_of(value).is_none_or(|text| text != key.default)
        {
            let message = format!("`{}` changes nothing: {why}", key.path);
            self.tell(Level::Note, "CONFIG_NO_EFFECT", name, message, None);
        }
        if key.path == "rules_file" {
            let help = Some("write `rules_files`; the value may stay".to_owned());
            self.tell(Level::Warning, "CONFIG_DEPRECATED_KEY", name, "`rules_file` is deprecated".into(), help);
        }
        match key.kind {
            _ if value.is_null() => {
                let message = format!("`{}` has no value; its default holds", key.path);
                self.tell(Level::Warning, "CONFIG_TYPE", name, message, None);
            }
            Kind::FreeMap if !value.is_mapping() => self.shape(value, key),
            Kind::Any | Kind::FreeMap => {
                self.variables(value);
            }
            Kind::Maps => match &value.kind {
                Yaml::Sequence(items) => items.iter().for_each(|item| self.map(item, &format!("{}[]", key.path))),
                _ => self.shape(value, key),
            },
            Kind::Texts => match &value.kind {
                Yaml::Sequence(items) => items.iter().for_each(|item| self.scalar(item, key)),
                _ => self.scalar(value, key),
            },
            Kind::Bool | Kind::Int | Kind::Number | Kind::Text => self.scalar(value, key),
        }
    }

    fn shape(&mut self, value: &Yam, key: &Key) {
        let message = format!("`{}` takes {}, not {}", key.path, values::shape(key.kind), shown(value));
        self.tell(Level::Error, "CONFIG_TYPE", value, message, None);
    }

    fn scalar(&mut self, value: &Yam, key: &Key) {
        let Yaml::Scalar(scalar) = &value.kind else { return self.shape(value, key) };
        if self.variables(value) {
            return;
        }
        let lookup = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        let text = match self.expand {
            false => scalar.text.clone(),
            true => match env::expand(&scalar.text, lookup) {
                Ok(text) => text,
                Err(error) => return self.tell(Level::Error, "CONFIG_VARIABLE", value, error.to_string(), None),
            },
        };
        if !values::fits(key.kind, &text) {
            return self.shape(value, key);
        }
        if let Some((why, help)) = values::outside(&text, domain(key.path)) {
            self.tell(Level::Error, "CONFIG_VALUE", value, format!("`{}` takes {why}", key.path), help);
        }
    }

    /// Tells of every variable below that is not set; whether there is one.
    fn variables(&mut self, value: &Yam) -> bool {
        match &value.kind {
            Yaml::Scalar(scalar) if self.expand => {
                let unset: Vec<_> =
                    names(&scalar.text).into_iter().filter(|name| std::env::var_os(name).is_none()).collect();
                for name in &unset {
                    let message = format!("the environment has no variable {name}; `${{{name}}}` is the empty text");
                    let help = Some(format!("set it, or write `$${{{name}}}` for the text itself"));
                    self.tell(Level::Warning, "CONFIG_VARIABLE", value, message, help);
                }
                !unset.is_empty()
            }
            Yaml::Sequence(items) => items.iter().filter(|item| self.variables(item)).count() > 0,
            Yaml::Mapping(entries) => entries.iter().filter(|(_, item)| self.variables(item)).count() > 0,
            _ => false,
        }
    }
}

fn text_of(value: &Yam) -> Option<&str> {
    match &value.kind {
        Yaml::Scalar(scalar) => Some(&scalar.text),
        _ => None,
    }
}

fn shown(value: &Yam) -> String {
    text_of(value).map_or_else(|| format!("a {}", value.kind_name()), |text| format!("'{text}'"))
}
