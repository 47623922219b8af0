//! The listener as a stream, with the feature `stream`.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;

use super::{Event, ListenError, Listener};

/// Sound, since the only pinned values are boxed.
impl Unpin for Listener {}

/// Ends after an error, and after [`close`](Listener::close).
#[cfg_attr(docsrs, doc(cfg(feature = "stream")))]
impl Stream for Listener {
    type Item = Result<Event, ListenError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_event(context)
    }
}
