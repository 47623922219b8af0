//! Where a request goes.

use carrot_core::{Sent, TransportError, transport::TransportErrorKind};
use http::{
    HeaderValue, Method, Request, Uri,
    header::{HOST, InvalidHeaderValue},
    uri::{Authority, Parts, Scheme},
};

use crate::connect::host_and_port;

/// The address of a request, in the forms that the versions of HTTP want.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) address: Uri,
    pub(crate) https: bool,
    pub(crate) authority: Authority,
    /// The `Host` header, where the request has none.
    host: Option<HeaderValue>,
}

impl Target {
    pub(crate) fn of<B>(request: &Request<B>) -> Result<Self, TransportError> {
        let rejected = |rule: &'static str| {
            TransportError::new(TransportErrorKind::Rejected, Sent::Never).with_source(rule)
        };
        let address = request.uri().clone();
        let https = match address.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => {
                return Err(rejected(
                    "the address must start with `https://` or `http://`",
                ));
            }
        };
        let Some(authority) = address.authority().cloned() else {
            return Err(rejected("the address must name a host"));
        };
        if request.method() == Method::CONNECT {
            return Err(rejected(
                "`CONNECT` is for proxies; see `HyperTransportBuilder::proxy`",
            ));
        }
        let host = match request.headers().contains_key(HOST) {
            true => None,
            false => Some(
                host(&address, https)
                    .map_err(|_| rejected("the host of the address must be a host name"))?,
            ),
        };
        Ok(Self {
            address,
            https,
            authority,
            host,
        })
    }

    /// Host and port, for errors.
    pub(crate) fn peer(&self) -> String {
        host_and_port(&self.address)
    }

    /// Writes the address into a request as the version of HTTP wants it.
    pub(crate) fn write_to<B>(&self, request: &mut Request<B>, http1: bool) {
        if !http1 {
            *request.uri_mut() = self.address.clone();
            if self.host.is_some() {
                request.headers_mut().remove(HOST);
            }
            return;
        }
        let mut origin = Parts::default();
        origin.path_and_query = self.address.path_and_query().cloned();
        *request.uri_mut() = Uri::from_parts(origin).unwrap_or_default();
        if let Some(host) = &self.host {
            request.headers_mut().insert(HOST, host.clone());
        }
    }
}

/// The port is left out where the scheme implies it, and a user name always.
fn host(address: &Uri, https: bool) -> Result<HeaderValue, InvalidHeaderValue> {
    let host = address.host().unwrap_or_default();
    let implied = if https { 443 } else { 80 };
    match address.port_u16() {
        Some(port) if port != implied => HeaderValue::try_from(format!("{host}:{port}")),
        _ => HeaderValue::from_str(host),
    }
}
