//! The webhook that the API server posts audit events to.
//!
//! A post is answered with 200 when all its events have been evaluated and their alerts are queued, not before: whatever ends this
//! process until then, the API server has no answer and sends the events again. What cannot be taken now is refused with
//! an answer that says so (429, 503 with Retry-After), so that the sender keeps it. One thread serves all connections; the
//! source's thread takes the posts from a queue that is bounded by bytes.

mod queue;
mod reload;
mod serve;
mod tls;

use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use lanner_plugin_api::sdk::Log;
use tokio::sync::watch;

pub use queue::{Counters, Post, Queue, Room, Verdict};
pub use tls::TlsError;
pub(crate) use tls::certificates;

use crate::address::Address;
use crate::config::Config;

use reload::OfFiles;

/// Why the webhook cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The address.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: Address,
        /// Why.
        source: std::io::Error,
    },
    /// Certificates.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The token.
    #[error("webhookTokenFile {path}: {reason}")]
    Token {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Client certificates without TLS.
    #[error("webhookClientCA needs https: open_params is {0}")]
    ClientCaWithoutTls(Address),
    /// The runtime of the thread.
    #[error("cannot start the webhook's thread: {0}")]
    Thread(std::io::Error),
}

/// A webhook that is open.
pub struct Webhook {
    queue: Arc<Queue>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Webhook {
    /// Listens. When this returns, connections are accepted.
    ///
    /// # Errors
    /// The address is taken, or certificates or token cannot be read.
    pub fn open(address: &Address, config: &Config, counters: Arc<Counters>, log: &Log) -> Result<Self, WebhookError> {
        let tls = match (address.tls, &config.webhook_client_ca) {
            (true, ca) => {
                let (certificate, ca) = (config.ssl_certificate.clone(), ca.clone());
                let files = std::iter::once(certificate.clone()).chain(ca.clone()).collect();
                Some(OfFiles::new(files, move || Ok(tls::acceptor(&certificate, ca.as_deref())?))?)
            }
            (false, Some(_)) => return Err(WebhookError::ClientCaWithoutTls(address.clone())),
            (false, None) => None,
        };
        let tokens =
            config.webhook_token_file.clone().map(|path| OfFiles::new(vec![path.clone()], move || tokens(&path)));
        let failed = |source| WebhookError::Listen { address: address.clone(), source };
        let listener = listen(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let mut bound = address.clone();
        bound.port = listener.local_addr().map_err(failed)?.port();
        let queue = Arc::new(Queue::new(size(config.webhook_max_queue_size), counters));
        let service = Arc::new(serve::Service {
            path: address.path.clone(),
            health: config.webhook_health_path.clone(),
            tls,
            tokens: tokens.transpose()?,
            max_body: size(config.webhook_max_batch_size),
            timeout: Duration::from_secs(config.webhook_timeout.max(1)),
            queue: Arc::clone(&queue),
        });
        let (stop, stopped) = watch::channel(false);
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(WebhookError::Thread)?;
        let looking = log.clone();
        let thread = std::thread::Builder::new()
            .name("k8saudit-web".to_owned())
            .spawn(move || runtime.block_on(serve::serve(listener, service, stopped, looking)))
            .map_err(WebhookError::Thread)?;
        log.info(format!("listening on {bound}"));
        Ok(Self { queue, stop, thread: Some(thread) })
    }

    /// Where posts come out.
    #[must_use]
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Whether the serving thread has ended, which it does only when it is told to or breaks.
    #[must_use]
    pub fn broken(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl Drop for Webhook {
    /// Refuses what waits (503, to be sent again), lets answers go out, and ends the thread.
    fn drop(&mut self) {
        self.queue.stop();
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been printed; there is nothing left to end.
            let _ = thread.join();
        }
    }
}

/// No host means all addresses, IPv4 and IPv6, as in Go.
fn listen(address: &Address) -> std::io::Result<TcpListener> {
    if address.host.is_empty() {
        return TcpListener::bind(("::", address.port)).or_else(|_| TcpListener::bind(("0.0.0.0", address.port)));
    }
    TcpListener::bind((address.host.as_str(), address.port))
}

/// The tokens of a file, one a line: with the old and the new one in it, a token is changed without a refusal.
fn tokens(path: &std::path::Path) -> Result<Arc<[String]>, WebhookError> {
    let failed = |reason: String| WebhookError::Token { path: path.to_owned(), reason };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let tokens: Vec<String> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    if tokens.is_empty() { Err(failed("it is empty".to_owned())) } else { Ok(tokens.into()) }
}

fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
