//! The listener and the follower as streams, with the feature `stream`.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;

use super::{ConversationFollower, Event, FollowError, FollowEvent, ListenError, Listener};

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

/// Sound, since the only pinned values are boxed.
impl Unpin for ConversationFollower {}

/// Ends after an error, and after [`close`](ConversationFollower::close).
#[cfg_attr(docsrs, doc(cfg(feature = "stream")))]
impl Stream for ConversationFollower {
    type Item = Result<FollowEvent, FollowError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_event(context)
    }
}
