//! Requests and responses as they stand in a file.

use std::collections::BTreeMap;

use bytes::Bytes;
use carrot_core::{
    Sent, TransportError,
    transport::{TimeoutPhase, TransportErrorKind},
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde_json::{Map, Value, json};

use super::{
    class::{self, Class, Field},
    rules::Rules,
    tape::{Failed, PlainRequest, PlainResponse},
    walk::{Leaf, walk},
};
use crate::{
    fake::{RecordedCall, operations},
    wire,
};

/// The headers of a response that are kept.
const HEADERS: [&str; 5] = [
    "content-type",
    "retry-after",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
];
const MAX_CONTENT_TYPE: usize = 60;

/// The name of the operation, and its path with `{id}` in the place of ids, whoever sent the request.
fn route(call: &RecordedCall) -> (String, String) {
    match call.operation() {
        "" => operations::at(call).map_or_else(
            || (String::new(), String::new()),
            |(name, template)| (name.to_owned(), template),
        ),
        name => (name.to_owned(), call.path_template().to_owned()),
    }
}

/// The name of the operation of a request; empty for one that is not known.
pub(super) fn operation(call: &RecordedCall) -> String {
    route(call).0
}

/// A request, with each value as `leaf` writes it.
pub(super) fn asked(rules: &Rules, leaf: &mut dyn Leaf, call: &RecordedCall) -> PlainRequest {
    let request = call.request();
    PlainRequest {
        method: request.method().to_string(),
        path: path(leaf, call),
        query: parameters(rules, leaf, request.query_pairs()),
        form: parameters(rules, leaf, request.form_pairs()),
        files: files(leaf, call),
    }
}

fn path(leaf: &mut dyn Leaf, call: &RecordedCall) -> String {
    let (_, template) = route(call);
    // From the end: a proxy may have a path of its own in front.
    let names = template.rsplit('/').map(Some);
    let names = names.chain(std::iter::repeat(None));
    let known = template.split('/').count().saturating_sub(1);
    let segments = call.request().path().rsplit('/').zip(names);
    let take = if template.is_empty() {
        usize::MAX
    } else {
        known
    };
    let mut shown: Vec<String> = segments
        .take(take)
        .filter(|(segment, _)| !segment.is_empty())
        .map(|(segment, name)| match name {
            Some(name) if name != "{id}" && !name.is_empty() => name.to_owned(),
            _ => {
                let id = wire::segment(segment);
                let id = id.map_or_else(|| segment.to_owned(), |id| id.into_owned());
                wire::plain(&leaf.leaf(Class::Id, &id.into()))
            }
        })
        .collect();
    shown.reverse();
    format!("/{}", shown.join("/"))
}

/// What stands where only a text can stand.
fn parameters(
    rules: &Rules,
    leaf: &mut dyn Leaf,
    pairs: &[(String, String)],
) -> Map<String, Value> {
    let mut by_name: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (name, value) in pairs {
        let shown = wire::plain(&leaf.leaf(Class::Key, &name.as_str().into()));
        let field = rules.of(&shown).or_else(|| class::of_field(name));
        let field = field.unwrap_or_else(|| {
            leaf.unknown(&shown);
            Field::HIDDEN
        });
        // The name of a list, such as `tags`, may ask for it as a flag.
        let is_flag = matches!(value.as_str(), "true" | "false");
        let field = match is_flag && field != Field::HIDDEN {
            true => Field::of(Class::Plain),
            false => field,
        };
        let json = match value.starts_with(['{', '[']) {
            true => serde_json::from_str(value).ok(),
            false => None,
        };
        let json = json.unwrap_or_else(|| Value::from(value.as_str()));
        let value = walk(rules, leaf, field, &shown, &json);
        by_name.entry(shown).or_default().push(value);
    }
    let one = |mut values: Vec<Value>| match values.len() {
        1 => values.pop().unwrap_or_default(),
        _ => Value::Array(values),
    };
    by_name
        .into_iter()
        .map(|(name, values)| (name, one(values)))
        .collect()
}

fn files(leaf: &mut dyn Leaf, call: &RecordedCall) -> Vec<Value> {
    let mut files = Vec::new();
    for (field, file) in call.request().files() {
        let field = wire::plain(&leaf.leaf(Class::Key, &field.into()));
        let name = leaf.leaf(Class::Text, &file.name().into());
        let content = String::from_utf8_lossy(file.content());
        let content = leaf.leaf(Class::Text, &content.as_ref().into());
        let bytes = file.content().len();
        files.push(json!({"field": field, "name": name, "bytes": bytes, "content": content}));
    }
    files
}

/// A response, with each value as `leaf` writes it.
pub(super) fn replied(
    rules: &Rules,
    leaf: &mut dyn Leaf,
    response: &Response<Bytes>,
) -> PlainResponse {
    let json: Option<Value> = serde_json::from_slice(response.body()).ok();
    let other = match &json {
        None if !response.body().is_empty() => {
            let body = String::from_utf8_lossy(response.body());
            Some(leaf.leaf(Class::Text, &body.as_ref().into()))
        }
        _ => None,
    };
    PlainResponse {
        status: response.status().as_u16(),
        headers: headers(response.headers()),
        json: json.map(|json| walk(rules, leaf, Field::ROOT, "", &json)),
        text: other,
    }
}

fn headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let kept = HEADERS.iter().filter_map(|name| {
        let value = headers.get(*name)?.to_str().ok()?;
        let is_plain = match *name {
            "content-type" => value.split(';').next().is_some_and(class::is_plain),
            _ => value.bytes().all(|byte| byte.is_ascii_digit()),
        };
        let is_short = value.len() <= MAX_CONTENT_TYPE;
        // Parameters of a content type may be anything.
        let value = value.split(';').next().unwrap_or_default();
        (is_plain && is_short).then(|| ((*name).to_owned(), value.to_owned()))
    });
    kept.collect()
}

/// The response that a file describes.
pub(super) fn response(replied: &PlainResponse) -> Result<Response<Bytes>, String> {
    let status = StatusCode::from_u16(replied.status);
    let status = status.map_err(|_| format!("{} is not an HTTP status", replied.status))?;
    let body = match (&replied.json, &replied.text) {
        (Some(json), _) => json.to_string(),
        (None, Some(other)) => wire::plain(other),
        (None, None) => String::new(),
    };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    for (name, value) in &replied.headers {
        let name = HEADERS.into_iter().find(|one| one == name);
        let value = HeaderValue::from_str(value).ok();
        match name.zip(value) {
            Some((name, value)) => response.headers_mut().insert(name, value),
            None => return Err("it has a header that no cassette keeps".to_owned()),
        };
    }
    Ok(response)
}

const KINDS: [(&str, TransportErrorKind); 11] = [
    ("dns", TransportErrorKind::Dns),
    ("connect", TransportErrorKind::Connect),
    ("tls", TransportErrorKind::Tls),
    (
        "timeout_connect",
        TransportErrorKind::Timeout(TimeoutPhase::Connect),
    ),
    (
        "timeout_response",
        TransportErrorKind::Timeout(TimeoutPhase::Response),
    ),
    (
        "timeout_body",
        TransportErrorKind::Timeout(TimeoutPhase::Body),
    ),
    ("reset", TransportErrorKind::Reset),
    ("protocol", TransportErrorKind::Protocol),
    ("truncated", TransportErrorKind::Truncated),
    ("rejected", TransportErrorKind::Rejected),
    ("other", TransportErrorKind::Other),
];
const SENT: [(&str, Sent); 3] = [
    ("never", Sent::Never),
    ("maybe", Sent::Maybe),
    ("yes", Sent::Yes),
];

/// A failure without its text, which may hold anything.
pub(super) fn failed(error: &TransportError) -> Failed {
    let kind = KINDS.iter().find(|(_, kind)| *kind == error.kind());
    let kind = match error.kind() {
        TransportErrorKind::TooLarge { limit } => format!("too_large_{limit}"),
        _ => kind.map_or("other", |(name, _)| name).to_owned(),
    };
    let sent = SENT.iter().find(|(_, sent)| *sent == error.sent());
    Failed {
        kind,
        sent: sent.map_or("maybe", |(name, _)| name).to_owned(),
    }
}

/// The failure that a file describes.
pub(super) fn failure(failed: &Failed) -> Result<TransportError, String> {
    let limit = failed.kind.strip_prefix("too_large_");
    let limit = limit.and_then(|limit| limit.parse().ok());
    let kind = match limit {
        Some(limit) => Some(TransportErrorKind::TooLarge { limit }),
        None => KINDS
            .iter()
            .find(|(name, _)| *name == failed.kind)
            .map(|(_, kind)| *kind),
    };
    let sent = SENT.iter().find(|(name, _)| *name == failed.sent);
    match (kind, sent) {
        (Some(kind), Some((_, sent))) => Ok(TransportError::new(kind, *sent)),
        _ => Err("its failure is not one of a transport".to_owned()),
    }
}
