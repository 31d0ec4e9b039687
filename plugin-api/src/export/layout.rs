//! Check of the boundary types' layout for plugins that were built with this SDK.
//!
//! The API version says what both sides promise; this says what the compiler of each side made of it: names, order,
//! offsets, sizes and alignments of every member, by `abi_stable`. Only plugins whose SDK has the feature `abi-stable`
//! carry the description, as the symbol `plugin_lanner_abi_layout`; for others version numbers have to do.

use core::ffi::c_void;

use abi_stable::StableAbi;
use abi_stable::abi_stability::abi_checking::check_layout_compatibility;
use abi_stable::library::AbiHeader;
use abi_stable::type_layout::TypeLayout;

use crate::raw;

/// Every type that crosses the boundary by layout. Never made; it is there to be described.
#[repr(C)]
#[derive(StableAbi)]
#[allow(missing_docs, reason = "named after the types")]
pub struct Boundary {
    pub event: raw::Event,
    pub event_input: raw::EventInput,
    pub byte_buffer: raw::ByteBuffer,
    pub extract_value_offsets: raw::ExtractValueOffsets,
    pub extract_result: raw::ExtractResult,
    pub extract_field: raw::ExtractField,
    pub metric_value: raw::MetricValue,
    pub metric: raw::Metric,
    pub state_data: raw::StateData,
    pub table_info: raw::TableInfo,
    pub table_field_info: raw::TableFieldInfo,
    pub table_fields: raw::TableFieldsVtable,
    pub table_reader: raw::TableReaderVtable,
    pub table_reader_ext: raw::TableReaderVtableExt,
    pub table_writer: raw::TableWriterVtable,
    pub table_input: raw::TableInput,
    pub init_tables: raw::InitTablesInput,
    pub init: raw::InitInput,
    pub extract: raw::FieldExtractInput,
    pub parse: raw::EventParseInput,
    pub set_config: raw::SetConfigInput,
    pub routine: raw::RoutineVtable,
    pub listen: raw::CaptureListenInput,
    pub event_meta: raw::EventMeta,
    pub field_value: raw::FieldValue,
    pub api: raw::PluginApi,
    pub rc: raw::Rc,
    pub field_type: raw::FieldType,
    pub state_type: raw::StateType,
    pub schema_type: raw::SchemaType,
    pub log_severity: raw::LogSeverity,
    pub metric_type: raw::MetricType,
    pub metric_value_type: raw::MetricValueType,
}

/// What the symbol points at. The header comes first and never changes: it says whether the rest can be read.
#[repr(C)]
pub struct LayoutSymbol {
    header: AbiHeader,
    layout: &'static TypeLayout,
}

impl LayoutSymbol {
    /// The description of `T`.
    #[must_use]
    pub const fn of<T: StableAbi>() -> Self {
        Self { header: AbiHeader::VALUE, layout: T::LAYOUT }
    }

    /// As the symbol's function returns it.
    #[must_use]
    pub const fn as_ptr(&'static self) -> *const c_void {
        core::ptr::from_ref(self).cast()
    }
}

/// Why a plugin's boundary types do not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutMismatch {
    /// The symbol gives no description.
    #[error("the layout description is null")]
    Null,
    /// The description is in another version's form.
    #[error("the layout description is in the form of abi_stable {theirs}, this host reads that of {ours}")]
    OtherForm {
        /// Version of the plugin's.
        theirs: String,
        /// Version of the host's.
        ours: String,
    },
    /// The types differ.
    #[error("the plugin was built against other boundary types than this host's:\n{differences}")]
    Differs {
        /// Type by type, as `abi_stable` shows it.
        differences: String,
    },
}

/// Compares the plugin's boundary types with those of this build.
///
/// # Errors
/// They differ, or cannot be compared.
///
/// # Safety
/// `symbol` is what a plugin's `plugin_lanner_abi_layout` returned: null, or the address of a [`LayoutSymbol`] whose
/// header says truly how the rest is to be read. The plugin stays loaded for ever.
pub unsafe fn check_layout(symbol: *const c_void) -> Result<(), LayoutMismatch> {
    if symbol.is_null() {
        return Err(LayoutMismatch::Null);
    }
    // SAFETY: the caller vouches for the header, whose form is the same in all versions.
    let header = unsafe { &*symbol.cast::<AbiHeader>() };
    let ours = AbiHeader::VALUE;
    if !header.is_compatible(&ours) {
        let version = |h: &AbiHeader| format!("{}.{}", h.abi_major, h.abi_minor);
        return Err(LayoutMismatch::OtherForm { theirs: version(header), ours: version(&ours) });
    }
    // SAFETY: the header says that the rest is as this version writes it.
    let theirs = unsafe { &*symbol.cast::<LayoutSymbol>() }.layout;
    check_layout_compatibility(Boundary::LAYOUT, theirs)
        .map_err(|errors| LayoutMismatch::Differs { differences: errors.to_string().trim().to_owned() })
}

static SYMBOL: LayoutSymbol = LayoutSymbol::of::<Boundary>();

/// The function behind the symbol.
pub(crate) unsafe extern "C" fn exported() -> *const c_void {
    SYMBOL.as_ptr()
}
