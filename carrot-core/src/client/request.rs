//! Builds the HTTP request of an operation.

use bytes::Bytes;
use carrot_types::InvalidValue;
use http::{
    Method, Request,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT},
};

use super::{CallOptions, Shared};
use crate::{
    Body, Endpoint, Error,
    endpoint::{FilePart, Parameters, multipart},
    transport::CallContext,
};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// The headers of a request with those that a transport adds.
const HEADERS: usize = 8;

/// Common servers limit the request line to 8 kB, which also holds the method, the version, and a path before this one.
const MAX_PATH_BYTES: usize = 8_000;

/// Names the parameter that takes most of an address.
fn too_long(parameters: &Parameters, bytes: usize) -> InvalidValue {
    let longest = parameters.iter().max_by_key(|(_, text)| text.len());
    InvalidValue::new(
        longest.map_or("parameters", |(name, _)| name),
        format!(
            "must be shorter: the address takes {bytes} bytes, of which {MAX_PATH_BYTES} are allowed, since common \
             servers limit it to 8 kB"
        ),
    )
}

/// Builds a request, and the context that belongs into its extensions.
pub(super) fn build<E: Endpoint>(
    shared: &Shared,
    options: &CallOptions,
    endpoint: &E,
) -> Result<(Request<Body>, CallContext), Error> {
    let parts = endpoint
        .request(&shared.context)
        .map_err(Error::invalid::<E>)?;
    let (mut path, mut template) = parts.path.into_parts();
    let mut content_type = None;
    let body = if parts.method == Method::GET {
        if !parts.parameters.is_empty() {
            path.push('?');
            path = parts.parameters.append_form_to(path);
        }
        Bytes::new()
    } else if parts.files.is_empty() {
        content_type = Some(FORM);
        parts.parameters.to_form().into()
    } else {
        let names = parts.files.iter().try_for_each(FilePart::check);
        names.map_err(Error::invalid::<E>)?;
        let multipart = multipart(&parts.parameters, &parts.files);
        content_type = HeaderValue::try_from(multipart.content_type).ok();
        multipart.body
    };
    if path.len() > MAX_PATH_BYTES {
        return Err(Error::invalid::<E>(too_long(&parts.parameters, path.len())));
    }
    let uri = shared.root.join(path).map_err(|_| {
        let rule = "must leave room for a path below it: a URL has at most 64 KiB";
        Error::invalid::<E>(InvalidValue::new("base URL", rule))
    })?;

    template.insert_str(0, shared.context.version.segment());
    template.insert(0, '/');
    let mut context = CallContext::new(E::NAME, template);
    context.timeout = options.attempt_timeout;
    context.body_idle_timeout = options.body_idle_timeout;
    context.max_body_bytes = options.max_body_bytes;

    let mut request = Request::new(Body::from(body));
    *request.method_mut() = parts.method;
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    headers.reserve(HEADERS);
    headers.insert(AUTHORIZATION, shared.token.header());
    headers.insert(ACCEPT, JSON);
    headers.insert(USER_AGENT, shared.user_agent.clone());
    if let Some(content_type) = content_type {
        headers.insert(CONTENT_TYPE, content_type);
    }
    Ok((request, context))
}
