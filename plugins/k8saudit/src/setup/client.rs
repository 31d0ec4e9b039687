//! A sender of audit events: what an API server would do, once.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::address::Address;
use crate::webhook::certificates;

/// Longer than the webhook takes to refuse.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No connection.
    #[error("cannot connect to {address}: {source}")]
    Connect {
        /// Where to.
        address: String,
        /// Why not.
        source: std::io::Error,
    },
    /// TLS.
    #[error("no TLS connection to {address}: {source}")]
    Handshake {
        /// Where to.
        address: String,
        /// Why not.
        source: std::io::Error,
    },
    /// A file with certificates, a key or a token.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// https without an authority.
    #[error("https needs the certificate of the authority that issued the webhook's (--ca)")]
    NoCa,
    /// A certificate and a key that do not belong together, or a name that is none.
    #[error("TLS: {0}")]
    Tls(String),
    /// The connection broke.
    #[error("{address} does not answer in HTTP: {reason}")]
    Http {
        /// Where.
        address: String,
        /// What happened.
        reason: String,
    },
    /// Nothing came.
    #[error("{0} does not answer within 30 s")]
    Timeout(String),
    /// No thread for it.
    #[error("cannot start: {0}")]
    Runtime(std::io::Error),
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The Retry-After header.
    pub retry_after: Option<String>,
    /// The body.
    pub text: String,
    /// Whether it came over HTTP/2.
    pub http2: bool,
}

/// Who sends, where to.
#[derive(Debug, Clone)]
pub struct Client {
    /// The webhook.
    pub address: Address,
    /// The authority of its certificate; needed for https.
    pub ca: Option<PathBuf>,
    /// Certificate and key to show.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// The token to show.
    pub token: Option<String>,
}

impl Client {
    /// Posts a body. Over TLS both ends prefer HTTP/2.
    ///
    /// # Errors
    /// No answer came.
    pub fn post(&self, body: Vec<u8>) -> Result<Answer, ClientError> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ClientError::Runtime)?;
        runtime.block_on(async {
            let sent = tokio::time::timeout(TIMEOUT, self.send(body)).await;
            sent.unwrap_or_else(|_| Err(ClientError::Timeout(self.address.to_string())))
        })
    }

    async fn send(&self, body: Vec<u8>) -> Result<Answer, ClientError> {
        let address = || self.address.to_string();
        let host = if self.address.host.is_empty() { "localhost" } else { &self.address.host };
        let stream = TcpStream::connect((host, self.address.port))
            .await
            .map_err(|source| ClientError::Connect { address: address(), source })?;
        if !self.address.tls {
            return self.request(stream, body, false).await;
        }
        let name = ServerName::try_from(host.to_owned()).map_err(|error| ClientError::Tls(error.to_string()))?;
        let stream = TlsConnector::from(Arc::new(self.tls()?))
            .connect(name, stream)
            .await
            .map_err(|source| ClientError::Handshake { address: address(), source })?;
        let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        self.request(stream, body, http2).await
    }

    fn tls(&self) -> Result<ClientConfig, ClientError> {
        let tls = |error: rustls::Error| ClientError::Tls(error.to_string());
        let mut roots = RootCertStore::empty();
        for root in chain(self.ca.as_deref().ok_or(ClientError::NoCa)?)? {
            roots.add(root).map_err(tls)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(tls)?
            .with_root_certificates(roots);
        let mut config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let key = PrivateKeyDer::from_pem_file(key)
                    .map_err(|error| ClientError::File { path: key.clone(), reason: error.to_string() })?;
                builder.with_client_auth_cert(chain(certificate)?, key).map_err(tls)?
            }
        };
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }

    async fn request<S>(&self, stream: S, body: Vec<u8>, http2: bool) -> Result<Answer, ClientError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let broken = |error: hyper::Error| {
            // The first words rarely say why; what is behind them does.
            let cause = std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
            ClientError::Http { address: self.address.to_string(), reason: format!("{error}{cause}") }
        };
        let mut request = Request::builder().method(Method::POST).header(CONTENT_TYPE, "application/json");
        request = if http2 {
            request.uri(self.address.to_string())
        } else {
            request.uri(&self.address.path).header(HOST, self.address.authority())
        };
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| ClientError::Http { address: self.address.to_string(), reason: error.to_string() })?;
        let answer = if http2 {
            let (mut sender, connection) =
                hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
                    .await
                    .map_err(broken)?;
            tokio::spawn(connection);
            sender.send_request(request).await
        } else {
            let (mut sender, connection) =
                hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
            tokio::spawn(connection);
            sender.send_request(request).await
        }
        .map_err(broken)?;
        let retry_after = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let status = answer.status().as_u16();
        let text = answer.into_body().collect().await.map_err(broken)?.to_bytes();
        Ok(Answer { status, retry_after, text: String::from_utf8_lossy(&text).into_owned(), http2 })
    }
}

fn chain(path: &Path) -> Result<Vec<rustls::pki_types::CertificateDer<'static>>, ClientError> {
    certificates(path).map_err(|reason| ClientError::File { path: path.to_owned(), reason })
}

/// A token from its file.
pub(super) fn read(path: &PathBuf) -> Result<String, ClientError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(error) => Err(ClientError::File { path: path.clone(), reason: error.to_string() }),
    }
}
