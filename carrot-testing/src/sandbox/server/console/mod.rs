//! What a server has beside the service: a page for a browser, and a control path for programs. None of it counts as
//! a request to the service.

mod control;
mod page;

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Method, Request, Response, StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY,
        SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
    },
};

use super::{
    access::{OPEN, ROOT},
    context::Context,
};

const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
const STYLE: &str = "/_sandbox/style.css";

/// The response to a request below `/_sandbox`; `None` for one to the service.
pub(super) fn respond(context: &Context, request: &Request<Bytes>) -> Option<Response<Bytes>> {
    let path = request.uri().path();
    let below = path.strip_prefix(ROOT)?;
    let mut response = match (request.method(), path) {
        _ if !(below.is_empty() || below.starts_with('/')) => return None,
        (&Method::GET, OPEN) => open(context, request),
        (&Method::GET, STYLE) => reply(StatusCode::OK, "text/css", page::STYLE),
        (&Method::GET, _) if below.trim_end_matches('/').is_empty() => {
            if context.access.knows(request.headers()) {
                reply(StatusCode::OK, HTML, page::write(context))
            } else {
                let text = "This page opens with the link that the sandbox prints. A link opens once; \
                    POST /_sandbox/links, with the token, makes another.\n";
                reply(StatusCode::FORBIDDEN, TEXT, text)
            }
        }
        _ => control::respond(context, request, below),
    };
    let headers = response.headers_mut();
    // Nothing from elsewhere, no script at all, and in no frame.
    const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'";
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Some(response)
}

/// Takes the key of a link, and sends the browser to the page.
fn open(context: &Context, request: &Request<Bytes>) -> Response<Bytes> {
    let query = request.uri().query().unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let key = pairs.find_map(|(name, value)| (name == "key").then_some(value));
    match context.access.open(key.as_deref().unwrap_or_default()) {
        Ok(Some(cookie)) => {
            let mut response = reply(StatusCode::SEE_OTHER, TEXT, "");
            let headers = response.headers_mut();
            headers.insert(SET_COOKIE, cookie);
            headers.insert(LOCATION, HeaderValue::from_static("/_sandbox/"));
            response
        }
        Ok(None) => {
            let text = "This link is used or wrong: a link opens once.\n";
            reply(StatusCode::FORBIDDEN, TEXT, text)
        }
        Err(_) => {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            reply(status, TEXT, "The machine gives no random bytes.\n")
        }
    }
}

fn reply(status: StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let media_type = HeaderValue::from_static(media_type);
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}
