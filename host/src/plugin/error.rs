//! What can be wrong with a plugin: one named error for each breach of the contract.

use std::fmt;
use std::path::PathBuf;

use lanner_plugin_api::raw::Rc;
use thiserror::Error;

use super::capability::Capabilities;
pub use super::fault::{EventFault, FieldFault, TableFault};
use super::version::Version;

/// A function of the plugin API, as errors name it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Function(pub &'static str);

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "plugin_{}", self.0)
    }
}

/// A plugin that cannot be loaded, initialised or trusted any further. `plugin` is the plugin's name, or its file
/// while the name is not known yet.
#[derive(Clone, PartialEq, Error, Debug)]
#[non_exhaustive]
pub enum PluginError {
    /// There is no such file.
    #[error("cannot load plugin {path}: file not found")]
    LibraryNotFound {
        /// The file.
        path: PathBuf,
    },
    /// The file is there, and this program cannot load any.
    #[error(
        "cannot load plugin {path}: this program is linked statically; take the one for glibc, which loads libraries"
    )]
    Static {
        /// The file.
        path: PathBuf,
    },
    /// The file is there but is no shared object that can be loaded here.
    #[error("cannot load plugin {path}: {reason}")]
    LibraryUnloadable {
        /// The file.
        path: PathBuf,
        /// What the dynamic loader says.
        reason: String,
    },
    /// A function that every plugin must have is missing.
    #[error("plugin {plugin}: required symbol '{symbol}' is missing")]
    MissingSymbol {
        /// File or name.
        plugin: String,
        /// The missing function.
        symbol: Function,
    },
    /// A version is not three numbers with dots between.
    #[error("plugin {plugin}: {function} returned an invalid version '{text}'")]
    InvalidVersion {
        /// File or name.
        plugin: String,
        /// Which function returned it.
        function: Function,
        /// What it returned.
        text: String,
    },
    /// The plugin was built for a plugin API that this host does not have.
    #[error("plugin {plugin} requires plugin API {required}, which this host's {host} does not satisfy: {reason}")]
    IncompatibleApi {
        /// File or name.
        plugin: String,
        /// What the plugin asks for.
        required: Version,
        /// What the host has.
        host: Version,
        /// Which part disagrees.
        reason: &'static str,
    },
    /// The plugin reads events of a schema that the source does not deliver.
    #[error("plugin {plugin} requires event schema {required}, which {available} does not satisfy: {reason}")]
    IncompatibleEventSchema {
        /// Name.
        plugin: String,
        /// What the plugin asks for.
        required: Version,
        /// What the source delivers.
        available: Version,
        /// Which part disagrees.
        reason: &'static str,
    },
    /// Only some of the functions of a capability are there.
    #[error("plugin {plugin}: broken {capability} capability: '{missing}' is missing")]
    BrokenCapability {
        /// File or name.
        plugin: String,
        /// The capability.
        capability: Capabilities,
        /// A function that it lacks.
        missing: Function,
    },
    /// An id without a source name, or a source name without id.
    #[error("plugin {plugin}: id {id} and event source '{event_source}' must be both set or both absent")]
    InconsistentSource {
        /// File or name.
        plugin: String,
        /// The plugin's id.
        id: u32,
        /// The event source that it names.
        event_source: String,
    },
    /// The plugin can do nothing.
    #[error("plugin {plugin} does not implement any capability")]
    NoCapability {
        /// File or name.
        plugin: String,
    },
    /// The plugin lacks the capability that it is asked for.
    #[error("plugin {plugin} does not have the {capability} capability")]
    CapabilityAbsent {
        /// Name.
        plugin: String,
        /// The capability.
        capability: Capabilities,
    },
    /// The source name "syscall" is the host's.
    #[error("plugin {plugin} cannot own the reserved event source 'syscall'")]
    ReservedSource {
        /// Name.
        plugin: String,
    },
    /// A text that must be there is null or empty.
    #[error("plugin {plugin}: {function} returned no text")]
    MissingText {
        /// File or name.
        plugin: String,
        /// The function.
        function: Function,
    },
    /// JSON of a plugin that is not what it must be.
    #[error("plugin {plugin}: {function} returned invalid JSON: {reason}")]
    InvalidJson {
        /// Name.
        plugin: String,
        /// The function.
        function: Function,
        /// What is wrong.
        reason: String,
    },
    /// An entry of `get_fields` (or its details) that is not what it must be.
    #[error("plugin {plugin}: field {field}: {fault}")]
    InvalidField {
        /// Name.
        plugin: String,
        /// The field's name, or its position while it has none.
        field: String,
        /// What is wrong.
        fault: FieldFault,
    },
    /// The plugin's schema of its configuration cannot be used.
    #[error("plugin {plugin}: plugin_get_init_schema: {reason}")]
    InvalidSchema {
        /// Name.
        plugin: String,
        /// What is wrong.
        reason: String,
    },
    /// The configuration is not JSON although the plugin has a JSON schema.
    #[error("plugin {plugin}: init config is not valid JSON: {reason}")]
    ConfigNotJson {
        /// Name.
        plugin: String,
        /// What the JSON reader says.
        reason: String,
    },
    /// The configuration does not fit the plugin's schema.
    #[error("plugin {plugin}: init config{}: {reason}", At(.at))]
    ConfigRejected {
        /// Name.
        plugin: String,
        /// JSON pointer to the offending place; empty for the whole.
        at: String,
        /// What is wrong there.
        reason: String,
    },
    /// A text for the plugin contains a NUL byte.
    #[error("plugin {plugin}: {what} contains a NUL byte")]
    NulInText {
        /// Name.
        plugin: String,
        /// Which text.
        what: &'static str,
    },
    /// `init` failed.
    #[error("could not initialize plugin {plugin}: {text}")]
    Init {
        /// Name.
        plugin: String,
        /// What the plugin says.
        text: String,
    },
    /// A call failed.
    #[error("plugin {plugin}: {function} failed: {text}")]
    Failure {
        /// Name.
        plugin: String,
        /// The function.
        function: Function,
        /// What the plugin says.
        text: String,
    },
    /// A call failed and the plugin does not say why.
    #[error("plugin {plugin}: {function} failed without an error text")]
    FailureWithoutText {
        /// Name.
        plugin: String,
        /// The function.
        function: Function,
    },
    /// The plugin does not support the call.
    #[error("plugin {plugin}: {function} is not supported")]
    NotSupported {
        /// Name.
        plugin: String,
        /// The function.
        function: Function,
    },
    /// A return code that the API does not know, or one that this function may not return.
    #[error("plugin {plugin}: {function} returned the unexpected code {code}")]
    UnexpectedCode {
        /// Name.
        plugin: String,
        /// The function.
        function: Function,
        /// The code.
        code: Rc,
    },
    /// Success, but the pointer that comes with it is null.
    #[error("plugin {plugin}: {function} succeeded but returned null")]
    NullResult {
        /// Name.
        plugin: String,
        /// The function.
        function: Function,
    },
    /// `next_batch` succeeded without an event.
    #[error("plugin {plugin}: plugin_next_batch succeeded without an event")]
    EmptyBatch {
        /// Name.
        plugin: String,
    },
    /// An event of a batch that is not what it must be.
    #[error("plugin {plugin}: event {index} of the batch: {fault}")]
    MalformedEvent {
        /// Name.
        plugin: String,
        /// Position in the batch.
        index: u32,
        /// What is wrong.
        fault: EventFault,
    },
    /// Extracted values that are not what they must be.
    #[error("plugin {plugin}: value of field {field}: {fault}")]
    MalformedValue {
        /// Name.
        plugin: String,
        /// The field's name.
        field: String,
        /// What is wrong.
        fault: FieldFault,
    },
    /// The argument of a field is not one that the plugin takes.
    #[error("plugin {plugin}: field {field}: {text}")]
    InvalidArgument {
        /// Name.
        plugin: String,
        /// The field's name with its argument.
        field: String,
        /// What the plugin says.
        text: String,
    },
    /// Two plugins of one name.
    #[error("a plugin named {plugin} is already loaded")]
    DuplicateName {
        /// Name.
        plugin: String,
    },
    /// Two plugins of one id.
    #[error("plugins {plugin} and {other} have the same id {id}")]
    DuplicateId {
        /// Name.
        plugin: String,
        /// Name of the plugin loaded first.
        other: String,
        /// The id.
        id: u32,
    },
    /// Two plugins define a field of the same name for the same source.
    #[error("plugins {plugin} and {other} both define field {field} for source {event_source}")]
    DuplicateField {
        /// Name.
        plugin: String,
        /// Name of the plugin loaded first.
        other: String,
        /// The field's name.
        field: String,
        /// The event source.
        event_source: String,
    },
    /// The layout of the Rust types does not fit.
    #[error("plugin {plugin} was built with an incompatible plugin SDK: {reason}")]
    IncompatibleLayout {
        /// File or name.
        plugin: String,
        /// What differs.
        reason: String,
    },
    /// A built-in is asked for that is not there.
    #[error("there is no built-in plugin named {plugin}")]
    UnknownBuiltIn {
        /// Name.
        plugin: String,
    },
    /// A position that no plugin of the set has.
    #[error("there is no plugin at position {index}")]
    NoSuchPlugin {
        /// The position.
        index: u32,
    },
}

/// Writes " at <place>" for a place that is not the root.
struct At<'a>(&'a str);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, " at {}", self.0) }
    }
}
