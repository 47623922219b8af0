//! Which failed attempts are made again: every operation, every fault, both generations.
//!
//! The table in `docs/retry.md` is measured here. Run with `UPDATE_SNAPSHOTS=1` to write it anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::{
    fmt::Write as _,
    sync::atomic::{AtomicUsize, Ordering},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use bytes::Bytes;
use carrot_core::{
    ApiVersion, AuthToken, Body, Client, Error, ErrorKind, HttpTransport, Sent, TransportError,
    UnlimitedQuota,
    endpoint::RepeatSafety,
    transport::{TimeoutPhase, TransportErrorKind},
};
use carrot_testing::VirtualClock;
use proptest::prelude::*;
use support::{
    TOKEN, assert_snapshot,
    operations::{Case, every_operation},
    simulation::simulate_one,
};

/// What can go wrong with one attempt.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Transport(TransportErrorKind, Sent),
    Status(u16),
    /// A success by its HTTP status, an error by its envelope.
    Envelope(u16),
    /// A success that cannot be read.
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

const STATUSES: [u16; 16] = [
    301, 302, 400, 401, 403, 404, 408, 409, 418, 425, 429, 500, 502, 503, 504, 599,
];

fn every_fault() -> Vec<Fault> {
    let sents = [Sent::Never, Sent::Maybe, Sent::Yes];
    let mut faults: Vec<Fault> = KINDS
        .iter()
        .flat_map(|kind| sents.map(|sent| Fault::Transport(*kind, sent)))
        .collect();
    faults.extend(STATUSES.map(Fault::Status));
    faults.extend([400, 429, 500, 503].map(Fault::Envelope));
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

    fn is_rejected(self) -> bool {
        matches!(self, Self::Transport(TransportErrorKind::Rejected, _))
    }

    /// What the library promises, in words of its own.
    fn is_repeated(self, safe: bool) -> bool {
        match self {
            Self::Transport(TransportErrorKind::Rejected, _) => false,
            Self::Transport(_, Sent::Never) | Self::Status(429) | Self::Envelope(429) => true,
            Self::Transport(..) => safe && !self.is_too_large(),
            Self::Status(status) | Self::Envelope(status) => safe && status >= 500,
            Self::Unreadable => false,
        }
    }

    fn may_have_been_applied(self) -> bool {
        match self {
            Self::Transport(_, sent) => sent != Sent::Never,
            Self::Status(status) | Self::Envelope(status) => status >= 500 || status == 408,
            Self::Unreadable => true,
        }
    }

    /// Whether the server cannot have done what was asked: the only faults after which a message may
    /// be sent again.
    fn is_harmless(self) -> bool {
        matches!(
            self,
            Self::Transport(_, Sent::Never) | Self::Status(429) | Self::Envelope(429)
        )
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
            Self::Status(_) | Self::Envelope(_) => ErrorKind::Refused,
            Self::Unreadable => ErrorKind::Unreadable,
        }
    }

    fn answer(self) -> Result<http::Response<Bytes>, TransportError> {
        let (http_status, body) = match self {
            Self::Transport(kind, sent) => return Err(TransportError::new(kind, sent)),
            Self::Status(status) => (status, format!(r#"{{"meta":{{"status":{status}}}}}"#)),
            Self::Envelope(status) => (200, format!(r#"{{"meta":{{"status":{status}}}}}"#)),
            Self::Unreadable => (200, "<html>".to_owned()),
        };
        let mut response = http::Response::new(Bytes::from(body));
        *response.status_mut() = http::StatusCode::from_u16(http_status).expect("a status");
        Ok(response)
    }
}

/// Fails the attempts with these faults in turn, and those after them with the last.
#[derive(Clone, Debug)]
struct Failing {
    faults: Arc<Mutex<Vec<Fault>>>,
    seen: Arc<AtomicUsize>,
}

#[async_trait]
impl HttpTransport for Failing {
    async fn send(
        &self,
        _request: http::Request<Body>,
    ) -> Result<http::Response<Bytes>, TransportError> {
        let index = self.seen.fetch_add(1, Ordering::Relaxed);
        let faults = self.faults.lock().expect("no panic held it");
        faults[index.min(faults.len() - 1)].answer()
    }
}

/// Calls an operation on a client of its own; gives the error, and how often the transport saw it.
fn call(case: &Case, version: ApiVersion, faults: &[Fault]) -> (Error, usize) {
    let transport = Failing {
        faults: Arc::new(Mutex::new(faults.to_vec())),
        seen: Arc::default(),
    };
    let clock = VirtualClock::manual();
    let token = AuthToken::new(TOKEN).expect("a sound token");
    let client = Client::builder(transport.clone(), clock.clone(), token)
        .quota(UnlimitedQuota::new())
        .version(version)
        .build()
        .expect("a sound client");
    let result = simulate_one(&clock, (case.call)(&client));
    let error = result.expect_err("every attempt fails");
    (error, transport.seen.load(Ordering::Relaxed))
}

/// Every case that the generation knows, with whether it is safe to repeat.
fn for_every_case(mut work: impl FnMut(&str, &Case, ApiVersion, bool)) {
    for operation in every_operation() {
        for case in &operation.cases {
            for (version, request) in ApiVersion::ALL.iter().zip(&case.requests) {
                if request.is_ok() {
                    let safe = case.repeat_safety == RepeatSafety::Safe;
                    let what = format!("{}, {}, {version:?}", operation.name, case.option);
                    work(&what, case, *version, safe);
                }
            }
        }
    }
}

#[test]
fn every_operation_keeps_the_rules_with_every_fault() {
    let mut names = std::collections::BTreeSet::new();
    let mut calls = 0;
    for_every_case(|what, case, version, safe| {
        // Every option of what may not be repeated; one option of the rest, where nothing is at
        // stake.
        let name = (
            what.split(',').next().map(str::to_owned),
            version.segment(),
            safe,
        );
        if !names.insert(name) && safe {
            return;
        }
        for fault in every_fault() {
            calls += 1;
            let (error, seen) = call(case, version, &[fault]);
            let what = format!("{what}, {fault:?}");
            let expected = if fault.is_repeated(safe) { 3 } else { 1 };
            assert_eq!(seen, expected, "{what}");
            assert_eq!(error.attempts() as usize, seen, "{what}");
            assert_eq!(error.kind(), fault.kind(), "{what}");
            assert_eq!(error.sent(), fault.sent(), "{what}");
            assert_eq!(
                error.may_have_been_applied(),
                fault.may_have_been_applied(),
                "{what}"
            );
            assert!(
                safe || seen == 1 || fault.is_harmless(),
                "{what} reached the server {seen} times"
            );
        }
    });
    // 24 operations, of which one knows one generation only, and one is safe or not by its values.
    let of_one_generation = names.iter().filter(|(.., segment, _)| *segment == "v2");
    assert_eq!(of_one_generation.count(), 25);
    assert!(calls > 5_000, "{calls}");
}

#[test]
fn nothing_is_sent_of_a_call_that_its_generation_does_not_know() {
    for operation in every_operation() {
        for case in &operation.cases {
            for (version, request) in ApiVersion::ALL.iter().zip(&case.requests) {
                if request.is_err() {
                    let (error, seen) = call(case, *version, &[Fault::Unreadable]);
                    assert_eq!((error.kind(), seen), (ErrorKind::InvalidRequest, 0));
                    assert_eq!((error.attempts(), error.sent()), (0, Sent::Never));
                    assert!(!error.may_have_been_applied());
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever goes wrong in whatever order.
    #[test]
    fn no_message_is_sent_twice_whatever_the_order_of_faults(
        faults in prop::collection::vec(prop::sample::select(every_fault()), 1..4),
        reply in any::<bool>(),
    ) {
        thread_local! {
            static CASES: [Case; 2] = ["conversations.reply", "conversations.get"].map(|name| {
                let mut all = every_operation().into_iter();
                all.find(|one| one.name == name).expect("an operation").cases.remove(0)
            });
        }
        let (error, seen) = CASES.with(|cases| call(&cases[usize::from(!reply)], ApiVersion::V2, &faults));
        let made: Vec<Fault> =
            (0..seen).map(|index| faults[index.min(faults.len() - 1)]).collect();
        let (last, before) = made.split_last().expect("one at least");
        prop_assert!(before.iter().all(|fault| fault.is_repeated(!reply)));
        prop_assert!(seen == 3 || !last.is_repeated(!reply));
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

#[test]
fn the_table_in_the_documentation_is_what_was_measured() {
    let transport = |sent, too_large: bool| -> Vec<Fault> {
        let of_row = |fault: &Fault| match fault {
            Fault::Transport(_, of) => {
                *of == sent && (too_large == fault.is_too_large()) && !fault.is_rejected()
            }
            _ => false,
        };
        every_fault().into_iter().filter(of_row).collect()
    };
    let never = [transport(Sent::Never, false), transport(Sent::Never, true)].concat();
    let statuses = |of_row: fn(&u16) -> bool| -> Vec<Fault> {
        let statuses = STATUSES.iter().copied().filter(of_row);
        statuses.map(Fault::Status).collect()
    };
    let too_large = [transport(Sent::Maybe, true), transport(Sent::Yes, true)].concat();
    let rows: Vec<(&str, Vec<Fault>)> = vec![
        ("no answer, and the request was surely not sent", never),
        (
            "no answer, since the transport itself rejects the request",
            vec![Fault::Transport(TransportErrorKind::Rejected, Sent::Never)],
        ),
        (
            "no answer, and the request may have reached the server",
            transport(Sent::Maybe, false),
        ),
        (
            "the answer broke off or took too long, after it had begun",
            transport(Sent::Yes, false),
        ),
        ("the answer is larger than the cap", too_large),
        (
            "status 429, too many requests",
            statuses(|status| *status == 429),
        ),
        ("status 408", statuses(|status| *status == 408)),
        ("any other status below 500 but 2xx", {
            statuses(|status| *status < 500 && ![408, 429].contains(status))
        }),
        ("status 500 and above", statuses(|status| *status >= 500)),
        ("an answer that cannot be read", vec![Fault::Unreadable]),
    ];
    let operations = every_operation();
    let case = |name: &str| {
        let operation = operations.iter().find(|one| one.name == name);
        &operation.expect("an operation").cases[0]
    };
    let (safe, not_safe) = (case("conversations.assign"), case("conversations.reply"));
    let mut text = String::from(
        "| what went wrong | attempts, safe to repeat | attempts, not safe to repeat | \
         may have been applied |\n|---|---|---|---|\n",
    );
    for (row, faults) in rows {
        let measured = |case: &Case| {
            let mut all: Vec<_> = faults
                .iter()
                .map(|fault| call(case, ApiVersion::V2, &[*fault]))
                .map(|(error, seen)| (seen, error.may_have_been_applied()))
                .collect();
            all.dedup();
            assert_eq!(all.len(), 1, "{row}: {all:?}");
            all[0]
        };
        let ((often, applied), (seldom, not_safe_applied)) = (measured(safe), measured(not_safe));
        assert_eq!(applied, not_safe_applied, "{row}");
        let applied = if applied { "yes" } else { "no" };
        let _ = writeln!(text, "| {row} | {often} | {seldom} | {applied} |");
    }
    assert_snapshot("docs/retry.md", &text);
}
