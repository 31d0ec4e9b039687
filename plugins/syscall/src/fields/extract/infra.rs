//! `evt.infra.*`: parts of the description in infrastructure events, `Event:…; ID:…; name:…; Image:…`.

use lanner_plugin_api::schema::EventType;

use crate::fields::context::Cx;
use crate::fields::sink::Sink;

/// The text behind the first colon of the item that begins with `key`; for an image reference all of it.
fn item<'a>(cx: &Cx<'a, '_>, key: &str) -> Option<&'a [u8]> {
    if cx.code() != EventType::INFRASTRUCTURE_EVENT_E {
        return None;
    }
    let items = cx.event.text(2)?.split(|&b| b == b';').map(<[u8]>::trim_ascii);
    items.filter(|item| item.starts_with(key.as_bytes())).find_map(|item| {
        let colon = memchr::memchr(b':', item)?;
        Some(&item[colon + 1..])
    })
}

/// Up to the second colon, which ends every part but an image's digest.
fn part(text: &[u8]) -> &[u8] {
    text.split(|&b| b == b':').next().unwrap_or_default().trim_ascii()
}

fn put<'a>(text: Option<&[u8]>, out: &mut dyn Sink<'a>) -> bool {
    let Some(text) = text else { return false };
    out.put_text(text);
    true
}

pub(crate) fn name<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    put(item(cx, "Event").map(part), out)
}

pub(crate) fn container_id<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    put(item(cx, "ID").map(part).map(|id| &id[..id.len().min(12)]), out)
}

pub(crate) fn container_name<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    put(item(cx, "name").map(part), out)
}

pub(crate) fn container_image<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let image = item(cx, "Image").map(|text| {
        let first = part(text);
        match memchr::memchr(b'@', first) {
            Some(digest) => first[..digest].trim_ascii(),
            None if memchr::memmem::find(first, b"sha256").is_some() => text.trim_ascii(),
            None => first,
        }
    });
    put(image, out)
}
