//! The text of `/metrics`: Falco's metrics under Falco's names, then ours.
//!
//! The format is the text format 0.0.4 that Falco serves and every scraper reads. The library `prometheus-client` writes
//! OpenMetrics only, where a counter's family lacks the `_total` that Falco's names have and `# EOF` ends the page; the
//! encoder of the library `prometheus` writes exactly this format for names that are only known while running, as those of
//! plugins are.

use std::collections::HashMap;

use prometheus::TextEncoder;
use prometheus::proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType};

use super::host::Host;
use super::own;
use super::registry::Registry;
use super::sample::{self, Group, Sample, Unit, Value};
use super::table::{self, Kind};
use super::usage::Usage;
use crate::config::MetricsSettings;
use crate::event::scheme::SYSCALL;

/// What the text is.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4";

/// Parts of Falco's names that its Prometheus names leave out, wherever they stand; a longer one before its beginning.
const SUFFIXES: [&str; 10] = ["_kb", "_bytes", "_mb", "_percentage", "_perc", "_ratio", "_ns", "_ts", "_sec", "_total"];

/// A page of metrics: families in the order in which their first value came.
#[derive(Default)]
pub(super) struct Page {
    families: Vec<(MetricFamily, Kind, Vec<Metric>)>,
    places: HashMap<String, usize>,
}

impl Page {
    /// A value of a metric of the table.
    pub(super) fn add(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let Some(metric) = table::find(name) else { return };
        self.add_as(metric.name, metric.kind, metric.help, labels, value);
    }

    /// A value of a metric whose name a plugin chose. Values of one series add up: two sources may have the same plugin, each an
    /// instance of its own.
    pub(super) fn add_as(&mut self, name: &str, kind: Kind, help: &str, labels: &[(&str, &str)], value: f64) {
        let place = *self.places.entry(name.to_owned()).or_insert_with(|| {
            let mut family = MetricFamily::default();
            family.set_name(name.to_owned());
            family.set_help(help.to_owned());
            family.set_field_type(if kind == Kind::Counter { MetricType::COUNTER } else { MetricType::GAUGE });
            self.families.push((family, kind, Vec::new()));
            self.families.len() - 1
        });
        let Some((_, kind, metrics)) = self.families.get_mut(place) else { return };
        let label = |(name, value): &(&str, &str)| {
            let mut pair = LabelPair::default();
            pair.set_name((*name).to_owned());
            pair.set_value((*value).to_owned());
            pair
        };
        let labels: Vec<LabelPair> = labels.iter().map(label).collect();
        let same = metrics.iter().position(|metric| *metric.get_label() == *labels);
        let place = same.unwrap_or_else(|| {
            metrics.push(Metric::from_label(labels));
            metrics.len() - 1
        });
        let Some(metric) = metrics.get_mut(place) else { return };
        if *kind == Kind::Counter {
            let mut counter = Counter::default();
            counter.set_value(metric.get_counter().get_value() + value);
            metric.set_counter(counter);
        } else {
            let mut gauge = Gauge::default();
            gauge.set_value(metric.get_gauge().get_value() + value);
            metric.set_gauge(gauge);
        }
    }

    fn text(self) -> String {
        let filled = |(mut family, _, metrics): (MetricFamily, Kind, Vec<Metric>)| {
            family.set_metric(metrics);
            family
        };
        let families: Vec<MetricFamily> = self.families.into_iter().map(filled).collect();
        // It only refuses families without a name or a value, and there are none.
        TextEncoder::new().encode_to_string(&families).unwrap_or_default()
    }
}

/// The page as of now.
pub fn exposition(registry: &Registry, settings: &MetricsSettings) -> String {
    let mut page = Page::default();
    let usage = Usage::look();
    page.add("falcosecurity_falco_version_info", &[("version", registry.version)], 1.0);
    files(&mut page, registry);
    if settings.rules {
        rules(&mut page, registry);
    }
    let sources = registry.sources();
    for (n, source) in sources.iter().enumerate() {
        if let Some(engine) = source.feed.engine() {
            let labels = [("engine_name", engine), ("evt_source", &*source.name)];
            page.add("falcosecurity_scap_engine_name_info", &labels, 1.0);
        }
        let told = source.plugin_metrics();
        let samples = sample::of_source(source, &told, settings);
        let (kernel, other): (Vec<Sample>, Vec<Sample>) =
            samples.into_iter().partition(|sample| matches!(sample.group, Group::Kernel | Group::KernelCpu));
        kernel.iter().for_each(|sample| falco(&mut page, sample));
        if n == 0 && settings.resources {
            sample::of_usage(&usage).iter().for_each(|sample| falco(&mut page, sample));
        }
        other.iter().for_each(|sample| falco(&mut page, sample));
        if *source.name == *SYSCALL {
            no_enter_events(&mut page);
        }
    }
    wrapper(&mut page, registry);
    own::add(&mut page, registry, &sources, &usage);
    page.text()
}

fn files(page: &mut Page, registry: &Registry) {
    let files = registry.files();
    let lists = [
        ("falcosecurity_falco_sha256_rules_files_info", files.rules),
        ("falcosecurity_falco_sha256_config_files_info", files.config),
    ];
    for (name, list) in lists {
        for (n, file) in list.iter().enumerate() {
            // Two files of one name in two folders may also be the same; one series says all of it.
            if !list.iter().take(n).any(|earlier| earlier == file) {
                page.add(name, &[("file_name", &file.name), ("sha256", &file.sha256)], 1.0);
            }
        }
    }
}

fn rules(page: &mut Page, registry: &Registry) {
    for rule in registry.rules().iter().filter(|rule| rule.matches() > 0) {
        let of = rule.labels();
        let mut labels = vec![
            ("priority".to_owned(), (of.priority as u8).to_string()),
            ("rule_name".to_owned(), rule.name.to_string()),
            ("source".to_owned(), of.source.to_string()),
        ];
        labels.extend(of.tags.iter().map(|tag| (label_name(&format!("tag_{tag}")), "true".to_owned())));
        // Two tags may become one name: a label stands once.
        labels.sort();
        labels.dedup_by(|a, b| a.0 == b.0);
        let labels: Vec<(&str, &str)> = labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        page.add("falcosecurity_falco_rules_matches_total", &labels, rule.matches() as f64);
    }
}

/// What Falco says once, after everything else.
fn wrapper(page: &mut Page, registry: &Registry) {
    let host = Host::look();
    let full = registry.queue_drops();
    page.add("falcosecurity_falco_kernel_release_info", &[("kernel_release", &host.kernel_release)], 1.0);
    page.add("falcosecurity_evt_hostname_info", &[("hostname", &registry.hostname)], 1.0);
    page.add("falcosecurity_falco_outputs_queue_num_drops_total", &[], full as f64);
    page.add("falcosecurity_falco_reload_timestamp_nanoseconds", &[], registry.reloaded_ns() as f64);
    page.add("falcosecurity_falco_start_timestamp_nanoseconds", &[], registry.started_ns as f64);
    page.add("falcosecurity_falco_duration_seconds_total", &[], registry.uptime().as_secs() as f64);
    page.add("falcosecurity_falco_host_boot_timestamp_nanoseconds", &[], host.boot_ns as f64);
    page.add("falcosecurity_falco_host_num_cpus_total", &[], host.cpus as f64);
}

/// One of Falco's values under its Prometheus name.
fn falco(page: &mut Page, sample: &Sample) {
    let value = sample.value.as_f64();
    let name = sample.name.as_str();
    match sample.group {
        Group::KernelCpu => {
            if let Some((family, cpu)) = name.rsplit_once('_') {
                page.add(&format!("falcosecurity_scap_{family}_total"), &[("cpu", cpu)], value);
            }
        }
        // The sum over the classes, which labels tell apart here.
        Group::Kernel if name == "n_drops_buffer_total" => {}
        Group::Kernel if name.starts_with("n_drops_buffer_") => {
            let class = name.trim_start_matches("n_drops_buffer_").trim_end_matches("_exit");
            page.add("falcosecurity_scap_n_drops_buffer_total", &[("dir", "exit"), ("drop", class)], value);
        }
        Group::Kernel | Group::State => page.add(&prometheus_name("scap", name, sample.unit), &[], value),
        Group::Resources => {
            let value = match (sample.unit, sample.value) {
                (Unit::Percent, value) => value.as_f64() / 100.0,
                (Unit::Kibibytes, Value::Uint(kb)) => (kb * 1024) as f64,
                (_, value) => value.as_f64(),
            };
            page.add(&prometheus_name("falco", name, sample.unit), &[], value);
        }
        Group::Plugins => {
            let kind = if sample.monotonic { Kind::Counter } else { Kind::Gauge };
            page.add_as(&prometheus_name("plugins", name, sample.unit), kind, "Metric of a plugin", &[], value);
        }
    }
}

/// Series that Falco keeps for dashboards from when system calls had an event of their own for their beginning.
fn no_enter_events(page: &mut Page) {
    for class in ["clone_fork", "execve", "connect", "open", "dir_file", "other_interest"] {
        page.add("falcosecurity_scap_n_drops_buffer_total", &[("dir", "enter"), ("drop", class)], 0.0);
    }
}

/// Falco's Prometheus name of a value: units leave the name and stand at its end, spelt out.
fn prometheus_name(subsystem: &str, name: &str, unit: Unit) -> String {
    let mut rest = format!("falcosecurity_{subsystem}_{name}_");
    SUFFIXES.iter().for_each(|suffix| rest = rest.replace(suffix, ""));
    let unit = match unit {
        Unit::Count => "total",
        Unit::Percent => "ratio",
        Unit::Bytes | Unit::Kibibytes => "bytes",
    };
    sanitised(&(rest + unit), true)
}

fn label_name(name: &str) -> String {
    sanitised(name, false)
}

/// Everything that a name cannot have as one `_`.
fn sanitised(name: &str, colons: bool) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        let fits = c.is_ascii_alphanumeric() || (c == ':' && colons);
        if fits {
            out.push(c);
        } else if !out.ends_with('_') {
            out.push('_');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_falcos_convention() {
        let name = prometheus_name;
        assert_eq!(name("falco", "memory_rss_kb", Unit::Kibibytes), "falcosecurity_falco_memory_rss_bytes");
        assert_eq!(name("falco", "cpu_usage_perc", Unit::Percent), "falcosecurity_falco_cpu_usage_ratio");
        assert_eq!(name("scap", "n_threads", Unit::Count), "falcosecurity_scap_n_threads_total");
        assert_eq!(name("plugins", "web.n-seen_total", Unit::Count), "falcosecurity_plugins_web_n_seen_total");
        assert_eq!(label_name("tag_NIST_800-53_AC-2"), "tag_NIST_800_53_AC_2");
    }

    #[test]
    fn a_family_is_one_block_and_labels_are_escaped() {
        let mut page = Page::default();
        page.add("lanner_source_events_total", &[("source", "a\"b\\c\nd")], 1.0);
        page.add("lanner_process_threads", &[], 2.0);
        page.add("lanner_source_events_total", &[("source", "e")], 3.0);
        page.add("lanner_process_threads", &[], 1.0);
        assert_eq!(
            page.text(),
            "# HELP lanner_source_events_total Events that rules could see\n# TYPE lanner_source_events_total \
             counter\nlanner_source_events_total{source=\"a\\\"b\\\\c\\nd\"} 1\nlanner_source_events_total{source=\"e\"} \
             3\n# HELP lanner_process_threads Threads of this process\n# TYPE lanner_process_threads \
             gauge\nlanner_process_threads 3\n"
        );
    }
}
