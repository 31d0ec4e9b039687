//! A runtime that tells of its containers by the interface of Kubernetes alone, as CRI-O does: a server that speaks its messages, with
//! their published numbers.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use serde_json::json;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::body::Body;
use tonic::server::{Grpc, ServerStreamingService, UnaryService};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Nothing {}

/// Whatever begins with a text, or consists of it.
#[derive(Clone, PartialEq, Message)]
struct Text {
    #[prost(string, tag = "1")]
    text: String,
}

#[derive(Clone, PartialEq, Message)]
struct VersionResponse {
    #[prost(string, tag = "2")]
    runtime_name: String,
}

#[derive(Clone, PartialEq, Message)]
struct Sandboxes {
    #[prost(message, repeated, tag = "1")]
    items: Vec<Text>,
}

#[derive(Clone, PartialEq, Message)]
struct Containers {
    #[prost(message, repeated, tag = "1")]
    containers: Vec<Container>,
}

#[derive(Clone, PartialEq, Message)]
struct Container {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, tag = "2")]
    pod_sandbox_id: String,
}

#[derive(Clone, PartialEq, Message)]
struct ContainerStatusResponse {
    #[prost(message, optional, tag = "1")]
    status: Option<ContainerStatus>,
    #[prost(btree_map = "string, string", tag = "2")]
    info: BTreeMap<String, String>,
}

#[derive(Clone, PartialEq, Message)]
struct ContainerStatus {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(message, optional, tag = "2")]
    metadata: Option<Text>,
    #[prost(message, optional, tag = "8")]
    image: Option<Text>,
    #[prost(string, tag = "9")]
    image_ref: String,
}

#[derive(Clone, PartialEq, Message)]
struct PodSandboxStatusResponse {
    #[prost(message, optional, tag = "1")]
    status: Option<PodSandboxStatus>,
}

#[derive(Clone, PartialEq, Message)]
struct PodSandboxStatus {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(message, optional, tag = "2")]
    metadata: Option<PodSandboxMetadata>,
    #[prost(message, optional, tag = "5")]
    network: Option<Text>,
    #[prost(btree_map = "string, string", tag = "7")]
    labels: BTreeMap<String, String>,
}

#[derive(Clone, PartialEq, Message)]
struct PodSandboxMetadata {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    uid: String,
    #[prost(string, tag = "3")]
    namespace: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ContainerEventResponse {
    #[prost(string, tag = "1")]
    container_id: String,
    #[prost(int32, tag = "2")]
    container_event_type: i32,
    #[prost(int64, tag = "3")]
    created_at: i64,
}

pub(crate) const CREATED: i32 = 0;
pub(crate) const STARTED: i32 = 1;
pub(crate) const DELETED: i32 = 3;

/// The one pod.
pub(crate) const SANDBOX: &str = "5e1f0000000000000000000000000000000000000000000000000000000000aa";

type Listener = UnboundedSender<Result<ContainerEventResponse, Status>>;

/// What the runtime has.
#[derive(Default)]
struct State {
    containers: BTreeMap<String, &'static str>,
    listeners: Vec<Listener>,
}

/// The runtime.
#[derive(Clone, Default)]
pub(crate) struct Crio(Arc<Mutex<State>>);

/// Answers one question.
struct Unary<F>(F);

impl<Q, A, F: FnMut(Q) -> Result<A, Status>> UnaryService<Q> for Unary<F> {
    type Response = A;
    type Future = std::future::Ready<Result<Response<A>, Status>>;

    fn call(&mut self, question: Request<Q>) -> Self::Future {
        std::future::ready((self.0)(question.into_inner()).map(Response::new))
    }
}

impl ServerStreamingService<Nothing> for Crio {
    type Response = ContainerEventResponse;
    type ResponseStream = UnboundedReceiverStream<Result<ContainerEventResponse, Status>>;
    type Future = std::future::Ready<Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, _: Request<Nothing>) -> Self::Future {
        let (listener, events) = unbounded_channel();
        self.0.lock().unwrap().listeners.push(listener);
        std::future::ready(Ok(Response::new(UnboundedReceiverStream::new(events))))
    }
}

async fn unary<Q, A>(
    request: hyper::Request<Incoming>,
    answer: impl FnMut(Q) -> Result<A, Status>,
) -> hyper::Response<Body>
where
    Q: Message + Default + 'static,
    A: Message + 'static,
{
    Grpc::new(ProstCodec::<A, Q>::default()).unary(Unary(answer), request).await
}

impl Crio {
    /// Runs it for as long as the test.
    pub(crate) fn start(socket: &Path) -> Self {
        let crio = Self::default();
        let listener = std::os::unix::net::UnixListener::bind(socket).unwrap();
        listener.set_nonblocking(true).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let serving = crio.clone();
        std::thread::spawn(move || {
            runtime.block_on(async move {
                let listener = tokio::net::UnixListener::from_std(listener).unwrap();
                while let Ok((stream, _)) = listener.accept().await {
                    let crio = serving.clone();
                    let service = hyper::service::service_fn(move |request| crio.clone().answer(request));
                    let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                    tokio::spawn(server.serve_connection(TokioIo::new(stream), service));
                }
            });
        });
        crio
    }

    async fn answer(
        self,
        request: hyper::Request<Incoming>,
    ) -> Result<hyper::Response<Body>, std::convert::Infallible> {
        let method = request.uri().path().to_owned();
        Ok(match method.strip_prefix("/runtime.v1.RuntimeService/").unwrap_or_default() {
            "Version" => unary(request, |_: Nothing| Ok(VersionResponse { runtime_name: "cri-o".to_owned() })).await,
            "ListPodSandbox" => {
                unary(request, |_: Nothing| Ok(Sandboxes { items: vec![Text { text: SANDBOX.to_owned() }] })).await
            }
            "ListContainers" => unary(request, |_: Nothing| Ok(self.list())).await,
            "ContainerStatus" => unary(request, |about: Text| self.status(about.text)).await,
            "PodSandboxStatus" => unary(request, |about: Text| pod(about.text)).await,
            "GetContainerEvents" => {
                let mut grpc = Grpc::new(ProstCodec::<ContainerEventResponse, Nothing>::default());
                grpc.server_streaming(self, request).await
            }
            other => unary(request, |_: Nothing| Err::<Nothing, _>(Status::unimplemented(other))).await,
        })
    }

    fn list(&self) -> Containers {
        let state = self.0.lock().unwrap();
        let listed = |id: &String| Container { id: id.clone(), pod_sandbox_id: SANDBOX.to_owned() };
        Containers { containers: state.containers.keys().map(listed).collect() }
    }

    fn status(&self, id: String) -> Result<ContainerStatusResponse, Status> {
        let state = self.0.lock().unwrap();
        let name = state.containers.get(&id).ok_or_else(|| Status::not_found(id.clone()))?;
        let text = |text: &str| Some(Text { text: text.to_owned() });
        let (image, image_ref) = (text("quay.io/lab/web:3"), "quay.io/lab/web@sha256:aa".to_owned());
        let status = ContainerStatus { metadata: text(name), image, image_ref, id };
        let info = json!({"sandboxID": SANDBOX, "privileged": true}).to_string();
        Ok(ContainerStatusResponse { status: Some(status), info: BTreeMap::from([("info".to_owned(), info)]) })
    }

    pub(crate) fn tell(&self, id: &str, container_event_type: i32) {
        let event = ContainerEventResponse { container_id: id.to_owned(), container_event_type, created_at: 1 };
        self.0.lock().unwrap().listeners.retain(|listener| listener.send(Ok(event.clone())).is_ok());
    }

    pub(crate) fn add(&self, id: &str, name: &'static str) {
        self.0.lock().unwrap().containers.insert(id.to_owned(), name);
    }
}

fn pod(id: String) -> Result<PodSandboxStatusResponse, Status> {
    if id != SANDBOX {
        return Err(Status::not_found(id));
    }
    let [name, uid, namespace] = ["front-0", "6c9e8a34", "shop"].map(str::to_owned);
    let status = PodSandboxStatus {
        id,
        metadata: Some(PodSandboxMetadata { name, uid, namespace }),
        network: Some(Text { text: "10.0.0.7".to_owned() }),
        labels: BTreeMap::from([("app".to_owned(), "front".to_owned())]),
    };
    Ok(PodSandboxStatusResponse { status: Some(status) })
}
