//! Fields as a plugin declares them: `get_fields`, refined by Lanner's field details where the plugin has them.

use bitflags::bitflags;
use lanner_plugin_api::raw::FieldType;
use serde_json::{Map, Value};

use super::error::{FieldFault, Function, PluginError};

/// How a field takes an argument.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct ArgSpec {
    /// The field makes no sense without.
    pub required: bool,
    /// It may be a number.
    pub index: bool,
    /// It may be a text.
    pub key: bool,
    /// It may also be written after a dot.
    pub dotted: bool,
}

impl ArgSpec {
    /// Whether an argument may stand at all.
    #[must_use]
    pub const fn allowed(self) -> bool {
        self.required || self.index || self.key
    }
}

bitflags! {
    /// Properties of a field.
    #[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
    pub struct FieldFlags: u32 {
        /// Only for conditions.
        const FILTER_ONLY = 1;
        /// Only for outputs.
        const PRINT_ONLY = 1 << 1;
        /// Hidden from listings.
        const TABLE_ONLY = 1 << 2;
        /// Kept for old rules.
        const DEPRECATED = 1 << 3;
        /// Transformers do not take it.
        const NO_TRANSFORMER = 1 << 4;
        /// May not stand on the right-hand side.
        const NO_RHS = 1 << 5;
        /// Shown in a summary of an event.
        const INFO = 1 << 6;
        /// Names a side of a conversation.
        const CONVERSATION = 1 << 7;
        /// Suggested for outputs.
        const FORMAT_SUGGESTED = 1 << 8;
    }
}

/// How a number is printed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum PrintFormat {
    /// Does not apply.
    Na,
    /// Decimal.
    #[default]
    Dec,
    /// Hexadecimal.
    Hex,
    /// Octal.
    Oct,
    /// An identifier, without thousands.
    Id,
    /// A direction, `<` or `>`.
    Dir,
    /// Decimal with ten digits.
    Padded10,
}

/// How a condition sees a field of which several values exist.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum FieldMatch {
    /// One value, or a list where the field is a list.
    #[default]
    One,
    /// Any of all values, `!=` included.
    Any,
    /// Either end; `!=` is the negation of `=`.
    Either,
    /// An address that is printed as a host name.
    Host,
}

/// One field of a plugin.
#[derive(Clone, PartialEq, Debug)]
pub struct FieldSpec {
    /// Position in `get_fields`; what extraction requests carry.
    pub id: u32,
    /// Name, as conditions write it.
    pub name: String,
    /// What it is.
    pub desc: String,
    /// Short name for people; may be empty.
    pub display: String,
    /// Type of its values: the exact one where the plugin tells it.
    pub ty: FieldType,
    /// Type in `get_fields`: one of the seven of the API.
    pub abi_ty: FieldType,
    /// Whether it is a list.
    pub list: bool,
    /// Its argument.
    pub arg: ArgSpec,
    /// Properties.
    pub flags: FieldFlags,
    /// How its number is printed.
    pub format: PrintFormat,
    /// How conditions see several values.
    pub matching: FieldMatch,
    /// Class under which it is listed.
    pub class: String,
    /// What the class is; may be empty.
    pub class_desc: String,
}

const GET_FIELDS: Function = Function("get_fields");
const DETAILS: Function = Function("lanner_get_field_details");

/// Reads `get_fields` and, if there, the details that run parallel to it.
pub(super) fn parse(plugin: &str, fields: &str, details: Option<&str>) -> Result<Vec<FieldSpec>, PluginError> {
    let array = array(plugin, GET_FIELDS, fields)?;
    let mut specs = Vec::with_capacity(array.len());
    for (id, entry) in array.iter().enumerate() {
        let id = u32::try_from(id).map_err(|_| invalid(plugin, GET_FIELDS, "too many fields".to_owned()))?;
        specs.push(field(plugin, id, entry).map_err(|(field, fault)| PluginError::InvalidField {
            plugin: plugin.to_owned(),
            field,
            fault,
        })?);
    }
    if specs.is_empty() {
        return Err(invalid(plugin, GET_FIELDS, "no field".to_owned()));
    }
    if let Some(details) = details {
        refine(plugin, &mut specs, details)?;
    }
    let mut names: Vec<&str> = specs.iter().map(|s| s.name.as_str()).collect();
    names.sort_unstable();
    if let Some([name, _]) = names.windows(2).find(|w| w[0] == w[1]) {
        return Err(PluginError::InvalidField {
            plugin: plugin.to_owned(),
            field: (*name).to_owned(),
            fault: FieldFault::Duplicate,
        });
    }
    Ok(specs)
}

/// An array of strings, as the lists of sources and of async event names are. Empty strings are dropped.
pub(super) fn names(plugin: &str, function: Function, json: &str) -> Result<Vec<String>, PluginError> {
    let mut names: Vec<String> = Vec::new();
    for value in array(plugin, function, json)? {
        match value {
            Value::String(s) if s.is_empty() => {}
            Value::String(s) if names.contains(&s) => {}
            Value::String(s) => names.push(s),
            other => return Err(invalid(plugin, function, format!("{other} is not a string"))),
        }
    }
    Ok(names)
}

pub(super) fn array(plugin: &str, function: Function, json: &str) -> Result<Vec<Value>, PluginError> {
    match serde_json::from_str(json) {
        Ok(Value::Array(array)) => Ok(array),
        Ok(_) => Err(invalid(plugin, function, "not an array".to_owned())),
        Err(e) => Err(invalid(plugin, function, e.to_string())),
    }
}

fn invalid(plugin: &str, function: Function, reason: String) -> PluginError {
    PluginError::InvalidJson { plugin: plugin.to_owned(), function, reason }
}

type Fault = (String, FieldFault);

fn field(plugin: &str, id: u32, entry: &Value) -> Result<FieldSpec, Fault> {
    let unnamed = || id.to_string();
    let object = entry.as_object().ok_or_else(|| (unnamed(), FieldFault::Property("field")))?;
    let name = text(object, "name").map_err(|f| (unnamed(), f))?;
    if name.is_empty() {
        return Err((unnamed(), FieldFault::NoName));
    }
    let fail = |fault| (name.clone(), fault);

    let ty = text(object, "type").map_err(fail)?;
    if ty.is_empty() {
        return Err(fail(FieldFault::NoType));
    }
    let ty = FieldType::ABI
        .into_iter()
        .find(|t| t.name() == Some(ty.as_str()))
        .ok_or_else(|| fail(FieldFault::UnknownType))?;
    let desc = text(object, "desc").map_err(fail)?;
    if desc.is_empty() {
        return Err(fail(FieldFault::NoDescription));
    }
    let arg = argument(object.get("arg")).map_err(fail)?;
    let mut flags = properties(object.get("properties")).map_err(fail)?;
    flags.set(FieldFlags::FORMAT_SUGGESTED, boolean(object, "addOutput").map_err(fail)?);

    Ok(FieldSpec {
        id,
        desc,
        display: text(object, "display").map_err(fail)?,
        ty,
        abi_ty: ty,
        list: boolean(object, "isList").map_err(fail)?,
        arg,
        flags,
        format: PrintFormat::Dec,
        matching: FieldMatch::One,
        class: format!("{plugin} (plugin)"),
        class_desc: String::new(),
        name,
    })
}

fn argument(arg: Option<&Value>) -> Result<ArgSpec, FieldFault> {
    let object = match arg {
        None | Some(Value::Null) => return Ok(ArgSpec::default()),
        Some(Value::Object(object)) => object,
        Some(_) => return Err(FieldFault::Property("arg")),
    };
    let arg = ArgSpec {
        required: boolean(object, "isRequired")?,
        index: boolean(object, "isIndex")?,
        key: boolean(object, "isKey")?,
        dotted: false,
    };
    if arg.required && !arg.index && !arg.key { Err(FieldFault::ArgumentKind) } else { Ok(arg) }
}

/// Properties that are not known are for other programs, and are ignored.
fn properties(properties: Option<&Value>) -> Result<FieldFlags, FieldFault> {
    let mut flags = FieldFlags::empty();
    let array = match properties {
        None | Some(Value::Null) => return Ok(flags),
        Some(Value::Array(array)) => array,
        Some(_) => return Err(FieldFault::Property("properties")),
    };
    for property in array {
        match property.as_str().ok_or(FieldFault::Property("properties"))? {
            "hidden" => flags |= FieldFlags::TABLE_ONLY,
            "info" => flags |= FieldFlags::INFO,
            "conversation" => flags |= FieldFlags::CONVERSATION,
            _ => {}
        }
    }
    Ok(flags)
}

fn text(object: &Map<String, Value>, key: &'static str) -> Result<String, FieldFault> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(s)) => Ok(s.clone()),
        Some(_) => Err(FieldFault::Property(key)),
    }
}

fn boolean(object: &Map<String, Value>, key: &'static str) -> Result<bool, FieldFault> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(b)) => Ok(*b),
        Some(_) => Err(FieldFault::Property(key)),
    }
}

/// Applies the details to the fields that they run parallel to.
fn refine(plugin: &str, specs: &mut [FieldSpec], details: &str) -> Result<(), PluginError> {
    let array = array(plugin, DETAILS, details)?;
    if array.len() != specs.len() {
        return Err(invalid(plugin, DETAILS, format!("{} entries for {} fields", array.len(), specs.len())));
    }
    for (spec, entry) in specs.iter_mut().zip(&array) {
        let object = entry.as_object().ok_or(FieldFault::Property("details"));
        if let Err(fault) = object.and_then(|object| detail(spec, object)) {
            return Err(PluginError::InvalidField { plugin: plugin.to_owned(), field: spec.name.clone(), fault });
        }
    }
    Ok(())
}

fn detail(spec: &mut FieldSpec, object: &Map<String, Value>) -> Result<(), FieldFault> {
    let ty = text(object, "type")?;
    if !ty.is_empty() {
        spec.ty = FieldType::from_name(&ty).ok_or(FieldFault::UnknownType)?;
    }
    spec.format = match text(object, "format")?.as_str() {
        "na" => PrintFormat::Na,
        "" | "dec" => PrintFormat::Dec,
        "hex" => PrintFormat::Hex,
        "oct" => PrintFormat::Oct,
        "id" => PrintFormat::Id,
        "dir" => PrintFormat::Dir,
        "padded10" => PrintFormat::Padded10,
        _ => return Err(FieldFault::UnknownWord("format")),
    };
    spec.matching = match text(object, "match")?.as_str() {
        "" | "one" => FieldMatch::One,
        "any" => FieldMatch::Any,
        "either" => FieldMatch::Either,
        "host" => FieldMatch::Host,
        _ => return Err(FieldFault::UnknownWord("match")),
    };
    spec.arg.dotted = boolean(object, "dotted")?;
    let class = text(object, "class")?;
    if !class.is_empty() {
        spec.class = class;
        spec.class_desc = text(object, "class_desc")?;
    }
    let flags = match object.get("flags") {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Array(flags)) => flags,
        Some(_) => return Err(FieldFault::Property("flags")),
    };
    for flag in flags {
        match flag.as_str().ok_or(FieldFault::Property("flags"))? {
            "filter_only" => spec.flags |= FieldFlags::FILTER_ONLY,
            "print_only" => spec.flags |= FieldFlags::PRINT_ONLY,
            "table_only" => spec.flags |= FieldFlags::TABLE_ONLY,
            "deprecated" => spec.flags |= FieldFlags::DEPRECATED,
            "no_transformer" => spec.flags |= FieldFlags::NO_TRANSFORMER,
            "no_rhs" => spec.flags |= FieldFlags::NO_RHS,
            "info" => spec.flags |= FieldFlags::INFO,
            "conversation" => spec.flags |= FieldFlags::CONVERSATION,
            "format_suggested" => spec.flags |= FieldFlags::FORMAT_SUGGESTED,
            "arg_required" => spec.arg.required = true,
            "arg_index" => spec.arg.index = true,
            "arg_key" => spec.arg.key = true,
            // Follows from the other three.
            "arg_allowed" => {}
            _ => return Err(FieldFault::UnknownWord("flags")),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(json: &str) -> FieldFault {
        match parse("p", json, None) {
            Err(PluginError::InvalidField { fault, .. }) => fault,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_field_with_everything_is_read() {
        let json = r#"[{"name":"a.b","type":"string","desc":"d","display":"D","isList":true,"addOutput":true,
            "arg":{"isRequired":true,"isKey":true},"properties":["hidden","info","conversation","other"]}]"#;
        let specs = parse("p", json, None).unwrap();
        let [spec] = specs.as_slice() else { panic!() };
        assert_eq!((spec.id, spec.name.as_str(), spec.desc.as_str(), spec.display.as_str()), (0, "a.b", "d", "D"));
        assert_eq!((spec.ty, spec.list, spec.class.as_str()), (FieldType::STRING, true, "p (plugin)"));
        assert_eq!(spec.arg, ArgSpec { required: true, index: false, key: true, dotted: false });
        assert_eq!(
            spec.flags,
            FieldFlags::TABLE_ONLY | FieldFlags::INFO | FieldFlags::CONVERSATION | FieldFlags::FORMAT_SUGGESTED
        );
    }

    #[test]
    fn each_fault_has_its_name() {
        assert_eq!(fault(r#"[{"type":"string","desc":"d"}]"#), FieldFault::NoName);
        assert_eq!(fault(r#"[{"name":"a","desc":"d"}]"#), FieldFault::NoType);
        assert_eq!(fault(r#"[{"name":"a","type":"string"}]"#), FieldFault::NoDescription);
        assert_eq!(fault(r#"[{"name":"a","type":"double","desc":"d"}]"#), FieldFault::UnknownType);
        assert_eq!(fault(r#"[{"name":"a","type":"string","desc":"d","isList":1}]"#), FieldFault::Property("isList"));
        assert_eq!(
            fault(r#"[{"name":"a","type":"string","desc":"d","arg":{"isRequired":true}}]"#),
            FieldFault::ArgumentKind
        );
        let twice = r#"[{"name":"a","type":"string","desc":"d"},{"name":"a","type":"bool","desc":"d"}]"#;
        assert_eq!(fault(twice), FieldFault::Duplicate);
        assert!(matches!(parse("p", "[]", None), Err(PluginError::InvalidJson { .. })));
        assert!(matches!(parse("p", "{}", None), Err(PluginError::InvalidJson { .. })));
        assert!(matches!(parse("p", "[", None), Err(PluginError::InvalidJson { .. })));
    }

    #[test]
    fn details_refine_the_plain_description() {
        let fields = r#"[{"name":"a","type":"uint64","desc":"d"},{"name":"b","type":"string","desc":"d"}]"#;
        let details = r#"[{"type":"int32","format":"hex","flags":["no_rhs","arg_key"],"match":"any","dotted":true,
            "class":"c","class_desc":"cd"},{}]"#;
        let specs = parse("p", fields, Some(details)).unwrap();
        assert_eq!((specs[0].ty, specs[0].abi_ty), (FieldType::INT32, FieldType::UINT64));
        assert_eq!((specs[0].format, specs[0].matching), (PrintFormat::Hex, FieldMatch::Any));
        assert_eq!((specs[0].class.as_str(), specs[0].class_desc.as_str()), ("c", "cd"));
        assert!(specs[0].arg.dotted && specs[0].arg.key && specs[0].flags.contains(FieldFlags::NO_RHS));
        assert_eq!((specs[1].ty, specs[1].format), (FieldType::STRING, PrintFormat::Dec));
        assert!(matches!(parse("p", fields, Some("[{}]")), Err(PluginError::InvalidJson { .. })));
        assert!(matches!(
            parse("p", fields, Some(r#"[{"match":"x"},{}]"#)),
            Err(PluginError::InvalidField { fault: FieldFault::UnknownWord("match"), .. })
        ));
    }
}
