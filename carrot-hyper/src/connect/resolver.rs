//! Looking up names, with errors that cannot be taken for anything else.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    vec,
};

use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower_service::Service;

/// The resolver of the operating system.
#[derive(Clone, Debug)]
pub(crate) struct Resolver(GaiResolver);

/// A name has no address. The type of the error is what tells it from a failed connection.
#[derive(Debug, thiserror::Error)]
#[error("the name has no address")]
pub(crate) struct Unresolved(#[source] io::Error);

impl Resolver {
    pub(crate) fn new() -> Self {
        Self(GaiResolver::new())
    }
}

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = Unresolved;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Unresolved>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Unresolved>> {
        self.0.poll_ready(context).map_err(Unresolved)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let lookup = self.0.call(name);
        Box::pin(async move {
            let addresses: Vec<_> = lookup.await.map_err(Unresolved)?.collect();
            if addresses.is_empty() {
                return Err(Unresolved(io::ErrorKind::NotFound.into()));
            }
            Ok(addresses.into_iter())
        })
    }
}
