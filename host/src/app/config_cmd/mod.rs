//! `lanner config`: the configuration shown, checked, and its keys listed. Nothing is run.

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
use crate::config::{self, check, show};

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
            let built_in: Vec<&str> = BUILT_IN.iter().map(|built_in| built_in.name).collect();
            let checked = check::check(&file, &options.settings, &built_in)?;
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
