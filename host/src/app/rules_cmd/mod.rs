//! `lanner rules`: rules listed, shown, laid out, compared, counted by tactic. Nothing is run.

mod args;
mod fmt;
mod list;
mod show;

use std::path::{Path, PathBuf};

use lanner_engine::attack::{self, RuleTags};
use lanner_engine::effect::Difference;
use lanner_engine::load::Loader;

pub use args::{BuiltinArgs, CoverageArgs, DiffArgs, FmtArgs, ListArgs, RuleInput, RulesCommand, RulesForm, ShowArgs};

use self::args::CoverageForm;
use super::cli::Options;
use super::configure::Configured;
use super::error::AppError;
use super::plugins::Library;
use super::process::print_stdout;
use super::sources::Group;
use super::{plugins, rule_files, rules, sources};
use crate::config::{builtin_rules, rules_files};

/// The whole command.
pub(super) fn run(command: &RulesCommand, options: &Options, configured: Configured) -> Result<(), AppError> {
    match command {
        RulesCommand::List(args) => {
            let ground = Ground::new(options, configured)?;
            print_stdout(&list::list(args, &ground.load(&args.input.rules)?));
        }
        RulesCommand::Show(args) => {
            let ground = Ground::new(options, configured)?;
            print_stdout(&show::show(args, &ground.load(&args.input.rules)?, &ground.groups)?);
        }
        RulesCommand::Fmt(args) => return fmt::fmt(args),
        RulesCommand::Diff(args) => {
            return diff(args, options, configured).map_err(|error| match error {
                AppError::Differs => error,
                other => AppError::Trouble(Box::new(other)),
            });
        }
        RulesCommand::Builtin(args) => print_stdout(&builtin(args)?),
        RulesCommand::Coverage(args) => {
            let ground = Ground::new(options, configured)?;
            print_stdout(&coverage(args, &ground.load(&args.input.rules)?));
        }
    }
    Ok(())
}

/// The names of the files inside the program, or the text of one.
fn builtin(args: &BuiltinArgs) -> Result<String, AppError> {
    let Some(name) = &args.name else {
        return Ok(builtin_rules::names().map(|name| name + "\n").collect());
    };
    let entry = if builtin_rules::is_builtin(name) { name.clone() } else { format!("builtin:{name}") };
    let files = rules_files::expand(&[entry])?;
    Ok(files.iter().filter_map(|file| builtin_rules::text(file)).collect())
}

/// Sources and settings that rules are loaded against.
struct Ground<'o> {
    options: &'o Options,
    configured: Configured,
    libraries: Vec<Library>,
    groups: Vec<Group>,
}

impl<'o> Ground<'o> {
    /// Without a configuration file every built-in plugin is there, so that rules of all its sources load.
    fn new(options: &'o Options, mut configured: Configured) -> Result<Self, AppError> {
        if configured.loaded.files.is_empty() {
            plugins::add_built_in(&mut configured.settings);
        }
        let libraries = plugins::load(&configured.settings)?;
        let groups = sources::build(&libraries, &configured.settings)?;
        Ok(Self { options, configured, libraries, groups })
    }

    /// Loads files and folders; the configured ones if none is named.
    fn load(&self, paths: &[String]) -> Result<Loader, AppError> {
        let options = Options { rules: paths.to_vec(), ..self.options.clone() };
        let files = rule_files(&options, &self.configured, &self.libraries)?;
        if files.is_empty() {
            return Err(AppError::NoRules);
        }
        let rules = rules::load(&files, &options, &self.configured.settings, &self.groups, &self.libraries)?;
        Ok(rules.0)
    }
}

fn diff(args: &DiffArgs, options: &Options, configured: Configured) -> Result<(), AppError> {
    let ground = Ground::new(options, configured)?;
    let load = |path: &String| {
        let mut paths = args.base.clone();
        paths.push(path.clone());
        ground.load(&paths)
    };
    let difference = Difference::between(&load(&args.old)?, &load(&args.new)?);
    print_stdout(&match args.format {
        RulesForm::Text => difference.to_text(),
        RulesForm::Json => json(&difference),
    });
    if difference.is_empty() { Ok(()) } else { Err(AppError::Differs) }
}

fn coverage(args: &CoverageArgs, loader: &Loader) -> String {
    let rules = loader.rules().iter().filter(|rule| rule.enabled || args.disabled);
    let coverage = attack::Coverage::of(rules.map(|rule| RuleTags { name: &rule.name, tags: &rule.tags }));
    match args.format {
        CoverageForm::Text => coverage.to_text(),
        CoverageForm::Json => json(&coverage),
        CoverageForm::Navigator => format!("{:#}\n", attack::layer(&coverage, "Lanner rules")),
    }
}

/// Files behind paths that the user named: of a folder those that are rule files by name, a file whatever its name is.
fn named(paths: &[String]) -> Result<Vec<PathBuf>, AppError> {
    let mut files = Vec::new();
    for path in paths {
        match Path::new(path).is_dir() {
            true => files.extend(rules_files::expand(std::slice::from_ref(path))?),
            false => files.push(path.into()),
        }
    }
    Ok(files)
}

fn json(value: &impl serde::Serialize) -> String {
    // Our own types are serialisable: there are no maps in them with keys that are no texts.
    serde_json::to_string_pretty(value).map(|text| text + "\n").unwrap_or_default()
}
