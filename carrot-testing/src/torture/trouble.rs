use std::{fmt, time::Duration};

use bytes::Bytes;
use carrot_core::{
    Sent,
    transport::{TimeoutPhase, TransportErrorKind},
};
use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};

use crate::{ApiError, sandbox::Fault};

/// Something that goes wrong in a story, and where: at a request or at a point where the scenario waits, both
/// counted from 1 since the start of the story, restarts included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trouble {
    /// No connection can be made: this request is not sent.
    NotSent(u64),
    /// This request is not applied, and times out: the caller cannot know that.
    TimedOut(u64),
    /// This request is applied, and its response does not arrive.
    LostResponse(u64),
    /// The response to this request does not arrive, and the request is applied after
    /// [`Torture::late`](crate::torture::Torture::late).
    AppliedLate(u64),
    /// This request is rejected with 429.
    RateLimited(u64),
    /// This request is rejected with 503.
    Unavailable(u64),
    /// This request is applied, and a proxy responds with 502.
    BadGateway(u64),
    /// This request is applied, and the response is 200 with a page that is not JSON.
    Garbage(u64),
    /// This request is applied, and its response shows no `random_id`: whether a message is there cannot be told
    /// from it.
    RandomIdsHidden(u64),
    /// The process is killed while this request is on its way, and the request is applied after
    /// [`Torture::late`](crate::torture::Torture::late).
    KilledInFlight(u64),
    /// The process is killed at this point where it waits.
    Killed(u64),
}

impl Trouble {
    /// All that can go wrong at one request.
    pub(super) const AT_REQUEST: [fn(u64) -> Self; 10] = [
        Self::NotSent,
        Self::TimedOut,
        Self::LostResponse,
        Self::AppliedLate,
        Self::RateLimited,
        Self::Unavailable,
        Self::BadGateway,
        Self::Garbage,
        Self::RandomIdsHidden,
        Self::KilledInFlight,
    ];

    /// The request, unless it is at a point where the scenario waits.
    pub(super) fn request(self) -> Option<u64> {
        match self {
            Self::NotSent(request)
            | Self::TimedOut(request)
            | Self::LostResponse(request)
            | Self::AppliedLate(request)
            | Self::RateLimited(request)
            | Self::Unavailable(request)
            | Self::BadGateway(request)
            | Self::Garbage(request)
            | Self::RandomIdsHidden(request)
            | Self::KilledInFlight(request) => Some(request),
            Self::Killed(_) => None,
        }
    }

    /// What the sandbox does to the request.
    pub(super) fn fault(self, late: Duration) -> Option<Fault> {
        Some(match self {
            Self::NotSent(_) => Fault::failure(TransportErrorKind::Connect, Sent::Never),
            Self::TimedOut(_) => {
                let kind = TransportErrorKind::Timeout(TimeoutPhase::Response);
                Fault::failure(kind, Sent::Maybe)
            }
            Self::LostResponse(_) => Fault::lost_response(),
            Self::AppliedLate(_) | Self::KilledInFlight(_) => Fault::apply_late(late),
            Self::RateLimited(_) => Fault::error(ApiError::rate_limited(Duration::from_secs(1))),
            Self::Unavailable(_) => Fault::status(StatusCode::SERVICE_UNAVAILABLE),
            Self::BadGateway(_) => Fault::replaced_response(page(StatusCode::BAD_GATEWAY)),
            Self::Garbage(_) => Fault::replaced_response(page(StatusCode::OK)),
            Self::RandomIdsHidden(_) => Fault::hide_random_ids(),
            Self::Killed(_) => return None,
        })
    }

    /// The name of a test of the story.
    pub(super) fn in_name(self) -> String {
        match self {
            Self::NotSent(at) => format!("request_{at}_not_sent"),
            Self::TimedOut(at) => format!("request_{at}_timed_out"),
            Self::LostResponse(at) => format!("response_{at}_lost"),
            Self::AppliedLate(at) => format!("request_{at}_applied_late"),
            Self::RateLimited(at) => format!("request_{at}_rate_limited"),
            Self::Unavailable(at) => format!("request_{at}_unavailable"),
            Self::BadGateway(at) => format!("request_{at}_bad_gateway"),
            Self::Garbage(at) => format!("response_{at}_garbage"),
            Self::RandomIdsHidden(at) => format!("random_ids_hidden_at_request_{at}"),
            Self::KilledInFlight(at) => format!("killed_in_flight_of_request_{at}"),
            Self::Killed(at) => format!("killed_at_await_{at}"),
        }
    }
}

/// A page of a proxy.
fn page(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(b"<html><body>proxy</body></html>"));
    *response.status_mut() = status;
    let html = HeaderValue::from_static("text/html");
    response.headers_mut().insert(CONTENT_TYPE, html);
    response
}

/// In a sentence: `request 2 is applied, and its response is lost`.
impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent(at) => write!(f, "request {at} is not sent: no connection"),
            Self::TimedOut(at) => write!(f, "request {at} times out, and is not applied"),
            Self::LostResponse(at) => {
                write!(f, "request {at} is applied, and its response is lost")
            }
            Self::AppliedLate(at) => {
                write!(
                    f,
                    "the connection of request {at} is lost, and it is applied late"
                )
            }
            Self::RateLimited(at) => write!(f, "request {at} is rejected with 429"),
            Self::Unavailable(at) => write!(f, "request {at} is rejected with 503"),
            Self::BadGateway(at) => write!(f, "request {at} is applied, and a proxy says 502"),
            Self::Garbage(at) => write!(f, "request {at} is applied, and its response is not JSON"),
            Self::RandomIdsHidden(at) => {
                write!(f, "the response to request {at} shows no `random_id`")
            }
            Self::KilledInFlight(at) => {
                write!(
                    f,
                    "the process is killed while request {at} is on its way, which is applied late"
                )
            }
            Self::Killed(at) => write!(f, "the process is killed at await {at}"),
        }
    }
}
