use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use carrot_core::{ApiVersion, Sent, transport::TransportErrorKind};
use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use serde_json::Value;

use super::gate::Gate;
use crate::{
    ApiError,
    sandbox::realtime::{poll::Poll, socket::Upgrade},
    service_error::{error_response, name_in, of_status},
};

/// What a fault does to a request.
#[derive(Clone)]
pub(in crate::sandbox) enum Effect {
    Status(StatusCode),
    Error(ApiError),
    Response(Response<Bytes>),
    Failure(TransportErrorKind, Sent),
    LostResponse,
    ApplyLate(Duration),
    Delay(Duration),
    Hold(Arc<Gate>),
    HideRandomIds,
    Replace(Response<Bytes>),
}

/// How a response reaches the caller.
pub(in crate::sandbox) enum Delivery {
    AtOnce,
    Delayed(Duration),
    Held(Arc<Gate>),
    Failed(TransportErrorKind, Sent),
    /// A long poll, which waits for a message.
    Polling(Box<Poll>),
    /// The connection becomes a WebSocket.
    Upgraded(Box<Upgrade>),
}

impl Delivery {
    pub(in crate::sandbox) const LOST: Self = Self::Failed(TransportErrorKind::Reset, Sent::Maybe);
}

impl Effect {
    /// The response of an effect that keeps the request from being applied.
    pub(in crate::sandbox) fn response(&self, version: ApiVersion) -> Option<Response<Bytes>> {
        Some(match self {
            Self::Status(status) => match of_status(*status) {
                Some(code) => {
                    let name = name_in(version, code);
                    error_response(*status, name, "a fault of the test", None)
                }
                None => page(*status),
            },
            Self::Error(error) => error.to_response(version),
            Self::Response(response) => response.clone(),
            Self::Failure(..) => page(StatusCode::BAD_GATEWAY),
            _ => return None,
        })
    }

    pub(in crate::sandbox) fn gateway_timeout() -> Response<Bytes> {
        page(StatusCode::GATEWAY_TIMEOUT)
    }

    /// Removes every `random_id` from a response.
    pub(in crate::sandbox) fn without_random_ids(response: Response<Bytes>) -> Response<Bytes> {
        response.map(|body| match serde_json::from_slice::<Value>(&body) {
            Ok(mut json) => {
                hide(&mut json);
                Bytes::from(json.to_string())
            }
            Err(_) => body,
        })
    }
}

fn hide(json: &mut Value) {
    match json {
        Value::Object(fields) => {
            fields.remove("random_id");
            fields.values_mut().for_each(hide);
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        _ => {}
    }
}

/// What a web server sends when the service behind it fails: the vendor documents no envelope.
pub(super) fn page(status: StatusCode) -> Response<Bytes> {
    let page = format!("<html><body>{status}</body></html>\n");
    let mut response = Response::new(Bytes::from(page));
    *response.status_mut() = status;
    let html = HeaderValue::from_static("text/html");
    response.headers_mut().insert(CONTENT_TYPE, html);
    response
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "status {}", status.as_u16()),
            Self::Error(error) => {
                let status = error.to_response(ApiVersion::V2).status();
                write!(f, "error with status {}", status.as_u16())
            }
            Self::Response(response) => write!(f, "response {}", response.status().as_u16()),
            Self::Failure(kind, sent) => write!(f, "failure ({kind}; {sent})"),
            Self::LostResponse => f.write_str("lost response"),
            Self::ApplyLate(delay) => write!(f, "applied {delay:?} late"),
            Self::Delay(delay) => write!(f, "delay of {delay:?}"),
            Self::Hold(_) => f.write_str("held response"),
            Self::Replace(response) => {
                write!(f, "replaced response {}", response.status().as_u16())
            }
            Self::HideRandomIds => f.write_str("hidden random ids"),
        }
    }
}
