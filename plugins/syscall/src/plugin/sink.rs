//! Values of fields on their way to the host.

use std::net::IpAddr;

use lanner_plugin_api::sdk::ValueSink;

use crate::fields::Sink;

/// Writes into the SDK's buffers.
pub(super) struct Out<'o, 'v>(pub(super) &'o mut ValueSink<'v>);

impl<'v> Sink<'v> for Out<'_, 'v> {
    fn put_u64(&mut self, value: u64) {
        self.0.u64(value);
    }

    fn put_i64(&mut self, value: i64) {
        self.0.i64(value);
    }

    fn put_f64(&mut self, value: f64) {
        self.0.f64(value);
    }

    fn put_bool(&mut self, value: bool) {
        self.0.bool(value);
    }

    fn put_text(&mut self, text: &[u8]) {
        self.0.str_bytes(text);
    }

    fn put_cstr(&mut self, text_with_nul: &'v [u8]) {
        self.0.terminated(text_with_nul);
    }

    fn put_bytes(&mut self, bytes: &'v [u8]) {
        self.0.bytes(bytes);
    }

    fn put_ip(&mut self, ip: IpAddr) {
        self.0.ip(ip);
    }
}
