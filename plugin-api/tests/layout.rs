//! The layout check: what this build describes is accepted, anything else is refused with its reason.

#![cfg(feature = "abi-stable")]
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    unexpected_cfgs,
    unreachable_pub,
    reason = "the test plays the host; this crate itself has no feature `cdylib`"
)]

use std::ffi::CStr;

use abi_stable::StableAbi;
use lanner_plugin_api::export::layout::{LayoutMismatch, LayoutSymbol, check_layout};
use lanner_plugin_api::export_plugin;
use lanner_plugin_api::sdk::*;

/// A plugin with nothing to say.
pub struct Plain;

impl Plugin for Plain {
    const NAME: &'static CStr = c"plain";
    const DESCRIPTION: &'static CStr = c"parses nothing";
    const CONTACT: &'static CStr = c"tests";
    const VERSION: &'static CStr = c"0.0.1";
    type Config = ();
    fn new(_: &mut Init<'_>, (): ()) -> Result<Self, Error> {
        Ok(Self)
    }
}

impl Parse for Plain {
    fn parse(&mut self, _: &ParseCx<'_>) -> Result<(), Error> {
        Ok(())
    }
}

export_plugin!(Plain: parse);

/// Boundary types as another SDK might have them: two members of a struct have changed places.
mod other {
    use abi_stable::StableAbi;

    #[repr(C)]
    #[derive(StableAbi)]
    #[sabi(unsafe_opaque_fields)]
    pub struct Event {
        pub tid: u64,
        pub ts: u64,
    }

    #[repr(C)]
    #[derive(StableAbi)]
    pub struct Boundary {
        pub event: Event,
    }
}

#[test]
fn a_plugin_of_this_build_fits() {
    let symbol = PLUGIN_API.lanner_abi_layout.expect("the feature is on");
    assert_eq!(unsafe { check_layout(symbol()) }, Ok(()));
}

#[test]
fn another_layout_is_refused_and_the_difference_named() {
    static OTHER: LayoutSymbol = LayoutSymbol::of::<other::Boundary>();
    let error = unsafe { check_layout(OTHER.as_ptr()) }.unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("the plugin was built against other boundary types than this host's"), "{text}");
    assert!(text.contains("event_input") && text.contains("Boundary"), "{text}");

    static NO_STRUCT: LayoutSymbol = LayoutSymbol::of::<u64>();
    assert!(matches!(unsafe { check_layout(NO_STRUCT.as_ptr()) }, Err(LayoutMismatch::Differs { .. })));
}

#[test]
fn what_cannot_be_read_is_refused() {
    assert_eq!(unsafe { check_layout(std::ptr::null()) }, Err(LayoutMismatch::Null));
    let zeros = [0u64; 16];
    let error = unsafe { check_layout(zeros.as_ptr().cast()) }.unwrap_err();
    assert!(error.to_string().contains("abi_stable 0.0"), "{error}");
    // Keeps the trait in use whatever the derives expand to.
    let _ = <other::Event as StableAbi>::LAYOUT;
}
