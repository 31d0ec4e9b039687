//! Calls over a Unix socket in the way of gRPC.
//!
//! Of the two services that are called, [`super::cri`] and [`super::containerd`], a dozen messages are of use here. They
//! stand beside their callers as types with the field numbers that the published interfaces fix for all time. Crates
//! with all messages exist, but make them with `protoc` at every build, which a machine that builds Lanner would need.

use std::path::Path;
use std::time::Duration;

use prost::Message;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint, Uri};
use tonic::{Request, Status, Streaming};
use tonic_prost::ProstCodec;

/// A list of all containers of a machine with their specifications can be long; the usual 4 MB are not enough for it.
const LARGEST: usize = 64 << 20;

/// Connects.
///
/// # Errors
/// Nobody listens there, or this process may not.
pub(super) async fn connect(socket: &Path, within: Duration) -> Result<Channel, tonic::transport::Error> {
    Endpoint::from_shared(format!("unix://{}", socket.display()))?.connect_timeout(within).connect().await
}

fn client(channel: &Channel) -> Grpc<Channel> {
    Grpc::new(channel.clone()).max_decoding_message_size(LARGEST)
}

async fn ready(grpc: &mut Grpc<Channel>) -> Result<(), Status> {
    grpc.ready().await.map_err(|e| Status::unavailable(e.to_string()))
}

/// Asks and waits for the answer.
///
/// # Errors
/// What the service says, or that it does not.
pub(super) async fn unary<Q, A>(channel: &Channel, method: &'static str, question: Request<Q>) -> Result<A, Status>
where
    Q: Message + 'static,
    A: Message + Default + 'static,
{
    let mut grpc = client(channel);
    ready(&mut grpc).await?;
    let path = Uri::from_static(method).into_parts().path_and_query.ok_or_else(|| Status::internal(method))?;
    Ok(grpc.unary(question, path, ProstCodec::<Q, A>::default()).await?.into_inner())
}

/// Asks for a stream of answers. The service may answer even this only when there is a first one.
///
/// # Errors
/// What the service says, or that it does not.
pub(super) async fn stream<Q, A>(
    channel: &Channel,
    method: &'static str,
    question: Request<Q>,
) -> Result<Streaming<A>, Status>
where
    Q: Message + 'static,
    A: Message + Default + 'static,
{
    let mut grpc = client(channel);
    ready(&mut grpc).await?;
    let path = Uri::from_static(method).into_parts().path_and_query.ok_or_else(|| Status::internal(method))?;
    Ok(grpc.server_streaming(question, path, ProstCodec::<Q, A>::default()).await?.into_inner())
}
