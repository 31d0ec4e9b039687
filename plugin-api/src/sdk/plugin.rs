//! What every plugin has: a name, a version, a configuration, a beginning.

use core::ffi::CStr;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::{Error, InitTables, Log, Metrics};

/// A plugin. The host makes one value per event source that it runs; the calls into one value never overlap.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a plugin: it does not implement `lanner_plugin_api::sdk::Plugin`"
)]
pub trait Plugin: Sized + 'static {
    /// Name, as the `plugins:` section and rules know it: letters, digits, `_`, `-`.
    const NAME: &'static CStr;
    /// One sentence.
    const DESCRIPTION: &'static CStr;
    /// Who to ask.
    const CONTACT: &'static CStr;
    /// Version of the plugin: three numbers.
    const VERSION: &'static CStr;
    /// Version of the event schema that the plugin needs, if it reads events of the source `syscall`. A host that has
    /// an older schema or another major version refuses the plugin.
    const EVENT_SCHEMA_VERSION: &'static CStr = c"4.0.0";

    /// Configuration: [`Json`] of a serde type, [`String`] for free text, or `()` for none.
    type Config: PluginConfig;

    /// Makes the plugin. Tables can be looked up, and accessors of their fields taken, only here.
    ///
    /// # Errors
    /// Whatever keeps the plugin from working; the host then refuses to start.
    fn new(init: &mut Init<'_>, config: Self::Config) -> Result<Self, Error>;

    /// Takes a changed configuration while running.
    ///
    /// # Errors
    /// The configuration is refused, or changing it is not supported (the default).
    fn set_config(&mut self, config: Self::Config) -> Result<(), Error> {
        drop(config);
        Err(Error::NotSupported("changing the configuration"))
    }

    /// Reports metrics. The host puts the plugin's name before theirs.
    fn metrics(&mut self, out: &mut Metrics<'_>) {
        let _ = out;
    }
}

/// A type of configuration.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a plugin's configuration",
    note = "use `Json<YourType>` for a type with `serde::Deserialize` and `schemars::JsonSchema`, or `String`, or `()`"
)]
pub trait PluginConfig: Sized {
    /// JSON schema; `None` means that the text is handed over as it is.
    fn schema() -> Option<String>;
    /// Reads the text of the configuration.
    ///
    /// # Errors
    /// The text does not have the right form.
    fn parse(text: &str) -> Result<Self, Error>;
}

/// A configuration in JSON, described by its type. An empty text counts as `{}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + JsonSchema> PluginConfig for Json<T> {
    fn schema() -> Option<String> {
        // Hosts validate with draft 7; later drafts' `$defs` and `prefixItems` would be passed over by them.
        let schema = schemars::generate::SchemaSettings::draft07().into_generator().into_root_schema_for::<T>();
        serde_json::to_string(&schema).ok()
    }

    fn parse(text: &str) -> Result<Self, Error> {
        let text = if text.trim().is_empty() { "{}" } else { text };
        Ok(Self(serde_json::from_str(text)?))
    }
}

impl PluginConfig for String {
    fn schema() -> Option<String> {
        None
    }

    fn parse(text: &str) -> Result<Self, Error> {
        Ok(text.to_owned())
    }
}

impl PluginConfig for () {
    fn schema() -> Option<String> {
        None
    }

    fn parse(_: &str) -> Result<Self, Error> {
        Ok(())
    }
}

/// What the host offers while a plugin is made.
pub struct Init<'a> {
    pub(crate) log: Log,
    pub(crate) tables: Option<InitTables<'a>>,
}

impl<'a> Init<'a> {
    /// The host's log; may be kept.
    #[must_use]
    pub fn log(&self) -> Log {
        self.log.clone()
    }

    /// State tables of the host and of other plugins.
    ///
    /// # Errors
    /// The host offers tables only to plugins that parse or extract.
    pub fn tables(&self) -> Result<&InitTables<'a>, Error> {
        self.tables.as_ref().ok_or(Error::NotSupported("access to tables without extraction or parsing"))
    }
}
