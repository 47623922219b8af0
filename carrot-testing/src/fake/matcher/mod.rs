//! What an expectation asks of a request.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use carrot_core::{
    ApiContext, ApiVersion,
    endpoint::{RequestParts, Upload},
    types::InvalidValue,
};
use http::{HeaderName, HeaderValue};
use regex_lite::Regex;
use serde_json::Value;

pub(super) mod diff;
pub(super) mod lines;

use self::diff::Difference;
use super::record::{Checked, RecordedCall};
use crate::{recording::RecordedRequest, said};

/// A value that is longer is not told in the middle of a line.
const SHORT_CHARS: usize = 60;

type Check = Arc<dyn Fn(&RecordedRequest) -> bool + Send + Sync>;
type Describe = Arc<dyn Fn(&ApiContext) -> Result<RequestParts, InvalidValue> + Send + Sync>;

#[derive(Clone)]
pub(super) enum Matcher {
    Param(String, String),
    ParamJson(String, Value),
    Without(String),
    PathId(String),
    ExternalUser(String),
    Header(HeaderName, String),
    HasHeader(HeaderName),
    File(String, Upload),
    Version(ApiVersion),
    Exactly(Describe),
    /// As [`Exactly`](Self::Exactly), where the request may have more parameters and files.
    Like(Describe),
    HasParam(String),
    ParamContains(String, String),
    ParamMatches(String, Regex),
    /// The JSON of the parameter has at least these fields.
    ParamJsonLike(String, Value),
    Custom(String, Check),
}

/// What a matcher says to a request.
pub(super) struct Verdict {
    pub(super) wants: String,
    /// Why it does not match.
    pub(super) problem: Option<String>,
    pub(super) differences: Vec<Difference>,
    /// The lines of the request, where nothing else says what came.
    pub(super) saw: String,
}

impl Verdict {
    pub(super) fn new(wants: impl Into<String>, problem: Option<String>) -> Self {
        Self {
            wants: wants.into(),
            problem,
            differences: Vec::new(),
            saw: String::new(),
        }
    }

    pub(super) fn holds(&self) -> bool {
        self.problem.is_none()
    }

    /// Says what came instead of a value: in a word where it is short, by its differences where it
    /// is not.
    fn compare(&mut self, differences: Vec<Difference>, got: Option<&str>) {
        let is_long = |text: &str| text.chars().count() > SHORT_CHARS;
        let in_a_word = match differences.as_slice() {
            [one] => {
                !one.place.contains(['.', '['])
                    && !self.wants.contains('…')
                    && !got.is_some_and(is_long)
            }
            _ => false,
        };
        if in_a_word || got.is_none() {
            self.problem = Some(came(got));
        } else {
            self.problem = Some("this differs:".to_owned());
            self.differences = differences;
        }
    }
}

impl Verdict {
    /// Says that the first of several values was compared.
    fn say_others(&mut self, count: usize) {
        if let (Some(problem), 2..) = (&mut self.problem, count) {
            let others = match count {
                2 => "one more".to_owned(),
                count => format!("{} more", count - 1),
            };
            let at = problem.trim_end_matches(':').len();
            problem.insert_str(at, &format!(", the first of that name; {others} came"));
        }
    }
}

impl Matcher {
    /// What it asks for, in words.
    pub(super) fn wants(&self) -> String {
        match self {
            Self::Param(name, value) => {
                format!("param `{name}` is {}", short(&format!("{value:?}")))
            }
            Self::ParamJson(name, value) => {
                format!("param `{name}` is the JSON {}", short(&value.to_string()))
            }
            Self::Without(name) => format!("no param `{name}`"),
            Self::PathId(id) => format!("id in the path is {id:?}"),
            Self::ExternalUser(id) => format!("external id of the user is {id:?}"),
            Self::Header(name, value) => {
                format!("header `{name}` is {}", short(&format!("{value:?}")))
            }
            Self::HasHeader(name) => format!("header `{name}` is there"),
            Self::File(name, file) => format!("file `{name}` is {}", file_in_words(file)),
            Self::Version(version) => format!("API version is {}", version.segment()),
            Self::Exactly(_) => "exactly the request of the given call".to_owned(),
            Self::Like(_) => "the request has everything that the given call sends".to_owned(),
            Self::HasParam(name) => format!("param `{name}` is there"),
            Self::ParamContains(name, part) => {
                format!("param `{name}` contains {}", short(&format!("{part:?}")))
            }
            Self::ParamMatches(name, expression) => {
                format!(
                    "param `{name}` matches {}",
                    short(&format!("{:?}", expression.as_str()))
                )
            }
            Self::ParamJsonLike(name, value) => {
                let value = short(&value.to_string());
                format!("param `{name}` is JSON with at least {value}")
            }
            Self::Custom(what, _) => what.clone(),
        }
    }

    /// What the given call sends in the current API version, one parameter in a line.
    pub(super) fn details(&self) -> Vec<String> {
        let Some(given) = self.given_call(&ApiContext::default()) else {
            return Vec::new();
        };
        match given {
            Ok(description) => {
                let mut lines = vec![format!(
                    "{} {}",
                    description.method,
                    description.path.as_str()
                )];
                let parameters = description.parameters.iter();
                lines.extend(parameters.map(|(name, value)| diff::shown(name, value)));
                lines
            }
            Err(problem) => vec![problem],
        }
    }

    /// What the given call sends in a context, or why it sends nothing; `None` where no call was given.
    pub(super) fn given_call(&self, context: &ApiContext) -> Option<Result<RequestParts, String>> {
        match self {
            Self::Exactly(request_of) | Self::Like(request_of) => Some(sent(request_of, context)),
            _ => None,
        }
    }

    /// True when the request is as asked for. Faster than [`verdict`](Self::verdict).
    pub(super) fn holds(&self, call: &RecordedCall) -> bool {
        match self {
            Self::Param(name, value) => values(call, name).any(|got| got == value),
            Self::Without(name) => call.param(name).is_none(),
            Self::HasParam(name) => call.param(name).is_some(),
            Self::ParamContains(name, part) => values(call, name).any(|got| got.contains(part)),
            Self::ParamMatches(name, expression) => {
                values(call, name).any(|got| expression.is_match(got))
            }
            Self::HasHeader(name) => call.request().headers().contains_key(name),
            Self::PathId(id) => call.path_id() == Some(id),
            Self::ExternalUser(id) => {
                call.path_id() == Some(id) && call.param("by_user_id") == Some("true")
            }
            Self::Version(version) => call.version() == *version,
            Self::Custom(_, check) => call.checks.get(&address(check)) == Some(&Checked::Holds),
            _ => self.verdict(call).holds(),
        }
    }

    /// Asks a check of the test about a request. Nothing else runs the code of a test, so it runs once
    /// for a request.
    pub(super) fn ask(&self, call: &mut RecordedCall) {
        let Self::Custom(_, check) = self else {
            return;
        };
        let asked = catch_unwind(AssertUnwindSafe(|| check(call.request())));
        let checked = match asked {
            Ok(true) => Checked::Holds,
            Ok(false) => Checked::Fails,
            Err(panic) => Checked::Panicked(said(&*panic)),
        };
        Arc::make_mut(&mut call.checks).insert(address(check), checked);
    }

    pub(super) fn verdict(&self, call: &RecordedCall) -> Verdict {
        let mut verdict = Verdict::new(self.wants(), None);
        match self {
            Self::Param(name, value) => {
                if !self.holds(call) {
                    let got = call.param(name);
                    verdict.compare(diff::values(name, Some(value), got), got);
                    verdict.say_others(values(call, name).count());
                }
            }
            Self::ParamJson(name, value) => {
                let as_json = |got: &str| serde_json::from_str::<Value>(got).ok();
                if values(call, name).any(|got| as_json(got).as_ref() == Some(value)) {
                    return verdict;
                }
                match (call.param(name), call.param_json(name)) {
                    (text, Some(got)) => verdict.compare(diff::json(name, value, &got), text),
                    (None, _) => verdict.problem = Some(came(None)),
                    (got, None) => {
                        verdict.problem = Some(format!("{}, which is not JSON", came(got)));
                    }
                }
                verdict.say_others(values(call, name).count());
            }
            Self::Without(name) => verdict.problem = call.param(name).map(|got| came(Some(got))),
            Self::PathId(id) => {
                let got = call.path_id();
                verdict.problem = (got != Some(id)).then(|| came(got));
            }
            Self::ExternalUser(id) => verdict.problem = external_user(id, call),
            Self::Header(name, value) => verdict.problem = header(name, value, call),
            Self::HasHeader(_) => verdict.problem = (!self.holds(call)).then(|| came(None)),
            Self::File(name, file) => verdict.problem = wrong_file(name, file, call),
            Self::Version(version) => {
                let got = call.version();
                verdict.problem =
                    (got != *version).then(|| format!("it came as {}", got.segment()));
            }
            Self::Exactly(request_of) => exactly(request_of, call, &mut verdict),
            Self::Like(request_of) => {
                exactly(request_of, call, &mut verdict);
                if !verdict.differences.is_empty() {
                    // What is expected nowhere does not count.
                    verdict.differences.retain(|one| one.expected.is_some());
                    verdict.problem = verdict.problem.filter(|_| !verdict.differences.is_empty());
                }
            }
            Self::HasParam(_) => verdict.problem = (!self.holds(call)).then(|| came(None)),
            Self::ParamContains(name, _) | Self::ParamMatches(name, _) => {
                if !self.holds(call) {
                    verdict.problem = Some(came(call.param(name)));
                    verdict.say_others(values(call, name).count());
                }
            }
            Self::ParamJsonLike(name, value) => {
                let as_json = |got: &str| serde_json::from_str::<Value>(got).ok();
                let mut got = values(call, name).filter_map(as_json).peekable();
                match got.peek().cloned() {
                    None => verdict.problem = Some(came(call.param(name))),
                    Some(_) if got.any(|got| has(&got, value)) => {}
                    Some(first) => {
                        let mut differences = diff::json(name, value, &first);
                        differences.retain(|one| one.expected.is_some());
                        verdict.compare(differences, call.param(name));
                        verdict.say_others(values(call, name).count());
                    }
                }
            }
            Self::Custom(_, check) => match call.checks.get(&address(check)) {
                Some(Checked::Holds) => {}
                Some(Checked::Fails) => {
                    verdict.problem = Some("the check says no to this:".to_owned());
                    verdict.saw = lines::request_with_headers(call);
                }
                Some(Checked::Panicked(text)) => {
                    verdict.problem = Some(format!("the check panicked: {text}"));
                }
                None => verdict.problem = Some("it was not asked".to_owned()),
            },
        }
        verdict
    }
}

/// Tells the checks of a fake apart.
fn address(check: &Check) -> usize {
    Arc::as_ptr(check).cast::<()>().addr()
}

/// True where a value has at least the fields of another, at any depth. Arrays have the same length.
fn has(got: &Value, wanted: &Value) -> bool {
    match (got, wanted) {
        (Value::Object(got), Value::Object(wanted)) => wanted
            .iter()
            .all(|(name, wanted)| got.get(name).is_some_and(|got| has(got, wanted))),
        (Value::Array(got), Value::Array(wanted)) => {
            let mut pairs = got.iter().zip(wanted);
            got.len() == wanted.len() && pairs.all(|(got, wanted)| has(got, wanted))
        }
        (got, wanted) => got == wanted,
    }
}

/// The values of all parameters of a name.
fn values<'a>(call: &'a RecordedCall, name: &'a str) -> impl Iterator<Item = &'a str> {
    let named = call.params().iter().filter(move |(key, _)| key == name);
    named.map(|(_, value)| value.as_str())
}

/// Shows what came, unless its sender marked it as a secret.
fn header(name: &HeaderName, value: &str, call: &RecordedCall) -> Option<String> {
    let mut got = call.request().headers().get_all(name).iter().peekable();
    let first = got.peek().copied();
    if got.any(|got| got.as_bytes() == value.as_bytes()) {
        return None;
    }
    Some(match first {
        Some(secret) if secret.is_sensitive() => "it came as another, which is secret".to_owned(),
        got => came(
            got.map(HeaderValue::as_bytes)
                .map(String::from_utf8_lossy)
                .as_deref(),
        ),
    })
}

fn file_in_words(file: &Upload) -> String {
    format!("{:?} of {} bytes", file.name(), file.content().len())
}

fn wrong_file(name: &str, file: &Upload, call: &RecordedCall) -> Option<String> {
    let files = call.request().files();
    let mut got = files.iter().filter(|(field, _)| field == name);
    let first = got.clone().next().map(|(_, file)| file);
    if got.any(|(_, got)| got == file) {
        return None;
    }
    Some(match first {
        None => came(None),
        Some(got) => {
            let (wanted, got) = (file_in_words(file), file_in_words(got));
            let but = if got == wanted { ", and others" } else { "" };
            format!("it came as {got}{but}")
        }
    })
}

fn short(text: &str) -> String {
    diff::middle_cut(text, SHORT_CHARS)
}

fn came(got: Option<&str>) -> String {
    match got {
        Some(got) => format!("it came as {}", diff::quoted(got)),
        None => "it is missing".to_owned(),
    }
}

fn external_user(id: &str, call: &RecordedCall) -> Option<String> {
    let got = call.path_id();
    if got != Some(id) {
        return Some(came(got));
    }
    let is_own = call.param("by_user_id") == Some("true");
    (!is_own).then(|| "it came as an id of the service, without `by_user_id=true`".to_owned())
}

/// The request of an operation. It may be one of the test, whose panic must not come out of a drop.
fn sent(request_of: &Describe, context: &ApiContext) -> Result<RequestParts, String> {
    match catch_unwind(AssertUnwindSafe(|| request_of(context))) {
        Ok(made) => made.map_err(|error| error.to_string()),
        Err(panic) => Err(format!("it panicked: {}", said(&*panic))),
    }
}

/// Compares a call with what an operation would send in its API version, for its app.
fn exactly(request_of: &Describe, call: &RecordedCall, verdict: &mut Verdict) {
    let version = call.version();
    let description = match sent(request_of, &ApiContext::new(version).app(call.app())) {
        Ok(description) => description,
        Err(problem) => {
            let version = version.segment();
            verdict.problem = Some(format!("it cannot be sent as {version}: {problem}"));
            return;
        }
    };
    let request = call.request();
    let found = &mut verdict.differences;
    if description.method != request.method() {
        let (expected, got) = (description.method.to_string(), request.method().to_string());
        found.push(diff::difference("method", Some(expected), Some(got)));
    }
    let path = format!("/{}{}", version.segment(), description.path.as_str());
    if !request.path().ends_with(&path) {
        let got = request.path().to_owned();
        found.push(diff::difference("path", Some(path), Some(got)));
    }
    let parameters: Vec<(String, String)> = description
        .parameters
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    found.extend(diff::parameters(&parameters, call.params()));
    files(&description, request, found);
    if !verdict.differences.is_empty() {
        verdict.problem = Some("this differs:".to_owned());
    }
}

fn files(description: &RequestParts, request: &RecordedRequest, found: &mut Vec<Difference>) {
    let (expected, got) = (&description.files, request.files());
    for at in 0..expected.len().max(got.len()) {
        let (expected, got) = (expected.get(at), got.get(at));
        let name = expected.map(|file| file.name);
        let name = name.or_else(|| got.map(|file| file.0.as_str()));
        let place = format!("file `{}`", name.unwrap_or_default());
        let is_same = match (expected, got) {
            (Some(expected), Some(got)) => {
                expected.name == got.0
                    && expected.file_name == got.1.name()
                    && expected.content == *got.1.content()
            }
            _ => false,
        };
        if !is_same {
            let words = |name: &str, bytes: usize| format!("{name:?} of {bytes} bytes");
            let expected = expected.map(|file| words(&file.file_name, file.content.len()));
            let mut got = got.map(|file| file_in_words(&file.1));
            if expected == got {
                got = got.map(|got| format!("{got}, and others"));
            }
            found.push(diff::difference(&place, expected, got));
        }
    }
}
