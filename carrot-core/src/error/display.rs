use std::fmt;

use bytes::Bytes;

use super::{CallPhase, Cause, Error, ErrorKind, PermitWait, Reason, foreign::Foreign};
use crate::{
    rate_limit::rounded,
    transport::{Sent, one_line},
};

impl Error {
    /// Describes whether any attempt was sent.
    fn sent_in_words(&self) -> String {
        match self.sent() {
            Sent::Never => Sent::Never.to_string(),
            sent if self.may_have_been_applied() => sent.to_string(),
            _ => match self.0.status_before {
                Some(status) => format!("the service returned {status} before"),
                None => "the service returned an error before".to_owned(),
            },
        }
    }

    fn meets_permit_timeout(&self) -> bool {
        matches!(
            &self.0.cause,
            Cause::RateLimiter {
                wait: PermitWait::Limited(_),
                ..
            }
        )
    }

    /// Returns what the reader can do about the error.
    fn advice(&self) -> Option<String> {
        if self.is_not_authenticated() {
            return Some(
                "check the API key (Settings, Developers, \"API keys\" in the panel)".into(),
            );
        }
        if self.is_permission_denied() {
            return Some(match self.0.scopes {
                [] => "the key lacks a scope that the operation needs".into(),
                [scope] => format!("the operation needs a key with the scope `{scope}`"),
                scopes => {
                    let scopes = scopes.join("`, `");
                    format!("the operation needs a key with the scopes `{scopes}`")
                }
            });
        }
        match self.status() {
            Some(407) => {
                return Some("a proxy asks for credentials; give them to the transport".into());
            }
            Some(511) if !self.0.is_write => {
                return Some("the network asks for a sign-in, such as in a browser".into());
            }
            _ => {}
        }
        if self.is_rate_limited() {
            let wait = self.requested_wait();
            if self.foreign().is_some() {
                return wait.or_else(|| Some("wait before the next request".into()));
            }
            let wait = wait.as_deref().unwrap_or("wait before the next");
            return Some(format!("a key may make 60 requests a minute; {wait}"));
        }
        let is_uncertain = matches!(self.status(), Some(300..=399 | 408 | 500..));
        match self.foreign() {
            // The problem is told as that of any JSON.
            Some(Foreign::Text) if self.status().is_none() => {}
            Some(foreign) if !is_uncertain => return Some(foreign.advice().into()),
            _ => {}
        }
        if self.is_not_found() {
            return Some(match self.code() {
                Some(_) => "check the ids in the call".into(),
                None => "check the ids in the call, and the base URL".into(),
            });
        }
        if self.reason().is_some_and(|reason| reason.fields.is_some()) {
            return Some("`Error::fields` tells which arguments are wrong".into());
        }
        if let Some(phase) = self.phase() {
            let more = "`call_timeout` allows more";
            return Some(match phase {
                CallPhase::RateLimit if self.meets_permit_timeout() => {
                    "`permit_timeout` allows more".into()
                }
                CallPhase::RateLimit => {
                    format!(
                        "{more}; or read lists with `pages` or `items`, or set another rate limit"
                    )
                }
                CallPhase::Attempt | CallPhase::Pause => more.into(),
            });
        }
        let is_redirect = matches!(self.status()?, 300..=399);
        let redirect = is_redirect.then_some("redirects are not followed; check the base URL");
        let check = (self.0.is_write && self.last_may_have_been_applied())
            .then_some("check whether it was applied before you repeat it");
        let wait = self.requested_wait();
        let advice = [redirect, check, wait.as_deref()].into_iter().flatten();
        let advice = advice.collect::<Vec<_>>();
        (!advice.is_empty()).then(|| advice.join("; "))
    }

    /// Describes the `Retry-After` of the response.
    fn requested_wait(&self) -> Option<String> {
        let wait = self.0.retry_after.filter(|wait| !wait.is_zero())?;
        Some(format!("the service asks to wait {}", rounded(wait)))
    }

    fn write_problem(&self, f: &mut fmt::Formatter<'_>, path: &str, problem: &str) -> fmt::Result {
        // A dot is the whole body.
        if path != "." {
            write!(f, " at `{}`", quote(path))?;
        }
        write!(f, ": {}", quote(problem))?;
        match self.0.body.as_ref().filter(|body| !body.is_empty()) {
            Some(body) => write!(f, "; `Error::body` holds its {} bytes", body.len()),
            None => Ok(()),
        }
    }

    fn write_service_error(
        &self,
        f: &mut fmt::Formatter<'_>,
        status: u16,
        reason: Option<&Reason>,
    ) -> fmt::Result {
        if let Some(foreign) = self.foreign() {
            return write!(
                f,
                "{} with status {status} came, not a response of the service",
                foreign.as_str()
            );
        }
        if matches!(status, 407 | 511) && reason.is_none() {
            return write!(f, "a proxy or gateway returned {status}");
        }
        write!(f, "the service returned {status}")?;
        match reason.and_then(|reason| reason.code.as_ref()) {
            Some(code) => write!(f, " {}", quote(code.as_str()))?,
            None => f.write_str(" without a reason")?,
        }
        match reason.and_then(|reason| reason.message.as_deref()) {
            Some(message) if !message.is_empty() => write!(f, ": {}", quote(message)),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.0.operation)?;
        match &self.0.cause {
            Cause::Invalid(invalid) => write!(f, "{invalid}; nothing was sent")?,
            Cause::Transport(error) => write!(f, "{error}")?,
            Cause::Deadline { limit, phase, .. } => {
                let sent = self.sent_in_words();
                write!(
                    f,
                    "the deadline of {limit:?} for the call passed while {phase}; {sent}"
                )?;
            }
            Cause::RateLimiter { error, wait } => {
                write!(f, "{}", one_line(&error.to_string()))?;
                match wait {
                    _ if !self.is_timeout() => {}
                    PermitWait::Left(left) => write!(
                        f,
                        ", and the call has {} left in which an attempt must finish",
                        rounded(*left)
                    )?,
                    PermitWait::Limited(limit) => {
                        write!(
                            f,
                            ", and the call waits for one {} at most",
                            rounded(*limit)
                        )?;
                    }
                }
                write!(f, "; {}", self.sent_in_words())?;
            }
            Cause::Service { status, reason } => {
                self.write_service_error(f, *status, reason.as_deref())?;
            }
            Cause::Unreadable { path, problem } => match self.foreign() {
                None | Some(Foreign::Text) => {
                    f.write_str("the response cannot be read")?;
                    self.write_problem(f, path, problem)?;
                }
                Some(foreign) => write!(
                    f,
                    "{} came, not a response of the service",
                    foreign.as_str()
                )?,
            },
            Cause::UnreadableRecord {
                path,
                problem,
                page,
                ..
            } => {
                match page {
                    Some(page) => write!(f, "a record of the page at `{}`", quote(page.as_str()))?,
                    None => f.write_str("a record of the first page")?,
                }
                f.write_str(" cannot be read")?;
                self.write_problem(f, path, problem)?;
                f.write_str("; the listing continues after it")?;
            }
            Cause::Pagination(ErrorKind::MissingCursor) => f.write_str(
                "a page has no cursor of the next page; the list may be incomplete",
            )?,
            Cause::Pagination(ErrorKind::ListMoved) => f.write_str(
                "the list changed while it was read, and records may be missing; read it again, and \
                 change records only after the list is read",
            )?,
            Cause::Pagination(_) => f.write_str(
                "the listing would not end: it returned the same cursor twice, or too many pages without \
                 a new record; restart it",
            )?,
        }
        match self.0.attempts {
            0 if self.is_timeout() => f.write_str(" (before the first attempt)")?,
            1 if self.is_timeout() => f.write_str(" (after 1 attempt)")?,
            0 | 1 => {}
            attempts => {
                write!(f, " (after {attempts} attempts")?;
                if self.0.applied_before {
                    f.write_str(", of which an earlier one may have reached the server")?;
                }
                f.write_str(")")?;
            }
        }
        match self.advice() {
            Some(advice) => write!(f, "; {advice}"),
            None => Ok(()),
        }
    }
}

/// The longest text of the service that a message quotes, in characters.
const MAX_QUOTE: usize = 300;

/// Prepares a text of the service for a log: one line of bounded length. Truncates first, since the text
/// may be as long as a body.
fn quote(text: &str) -> String {
    match text.char_indices().nth(MAX_QUOTE) {
        Some((end, _)) => format!("{}…", one_line(text.get(..end).unwrap_or_default())),
        None => one_line(text),
    }
}

/// Shows the text of `Display`, and the length of the body.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.kind())
            .field("message", &self.to_string())
            .field("attempts", &self.0.attempts)
            .field("body_bytes", &self.0.body.as_ref().map(Bytes::len))
            .finish()
    }
}
