//! The fields of a metrics snapshot, as Falco's alert and file of metrics have them.

use std::collections::BTreeMap;

use lanner_engine::format::FormatValue;

use super::files::Fingerprint;
use super::host::{Host, interfaces};
use super::registry::Registry;
use super::sample::{self, Group, Sample, Unit, Value};
use super::source::SourceMeter;
use super::usage::{Usage, tenths};
use crate::config::MetricsSettings;

/// Fields by name.
pub(super) type Fields = BTreeMap<String, FormatValue>;

/// What the last snapshot of a source had, to tell what has come since.
#[derive(Clone, Debug, Default)]
pub(super) struct Before {
    now_ns: u64,
    events: u64,
    kernel_events: u64,
    kernel_drops: u64,
}

/// The fields of one source as of now.
pub(super) fn fields(
    registry: &Registry,
    source: &SourceMeter,
    settings: &MetricsSettings,
    now_ns: u64,
    before: &mut Before,
) -> Fields {
    let mut fields = Fields::new();
    let elapsed = if before.now_ns == 0 { 0.0 } else { now_ns.saturating_sub(before.now_ns) as f64 / 1e9 };
    before.now_ns = now_ns;
    wrapper(&mut fields, registry, source, now_ns);
    let events = source.counts().events;
    if before.events != 0 && elapsed > 0.0 {
        put(&mut fields, "falco.evts_rate_sec", FormatValue::Double(rate(events, before.events, elapsed)));
    }
    put(&mut fields, "falco.num_evts", FormatValue::Uint(events));
    put(&mut fields, "falco.num_evts_prev", FormatValue::Uint(std::mem::replace(&mut before.events, events)));
    if settings.rules {
        rules(&mut fields, registry, settings);
    }
    let mut samples = sample::of_source(source, &source.plugin_metrics(), settings);
    if settings.resources {
        samples.extend(sample::of_usage(&Usage::look()));
    }
    for sample in &samples {
        let (name, value) = converted(sample, settings.memory_in_mb);
        if settings.empty || !value.is_zero() {
            fields.insert(name, formatted(value));
        }
    }
    losses(&mut fields, &samples, elapsed, before);
    fields
}

fn wrapper(fields: &mut Fields, registry: &Registry, source: &SourceMeter, now_ns: u64) {
    let host = Host::look();
    let text = |text: &str| FormatValue::Text(text.to_owned());
    let dropped = registry.queue_drops();
    let entries = [
        ("evt.time", FormatValue::Uint(now_ns)),
        ("evt.hostname", text(&registry.hostname)),
        ("evt.source", text(&source.name)),
        ("falco.version", text(registry.version)),
        ("falco.start_ts", FormatValue::Uint(registry.started_ns)),
        ("falco.reload_ts", FormatValue::Uint(registry.reloaded_ns())),
        ("falco.duration_sec", FormatValue::Uint(registry.uptime().as_secs())),
        ("falco.kernel_release", text(&host.kernel_release)),
        ("falco.host_boot_ts", FormatValue::Uint(host.boot_ns)),
        ("falco.host_num_cpus", FormatValue::Uint(host.cpus)),
        ("falco.outputs_queue_num_drops", FormatValue::Uint(dropped)),
    ];
    entries.into_iter().for_each(|(name, value)| put(fields, name, value));
    let files = registry.files();
    let mut add = |kind: &str, list: &[Fingerprint]| {
        for file in list {
            fields.insert(format!("falco.sha256_{kind}_file.{}", sanitised(&file.name)), text(&file.sha256));
        }
    };
    add("rules", &files.rules);
    add("config", &files.config);
    for (interface, addresses) in interfaces() {
        for (protocol, list) in [("ipv4", addresses.ipv4), ("ipv6", addresses.ipv6)] {
            if !list.is_empty() {
                let name = format!("falco.host_netinfo.interfaces.{interface}.protocols.{protocol}.addresses");
                fields.insert(name, FormatValue::Text(list.join(",")));
            }
        }
    }
    if let Some(engine) = source.feed.engine() {
        put(fields, "scap.engine_name", text(engine));
    }
}

fn rules(fields: &mut Fields, registry: &Registry, settings: &MetricsSettings) {
    let rules = registry.rules();
    put(fields, "falco.rules.matches_total", FormatValue::Uint(rules.iter().map(|rule| rule.matches()).sum()));
    for rule in rules.iter().filter(|rule| settings.empty || rule.matches() > 0) {
        fields.insert(format!("falco.rules.{}", sanitised(&rule.name)), FormatValue::Uint(rule.matches()));
    }
}

/// Counts and shares of the kernel's events, which are told whether they are zero or not.
fn losses(fields: &mut Fields, samples: &[Sample], elapsed: f64, before: &mut Before) {
    let of = |name: &str| match samples.iter().find(|sample| sample.group == Group::Kernel && sample.name == name) {
        Some(Sample { value: Value::Uint(n), .. }) => Some(*n),
        _ => None,
    };
    let (mut came, mut lost) = (0, 0);
    let mut tell = |count: Option<u64>, names: [&str; 3], before: &mut u64| {
        let Some(count) = count else { return 0 };
        let more = count.saturating_sub(*before);
        let rate = if elapsed > 0.0 { rate(count, *before, elapsed) } else { 0.0 };
        put(fields, names[0], FormatValue::Uint(count));
        put(fields, names[1], FormatValue::Uint(std::mem::replace(before, count)));
        put(fields, names[2], FormatValue::Double(rate));
        more
    };
    came += tell(of("n_evts"), ["scap.n_evts", "scap.n_evts_prev", "scap.evts_rate_sec"], &mut before.kernel_events);
    let names = ["scap.n_drops", "scap.n_drops_prev", "scap.evts_drop_rate_sec"];
    lost += tell(of("n_drops"), names, &mut before.kernel_drops);
    let share = if came > 0 { 100.0 * lost as f64 / came as f64 } else { 0.0 };
    put(fields, "scap.n_drops_perc", FormatValue::Double(share));
}

/// Name and value as a snapshot has them: memory in whole kibibytes and bytes, or in mebibytes with one digit after the point.
fn converted(sample: &Sample, memory_in_mb: bool) -> (String, Value) {
    let prefix = match sample.group {
        Group::Resources | Group::State => "falco.",
        Group::Kernel | Group::KernelCpu => "scap.",
        Group::Plugins => "plugins.",
    };
    let mut value = sample.value;
    let mut name = sample.name.clone();
    let factor = match sample.unit {
        Unit::Kibibytes => Some(1024.0),
        Unit::Bytes => Some(1.0),
        _ => None,
    };
    if let (true, Some(factor)) = (memory_in_mb, factor) {
        value = Value::Double(tenths(value.as_f64() * factor / (1024.0 * 1024.0)));
        name = name.trim_end_matches("_kb").trim_end_matches("_bytes").to_owned() + "_mb";
    }
    (format!("{prefix}{name}"), value)
}

fn formatted(value: Value) -> FormatValue {
    match value {
        Value::Uint(n) => FormatValue::Uint(n),
        Value::Int(n) => FormatValue::Int(n),
        Value::Double(n) => FormatValue::Double(n),
    }
}

fn rate(count: u64, before: u64, elapsed: f64) -> f64 {
    tenths(count.saturating_sub(before) as f64 / elapsed)
}

fn put(fields: &mut Fields, name: &str, value: FormatValue) {
    fields.insert(name.to_owned(), value);
}

/// A name of a rule or file as part of a field's name: everything unusual is one `_`, and none at the end.
fn sanitised(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_ascii_alphanumeric() || c == ':' {
            out.push(c);
        } else if !out.ends_with('_') {
            out.push('_');
        }
    }
    out.truncate(out.trim_end_matches('_').len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_rules_become_names_of_fields() {
        assert_eq!(sanitised("Read sensitive file (untrusted)"), "Read_sensitive_file_untrusted");
        assert_eq!(sanitised("falco_rules.local.yaml"), "falco_rules_local_yaml");
    }

    #[test]
    fn memory_is_told_in_the_unit_asked_for() {
        let sample = Sample {
            name: "memory_rss_kb".into(),
            group: Group::Resources,
            unit: Unit::Kibibytes,
            monotonic: false,
            value: Value::Uint(20_000),
        };
        assert_eq!(converted(&sample, true), ("falco.memory_rss_mb".to_owned(), Value::Double(19.5)));
        assert_eq!(converted(&sample, false), ("falco.memory_rss_kb".to_owned(), Value::Uint(20_000)));
    }

    #[test]
    fn losses_are_told_even_when_there_are_none() {
        let kernel = |name: &str, n| Sample {
            name: name.into(),
            group: Group::Kernel,
            unit: Unit::Count,
            monotonic: true,
            value: Value::Uint(n),
        };
        let mut before = Before { kernel_events: 100, kernel_drops: 10, ..Before::default() };
        let mut fields = Fields::new();
        losses(&mut fields, &[kernel("n_evts", 300), kernel("n_drops", 60)], 10.0, &mut before);
        let get = |name: &str| fields.get(name).cloned();
        assert_eq!(get("scap.n_evts_prev"), Some(FormatValue::Uint(100)));
        assert_eq!(get("scap.evts_rate_sec"), Some(FormatValue::Double(20.0)));
        assert_eq!(get("scap.evts_drop_rate_sec"), Some(FormatValue::Double(5.0)));
        assert_eq!(get("scap.n_drops_perc"), Some(FormatValue::Double(25.0)));
        let mut none = Fields::new();
        losses(&mut none, &[], 10.0, &mut before);
        assert_eq!(none.len(), 1, "a source without a kernel has no rate of losses, but their share: {none:?}");
    }
}
