//! The transformers. Results go to the end of the arena; inputs stay where they are.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{SourceId, Sources, getopt};
use crate::ast::Transformer;
use crate::render;
use crate::scheme::ValueClass;
use crate::value::{Item, Mark, Run, Values};

/// Bits that fill up the last character may be anything. Padding is taken off before ([`unpadded`]).
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

#[allow(clippy::too_many_arguments, reason = "one flat call per source; a struct would only rename the arguments")]
pub(super) fn call(
    sources: &Sources,
    transformer: Transformer,
    option: Option<u8>,
    ids: &[SourceId],
    args: &[Run],
    text: bool,
    values: &mut Values,
    mark: Mark,
) -> Option<Run> {
    let first = *args.first()?;
    match transformer {
        Transformer::Val => return Some(first),
        Transformer::ToLower => each(values, first, |bytes| bytes.make_ascii_lowercase()),
        Transformer::ToUpper => each(values, first, |bytes| bytes.make_ascii_uppercase()),
        Transformer::Basename => {
            for at in 0..first.count {
                let Item::Bytes { start, end } = values.item(first, at)? else { return None };
                let bytes = values.bytes(Item::Bytes { start, end });
                let base = memchr::memrchr(b'/', bytes).map_or(0, |slash| slash + 1);
                values.push_item(Item::Bytes { start: start + base as u32, end });
            }
        }
        Transformer::B64 => {
            for at in 0..first.count {
                decode(values, first, at, text)?;
            }
        }
        Transformer::Len => {
            let list = sources.info(*ids.first()?).list;
            let len = if list { u64::from(first.count) } else { values.bytes(values.first(first)?).len() as u64 };
            values.push_u64(len);
        }
        Transformer::Concat => {
            let start = values.byte_len();
            for run in args {
                let item = values.first(*run)?;
                values.append(item);
            }
            values.push_from(start);
        }
        Transformer::Join => {
            let list = *args.get(1)?;
            let separator = values.first(first)?;
            // Numbers are rendered first, so that the joined text lies in one piece behind them.
            let rendered = rendered(sources, *ids.get(1)?, list, values);
            let start = values.byte_len();
            for at in 0..rendered.count {
                if at > 0 {
                    values.append(separator);
                }
                let item = values.item(rendered, at)?;
                values.append(item);
            }
            let mark = values.mark();
            values.push_from(start);
            return Some(values.since(mark));
        }
        Transformer::GetOpt => {
            let options = getopt::Options::new(values.bytes(values.first(*args.get(1)?)?));
            getopt::scan(&options, option, first, values, mark)?;
        }
    }
    Some(values.since(mark))
}

fn each(values: &mut Values, run: Run, change: impl Fn(&mut [u8])) {
    for at in 0..run.count {
        let Some(item) = values.item(run, at) else { return };
        let start = values.byte_len();
        values.append(item);
        change(values.bytes_from(start));
        values.push_from(start);
    }
}

fn decode(values: &mut Values, run: Run, at: u32, text: bool) -> Option<()> {
    let item = values.item(run, at)?;
    let room = base64::decoded_len_estimate(values.bytes(item).len());
    let start = values.byte_len();
    let (input, output) = values.grow(item, room);
    let mut len = BASE64.decode_slice(unpadded(input)?, output).ok()?;
    if text {
        len = memchr::memchr(0, &output[..len]).unwrap_or(len);
    }
    values.shrink(start + len as u32);
    values.push_from(start);
    Some(())
}

/// Up to two `=` at the end say nothing, whatever the length is: rules are written for Falco, which reads it so. Padding of
/// nothing is no base64.
fn unpadded(input: &[u8]) -> Option<&[u8]> {
    let one = input.strip_suffix(b"=").unwrap_or(input);
    let bare = one.strip_suffix(b"=").filter(|_| one.len() < input.len()).unwrap_or(one);
    (!bare.is_empty() || input.is_empty()).then_some(bare)
}

/// All values of all items in one run. Numbers become text.
pub(super) fn list(sources: &Sources, ids: &[SourceId], args: &[Run], values: &mut Values, _mark: Mark) -> Option<Run> {
    let runs: Vec<Run> = ids.iter().zip(args).map(|(id, run)| rendered(sources, *id, *run, values)).collect();
    let mark = values.mark();
    for run in runs {
        for at in 0..run.count {
            let item = values.item(run, at)?;
            values.push_item(item);
        }
    }
    Some(values.since(mark))
}

fn rendered(sources: &Sources, id: SourceId, run: Run, values: &mut Values) -> Run {
    let info = sources.info(id);
    if matches!(info.ty.class(), ValueClass::Text) {
        return run;
    }
    let mark = values.mark();
    for at in 0..run.count {
        let Some(item) = values.item(run, at) else { break };
        let mut text = Vec::new();
        render::scalar(info.ty, info.format, item, values, false, &mut text);
        values.push_bytes(&text);
    }
    values.since(mark)
}
