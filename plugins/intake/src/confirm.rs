//! Acknowledging after evaluation.

/// Collects what has been handed to the host and may be acknowledged once the host asks for more.
///
/// A host asks for the next batch when all events of the previous one have been evaluated and their alerts are queued. So a
/// source calls [`Confirm::confirmed`] first thing in `next_batch`, acknowledges what that returns, and only then fills the new
/// batch, handing over the token of a message with the *last* of its events. Nothing else confirms: a stream that is closed, or a
/// process that is killed, leaves the last batch unacknowledged, and its messages come again.
#[derive(Debug)]
pub struct Confirm<T> {
    handed: Vec<T>,
}

impl<T> Default for Confirm<T> {
    fn default() -> Self {
        Self { handed: Vec::new() }
    }
}

impl<T> Confirm<T> {
    /// All events of the message with this token are in batches up to the one that is being filled.
    pub fn hand(&mut self, token: T) {
        self.handed.push(token);
    }

    /// Takes the tokens whose events have all been evaluated. To be called at the begin of `next_batch`, nowhere else.
    #[must_use]
    pub fn confirmed(&mut self) -> Vec<T> {
        std::mem::take(&mut self.handed)
    }
}

#[cfg(test)]
mod tests {
    use super::Confirm;

    #[test]
    fn a_token_is_confirmed_by_the_next_batch_and_only_once() {
        let mut confirm = Confirm::default();
        assert_eq!(confirm.confirmed(), Vec::<u32>::new());
        confirm.hand(1);
        confirm.hand(2);
        assert_eq!(confirm.confirmed(), [1, 2]);
        assert_eq!(confirm.confirmed(), Vec::<u32>::new());
    }
}
