//! `http_output`.

use super::error::ConfigError;
use super::settings::Reader;

/// `http_output`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpOutput {
    /// Where to post.
    pub url: String,
    /// What the header `User-Agent` says.
    pub user_agent: String,
    /// Whether any certificate of the server will do.
    pub insecure: bool,
    /// A file with the certificate of the authority that the server's is from.
    pub ca_cert: String,
    /// A file with several; counts without `ca_cert`.
    pub ca_bundle: String,
    /// A folder of such files; counts without both.
    pub ca_path: String,
    /// Whether we show a certificate.
    pub mtls: bool,
    /// That certificate.
    pub client_cert: String,
    /// Its key.
    pub client_key: String,
    /// Whether answers are printed.
    pub echo: bool,
    /// Whether bodies are compressed.
    pub compress_uploads: bool,
    /// Whether a connection without traffic is kept.
    pub keep_alive: bool,
    /// Attempts in a row that may fail before the server counts as down.
    pub max_consecutive_timeouts: u32,
}

impl HttpOutput {
    /// Whether the URL is one of https.
    pub fn is_encrypted(&self) -> bool {
        self.url.trim_start_matches([' ', '"', '\'']).starts_with("https")
    }
}

/// Reads `http_output`, if it is enabled.
pub(super) fn http(read: Reader<'_>) -> Result<Option<HttpOutput>, ConfigError> {
    let bool = |key: &str| read.bool(&format!("http_output.{key}"), false);
    let text = |key: &str, default| read.text(&format!("http_output.{key}"), default);
    if !bool("enabled") {
        return Ok(None);
    }
    let url = text("url", "");
    if url.is_empty() {
        return Err(read.wrong("http output enabled but no url in configuration block"));
    }
    Ok(Some(HttpOutput {
        url,
        user_agent: text("user_agent", "falcosecurity/falco"),
        insecure: bool("insecure"),
        ca_cert: text("ca_cert", ""),
        ca_bundle: text("ca_bundle", ""),
        ca_path: text("ca_path", "/etc/ssl/certs"),
        mtls: bool("mtls"),
        client_cert: text("client_cert", "/etc/ssl/certs/client.crt"),
        client_key: text("client_key", "/etc/ssl/certs/client.key"),
        echo: bool("echo"),
        compress_uploads: bool("compress_uploads"),
        keep_alive: bool("keep_alive"),
        max_consecutive_timeouts: read.int("http_output.max_consecutive_timeouts", 5),
    }))
}
