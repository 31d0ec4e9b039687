//! Configuration. The first four keys are Falco's, the others ours.

use std::path::PathBuf;

use lanner_intake::QuarantineConfig;

/// Configuration.
#[derive(Debug, Clone, serde::Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct Config {
    /// A PEM file with the certificates and the key of the https webhook.
    #[serde(rename = "sslCertificate")]
    pub ssl_certificate: PathBuf,
    /// Was a switch of the Go implementation; has no effect.
    #[serde(rename = "useAsync")]
    pub use_async: bool,
    /// The largest event in bytes; a larger one goes on without its largest parts.
    #[serde(rename = "maxEventSize")]
    pub max_event_size: u64,
    /// Bytes that may come out of a compressed file.
    #[serde(rename = "maxExpandedSize")]
    pub max_expanded_size: u64,
    /// The largest body of the webhook in bytes, expanded if it is compressed; a larger one is answered with 413.
    #[serde(rename = "webhookMaxBatchSize")]
    pub webhook_max_batch_size: u64,
    /// Bytes of bodies that may be in work: being received, waiting, being evaluated. Over it posts are answered with 429.
    #[serde(rename = "webhookMaxQueueSize")]
    pub webhook_max_queue_size: u64,
    /// Seconds that a post may wait for its evaluation before it is answered with 503.
    #[serde(rename = "webhookTimeout")]
    pub webhook_timeout: u64,
    /// A PEM file with certificates of authorities: clients must show a certificate that one of them issued. https only.
    #[serde(rename = "webhookClientCA")]
    pub webhook_client_ca: Option<PathBuf>,
    /// A file with the tokens, one a line, of which clients must show one (Authorization: Bearer …).
    #[serde(rename = "webhookTokenFile")]
    pub webhook_token_file: Option<PathBuf>,
    /// The path that tells whether events are being evaluated; without token.
    #[serde(rename = "webhookHealthPath")]
    pub webhook_health_path: String,
    /// A file that remembers how far a followed file (file:///…) has been evaluated. Without it following begins at the end.
    #[serde(rename = "positionFile")]
    pub position_file: Option<PathBuf>,
    /// Where payloads that are no events are kept; without it they are only counted.
    pub quarantine: Option<QuarantineConfig>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            ssl_certificate: "/etc/falco/falco.pem".into(),
            use_async: true,
            max_event_size: 256 << 10,
            // Weeks of a busy API server.
            max_expanded_size: 64 << 30,
            webhook_max_batch_size: 12 << 20,
            webhook_max_queue_size: 32 << 20,
            webhook_timeout: 20,
            webhook_client_ca: None,
            webhook_token_file: None,
            webhook_health_path: "/healthz".to_owned(),
            position_file: None,
            quarantine: None,
        }
    }
}
