//! From files and options to one tree: the main file, what it includes, then the `-o` options.

use std::path::{Path as FsPath, PathBuf};

use lanner_engine::yaml::YamlError;

use super::error::ConfigError;
use super::path::Path;
use super::schema::{self, Validation};
use super::trace::{Layer, Trace};
use super::tree::Node;
use super::{env, yaml};

/// The key under which a main file names others.
const INCLUDES: &str = "config_files";

/// A merged configuration and where it came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The merged tree.
    pub tree: Node,
    /// Where each of its values comes from.
    pub trace: Trace,
    /// What it is made of, in the order in which it was merged.
    pub layers: Vec<Layer>,
    /// The main file, as named by the user; empty if there is none.
    pub main: String,
    /// Each file read, in order, and what the check against the schema says about it.
    pub files: Vec<(String, Validation)>,
}

/// How an included file meets what is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strategy {
    /// Lists grow; everything else is replaced whole (maps are not merged key by key).
    Append,
    /// Everything is replaced.
    Override,
    /// Only new keys count.
    AddOnly,
}

impl Strategy {
    /// Unknown words act as `append`, as in Falco.
    fn from_name(name: &str) -> Self {
        match name {
            "override" => Self::Override,
            "add-only" => Self::AddOnly,
            _ => Self::Append,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Override => "override",
            Self::AddOnly => "add-only",
        }
    }
}

/// Reads the configuration: `main` if there is one, its `config_files`, what the program assumes (`built_in`), and
/// `options` last, both as `key=value`.
pub fn load(main: Option<&FsPath>, built_in: &[String], options: &[String]) -> Result<Loaded, ConfigError> {
    let name = main.map(|path| path.display().to_string()).unwrap_or_default();
    let layers = vec![main.map_or(Layer::BuiltIn, |_| Layer::Main(name.clone()))];
    let (tree, trace) = (Node::Map(Vec::new()), Trace::leaf(0));
    let mut loaded = Loaded { tree, trace, layers, main: name.clone(), files: Vec::new() };
    if let Some(path) = main {
        (loaded.tree, loaded.trace) = read(path, 0)?;
        loaded.files.push((name, schema::validate(&loaded.tree)));
        for option in options.iter().filter(|option| option.starts_with(INCLUDES)) {
            loaded.option(option)?;
        }
        for (path, strategy) in includes(&loaded.tree, path)? {
            let place = path.display().to_string();
            let layer = loaded.layer(Layer::Included { path: place.clone(), strategy: strategy.word() });
            let included = read(&path, layer)?;
            loaded.files.push((place.clone(), schema::validate(&included.0)));
            loaded.merge(included, strategy, &place)?;
        }
    }
    let layer = loaded.layer(Layer::BuiltIn);
    for option in built_in {
        loaded.set(option, layer)?;
    }
    for option in options.iter().filter(|option| main.is_none() || !option.starts_with(INCLUDES)) {
        loaded.option(option)?;
    }
    Ok(loaded)
}

/// One file as a tree, variables expanded, and where its values stand.
fn read(path: &FsPath, layer: usize) -> Result<(Node, Trace), ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    let place = path.display().to_string();
    let bad = |error: YamlError| ConfigError::Yaml { place: place.clone(), message: error.to_string() };
    let document = yaml::document(&text).map_err(bad)?;
    let mut tree = yaml::convert(&document);
    tree.try_for_each_scalar(&mut |text| {
        if text.contains('$') {
            *text = env::expand(text, |name| std::env::var_os(name).map(|v| v.to_string_lossy().into_owned()))?;
        }
        Ok(())
    })
    .map_err(|source| ConfigError::Env { place: place.clone(), source })?;
    let trace = Trace::of(&document, layer, true);
    match tree {
        Node::Null => Ok((Node::Map(Vec::new()), trace)),
        Node::Map(_) => Ok((tree, trace)),
        _ => Err(ConfigError::NotAMap(place)),
    }
}

/// The files that `config_files` names: folders opened, in sorted order, missing entries left out.
pub(super) fn includes(tree: &Node, main: &FsPath) -> Result<Vec<(PathBuf, Strategy)>, ConfigError> {
    let mut found = Vec::new();
    for (i, item) in tree.get(INCLUDES).map(Node::items).unwrap_or_default().iter().enumerate() {
        let path = item.text().or_else(|| item.get("path").and_then(Node::text)).ok_or(ConfigError::BadInclude(i))?;
        let strategy = Strategy::from_name(item.get("strategy").and_then(Node::text).unwrap_or_default());
        let path = FsPath::new(path);
        if path == main {
            return Err(ConfigError::IncludesItself(main.display().to_string()));
        }
        if path.is_dir() {
            found.extend(regular_files(path)?.into_iter().map(|path| (path, strategy)));
        } else if path.is_file() {
            found.push((path.to_owned(), strategy));
        }
    }
    Ok(found)
}

/// The regular files of a folder (links followed), sorted by path; a folder that may not be read is empty.
pub(super) fn regular_files(dir: &FsPath) -> Result<Vec<PathBuf>, ConfigError> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => return Ok(Vec::new()),
        Err(source) => return Err(ConfigError::Read { path: dir.to_owned(), source }),
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    files.sort();
    Ok(files)
}

impl Loaded {
    /// A further layer, by its position.
    fn layer(&mut self, layer: Layer) -> usize {
        self.layers.push(layer);
        self.layers.len() - 1
    }

    fn merge(&mut self, included: (Node, Trace), strategy: Strategy, place: &str) -> Result<(), ConfigError> {
        let (Node::Map(entries), trace) = included else { return Ok(()) };
        let mut seen: Vec<&str> = Vec::new();
        for (key, value) in &entries {
            if key == INCLUDES {
                return Err(ConfigError::NestedInclude(place.to_owned()));
            }
            // Of two equal keys the first counts, here too.
            if seen.contains(&key.as_str()) {
                continue;
            }
            seen.push(key);
            let (value, origin) = (value.clone(), trace.get(key).cloned().unwrap_or_default());
            if strategy == Strategy::AddOnly && self.tree.get(key).is_some() {
                continue;
            }
            let Some(slot) = self.tree.entry(key) else { continue };
            match (slot, value) {
                (Node::Seq(items), Node::Seq(more)) if strategy == Strategy::Append => {
                    items.extend(more);
                    self.trace.entry(key).extend(origin);
                }
                (slot, value) => {
                    *slot = value;
                    *self.trace.entry(key) = origin;
                }
            }
        }
        Ok(())
    }

    /// Applies one `-o`.
    fn option(&mut self, option: &str) -> Result<(), ConfigError> {
        let key = option.split_once('=').map_or(option, |(key, _)| key);
        let layer = self.layer(Layer::Option(key.to_owned()));
        self.set(option, layer)
    }

    /// Applies one `key=value`. A value in braces is a map in YAML (so also JSON); everything else is text as it stands.
    pub(super) fn set(&mut self, option: &str, layer: usize) -> Result<(), ConfigError> {
        let (key, value) = option.split_once('=').ok_or_else(|| ConfigError::OptionForm(option.to_owned()))?;
        let (value, trace) = if value.starts_with('{') && value.ends_with('}') {
            let bad =
                |error: YamlError| ConfigError::Yaml { place: format!("-o {option}"), message: error.to_string() };
            let document = yaml::document(value).map_err(bad)?;
            (yaml::convert(&document), Trace::of(&document, layer, false))
        } else {
            (Node::Scalar(value.to_owned()), Trace::leaf(layer))
        };
        let failed = |source| ConfigError::OptionPath { key: key.to_owned(), source };
        let path = Path::parse(key).map_err(failed)?;
        path.set(&mut self.tree, value).map_err(failed)?;
        path.trace(&mut self.trace, trace);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn write(dir: &FsPath, name: &str, text: &str) -> PathBuf {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn included_files_meet_the_main_file_by_strategy() {
        let dir = tempfile::tempdir().unwrap();
        let part = "seq: [c]\nmap: {y: 2}\nnew: 1\n";
        for (strategy, seq, map) in [
            ("append", json!(["a", "c"]), json!({"y": "2"})),
            ("nonsense", json!(["a", "c"]), json!({"y": "2"})),
            ("override", json!(["c"]), json!({"y": "2"})),
            ("add-only", json!(["a"]), json!({"x": "1"})),
        ] {
            let part = write(dir.path(), "part.yaml", part);
            let main = write(
                dir.path(),
                "main.yaml",
                &format!(
                    "config_files: [{{path: {}, strategy: {strategy}}}, /absent]\nseq: [a]\nmap: {{x: 1}}\n",
                    part.display()
                ),
            );
            let loaded = load(Some(&main), &[], &[]).unwrap();
            let tree = loaded.tree.to_text_json();
            assert_eq!((&tree["seq"], &tree["map"], &tree["new"]), (&seq, &map, &json!("1")), "{strategy}");
            assert_eq!(loaded.files.len(), 2);
        }
    }

    #[test]
    fn folders_are_read_in_sorted_order_whatever_the_ending() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "d/b.txt", "seq: [b]");
        write(dir.path(), "d/a", "seq: [a]");
        write(dir.path(), "d/sub/c.yaml", "seq: [c]");
        let main = write(dir.path(), "main.yaml", &format!("config_files: [{}/d]", dir.path().display()));
        let loaded = load(Some(&main), &[], &["seq[]=o".into()]).unwrap();
        assert_eq!(loaded.tree.to_text_json()["seq"], json!(["a", "b", "o"]));
    }

    #[test]
    fn every_value_knows_where_it_comes_from() {
        let dir = tempfile::tempdir().unwrap();
        let part = write(dir.path(), "part.yaml", "seq: [c]\nmap: {y: '${LANNER_TEST_UNSET}'}\n");
        let text = format!("config_files: [{}]\nseq: [a]\nmap: {{x: 1}}\nown:\n  key: 1\n", part.display());
        let main = write(dir.path(), "main.yaml", &text);
        let options = ["own.other=2".into(), "seq[]=d".into(), "obj={a: {b: 1}}".into()];
        let loaded = load(Some(&main), &["built=in".into()], &options).unwrap();
        let at = |path: &str| {
            let trace = path.split('.').try_fold(&loaded.trace, |trace, step| match step.parse() {
                Ok(index) => trace.item(index),
                Err(_) => trace.get(step),
            });
            let origin = &trace.unwrap_or_else(|| panic!("{path}")).origin;
            let layer = match &loaded.layers[origin.layer] {
                Layer::Main(_) => "main".to_owned(),
                Layer::Included { strategy, .. } => (*strategy).to_owned(),
                Layer::Option(key) => format!("-o {key}"),
                other => format!("{other:?}"),
            };
            (layer, origin.mark.map(|mark| mark.line + 1), origin.variables.clone())
        };
        let plain = |layer: &str, line| (layer.to_owned(), line, Vec::new());
        assert_eq!(at("seq.0"), plain("main", Some(2)));
        assert_eq!(at("seq.1"), plain("append", Some(1)));
        assert_eq!(at("seq.2"), plain("-o seq[]", None));
        assert_eq!(at("map.y"), ("append".to_owned(), Some(2), vec!["LANNER_TEST_UNSET".to_owned()]));
        assert_eq!(at("own.key"), plain("main", Some(5)));
        assert_eq!(at("own.other"), plain("-o own.other", None));
        assert_eq!(at("obj.a.b"), plain("-o obj", None));
        assert_eq!(at("built"), plain("BuiltIn", None));
        assert!(loaded.trace.get("map").unwrap().get("x").is_none(), "maps are replaced whole");
    }

    #[test]
    fn recursion_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let part = write(dir.path(), "part.yaml", "config_files: [x]");
        let main = write(dir.path(), "main.yaml", &format!("config_files: [{}]", part.display()));
        assert!(matches!(load(Some(&main), &[], &[]), Err(ConfigError::NestedInclude(_))));
        let itself = write(dir.path(), "self.yaml", &format!("config_files: {}/self.yaml", dir.path().display()));
        assert!(matches!(load(Some(&itself), &[], &[]), Err(ConfigError::IncludesItself(_))));
    }

    #[test]
    fn options_come_last_and_braces_make_maps() {
        let dir = tempfile::tempdir().unwrap();
        let main = write(dir.path(), "main.yaml", "json_output: false\nappend_output: [{suggested_output: true}]\n");
        let options = [
            "json_output=true",
            "append_output[]={\"match\": {\"source\": \"syscall\"}, \"extra_output\": \"x=%evt.num\"}",
            "rules_files=[a]",
            "rule_matching = all",
        ]
        .map(str::to_owned);
        let tree = load(Some(&main), &[], &options).unwrap().tree.to_text_json();
        assert_eq!(tree["json_output"], "true");
        assert_eq!(tree["append_output"][1]["match"]["source"], "syscall");
        assert_eq!(tree["rules_files"], "[a]");
        assert_eq!(tree["rule_matching "], " all");
        assert!(matches!(load(Some(&main), &[], &["x".into()]), Err(ConfigError::OptionForm(_))));
    }

    #[test]
    fn variables_expand_in_values_of_files_only() {
        let dir = tempfile::tempdir().unwrap();
        let main = write(dir.path(), "main.yaml", "${PATH}: '${LANNER_TEST_UNSET}x'\nlist: ['$${A}']\n");
        let tree = load(Some(&main), &[], &["o=${PATH}".into()]).unwrap().tree.to_text_json();
        assert_eq!(tree, json!({"${PATH}": "x", "list": ["${A}"], "o": "${PATH}"}));
    }
}
