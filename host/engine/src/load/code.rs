//! The codes of errors and warnings: what programs that read the validation result compare.

use std::fmt;

macro_rules! codes {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $code:literal, $summary:literal, $desc:literal;)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $(#[doc = concat!("`", $code, "`: “`", $summary, "`”")] $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &[$name] = &[$($name::$variant,)*];

            /// The code as programs compare it.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $code,)* }
            }

            /// A few words for people.
            pub fn summary(self) -> &'static str {
                match self { $($name::$variant => $summary,)* }
            }

            /// A sentence or two for people.
            pub fn description(self) -> &'static str {
                match self { $($name::$variant => $desc,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

codes! {
    /// Why rules do not load.
    ErrorCode {
        FileRead = "LOAD_ERR_FILE_READ", "File read error", "A rules file could not be read.";
        YamlParse = "LOAD_ERR_YAML_PARSE", "YAML parse error", "The text of a rules file is not YAML.";
        YamlValidate = "LOAD_ERR_YAML_VALIDATE", "Error validating internal structure of YAML file",
            "The YAML has not the shape of rules: a key is missing, a value has the wrong type, or an override is \
             malformed.";
        CompileCondition = "LOAD_ERR_COMPILE_CONDITION", "Error compiling condition",
            "A condition breaks the syntax, or names a field, an operator or a value that does not fit.";
        CompileOutput = "LOAD_ERR_COMPILE_OUTPUT", "Error compiling output",
            "An output or an extra output field is no valid format.";
        Validate = "LOAD_ERR_VALIDATE", "Error validating rule/macro/list/exception objects",
            "The items contradict each other: an undefined macro, an append to nothing, a version that does not fit, \
             exceptions whose parts differ in length.";
        Extension = "LOAD_ERR_EXTENSION", "Error in extension item", "An item of an extension is wrong.";
    }
}

codes! {
    /// What is doubtful about rules that load.
    WarningCode {
        UnknownSource = "LOAD_UNKNOWN_SOURCE", "Unknown event source",
            "No loaded plugin has the rule's event source. The rule is left out.";
        UnsafeNaCheck = "LOAD_UNSAFE_NA_CHECK", "Unsafe <NA> comparison in condition",
            "Comparing a field with the text <NA> does not tell whether the field has a value; the operator 'exists' \
             does.";
        NoEventType = "LOAD_NO_EVTTYPE", "Condition has no event-type restriction",
            "The condition can match very many event types, which costs time at every event. Restrict it by evt.type.";
        UnknownFilter = "LOAD_UNKNOWN_FILTER", "Unknown field or event-type in condition or output",
            "The rule names a field or an event type that does not exist, and asks to be left out then.";
        UnusedMacro = "LOAD_UNUSED_MACRO", "Unused macro", "No rule and no other macro uses the macro.";
        UnusedList = "LOAD_UNUSED_LIST", "Unused list", "No rule, no macro and no other list uses the list.";
        UnknownItem = "LOAD_UNKNOWN_ITEM", "Unknown rules file item",
            "The item is no rule, macro, list or required version. It is ignored.";
        DeprecatedItem = "LOAD_DEPRECATED_ITEM", "Used deprecated item",
            "A rule, macro or list uses something that will go away.";
        Extension = "LOAD_WARNING_EXTENSION", "Warning in extension item", "An item of an extension is doubtful.";
        AppendNoValues = "LOAD_APPEND_NO_VALUES", "Overriding/appending with no values",
            "An exception is appended that has no values.";
        ExceptionNameNotUnique = "LOAD_EXCEPTION_NAME_NOT_UNIQUE", "Multiple exceptions defined with the same name",
            "Two exceptions of a rule have the same name.";
        InvalidMacroName = "LOAD_INVALID_MACRO_NAME", "Invalid macro name",
            "The macro's name is no identifier, so that no condition can refer to it.";
        InvalidListName = "LOAD_INVALID_LIST_NAME", "Invalid list name",
            "The list's name is no plain word, so that no condition can refer to it.";
        CompileCondition = "LOAD_COMPILE_CONDITION", "Warning in rule condition",
            "The condition is valid but probably not what was meant, or dearer than it need be.";
        UnknownKey = "LOAD_UNKNOWN_KEY", "Unknown key in item definition",
            "A key of the item is not known and is ignored; it may be misspelt or belong to another kind of item.";
    }
}

codes! {
    /// What `lanner check` finds beyond the established warnings. None of it changes how rules run.
    LintCode {
        ShadowedRule = "LINT_SHADOWED_RULE", "Rule can never be the first to match",
            "Of the rules that match an event only the first in load order raises an alert (rule_matching: first). An \
             earlier rule matches whenever this one does, so this one never raises any.";
        NeverTrue = "LINT_NEVER_TRUE", "Condition can never be true",
            "No event can satisfy all of this at once.";
        AlwaysTrue = "LINT_ALWAYS_TRUE", "Condition is always true",
            "Every event satisfies this, so that it decides nothing.";
        EventNotProduced = "LINT_EVENT_NOT_PRODUCED", "No source produces the event",
            "The event type exists in recordings of old versions only; no source produces it today.";
        FieldWithoutValue = "LINT_FIELD_WITHOUT_VALUE", "Field has no value at these events",
            "At none of the events that the condition allows here does the field have a value, and a comparison without \
             a value is false whatever the operator is, '!=' included.";
        CostlyRegex = "LINT_COSTLY_REGEX", "A plain operator does what the regex does",
            "A regular expression costs many times what a plain comparison costs, and plain comparisons of all rules \
             are answered together.";
        ExceptionCoversRule = "LINT_EXCEPTION_COVERS_RULE", "Exception excludes everything",
            "The exception holds whenever the condition does, so that the rule never raises an alert.";
        ExceptionNoEffect = "LINT_EXCEPTION_NO_EFFECT", "Exception excludes nothing",
            "The exception never holds when the condition does, so that it changes nothing.";
        DuplicateValue = "LINT_DUPLICATE_VALUE", "Value is listed twice",
            "The second of two equal values has no effect.";
        MisspeltList = "LINT_MISSPELT_LIST", "Text that looks like the name of a list",
            "What names no list is compared as the text it is.";
        DuplicateKey = "LINT_DUPLICATE_KEY", "Key is given twice",
            "Of equal keys in one item the first counts; the others are ignored.";
        EnforceUnqualified = "LINT_ENFORCE_UNQUALIFIED", "The kernel cannot decide the condition",
            "The rule asks to kill. The kernel does that by itself, at once, and so only for conditions that it can decide \
             without this program: the rule raises alerts and kills nothing.";
        EnforceNotPossible = "LINT_ENFORCE_NOT_POSSIBLE", "The rule could not be enforced",
            "`enforce: kill` is only for conditions that the kernel can decide by itself.";
        EnforcePossible = "LINT_ENFORCE_POSSIBLE", "The rule could be enforced, or is",
            "The kernel can decide the condition by itself: with `enforce: kill` it ends the process at once, before what the \
             event is about has any effect.";
        UnknownExceptionKey = "LINT_UNKNOWN_EXCEPTION_KEY", "Unknown key in an exception",
            "An exception has the keys name, fields, comps and values; any other is ignored.";
    }
}

impl LintCode {
    /// Whether it is only told to those who ask.
    pub fn is_note(self) -> bool {
        matches!(self, Self::EnforceNotPossible | Self::EnforcePossible)
    }
}

macro_rules! deprecated {
    ($($variant:ident = $name:literal, $desc:expr;)*) => {
        /// A field that has no use any more.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum DeprecatedField { $(#[doc = concat!("`", $name, "`")] $variant,)* }

        impl DeprecatedField {
            /// All of them, in the order they are reported.
            pub const ALL: &[DeprecatedField] = &[$(DeprecatedField::$variant,)*];

            /// The field's name.
            pub fn as_str(self) -> &'static str {
                match self { $(DeprecatedField::$variant => $name,)* }
            }

            /// Why it has no use.
            pub fn description(self) -> &'static str {
                match self { $(DeprecatedField::$variant => $desc,)* }
            }

            /// The deprecated field of this name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(DeprecatedField::$variant),)* _ => None }
            }
        }
    };
}

const NO_ENTER: &str = "the field has no value since calls are reported at their end only";

deprecated! {
    Dir = "evt.dir",
        "since calls are reported at their end only, 'evt.dir = <' is always true and 'evt.dir = >' always false; the \
         check can be removed";
    Latency = "evt.latency", NO_ENTER;
    LatencyS = "evt.latency.s", NO_ENTER;
    LatencyNs = "evt.latency.ns", NO_ENTER;
    LatencyHuman = "evt.latency.human", NO_ENTER;
    WaitLatency = "evt.wait_latency", NO_ENTER;
}
