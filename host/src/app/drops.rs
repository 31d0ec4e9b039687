//! Losses of the live source: judged once a second and told as `syscall_event_drops` says.

use std::collections::BTreeMap;
use std::sync::Arc;

use lanner_engine::format::FormatValue;
use lanner_engine::load::Priority;
use lanner_engine::scheme::EventSet;

use super::blind::Blind;
use crate::alert::{Alert, INTERNAL, RuleHead};
use crate::config::{DropAction, DropSettings};
use crate::log;
use crate::metrics::Blindness;
use crate::plugin::{PluginMetric, PluginMetricValue};

const SECOND: u64 = 1_000_000_000;
/// The name under which losses alert, as Falco's.
const RULE: &str = "Falco internal: syscall event drop";
/// The fields of Falco's alert, which are there whether they are zero or not, and what else there is to say.
const FIELDS: [&str; 15] = [
    "n_evts",
    "n_drops",
    "n_drops_buffer_total",
    "n_drops_buffer_clone_fork_exit",
    "n_drops_buffer_execve_exit",
    "n_drops_buffer_connect_exit",
    "n_drops_buffer_open_exit",
    "n_drops_buffer_dir_file_exit",
    "n_drops_buffer_other_interest_exit",
    "n_drops_buffer_close_exit",
    "n_drops_buffer_proc_exit",
    "n_drops_scratch_map",
    "n_drops_page_faults",
    "n_drops_bug",
    "n_drops_max_event_size",
];

/// Counters of the plugin of system calls, by their names without the plugin's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally(BTreeMap<String, u64>);

impl Tally {
    /// As the plugin tells them.
    pub(super) fn of(metrics: &[PluginMetric]) -> Self {
        let counter = |metric: &PluginMetric| match metric.value {
            PluginMetricValue::Unsigned(n) if metric.monotonic => {
                Some((metric.name.strip_prefix("syscall.")?.to_owned(), n))
            }
            _ => None,
        };
        Self(metrics.iter().filter_map(counter).collect())
    }

    fn get(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    /// What has been counted since.
    fn since(&self, before: &Self) -> Self {
        Self(self.0.iter().map(|(name, n)| (name.clone(), n.saturating_sub(before.get(name)))).collect())
    }

    /// The kinds of events of which any were lost, by symbol.
    pub(super) fn lost_events(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().filter(|(_, n)| **n > 0).filter_map(|(name, n)| Some((name.strip_prefix("n_drops_event_")?, *n)))
    }
}

/// Lets something happen so often in the long run and a few times at once.
#[derive(Clone, Debug)]
struct Bucket {
    rate: f64,
    most: f64,
    tokens: f64,
    last_ns: u64,
}

impl Bucket {
    fn claim(&mut self, now: u64) -> bool {
        if self.last_ns != 0 {
            let elapsed = now.saturating_sub(self.last_ns) as f64 / SECOND as f64;
            self.tokens = (self.tokens + elapsed * self.rate).min(self.most);
        }
        self.last_ns = now;
        let there = self.tokens >= 1.0;
        if there {
            self.tokens -= 1.0;
        }
        there
    }
}

/// Looks after the losses of one source.
pub(super) struct DropWatch {
    settings: DropSettings,
    hostname: Arc<str>,
    head: Arc<RuleHead>,
    bucket: Bucket,
    last: Tally,
    /// When they were looked at; 0: not yet.
    last_ns: u64,
    blind: Blind,
    detected: u64,
    taken: u64,
}

/// What a second's losses ask for.
#[derive(Debug)]
struct Verdict {
    lost: Tally,
    act: bool,
}

impl DropWatch {
    /// For rules with the events that each of them can match.
    pub(super) fn new(settings: DropSettings, hostname: Arc<str>, rules: Vec<(Box<str>, EventSet)>) -> Self {
        let head = RuleHead { rule: RULE.into(), source: INTERNAL.into(), priority: Priority::Debug, tags: Vec::new() };
        let bucket = Bucket { rate: settings.rate, most: settings.max_burst, tokens: settings.max_burst, last_ns: 0 };
        Self {
            settings,
            hostname,
            head: Arc::new(head),
            bucket,
            last: Tally::default(),
            last_ns: 0,
            blind: Blind::new(rules),
            detected: 0,
            taken: 0,
        }
    }

    /// Goes on with other rules and settings; what was counted and missed stays so.
    pub(super) fn follow(&mut self, settings: &DropSettings, rules: Vec<(Box<str>, EventSet)>) {
        if self.settings != *settings {
            (self.bucket.rate, self.bucket.most) = (settings.rate, settings.max_burst);
            self.settings = settings.clone();
        }
        self.blind.follow(rules);
    }

    /// Looks at what the plugin counts by now. `false`: the program is to end.
    pub(super) fn look(&mut self, now: u64, metrics: &[PluginMetric], raise: &mut dyn FnMut(Alert)) -> bool {
        if self.last_ns == 0 {
            // What was lost before the first event is told with the first second.
            self.last_ns = now;
            return true;
        }
        let Some(verdict) = self.judge(now, &Tally::of(metrics)) else { return true };
        if !verdict.act {
            log::debug("Syscall event drop but token bucket depleted, skipping actions");
            return true;
        }
        self.act(now, &verdict.lost, raise)
    }

    /// What the counters say; `None`: nothing that is worth a word.
    fn judge(&mut self, now: u64, tally: &Tally) -> Option<Verdict> {
        let mut lost = tally.since(&self.last);
        self.blind.see(&lost, self.last_ns, now);
        (self.last, self.last_ns) = (tally.clone(), now);
        let mut threshold = self.settings.threshold;
        if self.settings.simulate {
            log::info("Simulating syscall event drop");
            *lost.0.entry("n_drops".to_owned()).or_default() += 1;
            threshold = 0.0;
        }
        let drops = lost.get("n_drops");
        // Without any event the share is infinite, and so it is above the threshold.
        if drops == 0 || drops as f64 / lost.get("n_evts") as f64 <= threshold {
            return None;
        }
        self.detected += 1;
        let act = self.bucket.claim(now);
        self.taken += u64::from(act);
        Some(Verdict { lost, act })
    }

    /// Does what the configuration asks for. `false`: the program is to end.
    fn act(&self, now: u64, lost: &Tally, raise: &mut dyn FnMut(Alert)) -> bool {
        let mut message = format!("{RULE}. {} system calls dropped in last second.", lost.get("n_drops"));
        if let Some(blind) = self.blind.sentence() {
            message.push(' ');
            message.push_str(&blind);
        }
        let mut goes_on = true;
        for action in &self.settings.actions {
            match action {
                DropAction::Log => log::debug(&message),
                DropAction::Alert => raise(Alert {
                    time_ns: now,
                    head: Arc::clone(&self.head),
                    hostname: Arc::clone(&self.hostname),
                    message: message.clone(),
                    fields: self.fields(lost),
                }),
                DropAction::Exit => {
                    log::critical(&message);
                    log::critical("Exiting.");
                    goes_on = false;
                }
            }
        }
        goes_on
    }

    /// All texts, as Falco has them, sorted by name.
    fn fields(&self, lost: &Tally) -> Vec<(Arc<str>, FormatValue)> {
        let counter = |name: &str| (Arc::from(name), FormatValue::Text(lost.get(name).to_string()));
        let mut fields: Vec<(Arc<str>, FormatValue)> = FIELDS.iter().map(|name| counter(name)).collect();
        fields.push(("ebpf_enabled".into(), FormatValue::Text("1".into())));
        fields.push(("blind_rules".into(), FormatValue::Text(self.blind.names())));
        fields.push(("blind_since".into(), FormatValue::Text(self.blind.since().to_string())));
        fields.sort_by(|a, b| a.0.cmp(&b.0));
        fields
    }

    /// When which rule may have missed events.
    pub(super) fn blind(&self) -> impl Iterator<Item = (&str, Blindness)> {
        self.blind.each()
    }

    /// What stderr gets beside the report of matches, in Falco's words, and then the rules that could have missed events.
    pub(super) fn report(&self) -> String {
        monitoring(self.detected, self.taken) + &self.blind.report()
    }

    /// The same for a source that cannot lose anything.
    pub(super) fn nothing_lost() -> String {
        monitoring(0, 0)
    }

    /// Looks at the counters a last time: what was lost within the last second is not told otherwise.
    pub(super) fn finish(&mut self, metrics: &[PluginMetric]) {
        let tally = Tally::of(metrics);
        let lost = tally.since(&self.last);
        self.blind.see(&lost, self.last_ns, self.last_ns + SECOND);
        self.detected += u64::from(lost.get("n_drops") > 0);
        self.last = tally;
    }
}

fn monitoring(detected: u64, taken: u64) -> String {
    format!(
        "Syscall event drop monitoring:\n   - event drop detected: {detected} occurrences\n   - num times actions taken: \
         {taken}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> DropSettings {
        DropSettings {
            threshold: 0.1,
            actions: vec![DropAction::Log, DropAction::Alert],
            rate: 0.5,
            max_burst: 1.0,
            simulate: false,
        }
    }

    fn tally(counters: &[(&str, u64)]) -> Tally {
        Tally(counters.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect())
    }

    fn watch(settings: &DropSettings) -> DropWatch {
        let openat: EventSet = [lanner_plugin_api::schema::EventType::SYSCALL_OPENAT_2_X.0].into_iter().collect();
        DropWatch::new(
            settings.clone(),
            "lab".into(),
            vec![("Reads".into(), openat), ("Other".into(), EventSet::EMPTY)],
        )
    }

    #[test]
    fn the_share_lost_is_judged_by_the_second() {
        let settings = settings();
        let mut watch = watch(&settings);
        assert!(watch.judge(SECOND, &tally(&[("n_evts", 100), ("n_drops", 10)])).is_none(), "not above the threshold");
        let more = tally(&[("n_evts", 200), ("n_drops", 21)]);
        assert!(watch.judge(2 * SECOND, &more).is_some_and(|v| v.act && v.lost.get("n_drops") == 11));
        assert!(watch.judge(3 * SECOND, &more).is_none(), "nothing new");
        let again = tally(&[("n_evts", 201), ("n_drops", 22)]);
        assert!(watch.judge(3 * SECOND + 1, &again).is_some_and(|v| !v.act), "a token takes two seconds");
        let later = tally(&[("n_evts", 202), ("n_drops", 23)]);
        assert!(watch.judge(6 * SECOND, &later).is_some_and(|v| v.act));
        assert!(watch.report().contains("detected: 3 occurrences") && watch.report().contains("taken: 2\n"));
    }

    #[test]
    fn the_alert_has_falcos_fields_and_names_the_rules() {
        let settings = settings();
        let mut watch = watch(&settings);
        let lost =
            [("n_evts", 9), ("n_drops", 5), ("n_drops_buffer_open_exit", 5), ("n_drops_event_SYSCALL_OPENAT_2_X", 5)];
        let verdict = watch.judge(SECOND, &tally(&lost)).unwrap();
        let mut alerts = Vec::new();
        assert!(watch.act(SECOND, &verdict.lost, &mut |alert| alerts.push(alert)));
        let [alert] = &alerts[..] else { panic!("{alerts:?}") };
        assert!(alert.message.starts_with(
            "Falco internal: syscall event drop. 5 system calls dropped in last second. Rules that may have missed events: \
             Reads."
        ));
        let field = |name: &str| alert.fields.iter().find(|(key, _)| &**key == name).map(|(_, value)| value.clone());
        assert_eq!(field("n_drops_buffer_open_exit"), Some(FormatValue::Text("5".into())));
        assert_eq!(field("n_drops_bug"), Some(FormatValue::Text("0".into())));
        assert_eq!(field("blind_rules"), Some(FormatValue::Text("Reads".into())));
        assert!(alert.fields.is_sorted_by(|a, b| a.0 <= b.0));
    }

    #[test]
    fn losses_are_made_up_when_asked_for_and_can_end_the_program() {
        let settings = DropSettings { actions: vec![DropAction::Exit], simulate: true, ..settings() };
        let mut watch = watch(&settings);
        let verdict = watch.judge(SECOND, &Tally::default()).unwrap();
        assert!(verdict.act && !watch.act(SECOND, &verdict.lost, &mut |_| ()));
    }
}
