//! Listings as streams, with the feature `stream`.
//!
//! After an error the stream may continue, like `next`; see [`Pages`].

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;

use super::{Items, Pages};
use crate::{Error, Paginate};

/// Sound, since the only pinned value, the request in flight, is boxed.
impl<E: Paginate> Unpin for Pages<E> {}

impl<E: Paginate> Unpin for Items<E> {}

#[cfg_attr(docsrs, doc(cfg(feature = "stream")))]
impl<E: Paginate> Stream for Pages<E> {
    type Item = Result<E::Output, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_next_page(context)
    }
}

#[cfg_attr(docsrs, doc(cfg(feature = "stream")))]
impl<E: Paginate> Stream for Items<E> {
    type Item = Result<E::Item, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_item(context)
    }
}
