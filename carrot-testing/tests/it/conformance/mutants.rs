use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use carrot_testing::conformance::{self, Level, Rule, Verdict};

use super::{breaks::Break, reference::ReferenceStack};

/// The rules that each mutant breaks, and no other.
pub(crate) const MUTANTS: &[(Break, &[&str])] = &[
    (Break::ReplacesMethod, &["REQ-01"]),
    (Break::DecodesTarget, &["REQ-02"]),
    (Break::ResolvesDots, &["REQ-02"]),
    (Break::SortsQuery, &["REQ-02"]),
    (Break::DropsRepeatedHeaders, &["REQ-03"]),
    (Break::HostWithoutPort, &["REQ-04"]),
    (Break::NoLengthForEmptyPost, &["REQ-05"]),
    (Break::LengthOnGet, &["REQ-06"]),
    (Break::SendsTextBody, &["REQ-07"]),
    (Break::AddsHeader, &["REQ-08"]),
    (Break::AddsUserAgent, &["REQ-09"]),
    (Break::AddsSecondAccept, &["REQ-10"]),
    (Break::AsksForCompression, &["REQ-12"]),
    (Break::DropsObsText, &["REQ-13"]),
    (Break::SendsOperation, &["REQ-14"]),
    (Break::ReadsBodyOfHead, &["REQ-15"]),
    (Break::UnsentAsMaybe, &["ERR-01", "ERR-02", "REQ-16"]),
    (
        Break::StatusAsError,
        &["CON-09", "RSP-01", "RSP-03", "RSP-11", "RSP-12", "SEC-03"],
    ),
    (Break::FollowsRedirects, &["RSP-02", "SEC-03"]),
    (Break::FollowsRefresh, &["SEC-03"]),
    (Break::MeetsChallenges, &["RSP-03"]),
    (
        Break::TakesInterim,
        &["ERR-07", "ERR-11", "RSP-04", "SEC-01"],
    ),
    (Break::ReadsBodyOf204, &["RSP-05"]),
    (Break::RejectsExtensions, &["RSP-06"]),
    (
        Break::NoBodyWithoutLength,
        &["LIM-01", "LIM-03", "RSP-07", "TIM-07", "TLS-12"],
    ),
    (Break::KeepsLastHeader, &["FRM-07", "RSP-08"]),
    (Break::ReadsTextBody, &["RSP-09", "RSP-13"]),
    (Break::RetriesOn429, &["RSP-11"]),
    (Break::RetriesOn5xx, &["RSP-12"]),
    (Break::HidesEncoding, &["RSP-13"]),
    (Break::KeepsCookies, &["RSP-14"]),
    (Break::HalfHeadAsNever, &["ERR-07", "FRM-01"]),
    (
        Break::TruncatedAsOk,
        &["ERR-07", "ERR-11", "FRM-02", "SEC-01"],
    ),
    (Break::HalfChunkAsOk, &["FRM-03"]),
    (
        Break::ProtocolAsReset,
        &["FRM-05", "FRM-06", "FRM-07", "FRM-09", "FRM-10"],
    ),
    (Break::SkipsBadHeaders, &["FRM-06", "SEC-01"]),
    (Break::TakesFirstLength, &["FRM-07"]),
    (Break::LengthWins, &["FRM-08"]),
    (Break::BadLengthAsZero, &["FRM-09"]),
    (Break::BadChunkAsEnd, &["FRM-10"]),
    (Break::NoHeadLimit, &["FRM-11", "FRM-12", "FRM-14"]),
    (Break::TinyHeadLimit, &["FRM-13"]),
    (Break::KeepsExtraBytes, &["CON-07", "CON-08", "FRM-15"]),
    (
        Break::AlwaysNever,
        &[
            "CON-10", "ERR-03", "ERR-04", "ERR-05", "ERR-06", "ERR-07", "ERR-10", "FRM-01",
            "FRM-02", "FRM-03", "FRM-04", "FRM-05", "FRM-06", "FRM-07", "FRM-09", "FRM-10",
            "FRM-11", "FRM-12", "FRM-14", "H2-04", "H2-06", "H2-08", "H2-09", "H2-10", "LIM-02",
            "LIM-03", "LIM-05", "LIM-08", "LIM-09", "TIM-01", "TIM-02", "TIM-03", "TIM-07",
            "TIM-09", "TLS-12", "TLS-13", "TLS-14",
        ],
    ),
    (
        Break::AlwaysYes,
        &[
            "ERR-01", "ERR-02", "ERR-03", "ERR-04", "ERR-05", "ERR-09", "ERR-10", "H2-03", "H2-04",
            "H2-05", "H2-06", "REQ-16", "TIM-01", "TIM-04", "TIM-05", "TLS-02", "TLS-03", "TLS-04",
            "TLS-05", "TLS-06", "TLS-07", "TLS-08", "TLS-13", "TLS-14",
        ],
    ),
    (
        Break::AlwaysMaybe,
        &[
            "ERR-01", "ERR-02", "ERR-06", "FRM-02", "FRM-03", "FRM-04", "FRM-10", "H2-03", "H2-05",
            "H2-08", "H2-09", "LIM-02", "LIM-03", "LIM-05", "LIM-08", "LIM-09", "REQ-16", "TIM-03",
            "TIM-04", "TIM-05", "TIM-07", "TIM-09", "TLS-02", "TLS-03", "TLS-04", "TLS-05",
            "TLS-06", "TLS-07", "TLS-08", "TLS-12",
        ],
    ),
    (
        Break::ErrorsAsOther,
        &[
            "ERR-01", "ERR-02", "ERR-04", "ERR-05", "ERR-06", "ERR-10", "FRM-01", "FRM-02",
            "FRM-03", "FRM-04", "FRM-05", "FRM-06", "FRM-07", "FRM-09", "FRM-10", "H2-03", "H2-05",
            "H2-06", "H2-08", "H2-09", "LIM-02", "LIM-03", "LIM-05", "LIM-08", "LIM-09", "TIM-01",
            "TIM-02", "TIM-03", "TIM-04", "TIM-05", "TIM-07", "TIM-09", "TIM-13", "TLS-02",
            "TLS-03", "TLS-04", "TLS-05", "TLS-06", "TLS-07", "TLS-08", "TLS-12", "TLS-13",
        ],
    ),
    (
        Break::TruncatedAsReset,
        &["ERR-06", "FRM-02", "FRM-03", "FRM-04", "TLS-12"],
    ),
    (Break::RetriesReset, &["ERR-08"]),
    (Break::RetriesStale, &["ERR-08"]),
    (
        Break::StaleAsNever,
        &["CON-07", "CON-10", "ERR-07", "ERR-10", "TLS-14"],
    ),
    (Break::StaleAsYes, &["CON-07", "ERR-09", "ERR-10", "TLS-14"]),
    (Break::CapIsExclusive, &["LIM-01", "LIM-06"]),
    (Break::IgnoresDeclared, &["LIM-02"]),
    (Break::CapAfterBuffering, &["LIM-02", "LIM-03", "LIM-04"]),
    (Break::KeepsTooLargeOpen, &["CAN-01", "CAN-02", "LIM-04"]),
    (Break::ZeroCapIsNone, &["LIM-05"]),
    (Break::OwnCap, &["LIM-06"]),
    (Break::NeverDecompresses, &["LIM-07", "LIM-08", "LIM-09"]),
    (Break::CapOnWire, &["LIM-08"]),
    (Break::BrokenGzipAsOk, &["LIM-09"]),
    (
        Break::IgnoresTimeout,
        &[
            "TIM-01", "TIM-02", "TIM-03", "TIM-04", "TIM-05", "TIM-09", "TIM-11", "TIM-13",
        ],
    ),
    (
        Break::EarlyTimeout,
        &["TIM-01", "TIM-02", "TIM-03", "TIM-04", "TIM-05", "TIM-09"],
    ),
    (Break::OwnTimeout, &["TIM-06", "TIM-08"]),
    (Break::ResponseTimeoutAsNever, &["TIM-01", "TIM-02"]),
    (Break::ConnectTimeoutAsMaybe, &["TIM-04", "TIM-05"]),
    (
        Break::TimeOfHeadOnly,
        &[
            "TIM-01", "TIM-02", "TIM-03", "TIM-04", "TIM-05", "TIM-09", "TIM-11", "TIM-13",
        ],
    ),
    (Break::IdleIgnored, &["TIM-07"]),
    (Break::IdleIsTotal, &["TIM-08"]),
    (Break::OverflowsTime, &["TIM-12"]),
    (Break::ZeroIsUnlimited, &["TIM-13"]),
    (Break::IgnoresClose, &["CON-02"]),
    (Break::OneAtATime, &["CON-03", "H2-07", "RUN-01"]),
    (Break::MixesUp, &["CON-03", "CON-04"]),
    (
        Break::ReusesUnfinished,
        &[
            "CAN-01", "CAN-02", "CAN-05", "CON-02", "CON-05", "CON-07", "CON-08", "CON-10",
            "FRM-15", "LIM-04", "TIM-10", "TIM-11",
        ],
    ),
    (Break::Pipelines, &["CON-04", "CON-06", "LIM-04"]),
    (
        Break::PoisonedByUnfinished,
        &["CAN-01", "CAN-02", "CAN-04", "CAN-05", "TIM-10", "TIM-11"],
    ),
    (Break::Detached, &["CAN-01", "CAN-02"]),
    (Break::StartsEarly, &["CAN-01", "CAN-02", "CAN-03"]),
    (Break::ResendsDropped, &["CAN-05"]),
    (Break::BlocksThread, &["CAN-01", "CAN-02", "RUN-01"]),
    (
        Break::BoundToThread,
        &["CON-03", "CON-04", "CON-06", "H2-07", "RUN-02"],
    ),
    (
        Break::IgnoresAddedRoot,
        &[
            "H2-01", "H2-02", "H2-03", "H2-04", "H2-05", "H2-06", "H2-07", "H2-08", "H2-09",
            "H2-10", "TLS-01", "TLS-05", "TLS-09", "TLS-10", "TLS-11", "TLS-12", "TLS-13",
            "TLS-14",
        ],
    ),
    (
        Break::AcceptsAnyCertificate,
        &["TLS-02", "TLS-03", "TLS-04", "TLS-05"],
    ),
    (Break::SkipsHostName, &["TLS-04"]),
    (Break::SkipsExpiry, &["TLS-03"]),
    (
        Break::TlsAsMaybe,
        &[
            "TLS-02", "TLS-03", "TLS-04", "TLS-05", "TLS-06", "TLS-07", "TLS-08",
        ],
    ),
    (Break::TlsAlwaysNever, &["TLS-14"]),
    (Break::OnlyTls13, &["TLS-09", "TLS-14"]),
    (Break::NoServerName, &["TLS-10"]),
    (Break::RejectsAddresses, &["TLS-11"]),
    (Break::CutIsEnd, &["TLS-12"]),
    (Break::LeaksRequestInError, &["SEC-01"]),
    (Break::LeaksTokenInDebug, &["SEC-02"]),
    (
        Break::NeverHttp2,
        &["H2-01", "H2-03", "H2-05", "H2-07", "H2-09"],
    ),
    (Break::AlwaysHttp2, &["H2-02"]),
    (Break::UnprocessedAsMaybe, &["H2-03"]),
    (Break::StreamResetAsNever, &["H2-04"]),
    (Break::GoneAsMaybe, &["H2-05"]),
    (Break::GoneAsNever, &["H2-06", "H2-10"]),
    (Break::StreamCutAsOk, &["H2-08"]),
    (Break::StreamNoCap, &["H2-09"]),
    (Break::StreamNoHeadLimit, &["H2-10"]),
];

/// What needs a process of its own, as the test below has.
const BY_ENVIRONMENT: &str = "ENV-01";

/// What the reference itself does not keep.
const NOT_KEPT: &str = "ERR-12";

#[test]
fn every_must_has_a_mutant() {
    let musts = conformance::rules()
        .iter()
        .filter(|rule| rule.level == Level::Must);
    for rule in musts.filter(|rule| rule.id != BY_ENVIRONMENT) {
        let broken = MUTANTS.iter().any(|(_, rules)| rules.contains(&rule.id));
        assert!(broken, "no mutant breaks {}: {}", rule.id, rule.title);
    }
    for (mutant, rules) in MUTANTS {
        assert!(!rules.is_empty(), "{mutant:?} breaks no rule");
        for id in *rules {
            assert!(
                conformance::rule(id).is_some(),
                "{mutant:?} breaks {id}, which is not a rule"
            );
        }
    }
}

fn breaks(mutant: Break, rule: &Rule) -> bool {
    let stack = ReferenceStack::new(mutant);
    matches!(conformance::check(&stack, rule), Verdict::Failed(_))
}

/// What these mutants do otherwise than the table says of these rules. On a busy machine a rule about time
/// may fail by chance, so what differs is looked at again.
fn surprises(pairs: &[(Break, &Rule, bool)]) -> String {
    let next = AtomicUsize::new(0);
    let surprises = Mutex::new(Vec::new());
    thread::scope(|scope| {
        // They wait for each other's sockets, not for the processor.
        for _ in 0..48 {
            scope.spawn(|| {
                while let Some((mutant, rule, expected)) =
                    pairs.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    if (0..3).any(|_| breaks(*mutant, rule) == *expected) {
                        continue;
                    }
                    let verb = if *expected { "keeps" } else { "breaks" };
                    surprises
                        .lock()
                        .unwrap()
                        .push(format!("{mutant:?} {verb} {}", rule.id));
                }
            });
        }
    });
    surprises.into_inner().unwrap().join("\n")
}

/// Every mutant with every rule, and whether it breaks it.
fn table() -> impl Iterator<Item = (Break, &'static Rule, bool)> {
    let rules = conformance::rules()
        .iter()
        .filter(|rule| rule.id != NOT_KEPT);
    MUTANTS.iter().flat_map(move |(mutant, broken)| {
        rules
            .clone()
            .map(move |rule| (*mutant, rule, broken.contains(&rule.id)))
    })
}

#[test]
#[ignore = "takes minutes: bash .ci/run conformance"]
fn mutants_break_their_rules() {
    let broken: Vec<_> = table().filter(|(_, _, broken)| *broken).collect();
    let surprises = surprises(&broken);
    assert!(surprises.is_empty(), "{surprises}");
}

#[test]
#[ignore = "takes minutes: bash .ci/run conformance"]
fn mutants_break_no_other_rule() {
    let kept: Vec<_> = table().filter(|(_, _, broken)| !*broken).collect();
    let surprises = surprises(&kept);
    assert!(surprises.is_empty(), "{surprises}");
}

/// Its process is run by the test itself.
mod environment {
    use carrot_testing::conformance::{self, KnownFailure};

    use super::{Break, ReferenceStack};

    #[test]
    fn env_01_no_proxy() {
        let known: &[KnownFailure] = &[(super::BY_ENVIRONMENT, "the mutant asks the proxy")];
        let stack = ReferenceStack::new(Break::ReadsProxyOfEnvironment);
        conformance::__test(&stack, super::BY_ENVIRONMENT, known, module_path!());
    }
}
