//! Parameters: `${name}` in any text of a case stands for the parameter's value.
//!
//! A text that is nothing but `${name}` becomes the value itself, whatever its kind; within a longer text the value must
//! be a scalar. Parameters may use each other. `$${` is a plain `${`. What comes out still knows where it was written: a
//! value stands where the row or the case gives it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use lanner_engine::yaml::{Kind, Mark, Node, Scalar};

use super::diagnostic::did_you_mean;

/// What one row's substitutions may come to, in bytes of text and nodes of 32 bytes: far beyond any honest case.
const BUDGET: usize = 4 << 20;

/// Why a text cannot be filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParamError {
    /// Where.
    pub mark: Mark,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl ParamError {
    fn new(mark: Mark, message: String) -> Self {
        Self { mark, message, help: None }
    }
}

/// The parameters of one row.
#[derive(Debug, Default)]
pub struct Params {
    values: BTreeMap<String, Node>,
    used: RefCell<BTreeSet<String>>,
    spent: Cell<usize>,
}

impl Params {
    /// Parameters with these values; a later one of the same name takes the place of an earlier one.
    pub fn new(values: impl IntoIterator<Item = (String, Node)>) -> Self {
        Self { values: values.into_iter().collect(), ..Self::default() }
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// The names that have been used so far.
    pub fn used(&self) -> BTreeSet<String> {
        self.used.borrow().clone()
    }

    /// The tree with every `${…}` filled in.
    ///
    /// # Errors
    /// An unknown parameter, parameters that use each other in a circle, a list or mapping within a text, more than
    /// four MiB of text.
    pub fn fill(&self, node: &Node) -> Result<Node, ParamError> {
        self.node(node, &mut Vec::new())
    }

    fn node<'p>(&'p self, node: &Node, path: &mut Vec<&'p str>) -> Result<Node, ParamError> {
        self.spend(32, node.mark)?;
        let kind = match &node.kind {
            Kind::Null => Kind::Null,
            Kind::Scalar(scalar) => return self.scalar(node, scalar, path),
            Kind::Sequence(items) => {
                Kind::Sequence(items.iter().map(|item| self.node(item, path)).collect::<Result<_, _>>()?)
            }
            Kind::Mapping(entries) => {
                let fill = |(key, value): &(Node, Node), path: &mut Vec<&'p str>| {
                    Ok((self.node(key, path)?, self.node(value, path)?))
                };
                Kind::Mapping(entries.iter().map(|entry| fill(entry, path)).collect::<Result<_, ParamError>>()?)
            }
        };
        Ok(Node { kind, mark: node.mark, span: node.span.clone() })
    }

    fn scalar<'p>(&'p self, node: &Node, scalar: &Scalar, path: &mut Vec<&'p str>) -> Result<Node, ParamError> {
        self.spend(scalar.text.len(), node.mark)?;
        if !scalar.text.contains("${") {
            return Ok(node.clone());
        }
        if let Some(name) = scalar.text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'))
            && !name.contains(['$', '{', '}'])
        {
            return self.value(name, node.mark, path);
        }
        let mut text = String::with_capacity(scalar.text.len());
        let mut rest = scalar.text.as_str();
        while let Some(at) = rest.find("${") {
            let (before, from) = rest.split_at(at);
            if let Some(escaped) = before.strip_suffix('$') {
                text.extend([escaped, "${"]);
                rest = &from[2..];
                continue;
            }
            text.push_str(before);
            let Some(end) = from.find('}') else {
                let message = format!("'{from}' has no closing '}}'");
                let help = Some("a plain '${' is written '$${'".to_owned());
                return Err(ParamError { mark: node.mark, message, help });
            };
            let name = &from[2..end];
            let value = self.value(name, node.mark, path)?;
            let Some(word) = value.as_str() else {
                let message = format!("parameter '{name}' is a {} and cannot stand within a text", value.kind_name());
                return Err(ParamError::new(node.mark, message));
            };
            text.push_str(word);
            rest = &from[end + 1..];
        }
        text.push_str(rest);
        let kind = Kind::Scalar(Scalar { text, style: scalar.style });
        Ok(Node { kind, mark: node.mark, span: node.span.clone() })
    }

    fn value<'p>(&'p self, name: &str, mark: Mark, path: &mut Vec<&'p str>) -> Result<Node, ParamError> {
        let Some((name, value)) = self.values.get_key_value(name) else {
            let known: Vec<&str> = self.names().collect();
            let help = did_you_mean(name, known.iter().copied()).unwrap_or_else(|| match known.as_slice() {
                [] => "the case has no params".to_owned(),
                known => format!("params has {}", known.join(", ")),
            });
            return Err(ParamError { mark, message: format!("unknown parameter '{name}'"), help: Some(help) });
        };
        if path.contains(&name.as_str()) {
            let circle = path.iter().copied().chain([name.as_str()]).collect::<Vec<_>>().join("' uses '");
            return Err(ParamError::new(mark, format!("parameters use each other in a circle: '{circle}'")));
        }
        self.used.borrow_mut().insert(name.clone());
        path.push(name);
        let filled = self.node(value, path);
        path.pop();
        filled
    }

    fn spend(&self, amount: usize, mark: Mark) -> Result<(), ParamError> {
        self.spent.set(self.spent.get() + amount);
        if self.spent.get() > BUDGET {
            let message = format!("parameters expand to more than {} MiB", BUDGET >> 20);
            return Err(ParamError::new(mark, message));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_engine::yaml;

    fn fill(params: &str, text: &str) -> Result<String, String> {
        let read = |text: &str| yaml::parse(text).unwrap().remove(0);
        let map = read(params);
        let pairs = map.entries().iter().map(|(key, value)| (key.as_str().unwrap().to_owned(), value.clone()));
        let params = Params::new(pairs);
        params.fill(&read(text)).map(|node| node.as_str().map_or_else(|| node.dump(), str::to_owned)).map_err(|error| {
            format!("{}:{} {} {}", error.mark.line, error.mark.column, error.message, error.help.unwrap_or_default())
        })
    }

    #[test]
    fn a_text_takes_values_and_a_lone_parameter_their_kind() {
        assert_eq!(fill("{a: /etc, n: 3}", "x${a}/y${n}").unwrap(), "x/etc/y3");
        assert_eq!(fill("{a: [1, 2]}", "{k: '${a}'}").unwrap(), fill("{}", "{k: [1, 2]}").unwrap());
        assert_eq!(fill("{a: {b: c}}", "['${a}']").unwrap(), fill("{}", "[{b: c}]").unwrap());
        assert_eq!(fill("{k: name}", "{'${k}': 1}").unwrap(), fill("{}", "{name: 1}").unwrap());
        assert_eq!(fill("{}", "cost $5 $${a} {b}").unwrap(), "cost $5 ${a} {b}");
    }

    #[test]
    fn parameters_use_parameters() {
        assert_eq!(fill("{dir: /etc, path: '${dir}/shadow'}", "${path}").unwrap(), "/etc/shadow");
    }

    #[test]
    fn mistakes_have_a_place_and_a_remedy() {
        assert_eq!(fill("{path: x}", "{a: '${pth}'}").unwrap_err(), "0:4 unknown parameter 'pth' did you mean 'path'?");
        assert_eq!(fill("{}", "${a}").unwrap_err(), "0:0 unknown parameter 'a' the case has no params");
        assert!(fill("{a: 1}", "x${a").unwrap_err().contains("has no closing '}'"));
        assert!(fill("{a: [1]}", "x${a}").unwrap_err().contains("is a sequence and cannot stand within a text"));
        assert!(fill("{a: '${b}', b: 'x${a}'}", "${a}").unwrap_err().contains("in a circle: 'a' uses 'b' uses 'a'"));
    }

    #[test]
    fn growth_has_an_end() {
        let mut params = "{p0: xxxxxxxxxx".to_owned();
        for n in 1..40 {
            params += &format!(", p{n}: '${{p{}}}${{p{}}}'", n - 1, n - 1);
        }
        assert!(fill(&(params + "}"), "${p39}").unwrap_err().contains("more than 4 MiB"));
    }
}
