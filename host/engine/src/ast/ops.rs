//! Operators, modifiers and transformers by their names.

use std::fmt;

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// All of them, in the order they are tried and listed.
            pub const ALL: &[$name] = &[$($name::$variant,)*];

            /// The word as written.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }

            /// The one with this word.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($text => Some($name::$variant),)* _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// A comparison operator. `exists` is no operator but a test of its own.
    Operator {
        /// At most.
        Le = "<=",
        /// Less.
        Lt = "<",
        /// At least.
        Ge = ">=",
        /// Greater.
        Gt = ">",
        /// Equal, written with two signs; the same as [`Operator::Eq`], kept apart for printing.
        EqEq = "==",
        /// Equal.
        Eq = "=",
        /// Different.
        Ne = "!=",
        /// Matches a shell pattern as a whole.
        Glob = "glob",
        /// The same without regard to case.
        IGlob = "iglob",
        /// Has the text in it.
        Contains = "contains",
        /// The same without regard to ASCII case.
        IContains = "icontains",
        /// Has the bytes, given in hexadecimal, in it.
        BContains = "bcontains",
        /// Begins with the text.
        StartsWith = "startswith",
        /// Begins with the bytes, given in hexadecimal.
        BStartsWith = "bstartswith",
        /// Ends with the text.
        EndsWith = "endswith",
        /// Matches a regular expression as a whole.
        Regex = "regex",
        /// Of two lists: have a value in common.
        Intersects = "intersects",
        /// Every value of the left side is in the list.
        In = "in",
        /// A listed path is a prefix by whole components.
        PMatch = "pmatch",
    }
}

words! {
    /// How many values of the list must satisfy the operator.
    Modifier {
        /// Exactly one.
        OneOf = "oneof",
        /// At least one.
        AnyOf = "anyof",
        /// All, and there is one.
        AllOf = "allof",
    }
}

words! {
    /// A function over field values.
    Transformer {
        /// ASCII lower case.
        ToLower = "tolower",
        /// ASCII upper case.
        ToUpper = "toupper",
        /// Decodes base64.
        B64 = "b64",
        /// The text after the last slash.
        Basename = "basename",
        /// The number of values or of bytes.
        Len = "len",
        /// Joins a list with a separator.
        Join = "join",
        /// Joins its arguments.
        Concat = "concat",
        /// Options of an argument vector.
        GetOpt = "getopt",
        /// The field itself; only on the right side.
        Val = "val",
    }
}

impl Operator {
    /// Whether the right side is a list.
    pub fn takes_list(self) -> bool {
        matches!(self, Operator::Intersects | Operator::In | Operator::PMatch)
    }

    /// Whether the right side is a number token.
    pub fn takes_number(self) -> bool {
        matches!(self, Operator::Le | Operator::Lt | Operator::Ge | Operator::Gt)
    }
}
