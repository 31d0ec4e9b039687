//! From files and options to one tree: the main file, what it includes, then the `-o` options.

use std::path::{Path as FsPath, PathBuf};

use super::error::ConfigError;
use super::path::Path;
use super::schema::{self, Validation};
use super::tree::Node;
use super::{env, yaml};

/// The key under which a main file names others.
const INCLUDES: &str = "config_files";

/// A merged configuration and where it came from.
#[derive(Debug)]
pub struct Loaded {
    /// The merged tree.
    pub tree: Node,
    /// The main file, as named by the user; empty if there is none.
    pub main: String,
    /// Each file read, in order, and what the check against the schema says about it.
    pub files: Vec<(String, Validation)>,
}

/// How an included file meets what is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strategy {
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
}

/// Reads the configuration: `main` if there is one, its `config_files`, and `options` (`key=value`) last.
pub fn load(main: Option<&FsPath>, options: &[String]) -> Result<Loaded, ConfigError> {
    let mut tree = Node::Map(Vec::new());
    let mut files = Vec::new();
    let name = main.map(|path| path.display().to_string()).unwrap_or_default();
    if let Some(path) = main {
        tree = read(path)?;
        files.push((name.clone(), schema::validate(&tree)));
        for option in options.iter().filter(|option| option.starts_with(INCLUDES)) {
            set_option(&mut tree, option)?;
        }
        for (path, strategy) in includes(&tree, path)? {
            let place = path.display().to_string();
            let included = read(&path)?;
            files.push((place.clone(), schema::validate(&included)));
            merge(&mut tree, included, strategy, &place)?;
        }
    }
    for option in options {
        set_option(&mut tree, option)?;
    }
    Ok(Loaded { tree, main: name, files })
}

/// One file as a tree, variables expanded.
fn read(path: &FsPath) -> Result<Node, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    let place = path.display().to_string();
    let mut tree = yaml::parse(&text).map_err(|message| ConfigError::Yaml { place: place.clone(), message })?;
    tree.try_for_each_scalar(&mut |text| {
        if text.contains('$') {
            *text = env::expand(text, |name| std::env::var_os(name).map(|v| v.to_string_lossy().into_owned()))?;
        }
        Ok(())
    })
    .map_err(|source| ConfigError::Env { place: place.clone(), source })?;
    match tree {
        Node::Null => Ok(Node::Map(Vec::new())),
        Node::Map(_) => Ok(tree),
        _ => Err(ConfigError::NotAMap(place)),
    }
}

/// The files that `config_files` names: folders opened, in sorted order, missing entries left out.
fn includes(tree: &Node, main: &FsPath) -> Result<Vec<(PathBuf, Strategy)>, ConfigError> {
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

fn merge(tree: &mut Node, included: Node, strategy: Strategy, place: &str) -> Result<(), ConfigError> {
    let Node::Map(entries) = included else { return Ok(()) };
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
        let value = value.clone();
        if strategy == Strategy::AddOnly && tree.get(key).is_some() {
            continue;
        }
        let Some(slot) = tree.entry(key) else { continue };
        match (slot, value) {
            (Node::Seq(items), Node::Seq(more)) if strategy == Strategy::Append => items.extend(more),
            (slot, value) => *slot = value,
        }
    }
    Ok(())
}

/// Applies one `key=value`. A value in braces is a map in YAML (so also JSON); everything else is text as it stands.
fn set_option(tree: &mut Node, option: &str) -> Result<(), ConfigError> {
    let (key, value) = option.split_once('=').ok_or_else(|| ConfigError::OptionForm(option.to_owned()))?;
    let value = if value.starts_with('{') && value.ends_with('}') {
        yaml::parse(value).map_err(|message| ConfigError::Yaml { place: format!("-o {option}"), message })?
    } else {
        Node::Scalar(value.to_owned())
    };
    Path::parse(key)
        .and_then(|path| path.set(tree, value))
        .map_err(|source| ConfigError::OptionPath { key: key.to_owned(), source })
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
            let loaded = load(Some(&main), &[]).unwrap();
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
        let loaded = load(Some(&main), &["seq[]=o".into()]).unwrap();
        assert_eq!(loaded.tree.to_text_json()["seq"], json!(["a", "b", "o"]));
    }

    #[test]
    fn recursion_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let part = write(dir.path(), "part.yaml", "config_files: [x]");
        let main = write(dir.path(), "main.yaml", &format!("config_files: [{}]", part.display()));
        assert!(matches!(load(Some(&main), &[]), Err(ConfigError::NestedInclude(_))));
        let itself = write(dir.path(), "self.yaml", &format!("config_files: {}/self.yaml", dir.path().display()));
        assert!(matches!(load(Some(&itself), &[]), Err(ConfigError::IncludesItself(_))));
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
        let tree = load(Some(&main), &options).unwrap().tree.to_text_json();
        assert_eq!(tree["json_output"], "true");
        assert_eq!(tree["append_output"][1]["match"]["source"], "syscall");
        assert_eq!(tree["rules_files"], "[a]");
        assert_eq!(tree["rule_matching "], " all");
        assert!(matches!(load(Some(&main), &["x".into()]), Err(ConfigError::OptionForm(_))));
    }

    #[test]
    fn variables_expand_in_values_of_files_only() {
        let dir = tempfile::tempdir().unwrap();
        let main = write(dir.path(), "main.yaml", "${PATH}: '${LANNER_TEST_UNSET}x'\nlist: ['$${A}']\n");
        let tree = load(Some(&main), &["o=${PATH}".into()]).unwrap().tree.to_text_json();
        assert_eq!(tree, json!({"${PATH}": "x", "list": ["${A}"], "o": "${PATH}"}));
    }
}
