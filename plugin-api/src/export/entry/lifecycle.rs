//! Functions of every plugin: what it is, its beginning and end, configuration, metrics.

use core::ffi::c_char;
use core::ptr::{null, null_mut};

use super::text;
use crate::export::Exported;
use crate::export::state::{State, c_text, guarded, panic_text, state};
use crate::raw::{self, InitInput, Metric, PluginApi, PluginState, Rc, SchemaType, SetConfigInput};
use crate::sdk::{Error, HostRef, Init, InitTables, Log, Metrics, PluginConfig, ProvideTables};

/// What every plugin exports.
#[must_use]
pub const fn base<P: Exported>() -> PluginApi {
    let mut api = PluginApi::EMPTY;
    api.get_required_api_version = Some(required_api_version);
    api.get_init_schema = Some(init_schema::<P>);
    api.init = Some(init::<P, NoTables>);
    api.destroy = Some(destroy::<P>);
    api.get_last_error = Some(last_error::<P>);
    api.get_name = Some(name::<P>);
    api.get_description = Some(description::<P>);
    api.get_contact = Some(contact::<P>);
    api.get_version = Some(version::<P>);
    api.set_config = Some(set_config::<P>);
    api.get_metrics = Some(metrics::<P>);
    api.get_required_event_schema_version = Some(event_schema_version::<P>);
    #[cfg(feature = "abi-stable")]
    {
        api.lanner_abi_layout = Some(crate::export::layout::exported);
    }
    api
}

/// Has `init` register the plugin's tables.
#[must_use]
pub const fn with_tables<P: Exported + ProvideTables>(mut api: PluginApi) -> PluginApi {
    api.init = Some(init::<P, WithTables>);
    api
}

unsafe extern "C" fn required_api_version() -> *const c_char {
    raw::API_VERSION.as_ptr()
}

unsafe extern "C" fn name<P: Exported>() -> *const c_char {
    P::NAME.as_ptr()
}

unsafe extern "C" fn description<P: Exported>() -> *const c_char {
    P::DESCRIPTION.as_ptr()
}

unsafe extern "C" fn contact<P: Exported>() -> *const c_char {
    P::CONTACT.as_ptr()
}

unsafe extern "C" fn version<P: Exported>() -> *const c_char {
    P::VERSION.as_ptr()
}

unsafe extern "C" fn event_schema_version<P: Exported>(_: *mut PluginState) -> *const c_char {
    P::EVENT_SCHEMA_VERSION.as_ptr()
}

unsafe extern "C" fn init_schema<P: Exported>(ty: *mut SchemaType) -> *const c_char {
    let schema = guarded(&None, || P::cell().schema.get_or_init(|| P::Config::schema().map(|s| c_text(&s))));
    let (kind, text) = schema.as_ref().map_or((SchemaType::NONE, null()), |s| (SchemaType::JSON, s.as_ptr()));
    // SAFETY: the host passes null or a place for the type.
    if let Some(ty) = unsafe { ty.as_mut() } {
        *ty = kind;
    }
    text
}

/// Whether the plugin offers tables.
trait Tables<P> {
    fn register(state: &State<P>, s: *mut PluginState, init: &Init<'_>) -> Result<(), Error>;
}

struct NoTables;
struct WithTables;

impl<P> Tables<P> for NoTables {
    fn register(_: &State<P>, _: *mut PluginState, _: &Init<'_>) -> Result<(), Error> {
        Ok(())
    }
}

impl<P: ProvideTables> Tables<P> for WithTables {
    fn register(state: &State<P>, s: *mut PluginState, init: &Init<'_>) -> Result<(), Error> {
        let tables = init.tables()?;
        // SAFETY: during `init` nobody else refers to the hub; its addresses are used only after this statement.
        let inputs = unsafe { &mut *state.hub.get() }.register(s);
        for input in inputs {
            // SAFETY: the hub keeps its named tables as long as the plugin lives.
            tables.add(unsafe { &*input })?;
        }
        Ok(())
    }
}

unsafe extern "C" fn init<P: Exported, T: Tables<P>>(input: *const InitInput, rc: *mut Rc) -> *mut PluginState {
    let mut unused = Rc::FAILURE;
    // SAFETY: the host passes null or a place for the code.
    let rc = unsafe { rc.as_mut() }.unwrap_or(&mut unused);
    *rc = Rc::FAILURE;
    // SAFETY: the host passes null or an input that is valid for the call.
    let Some(input) = (unsafe { input.as_ref() }) else { return null_mut() };
    let host = HostRef { owner: input.owner, last_error: input.get_owner_last_error };
    let log = Log::new(input.owner, input.log_fn);
    let s = Box::into_raw(Box::new(State::<P>::new(log.clone()))).cast::<PluginState>();
    // SAFETY: made in the line above.
    let Some(state) = (unsafe { state::<P>(s) }) else { return null_mut() };
    let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| -> Result<(), Error> {
        // SAFETY: the host's tables are null or valid for the call.
        let tables = unsafe { input.tables.as_ref().map(|t| InitTables::new(host, t)) };
        let mut init = Init { log, tables };
        // SAFETY: null or a text that is valid for the call.
        let config = P::Config::parse(unsafe { text(input.config, "the configuration") }?)?;
        let plugin = P::new(&mut init, config)?;
        // SAFETY: nobody has the state's address yet, so this is the only reference to the plugin.
        unsafe { *state.plugin.get() = Some(plugin) };
        T::register(state, s, &init)
    }));
    match made {
        Ok(Ok(())) => *rc = Rc::SUCCESS,
        Ok(Err(error)) => state.set_error(&error.to_string()),
        Err(payload) => state.set_error(&panic_text("init", payload)),
    }
    // With FAILURE too: only so can the host ask for the reason.
    s
}

unsafe extern "C" fn destroy<P: Exported>(s: *mut PluginState) {
    if s.is_null() {
        return;
    }
    // SAFETY: the host gives back what `init` returned and does not use it again.
    let state = unsafe { Box::from_raw(s.cast::<State<P>>()) };
    guarded((), || {
        let State { plugin, side, .. } = *state;
        let side = side.into_inner();
        // First the plugin: stopping its threads is its business, and they may still log until then.
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(plugin.into_inner())));
        side.async_target.set(null_mut(), None);
        side.log.detach();
        side.routines.iter().for_each(|r| r.end());
    });
}

unsafe extern "C" fn last_error<P: Exported>(s: *mut PluginState) -> *const c_char {
    // SAFETY: null or what `init` returned.
    unsafe { state::<P>(s) }.map_or(c"the plugin was not initialised".as_ptr(), State::error_ptr)
}

unsafe extern "C" fn set_config<P: Exported>(s: *mut PluginState, input: *const SetConfigInput) -> Rc {
    enter!(P, s, "set_config", Rc::FAILURE, |plugin, _, _| {
        // SAFETY: the host passes null or an input that is valid for the call.
        let input = unsafe { input.as_ref() }.ok_or_else(|| Error::Host("input is null"))?;
        // SAFETY: null or a text that is valid for the call.
        plugin.set_config(P::Config::parse(unsafe { text(input.config, "the configuration") }?)?)?;
        Ok(Rc::SUCCESS)
    })
}

unsafe extern "C" fn metrics<P: Exported>(s: *mut PluginState, n: *mut u32) -> *mut Metric {
    // SAFETY: the host passes null or a place for the number.
    let Some(n) = (unsafe { n.as_mut() }) else { return null_mut() };
    *n = 0;
    enter!(P, s, "get_metrics", null_mut(), |plugin, side, _| {
        side.metrics.clear();
        plugin.metrics(&mut Metrics(&mut side.metrics));
        let array = side.metrics.array();
        *n = u32::try_from(array.len()).unwrap_or(u32::MAX);
        Ok(if array.is_empty() { null_mut() } else { array.as_mut_ptr() })
    })
}
