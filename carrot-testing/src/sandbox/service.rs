use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use carrot_core::{
    ApiVersion, Body, Client, ClientBuilder, Clock, HttpTransport, Sent, TransportError,
    transport::TransportErrorKind, types::AppId,
};
use http::{HeaderValue, Method, Request, Response, StatusCode, header::CONTENT_TYPE};
use serde_json::Value;

use super::{
    fault::{Delivery, Effect, Faults},
    realtime::{
        Realtime, feed,
        hub::{Hub, Waiting},
        opening::Opening,
        poll::Poll,
        socket::Upgrade,
    },
    routes,
    rules::{call::Call, response::Failure},
    seed::plant,
    served::ServedRequest,
    settings::Settings,
    store::Store,
    webhooks::record::Webhooks,
};
use crate::{RecordedRequest, VirtualClock, client, fail, said};

/// The service in memory: see the [module](crate::sandbox). All clones are the same service.
#[derive(Clone)]
pub struct Sandbox(Arc<Shared>);

struct Shared {
    settings: Settings,
    /// The clock of the clients; the time of the sandbox is another one unless the settings say so.
    clock: VirtualClock,
    service: Mutex<Service>,
    hub: Hub,
    /// The panics of closures of the test, which may have come in a task that nobody awaits.
    panics: Mutex<Vec<String>>,
}

impl Shared {
    /// Runs a closure of the test.
    fn guarded<T>(&self, name: impl FnOnce() -> String, closure: impl FnOnce() -> T) -> Option<T> {
        match catch_unwind(AssertUnwindSafe(closure)) {
            Ok(output) => Some(output),
            Err(panic) => {
                let text = format!("  {} panicked: {}", name(), said(&*panic));
                let mut panics = self.panics.lock().unwrap_or_else(PoisonError::into_inner);
                panics.push(text);
                None
            }
        }
    }
}

/// A fault that was injected and not used proves nothing, so it fails the test. So does a closure that panicked.
impl Drop for Shared {
    fn drop(&mut self) {
        let panics = self.panics.get_mut();
        let panics = panics.unwrap_or_else(PoisonError::into_inner);
        let panics = (!panics.is_empty()).then(|| {
            format!(
                "closures that the sandbox runs panicked:\n{}",
                panics.join("\n")
            )
        });
        if std::thread::panicking() {
            // That is often the cause.
            panics.iter().for_each(|text| eprintln!("{text}"));
            return;
        }
        let service = self.service.get_mut();
        let service = service.unwrap_or_else(PoisonError::into_inner);
        let problems: Vec<String> = panics.into_iter().chain(service.faults.unused()).collect();
        if !problems.is_empty() {
            fail(&problems.join("\n\n"));
        }
    }
}

/// What requests change.
pub(in crate::sandbox) struct Service {
    pub(in crate::sandbox) store: Store,
    pub(in crate::sandbox) webhooks: Webhooks,
    pub(in crate::sandbox) faults: Faults,
    /// Requests whose caller is gone, with the moment at which they are applied.
    late: Vec<(i64, Call)>,
    /// Messages of the realtime service that were not sent yet.
    outbox: Vec<(String, Value)>,
}

impl Service {
    fn new(settings: &Settings) -> Self {
        let mut store = Store::empty(settings.app.clone(), settings.time());
        plant::seed(&mut store, &settings.seeds);
        store.notices.clear();
        Self {
            store,
            webhooks: Webhooks::new(settings.webhook_events.clone()),
            faults: Faults::default(),
            late: Vec::new(),
            outbox: Vec::new(),
        }
    }

    /// Writes the webhooks and the realtime messages of what happened.
    pub(in crate::sandbox) fn report(&mut self) {
        let notices = std::mem::take(&mut self.store.notices);
        self.webhooks.write(&mut self.store, &notices);
        let messages = notices.iter();
        self.outbox
            .extend(messages.flat_map(|notice| feed::messages(&self.store, notice)));
    }

    /// Applies a call, and reports what it did.
    fn apply(&mut self, call: &Call) -> Response<Bytes> {
        let result = routes::dispatch(&mut self.store, call);
        self.report();
        match result {
            Ok(response) => response.into_response(),
            Err(failure) => failure.into_response(call.version),
        }
    }

    /// Applies a call, unless it repeats a `_nonce` and such calls are dropped.
    fn apply_once(&mut self, call: &Call) -> Response<Bytes> {
        let nonce = call.parameters.text("_nonce");
        let nonce = nonce.filter(|_| {
            self.store.app.drops_repeated_nonces
                && call.method != Method::GET
                && call.token() == Some(&self.store.app.token)
        });
        let Some(nonce) = nonce else {
            return self.apply(call);
        };
        if let Some(body) = self.store.nonces.get(nonce) {
            let mut response = Response::new(Bytes::from(body.clone()));
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, json);
            return response;
        }
        let response = self.apply(call);
        if response.status().is_success() {
            let body = String::from_utf8_lossy(response.body()).into_owned();
            self.store.nonces.insert(nonce.to_owned(), body);
        }
        response
    }

    /// Applies the requests of `Fault::apply_late` that are due.
    fn apply_due(&mut self) {
        let now = self.store.now();
        while let Some(at) = self.late.iter().position(|(due, _)| *due <= now) {
            let (_, call) = self.late.remove(at);
            self.apply_once(&call);
        }
    }
}

impl Sandbox {
    /// `clock` is that of [`client`](Self::client).
    pub(in crate::sandbox) fn with(settings: Settings, clock: VirtualClock) -> Self {
        let service = Service::new(&settings);
        let hub = Hub::new(settings.realtime, service.store.now());
        Self(Arc::new(Shared {
            settings,
            clock,
            service: Mutex::new(service),
            hub,
            panics: Mutex::default(),
        }))
    }

    pub(in crate::sandbox) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(in crate::sandbox) fn service(&self) -> MutexGuard<'_, Service> {
        let service = self.0.service.lock();
        let mut service = service.unwrap_or_else(PoisonError::into_inner);
        service.apply_due();
        service
    }

    /// Sends the realtime messages of what happened.
    pub(in crate::sandbox) fn announce(&self) {
        let mut service = self.service();
        let messages = std::mem::take(&mut service.outbox);
        let now = service.store.now();
        drop(service);
        self.0.hub.publish(now, messages);
    }

    /// Returns the realtime service: messages and faults of a test. Listen with `Client::listen` of any client.
    ///
    /// What happens in the sandbox is sent over the channels that the vendor documents. A ping comes every ten
    /// seconds of the clock of those who listen, while somebody does. Stored messages are not part of a
    /// [`Snapshot`](crate::sandbox::Snapshot).
    #[must_use]
    pub fn realtime(&self) -> Realtime {
        Realtime::new(self.0.hub.clone())
    }

    /// The clock of those who wait in this process.
    pub(in crate::sandbox) fn clients_clock(&self) -> Arc<dyn Clock> {
        match &self.0.settings.clock {
            Some(clock) => Arc::clone(clock),
            None => Arc::new(self.0.clock.clone()),
        }
    }

    /// Returns a client that talks to the sandbox without a port: with the usual retries, no rate limit,
    /// no jitter, and a virtual clock that all clients of this sandbox share. Its pauses do not move the time
    /// of the sandbox: to test a [`rate_limit`](crate::sandbox::SandboxBuilder::rate_limit), give one clock to both, with
    /// [`SandboxBuilder::clock`](crate::sandbox::SandboxBuilder::clock) and with [`Client::builder`].
    ///
    /// # Panics
    ///
    /// A client cannot send the [token](crate::sandbox::SandboxBuilder::token) of the sandbox.
    #[must_use]
    pub fn client(&self) -> Client {
        client::build(self.client_builder())
    }

    /// Returns the builder of [`client`](Self::client).
    ///
    /// # Panics
    ///
    /// As [`client`](Self::client).
    pub fn client_builder(&self) -> ClientBuilder {
        client::builder_with(self.clone(), self.0.clock.clone(), self.token())
    }

    /// Returns the token that gives access.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.0.settings.app.token
    }

    /// Returns the id of the app.
    #[must_use]
    pub fn app(&self) -> AppId {
        AppId::new(self.0.settings.app.id)
    }

    /// Returns the response to a request. The transport and the server only carry its bytes.
    ///
    /// It reads the path and the query of the URI and ignores the host. It never panics and never waits: a
    /// [fault](crate::sandbox::Fault) that loses, delays or holds a response has no effect on what this returns.
    #[must_use]
    pub fn handle(&self, request: &Request<Bytes>) -> Response<Bytes> {
        self.exchange(request).0
    }

    /// The response, and how it reaches the caller.
    pub(in crate::sandbox) fn exchange(
        &self,
        request: &Request<Bytes>,
    ) -> (Response<Bytes>, Delivery) {
        let call = Call::read(request);
        let path = match &call {
            Ok(call) => routes::path(call),
            Err(_) => path_alone(request),
        };
        let (response, delivery) = self.respond(request, call);
        self.announce();
        if let Some(on_response) = &self.0.settings.on_response {
            let served = ServedRequest {
                method: request.method().clone(),
                path,
                status: response.status(),
            };
            let name = || "the closure of `on_response`".to_owned();
            self.0.guarded(name, || on_response(&served));
        }
        (response, delivery)
    }

    /// The faults whose predicate accepts a request. Nothing is locked: they may look at the sandbox.
    fn accepted(&self, operation: Option<&'static str>, request: &Request<Bytes>) -> Vec<u64> {
        let asked = self.service().faults.predicates(operation);
        if asked.is_empty() {
            return Vec::new();
        }
        let recorded = RecordedRequest::from(request.clone().map(Body::from));
        let accepted = asked.into_iter().filter_map(|one| {
            let name = || format!("the predicate of a fault, {},", one.name);
            let accepts = self.0.guarded(name, || (one.accepts)(&recorded));
            accepts.unwrap_or(false).then_some(one.id)
        });
        accepted.collect()
    }

    fn respond(
        &self,
        request: &Request<Bytes>,
        call: Result<Call, (ApiVersion, Failure)>,
    ) -> (Response<Bytes>, Delivery) {
        let (version, operation) = match &call {
            Ok(call) => (call.version, routes::operation_name(call)),
            Err((version, _)) => (*version, None),
        };
        let accepted = self.accepted(operation, request);
        let mut service = self.service();
        service.store.time.step();
        service.store.requests += 1;
        service.apply_due();
        let effect = service.faults.take(operation, &accepted);
        let failure = match &effect {
            Some(effect) => effect.response(version),
            None => None,
        };
        if let Some(response) = failure {
            let delivery = match effect {
                Some(Effect::Failure(kind, sent)) => Delivery::Failed(kind, sent),
                _ => Delivery::AtOnce,
            };
            return (response, delivery);
        }
        let call = match call {
            Ok(call) => call,
            Err((_, failure)) => return (failure.into_response(version), Delivery::AtOnce),
        };
        if let Some(Effect::ApplyLate(delay)) = effect {
            let delay = i64::try_from(delay.as_micros()).unwrap_or(i64::MAX);
            let due = service.store.now().saturating_add(delay);
            service.late.push((due, call));
            let response = Effect::gateway_timeout();
            return (response, Delivery::LOST);
        }
        let first = call.segments.first().map(String::as_str);
        if let Some("longpoll" | "websocket") = first {
            let app = &service.store.app;
            return match Opening::read(&call, request, &app.token, app.id) {
                Err(rejection) => (rejection.response(), Delivery::AtOnce),
                Ok(opening) if first == Some("websocket") => {
                    let mut response = Response::new(Bytes::new());
                    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
                    let upgrade = Upgrade::new(&self.0.hub, opening);
                    (response, Delivery::Upgraded(Box::new(upgrade)))
                }
                Ok(opening) => {
                    let poll = Poll::start(&self.0.hub, opening);
                    (poll.now(), Delivery::Polling(Box::new(poll)))
                }
            };
        }
        let mut response = service.apply_once(&call);
        let delivery = match effect {
            Some(Effect::LostResponse) => Delivery::LOST,
            Some(Effect::Delay(delay)) => Delivery::Delayed(delay),
            Some(Effect::Hold(gate)) => Delivery::Held(gate),
            Some(Effect::Replace(other)) => {
                response = other;
                Delivery::AtOnce
            }
            Some(Effect::HideRandomIds) => {
                response = Effect::without_random_ids(response);
                Delivery::AtOnce
            }
            _ => Delivery::AtOnce,
        };
        (response, delivery)
    }

    /// Moves the time of the sandbox.
    pub fn advance(&self, duration: Duration) {
        let mut service = self.service();
        service.store.time.advance(duration);
        service.apply_due();
        drop(service);
        self.announce();
    }

    /// Sets how many requests a minute may have, or lifts the limit; see
    /// [`SandboxBuilder::rate_limit`](crate::sandbox::SandboxBuilder::rate_limit).
    pub fn set_rate_limit(&self, requests_per_minute: Option<usize>) {
        self.service().store.app.rate_limit = requests_per_minute;
    }

    /// Restores the state that the sandbox had when it was built. Faults are removed, used or not.
    pub fn reset(&self) {
        *self.service() = Service::new(&self.0.settings);
    }
}

/// The path of a request whose parameters are unreadable.
fn path_alone(request: &Request<Bytes>) -> String {
    let mut bare = Request::new(Bytes::new());
    bare.method_mut().clone_from(request.method());
    if let Ok(path) = request.uri().path().parse() {
        *bare.uri_mut() = path;
    }
    let call = Call::read(&bare);
    call.map_or_else(
        |_| "(unreadable request)".to_owned(),
        |call| routes::path(&call),
    )
}

#[async_trait]
impl HttpTransport for Sandbox {
    async fn send(&self, request: Request<Body>) -> Result<Response<Bytes>, TransportError> {
        let (response, delivery) = self.exchange(&request.map(Body::into_bytes));
        match delivery {
            Delivery::AtOnce => {}
            Delivery::Failed(kind, sent) => return Err(TransportError::new(kind, sent)),
            Delivery::Delayed(delay) => match &self.0.settings.clock {
                Some(clock) => clock.sleep(delay).await,
                None => self.0.clock.sleep(delay).await,
            },
            Delivery::Held(gate) => gate.wait().await,
            Delivery::Polling(poll) => {
                let clock = self.clients_clock();
                let cut = || TransportError::new(TransportErrorKind::Truncated, Sent::Yes);
                let response = poll.wait(clock, Waiting::InProcess).await;
                return response.ok_or_else(cut);
            }
            // A request that is sent by hand has no use for the WebSocket.
            Delivery::Upgraded(_) => {}
        }
        Ok(response)
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let store = &self.service().store;
        f.debug_struct("Sandbox")
            .field("app", &self.0.settings.app)
            .field("requests", &store.requests)
            .field("users", &store.users.len())
            .field("conversations", &store.conversations.len())
            .finish_non_exhaustive()
    }
}
