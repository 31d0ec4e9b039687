//! Heads and events as the blocks of a capture.

use lanner_plugin_api::raw::TS_NOW;
use lanner_plugin_api::schema::EventType;
use lanner_plugin_api::wire::Event;
use lanner_syscall::capture::{Head, Keep, push_event};

use crate::log;
use crate::plugin::{EventRef, PluginIdx, Plugins};

/// Turns what a source gives into blocks.
#[derive(Debug)]
pub(crate) struct Tape {
    /// The plugin whose events these are, and whose state stands in front of them.
    source: PluginIdx,
    /// Of the state when the last head was made.
    epoch: Option<u64>,
    /// Event time before which no further head is made for a state that was replaced.
    not_before: u64,
    /// Time between two such heads, ns.
    pause: u64,
    /// Whether it was told that a head could not be made in full.
    told: bool,
}

impl Tape {
    /// For events of this plugin. What it knows of a running system (`live`) may be looked up anew piece by piece: one head
    /// each second is enough for all of them. The head of a recording is always one of its own.
    pub(crate) fn new(source: PluginIdx, live: bool) -> Self {
        let pause = if live { 1_000_000_000 } else { 0 };
        Self { source, epoch: None, not_before: 0, pause, told: false }
    }

    /// Whether the state has been replaced since the last head, so that what follows from `ts` on needs one of its own.
    #[inline]
    pub(crate) fn replaced(&self, plugins: &mut Plugins, ts: u64) -> bool {
        ts >= self.not_before && self.epoch.is_some_and(|epoch| epoch != plugins.state_epoch(self.source))
    }

    /// Appends a head: what is known now, for events from `ts` on. With `keep_closing` the event parsed last will be the
    /// first of them. What other plugins know (of containers, say) follows as events that readers take for state.
    pub(crate) fn head(&mut self, plugins: &mut Plugins, keep_closing: bool, ts: u64, out: &mut Vec<u8>) {
        self.epoch = Some(plugins.state_epoch(self.source));
        self.not_before = if self.pause == 0 { 0 } else { ts.saturating_add(self.pause) };
        match plugins.capture_head(self.source, keep_closing, out) {
            Ok(true) => {}
            Ok(false) => bare_head(out),
            Err(error) => {
                self.incomplete(&error);
                bare_head(out);
            }
        }
        let indexes: Vec<PluginIdx> = plugins.iter().map(|(index, _)| index).collect();
        let mut event = Vec::new();
        for index in indexes {
            let dumped = plugins.dump_state(index, &mut |bytes| {
                event.clear();
                event.extend_from_slice(bytes);
                // The plugin leaves the time to the host: that of the first event, so that times do not run backwards.
                if event.get(..8) == Some(&TS_NOW.to_le_bytes()) {
                    event[..8].copy_from_slice(&ts.to_le_bytes());
                }
                push(out, &event, 0, Keep::Whole);
            });
            if let Err(error) = dumped {
                self.incomplete(&error);
            }
        }
    }

    fn incomplete(&mut self, error: &dyn std::fmt::Display) {
        if !std::mem::replace(&mut self.told, true) {
            log::warning(format_args!("the state in front of recorded events is incomplete: {error}"));
        }
    }

    /// Appends an event.
    #[inline]
    pub(crate) fn event(out: &mut Vec<u8>, event: &EventRef<'_>, keep: Keep) {
        push(out, event.bytes(), event.cpu() as u16, keep);
    }
}

/// How an event is kept that passes whatever filter there is: what readers hide by its type needs no mark.
#[inline]
pub(crate) fn keep(event: &EventRef<'_>) -> Keep {
    if event.is_hidden() && !EventType(event.ty()).is_hidden() { Keep::StateOnly } else { Keep::Whole }
}

/// The section header alone.
fn bare_head(out: &mut Vec<u8>) {
    // Memory takes it.
    if let Ok(head) = Head::plain(Vec::new()).and_then(Head::finish) {
        out.extend_from_slice(&head);
    }
}

#[inline]
fn push(out: &mut Vec<u8>, bytes: &[u8], cpu: u16, keep: Keep) {
    // Only an event of 4 GiB fails, and the host takes none of more than 64 MiB.
    let pushed = push_event(out, &Event::checked_before(bytes), cpu, keep);
    debug_assert!(pushed.is_ok());
}
