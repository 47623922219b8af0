//! The replies of an expectation.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use carrot_core::{
    Endpoint, Paginate, Sent, endpoint::EncodeResponse, transport::TransportErrorKind,
};
use http::StatusCode;
use serde_json::Value;

use super::{expectation::Expectation, listing::Listing, log::Reply, record::RecordedCall};
use crate::{
    fail,
    response::{ApiError, CannedResponse},
};

impl<E: Endpoint> Expectation<E> {
    /// Replies with this output of the operation, as the service would write it.
    ///
    /// # Panics
    ///
    /// Here and in the other replies: there is a reply already, and no [`then`](Self::then) between
    /// them.
    #[track_caller]
    pub fn reply(self, output: E::Output) -> Self
    where
        E: EncodeResponse,
    {
        let output = Mutex::new(output);
        self.add(Reply::Typed(Arc::new(move |asked| {
            let output = output.lock().unwrap_or_else(PoisonError::into_inner);
            E::encode(asked, &output)
        })))
    }

    /// Replies with an empty success, which operations read that have nothing to say.
    #[track_caller]
    pub fn reply_ok(self) -> Self {
        self.reply_with(CannedResponse::ok())
    }

    /// Replies with a success whose `data` is this JSON.
    #[track_caller]
    pub fn reply_json(self, data: impl Into<Value>) -> Self {
        self.reply_with(CannedResponse::data(data))
    }

    /// Replies with an error of the service.
    #[track_caller]
    pub fn reply_error(self, error: ApiError) -> Self {
        self.reply_with(CannedResponse::error(error))
    }

    /// Replies with this status and these bytes, such as the page of a proxy.
    ///
    /// # Panics
    ///
    /// The status is outside 100 to 999.
    #[track_caller]
    pub fn reply_status(self, status: u16, body: impl Into<Bytes>) -> Self {
        match StatusCode::from_u16(status) {
            Ok(status) => self.reply_with(CannedResponse::bytes(status, body)),
            Err(_) => fail(&format!(
                "{status} is not an HTTP status: it must be 100 to 999"
            )),
        }
    }

    /// Fails as a transport does when no response comes. `sent` says whether the request reached the
    /// service: the client repeats a write only after [`Sent::Never`].
    #[track_caller]
    pub fn fail(self, kind: TransportErrorKind, sent: Sent) -> Self {
        self.reply_with(CannedResponse::failure(kind, sent))
    }

    /// Never responds, so that a deadline passes.
    #[track_caller]
    pub fn never_respond(self) -> Self {
        self.reply_with(CannedResponse::never())
    }

    /// Replies with all pages of a listing of these items, in their order, `per_page` on each. The cursors
    /// are right in both API versions, and a request may ask for smaller pages. The reply counts once, when
    /// its last page is given: `times(2)` is two listings. A list of leads that is longer than a page may be read
    /// twice, as the client does to check it, and one more page behind a full one, which may not be the last.
    ///
    /// ```
    /// use carrot_core::{conversations::Parts, types::{ConversationId, PartId}};
    /// use carrot_testing::{Fake, fake};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), carrot_core::Error> {
    /// let fake = Fake::new();
    /// let parts = (1..=120).map(|id| fake::part().with_id(PartId::new(id)));
    /// fake.on::<Parts>().reply_pages(parts, 50);
    ///
    /// let client = fake.client();
    /// let mut parts = client.items(Parts::new(ConversationId::new(716)));
    /// let mut count = 0;
    /// while parts.next().await?.is_some() {
    ///     count += 1;
    /// }
    /// assert_eq!((count, fake.calls().len()), (120, 3));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// `per_page` is outside 1 to 50, the limits of the service.
    #[track_caller]
    pub fn reply_pages(self, items: impl IntoIterator<Item = E::Item>, per_page: u32) -> Self
    where
        E: Paginate + EncodeResponse,
        E::Item: Clone,
    {
        if !(1..=50).contains(&per_page) {
            fail("a page has 1 to 50 items");
        }
        self.add(Reply::Pages(Listing::new::<E>(items, per_page)))
    }

    /// Replies with what a future returns that is made from the call. It may wait for something that the
    /// test does: a channel, another call, a sleep of the fake's clock.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use carrot_core::{Clock, types::UserId, users};
    /// use carrot_testing::{CannedResponse, Fake};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), carrot_core::Error> {
    /// let fake = Fake::new();
    /// let clock = fake.clock().clone();
    /// fake.on::<users::UnsubscribeEmail>().reply_from_async(move |_call| {
    ///     let clock = clock.clone();
    ///     async move {
    ///         clock.sleep(Duration::from_secs(3)).await;
    ///         CannedResponse::ok()
    ///     }
    /// });
    /// fake.client().call(users::UnsubscribeEmail::new(UserId::new(7))).await?;
    /// assert_eq!(fake.clock().now(), Duration::from_secs(3));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn reply_from_async<F>(
        self,
        compute: impl Fn(RecordedCall) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = CannedResponse> + Send + 'static,
    {
        self.add(Reply::Awaited(Arc::new(move |call| {
            Box::pin(compute(call))
        })))
    }

    /// Replies with what is computed from the call. For a closure that keeps a clone of the fake, see
    /// [`matching`](Self::matching).
    #[track_caller]
    pub fn reply_from(
        self,
        compute: impl Fn(&RecordedCall) -> CannedResponse + Send + Sync + 'static,
    ) -> Self {
        self.add(Reply::Computed(Arc::new(compute)))
    }

    /// Replies with this response.
    #[track_caller]
    pub fn reply_with(self, response: impl Into<CannedResponse>) -> Self {
        self.add(Reply::Fixed(response.into()))
    }
}
