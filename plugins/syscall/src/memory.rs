//! Captures that are in memory: a host that makes one itself (a test of rules, say) need not write it to a file for the
//! source to read it.
//!
//! The ABI opens a source by a text, so the bytes wait in a table of the process under a name. That works for the plugin
//! that is linked into the host; one that is loaded as a library has a table of its own, in which nothing ever is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// What a name in the table begins with.
const SCHEME: &str = "memory:";

type Table = Mutex<(u64, HashMap<u64, Arc<[u8]>>)>;

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(Table::default)
}

/// A capture in memory, plain or compressed, to be opened by its name as long as this lives.
#[derive(Debug)]
pub struct MemoryCapture(u64);

impl MemoryCapture {
    /// Puts a capture into the table.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        let mut table = table().lock().unwrap_or_else(PoisonError::into_inner);
        table.0 += 1;
        let number = table.0;
        table.1.insert(number, bytes.into());
        Self(number)
    }

    /// The parameters that open it.
    pub fn open_params(&self) -> String {
        format!("{SCHEME}{}", self.0)
    }
}

impl Drop for MemoryCapture {
    fn drop(&mut self) {
        table().lock().unwrap_or_else(PoisonError::into_inner).1.remove(&self.0);
    }
}

/// The bytes that these open parameters name, if they name a capture in memory that is there.
pub(crate) fn find(params: &str) -> Option<Arc<[u8]>> {
    let number = params.strip_prefix(SCHEME)?.parse().ok()?;
    table().lock().unwrap_or_else(PoisonError::into_inner).1.get(&number).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capture_is_there_as_long_as_its_owner() {
        let (one, two) = (MemoryCapture::new(*b"one"), MemoryCapture::new(*b"two"));
        let (first, second) = (one.open_params(), two.open_params());
        assert_eq!(find(&first).as_deref(), Some(&b"one"[..]));
        assert_eq!(find(&second).as_deref(), Some(&b"two"[..]));
        drop(one);
        assert_eq!(find(&first), None);
        assert_eq!(find(&second).as_deref(), Some(&b"two"[..]));
        assert_eq!(find("memory:"), None);
        assert_eq!(find("/srv/memory:1"), None);
    }
}
