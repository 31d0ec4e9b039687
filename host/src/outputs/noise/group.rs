//! `alerts.group`: the first alert of a kind at once, the others of its window as one summary.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use lanner_engine::format::FormatValue;

use super::{HeldBack, add_field};
use crate::alert::{Alert, json};
use crate::config::GroupSettings;
use crate::log;

/// Windows that are open at once, per entry of `alerts.group`; beyond them the oldest ends early.
const OPEN: usize = 8192;
/// What alerts held back may take where nothing is configured, per entry.
const MOST_BYTES: u64 = 64 << 20;

/// All entries of `alerts.group`.
#[derive(Debug)]
pub(super) struct Groups {
    groups: Vec<Group>,
    /// Rules whose alerts lack a field to group by, already told.
    told: HashSet<Box<str>>,
}

#[derive(Debug)]
struct Group {
    settings: GroupSettings,
    windows: HashMap<Arc<str>, Window>,
    /// Keys by the end of their window: all windows are equally long, so they end as they began.
    order: VecDeque<(u64, Arc<str>)>,
    /// Bytes of keys and alerts, and how many there may be.
    bytes: usize,
    max_bytes: usize,
    /// Windows that ended early.
    early: u64,
}

#[derive(Debug, Default)]
struct Window {
    /// Alerts held back, and the last of them.
    count: u64,
    last: Option<Alert>,
}

impl Groups {
    pub(super) fn new(settings: &[GroupSettings], max_bytes: Option<u64>) -> Self {
        let max_bytes = max_bytes.map_or(MOST_BYTES, |bytes| bytes / settings.len().max(1) as u64);
        let group = |settings: &GroupSettings| Group {
            settings: settings.clone(),
            windows: HashMap::new(),
            order: VecDeque::new(),
            bytes: 0,
            max_bytes: usize::try_from(max_bytes).unwrap_or(usize::MAX),
            early: 0,
        };
        Self { groups: settings.iter().map(group).collect(), told: HashSet::new() }
    }

    /// An alert: comes back if it is the first of its kind, or belongs to no group.
    pub(super) fn pass(&mut self, alert: Alert, now: u64, out: &mut Vec<Alert>, held: &mut HeldBack) -> Option<Alert> {
        let Some(group) = self.groups.iter_mut().find(|group| group.settings.rules.has(&alert.head.rule)) else {
            return Some(alert);
        };
        let key = match key(&alert, &group.settings.by) {
            Ok(key) => key,
            Err(field) => {
                if self.told.insert(alert.head.rule.clone()) {
                    log::warning(format_args!(
                        "alerts.group: alerts of '{}' have no field '{field}' and are not grouped; append_output can add it \
                         (extra_fields)",
                        alert.head.rule
                    ));
                }
                return Some(alert);
            }
        };
        if let Some(window) = group.windows.get_mut(&*key) {
            held.count(&alert.head.rule, "group");
            window.count += 1;
            group.bytes += alert.weight();
            group.bytes -= window.last.replace(alert).map_or(0, |last| last.weight());
            group.end_early(0, out);
            return None;
        }
        group.bytes += weight(&key);
        group.end_early(1, out);
        let key: Arc<str> = key.into();
        let end = now.saturating_add(nanoseconds(group.settings.window));
        group.order.push_back((end, Arc::clone(&key)));
        group.windows.insert(key, Window::default());
        Some(alert)
    }

    /// Ends the windows whose time is over.
    pub(super) fn close(&mut self, now: u64, out: &mut Vec<Alert>) {
        for group in &mut self.groups {
            while let Some((_, key)) = group.order.pop_front_if(|(end, _)| *end <= now) {
                group.end(&key, out);
            }
        }
    }
}

impl Groups {
    /// Bytes held, and windows that ended early; `None` if nothing is grouped.
    pub(super) fn held(&self) -> Option<(u64, u64)> {
        let sum = |bytes: (u64, u64), group: &Group| (bytes.0 + group.bytes as u64, bytes.1 + group.early);
        (!self.groups.is_empty()).then(|| self.groups.iter().fold((0, 0), sum))
    }
}

/// Bytes of a window beside its alert: its key stands there once and is pointed to twice.
fn weight(key: &str) -> usize {
    key.len() + 256
}

impl Group {
    /// Ends the oldest windows until there is room for so many more.
    fn end_early(&mut self, more: usize, out: &mut Vec<Alert>) {
        while self.order.len() + more > OPEN || self.bytes > self.max_bytes {
            let Some((_, oldest)) = self.order.pop_front() else { return };
            self.early += 1;
            self.end(&oldest, out);
        }
    }

    fn end(&mut self, key: &str, out: &mut Vec<Alert>) {
        let Some(Window { count, last }) = self.windows.remove(key) else { return };
        self.bytes = self.bytes.saturating_sub(weight(key));
        let Some(mut alert) = last else { return };
        self.bytes = self.bytes.saturating_sub(alert.weight());
        let alerts = if count == 1 { "alert" } else { "alerts" };
        alert.message.push_str(&format!(" [{count} more {alerts} within {:?}]", self.settings.window));
        add_field(&mut alert, "group.count", FormatValue::Uint(count));
        out.push(alert);
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// What makes alerts equal: the rule and the values of the fields; else the field that is not there.
fn key<'f>(alert: &Alert, by: &'f [String]) -> Result<String, &'f str> {
    let mut key = alert.head.rule.to_string();
    for field in by {
        let (_, value) = alert.fields.iter().find(|(name, _)| **name == **field).ok_or(field.as_str())?;
        key.push('\n');
        json::push_value(value, &mut key);
    }
    Ok(key)
}
