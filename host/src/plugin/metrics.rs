//! Metrics that plugins report.

use lanner_plugin_api::raw::{Metric, MetricType, MetricValueType};

use super::text;

/// Value of a metric.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum PluginMetricValue {
    /// Not negative.
    Unsigned(u64),
    /// May be negative.
    Signed(i64),
    /// Not whole.
    Float(f64),
}

/// One metric of a plugin.
#[derive(Clone, PartialEq, Debug)]
pub struct PluginMetric {
    /// The plugin's name, a dot, the metric's name.
    pub name: String,
    /// Whether it only grows.
    pub monotonic: bool,
    /// Its value.
    pub value: PluginMetricValue,
}

/// Copies what `get_metrics` returned. Entries without name or of an unknown type are left out.
///
/// # Safety
/// `metrics` points to `count` metrics whose names are null or NUL-terminated.
pub(super) unsafe fn copy(plugin: &str, metrics: *const Metric, count: u32) -> Vec<PluginMetric> {
    if metrics.is_null() {
        return Vec::new();
    }
    // SAFETY: the caller's promise.
    let metrics = unsafe { std::slice::from_raw_parts(metrics, count as usize) };
    metrics
        .iter()
        .filter_map(|metric| {
            // SAFETY: the caller's promise.
            let name = unsafe { text::read(metric.name) }?;
            // SAFETY: all members are plain numbers, valid for any bits; the type says which one was written.
            let value = unsafe {
                match metric.value_type {
                    MetricValueType::U32 => PluginMetricValue::Unsigned(u64::from(metric.value.u32)),
                    MetricValueType::U64 => PluginMetricValue::Unsigned(metric.value.u64),
                    MetricValueType::S32 => PluginMetricValue::Signed(i64::from(metric.value.s32)),
                    MetricValueType::S64 => PluginMetricValue::Signed(metric.value.s64),
                    MetricValueType::INT => PluginMetricValue::Signed(i64::from(metric.value.i)),
                    MetricValueType::DOUBLE => PluginMetricValue::Float(metric.value.d),
                    MetricValueType::FLOAT => PluginMetricValue::Float(f64::from(metric.value.f)),
                    _ => return None,
                }
            };
            Some(PluginMetric {
                name: format!("{plugin}.{name}"),
                monotonic: metric.ty == MetricType::MONOTONIC,
                value,
            })
        })
        .collect()
}
