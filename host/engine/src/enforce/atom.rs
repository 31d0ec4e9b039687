//! One comparison.

use super::ability::{Meaning, When};
use super::lower::Cx;
use super::plan::Bounds;
use super::program::{How, Literal, Subject, Test};
use super::reason::Reason;
use crate::ast::{Modifier, Operator};
use crate::check::typed::{Atom, AtomTest, Constant, Source};
use crate::value::Want;

/// What a comparison comes to at an event.
pub(super) enum Truth {
    Always,
    Never,
    If(Literal),
}

impl From<bool> for Truth {
    fn from(is: bool) -> Self {
        if is { Self::Always } else { Self::Never }
    }
}

/// The comparison, or its opposite. At these events every field with a meaning has a value; where the decider fails to get it,
/// it says no.
pub(super) fn atom(cx: &Cx<'_>, atom: &Atom, holds: bool) -> Result<Truth, Reason> {
    if let Some(fold) = &atom.fold {
        if fold.always.contains(cx.code) {
            return Ok(holds.into());
        }
        if fold.never.contains(cx.code) {
            return Ok((!holds).into());
        }
    }
    let (name, meaning) = meaning(cx, &atom.left)?;
    let (op, values) = match &atom.test {
        AtomTest::Exists => return exists(meaning, holds),
        AtomTest::Field { .. } => return Err(Reason::TwoFields),
        AtomTest::Constants { modifier: Some(modifier), .. } if *modifier != Modifier::AnyOf => {
            return Err(Reason::Modifier(modifier.as_str()));
        }
        AtomTest::Constants { values, .. } if values.is_empty() => return Ok((!holds).into()),
        AtomTest::Constants { op, values, .. } => (*op, values.as_slice()),
    };
    // `a != b` is the opposite of `a = b` where there is a value; several constants under `anyof` are no such thing.
    let (op, holds) = match op {
        Operator::Ne if values.len() == 1 => (Operator::Eq, !holds),
        op => (op, holds),
    };
    let odd = || Reason::Operator { field: name.clone(), operator: op.as_str() };
    match meaning {
        Meaning::NotNegative => not_negative(op, values).map(|is| (is == holds).into()).ok_or_else(odd),
        Meaning::False => numbers(op, values).map(|set| (set.contains(&0) == holds).into()).ok_or_else(odd),
        Meaning::Fixed(text) => {
            texts(op, values).map(|set| (set.contains(&text.as_bytes()) == holds).into()).ok_or_else(odd)
        }
        Meaning::Flag(subject) => {
            let set = numbers(op, values).ok_or_else(odd)?;
            Ok(match flag(subject, set.contains(&1), set.contains(&0), holds) {
                Truth::If(_) if needs_flags(subject) && !cx.event.flags => (set.contains(&0) == holds).into(),
                truth => truth,
            })
        }
        Meaning::Either { subject, yes, no } => {
            let set = texts(op, values).ok_or_else(odd)?;
            Ok(match flag(subject, set.contains(&yes.as_bytes()), set.contains(&no.as_bytes()), holds) {
                // A call without flags asks for no folder.
                Truth::If(_) if needs_flags(subject) && !cx.event.flags => {
                    (set.contains(&no.as_bytes()) == holds).into()
                }
                truth => truth,
            })
        }
        Meaning::Whether { other, text } => match texts(op, values).ok_or_else(odd)?.as_slice() {
            [one] if *one == text.as_bytes() => Ok(flag(other, false, true, holds)),
            _ => Err(Reason::Value { field: name, known: text }),
        },
        Meaning::Number(subject) => {
            let set = numbers(op, values).ok_or_else(odd)?;
            let texts = set.iter().filter_map(|n| u32::try_from(*n).ok()).map(|n| n.to_ne_bytes().into()).collect();
            Ok(test(subject, How::Equal, texts, holds)?)
        }
        Meaning::Folder(subject) => {
            let set = texts(op, values).ok_or_else(odd)?;
            // The folder of what lies at the root is the root; no other ends with a slash.
            let folder = |text: &&[u8]| match *text {
                b"/" => Some(Box::from(&b"/"[..])),
                text if text.ends_with(b"/") || text.is_empty() => None,
                text => Some([text, b"/"].concat().into()),
            };
            test(subject, How::In, set.iter().filter_map(folder).collect(), holds)
        }
        Meaning::Text { subject, path } => {
            let bytes = constants(values).ok_or_else(odd)?;
            let own = || bytes.iter().map(|text| Box::from(*text)).collect();
            match op {
                Operator::Eq | Operator::In => test(subject, How::Equal, own(), holds),
                Operator::StartsWith => test(subject, How::Prefix, own(), holds),
                Operator::PMatch if path => below(subject, &bytes, holds),
                _ => Err(odd()),
            }
        }
    }
}

/// The field, with what it means at this event.
fn meaning(cx: &Cx<'_>, left: &Source) -> Result<(Box<str>, Meaning), Reason> {
    let slot = match left {
        Source::Field { slot, .. } => slot,
        Source::Call { transformer, .. } => return Err(Reason::Transformer(transformer.as_str())),
        Source::Text(_) | Source::List(_) => return Err(Reason::TwoFields),
    };
    let name = cx.scheme.field(slot.field).name.clone();
    let known = cx.ability.field(&name).filter(|_| slot.arg.is_none() && slot.want == Want::Scalar && !slot.list);
    match known {
        Some((When::Opening, _)) if !cx.event.opens => Err(Reason::FieldAt { field: name, event: cx.event.name }),
        Some((_, meaning)) => Ok((name, meaning)),
        None => Err(Reason::Field(name)),
    }
}

/// Every value begins with nothing, so that this only asks whether it is known.
fn exists(meaning: Meaning, holds: bool) -> Result<Truth, Reason> {
    match meaning {
        Meaning::Text { subject, .. }
        | Meaning::Folder(subject)
        | Meaning::Number(subject)
        | Meaning::Whether { other: subject, .. } => test(subject, How::Prefix, vec![Box::default()], holds),
        Meaning::Flag(_) | Meaning::Either { .. } | Meaning::Fixed(_) | Meaning::False | Meaning::NotNegative => {
            Ok(holds.into())
        }
    }
}

fn needs_flags(subject: Subject) -> bool {
    matches!(subject, Subject::Reads | Subject::Writes | Subject::Folder)
}

/// A truth value that satisfies the comparison if it is true, if it is false, or either way.
fn flag(subject: Subject, if_true: bool, if_false: bool, holds: bool) -> Truth {
    if if_true == if_false {
        return (if_true == holds).into();
    }
    let test = Test { subject, how: How::Equal, texts: vec![Box::from([1u8])] };
    Truth::If(Literal { test, holds: if_true == holds })
}

fn test(subject: Subject, how: How, mut texts: Vec<Box<[u8]>>, holds: bool) -> Result<Truth, Reason> {
    if let Some(long) = texts.iter().find(|text| text.len() > Bounds::TEXT) {
        return Err(Reason::Long { len: long.len(), most: Bounds::TEXT });
    }
    texts.sort_unstable();
    texts.dedup();
    Ok(match texts.is_empty() {
        true => (!holds).into(),
        false => Truth::If(Literal { test: Test { subject, how, texts }, holds }),
    })
}

/// `pmatch`: by components, however many slashes there are.
fn below(subject: Subject, folders: &[&[u8]], holds: bool) -> Result<Truth, Reason> {
    let mut texts: Vec<Box<[u8]>> = Vec::new();
    for folder in folders {
        if folder.iter().any(|b| b"?*[\\".contains(b)) {
            return Err(Reason::Wildcards);
        }
        let parts: Vec<&[u8]> = folder.split(|b| *b == b'/').filter(|part| !part.is_empty()).collect();
        if parts.is_empty() {
            return test(subject, How::Prefix, vec![Box::default()], holds);
        }
        texts.push([&b"/"[..], &parts.join(&b'/')].concat().into());
    }
    test(subject, How::Below, texts, holds)
}

/// The texts of an equality.
fn texts(op: Operator, values: &[Constant]) -> Option<Vec<&[u8]>> {
    matches!(op, Operator::Eq | Operator::In).then(|| constants(values)).flatten()
}

fn constants(values: &[Constant]) -> Option<Vec<&[u8]>> {
    values.iter().map(|value| if let Constant::Bytes(bytes) = value { Some(&**bytes) } else { None }).collect()
}

/// The numbers of an equality.
fn numbers(op: Operator, values: &[Constant]) -> Option<Vec<u64>> {
    if !matches!(op, Operator::Eq | Operator::In) {
        return None;
    }
    values.iter().map(|value| if let Constant::Number(n) = value { Some(*n) } else { None }).collect()
}

/// What a number that is not negative makes of a comparison, if that is certain.
fn not_negative(op: Operator, values: &[Constant]) -> Option<bool> {
    let [Constant::Number(bound)] = values else { return None };
    let bound = *bound as i64;
    match op {
        Operator::Ge if bound <= 0 => Some(true),
        Operator::Gt if bound < 0 => Some(true),
        Operator::Lt if bound <= 0 => Some(false),
        Operator::Le if bound < 0 => Some(false),
        Operator::Eq if bound < 0 => Some(false),
        _ => None,
    }
}
