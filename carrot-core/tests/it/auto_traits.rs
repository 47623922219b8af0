//! The auto traits of the public types: they can be sent, shared and printed.

use std::{fmt::Debug, future::Future};

use carrot_core::{
    ApiContext, ApiVersion, App, AuthToken, BaseUrl, Body, Client, ClientBuilder, Endpoint, Error,
    ErrorKind, Paginate, TransportError, apps,
    client::{CallOptions, Items, Pages},
    conversations,
    endpoint::{FilePart, Page, Paging, Parameters, Path, RequestParts, ResponseError, Upload},
    jobs::{CallAll, CallAllReport},
    rate_limit::{MemoryStore, SharedRateLimiter},
    transport::CallContext,
    types::Conversation,
    users,
};
use carrot_testing::VirtualClock;

fn shareable<T: Debug + Send + Sync + 'static>() {}

/// An operation can be kept, repeated and compared, and its response sent to another thread.
fn operation<E: Endpoint + Debug + Clone + PartialEq + Send + Sync + 'static>()
where
    E::Output: Debug + Clone + PartialEq + Send + Sync,
{
}

fn listing<E: Paginate<Item: Sync> + Debug + Clone + PartialEq + Send + Sync + 'static>()
where
    E::Output: Debug + Clone + PartialEq + Send + Sync,
{
    operation::<E>();
    shareable::<Pages<E>>();
    shareable::<Items<E>>();
}

#[test]
fn public_types_are_send_sync_and_debug() {
    shareable::<ApiContext>();
    shareable::<ApiVersion>();
    shareable::<App>();
    shareable::<AuthToken>();
    shareable::<BaseUrl>();
    shareable::<Body>();
    shareable::<CallContext>();
    shareable::<CallOptions>();
    shareable::<Client>();
    shareable::<ClientBuilder>();
    shareable::<MemoryStore<VirtualClock>>();
    shareable::<SharedRateLimiter<MemoryStore<VirtualClock>, VirtualClock>>();
    shareable::<Error>();
    shareable::<ErrorKind>();
    shareable::<TransportError>();
    shareable::<ResponseError>();
    shareable::<RequestParts>();
    shareable::<FilePart>();
    shareable::<Page<Conversation>>();
    shareable::<Paging>();
    shareable::<Parameters>();
    shareable::<Path>();
    shareable::<Upload>();
    shareable::<CallAllReport<std::ops::Range<u64>, Conversation>>();
    shareable::<users::PropertyChange>();
    shareable::<users::ImportCsv>();
    shareable::<users::UnwritableChange>();
}

#[test]
fn operations_are_send_sync_and_debug() {
    listing::<apps::ActiveUsers>();
    operation::<apps::Channels>();
    listing::<apps::Conversations>();
    listing::<apps::Leads>();
    operation::<conversations::AddTag>();
    operation::<conversations::Assign>();
    operation::<conversations::Close>();
    operation::<conversations::Get>();
    operation::<conversations::MarkRead>();
    listing::<conversations::Parts>();
    operation::<conversations::RemoveTag>();
    operation::<conversations::Reply>();
    operation::<conversations::SetTyping>();
    operation::<conversations::Unassign>();
    listing::<users::Conversations>();
    listing::<users::Events>();
    operation::<users::Get>();
    operation::<users::Import>();
    operation::<users::SendMessage>();
    operation::<users::SetPresence>();
    operation::<users::SetProps>();
    operation::<users::StartConversation>();
    operation::<users::TrackEvent>();
    operation::<users::UnsubscribeEmail>();
}

/// The futures can be spawned on a multi-threaded runtime. Only compiled.
#[allow(dead_code)]
fn futures_are_send<E: Paginate + 'static>(
    client: &'static Client,
    endpoint: E,
    pages: &'static mut Pages<E>,
    each: &'static mut CallAll<std::ops::Range<u64>, fn(&u64) -> E, E>,
) {
    fn spawn<F: Future + Send + 'static>(_: F) {}
    spawn(client.call(endpoint));
    spawn(pages.next());
    spawn(each.run(|_| std::ops::ControlFlow::Continue(())));
}
