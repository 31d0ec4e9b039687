//! Transformers, each by its definition.

use super::{Val, as_text};
use crate::ast::Transformer;
use crate::scheme::{FieldType, ValueClass};

pub(super) fn call(
    transformer: Transformer,
    option: Option<u8>,
    inputs: &[Vec<Val>],
    lists: &[bool],
    types: &[FieldType],
) -> Option<Vec<Val>> {
    let bytes = |value: &Val| match value {
        Val::Bytes(bytes) => bytes.clone(),
        Val::Number(_) => Vec::new(),
    };
    let map = |f: &dyn Fn(Vec<u8>) -> Option<Vec<u8>>| {
        inputs[0].iter().map(|v| f(bytes(v)).map(Val::Bytes)).collect::<Option<Vec<_>>>()
    };
    let text = types[0].class() == ValueClass::Text;
    match transformer {
        Transformer::Val => Some(inputs[0].clone()),
        Transformer::ToLower => map(&|b| Some(b.to_ascii_lowercase())),
        Transformer::ToUpper => map(&|b| Some(b.to_ascii_uppercase())),
        Transformer::Basename => map(&|b| b.rsplit(|c| *c == b'/').next().map(<[u8]>::to_vec)),
        Transformer::B64 => map(&|b| {
            let decoded = decode(&b)?;
            Some(if text { decoded.split(|c| *c == 0).next()?.to_vec() } else { decoded })
        }),
        Transformer::Len if lists[0] => Some(vec![Val::Number(inputs[0].len() as u64)]),
        Transformer::Len => Some(vec![Val::Number(bytes(inputs[0].first()?).len() as u64)]),
        Transformer::Concat => {
            let parts = inputs.iter().map(|i| i.first().map(bytes)).collect::<Option<Vec<_>>>()?;
            Some(vec![Val::Bytes(parts.concat())])
        }
        Transformer::Join => {
            let items: Vec<Vec<u8>> = inputs[1].iter().map(|v| bytes(&as_text(v.clone(), types[1]))).collect();
            Some(vec![Val::Bytes(items.join(&*bytes(inputs[0].first()?)))])
        }
        Transformer::GetOpt => {
            let argv: Vec<Vec<u8>> = inputs[0].iter().map(bytes).collect();
            let found = getopt(&argv, &bytes(inputs[1].first()?));
            match option {
                None => Some(found.into_iter().flat_map(|(_, emitted)| emitted).map(Val::Bytes).collect()),
                Some(wanted) => {
                    let mine = found.into_iter().rev().find(|(letter, _)| *letter == Some(wanted))?;
                    mine.1.into_iter().next_back().map(|value| vec![Val::Bytes(value)])
                }
            }
        }
    }
}

/// Options in order, each with what a list shows of it: letter and value, `?` for an unknown one, an empty text for one
/// that misses its value.
fn getopt(argv: &[Vec<u8>], options: &[u8]) -> Vec<(Option<u8>, Vec<Vec<u8>>)> {
    let mut found = Vec::new();
    let mut rest = argv.iter();
    while let Some(argument) = rest.next() {
        if argument == b"--" || argument.len() < 2 || argument[0] != b'-' {
            break;
        }
        if argument.starts_with(b"--") {
            continue;
        }
        let mut letters = &argument[1..];
        while let [letter, after @ ..] = letters {
            letters = after;
            let place = options.iter().position(|o| o == letter && *letter != b':');
            match place {
                None => found.push((None, vec![b"?".to_vec()])),
                Some(at) if options.get(at + 1) == Some(&b':') => {
                    let value = if after.is_empty() { rest.next().cloned() } else { Some(after.to_vec()) };
                    found.push((Some(*letter), value.map_or(vec![Vec::new()], |value| vec![vec![*letter], value])));
                    break;
                }
                Some(_) => found.push((Some(*letter), vec![vec![*letter]])),
            }
        }
    }
    found
}

/// Base64 bit by bit; one or two signs of padding may stand at the end of something, anything else may not be wrong.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let padding = text.iter().rev().take(2).take_while(|b| **b == b'=').count();
    let whole = text.len();
    let text = &text[..whole - padding];
    if text.len() % 4 == 1 || text.is_empty() && whole > 0 {
        return None;
    }
    let mut bits = Vec::new();
    for byte in text {
        let value = ALPHABET.iter().position(|a| a == byte)?;
        bits.extend((0..6).rev().map(|bit| value >> bit & 1));
    }
    Some(bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | *bit as u8)).collect())
}
