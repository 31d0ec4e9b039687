//! Event bytes of any shape: reading is total, and what is written from it reads the same.
#![no_main]

use lanner_plugin_api::wire::Event;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(event) = Event::parse(bytes) else { return };
    let params: Vec<&[u8]> = event.params().collect();
    assert_eq!(params.len(), event.nparams());
    for (i, param) in params.iter().enumerate() {
        assert_eq!(event.param(i), Some(*param));
        let _ = (event.described(i), event.text(i));
    }
    assert_eq!(event.param(params.len()), None);
});
