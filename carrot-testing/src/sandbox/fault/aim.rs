use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use carrot_core::{Endpoint, Sent, transport::TransportErrorKind};
use http::{Response, StatusCode};

use super::{effect::Effect, gate::Gate};
use crate::{ApiError, RecordedRequest, fail, fake::operations};

pub(super) type Predicate = Arc<dyn Fn(&RecordedRequest) -> bool + Send + Sync>;

/// Something that goes wrong, and the requests at which it does: by default the next request, whatever its
/// operation. It works through the transport and on a port alike.
///
/// A fault that is used less often than it says fails the test when the last clone of the [`Sandbox`]
/// is dropped, unless it is [`optional`](Self::optional).
///
/// ```
/// use carrot_core::{
///     conversations::Reply, jobs::WriteStatus, types::{RandomId, UserRef}, users::StartConversation,
/// };
/// use carrot_testing::{Sandbox, sandbox::Fault};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sandbox = Sandbox::new();
/// let client = sandbox.client();
/// let order = UserRef::external("order-42");
/// let id = client.call(StartConversation::new(order, "Where is it?")).await?.id;
///
/// sandbox.inject(Fault::lost_response().on::<Reply>());
/// let reply = Reply::new(id, "On its way").random_id(RandomId::new(42)?);
/// let failed = client.call(&reply).await;
/// assert!(failed.is_err_and(|error| error.may_have_been_applied()));
/// let status = client.reconcile_reply(&reply, sandbox.now()).await?;
/// assert!(matches!(status, WriteStatus::Written(_)), "the customer reads it");
/// # Ok(())
/// # }
/// ```
///
/// [`Sandbox`]: crate::Sandbox
#[derive(Clone)]
#[must_use = "does nothing until it is given to `Sandbox::inject`"]
pub struct Fault {
    pub(in crate::sandbox) effect: Effect,
    pub(super) operation: Option<&'static str>,
    pub(super) predicate: Option<Predicate>,
    /// How many matching requests pass before the first one that fails.
    pub(super) skipped: u64,
    /// `None` for all from then on.
    pub(super) times: Option<u64>,
    pub(super) optional: bool,
}

/// What goes wrong.
impl Fault {
    fn new(effect: Effect) -> Self {
        Self {
            effect,
            operation: None,
            predicate: None,
            skipped: 0,
            times: Some(1),
            optional: false,
        }
    }

    /// The request is rejected with this status and the error that the service has for it; a status without
    /// one, as 500 and above, comes with an HTML page.
    ///
    /// # Panics
    ///
    /// The status is not an error: below 400. For any other response see [`response`](Self::response).
    #[track_caller]
    pub fn status(status: StatusCode) -> Self {
        if !(status.is_client_error() || status.is_server_error()) {
            fail(&format!(
                "a request is not rejected with {status}: it must be a status from 400 to 599"
            ));
        }
        Self::new(Effect::Status(status))
    }

    /// The request is rejected with this error of the service.
    pub fn error(error: ApiError) -> Self {
        Self::new(Effect::Error(error))
    }

    /// The request is not applied, and this is the response.
    pub fn response(response: Response<Bytes>) -> Self {
        Self::new(Effect::Response(response))
    }

    /// The request is not applied, and the transport fails like this. On a port, the connection is cut.
    pub fn failure(kind: TransportErrorKind, sent: Sent) -> Self {
        Self::new(Effect::Failure(kind, sent))
    }

    /// The request is applied, and its response does not arrive: the transport fails with
    /// [`TransportErrorKind::Reset`] and [`Sent::Maybe`]. On a port, the connection is cut.
    pub fn lost_response() -> Self {
        Self::new(Effect::LostResponse)
    }

    /// As [`lost_response`](Self::lost_response), but the request is applied only when this much time of the
    /// sandbox went by since: what a service does that is still busy when its caller hangs up. Nothing
    /// runs in between: the next request or look at the sandbox finds it applied.
    pub fn apply_late(delay: Duration) -> Self {
        Self::new(Effect::ApplyLate(delay))
    }

    /// The request is applied, and its response arrives after this time: of the
    /// [clock](crate::sandbox::SandboxBuilder::clock) where the sandbox has one, else of the clock of
    /// [`Sandbox::client`](crate::Sandbox::client). On a port, of the clock or of the machine.
    pub fn delay(delay: Duration) -> Self {
        Self::new(Effect::Delay(delay))
    }

    /// The request is applied, and its response arrives after
    /// [`InjectedFault::release`](crate::sandbox::InjectedFault::release).
    pub fn hold() -> Self {
        Self::new(Effect::Hold(Arc::new(Gate::default())))
    }

    /// The request is applied, and this arrives in place of its response: what a proxy sends whose
    /// connection to the service breaks, such as a 502 or a page of its own.
    pub fn replaced_response(response: Response<Bytes>) -> Self {
        Self::new(Effect::Replace(response))
    }

    /// The request is applied, and its response shows no `random_id`.
    pub fn hide_random_ids() -> Self {
        Self::new(Effect::HideRandomIds)
    }
}

/// Where it goes wrong.
impl Fault {
    /// Aims at the requests of one operation.
    ///
    /// # Panics
    ///
    /// The sandbox does not have the operation.
    #[track_caller]
    pub fn on<E: Endpoint>(mut self) -> Self {
        if operations::of(E::NAME).is_none() {
            fail(&format!("the sandbox has no operation `{}`", E::NAME));
        }
        self.operation = Some(E::NAME);
        self
    }

    /// Aims at requests that a predicate accepts, among those of the operation. It is asked once for each; where
    /// it panics, the request passes and the test fails when the sandbox is dropped. A clone of the sandbox that it
    /// keeps is never dropped: call [`assert_faults_used`](crate::Sandbox::assert_faults_used) yourself then.
    pub fn when(
        mut self,
        accepts: impl Fn(&RecordedRequest) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.predicate = Some(Arc::new(accepts));
        self
    }

    /// Starts at the `n`th matching request after the injection, counted from 1, which is the default.
    ///
    /// # Panics
    ///
    /// There is no request 0.
    #[track_caller]
    pub fn nth(mut self, n: u64) -> Self {
        match n.checked_sub(1) {
            Some(skipped) => self.skipped = skipped,
            None => fail("`nth` counts from 1, so no request is the 0th"),
        }
        self
    }

    /// Affects this many matching requests; 1 by default.
    ///
    /// # Panics
    ///
    /// It is 0: such a fault does nothing.
    #[track_caller]
    pub fn times(mut self, times: u64) -> Self {
        if times == 0 {
            fail("a fault that is used 0 times does nothing: do not inject it");
        }
        self.times = Some(times);
        self
    }

    /// Affects every matching request until [`InjectedFault::remove`](crate::sandbox::InjectedFault::remove).
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }

    /// Allows that the fault is not used.
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// Whether it is about this operation, whatever its predicate says.
    pub(super) fn is_about(&self, operation: Option<&'static str>) -> bool {
        self.operation.is_none() || self.operation == operation
    }
}

/// In a few words: `lost response on conversations.reply`.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = self.operation.unwrap_or("any operation");
        write!(f, "{} on {operation}", self.effect)
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fault({self})")
    }
}
