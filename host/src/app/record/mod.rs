//! `lanner record`: the running kernel, or a capture, into capture files.

mod files;
mod progress;
mod recorder;

use std::sync::{Arc, PoisonError};

use lanner_plugin_api::schema::EventType;

use super::cli::{Options, RecordArgs};
use super::compiled::live_settings;
use super::configure::Configured;
use super::error::AppError;
use super::process::machine_name;
use super::stats::Losses;
use super::{plugins, replay, signals, sources};
use crate::config::{Engine, Settings};
use crate::event::filter::Filter;
use crate::event::scheme::SYSCALL;
use crate::log;
use crate::plugin::{Inspector, Open};
use crate::source::{Control, Counts, pump};
use files::Files;
use progress::Progress;
use recorder::Recorder;

/// Records until the source ends, the time is up or a signal comes.
pub(crate) fn run(args: &RecordArgs, options: &Options, mut configured: Configured) -> Result<(), AppError> {
    let settings = &mut configured.settings;
    match &args.read {
        Some(file) => settings.engine = Engine::Replay { capture_file: file.clone() },
        None if !settings.engine.is_live() => settings.engine = Engine::ModernEbpf,
        None => {}
    }
    let libraries = plugins::load(settings)?;
    let groups = sources::build(&libraries, settings)?;
    let syscall = |group: &&sources::Group| group.sources.iter().any(|source| source.name == SYSCALL);
    let Some(group) = groups.iter().find(syscall) else { return Err(AppError::NoSource) };
    let filter = replay::filter(group, args.filter.as_deref())?;
    let input = group.sources.iter().find(|source| source.name == SYSCALL).and_then(|source| source.input.as_ref());
    let Some((input, _)) = input else { return Err(AppError::NoSource) };
    let params = args.read.clone().unwrap_or_else(|| live(args, filter.as_ref(), settings));
    let set = group.plugins.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(set) = set else { return Err(AppError::NoSource) };
    // The place is tried before the kernel is asked for anything.
    let files = Files::new(args)?;
    let control = Arc::new(Control::default());
    let _signals = signals::listen(Arc::clone(&control), None)?;
    let open = Open { source: *input, params: &params, recorded: args.read.is_some(), event_schema: None };
    let mut inspector = Inspector::open(set, open).map_err(|error| match args.read {
        Some(_) => AppError::Plugin(error),
        None => AppError::NoLiveSource(error),
    })?;
    let progress = Progress::start(args);
    let mut recorder =
        Recorder::new(*input, args, options.stop_after_s, filter, files, progress, machine_name(&mut inspector));
    let pumped = pump(&mut inspector, &control, &mut recorder, &mut Counts::default());
    let losses = Losses::of(&inspector.parts().1.metrics());
    let (_, errors) = inspector.close();
    errors.iter().for_each(|error| log::error(format_args!("closing '{SYSCALL}': {error}")));
    // What was recorded is written even if the source broke.
    let recorded = recorder.finish(args.read.is_none().then_some(&losses));
    pumped?;
    recorded
}

/// What the kernel is asked for.
fn live(args: &RecordArgs, filter: Option<&Filter>, settings: &Settings) -> String {
    let io = args.io || settings.live.base.all;
    match filter {
        // It names event types: those and no others, data or not.
        Some(filter) if (0..EventType::COUNT).any(|code| !filter.events().contains(code)) => {
            live_settings(&settings.live, Some(&filter.wish()), true)
        }
        _ => live_settings(&settings.live, None, io),
    }
    .to_params()
}
