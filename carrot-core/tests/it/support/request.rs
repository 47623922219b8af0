use std::fmt::Write as _;

use bytes::Bytes;
use carrot_core::{Body, transport::CallContext};
use http::{HeaderName, Method, Request, Uri};
use percent_encoding::percent_decode_str;

/// A request as a server would see it.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) context: CallContext,
}

impl Sent {
    pub(crate) fn new(request: Request<Body>) -> Self {
        let (parts, body) = request.into_parts();
        Self {
            context: parts
                .extensions
                .get::<CallContext>()
                .expect("every request carries its context")
                .clone(),
            method: parts.method,
            uri: parts.uri,
            headers: parts.headers,
            body: body.into_bytes(),
        }
    }

    /// The method, and what stands behind the host.
    pub(crate) fn line(&self) -> String {
        let target = self
            .uri
            .path_and_query()
            .map_or("", |target| target.as_str());
        format!("{} {target}", self.method)
    }

    /// The parameters: those of the query, then those of the form.
    pub(crate) fn parameters(&self) -> Vec<(String, String)> {
        let mut parameters = pairs(self.uri.query().unwrap_or_default().as_bytes());
        if header(self, "content-type") == Some("application/x-www-form-urlencoded") {
            parameters.extend(pairs(&self.body));
        }
        parameters
    }

    /// The value of a parameter that occurs once.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let mut values = self.parameters().into_iter().filter(|(key, _)| key == name);
        let value = values.next().map(|(_, value)| value);
        assert!(values.next().is_none(), "`{name}` occurs twice");
        value
    }

    /// The segments of the path as a server reads them.
    pub(crate) fn segments(&self) -> Vec<String> {
        let path = self.uri.path().strip_prefix('/').expect("an absolute path");
        path.split('/')
            .map(|segment| {
                let decoded = percent_decode_str(segment).decode_utf8();
                decoded.expect("UTF-8").into_owned()
            })
            .collect()
    }

    /// The request in lines that a person can check.
    pub(crate) fn describe(&self) -> String {
        let mut text = format!("{} {}\n", self.method, self.uri);
        for name in ["authorization", "content-type"] {
            let Some(value) = self.headers.get(name) else {
                continue;
            };
            // `Debug` of a header hides a sensitive value, and only that.
            let shown = match value.is_sensitive() {
                true => "[sensitive]",
                false => value.to_str().expect("visible characters"),
            };
            let _ = writeln!(text, "{name}: {shown}");
        }
        for (name, value) in self.parameters() {
            let _ = writeln!(text, "  {name} = {}", visible(&value));
        }
        let body = std::str::from_utf8(&self.body).expect("the bodies of these tests are text");
        for line in body.split_inclusive('\n') {
            let _ = writeln!(text, "  | {}", visible(line));
        }
        text
    }
}

/// A header as text.
pub(crate) fn header<'a>(request: &'a Sent, name: &'static str) -> Option<&'a str> {
    let value = request.headers.get(HeaderName::from_static(name))?;
    value.to_str().ok()
}

/// The pairs of a form, as a server reads them.
pub(crate) fn pairs(form: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(form).into_owned().collect()
}

/// The text on one line, with line breaks and the like as escapes.
fn visible(text: &str) -> String {
    let mut shown = String::new();
    for character in text.chars() {
        match character.is_control() {
            true => shown.extend(character.escape_debug()),
            false => shown.push(character),
        }
    }
    shown
}
