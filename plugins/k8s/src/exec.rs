//! The documents of the event `k8s_exec`: a session that somebody opens in a pod by `kubectl exec` or `attach`, as the API
//! server's audit log tells of it.

use serde::{Deserialize, Serialize};

use crate::document::{DocumentError, terminated};

/// What a document tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// Audit events are being taken from now on, so that of each session there will be one.
    Watching,
    /// A stage of a session.
    Session(Box<Session>),
}

/// How a session was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Manner {
    /// With a command of its own.
    Exec,
    /// To what the container runs anyway.
    Attach,
}

/// A stage of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The id that all audit events of one request have.
    pub audit_id: Box<str>,
    /// How it was opened.
    pub manner: Manner,
    /// Namespace of the pod.
    pub namespace: Box<str>,
    /// Name of the pod.
    pub pod: Box<str>,
    /// Name of the container; absent if the request left it to the pod's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<Box<str>>,
    /// The command with its arguments; empty for [`Manner::Attach`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<Box<str>>,
    /// Who the API server took the person for.
    pub user: Box<str>,
    /// Groups of the user.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Box<str>>,
    /// As whom the user asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impersonated_user: Option<Box<str>>,
    /// When the request came, in nanoseconds since the epoch.
    pub begin: u64,
    /// When it ended, once it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<u64>,
    /// Whether the API server refused it, or could not open it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub failed: bool,
}

impl Told {
    /// The document, with the NUL behind it that events carry.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        terminated(self)
    }

    /// Reads a document; a NUL may stand behind it.
    ///
    /// # Errors
    /// It is none.
    pub fn from_json(data: &[u8]) -> Result<Self, DocumentError> {
        let text = data.split(|byte| *byte == 0).next().unwrap_or_default();
        Ok(serde_json::from_slice(text)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let session = Session {
            audit_id: "a".into(),
            manner: Manner::Exec,
            namespace: "shop".into(),
            pod: "web-0".into(),
            container: None,
            command: vec!["sh".into(), "-c".into(), "id; \"x\"".into()],
            user: "jane".into(),
            groups: vec!["dev".into()],
            impersonated_user: None,
            begin: 5,
            end: Some(9),
            failed: true,
        };
        for told in [Told::Watching, Told::Session(Box::new(session))] {
            assert_eq!(Told::from_json(&told.to_json()).unwrap(), told);
        }
        for broken in ["", "{}", "\"else\"", r#"{"session":{"user":"u"}}"#] {
            assert!(Told::from_json(broken.as_bytes()).is_err(), "{broken}");
        }
    }
}
