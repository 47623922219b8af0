//! Which failed attempts are retried: every operation, every fault, both API versions.
//!
//! Measures the tables in `docs/retry.md` and `docs/retry_operations.md`. Run with `UPDATE_EXPECT=1` to
//! update them.

mod tables;

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock, Mutex, OnceLock},
};

use carrot_core::{
    ApiVersion, Error, ErrorKind, NoRateLimit, Sent,
    transport::{TimeoutPhase, TransportErrorKind},
};
use carrot_testing::{CannedResponse, RecordedRequest, VirtualClock, stub::RespondWith};
use proptest::prelude::*;
use serde_json::json;

use crate::support::{
    canary::{E_MAIL, TOKEN, assert_error_hides_all, watched},
    lost, ok,
    operations::{Case, every_operation},
    over, respond,
};

/// A failure of one attempt.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Transport(TransportErrorKind, Sent),
    Status(u16),
    /// An HTTP success with an error in the envelope.
    Envelope(u16),
    /// A success that cannot be decoded.
    Unreadable,
}

const KINDS: [TransportErrorKind; 12] = [
    TransportErrorKind::Dns,
    TransportErrorKind::Connect,
    TransportErrorKind::Tls,
    TransportErrorKind::Timeout(TimeoutPhase::Connect),
    TransportErrorKind::Timeout(TimeoutPhase::Response),
    TransportErrorKind::Timeout(TimeoutPhase::Body),
    TransportErrorKind::Reset,
    TransportErrorKind::Protocol,
    TransportErrorKind::Truncated,
    TransportErrorKind::TooLarge { limit: 7 },
    TransportErrorKind::Rejected,
    TransportErrorKind::Other,
];

const STATUSES: [u16; 24] = [
    101, 301, 302, 400, 401, 403, 404, 408, 409, 418, 425, 429, 499, 500, 501, 502, 503, 504, 505,
    511, 520, 524, 529, 599,
];

fn every_fault() -> Vec<Fault> {
    let sents = [Sent::Never, Sent::Maybe, Sent::Yes];
    let mut faults: Vec<Fault> = KINDS
        .iter()
        .flat_map(|kind| sents.map(|sent| Fault::Transport(*kind, sent)))
        .collect();
    faults.extend(STATUSES.map(Fault::Status));
    faults.extend([0, 400, 408, 429, 500, 502, 503, 504].map(Fault::Envelope));
    faults.push(Fault::Unreadable);
    faults
}

impl Fault {
    fn is_too_large(self) -> bool {
        matches!(
            self,
            Self::Transport(TransportErrorKind::TooLarge { .. }, _)
        )
    }

    /// A failure that another attempt would repeat: of TLS, of the protocol, or a rejection.
    fn is_final(self) -> bool {
        matches!(
            self,
            Self::Transport(
                TransportErrorKind::Rejected
                    | TransportErrorKind::Tls
                    | TransportErrorKind::Protocol,
                _
            ) | Self::Status(501 | 505 | 511)
        )
    }

    /// An outage, such as a restart of the service.
    fn is_unavailable(self) -> bool {
        match self {
            Self::Transport(kind, _) => {
                matches!(
                    kind,
                    TransportErrorKind::Dns
                        | TransportErrorKind::Connect
                        | TransportErrorKind::Timeout(TimeoutPhase::Connect)
                        | TransportErrorKind::Reset
                        | TransportErrorKind::Truncated
                )
            }
            Self::Status(status) | Self::Envelope(status) => {
                matches!(status, 502..=504 | 520..=524 | 529)
            }
            Self::Unreadable => false,
        }
    }

    /// The number of attempts of a call that is retried.
    fn attempts(self) -> usize {
        if self.is_unavailable() { 6 } else { 3 }
    }

    /// Whether another attempt would fail in the same way, once the request was sent.
    fn is_hopeless(self) -> bool {
        self.is_too_large() || self.is_final()
    }

    /// The documented rule, implemented a second time.
    fn is_retried(self, idempotent: bool) -> bool {
        match self {
            fault if fault.is_final() => false,
            Self::Transport(_, Sent::Never) | Self::Status(429) | Self::Envelope(429) => true,
            Self::Transport(..) => idempotent && !self.is_too_large(),
            Self::Status(status) | Self::Envelope(status) => {
                idempotent && (status == 408 || status >= 500)
            }
            Self::Unreadable => false,
        }
    }

    fn may_have_been_applied(self) -> bool {
        match self {
            Self::Transport(_, sent) => sent != Sent::Never,
            Self::Status(status) | Self::Envelope(status) => {
                !(400..=451).contains(&status) || status == 408
            }
            Self::Unreadable => true,
        }
    }

    /// Whether the server cannot have applied the request: only then may a message be sent again.
    fn is_harmless(self) -> bool {
        matches!(
            self,
            Self::Transport(_, Sent::Never) | Self::Status(429) | Self::Envelope(429)
        )
    }

    fn status(self) -> Option<u16> {
        match self {
            Self::Status(status) | Self::Envelope(status) => Some(status),
            Self::Transport(..) | Self::Unreadable => None,
        }
    }

    fn sent(self) -> Sent {
        match self {
            Self::Transport(_, sent) => sent,
            _ => Sent::Yes,
        }
    }

    fn kind(self) -> ErrorKind {
        match self {
            Self::Transport(..) => ErrorKind::Transport,
            Self::Status(_) | Self::Envelope(_) => ErrorKind::Service,
            Self::Unreadable => ErrorKind::Unreadable,
        }
    }

    /// Returns a response that quotes the whole request.
    fn respond(self, request: &RecordedRequest) -> CannedResponse {
        let body = String::from_utf8_lossy(request.body());
        let quoted = format!("Token {TOKEN} of {E_MAIL}: {} {body}", request.uri());
        let envelope = |status: u16| {
            let error = format!("Error {TOKEN}");
            let message = format!("The token {TOKEN} is wrong");
            let fields = json!({TOKEN: [E_MAIL]});
            let meta = json!({"status": status, "error": error, "error_message": message,
                "error_fields": fields});
            json!({"meta": meta, "data": quoted}).to_string()
        };
        match self {
            Self::Transport(kind, sent) => {
                let quoting = format!("could not send `authorization: Token {TOKEN}`");
                lost(kind, sent, quoting)
            }
            Self::Status(status) => respond(status, envelope(status)),
            Self::Envelope(status) => ok(envelope(status)),
            Self::Unreadable => ok(format!("<html>{quoted}")),
        }
    }
}

/// Calls an operation with a new client, whose attempts fail with these faults in turn and then with the
/// last one. Returns the error and the fault of every attempt.
fn call(case: &Case, version: ApiVersion, faults: &[Fault]) -> (Error, Vec<Fault>) {
    let made = Arc::<Mutex<Vec<Fault>>>::default();
    let (met, faults) = (Arc::clone(&made), faults.to_vec());
    let first = OnceLock::new();
    let transport = RespondWith::new(move |call| {
        let request = call.request();
        // The request of every attempt is built anew, and says the same.
        assert_sends_the_same(first.get_or_init(|| request.clone()), request);
        let mut met = met.lock().expect("no panic held it");
        let fault = faults[met.len().min(faults.len() - 1)];
        met.push(fault);
        fault.respond(request)
    });
    let clock = VirtualClock::manual();
    let builder = over(transport, &clock)
        .rate_limiter(NoRateLimit::new())
        .version(version);
    let client = watched(builder);
    let result = clock.run((case.call)(&client));
    let error = result.expect_err("every attempt fails");
    assert_error_hides_all(&error);
    let made = made.lock().expect("no panic held it").clone();
    (error, made)
}

/// Asserts that a retry sends, byte for byte, what the first attempt did.
fn assert_sends_the_same(first: &RecordedRequest, retry: &RecordedRequest) {
    assert_eq!((retry.method(), retry.uri()), (first.method(), first.uri()));
    assert_eq!(retry.headers(), first.headers());
    assert!(retry.authorization_is(TOKEN));
    assert_eq!(retry.body(), first.body());
}

/// The result of one call.
struct Measured {
    operation: &'static str,
    option: String,
    version: ApiVersion,
    is_idempotent: bool,
    fault: Fault,
    outcome: Outcome,
    /// The attempts in the error.
    attempts: u32,
    sent: Sent,
}

/// What the documentation shows of a call.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Outcome {
    attempts: usize,
    /// The attempts that the server may have seen.
    seen: usize,
    kind: ErrorKind,
    may_have_been_applied: bool,
}

/// Every operation with every option, in the API versions that have it, with every fault.
static MEASURED: LazyLock<Vec<Measured>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for operation in every_operation() {
        for case in &operation.cases {
            for (version, request) in ApiVersion::ALL.iter().copied().zip(&case.requests) {
                if request.is_ok() {
                    let faults = every_fault().into_iter();
                    all.extend(faults.map(|fault| measure(operation.name, case, version, fault)));
                }
            }
        }
    }
    all
});

fn measure(operation: &'static str, case: &Case, version: ApiVersion, fault: Fault) -> Measured {
    let (error, made) = call(case, version, &[fault]);
    let seen = made.iter().filter(|fault| fault.sent() != Sent::Never);
    Measured {
        operation,
        option: case.option.clone(),
        version,
        is_idempotent: case.is_idempotent,
        fault,
        outcome: Outcome {
            attempts: made.len(),
            seen: seen.count(),
            kind: error.kind(),
            may_have_been_applied: error.may_have_been_applied(),
        },
        attempts: error.attempts(),
        sent: error.sent(),
    }
}

#[test]
fn every_operation_follows_retry_rules() {
    let mut names = BTreeSet::new();
    for one in &*MEASURED {
        let (idempotent, fault, outcome) = (one.is_idempotent, one.fault, one.outcome);
        names.insert((one.operation, one.version.segment(), idempotent));
        let what = format!(
            "{}, {}, {:?}, {fault:?}: {outcome:?}",
            one.operation, one.option, one.version
        );
        let attempts = if fault.is_retried(idempotent) {
            fault.attempts()
        } else {
            1
        };
        assert_eq!(outcome.attempts, attempts, "{what}");
        assert_eq!(one.attempts as usize, attempts, "{what}");
        assert_eq!(outcome.kind, fault.kind(), "{what}");
        assert_eq!(one.sent, fault.sent(), "{what}");
        let applied = fault.may_have_been_applied();
        assert_eq!(outcome.may_have_been_applied, applied, "{what}");
        // The invariant, independent of the rules above.
        assert!(
            idempotent || outcome.seen <= 1 || fault.is_harmless(),
            "{what}"
        );
    }
    // 24 operations, of which one exists only in v2, and one is idempotent or not by its values.
    let in_version = |segment| names.iter().filter(|(_, of, _)| *of == segment).count();
    assert_eq!((in_version("v1"), in_version("v2")), (24, 25));
}

#[test]
fn operations_missing_in_version_are_unsent() {
    for operation in every_operation() {
        for case in &operation.cases {
            for (version, request) in ApiVersion::ALL.iter().zip(&case.requests) {
                if request.is_err() {
                    let (error, made) = call(case, *version, &[Fault::Unreadable]);
                    assert_eq!((error.kind(), made.len()), (ErrorKind::InvalidRequest, 0));
                    assert_eq!((error.attempts(), error.sent()), (0, Sent::Never));
                    assert!(!error.may_have_been_applied());
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// For any faults in any order.
    #[test]
    fn no_fault_order_repeats_a_message(
        faults in prop::collection::vec(prop::sample::select(every_fault()), 1..4),
        reply in any::<bool>(),
    ) {
        thread_local! {
            static CASES: [Case; 2] = ["conversations.reply", "conversations.get"].map(|name| {
                let mut all = every_operation().into_iter();
                all.find(|one| one.name == name).expect("an operation").cases.remove(0)
            });
        }
        let (error, made) = CASES.with(|cases| call(&cases[usize::from(!reply)], ApiVersion::V2, &faults));
        let (last, before) = made.split_last().expect("one at least");
        prop_assert!(before.iter().all(|fault| fault.is_retried(!reply)));
        prop_assert!(made.len() >= last.attempts() || !last.is_retried(!reply));
        if reply {
            prop_assert!(before.iter().all(|fault| fault.is_harmless()), "{made:?}");
        }
        let applied = made.iter().any(|fault| fault.may_have_been_applied());
        prop_assert_eq!(error.may_have_been_applied(), applied, "{:?}", made);
        let sent = made.iter().map(|fault| fault.sent()).max();
        prop_assert_eq!(Some(error.sent()), sent, "{:?}", made);
        prop_assert_eq!(error.kind(), last.kind());
    }
}
