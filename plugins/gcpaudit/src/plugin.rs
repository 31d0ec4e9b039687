//! The plugin as the host sees it, made for each opener of subscriptions: the built-in has none.

/// Defines and exports the plugin `$name`, whose subscriptions are opened by `$remote`, a
/// [`RemoteOpener`](crate::feed::RemoteOpener).
#[macro_export]
macro_rules! gcpaudit_plugin {
    ($(#[$doc:meta])* $name:ident, $remote:expr) => {
        $(#[$doc])*
        pub struct $name($crate::core::Core);

        impl ::core::convert::AsMut<$crate::core::Core> for $name {
            fn as_mut(&mut self) -> &mut $crate::core::Core {
                &mut self.0
            }
        }

        impl $crate::sdk::Plugin for $name {
            const NAME: &'static ::core::ffi::CStr = c"gcpaudit";
            const DESCRIPTION: &'static ::core::ffi::CStr = c"Events of the audit log of Google Cloud";
            const CONTACT: &'static ::core::ffi::CStr = c"https://github.com/lanner-security/lanner";
            const VERSION: &'static ::core::ffi::CStr = c"0.8.1";
            type Config = $crate::sdk::Json<$crate::config::Config>;

            fn new(init: &mut $crate::sdk::Init<'_>, config: Self::Config) -> Result<Self, $crate::sdk::Error> {
                $crate::core::Core::new(init, config.0).map(Self)
            }

            fn metrics(&mut self, out: &mut $crate::sdk::Metrics<'_>) {
                self.0.metrics(out);
            }
        }

        impl $crate::sdk::ExtractRaw for $name {
            const EVENT_TYPES: &'static [u16] = &[::lanner_plugin_api::raw::PLUGINEVENT_E];
            const EVENT_SOURCES: &'static [&'static str] = &["gcp_auditlog"];

            fn field_defs() -> Vec<$crate::sdk::FieldDef> {
                $crate::fields::FIELDS.iter().map($crate::fields::Field::def).collect()
            }

            fn extract<'v>(
                &'v mut self,
                cx: &$crate::sdk::ExtractCx<'v>,
                req: &$crate::sdk::FieldRequest<'v>,
                out: &mut $crate::sdk::ValueSink<'v>,
            ) -> bool {
                self.0.extract(cx, req, out)
            }
        }

        impl $crate::sdk::Source for $name {
            const PLUGIN_ID: u32 = 12;
            const EVENT_SOURCE: &'static ::core::ffi::CStr = c"gcp_auditlog";
            type Instance = $crate::feed::Stream<Self>;

            fn open(&mut self, params: &str) -> Result<Self::Instance, $crate::sdk::Error> {
                $crate::feed::Stream::open(&self.0, params, $remote)
            }

            fn list_open_params(&mut self) -> Result<Vec<$crate::sdk::OpenParam>, $crate::sdk::Error> {
                Ok($crate::feed::open_params())
            }

            fn event_to_string(&mut self, event: &$crate::sdk::EventInput<'_>, out: &mut String) -> bool {
                self.0.event_to_string(event, out)
            }
        }

        ::lanner_plugin_api::export_plugin!($name: source, extract_raw);
    };
}

gcpaudit_plugin! {
    /// The built-in plugin: all fields, files and folders of log entries.
    GcpAudit, crate::feed::no_remote
}
