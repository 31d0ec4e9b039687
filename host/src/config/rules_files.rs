//! Which rule files are meant: entries of `rules_files` or `-r`, folders opened.

use std::path::{Path, PathBuf};

use super::builtin_rules;
use super::error::ConfigError;
use super::load::regular_files;

/// The configured entries that exist; the others are left out without a word, as in Falco.
pub fn existing(entries: &[String]) -> Vec<String> {
    let there = |entry: &&String| builtin_rules::is_builtin(entry) || Path::new(entry.as_str()).exists();
    entries.iter().filter(there).cloned().collect()
}

/// The files behind `entries`: a folder gives its regular files in sorted order (not searched deeper). Only what ends
/// in `.yaml` or `.yml` counts, in folders and singly. `builtin:…` names rules inside the program.
pub fn expand(entries: &[String]) -> Result<Vec<PathBuf>, ConfigError> {
    let mut files = Vec::new();
    for entry in entries {
        let path = Path::new(entry);
        if builtin_rules::is_builtin(entry) {
            let found = builtin_rules::expand(entry);
            if found.is_empty() {
                let known = builtin_rules::names().collect::<Vec<_>>().join(", ");
                return Err(ConfigError::NoBuiltInRules { name: entry.clone(), known });
            }
            files.extend(found);
        } else if path.is_dir() {
            files.extend(regular_files(path)?.into_iter().filter(|file| is_rule_file(file)));
        } else if is_rule_file(path) {
            files.push(path.to_owned());
        }
    }
    Ok(files)
}

fn is_rule_file(path: &Path) -> bool {
    let name = path.as_os_str().as_encoded_bytes();
    name.ends_with(b".yaml") || name.ends_with(b".yml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_give_their_yaml_files_in_order() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.yml", "a.yaml", "c.txt", "sub/d.yaml"] {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let root = dir.path().display();
        let entries = [root.to_string(), format!("{root}/c.txt"), format!("{root}/sub/d.yaml"), "/absent.yaml".into()];
        assert_eq!(existing(&entries).len(), 3);
        let found: Vec<_> = expand(&entries).unwrap().iter().map(|p| p.display().to_string()).collect();
        assert_eq!(
            found,
            [format!("{root}/a.yaml"), format!("{root}/b.yml"), format!("{root}/sub/d.yaml"), "/absent.yaml".into()]
        );
    }
}
