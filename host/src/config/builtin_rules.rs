//! The default rules, inside the program: `lanner run` needs no file. They are named like files below `builtin:`, so that
//! everything that takes rule files takes them too: `-r builtin:syscall`, `rules_files: [builtin:syscall, my_rules.yaml]`.

use std::path::{Path, PathBuf};

/// What their names begin with.
const PREFIX: &str = "builtin:";

/// What is loaded when nobody names any rules.
pub(crate) const DEFAULT: &str = "builtin:syscall/lanner_rules.yaml";

macro_rules! rules {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../rules/", $name)))),*]
    };
}

/// Name and text, in load order within a source.
const FILES: &[(&str, &str)] = rules![
    "syscall/lanner_rules.yaml",
    "syscall/lanner_rules_incubating.yaml",
    "syscall/lanner_rules_recent.yaml",
    "syscall/lanner_rules_sandbox.yaml",
];

/// Whether this names rules inside the program.
pub(crate) fn is_builtin(entry: &str) -> bool {
    entry.starts_with(PREFIX)
}

/// The names of all files.
pub(crate) fn names() -> impl Iterator<Item = String> {
    FILES.iter().map(|(name, _)| format!("{PREFIX}{name}"))
}

/// The files that an entry names: one file, all of a source (`builtin:syscall`), or all there are (`builtin:`). Nothing
/// if there is no such file.
pub(super) fn expand(entry: &str) -> Vec<PathBuf> {
    let wanted = entry.strip_prefix(PREFIX).unwrap_or(entry).trim_end_matches('/');
    let inside = |name: &str| name.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('/'));
    let found = FILES.iter().filter(|(name, _)| wanted.is_empty() || *name == wanted || inside(name));
    found.map(|(name, _)| PathBuf::from(format!("{PREFIX}{name}"))).collect()
}

/// The text of a file, if it is inside the program.
pub(crate) fn text(path: &Path) -> Option<&'static str> {
    let name = path.to_str()?.strip_prefix(PREFIX)?;
    FILES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_inside() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules/syscall");
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut files: Vec<String> = entries.filter(|name| name.ends_with(".yaml")).collect();
        files.sort();
        let inside: Vec<String> = expand("builtin:syscall")
            .iter()
            .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
            .collect();
        assert_eq!(inside, files);
        assert!(expand(DEFAULT).iter().all(|path| text(path).is_some_and(|text| text.contains("- rule: "))));
    }

    #[test]
    fn entries_name_all_a_source_or_a_file() {
        assert_eq!(expand("builtin:").len(), FILES.len());
        assert_eq!(expand("builtin:syscall/").len(), 4);
        assert_eq!(expand(DEFAULT), [PathBuf::from(DEFAULT)]);
        assert!(expand("builtin:sys").is_empty() && expand("builtin:nowhere").is_empty());
    }
}
