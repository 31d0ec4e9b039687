//! Where plugins' log lines go.

pub use lanner_plugin_api::raw::LogSeverity as Severity;

/// Takes log lines, from any thread.
pub trait LogSink: Send + Sync {
    /// One line. `component` is the plugin's name unless the plugin names a part of itself.
    fn log(&self, component: &str, message: &str, severity: Severity);
}

/// Drops every line.
#[derive(Clone, Copy, Default, Debug)]
pub struct NullSink;

impl LogSink for NullSink {
    fn log(&self, _component: &str, _message: &str, _severity: Severity) {}
}

impl<F: Fn(&str, &str, Severity) + Send + Sync> LogSink for F {
    fn log(&self, component: &str, message: &str, severity: Severity) {
        self(component, message, severity);
    }
}
