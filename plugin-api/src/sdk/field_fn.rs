//! Fields as typed functions: type, list-ness and argument of a field come from the signature of its function.

use core::ffi::CStr;
use std::borrow::Cow;
use std::ffi::CString;
use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{ArgSpec, Error, ExtractCx, FieldDef, FieldFlags, FieldRequest, ValueSink};
use crate::raw::FieldType;

/// What a field's function may return: `u64` (and smaller), `bool`, texts, addresses, times, a `Vec` of these for a
/// list, and `Option` or `Result` of any of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the value of a field",
    note = "possible: u64, u32, u16, u8, bool, String, &str, Cow<str>, CString, &CStr, IpAddr, RelTime, Timestamp; Vec<..> of these; Option<..> and Result<.., E> of these"
)]
pub trait FieldValue: Sized {
    /// Type of the field.
    const TYPE: FieldType;
    /// Whether the field is a list.
    const LIST: bool;
    /// Writes the value; `false` if there is none.
    ///
    /// # Errors
    /// The function's own.
    fn put(self, out: &mut ValueSink<'_>) -> Result<bool, Error>;
}

/// A span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RelTime(pub Duration);

/// A moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub SystemTime);

/// Nanoseconds, or as many as fit 64 bits (584 years).
fn nanos(d: Duration) -> u64 {
    u64::try_from(d.as_nanos()).unwrap_or(u64::MAX)
}

macro_rules! scalar {
    ($($ty:ty, $type:ident, |$out:ident, $value:ident| $put:expr;)*) => {$(
        impl FieldValue for $ty {
            const TYPE: FieldType = FieldType::$type;
            const LIST: bool = false;
            fn put(self, $out: &mut ValueSink<'_>) -> Result<bool, Error> {
                let $value = self;
                $put;
                Ok(true)
            }
        }
        impl FieldValue for Vec<$ty> {
            const TYPE: FieldType = FieldType::$type;
            const LIST: bool = true;
            fn put(self, $out: &mut ValueSink<'_>) -> Result<bool, Error> {
                for $value in self {
                    $put;
                }
                Ok(!$out.is_empty())
            }
        }
    )*};
}

scalar! {
    u64, UINT64, |out, v| out.u64(v);
    u32, UINT64, |out, v| out.u64(v.into());
    u16, UINT64, |out, v| out.u64(v.into());
    u8, UINT64, |out, v| out.u64(v.into());
    bool, BOOL, |out, v| out.bool(v);
    String, STRING, |out, v| out.str(&v);
    &str, STRING, |out, v| out.str(v);
    Cow<'_, str>, STRING, |out, v| out.str(&v);
    CString, STRING, |out, v| out.str_bytes(v.as_bytes());
    &CStr, STRING, |out, v| out.str_bytes(v.to_bytes());
    IpAddr, IPADDR, |out, v| out.ip(v);
    RelTime, RELTIME, |out, v| out.u64(nanos(v.0));
    Timestamp, ABSTIME, |out, v| out.u64(nanos(v.0.duration_since(UNIX_EPOCH).unwrap_or_default()));
}

impl<V: FieldValue> FieldValue for Option<V> {
    const TYPE: FieldType = V::TYPE;
    const LIST: bool = V::LIST;
    fn put(self, out: &mut ValueSink<'_>) -> Result<bool, Error> {
        self.map_or(Ok(false), |v| v.put(out))
    }
}

impl<V: FieldValue, E: Into<Error>> FieldValue for Result<V, E> {
    const TYPE: FieldType = V::TYPE;
    const LIST: bool = V::LIST;
    fn put(self, out: &mut ValueSink<'_>) -> Result<bool, Error> {
        self.map_err(Into::into)?.put(out)
    }
}

/// Which argument a field's function takes.
pub mod marker {
    /// None: `fn(&mut P, &ExtractCx) -> V`.
    pub struct NoArg;
    /// A number that must be there: `fn(&mut P, &ExtractCx, u64) -> V`.
    pub struct Index;
    /// A number that may be there: `fn(&mut P, &ExtractCx, Option<u64>) -> V`.
    pub struct OptIndex;
    /// A text that must be there: `fn(&mut P, &ExtractCx, &str) -> V`.
    pub struct Key;
    /// A text that may be there: `fn(&mut P, &ExtractCx, Option<&str>) -> V`.
    pub struct OptKey;
}

/// A function that can be a field of the plugin `P`. `A` is one of [`marker`]'s types and is found by the compiler.
///
/// ```
/// # use lanner_plugin_api::sdk::{ExtractCx, Fields};
/// # struct Mine { name: String }
/// fn name<'a>(plugin: &'a mut Mine, _: &'a ExtractCx<'a>) -> &'a str {
///     &plugin.name
/// }
/// fn list(fields: &mut Fields<Mine>) {
///     fields.add("my.name", "A text, borrowed from the plugin", name);
///     fields.add("my.tid", "A number, if there is one", |_: &mut Mine, cx: &ExtractCx<'_>| {
///         Some(cx.event.tid()).filter(|tid| *tid != u64::MAX)
///     });
///     fields.add("my.bits", "A list, with an index", |_: &mut Mine, _: &ExtractCx<'_>, n: u64| vec![n, n * 2]);
/// }
/// ```
///
/// A type that no field can have does not compile:
///
/// ```compile_fail,E0277
/// # use lanner_plugin_api::sdk::{ExtractCx, Fields};
/// # struct Mine;
/// fn list(fields: &mut Fields<Mine>) {
///     fields.add("my.share", "A fraction", |_: &mut Mine, _: &ExtractCx<'_>| 0.5f32);
/// }
/// ```
///
/// Nor does an argument that is neither number nor text:
///
/// ```compile_fail,E0277
/// # use lanner_plugin_api::sdk::{ExtractCx, Fields};
/// # struct Mine;
/// fn list(fields: &mut Fields<Mine>) {
///     fields.add("my.char", "One character", |_: &mut Mine, _: &ExtractCx<'_>, at: char| u64::from(at));
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of `{P}`",
    note = "a field is `fn(&mut Plugin, &ExtractCx<'_>) -> V`, optionally with a third parameter for the argument in brackets: `u64`, `Option<u64>`, `&str` or `Option<&str>`",
    note = "`V` is one of: u64, u32, u16, u8, bool, String, &str, Cow<str>, CString, &CStr, IpAddr, RelTime, Timestamp; a Vec of these for a list; Option or Result of any of these",
    note = "closures need the types of their parameters written out"
)]
pub trait FieldFn<'v, P: 'v, A>: Send + Sync + 'static {
    /// What it returns.
    type Value: FieldValue;
    /// The argument that it takes.
    const ARG: ArgSpec;
    /// Calls it; `None` if the argument is not of the right form.
    fn call(&self, plugin: &'v mut P, cx: &'v ExtractCx<'v>, req: &FieldRequest<'v>) -> Option<Self::Value>;
}

macro_rules! field_fn {
    ($($marker:ident($($arg:ty)?), $spec:expr, |$req:ident| $get:expr;)*) => {$(
        impl<'v, P: 'v, F, V> FieldFn<'v, P, marker::$marker> for F
        where
            F: Fn(&'v mut P, &'v ExtractCx<'v> $(, $arg)?) -> V + Send + Sync + 'static,
            V: FieldValue,
        {
            type Value = V;
            const ARG: ArgSpec = $spec;
            fn call(&self, plugin: &'v mut P, cx: &'v ExtractCx<'v>, $req: &FieldRequest<'v>) -> Option<V> {
                field_fn!(@call self, plugin, cx, $get $(, $arg)?)
            }
        }
    )*};
    (@call $f:expr, $plugin:expr, $cx:expr, $get:expr) => {{ let _: () = $get; Some($f($plugin, $cx)) }};
    (@call $f:expr, $plugin:expr, $cx:expr, $get:expr, $arg:ty) => { Some($f($plugin, $cx, $get)) };
}

field_fn! {
    NoArg(), ArgSpec::NONE, |_req| ();
    Index(u64), ArgSpec { required: true, index: true, ..ArgSpec::NONE }, |req| req.arg.index?;
    OptIndex(Option<u64>), ArgSpec { index: true, ..ArgSpec::NONE }, |req| req.arg.index;
    Key(&'v str), ArgSpec { required: true, key: true, ..ArgSpec::NONE }, |req| req.arg.key_str()?;
    OptKey(Option<&'v str>), ArgSpec { key: true, ..ArgSpec::NONE }, |req| req.arg.key_str();
}

/// Calls a field's function and writes its value.
type CallFn<P> =
    Box<dyn Fn(&mut P, &ExtractCx<'_>, &FieldRequest<'_>, &mut ValueSink<'_>) -> Result<bool, Error> + Send + Sync>;

pub(crate) struct TypedField<P> {
    pub(crate) def: FieldDef,
    pub(crate) call: CallFn<P>,
}

/// The fields of a plugin while they are being listed.
pub struct Fields<P> {
    pub(crate) list: Vec<TypedField<P>>,
}

impl<P: 'static> Fields<P> {
    /// Adds a field: its name, what it is, and the function that gives its value.
    pub fn add<A, F>(&mut self, name: &'static str, desc: &'static str, function: F) -> FieldOptions<'_>
    where
        F: for<'v> FieldFn<'v, P, A>,
    {
        let def = FieldDef {
            name,
            desc,
            ty: <<F as FieldFn<'static, P, A>>::Value as FieldValue>::TYPE,
            list: <<F as FieldFn<'static, P, A>>::Value as FieldValue>::LIST,
            arg: <F as FieldFn<'static, P, A>>::ARG,
            ..FieldDef::EMPTY
        };
        let call: CallFn<P> =
            Box::new(move |plugin, cx, req, out| match function.call(plugin, &cx.clone(), &req.clone()) {
                Some(value) => value.put(out),
                None => Ok(false),
            });
        self.list.push(TypedField { def, call });
        FieldOptions(self.list.last_mut().map(|f| &mut f.def))
    }
}

/// What can be said of a field beyond its signature.
pub struct FieldOptions<'a>(Option<&'a mut FieldDef>);

impl FieldOptions<'_> {
    /// Short name for people.
    pub fn display(mut self, display: &'static str) -> Self {
        if let Some(d) = &mut self.0 {
            d.display = display;
        }
        self
    }

    /// Suggests the field for the output of rules.
    pub fn suggested(self) -> Self {
        self.flag(FieldFlags::FORMAT_SUGGESTED)
    }

    /// Leaves the field out of lists for people.
    pub fn hidden(self) -> Self {
        self.flag(FieldFlags::TABLE_ONLY)
    }

    /// Of interest when looking at one event.
    pub fn info(self) -> Self {
        self.flag(FieldFlags::INFO)
    }

    /// Of interest when looking at a conversation.
    pub fn conversation(self) -> Self {
        self.flag(FieldFlags::CONVERSATION)
    }

    fn flag(mut self, flag: FieldFlags) -> Self {
        if let Some(d) = &mut self.0 {
            d.flags |= flag;
        }
        self
    }
}
