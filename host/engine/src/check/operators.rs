//! Which operators fit which types.

use super::error::CheckErrorKind;
use crate::ast::Operator;
use crate::scheme::{FieldType, ValueClass};

pub(super) fn comparable(op: Operator, ty: FieldType, list: bool) -> Result<(), CheckErrorKind> {
    use Operator as O;
    if list {
        use FieldType as T;
        let typed = matches!(ty, T::Charbuf | T::Uint64 | T::RelTime | T::AbsTime | T::Bool | T::IpAddr | T::IpNet);
        let fits = typed && matches!(op, O::In | O::Intersects);
        return if fits { Ok(()) } else { Err(CheckErrorKind::ListNotComparable { op: op.as_str(), ty }) };
    }
    let equality = matches!(op, O::Eq | O::EqEq | O::Ne | O::In | O::Intersects);
    let ordered = matches!(op, O::Lt | O::Le | O::Gt | O::Ge);
    let binary = matches!(op, O::BContains | O::BStartsWith);
    // Identifiers of users, protocols and families have numbers but no comparison in the language.
    let barred = matches!(ty, FieldType::Uid | FieldType::Gid | FieldType::L4Proto | FieldType::SockFamily)
        || ty == FieldType::SigSet;
    let fits = match ty.class() {
        _ if barred => false,
        ValueClass::Signed | ValueClass::Unsigned | ValueClass::Double => equality || ordered,
        ValueClass::Bool | ValueClass::Address | ValueClass::Network => equality,
        ValueClass::Text => !binary,
        ValueClass::Bytes => equality || binary || matches!(op, O::Contains | O::StartsWith | O::EndsWith),
        ValueClass::Opaque => false,
    };
    if fits { Ok(()) } else { Err(CheckErrorKind::NotComparable { op: op.as_str(), ty }) }
}
