//! What `open_params` names.

use std::path::PathBuf;

/// What to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A file or a folder, read once.
    Files(PathBuf),
    /// A file that grows.
    Follow(PathBuf),
    /// A webhook.
    Webhook(Address),
}

/// Where a webhook listens, or is posted to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// https rather than http.
    pub tls: bool,
    /// Name or address without brackets; empty: all addresses.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The path, from its slash on.
    pub path: String,
}

/// Why `open_params` names nothing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing is there.
    #[error(
        "open_params is empty: name an audit file, a folder of them, file:///path to follow, or http(s)://host:port/path"
    )]
    Empty,
    /// Another scheme.
    #[error("cannot open '{0}://…': known are http://, https://, file:// and plain paths")]
    Scheme(String),
    /// A followed file is named by its whole path.
    #[error(
        "cannot follow 'file://{0}': after file:// stands an absolute path, as in file:///var/log/kube-audit/audit.log"
    )]
    Relative(String),
    /// No port.
    #[error("'{0}' names no port: write http(s)://host:port/path, as in http://:9765/k8s-audit")]
    Port(String),
}

impl Target {
    /// Reads `open_params`.
    ///
    /// # Errors
    /// They name nothing that can be opened.
    pub fn parse(params: &str) -> Result<Self, AddressError> {
        let params = params.trim();
        if params.is_empty() {
            return Err(AddressError::Empty);
        }
        match params.split_once("://") {
            None => Ok(Self::Files(params.into())),
            Some(("file", path)) if path.starts_with('/') => Ok(Self::Follow(path.into())),
            Some(("file", path)) => Err(AddressError::Relative(path.to_owned())),
            Some(("http" | "https", _)) => Address::parse(params).map(Self::Webhook),
            Some((scheme, _)) => Err(AddressError::Scheme(scheme.to_owned())),
        }
    }
}

impl Address {
    /// Reads `http://[host]:port[/path]` or the same with https.
    ///
    /// # Errors
    /// It is something else.
    pub fn parse(url: &str) -> Result<Self, AddressError> {
        let (tls, rest) = match url.split_once("://") {
            Some(("http", rest)) => (false, rest),
            Some(("https", rest)) => (true, rest),
            Some((scheme, _)) => return Err(AddressError::Scheme(scheme.to_owned())),
            None => return Err(AddressError::Scheme(url.to_owned())),
        };
        let (authority, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, "/"),
        };
        let (host, port) = authority.rsplit_once(':').ok_or_else(|| AddressError::Port(url.to_owned()))?;
        let port = port.parse().map_err(|_| AddressError::Port(url.to_owned()))?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        Ok(Self { tls, host: host.to_owned(), port, path: path.to_owned() })
    }

    /// Host and port as they stand in a URL and in a Host header.
    #[must_use]
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}{}", if self.tls { "https" } else { "http" }, self.authority(), self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_falco_opens_is_opened() {
        let web = |tls, host: &str, port, path: &str| {
            Ok(Target::Webhook(Address { tls, host: host.to_owned(), port, path: path.to_owned() }))
        };
        assert_eq!(Target::parse("http://:9765/k8s-audit"), web(false, "", 9765, "/k8s-audit"));
        assert_eq!(Target::parse("https://[::1]:1/a/b"), web(true, "::1", 1, "/a/b"));
        assert_eq!(Target::parse("http://:9765"), web(false, "", 9765, "/"));
        assert_eq!(Target::parse(" /var/log/audit "), Ok(Target::Files("/var/log/audit".into())));
        assert_eq!(Target::parse("file:///var/log/audit.log"), Ok(Target::Follow("/var/log/audit.log".into())));
    }

    #[test]
    fn what_names_nothing_is_told_with_the_remedy() {
        assert_eq!(Target::parse(" "), Err(AddressError::Empty));
        assert_eq!(Target::parse("ftp://x"), Err(AddressError::Scheme("ftp".into())));
        assert_eq!(Target::parse("file://a"), Err(AddressError::Relative("a".into())));
        assert_eq!(Target::parse("http://host/path"), Err(AddressError::Port("http://host/path".into())));
        assert_eq!(Target::parse("http://host:99999/"), Err(AddressError::Port("http://host:99999/".into())));
    }

    #[test]
    fn an_address_is_written_as_it_is_read() {
        for url in ["http://:9765/k8s-audit", "https://[::1]:443/", "https://lanner.security.svc:9765/k8s-audit"] {
            assert_eq!(Address::parse(url).unwrap().to_string(), url);
        }
    }
}
