//! From the description of an operation to an HTTP request.

use bytes::Bytes;
use carrot_types::InvalidValue;
use http::{
    Method, Request,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT},
};

use super::{CallOptions, Shared};
use crate::{Body, Endpoint, Error, transport::CallContext};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

pub(super) fn build<E: Endpoint>(
    shared: &Shared,
    options: &CallOptions,
    endpoint: &E,
) -> Result<Request<Body>, Error> {
    let description = endpoint
        .describe(&shared.context)
        .map_err(Error::invalid::<E>)?;
    let generation = shared.context.version.segment();
    let form = description.parameters.to_form();
    let in_query = description.method == Method::GET;

    let mut path = format!("/{generation}{}", description.path.as_str());
    if in_query && !form.is_empty() {
        path.push('?');
        path.push_str(&form);
    }
    let uri = shared.base_url.join(&path).map_err(|_| {
        let rule = "must fit into an address of at most 64 KiB together";
        Error::invalid::<E>(InvalidValue::new("parameters", rule))
    })?;

    let template = format!("/{generation}{}", description.path.template());
    let mut context = CallContext::new(E::NAME, template);
    context.timeout = options.attempt_timeout;
    context.max_body_bytes = Some(options.max_body_bytes);

    let body = if in_query { Bytes::new() } else { form.into() };
    let mut request = Request::new(Body::from(body));
    *request.method_mut() = description.method;
    *request.uri_mut() = uri;
    request.extensions_mut().insert(context);
    let headers = request.headers_mut();
    headers.insert(AUTHORIZATION, shared.token.header());
    headers.insert(ACCEPT, JSON);
    headers.insert(USER_AGENT, shared.user_agent.clone());
    if !in_query {
        headers.insert(CONTENT_TYPE, FORM);
    }
    Ok(request)
}
