//! The responses of both versions of HTTP. They quote the token and the person's data, as a careless service or
//! gateway does.

use http::StatusCode;

use crate::{
    plan::Fault,
    secrets::{E_MAIL, TEXT, TOKEN},
};

/// The response that is sent, whole or not; none where bytes that are no response take its place.
pub(super) fn reply(call: u32, fault: Fault) -> Option<(StatusCode, String)> {
    let id = u64::from(call) + 1;
    Some(match fault {
        Fault::None | Fault::Delay(_) | Fault::Truncate | Fault::Stall => {
            let data = format!(r#"{{"id":{id},"body":"{TEXT}"}}"#);
            (StatusCode::OK, fine(&data))
        }
        Fault::Misread => {
            let data = format!(r#"{{"id":"{TOKEN} {E_MAIL}"}}"#);
            (StatusCode::OK, fine(&data))
        }
        Fault::Garbage => (StatusCode::OK, page("Be right back")),
        Fault::Reject => service_error(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests"),
        Fault::Error500 => service_error(StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
        Fault::Error502 => (StatusCode::BAD_GATEWAY, page("Bad gateway")),
        Fault::Reset | Fault::Restart | Fault::Close | Fault::NoHttp => return None,
    })
}

/// What a rejected call is told beside its status.
pub(super) fn retry_after(status: StatusCode) -> Option<(&'static str, &'static str)> {
    (status == StatusCode::TOO_MANY_REQUESTS).then_some(("retry-after", "0"))
}

fn fine(data: &str) -> String {
    format!(r#"{{"meta":{{"status":200}},"data":{data}}}"#)
}

/// In the service's own form. Its words are shown but for the token, so no person stands there.
fn service_error(status: StatusCode, code: &str) -> (StatusCode, String) {
    let number = status.as_u16();
    let meta =
        format!(r#"{{"status":{number},"error":"{code}","error_message":"Not now, {TOKEN}"}}"#);
    let body = format!(r#"{{"meta":{meta},"data":{{"$email":"{E_MAIL}"}}}}"#);
    (status, body)
}

/// A page that quotes what it was sent.
fn page(title: &str) -> String {
    format!("<html>{title}<pre>authorization: Token {TOKEN}\n\n{TEXT}</pre></html>")
}
