//! What is in force, and what is compiled to come after it.

use std::path::PathBuf;
use std::sync::Arc;

use super::changes;
use super::{Entry, Outline, Proposal, Snapshot, snapshot};
use crate::app::capture::Plan;
use crate::app::cli::Options;
use crate::app::compiled::{self, Compiled};
use crate::app::configure::{self, Configured};
use crate::app::enforce;
use crate::app::error::AppError;
use crate::app::measure;
use crate::app::names::RuleNames;
use crate::app::plugins::Library;
use crate::app::sources::{self, Group};
use crate::app::{rule_files, rules};
use crate::config::{Node, Settings, builtin_rules};
use crate::log;
use crate::memory::Tally;
use crate::metrics::{Loaded, Registry};
use crate::outputs::Changes;

/// What is in force, and what it was made of.
pub(in crate::app) struct Base<'r> {
    /// The command line.
    pub(in crate::app) options: &'r Options,
    /// The plugins' code.
    pub(in crate::app) libraries: &'r [Library],
    /// The sources that run.
    pub(in crate::app) selected: Vec<String>,
    /// The name that alerts carry.
    pub(in crate::app) hostname: Arc<str>,
    /// The rules' numbers.
    pub(in crate::app) names: Arc<RuleNames>,
    /// The configuration that the program was started with: what a reload does not follow is compared with it.
    pub(in crate::app) first: Node,
    /// What holds.
    pub(in crate::app) settings: Settings,
    /// Whether files are watched.
    pub(in crate::app) watch: bool,
    /// What the kernel has of the rules that kill.
    pub(in crate::app) enforced: enforce::Prepared,
    /// Its files.
    pub(in crate::app) entries: Vec<Entry>,
    /// What was in them.
    pub(in crate::app) seen: Snapshot,
    /// The rules that are in force.
    pub(in crate::app) rules: Outline,
    /// Plugins of the reloads: rules are compiled with them, as those of the sources are busy with events.
    pub(in crate::app) twins: Option<Twins>,
    /// Who tells which rules and files are in force, if anybody does.
    pub(in crate::app) registry: Option<Arc<Registry>>,
}

/// Plugins that no events come to.
pub(in crate::app) struct Twins {
    groups: Vec<Group>,
    /// The fields of the configuration that their sources have.
    static_fields: Vec<(String, String)>,
}

/// What a reload has compiled.
pub(super) struct Next {
    /// By source.
    pub(super) proposals: Vec<(String, Box<Proposal>)>,
    /// What becomes of the outputs.
    pub(super) outputs: Changes,
    /// What is to take the place of its like in [`Base`].
    pub(super) base: Followed,
}

/// The parts of [`Base`] that change.
pub(super) struct Followed {
    configured: Configured,
    settings: Settings,
    loaded: Option<Loaded>,
    /// What the rules take.
    taken: Tally,
    pub(super) rules: Outline,
}

/// The files of a configuration, whether they are there or not.
pub(in crate::app) fn entries(options: &Options, configured: &Configured) -> Vec<Entry> {
    let loaded = &configured.loaded;
    let included = loaded.tree.get("config_files").map(Node::items).unwrap_or_default();
    let included = included.iter().filter_map(|item| item.text().or_else(|| item.get("path").and_then(Node::text)));
    let main = (!loaded.main.is_empty()).then_some(loaded.main.as_str());
    let rules = if options.rules.is_empty() { &configured.settings.rules_files } else { &options.rules };
    let entry = |rules| move |path: &str| Entry { path: PathBuf::from(path), rules };
    let configuration = main.into_iter().chain(included).map(entry(false));
    // What is inside the program does not change.
    let rules = rules.iter().map(String::as_str).filter(|path| !builtin_rules::is_builtin(path));
    configuration.chain(rules.map(entry(true))).collect()
}

impl Base<'_> {
    /// Whether files are to be watched.
    pub(super) fn watches(&self) -> bool {
        self.watch
    }

    /// The files whose content is another one than when they were read.
    pub(super) fn changed(&self) -> Vec<String> {
        let now = snapshot(&self.entries);
        let other = |path: &&PathBuf| self.seen.get(*path) != now.get(*path);
        let mut changed: Vec<String> =
            self.seen.keys().chain(now.keys()).filter(other).map(|path| path.display().to_string()).collect();
        changed.sort();
        changed.dedup();
        changed
    }

    /// Reads and compiles everything anew. What was read is remembered, also if it is not good: once is enough to say so.
    pub(super) fn compile(&mut self) -> Result<Next, AppError> {
        let before = snapshot(&self.entries);
        self.seen.clone_from(&before);
        let configured = configure::read(self.options)?;
        self.entries = entries(self.options, &configured);
        self.seen = snapshot(&self.entries);
        // What changed while the configuration was read has not been read: that is a change to come.
        self.seen.extend(before.into_iter().filter(|(path, _)| self.entries.iter().any(|entry| entry.holds(path))));
        let settings = changes::in_force(&self.settings, configured.settings.clone());
        if !settings.outputs.any() {
            return Err(AppError::NoOutput);
        }
        let outputs = Changes::between(&self.settings.outputs, &settings.outputs)?;
        let files = rule_files(self.options, &configured, self.libraries)?;
        let twins = match self.twins.take() {
            Some(twins) if twins.static_fields == settings.static_fields => twins,
            _ => Twins {
                groups: sources::build(self.libraries, &settings)?,
                static_fields: settings.static_fields.clone(),
            },
        };
        let twins = &self.twins.insert(twins).groups;
        let mut taken = Tally::default();
        let rules = taken.over(|| rules::load(&files, self.options, &settings, twins, self.libraries))?;
        let Compiled { groups, enforced } =
            taken.over(|| compiled::compile(&rules, twins, &settings, &self.selected, &self.hostname, &self.names))?;
        if enforced != self.enforced {
            return Err(AppError::Enforcement(
                "rules that kill (enforce: kill), or what `enforcement` says of them, have changed; the running probes keep \
                 those of the start: restart to change them"
                    .to_owned(),
            ));
        }
        let numbers = self.names.numbers(rules.0.rules());
        let plan = settings.capture.as_ref().map(|capture| Arc::new(Plan::new(capture, rules.0.rules(), &numbers)));
        let config = (settings.live.base != self.settings.live.base
            || settings.alerts.base64_buffers != self.settings.alerts.base64_buffers)
            .then(|| crate::app::plugins::syscall_config(&settings, true));
        let proposal = |group: compiled::CompiledGroup| {
            let proposal = Proposal {
                rules: group.rules,
                schemes: group.schemes,
                how: group.how,
                numbers: self.names.len(),
                plan: plan.clone(),
                drops: settings.drops.clone(),
                asks: group.asks,
                wanted: group.wanted,
                config: config.clone(),
            };
            (group.name, Box::new(proposal))
        };
        let proposals = groups.into_iter().map(proposal).collect();
        let loaded = self.registry.is_some().then(|| measure::loaded(&configured, &rules));
        let outline = Outline::of(rules.0.rules());
        taken.over(|| drop(rules));
        Ok(Next { proposals, outputs, base: Followed { configured, settings, loaded, taken, rules: outline } })
    }

    /// What was compiled is in force now. The changed keys that are not followed.
    pub(super) fn follow(&mut self, next: Followed) -> Vec<String> {
        let Followed { configured, settings, loaded, taken, rules } = next;
        if let (Some(registry), Some(loaded)) = (&self.registry, loaded) {
            registry.set_loaded(loaded);
            registry.set_rules_bytes(taken.bytes());
        }
        log::configure(&settings.log.how(settings.alerts.iso_8601));
        configure::remark(&configured.loaded, &configured.settings);
        let later = changes::at_next_start(&self.first, &configured.loaded.tree);
        if !later.is_empty() {
            log::warning(format_args!(
                "These keys of the configuration take effect at the next start, until then those of this one hold: {}",
                later.join(", ")
            ));
        }
        self.watch = configured.settings.watch_config_files;
        self.settings = settings;
        self.rules = rules;
        later
    }
}
