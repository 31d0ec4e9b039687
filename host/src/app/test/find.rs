//! Which files are case files.

use std::path::{Path, PathBuf};

use crate::app::error::AppError;

/// The folder whose YAML files are all case files.
const FOLDER: &str = "cases";

/// How deep folders are looked through.
const MAX_DEPTH: usize = 32;

/// The case files that the paths name, each once: files as they are, of folders those that hold cases, sorted by name.
pub(super) fn case_files(paths: &[String]) -> Result<Vec<PathBuf>, AppError> {
    let mut files: Vec<PathBuf> = Vec::new();
    for path in paths.iter().map(Path::new) {
        let mut found = Vec::new();
        let meta = path.metadata().map_err(|source| unreadable(path, source))?;
        if meta.is_dir() {
            let within = path.canonicalize().is_ok_and(|full| full.components().any(|part| part.as_os_str() == FOLDER));
            folder(path, within, MAX_DEPTH, &mut found)?;
            found.sort();
        } else {
            found.push(path.to_owned());
        }
        for file in found {
            if !files.contains(&file) {
                files.push(file);
            }
        }
    }
    Ok(files)
}

fn unreadable(path: &Path, source: std::io::Error) -> AppError {
    AppError::Cases(format!("cannot read {}: {source}", path.display()))
}

fn folder(path: &Path, within: bool, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), AppError> {
    if depth == 0 {
        return Ok(());
    }
    for entry in path.read_dir().map_err(|source| unreadable(path, source))? {
        let entry = entry.map_err(|source| unreadable(path, source))?;
        let path = entry.path();
        // A folder that is a link is left out: it can lead back, and many of them to very many ways.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            folder(&path, within || path.file_name().is_some_and(|name| name == FOLDER), depth - 1, found)?;
        } else if matches!(path.extension().and_then(|e| e.to_str()), Some("yaml" | "yml"))
            && (within || holds_cases(&path))
        {
            found.push(path);
        }
    }
    Ok(())
}

/// Whether a file has the key that every case file has, at the left margin; a rule file is a list and cannot.
fn holds_cases(path: &Path) -> bool {
    std::fs::read(path).is_ok_and(|bytes| bytes.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"cases:")))
}

/// The rule files of a case file that names none and stands in a folder `cases`: those beside the folder, sorted by name.
pub(in crate::app) fn rules_beside(path: &Path) -> Vec<PathBuf> {
    let folder = path.parent().filter(|folder| folder.file_name().is_some_and(|name| name == FOLDER));
    let Some(above) = folder.and_then(Path::parent) else { return Vec::new() };
    let here = if above.as_os_str().is_empty() { Path::new(".") } else { above };
    let Ok(entries) = here.read_dir() else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(above.join(entry.ok()?.file_name())))
        .filter(|path| path.is_file() && matches!(path.extension().and_then(|e| e.to_str()), Some("yaml" | "yml")))
        .filter(|path| !holds_cases(path))
        .collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_searched_for_cases_and_rules_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            path
        };
        write("syscall/more.yaml", "cases:\n- {}\n");
        let rules = write("syscall/own_rules.yaml", "- rule: x\n  cases: 1\n");
        let inside = write("syscall/cases/files.yaml", "broken");
        write("syscall/cases/payload.json", "{}");
        let elsewhere = write("more/own.yml", "source: syscall\ncases:\n- {}\n");
        let all = case_files(&[dir.path().display().to_string()]).unwrap();
        assert_eq!(all, [elsewhere, inside.clone(), dir.path().join("syscall/more.yaml")]);
        let cases = dir.path().join("syscall/cases").display().to_string();
        assert_eq!(case_files(&[cases, inside.display().to_string()]).unwrap(), std::slice::from_ref(&inside));
        assert_eq!(rules_beside(&inside), [rules]);
        assert!(rules_beside(&dir.path().join("more/own.yml")).is_empty());
        assert!(case_files(&["/no/such/folder".into()]).is_err());
    }
}
