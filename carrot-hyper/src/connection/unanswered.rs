use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper::client::conn::TrySendError;

/// No response came.
pub(crate) struct Unanswered {
    pub(crate) error: hyper::Error,
    /// The request, where no byte of it was written.
    pub(crate) untouched: Option<Request<Full<Bytes>>>,
}

impl From<TrySendError<Request<Full<Bytes>>>> for Unanswered {
    fn from(mut error: TrySendError<Request<Full<Bytes>>>) -> Self {
        Self {
            untouched: error.take_message(),
            error: error.into_error(),
        }
    }
}
