//! `POST /reload`: who may ask for a reload, and what it came to.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use hyper::StatusCode;
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;
use tokio::sync::oneshot;

use super::WebError;
use super::serve::{Answer, JSON, text};
use crate::log;

/// What became of a reload.
#[derive(Debug)]
pub enum Reloaded {
    /// It is done; what has changed, as a JSON object.
    Done(Value),
    /// Everything stays as it was; the whole error.
    Refused(String),
}

/// Asks for a reload; the answer comes when it is over. `None`: too many wait already.
pub type AskReload = Box<dyn Fn(SocketAddr) -> Option<oneshot::Receiver<Reloaded>> + Send + Sync>;

/// Where a request comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    /// Whether nobody on the way can read it.
    pub(super) encrypted: bool,
}

/// The way to a reload.
pub(super) struct Gate {
    token_file: PathBuf,
    ask: AskReload,
}

impl Gate {
    /// For whoever has the token in this file, which must be there.
    pub(super) fn new(token_file: &Path, ask: AskReload) -> Result<Self, WebError> {
        token(token_file).map_err(|reason| WebError::Token { path: token_file.to_owned(), reason })?;
        Ok(Self { token_file: token_file.to_owned(), ask })
    }

    /// Answers when the reload is over.
    pub(super) async fn answer(&self, headers: &HeaderMap, peer: Peer) -> Answer {
        if !peer.encrypted && !peer.address.ip().to_canonical().is_loopback() {
            let why = "a token is not to be sent in the clear: from other machines this needs webserver.ssl_enabled";
            return refused(StatusCode::FORBIDDEN, why);
        }
        // Read each time, so that it may be exchanged.
        let token = match token(&self.token_file) {
            Ok(token) => token,
            Err(reason) => {
                let path = self.token_file.display();
                log::error(format_args!("webserver.reload_token_file {path}: {reason}"));
                return refused(StatusCode::INTERNAL_SERVER_ERROR, "webserver.reload_token_file cannot be read");
            }
        };
        if !holds(headers, &token) {
            let mut answer = refused(StatusCode::UNAUTHORIZED, "send `Authorization: Bearer` with the token");
            answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            return answer;
        }
        let Some(outcome) = (self.ask)(peer.address) else {
            return refused(StatusCode::SERVICE_UNAVAILABLE, "other reloads wait already; ask again later");
        };
        match outcome.await {
            Ok(Reloaded::Done(told)) => text(StatusCode::OK, JSON, told.to_string()),
            Ok(Reloaded::Refused(error)) => refused(StatusCode::UNPROCESSABLE_ENTITY, &error),
            Err(_) => refused(StatusCode::SERVICE_UNAVAILABLE, "the program ends"),
        }
    }
}

/// What stands in the file, blanks at its end removed.
fn token(path: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    match text.trim_end() {
        "" => Err("it is empty".to_owned()),
        token => Ok(token.to_owned()),
    }
}

/// Whether the request has the token. How long that takes tells nothing of it but its length.
fn holds(headers: &HeaderMap, token: &str) -> bool {
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given =
        given.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    given.is_some_and(|(_, given)| given.trim().as_bytes().ct_eq(token.as_bytes()).into())
}

fn refused(status: StatusCode, error: &str) -> Answer {
    text(status, JSON, json!({"status": "refused", "error": error}).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(dir: &Path) -> Gate {
        std::fs::write(dir.join("token"), "abc\n").unwrap();
        let ask: AskReload = Box::new(|_| {
            let (tell, told) = oneshot::channel();
            tell.send(Reloaded::Refused("bad".to_owned())).unwrap();
            Some(told)
        });
        Gate::new(&dir.join("token"), ask).unwrap()
    }

    fn status(gate: &Gate, from: &str, encrypted: bool, header: Option<&str>) -> u16 {
        let mut headers = HeaderMap::new();
        if let Some(value) = header {
            headers.insert(AUTHORIZATION, value.parse().unwrap());
        }
        let peer = Peer { address: from.parse().unwrap(), encrypted };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(gate.answer(&headers, peer)).status().as_u16()
    }

    #[test]
    fn only_the_token_opens_and_it_does_not_travel_in_the_clear() {
        let dir = tempfile::tempdir().unwrap();
        let gate = gate(dir.path());
        let here = |header| status(&gate, "127.0.0.1:9", false, header);
        assert_eq!(here(Some("Bearer abc")), 422, "past the gate");
        assert_eq!(here(Some("bearer  abc")), 422);
        for wrong in [None, Some("Bearer ab"), Some("Bearer abcd"), Some("Bearer "), Some("Basic abc"), Some("abc")] {
            assert_eq!(here(wrong), 401, "{wrong:?}");
        }
        assert_eq!(status(&gate, "[::1]:9", false, Some("Bearer abc")), 422);
        assert_eq!(status(&gate, "[::ffff:127.0.0.1]:9", false, Some("Bearer abc")), 422);
        assert_eq!(status(&gate, "10.0.0.1:9", false, Some("Bearer abc")), 403);
        assert_eq!(status(&gate, "10.0.0.1:9", true, Some("Bearer abc")), 422);
        assert_eq!(status(&gate, "10.0.0.1:9", true, None), 401);
    }

    #[test]
    fn the_token_may_change_and_must_be_there() {
        let dir = tempfile::tempdir().unwrap();
        let gate = gate(dir.path());
        let here = |header| status(&gate, "127.0.0.1:9", false, Some(header));
        std::fs::write(dir.path().join("token"), "other").unwrap();
        assert_eq!((here("Bearer abc"), here("Bearer other")), (401, 422));
        std::fs::write(dir.path().join("token"), "\n").unwrap();
        assert_eq!(here("Bearer "), 500, "an empty token is none");
        let ask: AskReload = Box::new(|_| None);
        let error = Gate::new(&dir.path().join("token"), ask).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.starts_with("webserver.reload_token_file ") && error.contains("it is empty"), "{error}");
    }
}
