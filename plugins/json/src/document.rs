//! The document of the event in hand, parsed once for all fields.

use lanner_plugin_api::sdk::EventInput;

use crate::Node;

/// Remembers the document of the last event that was asked for.
#[derive(Debug, Default)]
pub struct Document {
    /// Number, time and length: together they tell two events of one stream apart.
    of: Option<(u64, u64, usize)>,
    node: Option<Node<'static>>,
}

impl Document {
    /// The document of a plugin event; `None` if it is another event or its payload is not JSON.
    pub fn of(&mut self, event: &EventInput<'_>) -> Option<&Node<'static>> {
        let key = (event.num(), event.ts(), event.bytes().len());
        if self.of != Some(key) {
            self.of = Some(key);
            let payload = event
                .plugin_payload()
                .map(|(_, data)| data)
                .filter(|data| data.starts_with(b"{") || data.starts_with(b"["));
            self.node = payload.and_then(|data| Node::parse(data).ok()).map(Node::into_owned);
        }
        self.node.as_ref()
    }
}
