//! The web server: `webserver`.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::error::ConfigError;
use super::settings::Reader;

/// Where and how the program answers requests about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSettings {
    /// `webserver.threadiness`; 0: as many threads as are worth having.
    pub threads: usize,
    /// `webserver.listen_address`.
    pub address: IpAddr,
    /// `webserver.listen_port`; 0: any that is free.
    pub port: u16,
    /// `webserver.k8s_healthz_endpoint`.
    pub health_path: String,
    /// `webserver.prometheus_metrics_enabled`.
    pub prometheus: bool,
    /// `webserver.ssl_certificate`, with `webserver.ssl_enabled`: certificates and key in one file.
    pub certificate: Option<PathBuf>,
    /// `webserver.stuck_after`: a source that has not moved for longer is stuck; none: no source ever is. Falco does not have
    /// this key.
    pub stuck_after: Option<Duration>,
    /// `webserver.reload_token_file`: what `POST /reload` asks for; none: there is no such thing. Falco does not have this key.
    pub reload_token: Option<PathBuf>,
}

/// More threads than anybody can want for these answers.
const MOST_THREADS: i128 = 1024;

/// The settings, if the server is enabled; impossible values are errors even if it is not.
pub(super) fn read(read: Reader<'_>) -> Result<Option<WebSettings>, ConfigError> {
    let address = read.text("webserver.listen_address", "0.0.0.0");
    let wrong_address = || read.wrong(format!("webserver listen address \"{address}\" is not a valid IP address"));
    let within = |key: &str, default: i128, most: i128| {
        let value: i128 = read.int(key, default);
        let error = || read.wrong(format!("{key} is {value}, it must be between 0 and {most}"));
        if (0..=most).contains(&value) { Ok(value) } else { Err(error()) }
    };
    let health_path = read.text("webserver.k8s_healthz_endpoint", "/healthz");
    if !health_path.starts_with('/') || matches!(health_path.as_str(), "/metrics" | "/versions" | "/reload") {
        return Err(read.wrong(format!(
            "webserver.k8s_healthz_endpoint is \"{health_path}\", it must be a path that begins with / and is none of /metrics, \
             /versions and /reload"
        )));
    }
    let stuck_after = within("webserver.stuck_after", 60, i128::from(u32::MAX))?;
    let token = read.text("webserver.reload_token_file", "");
    let settings = WebSettings {
        threads: usize::try_from(within("webserver.threadiness", 0, MOST_THREADS)?).unwrap_or(0),
        address: address.trim().parse().map_err(|_| wrong_address())?,
        port: u16::try_from(within("webserver.listen_port", 8765, i128::from(u16::MAX))?).unwrap_or(u16::MAX),
        health_path,
        prometheus: read.bool("webserver.prometheus_metrics_enabled", false),
        certificate: read
            .bool("webserver.ssl_enabled", false)
            .then(|| read.text("webserver.ssl_certificate", "/etc/falco/falco.pem").into()),
        stuck_after: u64::try_from(stuck_after).ok().filter(|seconds| *seconds > 0).map(Duration::from_secs),
        reload_token: Some(token).filter(|path| !path.is_empty()).map(PathBuf::from),
    };
    Ok(read.bool("webserver.enabled", false).then_some(settings))
}
