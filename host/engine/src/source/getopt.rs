//! Options of an argument vector, in the manner of C's `getopt`.

use crate::value::{Item, Mark, Run, Values};

/// Which option letters exist and which of them take a value.
pub(super) struct Options {
    known: [bool; 256],
    valued: [bool; 256],
}

impl Options {
    /// From `a:b`: `a` with a value, `b` without.
    pub(super) fn new(text: &[u8]) -> Self {
        let mut options = Options { known: [false; 256], valued: [false; 256] };
        for (at, &letter) in text.iter().enumerate() {
            if letter != b':' {
                options.known[usize::from(letter)] = true;
                options.valued[usize::from(letter)] |= text.get(at + 1) == Some(&b':');
            }
        }
        options
    }
}

/// Scans the arguments of `argv` up to `--` or the first that is no option; long options are passed over. Without
/// `wanted` the result is every option followed by its value, `?` for an unknown one, and nothing but an empty text
/// where the value is missing. With it, the result is the last value of that option, or its letter if it takes none.
pub(super) fn scan(options: &Options, wanted: Option<u8>, argv: Run, values: &mut Values, mark: Mark) -> Option<()> {
    let empty = {
        let start = values.byte_len();
        Item::Bytes { start, end: start }
    };
    let unknown = values.append_text(b"?");
    let mut last = None;
    let mut at = 0;
    while at < argv.count {
        let argument = values.item(argv, at)?;
        at += 1;
        let bytes = values.bytes(argument);
        let Item::Bytes { start, end } = argument else { break };
        match bytes {
            b"--" => break,
            [b'-', b'-', ..] => continue,
            [b'-', _, ..] => {}
            _ => break,
        }
        for position in start + 1..end {
            let letter_item = Item::Bytes { start: position, end: position + 1 };
            let letter = *values.bytes(letter_item).first()?;
            if letter == b':' || !options.known[usize::from(letter)] {
                if wanted.is_none() {
                    values.push_item(unknown);
                }
                continue;
            }
            let ours = wanted.is_none_or(|w| w == letter);
            if !options.valued[usize::from(letter)] {
                if ours {
                    emit(values, wanted, &mut last, &[letter_item]);
                }
                continue;
            }
            let value = if position + 1 < end {
                Some(Item::Bytes { start: position + 1, end })
            } else if at < argv.count {
                at += 1;
                values.item(argv, at - 1)
            } else {
                None
            };
            match value {
                Some(value) if ours => emit(values, wanted, &mut last, &[letter_item, value]),
                None if ours => emit(values, wanted, &mut last, &[empty]),
                _ => {}
            }
            break;
        }
    }
    if wanted.is_some() {
        debug_assert_eq!(values.since(mark).count, 0, "a single result is pushed once, here");
        values.push_item(last?);
    }
    Some(())
}

fn emit(values: &mut Values, wanted: Option<u8>, last: &mut Option<Item>, found: &[Item]) {
    match wanted {
        Some(_) => *last = found.last().copied(),
        None => found.iter().for_each(|item| values.push_item(*item)),
    }
}
