//! What to do about a diagnostic that brings no advice of its own.

use crate::load::{DeprecatedField, Diagnostic, ErrorCode, Severity, WarningCode};

pub(super) fn remedy(diagnostic: &Diagnostic) -> Option<&'static str> {
    match diagnostic.severity {
        Severity::Error(code) => error(code),
        Severity::Warning(code) => warning(code),
        Severity::DeprecatedField(DeprecatedField::Dir) => {
            Some("remove the check; `lanner check --fix` does it where that changes nothing")
        }
        Severity::DeprecatedField(_) => Some("remove it"),
        Severity::Lint(_) => None,
    }
}

fn error(code: ErrorCode) -> Option<&'static str> {
    Some(match code {
        ErrorCode::FileRead => "correct the path, or make the file readable",
        ErrorCode::YamlParse => {
            "look at indentation, quotes and colons here and just before; a text with ': ' or ' #' in it needs quotes"
        }
        ErrorCode::YamlValidate => "`lanner --rule-schema` prints the shape that rule files have",
        ErrorCode::CompileCondition => {
            "`lanner fields` lists the fields with their types, `lanner events` the event types"
        }
        ErrorCode::CompileOutput => "`lanner fields` lists the fields that may follow a '%'",
        ErrorCode::Validate => "define what is missing, in this file or in one that is loaded before it",
        ErrorCode::Extension => return None,
    })
}

fn warning(code: WarningCode) -> Option<&'static str> {
    Some(match code {
        WarningCode::UnknownSource => "load the plugin that has this source, or correct `source`",
        WarningCode::UnsafeNaCheck => "use `FIELD exists` or `not FIELD exists`",
        WarningCode::NoEventType => {
            "begin the condition with `evt.type in (…) and`, or say `warn_evttypes: false` if every event is meant"
        }
        WarningCode::UnknownFilter => "load the plugin, or the newer version, that has the field",
        WarningCode::UnusedMacro | WarningCode::UnusedList => {
            "remove it, or check it together with the files that use it"
        }
        WarningCode::UnknownItem => "an item begins with `rule`, `macro`, `list` or a required version",
        WarningCode::DeprecatedItem => "`lanner check --fix` rewrites it",
        WarningCode::AppendNoValues => "give the exception `values`",
        WarningCode::ExceptionNameNotUnique => "rename one of them, or put their values together",
        WarningCode::InvalidMacroName => "use letters, digits and '_', a letter first",
        WarningCode::InvalidListName => "use a name without blanks, quotes, parentheses, ',' and '='",
        WarningCode::UnknownKey => "remove the key",
        WarningCode::CompileCondition | WarningCode::Extension => return None,
    })
}
