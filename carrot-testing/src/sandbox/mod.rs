//! The service in memory: stateful, deterministic, and without an account.
//!
//! A [`Sandbox`] answers requests the way the service does, in both API versions, with the bytes that
//! the service sends. It is an [`HttpTransport`], so a client can stand right on it, such as that of
//! [`Sandbox::client`]; with the feature `server`, `Sandbox::serve` puts it on a port of this machine
//! for programs in any language. Both ways go through [`Sandbox::handle`].
//!
//! Nothing is random and nothing is shared: two sandboxes that get the same requests give the same
//! answers, ids and moments included, and tests run side by side. The sandbox has its own time, which
//! begins at 2023-11-14T22:13:20 UTC and moves a second with each request; see
//! [`SandboxBuilder::time_step`], [`SandboxBuilder::clock`] and [`Sandbox::advance`].
//!
//! | to | take |
//! |---|---|
//! | begin with users and conversations | [`SandboxBuilder::user`], [`SandboxBuilder::seed`], [`SandboxBuilder::seed_json`] |
//! | look at what happened | [`Sandbox::users`], [`Sandbox::conversations`], [`Sandbox::parts`], [`Sandbox::events`], [`Sandbox::messages`], [`Sandbox::imports`] |
//! | do what operators do in the panel | [`Sandbox::snooze`], [`Sandbox::move_to_channel`], [`Sandbox::set_assistant`] |
//! | have requests fail | [`Sandbox::fail_next`], [`Sandbox::fail_next_with`], [`Sandbox::lose_next_answer`], [`SandboxBuilder::rate_limit`] |
//! | get webhooks | [`Sandbox::take_webhooks`], `Sandbox::deliver_webhooks_to` |
//! | go on in another run | [`Sandbox::snapshot`], [`Sandbox::restore`] |
//!
//! ```
//! use bytes::Bytes;
//! use carrot_testing::Sandbox;
//!
//! let sandbox = Sandbox::new();
//! let request = http::Request::post("/v2/users/order-42/startconversation")
//!     .header("authorization", format!("Token {}", sandbox.token()))
//!     .body(Bytes::from("by_user_id=true&body=Where+is+it%3F"))?;
//! let answer = sandbox.handle(&request);
//! assert_eq!(
//!     answer.body(),
//!     r#"{"data":{"id":2155668332815057077},"meta":{"status":200}}"#,
//! );
//! let user = sandbox.user_id("order-42").ok_or("the request made the user")?;
//! let asked = &sandbox.conversations()[0];
//! assert_eq!(asked.user.as_ref().map(|user| user.id), Some(user));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is documented and what is assumed
//!
//! The sandbox does what the vendor's pages say. Where they are silent or contradict each other, it
//! does what stands here as assumed; do not build on that without a look at the real service.
//!
//! | subject | documented | assumed |
//! |---|---|---|
//! | addresses | API version in front of the path, or as `version`; a slash at the end; `$self_app` | any minor version of 1 and 2 exists, no other major one; an empty segment, as of an empty id, is an address with nothing at it; the token of the header counts over `auth_token`, a header of another scheme does not |
//! | parameters | query, form or multipart body; JSON or commas inside a value; the rule for booleans | the body counts over the query, the later of two over the earlier; text that is not UTF-8 is refused with `BadRequest`; an object of JSON as the body counts as a form, `null` as left out: clients disagree whether the service takes it, so send forms |
//! | errors | names and statuses; older names in v1 | their order: address, method, token, limit, right, app, parameters; `error_fields` is an object of rules by parameter; a bad id in the path is a `ValidationError`; 405 and `MethodNotAllowed` in v2 |
//! | rights | those of the pages of v1 | `startconversation` needs `conversations-write`, `channels` needs `app-basic-read`, `markread` needs `as-user`, `import` and `unsubscribeemail` need `user-write` |
//! | rate limit | 60 a minute, 429 | the minute slides; refused requests do not count |
//! | ids | 64 bits; as strings with `id_as_string`, cursors and `app` included | from which number they count |
//! | pages | sizes, directions, orders, cursors by API version | `null` as `next_after` on the last page of v1; a cursor is the position of the last record of a page; `after=0` is the beginning |
//! | optional fields | `include_` and the name; the bare name for `GET /users/{id}` | the bare name for users in lists too; `include_x=false` switches off |
//! | users | what makes a lead; presence for two minutes; unknown external ids created by `props`, `events` and `startconversation` | reading an unknown external id fails and makes nobody; `$last_seen` moves with heartbeats and messages; no segments; notes are those of a seed |
//! | properties | the seven operations, their report, limits of values and of a request | `ignored_operations` hold the operation and a `reason`; only texts that spell an integer change their type; an unknown system property is ignored |
//! | e-mail | the states; who may be unsubscribed | an address is `confirmed` at once, without double opt-in |
//! | events | fields, limits, counting per type | a value that breaks a limit refuses the event; a type is `active` from its first event; the system records no events by itself |
//! | leads | filters, sorting, `users` and `total` | `neq`, `str_neq` and `str_notcontains` fit users without the property; users without the property to sort by come last; `$user_id` is a property here; `props` and `props_custom` are there; no nesting; no delay of the index |
//! | list of conversations | the nine filters; the unassigned only with `include_not_assigned` | conversations begun by a message are listed once the user answers; `include_no_tags` adds in v1 and selects in v2 |
//! | conversations | fields, types, empty `data` where nothing changes | a reply of the user opens a closed conversation, one of an operator does not; a reply of the operator leaves none of the user's unread in the counters, and the other way round; `read` of a part is the user's reading only |
//! | contradictory fields | | `sended_time` and `last_user_reply_time` are timestamps; only v1 sends `read`, `clicked` and `unsubscribed`; `map_url` is `null` |
//! | replies | senders, types, two parts with `auto_assign` | `data` is the new part, `assign_part` stands beside it; a bot named `Bot` writes where nobody is named; `from_user` may be the id of any user; 65536 characters are too long |
//! | webhooks | the fields of the three kinds, `User-Agent`, 200 as the only good answer, repeats "over the next minutes" | five attempts, 30, 60, 120 and 240 seconds apart; `user` has `props`, `props_custom` and `tags`; all events are chosen; the chat webhook is on, tells of articles and messages too, whoever wrote, and has no `name_internal` in `assignee`; `sending_id` is the id of a conversation that is in no list |
//! | failures on demand | | a status without a documented error comes with an HTML page; the token is not looked at |
//! | import | columns, delimiters, the report | it is worked off at once; `\t` in letters is the tab too; v1 does not know it; an external id is given to who has none, columns that no request may set are left out; tags as JSON strings with commas between them, as a JSON array, or plain |
//! | not there | | the realtime service, segments, sending of e-mail |
//!
//! Sources: <https://developers.dashly.io/webapi/>, <https://developers.carrotquest.io/webapi/exceptions>,
//! <https://developers.carrotquest.io/scopes>, and the page of each method.

mod answered;
mod apps;
mod columns;
mod conversations;
mod date;
#[cfg(feature = "server")]
mod deliver;
mod fault;
mod inspect;
mod paging;
mod panel;
mod parameters;
mod request;
mod response;
mod route;
mod seed;
#[cfg(feature = "server")]
mod server;
mod settings;
mod snapshot;
mod state;
mod time;
mod users;
mod view;
mod webhooks;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use carrot_core::{
    ApiVersion, Body, Client, ClientBuilder, HttpTransport, Sent, TransportError,
    transport::TransportErrorKind, types::AppId,
};
use http::{Request, Response};

#[cfg(feature = "server")]
pub use self::server::SandboxServer;
pub use self::{
    answered::Answered,
    inspect::Typing,
    seed::{Seed, SeedConversation, SeedError, SeedEvent, SeedPart, SeedUser},
    settings::SandboxBuilder,
    snapshot::Snapshot,
    webhooks::{DeliveryState, WebhookDelivery},
};
use self::{fault::Fault, request::Call, response::Failure, settings::Settings, state::State};
use crate::{VirtualClock, client};

/// The service in memory: see the [module](self). All clones are the same service.
#[derive(Clone)]
pub struct Sandbox(Arc<Shared>);

struct Shared {
    settings: Settings,
    state: Mutex<State>,
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Sandbox {
    /// A sandbox with everything at its default.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A sandbox to be set up.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::new()
    }

    fn with(settings: Settings) -> Self {
        let state = Mutex::new(State::new(settings.clone()));
        Self(Arc::new(Shared { settings, state }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A client that talks to it without a port: with the usual retries, but no rate limit, no jitter in the
    /// pauses, and a virtual clock of its own. Its pauses do not move the time of the sandbox: to test a
    /// [`rate_limit`](SandboxBuilder::rate_limit), give one clock to both, here with
    /// [`SandboxBuilder::clock`] and there with [`Client::builder`].
    ///
    /// # Panics
    ///
    /// The token that it was [set up with](SandboxBuilder::token) is none that a client may send.
    #[must_use]
    pub fn client(&self) -> Client {
        client::build(self.client_builder())
    }

    /// The same, to be set up further.
    ///
    /// # Panics
    ///
    /// As [`client`](Self::client).
    pub fn client_builder(&self) -> ClientBuilder {
        client::builder_with(self.clone(), VirtualClock::new(), self.token())
    }

    /// The token that opens it.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.0.settings.token
    }

    /// The id of its app.
    #[must_use]
    pub fn app(&self) -> AppId {
        AppId::new(self.0.settings.app)
    }

    /// Answers a request. This is all of the service: the transport and the server only carry the
    /// bytes.
    ///
    /// It looks at the path and the query of the address, not at its host, and never panics.
    #[must_use]
    pub fn handle(&self, request: &Request<Bytes>) -> Response<Bytes> {
        self.exchange(request).0
    }

    /// The answer, for who carries it: `None` where it is lost on the way.
    fn arriving(&self, request: &Request<Bytes>) -> Option<Response<Bytes>> {
        let (response, is_lost) = self.exchange(request);
        (!is_lost).then_some(response)
    }

    /// The answer, and whether it is to be lost.
    fn exchange(&self, request: &Request<Bytes>) -> (Response<Bytes>, bool) {
        let call = Call::read(request);
        let (response, is_lost) = self.answer(&call);
        if let Some(on_answer) = &self.0.settings.on_answer {
            let path = match &call {
                Ok(call) => route::path(call),
                Err(_) => path_alone(request),
            };
            on_answer(&Answered {
                method: request.method().clone(),
                path,
                status: response.status(),
            });
        }
        (response, is_lost)
    }

    fn answer(&self, call: &Result<Call, (ApiVersion, Failure)>) -> (Response<Bytes>, bool) {
        let mut state = self.state();
        state.time.step();
        state.requests += 1;
        let version = match call {
            Ok(call) => call.version,
            Err((version, _)) => *version,
        };
        let fault = state.faults.pop_front();
        if let Some(Fault::Refused(refusal)) = fault {
            return (refusal.into_response(version), false);
        }
        let answer = match call {
            Ok(call) => route::dispatch(&mut state, call),
            Err((_, failure)) => Err(failure.clone()),
        };
        let response = match answer {
            Ok(answer) => answer.into_response(),
            Err(failure) => failure.into_response(version),
        };
        (response, fault == Some(Fault::AnswerLost))
    }

    /// Lets time pass.
    pub fn advance(&self, duration: Duration) {
        self.state().time.advance(duration);
    }

    /// Forgets everything that happened: the sandbox is as it was when it was built.
    pub fn reset(&self) {
        *self.state() = State::new(self.0.settings.clone());
    }
}

/// The path of a request whose parameters nobody can read.
fn path_alone(request: &Request<Bytes>) -> String {
    let mut bare = Request::new(Bytes::new());
    bare.method_mut().clone_from(request.method());
    if let Ok(path) = request.uri().path().parse() {
        *bare.uri_mut() = path;
    }
    let call = Call::read(&bare);
    call.map_or_else(
        |_| "(unreadable request)".to_owned(),
        |call| route::path(&call),
    )
}

#[async_trait]
impl HttpTransport for Sandbox {
    async fn send(&self, request: Request<Body>) -> Result<Response<Bytes>, TransportError> {
        let lost = || TransportError::new(TransportErrorKind::Reset, Sent::Maybe);
        self.arriving(&request.map(Body::into_bytes))
            .ok_or_else(lost)
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Sandbox")
            .field("settings", &self.0.settings)
            .field("requests", &state.requests)
            .field("users", &state.users.len())
            .field("conversations", &state.conversations.len())
            .finish_non_exhaustive()
    }
}
