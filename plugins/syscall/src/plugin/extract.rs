//! Fields through the plugin API.

use core::ffi::CStr;

use lanner_plugin_api::raw::{FieldType, MAX_KEYS};
use lanner_plugin_api::sdk::{
    ArgSpec, Error, EventInput, ExtractCx, ExtractRaw, FieldDef, FieldFlags, FieldRequest, Matching, PrintFormat,
    ValueSink,
};
use lanner_plugin_api::wire::Event;

use super::Syscall;
use super::sink::Out;
use crate::fields::spec::{self, Class, Field};
use crate::fields::{CLASSES, FieldArg, FieldId, Key, Request, Seen, Want, resolve};

fn definition(class: &'static Class, field: &'static Field) -> FieldDef {
    let flags = [
        (field.filter_only, FieldFlags::FILTER_ONLY),
        (field.print_only, FieldFlags::PRINT_ONLY),
        (field.table_only, FieldFlags::TABLE_ONLY),
        (field.deprecated, FieldFlags::DEPRECATED),
        (field.no_transformer, FieldFlags::NO_TRANSFORMER),
        (field.no_rhs, FieldFlags::NO_RHS),
    ];
    FieldDef {
        name: field.name,
        ty: FieldType(field.ty.number()),
        list: field.list,
        arg: field.arg.map_or(ArgSpec::NONE, |a| ArgSpec {
            required: a.required,
            index: a.index,
            key: a.key,
            dotted: a.dotted,
        }),
        display: field.display,
        desc: field.desc,
        flags: flags.iter().filter(|(set, _)| *set).map(|(_, f)| *f).collect(),
        format: match field.format {
            spec::PrintFormat::Na => PrintFormat::Na,
            spec::PrintFormat::Dec => PrintFormat::Dec,
            spec::PrintFormat::Hex => PrintFormat::Hex,
            spec::PrintFormat::Padded10 => PrintFormat::Padded10,
            spec::PrintFormat::Id => PrintFormat::Id,
            spec::PrintFormat::Dir => PrintFormat::Dir,
            spec::PrintFormat::Oct => PrintFormat::Oct,
        },
        matching: match field.matching {
            spec::Matching::One => Matching::One,
            spec::Matching::Any => Matching::Any,
            spec::Matching::Either => Matching::Either,
            spec::Matching::Host => Matching::Host,
        },
        class: class.name,
        class_desc: class.desc,
    }
}

/// Which form of a field a request asks for.
fn want(field: &Field, req: &FieldRequest<'_>) -> Want {
    if field.matching == spec::Matching::Host && req.ty == FieldType::IPADDR {
        Want::Address
    } else if req.list {
        Want::All
    } else {
        Want::Scalar
    }
}

/// The request as the extractor takes it.
#[inline]
fn request<'r>(req: &FieldRequest<'r>) -> Option<Request<'r>> {
    let field = FieldId::new(req.id)?;
    let arg = FieldArg { key: req.arg.key_str(), index: req.arg.index };
    Some(Request { field, arg, want: want(field.info(), req), ty: req.ty.0 })
}

impl Syscall {
    /// The event as it was parsed.
    #[inline]
    fn seen<'e>(&self, event: &EventInput<'e>) -> Seen<'e> {
        let event = Event::checked_before(event.bytes());
        Seen { event, cpu: self.meta.cpu, hidden: self.meta.is_hidden() }
    }
}

impl ExtractRaw for Syscall {
    const EVENT_SOURCES: &'static [&'static str] = &["syscall"];

    fn field_defs() -> Vec<FieldDef> {
        CLASSES.iter().flat_map(|class| class.fields.iter().map(move |field| definition(class, field))).collect()
    }

    #[inline]
    fn extract<'v>(&'v mut self, cx: &ExtractCx<'v>, req: &FieldRequest<'v>, out: &mut ValueSink<'v>) -> bool {
        let Some(request) = request(req) else { return false };
        let seen = self.seen(&cx.event);
        self.extractor.extract(&self.state, &seen, &request, &mut Out(out))
    }

    fn key_of(&self, req: &FieldRequest<'_>) -> Option<u32> {
        request(req)?.key().map(|key| u32::from(key as u8))
    }

    fn keys(&mut self, event: &EventInput<'_>, wanted: u32, keys: &mut [u64; MAX_KEYS]) {
        let seen = self.seen(event);
        self.extractor.keys(&self.state, &seen, wanted, keys);
    }

    fn thread_key(&self, field: &CStr) -> Option<u32> {
        Key::of_thread_field(field.to_bytes()).map(|key| u32::from(key as u8))
    }

    fn resolve(&mut self, _: &FieldDef, id: u32, arg: &str) -> Result<FieldType, Error> {
        let field = FieldId::new(id).ok_or(Error::Host("no field of this number"))?;
        resolve(field.info(), (!arg.is_empty()).then_some(arg)).map(FieldType).map_err(Error::other)
    }
}
