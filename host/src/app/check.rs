//! `lanner check`: everything that is wrong or doubtful about rule files, in one run.

use std::io::IsTerminal as _;
use std::path::Path;

use lanner_engine::load::{LintOptions, LoadResult, Loader};
use lanner_engine::report::{Level, Report};

use super::cli::{Check, Format, Options};
use super::enforce::ABILITY;
use super::error::AppError;
use super::fix;
use super::lists::versions::Versions;
use super::plugins::Library;
use super::process::print_stdout;
use super::rules::{self, read};
use super::sources::Group;
use crate::config::{RuleMatching, Settings, builtin_rules, rules_files};

/// Checks the files, prints what was found, and ends with an error if there is one.
pub(crate) fn check(
    check: &Check,
    options: &Options,
    settings: &Settings,
    groups: &[Group],
    libraries: &[Library],
) -> Result<(), AppError> {
    let mut loader = rules::loader(options, settings, groups, libraries, true);
    let results = load(&mut loader, &check.files)?;
    if let Some(how) = check.fix {
        let fresh = rules::loader(options, settings, groups, libraries, true);
        return fix::fix(loader, &results, fresh, how);
    }
    let mut lints = loader.plugin_errors();
    lints.extend(loader.lint(&LintOptions { first_match: settings.rule_matching == RuleMatching::First }));
    lints.extend(loader.enforcement(&ABILITY, check.enforce));
    let mut report = Report::new(loader.files(), &results, lints);
    report.allow(&check.allow);
    print_stdout(&match check.format {
        Format::Text => report.text(colour()),
        Format::Json => format!("{:#}\n", report.json()),
        Format::Sarif => format!("{:#}\n", report.sarif(Versions::PROGRAM)),
        Format::Github => report.github(),
    });
    let denied = check.deny_warnings && report.count(Level::Warning) > 0;
    if report.count(Level::Error) > 0 || denied {
        return Err(AppError::Rules(report.verdict()));
    }
    Ok(())
}

/// Loads every file, whatever is wrong with the others.
fn load(loader: &mut Loader, paths: &[String]) -> Result<Vec<LoadResult>, AppError> {
    let mut results = Vec::new();
    let mut files = Vec::new();
    for path in paths {
        // What is named is checked whatever it is called; of a folder only what would be loaded.
        match Path::new(path).is_dir() || builtin_rules::is_builtin(path) {
            true => files.extend(rules_files::expand(std::slice::from_ref(path))?),
            false => files.push(path.into()),
        }
    }
    for path in files {
        let name = path.display().to_string();
        results.push(match read(&path) {
            Ok(text) => loader.load(&name, &text),
            Err(error) => loader.unreadable(&name, &error.to_string()),
        });
    }
    Ok(results)
}

/// Colours only where they are seen, and not against the user's wish (<https://no-color.org>).
fn colour() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
