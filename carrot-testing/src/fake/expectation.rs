use std::{fmt, marker::PhantomData, panic::Location, sync::Arc, time::Duration};

use carrot_core::{ApiVersion, Endpoint, endpoint::Upload};
use http::{HeaderName, header::AUTHORIZATION};
use regex_lite::Regex;
use serde_json::Value;

use super::{
    log::{Expected, Reply, Step, Wanted},
    matcher::Matcher,
    service::State,
};
use crate::{fail, recording::RecordedRequest};

/// What a test expects of the calls of one operation, and its replies to them; made by
/// [`Fake::on`](super::Fake::on).
///
/// First comes what the request must be like, all of it; without any, every request of the operation
/// will do. Then come the replies, one after the other with [`then`](Self::then) between them. Each
/// is given exactly once, unless [`times`](Self::times), [`at_least_once`](Self::at_least_once) or
/// [`repeatedly`](Self::repeatedly) follows it.
///
/// ```
/// use std::time::Duration;
///
/// use carrot_core::users;
/// use carrot_testing::{ApiError, Fake, fake};
///
/// let fake = Fake::lenient();
/// fake.on::<users::Get>()
///     .user("order-42")
///     .param("notes", "true")
///     .reply_error(ApiError::rate_limited(Duration::from_secs(7)))
///     .then()
///     .reply(fake::user())
///     .repeatedly();
/// # std::mem::forget(fake);
/// ```
pub struct Expectation<E> {
    state: Arc<State>,
    at: usize,
    /// A reply may follow: there is no reply yet, or `then` was called.
    open: bool,
    endpoint: PhantomData<fn() -> E>,
}

impl<E: Endpoint> Expectation<E> {
    pub(super) fn new(state: &Arc<State>, written_at: &'static Location<'static>) -> Self {
        let mut record = state.record();
        record.expected.push(Expected {
            written_at,
            wanted: Arc::new(Wanted {
                operation: E::NAME,
                matchers: Vec::new(),
            }),
            priority: 0,
            steps: Vec::new(),
            calls: Vec::new(),
        });
        Self {
            state: Arc::clone(state),
            at: record.expected.len() - 1,
            open: true,
            endpoint: PhantomData,
        }
    }

    fn change(&self, change: impl FnOnce(&mut Expected)) {
        if let Some(expected) = self.state.record().expected.get_mut(self.at) {
            change(expected);
        }
    }

    pub(super) fn want(self, matcher: Matcher) -> Self {
        self.change(|expected| Arc::make_mut(&mut expected.wanted).matchers.push(matcher));
        self
    }

    /// The request has this parameter, in the query or in the form, with this value as the service
    /// reads it: `true`, `716`, `On its way`. Where a name comes more than once, one of them will do.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "nobody writes an id as `&716`"
    )]
    pub fn param(self, name: impl Into<String>, value: impl ToString) -> Self {
        self.want(Matcher::Param(name.into(), value.to_string()))
    }

    /// The request has this parameter, and its text is this JSON, however it is spelled. Where a name
    /// comes more than once, one of them will do.
    pub fn param_json(self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.want(Matcher::ParamJson(name.into(), value.into()))
    }

    /// The request has this parameter, whatever its value.
    pub fn has_param(self, name: impl Into<String>) -> Self {
        self.want(Matcher::HasParam(name.into()))
    }

    /// The request has this parameter, and its value contains this text.
    pub fn param_contains(self, name: impl Into<String>, part: impl Into<String>) -> Self {
        self.want(Matcher::ParamContains(name.into(), part.into()))
    }

    /// The request has this parameter, and this regular expression finds something in its value. Write `^`
    /// and `$` to match the whole value. Where a name comes more than once, one of them will do.
    ///
    /// # Panics
    ///
    /// The expression is not valid: see [`regex_lite`](https://docs.rs/regex-lite) for the syntax.
    #[track_caller]
    pub fn param_matches(self, name: impl Into<String>, expression: &str) -> Self {
        match Regex::new(expression) {
            Ok(expression) => self.want(Matcher::ParamMatches(name.into(), expression)),
            Err(error) => fail(&format!(
                "{expression:?} is not a regular expression: {error}"
            )),
        }
    }

    /// The request has this parameter, and its text is JSON with at least these fields, at any depth.
    /// An array has the same length.
    pub fn param_json_like(self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.want(Matcher::ParamJsonLike(name.into(), value.into()))
    }

    /// Goes before every expectation of a lower priority, wherever it is written. The default is 0. So a
    /// test overrides the set-up that it shares with others.
    pub fn priority(self, priority: i32) -> Self {
        self.change(|expected| expected.priority = priority);
        self
    }

    /// The request does not have this parameter.
    pub fn without_param(self, name: impl Into<String>) -> Self {
        self.want(Matcher::Without(name.into()))
    }

    /// The first id in the path, decoded, is this: `716`, `order-42`, `$self_app`.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "nobody writes an id as `&716`"
    )]
    pub fn path_id(self, id: impl ToString) -> Self {
        self.want(Matcher::PathId(id.to_string()))
    }

    /// Matches a call whose path names the user by this external id. For an id of the service use
    /// [`path_id`](Self::path_id).
    pub fn user(self, external_id: impl Into<String>) -> Self {
        self.want(Matcher::ExternalUser(external_id.into()))
    }

    /// The form of the request has this file in this field: `attachment` for a reply. Its name and its
    /// content count. To look at more or less of a file, ask
    /// [`RecordedRequest::file`] in a [`matching`](Self::matching).
    pub fn file(self, field: impl Into<String>, file: Upload) -> Self {
        self.want(Matcher::File(field.into(), file))
    }

    /// The request has this header, with this value.
    ///
    /// # Panics
    ///
    /// The name is not a header name; or it is `authorization`, since a test must neither hold the token nor print
    /// it. Ask [`RecordedRequest::authorization_is`] in a [`matching`](Self::matching) for that.
    #[track_caller]
    pub fn header(self, name: &str, value: impl Into<String>) -> Self {
        let name = header_name(name);
        if name == AUTHORIZATION {
            fail(
                "the token is not compared here, since a failure would print it: say \
                 `.matching(\"the token\", |request| request.authorization_is(token))`",
            );
        }
        self.want(Matcher::Header(name, value.into()))
    }

    /// The request has this header, whatever its value.
    ///
    /// # Panics
    ///
    /// The name is not a header name.
    #[track_caller]
    pub fn has_header(self, name: &str) -> Self {
        self.want(Matcher::HasHeader(header_name(name)))
    }

    /// The request is of this API version of the API.
    pub fn version(self, version: ApiVersion) -> Self {
        self.want(Matcher::Version(version))
    }

    /// The request passes a check of your own; `what` says in the failure text what it checks.
    ///
    /// The check may look at the fake, but a clone of the fake that it keeps is never dropped: call
    /// [`verify`](super::Fake::verify) yourself then.
    pub fn matching(
        self,
        what: impl Into<String>,
        check: impl Fn(&RecordedRequest) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.want(Matcher::Custom(what.into(), Arc::new(check)))
    }

    #[track_caller]
    pub(super) fn add(mut self, reply: Reply) -> Self {
        if !self.open {
            fail("this expectation has a reply already: put `.then()` between two replies");
        }
        self.open = false;
        self.change(|expected| {
            expected.steps.push(Step {
                reply,
                at_least: 1,
                at_most: Some(1),
                given: 0,
                delay: Duration::ZERO,
            });
        });
        self
    }

    /// Starts the next reply: it is given when the one before was given as often as it may.
    ///
    /// # Panics
    ///
    /// No reply stands before, or it has no end.
    #[track_caller]
    pub fn then(mut self) -> Self {
        if self.open {
            fail("`.then()` follows a reply, and no reply stands before this one");
        }
        let mut is_endless = false;
        self.change(|expected| {
            is_endless = expected
                .steps
                .last()
                .is_some_and(|step| step.at_most.is_none());
        });
        if is_endless {
            fail("the reply before this `.then()` is given for ever: say `.times(n)` there");
        }
        self.open = true;
        self
    }

    /// The reply before this is given exactly so often.
    ///
    /// # Panics
    ///
    /// Here and in the two below: no reply stands before.
    #[track_caller]
    pub fn times(self, times: u32) -> Self {
        self.count(times, Some(times))
    }

    /// The reply before this is given once or more.
    #[track_caller]
    pub fn at_least_once(self) -> Self {
        self.count(1, None)
    }

    /// The reply before this is given as often as it is asked for, or not at all.
    #[track_caller]
    pub fn repeatedly(self) -> Self {
        self.count(0, None)
    }

    /// The reply before this comes after so long, on the clock of the fake; on a port, in real time.
    ///
    /// # Panics
    ///
    /// No reply stands before.
    #[track_caller]
    pub fn delay(self, delay: Duration) -> Self {
        if self.open {
            fail("`.delay(duration)` follows a reply, and no reply stands before");
        }
        self.change(|expected| {
            if let Some(step) = expected.steps.last_mut() {
                step.delay = delay;
            }
        });
        self
    }

    #[track_caller]
    fn count(self, at_least: u32, at_most: Option<u32>) -> Self {
        if self.open {
            fail(
                "`.times(n)`, `.at_least_once()` and `.repeatedly()` follow a reply, and no reply stands before",
            );
        }
        self.change(|expected| {
            if let Some(step) = expected.steps.last_mut() {
                (step.at_least, step.at_most) = (at_least, at_most);
            }
        });
        self
    }
}

#[track_caller]
fn header_name(name: &str) -> HeaderName {
    match name.parse() {
        Ok(name) => name,
        Err(_) => fail(&format!("{name:?} is not a header name")),
    }
}

impl<E: Endpoint> fmt::Debug for Expectation<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expectation")
            .field("operation", &E::NAME)
            .finish_non_exhaustive()
    }
}
