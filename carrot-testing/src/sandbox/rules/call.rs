//! From an HTTP request to a call: API version, address, parameters, token.

use std::collections::BTreeMap;

use bytes::Bytes;
use carrot_core::ApiVersion;
use http::{Method, Request, header::AUTHORIZATION};
use serde_json::{Value, value::RawValue};

use super::{id_format::IdFormat, parameters::Parameters, response::Failure};
use crate::wire::{self, Multipart};

/// A request as the operations see it.
#[derive(Debug)]
pub(in crate::sandbox) struct Call {
    pub(in crate::sandbox) version: ApiVersion,
    pub(in crate::sandbox) method: Method,
    /// The segments of the path behind the API version, decoded.
    pub(in crate::sandbox) segments: Vec<String>,
    pub(in crate::sandbox) parameters: Parameters,
    token: Option<String>,
}

impl Call {
    /// Reads a request. A failure is worded in the API version that could be made out.
    pub(in crate::sandbox) fn read(
        request: &Request<Bytes>,
    ) -> Result<Self, (ApiVersion, Failure)> {
        // Slashes at the end are tolerated; one in front is always there. An empty segment between
        // others, as of an empty id, is kept, and found nowhere.
        let path = request.uri().path().trim_end_matches('/');
        let mut encoded: Vec<&str> = path.split('/').skip(1).collect();
        let prefix = encoded.first().and_then(|segment| version_of(segment));
        if prefix.is_some() {
            encoded.remove(0);
        }
        let guess = prefix.unwrap_or_default();
        let parameters = read_parameters(request).map_err(|failure| (guess, failure))?;
        let version = match (prefix, parameters.text("version")) {
            (Some(version), _) => version,
            (None, None) => ApiVersion::default(),
            (None, Some(text)) => version_of(&format!("v{text}")).ok_or_else(|| {
                let failure = Failure::bad_request("`version` must be a version that exists");
                (ApiVersion::default(), failure)
            })?,
        };
        let segments: Option<Vec<String>> = encoded
            .iter()
            .map(|segment| wire::segment(segment).map(|text| text.into_owned()))
            .collect();
        let segments = segments.filter(|all| all.iter().all(|segment| !segment.is_empty()));
        let segments = segments.ok_or_else(|| (version, Failure::unknown_address()))?;
        Ok(Self {
            version,
            method: request.method().clone(),
            segments,
            token: token(request, &parameters),
            parameters,
        })
    }

    /// The token, wherever it was given.
    pub(in crate::sandbox) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The second segment: the id in `/users/{id}/props`.
    pub(in crate::sandbox) fn target(&self) -> &str {
        self.segments.get(1).map_or("", String::as_str)
    }

    pub(in crate::sandbox) fn ids(&self) -> IdFormat {
        IdFormat {
            as_text: self.parameters.is_set("id_as_string"),
        }
    }

    pub(in crate::sandbox) fn is_v1(&self) -> bool {
        self.version == ApiVersion::V1
    }
}

/// The newest API version that a prefix such as `v2` or `v2.1` stands for. The vendor tells no minor
/// versions of today, so any is taken.
fn version_of(segment: &str) -> Option<ApiVersion> {
    let mut numbers = segment.strip_prefix('v')?.split('.');
    let version = match numbers.next()? {
        "1" => ApiVersion::V1,
        "2" => ApiVersion::V2,
        _ => return None,
    };
    let rest: Vec<&str> = numbers.collect();
    let is_number =
        |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    (rest.len() <= 2 && rest.iter().all(is_number)).then_some(version)
}

fn read_parameters(request: &Request<Bytes>) -> Result<Parameters, Failure> {
    let query = request.uri().query().unwrap_or_default();
    let mut parameters = Parameters {
        pairs: pairs(query.as_bytes())?,
        files: Vec::new(),
    };
    let body = request.body();
    if body.is_empty() {
        return Ok(parameters);
    }
    if let Some(content_type) = wire::multipart_type(request.headers()) {
        let form = Multipart::read(content_type, body).map_err(Failure::bad_request)?;
        parameters.pairs.extend(form.fields);
        parameters.files = form.files;
        return Ok(parameters);
    }
    match wire::media_type(request.headers()).as_deref() {
        None | Some("application/x-www-form-urlencoded") => {
            parameters.pairs.extend(pairs(body)?);
            Ok(parameters)
        }
        Some("application/json") => {
            parameters.pairs.extend(fields(body)?);
            Ok(parameters)
        }
        Some(_) => Err(Failure::bad_request(
            "the body must be application/x-www-form-urlencoded, or multipart/form-data with files",
        )),
    }
}

/// The pairs of a query or a form. Text of another encoding would go on as something that nobody sent.
fn pairs(form: &[u8]) -> Result<wire::Pairs, Failure> {
    if wire::is_text(form) {
        Ok(wire::pairs(form))
    } else {
        Err(Failure::bad_request("the parameters must be UTF-8"))
    }
}

/// The fields of a JSON object, in the words of a form: texts as they are, `null` left out, and all else
/// as the JSON that stands there.
fn fields(json: &[u8]) -> Result<wire::Pairs, Failure> {
    let no_object = |_| Failure::bad_request("the body must be a JSON object that can be read");
    let fields: BTreeMap<String, &RawValue> = serde_json::from_slice(json).map_err(no_object)?;
    let mut pairs = Vec::new();
    for (name, value) in fields {
        match serde_json::from_str(value.get()).map_err(no_object)? {
            Value::Null => {}
            Value::String(text) => pairs.push((name, text)),
            _ => pairs.push((name, value.get().to_owned())),
        }
    }
    Ok(pairs)
}

/// The token of the header counts; a header of another scheme is for somebody else, such as a proxy.
fn token(request: &Request<Bytes>, parameters: &Parameters) -> Option<String> {
    let header = request.headers().get(AUTHORIZATION);
    let header = header.and_then(|header| header.to_str().ok()?.split_once(' '));
    let is_known = |scheme: &str| ["token", "bearer"].contains(&&*scheme.to_ascii_lowercase());
    match header {
        Some((scheme, token)) if is_known(scheme) => Some(token.trim().to_owned()),
        _ => parameters.text("auth_token").map(str::to_owned),
    }
}
