//! `lanner config`: the configuration shown, checked, and its keys listed. Nothing is run; to check what plugins are configured
//! with, their libraries are loaded.

mod args;
mod keys;

use std::io::IsTerminal as _;

pub use args::{CheckArgs, ConfigCommand, KeysArgs, ShowArgs};

use self::args::FindingsForm;
use super::cli::Options;
use super::configure;
use super::error::AppError;
use super::plugins::BUILT_IN;
use super::process::print_stdout;
use crate::config::{self, PluginConfig, check, show};
use crate::plugin::{PluginError, load_with_fallback};

/// The whole command.
pub(super) fn run(command: &ConfigCommand, options: &Options) -> Result<(), AppError> {
    match command {
        ConfigCommand::Show(args) => {
            let file = configure::find(options)?;
            let built_in = if file.is_none() { configure::built_in_defaults(options) } else { Vec::new() };
            let mut loaded = config::load(file.as_deref(), &built_in, &options.settings)?;
            if args.all {
                show::add_defaults(&mut loaded);
            }
            print_stdout(&match args.json {
                true => format!("{:#}\n", show::json(&loaded, args.secrets)),
                false => show::yaml(&loaded, args.secrets),
            });
            Ok(())
        }
        ConfigCommand::Check(args) => {
            let Some(file) = configure::find(options)? else {
                return Err(AppError::NoConfig(configure::DEFAULT_FILES[1]));
            };
            let checked = check::check(&file, &options.settings, &library)?;
            print_stdout(&match args.format {
                FindingsForm::Text => checked.text(std::io::stdout().is_terminal()),
                FindingsForm::Json => format!("{:#}\n", checked.json()),
            });
            let denied = args.deny.is_some() && checked.count(check::Level::Warning) > 0;
            if checked.count(check::Level::Error) > 0 || denied {
                return Err(AppError::BadConfig(checked.verdict()));
            }
            Ok(())
        }
        ConfigCommand::Keys(args) => {
            print_stdout(&keys::table(args.format));
            Ok(())
        }
    }
}

/// What a start would find of a plugin.
fn library(config: &PluginConfig) -> check::Library {
    match load_with_fallback(&config.name, &config.candidates(), &BUILT_IN) {
        Ok(library) => check::Library::There { schema: library.info().config_schema.clone() },
        Err(PluginError::LibraryNotFound { .. } | PluginError::UnknownBuiltIn { .. }) => check::Library::Missing,
        Err(error) => check::Library::Broken(error.to_string()),
    }
}
