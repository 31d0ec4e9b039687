//! Where extracted values go.

use std::net::IpAddr;

/// Takes the values of one extraction, in order: one for a scalar, any number for a list.
///
/// `'a` is the life of state and event: borrowed values stay valid until the next event is parsed, everything else is
/// gone after the call and must be copied. Integers of every width, ports, times and descriptors go through
/// [`Sink::put_u64`] and [`Sink::put_i64`], extended to 64 bits.
pub trait Sink<'a> {
    /// An unsigned number or a time.
    fn put_u64(&mut self, value: u64);
    /// A signed number.
    fn put_i64(&mut self, value: i64);
    /// A floating-point number.
    fn put_f64(&mut self, value: f64);
    /// A truth value.
    fn put_bool(&mut self, value: bool);
    /// A text, without NUL. Valid during the call only.
    fn put_text(&mut self, text: &[u8]);
    /// A text that ends with its only NUL, to be handed out as it lies.
    fn put_cstr(&mut self, text_with_nul: &'a [u8]);
    /// Bytes of the event.
    fn put_bytes(&mut self, bytes: &'a [u8]);
    /// An address.
    fn put_ip(&mut self, ip: IpAddr);
}
