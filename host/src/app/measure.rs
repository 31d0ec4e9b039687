//! What the program measures of itself while it runs, as far as the configuration asks for it.

use std::sync::{Arc, PoisonError};

use super::configure::Configured;
use super::error::AppError;
use super::lists::versions::Versions;
use super::rules::Rules;
use super::sources::Group;
use crate::alert::Alert;
use crate::config::{Engine, MetricsSettings, Settings};
use crate::event::scheme::SYSCALL;
use crate::log;
use crate::metrics::{Feed, Fingerprints, Keeper, Loaded, Pulse, Registry};
use crate::outputs::{Outputs, OutputsCounts};
use crate::web::{AskReload, Web};

/// What is measured, and what `/versions` answers.
#[derive(Debug)]
pub(crate) struct Measure {
    pub(crate) registry: Arc<Registry>,
    versions: String,
}

impl Measure {
    /// If metrics or the web server are enabled: everything about rules and files is known by now.
    pub(crate) fn new(configured: &Configured, rules: &Rules, groups: &[Group], hostname: &Arc<str>) -> Option<Self> {
        let settings = &configured.settings;
        if settings.metrics.is_none() && settings.web.is_none() {
            return None;
        }
        let registry = Arc::new(Registry::new(Versions::PROGRAM, Arc::clone(hostname)));
        registry.set_loaded(loaded(configured, rules));
        if let Some(memory) = &settings.memory {
            registry.set_budget(memory.shares(settings.outputs.count()));
        }
        Some(Self { registry, versions: format!("{}", versions(groups).json()) })
    }

    /// Opens what shows it: the web server, unless a capture is replayed, which is over soon, and the file of snapshots.
    /// `reload` asks for reloads, if there are any.
    pub(crate) fn open(
        &self,
        settings: &Settings,
        outputs: OutputsCounts,
        reload: Option<AskReload>,
    ) -> Result<Shown, AppError> {
        self.registry.set_outputs(outputs);
        let keeper = Keeper::new(Arc::clone(&self.registry), settings.metrics.clone())?;
        if let Some(metrics) = &settings.metrics {
            announce(metrics);
        } else if settings.web.as_ref().is_some_and(|web| web.prometheus) {
            log::warning("webserver.prometheus_metrics_enabled has no effect without metrics.enabled");
        }
        let replay = matches!(settings.engine, Engine::Replay { .. });
        let web = settings.web.as_ref().filter(|_| !replay).map(|web| {
            let (registry, versions) = (Arc::clone(&self.registry), self.versions.clone());
            Web::start(web, settings.metrics.clone(), registry, versions, reload)
        });
        Ok(Shown { keeper, web: web.transpose()? })
    }

    /// What the thread of this source holds of it.
    pub(crate) fn pulse(&self, name: &str, feed: Feed, settings: &Settings) -> Pulse {
        let meter = self.registry.add_source(name, feed);
        Pulse::new(Arc::clone(&self.registry), meter, settings.metrics.is_some())
    }
}

/// What shows what is measured, while it lives.
pub(crate) struct Shown {
    keeper: Keeper,
    web: Option<Web>,
}

impl Shown {
    /// Does `work` with the keeper beside it; then the web server ends.
    pub(crate) fn during<T>(self, outputs: &Outputs, work: impl FnOnce() -> T) -> T {
        let Self { keeper, web } = self;
        let (running, stop) = crossbeam_channel::bounded(0);
        let done = std::thread::scope(|scope| {
            let raise = |alert: Alert| outputs.send(alert);
            let thread = std::thread::Builder::new().name("metrics".into());
            if let Err(error) = thread.spawn_scoped(scope, move || keeper.run(&stop, &raise)) {
                log::error(format_args!("no thread for metrics, they will not change: {error}"));
            }
            let done = work();
            drop(running);
            done
        });
        drop(web);
        done
    }
}

fn announce(metrics: &MetricsSettings) {
    let (text, ms) = (&metrics.interval_text, metrics.interval.as_millis());
    log::info(format_args!("Setting metrics interval to {text}, equivalent to {ms} (ms)"));
}

/// What metrics tell of rules and configuration that have just been read.
pub(crate) fn loaded(configured: &Configured, rules: &Rules) -> Loaded {
    let files = rules.0.files();
    let names = (0..).map_while(|number| files.get(number)).map(|file| &*file.name);
    let files = Fingerprints::of(configured.loaded.files.iter().map(|(path, _)| path.as_str()), names);
    Loaded::new(rules.0.rules(), files)
}

/// The versions of this program and of the plugins that were loaded beside its own.
fn versions(groups: &[Group]) -> Versions {
    let mut plugins: Vec<(String, String)> = Vec::new();
    for group in groups {
        let set = group.plugins.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, plugin) in set.iter().flat_map(|set| set.iter()) {
            let info = plugin.info();
            if info.name != SYSCALL && !plugins.iter().any(|(name, _)| *name == info.name) {
                plugins.push((info.name.clone(), info.version.to_string()));
            }
        }
    }
    Versions { plugins }
}
