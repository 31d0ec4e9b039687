//! Fields and transformer calls: found in the scheme, arguments checked, types computed.

use super::error::{CheckError, CheckErrorKind};
use super::typed::Source;
use crate::ast::{Operand, OperandKind, Transformer};
use crate::scheme::{ArgSpec, FieldFlags, FieldId, FieldInfo, FieldType, Matching, PrintFormat, Scheme, ValueClass};
use crate::value::{SlotInfo, Want};

type Result<T> = std::result::Result<T, CheckError>;

fn fail<T>(kind: CheckErrorKind, at: &Operand) -> Result<T> {
    Err(CheckError { kind, span: at.span })
}

/// The left side of a check: the only place where a field's several values are asked for.
pub(super) fn left(operand: &Operand, scheme: &Scheme) -> Result<Source> {
    match &operand.kind {
        OperandKind::Field { name, arg } => {
            field_source(name, arg.as_deref(), true, scheme).map_err(|kind| CheckError { kind, span: operand.span })
        }
        _ => source(operand, scheme),
    }
}

/// The right side: `val(field)` is the field itself.
pub(super) fn right(operand: &Operand, scheme: &Scheme) -> Result<Source> {
    match &operand.kind {
        OperandKind::Call { transformer: Transformer::Val, args, index } => {
            if index.is_some() {
                return fail(CheckErrorKind::NoCallArgument("val"), operand);
            }
            match args.as_slice() {
                [field] => source(field, scheme),
                _ => fail(CheckErrorKind::BadCall("val() takes one field"), operand),
            }
        }
        _ => source(operand, scheme),
    }
}

/// The field that a chain of one-argument transformers is about.
pub(super) fn base_field(operand: &Operand) -> Option<&str> {
    match &operand.kind {
        OperandKind::Field { name, .. } => Some(name),
        OperandKind::Call { args, .. } if args.len() == 1 => base_field(&args[0]),
        _ => None,
    }
}

/// Whether `name` (with an argument in brackets or after a dot) is a field of the scheme that conditions may use; calls
/// of transformers count by what they are about. Exceptions are checked with it.
pub fn valid_field(operand: &Operand, scheme: &Scheme) -> Result<()> {
    left(operand, scheme).map(|_| ()).map_err(|error| suggest(error, scheme))
}

/// `several`: the field stands alone on the left side of a check.
pub(crate) fn field_source(
    name: &str,
    arg: Option<&str>,
    several: bool,
    scheme: &Scheme,
) -> std::result::Result<Source, CheckErrorKind> {
    let whole = || arg.map_or_else(|| name.to_owned(), |arg| format!("{name}[{arg}]"));
    let unknown = || CheckErrorKind::UnknownField { name: whole().into(), similar: None };
    let (id, dotted) = scheme.find_dotted(name).ok_or_else(unknown)?;
    let field = scheme.field(id);
    if dotted.is_some() && arg.is_some() {
        return Err(unknown());
    }
    let arg = dotted.or(arg);
    if several && field.flags.contains(FieldFlags::PRINT_ONLY) && field.matching != Matching::One {
        return Err(CheckErrorKind::PrintOnly(field.name.clone()));
    }
    let (ty, index) = argument(id, field.arg, arg, scheme)?;
    let matching = match field.matching {
        Matching::Any if !several || means_all(arg).is_none() => Matching::One,
        Matching::Either | Matching::Host if !several => Matching::One,
        matching => matching,
    };
    let (want, ty) = match matching {
        Matching::One => (Want::Scalar, ty),
        Matching::Any | Matching::Either => (Want::All, ty),
        Matching::Host => (Want::Address, FieldType::IpAddr),
    };
    let arg = if matching == Matching::Any { None } else { arg };
    let list = matching == Matching::Any || matching == Matching::Either || (field.list && matching == Matching::One);
    let slot = SlotInfo { field: id, arg: arg.map(Into::into), index, want, ty, list };
    Ok(Source::Field { slot, format: print_format(field, ty), matching })
}

/// A field whose type depends on the argument prints as the event's parameters of that type mostly do.
fn print_format(field: &FieldInfo, ty: FieldType) -> PrintFormat {
    match (field.ty, ty) {
        (FieldType::Dyn, FieldType::Flags16 | FieldType::Flags32) => PrintFormat::Hex,
        (FieldType::Dyn, _) => PrintFormat::Dec,
        _ => field.format,
    }
}

/// No argument, or the index -1, asks for all ancestors.
fn means_all(arg: Option<&str>) -> Option<()> {
    match arg {
        None | Some("-1") => Some(()),
        Some(_) => None,
    }
}

fn argument(
    id: FieldId,
    spec: ArgSpec,
    arg: Option<&str>,
    scheme: &Scheme,
) -> std::result::Result<(FieldType, Option<u64>), CheckErrorKind> {
    let field = scheme.field(id);
    let Some(arg) = arg else {
        if spec.required {
            return Err(CheckErrorKind::ArgumentRequired(field.name.clone()));
        }
        return Ok((field.ty, None));
    };
    if !spec.allowed() {
        return Err(CheckErrorKind::ArgumentNotAllowed(field.name.clone()));
    }
    let bad = |reason: String| CheckErrorKind::BadArgument {
        field: field.name.clone(),
        arg: arg.into(),
        reason: reason.into(),
    };
    let index = arg.parse::<u64>().ok();
    if spec.index && !spec.key && index.is_none() && arg != "-1" {
        return Err(bad("expected a number".into()));
    }
    let resolved = scheme.args().resolve(id, arg).map_err(bad)?;
    Ok((resolved.unwrap_or(field.ty), if spec.index { index } else { None }))
}

/// Adds to an error about an unknown field the field of the nearest name. Only errors that are reported get it: many
/// names are tried that are no fields.
pub(super) fn suggest(mut error: CheckError, scheme: &Scheme) -> CheckError {
    if let CheckErrorKind::UnknownField { name, similar } = &mut error.kind {
        *similar = nearest(name, scheme);
    }
    error
}

fn nearest(name: &str, scheme: &Scheme) -> Option<Box<str>> {
    let near = scheme.fields().iter().map(|f| (strsim::damerau_levenshtein(name, &f.name), &f.name));
    near.filter(|(distance, _)| *distance <= 3.min(name.len() / 3)).min().map(|(_, name)| name.clone())
}

/// A field, call, list or constant as an argument.
pub(crate) fn source(operand: &Operand, scheme: &Scheme) -> Result<Source> {
    match &operand.kind {
        OperandKind::Field { name, arg } => {
            field_source(name, arg.as_deref(), false, scheme).map_err(|kind| CheckError { kind, span: operand.span })
        }
        OperandKind::Value(value) => Ok(Source::Text(value.bytes.clone())),
        OperandKind::List(items) => items.iter().map(|i| source(i, scheme)).collect::<Result<_>>().map(Source::List),
        OperandKind::Call { transformer, args, index } => {
            let sources = args.iter().map(|a| source(a, scheme)).collect::<Result<Vec<_>>>()?;
            call(operand, *transformer, args, sources, index.as_deref(), scheme)
        }
    }
}

fn call(
    at: &Operand,
    transformer: Transformer,
    operands: &[Operand],
    args: Vec<Source>,
    index: Option<&str>,
    scheme: &Scheme,
) -> Result<Source> {
    use Transformer as T;
    let signature: Vec<_> = args.iter().map(|a| (a.ty(), a.is_list())).collect();
    let text = |(ty, list): (FieldType, bool)| ty.class() == ValueClass::Text && !list;
    let refuse = |why| fail(CheckErrorKind::BadCall(why), at);
    if index.is_some() && transformer != T::GetOpt {
        return fail(CheckErrorKind::NoCallArgument(transformer.as_str()), at);
    }
    let (ty, list) = match (transformer, signature.as_slice()) {
        (T::Val, _) => return refuse("val() is only possible on the right-hand side"),
        (T::Join, [separator, (_, true)]) if text(*separator) => (FieldType::Charbuf, false),
        (T::Join, [_, _]) => return refuse("join() takes a separator that is a single value, and a list"),
        (T::Join, _) => return refuse("join() requires exactly 2 arguments: separator and list"),
        (T::Concat, [_, _, ..]) if signature.iter().all(|a| text(*a)) => (FieldType::Charbuf, false),
        (T::Concat, [_, _, ..]) => return refuse("concat() arguments must be strings"),
        (T::Concat, _) => return refuse("concat() requires at least 2 arguments"),
        (T::GetOpt, [(FieldType::Charbuf, true), options]) if text(*options) => (FieldType::Charbuf, index.is_none()),
        (T::GetOpt, [_, _]) => return refuse("getopt() takes a list of strings and a single string"),
        (T::GetOpt, _) => return refuse("getopt() requires exactly 2 arguments: args list and optstring"),
        (_, [one]) => {
            let barred =
                base_field(&operands[0]).and_then(|name| scheme.find_dotted(name)).map(|(id, _)| scheme.field(id));
            if let Some(field) = barred.filter(|f| f.flags.contains(FieldFlags::NO_TRANSFORMER)) {
                return fail(CheckErrorKind::NoTransformer(field.name.clone()), &operands[0]);
            }
            match transformed(transformer, *one) {
                Some(result) => result,
                None => {
                    let on = operands[0].to_string().into();
                    let kind = CheckErrorKind::BadTransformerType { transformer: transformer.as_str(), ty: one.0, on };
                    return fail(kind, at);
                }
            }
        }
        _ => return refuse("this transformer takes exactly 1 argument"),
    };
    let option = match index.map(str::as_bytes) {
        None => None,
        Some([option]) => Some(*option),
        Some(_) => return refuse("getopt() field argument must be a single option character"),
    };
    Ok(Source::Call { transformer, args, option, ty, list })
}

fn transformed(transformer: Transformer, (ty, list): (FieldType, bool)) -> Option<(FieldType, bool)> {
    use Transformer as T;
    let class = ty.class();
    match transformer {
        T::ToLower | T::ToUpper | T::Basename if class == ValueClass::Text => Some((ty, list)),
        T::B64 if matches!(ty, FieldType::Charbuf | FieldType::Bytebuf) => Some((ty, list)),
        T::Len if list || matches!(class, ValueClass::Text | ValueClass::Bytes) => Some((FieldType::Uint64, false)),
        _ => None,
    }
}
