//! What is measured and where it goes: `metrics`.

use std::time::Duration;

use super::error::ConfigError;
use super::settings::Reader;

/// What is measured, and the snapshots of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricsSettings {
    /// `metrics.interval`: time between two snapshots.
    pub interval: Duration,
    /// The same as written.
    pub interval_text: String,
    /// `metrics.output_rule`: snapshots as alerts.
    pub output_rule: bool,
    /// `metrics.output_file`: snapshots as lines of a file.
    pub output_file: Option<String>,
    /// `metrics.rules_counters_enabled`.
    pub rules: bool,
    /// `metrics.resource_utilization_enabled`.
    pub resources: bool,
    /// `metrics.state_counters_enabled`.
    pub state: bool,
    /// `metrics.kernel_event_counters_enabled`.
    pub kernel: bool,
    /// `metrics.kernel_event_counters_per_cpu_enabled`.
    pub kernel_cpu: bool,
    /// `metrics.plugins_metrics_enabled`.
    pub plugins: bool,
    /// `metrics.convert_memory_to_mb`.
    pub memory_in_mb: bool,
    /// `metrics.include_empty_values`.
    pub empty: bool,
}

impl MetricsSettings {
    /// Everything, every hour, to nowhere.
    #[cfg(test)]
    pub(crate) fn all() -> Self {
        Self {
            interval: Duration::from_secs(3600),
            interval_text: "1h".into(),
            output_rule: false,
            output_file: None,
            rules: true,
            resources: true,
            state: true,
            kernel: true,
            kernel_cpu: true,
            plugins: true,
            memory_in_mb: true,
            empty: true,
        }
    }
}

/// Milliseconds of each unit of a Prometheus duration, in the order in which they must stand.
const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 24 * 3_600_000),
    ("w", 7 * 24 * 3_600_000),
    ("d", 24 * 3_600_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];
/// The shortest interval.
const LEAST: Duration = Duration::from_millis(100);

/// The settings, if metrics are enabled.
pub(super) fn read(read: Reader<'_>) -> Result<Option<MetricsSettings>, ConfigError> {
    if !read.bool("metrics.enabled", false) {
        return Ok(None);
    }
    let interval_text = read.text("metrics.interval", "5000");
    let interval = duration(&interval_text).unwrap_or_default();
    if !interval_text.is_empty() && interval_text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(read.wrong(format!(
            "metrics.interval is \"{interval_text}\": Metrics interval was passed as numeric value without Prometheus time \
             unit. Please specify a time unit, as in 15m"
        )));
    }
    if interval < LEAST {
        return Err(read.wrong(format!(
            "metrics.interval is \"{interval_text}\": Metrics interval must have a minimum value of 100ms and reflect a \
             Prometheus compliant time duration format, as 15m or 1h30m (units y, w, d, h, m, s, ms, in this order)"
        )));
    }
    let on = |key: &str, default| read.bool(&format!("metrics.{key}"), default);
    let output_file = Some(read.text("metrics.output_file", "")).filter(|path| !path.is_empty());
    let settings = MetricsSettings {
        interval,
        output_rule: on("output_rule", false),
        output_file,
        rules: on("rules_counters_enabled", true),
        resources: on("resource_utilization_enabled", true),
        state: on("state_counters_enabled", true),
        kernel: on("kernel_event_counters_enabled", true),
        kernel_cpu: on("kernel_event_counters_per_cpu_enabled", true),
        plugins: on("plugins_metrics_enabled", true),
        memory_in_mb: on("convert_memory_to_mb", true),
        empty: on("include_empty_values", false),
        interval_text,
    };
    let served = read.bool("webserver.prometheus_metrics_enabled", false);
    if !settings.output_rule && settings.output_file.is_none() && !served {
        return Err(read.wrong(
            "Metrics are enabled with no output configured. Please enable at least one output channel \
             ('metrics.output_rule', 'metrics.output_file' or 'webserver.prometheus_metrics_enabled')",
        ));
    }
    Ok(Some(settings))
}

/// A Prometheus duration: numbers with units, each unit once, the longer ones first.
fn duration(text: &str) -> Option<Duration> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let mut rest = text.as_str();
    let mut units = UNITS.iter();
    let mut sum: u64 = 0;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let (unit, next) = after.split_at(after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len()));
        let (_, factor) = units.find(|(name, _)| *name == unit)?;
        sum = sum.checked_add(number.parse::<u64>().ok()?.checked_mul(*factor)?)?;
        rest = next;
    }
    Some(Duration::from_millis(sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_prometheus() {
        let ms = |text: &str| duration(text).map(|duration| duration.as_millis());
        assert_eq!(ms("1h"), Some(3_600_000));
        assert_eq!(ms("1h30m 5s"), Some(5_405_000));
        assert_eq!(ms("100ms"), Some(100));
        assert_eq!(ms("1y2w3d"), Some((365 + 14 + 3) * 86_400_000));
        for bad in ["5000", "1m1h", "1h1h", "h", "1x", "-1s", "1.5h", "99999999999999999999y", "9999999999999y"] {
            assert_eq!(ms(bad), None, "{bad}");
        }
        assert_eq!(ms(""), Some(0));
    }
}
