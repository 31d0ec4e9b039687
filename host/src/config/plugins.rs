//! The `plugins` and `load_plugins` sections: which plugins, from which library, with which settings.

use std::path::{Component, Path, PathBuf};

use super::error::ConfigError;
use super::tree::Node;

/// Where relative library paths are looked for, best first, with the program's own folder between them; the second is where
/// Falco's own tools install plugins.
pub const PLUGIN_DIRS: [&str; 2] = ["/usr/share/lanner/plugins", "/usr/share/falco/plugins"];

/// The folder of the program: what was built or unpacked with it is found without being installed.
fn program_dir() -> Option<PathBuf> {
    std::env::current_exe().ok()?.parent().map(Path::to_owned)
}

/// One plugin to load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginConfig {
    /// Its name in the configuration.
    pub name: String,
    /// The library as written.
    pub library: String,
    /// `init_config`: a text, or a map as JSON.
    pub init_config: String,
    /// `open_params`, blanks at both ends removed.
    pub open_params: String,
}

impl PluginConfig {
    /// The files the library may be, best first: the path itself if absolute, else below each plugins directory and the
    /// program's own folder.
    pub fn candidates(&self) -> Vec<PathBuf> {
        let path = Path::new(&self.library);
        if self.library.is_empty() {
            // A built-in that nobody configured; the folders themselves are no libraries.
            Vec::new()
        } else if path.is_absolute() {
            vec![path.to_owned()]
        } else {
            let [lanner, falco] = PLUGIN_DIRS.map(PathBuf::from);
            let dirs = [Some(lanner), program_dir(), Some(falco)];
            dirs.into_iter().flatten().map(|dir| normal(&dir.join(path))).collect()
        }
    }
}

/// Resolves `.` and `..` by text alone, so that the check does not depend on what exists.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

/// The plugins to load, in order: all of `plugins`, or those that `load_plugins` names, in its order.
pub(super) fn read(tree: &Node, file: &str) -> Result<Vec<PluginConfig>, ConfigError> {
    let all: Vec<PluginConfig> = tree
        .get("plugins")
        .map(Node::items)
        .unwrap_or_default()
        .iter()
        .enumerate()
        .map(|(i, item)| read_one(item, i, file))
        .collect::<Result<_, _>>()?;
    let Some(wanted) = tree.get("load_plugins") else { return Ok(all) };
    wanted
        .items()
        .iter()
        .filter_map(Node::text)
        .map(|name| {
            let found = all.iter().find(|plugin| plugin.name == name);
            found.cloned().ok_or_else(|| ConfigError::UnknownPlugin(name.to_owned()))
        })
        .collect()
}

/// The `init_config` of an item: a text as it stands, a map as JSON.
pub(super) fn init_config(item: &Node) -> String {
    match item.get("init_config") {
        None | Some(Node::Null) => String::new(),
        Some(Node::Scalar(text)) => text.clone(),
        Some(map) => map.to_json().to_string(),
    }
}

fn read_one(item: &Node, index: usize, file: &str) -> Result<PluginConfig, ConfigError> {
    let required = |key: &str| {
        item.get(key).and_then(Node::text).map(str::to_owned).ok_or_else(|| ConfigError::Value {
            file: file.to_owned(),
            what: format!("could not load plugins config: plugins[{index}] has no '{key}'"),
        })
    };
    let plugin = PluginConfig {
        name: required("name")?,
        library: required("library_path")?,
        init_config: init_config(item),
        open_params: item.get("open_params").and_then(Node::text).unwrap_or_default().trim().to_owned(),
    };
    for dir in PLUGIN_DIRS {
        let library = Path::new(&plugin.library);
        if !library.is_absolute() && !normal(&Path::new(dir).join(library)).starts_with(dir) {
            return Err(ConfigError::PluginPath { file: file.to_owned(), path: plugin.library, dir });
        }
    }
    Ok(plugin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::yaml;

    fn plugins(text: &str) -> Result<Vec<PluginConfig>, ConfigError> {
        read(&yaml::parse(text).unwrap(), "f")
    }

    const TWO: &str = "plugins:\n- {name: a, library_path: liba.so, init_config: {b: 1, a: x}, open_params: ' p '}\n- \
                       {name: b, library_path: /opt/b.so, init_config: text}\n";

    #[test]
    fn all_are_loaded_unless_some_are_named() {
        let names = |text: &str| plugins(text).unwrap().into_iter().map(|p| p.name).collect::<Vec<_>>();
        assert_eq!(names(TWO), ["a", "b"]);
        assert_eq!(names(&format!("{TWO}load_plugins: [b, a]")), ["b", "a"]);
        assert_eq!(names(&format!("{TWO}load_plugins: []")), [""; 0]);
        assert!(matches!(plugins(&format!("{TWO}load_plugins: [c]")), Err(ConfigError::UnknownPlugin(_))));
    }

    #[test]
    fn settings_are_read() {
        let [a, b] = plugins(TWO).unwrap().try_into().unwrap();
        assert_eq!((a.init_config.as_str(), a.open_params.as_str()), (r#"{"a":"x","b":1}"#, "p"));
        let own = std::env::current_exe().unwrap();
        let dirs = [Path::new(PLUGIN_DIRS[0]), own.parent().unwrap(), Path::new(PLUGIN_DIRS[1])];
        assert_eq!(a.candidates(), dirs.map(|dir| dir.join("liba.so")));
        assert_eq!((b.init_config.as_str(), b.candidates()), ("text", vec![PathBuf::from("/opt/b.so")]));
    }

    #[test]
    fn relative_libraries_stay_in_their_directory() {
        assert!(matches!(plugins("plugins: [{name: a, library_path: ../a.so}]"), Err(ConfigError::PluginPath { .. })));
        assert!(plugins("plugins: [{name: a, library_path: x/../a.so}]").is_ok());
        assert!(matches!(plugins("plugins: [{name: a}]"), Err(ConfigError::Value { .. })));
    }
}
