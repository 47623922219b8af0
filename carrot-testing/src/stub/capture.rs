use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use carrot_core::{ApiVersion, Body, HttpTransport, TransportError};
use http::{Request, Response};

use crate::{CannedResponse, recording::RecordedRequest};

/// Keeps every request and answers it with an empty success. All clones are the same transport.
///
/// Operations that answer with an object cannot read an empty success; the request is kept all the
/// same.
#[derive(Clone, Default)]
pub struct Capture(Arc<Mutex<Vec<RecordedRequest>>>);

impl Capture {
    /// A transport that got nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn kept(&self) -> MutexGuard<'_, Vec<RecordedRequest>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every request so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.kept().clone()
    }

    /// The newest request.
    #[must_use]
    pub fn last(&self) -> Option<RecordedRequest> {
        self.kept().last().cloned()
    }
}

#[async_trait]
impl HttpTransport for Capture {
    async fn send(&self, request: Request<Body>) -> Result<Response<Bytes>, TransportError> {
        self.kept().push(RecordedRequest::from(request));
        CannedResponse::ok().give(ApiVersion::default()).await
    }
}

impl fmt::Debug for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Capture").field(&*self.kept()).finish()
    }
}
