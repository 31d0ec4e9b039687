//! Connections and requests.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::reload::{Gate, Peer};
use crate::config::MetricsSettings;
use crate::metrics::{self, Registry, Stuck};

/// Connections at the same time; more wait to be accepted. Probes and scrapers need a few.
const CONNECTIONS: usize = 256;
/// Time for TLS and for the head of a request; it also ends idle connections.
const HEAD: Duration = Duration::from_secs(60);
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Time for answers to go out at the end: the whole program has two seconds.
const DRAIN: Duration = Duration::from_millis(500);
pub(super) const JSON: &str = "application/json";
/// Where reloads are asked for.
const RELOAD: &str = "/reload";

/// What requests are answered from.
pub(super) struct Service {
    pub(super) health: String,
    pub(super) stuck_after: Option<Duration>,
    pub(super) metrics: Option<MetricsSettings>,
    pub(super) registry: Arc<Registry>,
    pub(super) versions: String,
    pub(super) reload: Option<Gate>,
}

/// Accepts connections until `stop` becomes true, then lets the answers of running requests go out.
pub(super) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    service: Arc<Service>,
    mut stop: watch::Receiver<bool>,
) {
    // Only fails outside of a runtime.
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let graceful = Arc::new(GracefulShutdown::new());
    let accepting = tokio::spawn(accept(listener, tls, service, Arc::clone(&graceful)));
    // The sender lives as long as the server; should it be gone, so is the reason to go on.
    let _ = stop.wait_for(|stop| *stop).await;
    accepting.abort();
    let _ = accepting.await;
    // Only the task that accepts shared it, and that has ended.
    if let Some(graceful) = Arc::into_inner(graceful) {
        let _ = timeout(DRAIN, graceful.shutdown()).await;
    }
}

async fn accept(
    listener: tokio::net::TcpListener,
    tls: Option<TlsAcceptor>,
    service: Arc<Service>,
    graceful: Arc<GracefulShutdown>,
) {
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    while let Ok(permit) = Arc::clone(&connections).acquire_owned().await {
        let Ok((stream, address)) = listener.accept().await else {
            // The process is out of descriptors, or the peer is gone already.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        // Answers are small and awaited; to wait for more to send would only delay them.
        let _ = stream.set_nodelay(true);
        let (tls, service, watcher) = (tls.clone(), Arc::clone(&service), graceful.watcher());
        tokio::spawn(async move {
            match tls {
                None => connection(stream, service, watcher, Peer { address, encrypted: false }).await,
                // Who cannot speak TLS gets no answer and needs none.
                Some(tls) => {
                    if let Ok(Ok(stream)) = timeout(HANDSHAKE, tls.accept(stream)).await {
                        connection(stream, service, watcher, Peer { address, encrypted: true }).await;
                    }
                }
            }
            drop(permit);
        });
    }
}

async fn connection<S>(stream: S, service: Arc<Service>, watcher: Watcher, peer: Peer)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(HEAD).max_concurrent_streams(32);
    let answer = service_fn(move |request: Request<Incoming>| {
        let service = Arc::clone(&service);
        async move { Ok::<_, std::convert::Infallible>(service.answer(&request, peer).await) }
    });
    let connection = builder.serve_connection(TokioIo::new(stream), answer).into_owned();
    // A connection that breaks has told its own request; others are not touched.
    let _ = watcher.watch(connection).await;
}

pub(super) type Answer = Response<Full<Bytes>>;

impl Service {
    async fn answer(&self, request: &Request<Incoming>, peer: Peer) -> Answer {
        let (method, path) = (request.method(), request.uri().path());
        if let (RELOAD, Some(gate)) = (path, &self.reload) {
            return match *method {
                Method::POST => gate.answer(request.headers(), peer).await,
                _ => not_allowed("POST"),
            };
        }
        let known = path == self.health || path == "/versions" || (path == "/metrics" && self.metrics.is_some());
        if !known {
            return text(StatusCode::NOT_FOUND, "text/plain", self.paths());
        }
        if !matches!(*method, Method::GET | Method::HEAD) {
            return not_allowed("GET, HEAD");
        }
        if path == self.health {
            return self.health();
        }
        match &self.metrics {
            Some(settings) if path == "/metrics" => {
                text(StatusCode::OK, metrics::CONTENT_TYPE, metrics::exposition(&self.registry, settings))
            }
            _ => text(StatusCode::OK, JSON, self.versions.clone()),
        }
    }

    fn paths(&self) -> String {
        let metrics = match self.metrics {
            Some(_) => ", /metrics",
            None => "; /metrics needs metrics.enabled and webserver.prometheus_metrics_enabled",
        };
        let reload =
            if self.reload.is_some() { ", POST /reload" } else { "; POST /reload needs webserver.reload_token_file" };
        format!("nothing here; there are {}, /versions{metrics}{reload}\n", self.health)
    }

    fn health(&self) -> Answer {
        let stuck = self.stuck_after.map(|longest| self.registry.stuck(longest)).unwrap_or_default();
        if stuck.is_empty() {
            return text(StatusCode::OK, JSON, "{\"status\": \"ok\"}".to_owned());
        }
        let told = |stuck: &Stuck| {
            json!({
                "source": stuck.source,
                "state": stuck.state.name(),
                "seconds": stuck.since.as_secs(),
                "reason": reason(stuck),
            })
        };
        let body = json!({"status": "stuck", "sources": stuck.iter().map(told).collect::<Vec<_>>()});
        text(StatusCode::SERVICE_UNAVAILABLE, JSON, body.to_string())
    }
}

fn reason(stuck: &Stuck) -> String {
    format!(
        "source '{}' ({}) has not returned to the event loop for {} s: its plugin hangs in a call, or evaluation does; \
         webserver.stuck_after says how long that may take",
        stuck.source,
        stuck.state.name(),
        stuck.since.as_secs()
    )
}

fn not_allowed(allowed: &'static str) -> Answer {
    let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "text/plain", format!("only {allowed}\n"));
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    answer
}

pub(super) fn text(status: StatusCode, kind: &'static str, text: String) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(text)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}
