//! What keeps a subscription from being opened or read, and what can be done about it.

use std::path::PathBuf;

use google_cloud_gax::error::Error;
use google_cloud_gax::error::rpc::Code;

/// What keeps a subscription from being opened or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PubSubError {
    /// Threads cannot be started.
    #[error("cannot start the threads of the client for Pub/Sub: {0}")]
    Runtime(#[from] std::io::Error),
    /// A number that Google does not take.
    #[error("ack_deadline {0} is none that Google takes: 10 to 600 seconds")]
    Deadline(u32),
    /// The file of `credentials_file`.
    #[error(
        "credentials_file {path}: {text}; it should be the key of a service account or a configuration of `gcloud`, as JSON"
    )]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        text: String,
    },
    /// None of the standard places.
    #[error(
        "no credentials for Google Cloud ({0}): set credentials_file in init_config or GOOGLE_APPLICATION_CREDENTIALS, run `gcloud auth \
         application-default login`, or give the machine a service account"
    )]
    Credentials(String),
    /// The client refuses its settings.
    #[error("cannot make a client for Pub/Sub at {endpoint}: {text}")]
    Client {
        /// Where.
        endpoint: String,
        /// Why.
        text: String,
    },
    /// A subscription that pushes.
    #[error(
        "{0} pushes its messages to an address; make it a pull subscription: gcloud pubsub subscriptions update {0} --push-endpoint=''"
    )]
    Pushes(String),
    /// Google does not answer.
    #[error("cannot reach Pub/Sub at {endpoint}: {text}")]
    Unreachable {
        /// Where.
        endpoint: String,
        /// Why.
        text: String,
    },
    /// Google refuses.
    #[error("{subscription}: {text}{remedy}")]
    Refused {
        /// Which.
        subscription: String,
        /// What Google says.
        text: String,
        /// What can be done.
        remedy: &'static str,
    },
}

impl PubSubError {
    /// What Google says about a subscription.
    pub(crate) fn refused(subscription: &str, error: &Error) -> Self {
        let code = error.status().map(|status| status.code);
        let text =
            error.status().map_or_else(|| causes(error), |status| format!("{}: {}", status.code, status.message));
        let remedy = match code {
            Some(Code::NotFound) => {
                "; create it (gcloud pubsub subscriptions create, see docs/gcpaudit.md) or correct open_params and project_id"
            }
            Some(Code::PermissionDenied) => {
                "; grant roles/pubsub.subscriber on the subscription to the identity of lanner"
            }
            Some(Code::Unauthenticated) => NOT_ACCEPTED,
            _ if error.is_authentication() => NOT_ACCEPTED,
            _ => "",
        };
        Self::Refused { subscription: subscription.to_owned(), text, remedy }
    }
}

const NOT_ACCEPTED: &str = "; there is no token for the credentials, or it is not accepted: check credentials_file, GOOGLE_APPLICATION_CREDENTIALS, or the \
                            service account of the machine";

/// Whether an answer of Google's, rather than a failure on the way, is the cause.
pub(crate) fn is_answer(error: &Error) -> bool {
    let code = error.status().map(|status| status.code);
    code.is_some_and(|code| !matches!(code, Code::Unavailable | Code::DeadlineExceeded)) && !error.is_authentication()
}

/// What an error says about its causes, each once.
pub(crate) fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut said: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        let text = cause.to_string();
        if !said.iter().any(|before| before.contains(&text)) {
            said.push(text);
        }
        next = cause.source();
    }
    said.join(": ")
}
