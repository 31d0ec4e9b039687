//! The default rules, inside the program: `lanner run` needs no file. They are named like files below `builtin:`, so that
//! everything that takes rule files takes them too: `-r builtin:syscall`, `rules_files: [builtin:syscall, my_rules.yaml]`.

use std::path::{Path, PathBuf};

/// What their names begin with.
const PREFIX: &str = "builtin:";

/// What is loaded for system calls when nobody names any rules.
pub(crate) const DEFAULT: &str = "builtin:syscall/lanner_rules.yaml";

macro_rules! rules {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../rules/", $name)))),*]
    };
}

/// Name and text: a folder for each source, in load order within it. The first file of a source is its stable one.
const FILES: &[(&str, &str)] = rules![
    "aws_cloudtrail/aws_cloudtrail_rules.yaml",
    "aws_cloudtrail/aws_cloudtrail_rules_recent.yaml",
    "gcp_auditlog/gcp_auditlog_rules.yaml",
    "gcp_auditlog/gcp_auditlog_rules_recent.yaml",
    "k8s_audit/k8s_audit_rules.yaml",
    "k8s_audit/k8s_audit_rules_recent.yaml",
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

/// What is loaded for these sources when nobody names any rules: the stable file of each.
pub(crate) fn defaults(sources: &[&str]) -> Vec<String> {
    let of = |source: &&str| FILES.iter().find(|(name, _)| name.split('/').next() == Some(source));
    sources.iter().filter_map(of).map(|(name, _)| format!("{PREFIX}{name}")).collect()
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
    fn every_file_of_the_folders_is_inside() {
        let names = |folder: &Path| {
            let entries = std::fs::read_dir(folder).unwrap();
            let mut names: Vec<String> =
                entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        };
        let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules");
        let files: Vec<String> = names(&rules)
            .iter()
            .flat_map(|source| {
                names(&rules.join(source)).into_iter().map(move |name| format!("{PREFIX}{source}/{name}"))
            })
            .filter(|name| name.ends_with(".yaml"))
            .collect();
        assert_eq!(self::names().collect::<Vec<_>>(), files);
        assert!(expand(DEFAULT).iter().all(|path| text(path).is_some_and(|text| text.contains("- rule: "))));
    }

    #[test]
    fn entries_name_all_a_source_or_a_file() {
        assert_eq!(expand("builtin:").len(), FILES.len());
        assert_eq!(expand("builtin:syscall/").len(), 4);
        assert_eq!(expand("builtin:k8s_audit").len(), 2);
        assert_eq!(defaults(&["k8s_audit", "syscall", "okta"]), ["builtin:k8s_audit/k8s_audit_rules.yaml", DEFAULT]);
        assert_eq!(expand(DEFAULT), [PathBuf::from(DEFAULT)]);
        assert!(expand("builtin:sys").is_empty() && expand("builtin:nowhere").is_empty());
    }
}
