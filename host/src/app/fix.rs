//! `lanner check --fix`: deprecated forms rewritten in place.

use lanner_engine::load::{self, Edit, LoadResult, Loader};
use lanner_engine::report::{Position, diff};

use super::cli::Fix;
use super::error::AppError;
use super::process::print_stdout;

/// Rewrites the loaded files, or shows what would change. `fresh` is a loader without files: what would load worse than
/// before is not written.
pub(crate) fn fix(mut loader: Loader, results: &[LoadResult], mut fresh: Loader, how: Fix) -> Result<(), AppError> {
    let edits = loader.fixes();
    let files = loader.files();
    let mut changed: Vec<(&str, String)> = Vec::new();
    let mut told = String::new();
    let mut errors = 0;
    for (number, file) in files.all().iter().enumerate() {
        let own: Vec<Edit> = edits.iter().filter(|edit| edit.at.file as usize == number).cloned().collect();
        let text = load::apply(&file.text, &own);
        errors += fresh.load(&file.name, &text).errors().count();
        if own.is_empty() {
            continue;
        }
        match how {
            Fix::Show => told.push_str(&diff(&file.name, &file.text, &text)),
            Fix::Write => {
                for edit in &own {
                    let at = Position::of(files, edit.at.file, edit.at.start);
                    told.push_str(&format!("{}:{}:{}: {}\n", file.name, at.line, at.column, edit.what));
                }
            }
        }
        changed.push((&file.name, text));
    }
    let before: usize = results.iter().map(|result| result.errors().count()).sum();
    if errors > before {
        return Err(AppError::Rules("the rewritten files would not load; nothing was changed".to_owned()));
    }
    if how == Fix::Write {
        for (path, text) in &changed {
            std::fs::write(path, text).map_err(|source| AppError::WriteRules { path: (*path).to_owned(), source })?;
        }
    }
    if changed.is_empty() {
        told.push_str("nothing to rewrite\n");
    }
    print_stdout(&told);
    Ok(())
}
