//! Connections and requests.

use std::io::Read as _;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{ALLOW, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use lanner_intake::{Reason, expand};
use subtle::ConstantTimeEq as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use lanner_plugin_api::sdk::Log;

use super::queue::{Post, Queue, Room};
use super::reload::{LOOK, OfFiles};

/// Connections at the same time; more wait to be accepted. An API server needs a few.
const CONNECTIONS: usize = 1024;
/// Time for TLS and for the head of a request; it also ends idle connections.
const HEAD: Duration = Duration::from_secs(60);
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Time for a body.
const BODY: Duration = Duration::from_secs(30);
/// Time for answers to go out when the source stops.
const DRAIN: Duration = Duration::from_secs(5);
/// Bytes of a refused body that are read nevertheless: a sender that is still writing would see a reset instead of the answer.
const PASS_OVER: usize = 64 << 20;
/// No batch has been asked for in this time: evaluation hangs.
const HANGS: Duration = Duration::from_secs(15);

/// What requests are answered by.
pub(super) struct Service {
    pub(super) path: String,
    pub(super) health: String,
    pub(super) tls: Option<OfFiles<TlsAcceptor>>,
    pub(super) tokens: Option<OfFiles<Arc<[String]>>>,
    pub(super) max_body: usize,
    pub(super) timeout: Duration,
    pub(super) queue: Arc<Queue>,
}

/// Accepts connections until `stop` becomes true, then lets the answers of running requests go out.
pub(super) async fn serve(listener: TcpListener, service: Arc<Service>, mut stop: watch::Receiver<bool>, log: Log) {
    // Only fails outside of a runtime.
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let graceful = Arc::new(GracefulShutdown::new());
    let looking = tokio::spawn(look(Arc::clone(&service), log));
    let accepting = tokio::spawn(accept(listener, service, Arc::clone(&graceful)));
    // The sender lives as long as the webhook; should it be gone, so is the reason to go on.
    let _ = stop.wait_for(|stop| *stop).await;
    looking.abort();
    accepting.abort();
    let _ = accepting.await;
    // Only the task that accepts shared it, and that has ended.
    if let Some(graceful) = Arc::into_inner(graceful) {
        let _ = timeout(DRAIN, graceful.shutdown()).await;
    }
}

/// Follows the files of certificates and tokens.
async fn look(service: Arc<Service>, log: Log) {
    loop {
        tokio::time::sleep(LOOK).await;
        service.tls.iter().for_each(|tls| tls.look(&log));
        service.tokens.iter().for_each(|tokens| tokens.look(&log));
    }
}

async fn accept(listener: tokio::net::TcpListener, service: Arc<Service>, graceful: Arc<GracefulShutdown>) {
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    while let Ok(permit) = Arc::clone(&connections).acquire_owned().await {
        let Ok((stream, peer)) = listener.accept().await else {
            // The process is out of descriptors, or the peer is gone already.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        // Answers are small and awaited; to wait for more to send would only delay them.
        let _ = stream.set_nodelay(true);
        let (tls, watcher) = (service.tls.as_ref().map(OfFiles::get), graceful.watcher());
        let service = Arc::clone(&service);
        tokio::spawn(async move {
            match tls {
                None => connection(stream, peer, service, watcher).await,
                Some(tls) => match timeout(HANDSHAKE, tls.accept(stream)).await {
                    Ok(Ok(stream)) => connection(stream, peer, service, watcher).await,
                    _ => count(&service.queue.counters.handshakes),
                },
            }
            drop(permit);
        });
    }
}

async fn connection<S>(stream: S, peer: SocketAddr, service: Arc<Service>, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(HEAD).max_concurrent_streams(250);
    let answer = service_fn(move |request| {
        let service = Arc::clone(&service);
        async move { Ok::<_, std::convert::Infallible>(service.answer(request, peer).await) }
    });
    let connection = builder.serve_connection(TokioIo::new(stream), answer).into_owned();
    // A connection that breaks has told its own request; others are not touched.
    let _ = watcher.watch(connection).await;
}

/// Why a post is refused.
enum Refusal {
    Method,
    Unauthorised,
    Type,
    Encoding,
    TooLarge,
    Overload,
    Stopping,
    NotInTime,
    BrokenOff,
    Slow,
    Archive,
    Nothing(Reason),
}

type Answer = Response<Full<Bytes>>;

impl Service {
    async fn answer(&self, request: Request<Incoming>, peer: SocketAddr) -> Answer {
        let path = request.uri().path();
        if path == self.path {
            return match self.post(request, peer).await {
                Ok(()) => {
                    count(&self.queue.counters.accepted);
                    plain(StatusCode::OK, "")
                }
                Err(refusal) => self.refuse(&refusal),
            };
        }
        if path == self.health && matches!(*request.method(), Method::GET | Method::HEAD) {
            return match (self.queue.stopping(), self.queue.asked_ago() > HANGS) {
                (false, false) => plain(StatusCode::OK, "ok\n"),
                (true, _) => plain(StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
                (false, true) => plain(StatusCode::SERVICE_UNAVAILABLE, "events are not being evaluated\n"),
            };
        }
        plain(StatusCode::NOT_FOUND, "nothing here\n")
    }

    /// Takes a post and waits until its events have been evaluated.
    async fn post(&self, request: Request<Incoming>, peer: SocketAddr) -> Result<(), Refusal> {
        let (head, mut body) = request.into_parts();
        let checked = self.check(&head, body.size_hint().lower());
        let (compressed, room) = match checked {
            Ok(checked) => checked,
            Err(refusal) => {
                pass_over(body).await;
                return Err(refusal);
            }
        };
        let read = timeout(BODY, self.read(&mut body, room)).await.unwrap_or(Err(Refusal::Slow));
        let (mut bytes, mut room) = match read {
            Ok(read) => read,
            Err(refusal) => {
                if matches!(refusal, Refusal::TooLarge | Refusal::Overload) {
                    pass_over(body).await;
                }
                return Err(refusal);
            }
        };
        if compressed {
            bytes = self.expand(&bytes)?;
            if !room.grow(bytes.capacity()) {
                return Err(Refusal::Overload);
            }
        }
        let (answer, verdict) = oneshot::channel();
        self.queue.put(Post { body: bytes, peer, answer, room });
        match timeout(self.timeout, verdict).await {
            // To repeat what holds no event at all would be the same again: the sender should know.
            Ok(Ok(verdict)) => match verdict.rejected {
                Some(reason) if verdict.events == 0 => Err(Refusal::Nothing(reason)),
                _ => Ok(()),
            },
            Ok(Err(_)) => Err(Refusal::Stopping),
            Err(_) => Err(Refusal::NotInTime),
        }
    }

    /// What can be said before the body is read: whether it is compressed, and its room.
    fn check(&self, head: &hyper::http::request::Parts, least: u64) -> Result<(bool, Room), Refusal> {
        let header = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(tokens) = self.tokens.as_ref().map(OfFiles::get) {
            let shown = header(AUTHORIZATION).and_then(|value| {
                let (scheme, token) = value.split_once(' ')?;
                scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
            });
            let is_one = |shown: &str| tokens.iter().any(|token| bool::from(shown.as_bytes().ct_eq(token.as_bytes())));
            if !shown.is_some_and(is_one) {
                return Err(Refusal::Unauthorised);
            }
        }
        if head.method != Method::POST {
            return Err(Refusal::Method);
        }
        if !header(CONTENT_TYPE).is_some_and(|value| value.to_ascii_lowercase().contains("application/json")) {
            return Err(Refusal::Type);
        }
        let compressed = match header(CONTENT_ENCODING) {
            None | Some("identity") => false,
            Some("gzip") => true,
            Some(_) => return Err(Refusal::Encoding),
        };
        if self.queue.stopping() {
            return Err(Refusal::Stopping);
        }
        let least = usize::try_from(least).ok().filter(|least| *least <= self.max_body).ok_or(Refusal::TooLarge)?;
        Ok((compressed, self.queue.room(least).ok_or(Refusal::Overload)?))
    }

    async fn read(&self, body: &mut Incoming, mut room: Room) -> Result<(Vec<u8>, Room), Refusal> {
        let mut bytes = Vec::with_capacity(usize::try_from(body.size_hint().lower()).unwrap_or(0).min(self.max_body));
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| Refusal::BrokenOff)?.into_data() else { continue };
            let len = bytes.len() + data.len();
            if len > self.max_body {
                return Err(Refusal::TooLarge);
            }
            if !room.grow(len) {
                return Err(Refusal::Overload);
            }
            bytes.extend_from_slice(&data);
        }
        Ok((bytes, room))
    }

    fn expand(&self, bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
        let mut out = Vec::new();
        let read =
            expand::Reader::open(bytes, self.max_body as u64).and_then(|mut reader| reader.read_to_end(&mut out));
        match read.map_err(|error| expand::reason(&error)) {
            Ok(_) => Ok(out),
            Err(Reason::Expands) => Err(Refusal::TooLarge),
            Err(_) => Err(Refusal::Archive),
        }
    }

    fn refuse(&self, refusal: &Refusal) -> Answer {
        let counters = &self.queue.counters;
        let (counter, status, text) = match refusal {
            Refusal::Method => (&counters.bad, StatusCode::METHOD_NOT_ALLOWED, "audit events are posted\n".to_owned()),
            Refusal::Unauthorised => (
                &counters.unauthorised,
                StatusCode::UNAUTHORIZED,
                "a token is needed (Authorization: Bearer ...), and this is not the one\n".to_owned(),
            ),
            Refusal::Type => (
                &counters.bad,
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the Content-Type of audit events is application/json\n".to_owned(),
            ),
            Refusal::Encoding => {
                (&counters.bad, StatusCode::UNSUPPORTED_MEDIA_TYPE, "bodies are plain or gzip\n".to_owned())
            }
            Refusal::TooLarge => (
                &counters.too_large,
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("more than {} bytes (webhookMaxBatchSize)\n", self.max_body),
            ),
            Refusal::Overload => (
                &counters.overload,
                StatusCode::TOO_MANY_REQUESTS,
                "too much is waiting for evaluation (webhookMaxQueueSize); send it again\n".to_owned(),
            ),
            Refusal::Stopping => {
                (&counters.unavailable, StatusCode::SERVICE_UNAVAILABLE, "stopping; send it again\n".to_owned())
            }
            Refusal::NotInTime => (
                &counters.unavailable,
                StatusCode::SERVICE_UNAVAILABLE,
                "not evaluated in time (webhookTimeout); send it again\n".to_owned(),
            ),
            Refusal::BrokenOff => (&counters.bad, StatusCode::BAD_REQUEST, "the body breaks off\n".to_owned()),
            Refusal::Slow => (
                &counters.bad,
                StatusCode::REQUEST_TIMEOUT,
                format!("the body took longer than {} s\n", BODY.as_secs()),
            ),
            Refusal::Archive => {
                (&counters.bad, StatusCode::BAD_REQUEST, "the body is not the gzip that it says\n".to_owned())
            }
            Refusal::Nothing(reason) => {
                (&counters.bad, StatusCode::BAD_REQUEST, format!("no audit event in it: {reason}\n"))
            }
        };
        count(counter);
        let mut answer = plain(status, text);
        let headers = answer.headers_mut();
        match refusal {
            Refusal::Method => headers.insert(ALLOW, HeaderValue::from_static("POST")),
            Refusal::Unauthorised => headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
            Refusal::Overload => headers.insert(RETRY_AFTER, 1.into()),
            Refusal::Stopping | Refusal::NotInTime => headers.insert(RETRY_AFTER, 5.into()),
            _ => None,
        };
        answer
    }
}

fn plain(status: StatusCode, text: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(text.into()));
    *answer.status_mut() = status;
    answer
}

/// Reads what a sender is still writing, within bounds.
async fn pass_over(mut body: Incoming) {
    let reading = async {
        let mut left = PASS_OVER;
        while let Some(Ok(frame)) = body.frame().await {
            match left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    };
    let _ = timeout(DRAIN, reading).await;
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
