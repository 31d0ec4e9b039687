//! Rules that kill: which of the loaded ones the kernel gets, and what is said of the others.

mod ability;
mod told;
mod untold;

pub(crate) use ability::ABILITY;
pub(crate) use told::Deeds;
pub(crate) use untold::Untold;

use lanner_engine::enforce::{How, Plan, Subject, Test};
use lanner_engine::load::{Enforce, Loader, RuleSpec};
use lanner_engine::report::Report;
use lanner_syscall::live::{EnforcedEvent, EnforcedTest, Enforcement};

use super::error::AppError;
use crate::config::{EnforcementSettings, Settings};
use crate::event::scheme::SYSCALL;
use crate::log;

/// What the kernel is to enforce, and under which numbers it has the rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prepared {
    /// What the probes are told; `None`: nothing is to be killed.
    pub(crate) kernel: Option<Enforcement>,
    /// The number among all rules of each rule that the kernel has, by its number there.
    rules: Vec<usize>,
}

impl Prepared {
    /// The number in the kernel of the rule with this one among all.
    pub(crate) fn number(&self, rule: usize) -> Option<u16> {
        self.rules.iter().position(|known| *known == rule).and_then(|at| u16::try_from(at).ok())
    }
}

/// Decides what is to be killed by the rules that are on, and tells what is not. `numbers` are those of all loaded rules.
/// `watched`: the running kernel is.
pub(crate) fn prepare(
    loader: &Loader,
    settings: &Settings,
    numbers: &[usize],
    watched: bool,
) -> Result<Prepared, AppError> {
    let EnforcementSettings { enabled, dry_run, protect } = &settings.enforcement;
    let asks = |rule: &&RuleSpec| rule.enabled && rule.enforce == Enforce::Kill;
    let names: Vec<&str> = loader.rules().iter().filter(asks).map(|rule| &*rule.name).collect();
    let listed = names.join(", ");
    if names.is_empty() {
        return Ok(Prepared::default());
    }
    if !enabled {
        log::warning(format_args!(
            "enforcement is off, so that rules that ask to kill (enforce: kill) only raise alerts: {listed}; \
             `enforcement: {{enabled: true}}` in the configuration turns it on"
        ));
        return Ok(Prepared::default());
    }
    if !watched {
        log::warning(format_args!(
            "enforcement.enabled is true, but the running kernel is not watched ({}): nothing is killed by the rules that ask \
             for it: {listed}",
            reason(settings)
        ));
        return Ok(Prepared::default());
    }
    protect.iter().filter_map(|entry| idle(entry)).for_each(log::warning);
    let mut plan = Plan::default();
    plan.protect(protected(protect)).map_err(|full| AppError::Enforcement(format!("enforcement.protect: {full}")))?;
    let mut rules = Vec::new();
    for (at, rule) in loader.rules().iter().enumerate().filter(|(_, rule)| asks(rule)) {
        let Some(Ok(program)) = loader.program(rule, &ABILITY) else { continue };
        match plan.add(&program) {
            Ok(_) => rules.push(at),
            Err(full) => log::warning(format_args!("rule '{}' kills nothing: {full}", rule.name)),
        }
    }
    let report = Report::new(loader.files(), &[], loader.enforcement(&ABILITY, false));
    if !report.findings().is_empty() {
        log::warning(format_args!("some rules that ask to kill cannot:\n{}", report.text(false).trim_end()));
    }
    let ready: Vec<&str> = rules.iter().filter_map(|at| loader.rules().get(*at)).map(|rule| &*rule.name).collect();
    if plan.is_empty() {
        return Ok(Prepared::default());
    }
    let what = if *dry_run { "would kill, but for enforcement.dry_run" } else { "may kill in the kernel" };
    log::write(log::Level::Notice, format_args!("{} {what}: {}", count(ready.len()), ready.join(", ")));
    let rules = rules.into_iter().filter_map(|at| numbers.get(at).copied()).collect();
    Ok(Prepared { kernel: Some(kernel(&plan, *dry_run)), rules })
}

fn count(rules: usize) -> String {
    if rules == 1 { "1 rule".to_owned() } else { format!("{rules} rules") }
}

/// Why the kernel is not watched.
fn reason(settings: &Settings) -> String {
    match settings.engine.is_live() {
        true => format!("the source {SYSCALL} is off"),
        false => format!("engine.kind is {}", settings.engine.name()),
    }
}

/// Most bytes of a process's name.
const NAME: usize = 15;

/// Why an entry of `enforcement.protect` protects nothing, if that can be seen.
fn idle(entry: &str) -> Option<String> {
    let why = if !entry.starts_with('/') {
        match entry {
            "" => "it is empty".to_owned(),
            _ if entry.contains('/') => "a path begins with a slash, and the name of a process has none".to_owned(),
            _ if entry.len() > NAME => {
                format!("the kernel cuts the names of processes to {NAME} bytes; write those, or the path")
            }
            _ => return None,
        }
    } else {
        match std::fs::canonicalize(entry) {
            Ok(real) if real.as_os_str() == entry => return None,
            Ok(real) => format!("the program's path is {}", real.display()),
            Err(error) => format!("{error}; the path counts as the host sees it, without links"),
        }
    };
    Some(format!("enforcement.protect: '{entry}' protects nothing as things are: {why}"))
}

/// Programs by path, everything else by the name of the process.
fn protected(protect: &[String]) -> Vec<Test> {
    let (paths, names): (Vec<&String>, Vec<&String>) = protect.iter().partition(|entry| entry.starts_with('/'));
    let test = |subject: Subject, entries: Vec<&String>| {
        let mut texts: Vec<Box<[u8]>> = entries.iter().map(|entry| entry.as_bytes().into()).collect();
        texts.sort_unstable();
        texts.dedup();
        (!texts.is_empty()).then_some(Test { subject, how: How::Equal, texts })
    };
    [test(Subject::Program, paths), test(Subject::Name, names)].into_iter().flatten().collect()
}

/// The plan as the probes take it.
fn kernel(plan: &Plan, dry_run: bool) -> Enforcement {
    let how = |how: How| match how {
        How::Equal => 0,
        How::Prefix => 1,
        How::Below => 2,
        How::In => 3,
    };
    let test = |test: &Test| EnforcedTest {
        subject: test.subject.number(),
        how: how(test.how),
        texts: test.texts.iter().map(|text| text.to_vec()).collect(),
    };
    Enforcement {
        dry_run,
        tests: plan.tests.iter().map(test).collect(),
        protect: plan.protect,
        events: plan
            .events
            .iter()
            .map(|event| EnforcedEvent {
                code: event.code,
                alternatives: event.alternatives.iter().map(|rule| (rule.yes, rule.no, rule.rule)).collect(),
            })
            .collect(),
        rules: plan.rules,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_protects_nothing_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().canonicalize().unwrap();
        let at = |name: &str| dir.join(name).display().to_string();
        std::fs::write(at("program"), "").unwrap();
        std::os::unix::fs::symlink("program", at("link")).unwrap();
        assert_eq!((idle("sshd"), idle(&at("program"))), (None, None));
        for (entry, why) in [
            ("bin/sh", "begins with a slash"),
            ("a-name-of-16-byte", "to 15 bytes"),
            (at("none").as_str(), "No such file"),
            (at("link").as_str(), at("program").as_str()),
        ] {
            assert!(idle(entry).is_some_and(|told| told.contains(why)), "{entry}: {:?}", idle(entry));
        }
    }
}
