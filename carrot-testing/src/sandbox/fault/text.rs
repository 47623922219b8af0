//! Faults as texts: for flags of a program, and for programs in other languages.

use std::{fmt, str::FromStr, time::Duration};

use carrot_core::{Sent, transport::TransportErrorKind};
use http::StatusCode;
use jiff::SignedDuration;

use super::{aim::Fault, effect::page};
use crate::{ApiError, fake::operations::OPERATIONS};

const EFFECTS: &str = "status=503, error=LookupError, rate-limited, rate-limited=7s, cut, lost-response, \
     apply-late=30s, replaced=502, delay=2s, hold, hide-random-ids";
const AIMS: &str = "on=OPERATION, nth=N, times=N, always, optional";

/// The error of a text that is not a [`Fault`]. It displays as one line that says what is possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultTextError(String);

impl fmt::Display for FaultTextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for FaultTextError {}

fn wrong(problem: impl Into<String>) -> FaultTextError {
    FaultTextError(problem.into())
}

/// What goes wrong, then where, as words: `lost-response on=conversations.reply nth=2`.
///
/// | word | is |
/// |---|---|
/// | `status=503` | [`Fault::status`] |
/// | `error=LookupError` | [`Fault::error`] of this name |
/// | `rate-limited`, `rate-limited=7s` | 429, with this `Retry-After` |
/// | `cut` | the connection is cut, and the request is not applied |
/// | `lost-response` | [`Fault::lost_response`] |
/// | `apply-late=30s` | [`Fault::apply_late`] |
/// | `replaced=502` | [`Fault::replaced_response`] with a page of this status |
/// | `delay=2s` | [`Fault::delay`] |
/// | `hold` | [`Fault::hold`] |
/// | `hide-random-ids` | [`Fault::hide_random_ids`] |
/// | `on=users.get` | [`Fault::on`] |
/// | `nth=2`, `times=3`, `always`, `optional` | the methods of these names |
///
/// ```
/// use carrot_testing::sandbox::Fault;
///
/// let fault: Fault = "lost-response on=conversations.reply nth=2".parse()?;
/// assert_eq!(fault.to_string(), "lost response on conversations.reply");
/// assert!("lost-response on=conversations.replay".parse::<Fault>().is_err());
/// # Ok::<(), carrot_testing::sandbox::FaultTextError>(())
/// ```
impl FromStr for Fault {
    type Err = FaultTextError;

    fn from_str(text: &str) -> Result<Self, FaultTextError> {
        let mut words = text.split_whitespace();
        let first = words.next().unwrap_or_default();
        let mut fault = effect(first)?;
        for word in words {
            let (name, value) = split(word);
            fault = match (name, value) {
                ("on", Some(operation)) => fault.on_named(operation)?,
                ("nth", Some(n)) => fault.nth(count(word, n)?),
                ("times", Some(times)) => fault.times(count(word, times)?),
                ("always", None) => fault.always(),
                ("optional", None) => fault.optional(),
                _ => {
                    let problem = format!("`{word}` is unknown: after the fault come {AIMS}");
                    return Err(wrong(problem));
                }
            };
        }
        Ok(fault)
    }
}

impl Fault {
    /// As [`on`](Self::on), by the name of the operation.
    fn on_named(mut self, operation: &str) -> Result<Self, FaultTextError> {
        let found = OPERATIONS.iter().find(|one| one.name == operation);
        let found = found.ok_or_else(|| {
            let names: Vec<&str> = OPERATIONS.iter().map(|one| one.name).collect();
            let names = names.join(", ");
            wrong(format!(
                "there is no operation `{operation}`: they are {names}"
            ))
        })?;
        self.operation = Some(found.name);
        Ok(self)
    }
}

fn split(word: &str) -> (&str, Option<&str>) {
    match word.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (word, None),
    }
}

fn effect(word: &str) -> Result<Fault, FaultTextError> {
    Ok(match split(word) {
        ("status", Some(text)) => Fault::status(status(word, text)?),
        ("error", Some(name)) => Fault::error(ApiError::documented(name).ok_or_else(|| {
            wrong(format!(
                "`{word}`: the service documents no error of this name"
            ))
        })?),
        ("rate-limited", None) => Fault::error(ApiError::rate_limited(None)),
        ("rate-limited", Some(text)) => Fault::error(ApiError::rate_limited(duration(word, text)?)),
        ("cut", None) => Fault::failure(TransportErrorKind::Reset, Sent::Maybe),
        ("lost-response", None) => Fault::lost_response(),
        ("apply-late", Some(text)) => Fault::apply_late(duration(word, text)?),
        ("replaced", Some(text)) => Fault::replaced_response(page(status(word, text)?)),
        ("delay", Some(text)) => Fault::delay(duration(word, text)?),
        ("hold", None) => Fault::hold(),
        ("hide-random-ids", None) => Fault::hide_random_ids(),
        _ => {
            let problem = format!("`{word}` is not a fault: the first word is one of {EFFECTS}");
            return Err(wrong(problem));
        }
    })
}

fn status(word: &str, text: &str) -> Result<StatusCode, FaultTextError> {
    let found = text.parse().ok().filter(StatusCode::is_server_error);
    let found = found.or_else(|| text.parse().ok().filter(StatusCode::is_client_error));
    found.ok_or_else(|| wrong(format!("`{word}`: must be a status from 400 to 599")))
}

fn count(word: &str, text: &str) -> Result<u64, FaultTextError> {
    let found = text.parse().ok().filter(|count| *count > 0);
    found.ok_or_else(|| wrong(format!("`{word}`: must be a number from 1")))
}

fn duration(word: &str, text: &str) -> Result<Duration, FaultTextError> {
    let found = text.parse::<SignedDuration>().ok();
    let found = found.and_then(|duration| duration.try_into().ok());
    found.ok_or_else(|| wrong(format!("`{word}`: must be a time such as 2s, 500ms or 1m")))
}
