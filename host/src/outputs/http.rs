//! `http_output`: alerts posted to a URL, one request each.

mod tls;

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use ureq::http::Uri;
use ureq::{Agent, Timeout};

use super::{Delivery, Output, OutputError};
use crate::config::HttpOutput;

/// How much longer than a connection an answer may take: the other end has work to do, and asking twice makes it do it twice.
const ANSWER: u32 = 5;

/// What is read of an answer.
const LONGEST_ANSWER: u64 = 64 * 1024;

/// How long a connection without traffic is kept, with `keep_alive`.
const IDLE: Duration = Duration::from_secs(3600);

/// A settings of `http_output` that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The URL.
    #[error("http_output.url: '{url}' {what}")]
    Url {
        /// As configured.
        url: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A file with certificates or a key.
    #[error("http_output.{key}: {path}: {what}")]
    File {
        /// Which key names it.
        key: &'static str,
        /// The file or folder.
        path: String,
        /// What is wrong with it.
        what: String,
    },
}

/// A URL that alerts are posted to.
pub(super) struct Http {
    url: String,
    agent: Agent,
    echo: bool,
    compress: bool,
    limit: u32,
    /// Answers in a row that said "internal error" to the alert in hand.
    internal_errors: u32,
}

/// What an answer means.
#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    Taken,
    /// Not this one, ever.
    Refused,
    /// Not now.
    Later,
    /// It may be the server, it may be the alert.
    Doubtful,
}

fn meaning(status: u16) -> Meaning {
    match status {
        200..=299 => Meaning::Taken,
        408 | 425 | 429 | 502 | 503 | 504 => Meaning::Later,
        501 | 505 => Meaning::Refused,
        500.. => Meaning::Doubtful,
        _ => Meaning::Refused,
    }
}

impl Http {
    /// Checks the URL and reads the files.
    pub(super) fn new(settings: &HttpOutput, timeout: Duration) -> Result<Self, HttpError> {
        let url = unquoted(settings.url.trim());
        let wrong = |what| HttpError::Url { url: url.to_owned(), what };
        let uri: Uri = url.parse().map_err(|_| wrong("is no URL"))?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong("begins neither with http:// nor with https://")),
        };
        if uri.host().is_none_or(str::is_empty) {
            return Err(wrong("names no host"));
        }
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(settings.user_agent.as_str())
            .timeout_connect(Some(timeout))
            .timeout_global(Some(timeout.saturating_mul(ANSWER)));
        if settings.keep_alive {
            config = config.max_idle_age(IDLE);
        }
        config = config.tls_config(if tls { tls::config(settings)? } else { tls::none() });
        Ok(Self {
            url: url.to_owned(),
            agent: config.build().new_agent(),
            echo: settings.echo,
            compress: settings.compress_uploads,
            limit: settings.max_consecutive_timeouts,
            internal_errors: 0,
        })
    }

    fn failed(&self, what: impl ToString) -> OutputError {
        OutputError::Post { url: self.url.clone(), what: what.to_string() }
    }

    /// Posts a body; the status and how long the server asks to be left alone.
    fn post(&self, delivery: &Delivery<'_>) -> Result<(u16, Duration), OutputError> {
        let kind = if delivery.json { "application/json" } else { "text/plain" };
        let request = self.agent.post(&self.url).header("Content-Type", kind);
        let sent = if self.compress {
            request.header("Content-Encoding", "gzip").send(&compressed(delivery.line)?[..])
        } else {
            request.send(delivery.line)
        };
        let mut answer = sent.map_err(|error| match error {
            ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) => self.failed("no connection in time"),
            ureq::Error::Timeout(_) => self.failed("no answer in time"),
            error => self.failed(error),
        })?;
        let after = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let status = answer.status().as_u16();
        // The rest of the answer is read so that the connection can be used again; it matters to nobody whether that works.
        let text = answer.body_mut().with_config().limit(LONGEST_ANSWER).read_to_vec();
        if let (true, Ok(text)) = (self.echo, text) {
            let mut out = std::io::stdout().lock();
            let _ = out.write_all(&text).and_then(|()| out.flush());
        }
        Ok((status, Duration::from_secs(after.unwrap_or(0))))
    }
}

/// Falco takes a URL in quotes, too.
fn unquoted(url: &str) -> &str {
    ['"', '\''].into_iter().find_map(|quote| url.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(url)
}

fn compressed(line: &str) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(line.as_bytes())?;
    encoder.finish()
}

impl Output for Http {
    fn name(&self) -> &'static str {
        "http"
    }

    fn deliver(&mut self, delivery: &Delivery<'_>) -> Result<(), OutputError> {
        let (status, after) = self.post(delivery)?;
        let answered = || OutputError::Answer { url: self.url.clone(), status, after };
        match meaning(status) {
            Meaning::Taken => {
                self.internal_errors = 0;
                Ok(())
            }
            Meaning::Later => Err(answered()),
            Meaning::Doubtful if self.internal_errors < self.limit => {
                self.internal_errors += 1;
                Err(answered())
            }
            Meaning::Doubtful | Meaning::Refused => {
                let refused = OutputError::Rejected { url: self.url.clone(), status };
                self.internal_errors = 0;
                Err(refused)
            }
        }
    }

    fn patience(&self) -> u32 {
        self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_a_meaning() {
        let of = |statuses: &[u16]| statuses.iter().map(|status| meaning(*status)).collect::<Vec<_>>();
        assert!(of(&[200, 202, 204]).iter().all(|meaning| *meaning == Meaning::Taken));
        assert!(of(&[301, 400, 401, 404, 413, 501]).iter().all(|meaning| *meaning == Meaning::Refused));
        assert!(of(&[408, 429, 502, 503, 504]).iter().all(|meaning| *meaning == Meaning::Later));
        assert!(of(&[500, 507, 599]).iter().all(|meaning| *meaning == Meaning::Doubtful));
    }

    #[test]
    fn urls_are_checked_before_there_is_an_alert() {
        let error = |url: &str| {
            let settings = HttpOutput { url: url.to_owned(), ..HttpOutput::default() };
            Http::new(&settings, Duration::from_secs(1)).map(|http| http.url).map_err(|error| error.to_string())
        };
        assert_eq!(error("'http://x/y'"), Ok("http://x/y".to_owned()));
        assert_eq!(
            error("ftp://x").unwrap_err(),
            "http_output.url: 'ftp://x' begins neither with http:// nor with https://"
        );
        assert_eq!(error("x:80/a b").unwrap_err(), "http_output.url: 'x:80/a b' is no URL");
    }
}
