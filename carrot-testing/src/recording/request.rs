use std::{borrow::Cow, fmt};

use bytes::Bytes;
use carrot_core::{ApiVersion, Body, endpoint::Upload, transport::CallContext};
use http::{
    HeaderMap, HeaderValue, Method, Request, Uri,
    header::{AUTHORIZATION, COOKIE},
};

use super::secrets::Secrets;
use crate::wire::{self, Multipart, Pairs};

const REDACTED: &str = "[redacted]";

/// A request that a [`RecordingTransport`](super::RecordingTransport) got, or that
/// [`Client::prepare`](carrot_core::Client::prepare) made: `RecordedRequest::from(request)`.
///
/// The token cannot be read from it, only compared: [`authorization_is`](Self::authorization_is).
#[derive(Clone)]
pub struct RecordedRequest {
    method: Method,
    uri: Uri,
    query: Pairs,
    headers: HeaderMap,
    authorization: Option<HeaderValue>,
    form: Pairs,
    body: Bytes,
    context: Option<CallContext>,
}

impl From<Request<Body>> for RecordedRequest {
    fn from(request: Request<Body>) -> Self {
        let (parts, body) = request.into_parts();
        let body = body.into_bytes();
        let mut headers = parts.headers;
        let authorization = headers.remove(AUTHORIZATION);
        if let Some(authorization) = &authorization {
            let mut redacted = HeaderValue::from_static(REDACTED);
            redacted.set_sensitive(authorization.is_sensitive());
            headers.insert(AUTHORIZATION, redacted);
        }
        let form = match wire::multipart_type(&headers) {
            Some(content_type) => Multipart::read(content_type, &body)
                .map(|form| form.fields)
                .unwrap_or_default(),
            None => wire::pairs(&body),
        };
        Self {
            method: parts.method,
            query: wire::pairs(parts.uri.query().unwrap_or_default().as_bytes()),
            headers,
            authorization,
            form,
            body,
            context: parts.extensions.get().cloned(),
            uri: parts.uri,
        }
    }
}

impl RecordedRequest {
    /// Returns the HTTP method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Returns the path, encoded as it was sent: `/v2/users/order%2F42/props`.
    #[must_use]
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// Returns the address as it was sent, with the host where the client named one.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Returns the segments of the path, decoded: `v2`, `users`, `order/42`, `props`. What is not UTF-8 stays
    /// encoded.
    #[must_use]
    pub fn segments(&self) -> Vec<Cow<'_, str>> {
        let path = self.path().strip_prefix('/').unwrap_or(self.path());
        let decoded = |segment| wire::segment(segment).unwrap_or(Cow::Borrowed(segment));
        path.split('/').map(decoded).collect()
    }

    /// Returns the parameters of the query and of the form, decoded, in their order.
    #[must_use]
    pub fn params(&self) -> Pairs {
        [self.query_pairs(), self.form_pairs()].concat()
    }

    /// Returns the API version that the path pins; 2 where it pins none.
    #[must_use]
    pub fn version(&self) -> ApiVersion {
        // The template, since a proxy may have a path of its own in front.
        let path = match &self.context {
            Some(context) => &context.path_template,
            None => self.path(),
        };
        let pinned = path.split('/').nth(1);
        let mut versions = ApiVersion::ALL.iter().copied();
        let found = versions.find(|version| Some(version.segment()) == pinned);
        found.unwrap_or_default()
    }

    /// Returns the value of a parameter in the query, decoded; the first one of that name.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        first(&self.query, name)
    }

    /// Returns the parameters in the query, decoded, in their order.
    #[must_use]
    pub fn query_pairs(&self) -> &[(String, String)] {
        &self.query
    }

    /// Returns the value of a parameter in the form body, decoded; the first one of that name. A form is
    /// URL-encoded or multipart; the files of the latter are no parameters.
    #[must_use]
    pub fn form(&self, name: &str) -> Option<&str> {
        first(&self.form, name)
    }

    /// Returns the parameters in the form body, decoded, in their order.
    #[must_use]
    pub fn form_pairs(&self) -> &[(String, String)] {
        &self.form
    }

    /// Returns the file in this field of a multipart form; the first one of that name.
    #[must_use]
    pub fn file(&self, field: &str) -> Option<Upload> {
        let mut files = self.files().into_iter();
        files.find_map(|(name, file)| (name == field).then_some(file))
    }

    /// Returns the body as it was sent.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Returns the headers, with `[redacted]` in place of the token.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns a header, where it is text; `[redacted]` in place of the token.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns true when the request carried this token in its `Authorization` header, as `Token` or as
    /// `Bearer`.
    #[must_use]
    pub fn authorization_is(&self, token: &str) -> bool {
        let sent = self.authorization.as_ref().map(HeaderValue::as_bytes);
        ["Token", "Bearer"]
            .iter()
            .any(|scheme| sent == Some(format!("{scheme} {token}").as_bytes()))
    }

    /// Returns the name of the operation, such as `conversations.reply`, where a client sent the request.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        self.context.as_ref().map(|context| context.operation)
    }

    /// Returns what the client told the transport about the request: the attempt, the limits.
    #[must_use]
    pub fn context(&self) -> Option<&CallContext> {
        self.context.as_ref()
    }

    /// The files of a multipart body, each with the name of its field.
    pub(crate) fn files(&self) -> Vec<(String, Upload)> {
        let form = wire::multipart_type(&self.headers)
            .and_then(|content_type| Multipart::read(content_type, &self.body).ok());
        let files = form.map(|form| form.files).unwrap_or_default();
        let upload = |file: wire::FilePart| (file.name, Upload::new(file.filename, file.bytes));
        files.into_iter().map(upload).collect()
    }

    /// The tokens that the request carries: in its `Authorization` header, its parameters and its cookies.
    pub(crate) fn tokens(&self) -> Vec<String> {
        let sent = self.authorization.as_ref();
        let sent = sent.and_then(|sent| sent.to_str().ok());
        let in_header = sent.and_then(|sent| sent.split_once(' '));
        let mut tokens: Vec<String> = Vec::new();
        tokens.extend(in_header.map(|(_, token)| token.to_owned()));
        let parameters = self.query.iter().chain(&self.form);
        let named = parameters.filter(|(name, _)| name == "auth_token");
        tokens.extend(named.map(|(_, token)| token.clone()));
        for cookies in self.headers.get_all(COOKIE) {
            let cookies = String::from_utf8_lossy(cookies.as_bytes()).into_owned();
            let values = cookies
                .split(';')
                .filter_map(|cookie| cookie.split_once('='));
            let secret = values.filter(|(name, _)| name.contains("token") || name.contains("auth"));
            tokens.extend(secret.map(|(_, value)| value.trim().trim_matches('"').to_owned()));
        }
        tokens
    }

    /// The request in a few words that hold no value: `users.get (GET /v2/users/7)`.
    pub(crate) fn in_words(&self) -> String {
        let (method, path) = (&self.method, self.path());
        match self.operation() {
            Some(operation) => format!("{operation} ({method} {path})"),
            None => format!("{method} {path}"),
        }
    }
}

fn first<'a>(pairs: &'a Pairs, name: &str) -> Option<&'a str> {
    let pair = pairs.iter().find(|(key, _)| key == name)?;
    Some(&pair.1)
}

/// Shows everything but the token, wherever the token was sent.
impl fmt::Debug for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut secrets = Secrets::default();
        secrets.add(self.tokens());
        let shown = |text: &str| secrets.redact(text);
        let pairs = |pairs: &Pairs| {
            let redact = |(name, value): &(String, String)| match name.as_str() {
                "auth_token" => (name.clone(), REDACTED.to_owned()),
                _ => (shown(name), shown(value)),
            };
            pairs.iter().map(redact).collect::<Pairs>()
        };
        let headers = self.headers.iter().map(|(name, value)| {
            let value = match value.is_sensitive() || name == COOKIE {
                true => REDACTED.to_owned(),
                false => shown(&String::from_utf8_lossy(value.as_bytes())),
            };
            (name.as_str(), value)
        });
        f.debug_struct("RecordedRequest")
            .field("operation", &self.operation())
            .field("method", &self.method)
            .field("path", &shown(self.path()))
            .field("query", &pairs(&self.query))
            .field("headers", &headers.collect::<Vec<_>>())
            .field("form", &pairs(&self.form))
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish_non_exhaustive()
    }
}
