//! The log, as far as the configuration lets it speak.

use std::cell::RefCell;
use std::collections::HashSet;

use lanner_plugin_api::sdk::Log;

use crate::config::Verbosity;

/// Topics that are remembered at most.
const TOPICS: usize = 1024;

/// The log. A failure is told once, not each time that something is tried again.
pub(super) struct Journal {
    log: Log,
    level: Verbosity,
    said: RefCell<HashSet<String>>,
}

impl Journal {
    pub(super) fn new(log: Log, level: Verbosity) -> Self {
        Self { log, level, said: RefCell::default() }
    }

    /// `what` failed.
    pub(super) fn failed(&self, what: &str, error: &Failure) {
        let mut said = self.said.borrow_mut();
        if said.len() >= TOPICS || !said.insert(what.to_owned()) || self.level > Verbosity::Warn {
            return;
        }
        self.log.warning(format!("{what}: {}; {}", error.text, error.remedy()));
    }

    /// `what` is well.
    pub(super) fn well(&self, what: &str) {
        let again = self.said.borrow_mut().remove(what);
        if again && self.level <= Verbosity::Warn {
            // Whoever read that it failed is told that it no longer does.
            self.log.warning(format!("{what}: works again"));
        } else if self.level <= Verbosity::Info {
            self.log.info(format!("{what}: done"));
        }
    }

    /// A detail.
    pub(super) fn debug(&self, text: impl FnOnce() -> String) {
        if self.level <= Verbosity::Debug {
            self.log.debug(text());
        }
    }
}

/// Why a request failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// What the server answered, if it did.
    pub(super) code: Option<u16>,
    text: String,
}

impl Failure {
    /// The server did not answer in time.
    pub(super) fn slow() -> Self {
        Self { code: None, text: "no answer in time".to_owned() }
    }

    /// The server ended the answer at once.
    pub(super) fn cut() -> Self {
        Self { code: None, text: "the answer ended at once".to_owned() }
    }

    /// There is no way to the server.
    pub(super) fn access(error: &super::access::AccessError) -> Self {
        Self { code: None, text: short(&error.to_string()) }
    }

    /// The server's answer is not what it should be.
    pub(super) fn unreadable(error: &serde_json::Error) -> Self {
        Self { code: None, text: short(&format!("it cannot be read: {error}")) }
    }

    /// What the server says instead of an object.
    pub(super) fn status(status: &kube::core::Status) -> Self {
        let text = if status.message.is_empty() { &status.reason } else { &status.message };
        Self { code: Some(status.code), text: short(text) }
    }

    /// Whether the server no longer has what came after the last that we know.
    pub(super) fn is_gone(&self) -> bool {
        self.code == Some(410)
    }

    fn remedy(&self) -> &'static str {
        match self.code {
            Some(401) => "give this process a valid token or certificate; it is tried again",
            Some(403) => "give its account the rights in deploy/kubernetes/rbac.yaml; it is tried again",
            _ => "it is tried again",
        }
    }
}

impl From<kube::Error> for Failure {
    fn from(error: kube::Error) -> Self {
        match &error {
            kube::Error::Api(status) => Self::status(status),
            other => {
                // The causes say more than the error itself, such as which certificate is not trusted.
                let mut text = other.to_string();
                let mut cause = std::error::Error::source(other);
                while let Some(error) = cause {
                    let more = error.to_string();
                    if !text.contains(&more) {
                        text.push_str(": ");
                        text.push_str(&more);
                    }
                    cause = error.source();
                }
                Self { code: None, text: short(&text) }
            }
        }
    }
}

/// What a server says can be of any length.
fn short(text: &str) -> String {
    text.chars().take(300).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
