//! A plugin as the host sees it, made for each way to open places of a cloud: the built-in one has none.

/// Defines and exports the plugin `$name` of the cloud with the configuration `$config`, whose remote places are opened by
/// `$opener`, an [`Opener`](crate::cloud::Opener). The calling crate depends on `lanner-plugin-api`.
#[macro_export]
macro_rules! cloud_plugin {
    ($(#[$doc:meta])* $name:ident, $config:ty, $opener:expr) => {
        $(#[$doc])*
        pub struct $name($crate::cloud::Core<$config>);

        impl ::core::convert::AsMut<$crate::cloud::Core<$config>> for $name {
            fn as_mut(&mut self) -> &mut $crate::cloud::Core<$config> {
                &mut self.0
            }
        }

        impl ::lanner_plugin_api::sdk::Plugin for $name {
            const NAME: &'static ::core::ffi::CStr = <$config as $crate::cloud::Cloud>::NAME;
            const DESCRIPTION: &'static ::core::ffi::CStr = <$config as $crate::cloud::Cloud>::DESCRIPTION;
            const CONTACT: &'static ::core::ffi::CStr = c"https://github.com/lanner-security/lanner";
            const VERSION: &'static ::core::ffi::CStr = <$config as $crate::cloud::Cloud>::VERSION;
            type Config = ::lanner_plugin_api::sdk::Json<$config>;

            fn new(
                init: &mut ::lanner_plugin_api::sdk::Init<'_>,
                config: Self::Config,
            ) -> Result<Self, ::lanner_plugin_api::sdk::Error> {
                $crate::cloud::Core::new(init, config.0).map(Self)
            }

            fn metrics(&mut self, out: &mut ::lanner_plugin_api::sdk::Metrics<'_>) {
                self.0.metrics(out);
            }
        }

        impl ::lanner_plugin_api::sdk::ExtractRaw for $name {
            const EVENT_TYPES: &'static [u16] = &[::lanner_plugin_api::raw::PLUGINEVENT_E];
            const EVENT_SOURCES: &'static [&'static str] = <$config as $crate::cloud::Cloud>::SOURCES;

            fn field_defs() -> Vec<::lanner_plugin_api::sdk::FieldDef> {
                <$config as $crate::cloud::Cloud>::fields()
            }

            fn extract<'v>(
                &'v mut self,
                cx: &::lanner_plugin_api::sdk::ExtractCx<'v>,
                req: &::lanner_plugin_api::sdk::FieldRequest<'v>,
                out: &mut ::lanner_plugin_api::sdk::ValueSink<'v>,
            ) -> bool {
                self.0.extract(cx, req, out)
            }
        }

        impl ::lanner_plugin_api::sdk::Source for $name {
            const PLUGIN_ID: u32 = <$config as $crate::cloud::Cloud>::ID;
            const EVENT_SOURCE: &'static ::core::ffi::CStr = <$config as $crate::cloud::Cloud>::SOURCE;
            type Instance = $crate::cloud::Stream<$config, Self>;

            fn open(&mut self, params: &str) -> Result<Self::Instance, ::lanner_plugin_api::sdk::Error> {
                $crate::cloud::Stream::open(&self.0, params, $opener)
            }

            fn list_open_params(
                &mut self,
            ) -> Result<Vec<::lanner_plugin_api::sdk::OpenParam>, ::lanner_plugin_api::sdk::Error> {
                Ok($crate::cloud::open_params::<$config>())
            }

            fn event_to_string(&mut self, event: &::lanner_plugin_api::sdk::EventInput<'_>, out: &mut String) -> bool {
                self.0.event_to_string(event, out)
            }
        }

        ::lanner_plugin_api::export_plugin!($name: source, extract_raw);
    };
}
