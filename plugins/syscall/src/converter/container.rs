//! The oldest container event told id, type, name and image as four parameters; its successors carry JSON.

use lanner_plugin_api::wire::{Event, read};

/// Writes the JSON text with its NUL into `out`; `None` if a parameter is missing.
pub(super) fn json(event: &Event<'_>, out: &mut Vec<u8>) -> Option<()> {
    let text = |i: usize| event.param(i).filter(|p| !p.is_empty()).map(|p| String::from_utf8_lossy(read::text(p)));
    let (id, ty, name, image) = (text(0)?, event.u32(1)?, text(2)?, text(3)?);
    let value = serde_json::json!({ "id": id, "type": ty, "name": name, "image": image });
    out.clear();
    serde_json::to_writer(&mut *out, &value).ok()?;
    out.push(0);
    Some(())
}
