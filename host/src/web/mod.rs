//! The web server: health, versions and metrics, over HTTP or HTTPS.
//!
//! It answers from what the threads of the sources have published ([`crate::metrics`]) and never asks them anything, so that it
//! answers when they hang; to say that they do is what its health is for.

mod reload;
mod serve;
mod tls;

pub use reload::{AskReload, Reloaded};

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use thiserror::Error;
use tokio::sync::watch;

use crate::config::{MetricsSettings, WebSettings};
use crate::log;
use crate::metrics::Registry;

/// Threads where the configuration leaves their number open: answers take far less time than there is between two questions.
const THREADS: usize = 1;

/// Why there is no web server.
#[derive(Debug, Error)]
pub enum WebError {
    /// The address.
    #[error("webserver: cannot listen on {address}: {source}; choose another webserver.listen_port or listen_address")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The certificate.
    #[error(
        "webserver.ssl_certificate {path}: {reason}; it is a PEM file with a certificate, those of its issuers, and the key"
    )]
    Certificate {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The token of `POST /reload`.
    #[error(
        "webserver.reload_token_file {path}: {reason}; write a long random text into it, readable by this program alone"
    )]
    Token {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The threads.
    #[error("webserver: cannot start its threads: {0}")]
    Thread(std::io::Error),
}

/// A web server that runs until it is dropped.
#[derive(Debug)]
pub struct Web {
    stop: watch::Sender<bool>,
    threads: Vec<JoinHandle<()>>,
}

impl Web {
    /// Listens. When this returns, connections are accepted. `versions` is the answer to `/versions`; without `metrics` there is
    /// no `/metrics`, and `/reload` needs `reload` and a token.
    ///
    /// # Errors
    /// The address is taken, or the certificate or the token cannot be used.
    pub fn start(
        settings: &WebSettings,
        metrics: Option<MetricsSettings>,
        registry: Arc<Registry>,
        versions: String,
        reload: Option<AskReload>,
    ) -> Result<Self, WebError> {
        let tls = settings.certificate.as_deref().map(tls::acceptor).transpose()?;
        let reload = settings.reload_token.as_deref().zip(reload);
        let reload = reload.map(|(token, ask)| reload::Gate::new(token, ask)).transpose()?;
        let address = SocketAddr::new(settings.address, settings.port);
        let failed = |source| WebError::Listen { address, source };
        let listener = TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let bound = listener.local_addr().map_err(failed)?;
        let threads = if settings.threads == 0 { THREADS } else { settings.threads };
        let encrypted = if tls.is_some() { " (SSL)" } else { "" };
        log::info(format_args!(
            "Starting health webserver with threadiness {threads}, listening on {bound}{encrypted}"
        ));
        let service = Arc::new(serve::Service {
            health: settings.health_path.clone(),
            stuck_after: settings.stuck_after,
            metrics: metrics.filter(|_| settings.prometheus),
            registry,
            versions,
            reload,
        });
        let (stop, stopped) = watch::channel(false);
        let mut web = Self { stop, threads: Vec::new() };
        for _ in 0..threads {
            let (listener, tls, service) = (listener.try_clone().map_err(failed)?, tls.clone(), Arc::clone(&service));
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(WebError::Thread)?;
            let serving = serve::serve(listener, tls, service, stopped.clone());
            let thread = std::thread::Builder::new().name("web".to_owned()).spawn(move || runtime.block_on(serving));
            web.threads.push(thread.map_err(WebError::Thread)?);
        }
        Ok(web)
    }
}

impl Drop for Web {
    /// Lets answers go out and ends the threads.
    fn drop(&mut self) {
        self.stop.send_replace(true);
        for thread in self.threads.drain(..) {
            // A panic of the thread has been printed; there is nothing left to end.
            let _ = thread.join();
        }
    }
}
