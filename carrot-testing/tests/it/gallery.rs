//! The page that shows every failure text of the kit, made from what the tests compare.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    future::pending,
    path::{Path, PathBuf},
    time::Duration,
};

use carrot_core::{Clock, conversations::Reply};
use carrot_testing::{Sandbox, VirtualClock, sandbox::Fault};

use crate::support::failure;

/// The chapters, and in each what a text is about and its file below `tests`.
const CHAPTERS: &[(&str, &[(&str, &str)])] = &[
    (
        "Calls that were not expected",
        &[
            ("Nothing is expected", "failures/nothing_expected.txt"),
            (
                "Another operation is expected",
                "failures/another_operation.txt",
            ),
            ("A parameter differs", "failures/param.txt"),
            ("Every kind of matcher fails", "failures/every_matcher.txt"),
            ("A given call differs", "failures/exact_call.txt"),
            (
                "A given call has other JSON",
                "failures/exact_call_json.txt",
            ),
            (
                "A given call has another file",
                "failures/exact_call_file.txt",
            ),
            (
                "A given call of another API version",
                "failures/exact_call_version.txt",
            ),
            ("A long text differs", "failures/long_text.txt"),
            ("A call comes once too often", "failures/too_often.txt"),
            ("A retry is not expected", "failures/retry_not_expected.txt"),
            ("An expectation has no reply", "failures/no_reply.txt"),
            (
                "A call comes before its expectation",
                "failures/too_early.txt",
            ),
            ("An operation of your own", "failures/own_operation.txt"),
            ("The token is in a request", "failures/token.txt"),
            ("Many calls", "failures/many_calls.txt"),
        ],
    ),
    (
        "Calls that do not come",
        &[
            ("An operation is never called", "failures/never_called.txt"),
            (
                "A given call is never made",
                "failures/never_called_exactly.txt",
            ),
            ("A call comes less often", "failures/less_often.txt"),
            ("A sequence is not used up", "failures/sequence.txt"),
            (
                "A sequence stops at an error",
                "failures/sequence_after_error.txt",
            ),
            ("Another expectation took the call", "failures/taken.txt"),
            ("A lenient fake", "failures/lenient.txt"),
        ],
    ),
    (
        "Questions to a fake",
        &[
            ("Nothing should be called", "failures/no_calls.txt"),
            ("The order is another one", "failures/order.txt"),
            (
                "An unexpected call breaks the order",
                "failures/order_not_expected.txt",
            ),
            (
                "One call should come and none does",
                "failures/single_none.txt",
            ),
            ("One call should come and more do", "failures/single.txt"),
            (
                "One call should come and is not expected",
                "failures/single_not_expected.txt",
            ),
        ],
    ),
    (
        "Cassettes",
        &[
            ("There is no cassette", "failures/cassette_absent.txt"),
            ("A request is another one", "failures/cassette_outdated.txt"),
            (
                "Interactions are missing and unused",
                "failures/cassette_unused.txt",
            ),
            ("The service changed", "failures/cassette_drift.txt"),
            ("A secret would be written", "failures/cassette_secret.txt"),
            (
                "A file holds what it must not hold",
                "failures/cassette_dirty.txt",
            ),
        ],
    ),
    (
        "Torture",
        &[
            ("A bot that retries blindly", "torture/retry_blindly.txt"),
            (
                "A bot that marks and then sends",
                "torture/mark_then_send.txt",
            ),
            (
                "A bot that reconciles at once",
                "torture/reconcile_at_once.txt",
            ),
            (
                "A bot that sends when it does not know",
                "torture/send_when_unknown.txt",
            ),
        ],
    ),
];

fn package() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The texts that stand in no file.
fn short_ones() -> Vec<(&'static str, String)> {
    let second = Duration::from_secs(1);
    vec![
        (
            "A fault of the sandbox is not used",
            failure(|| {
                let sandbox = Sandbox::new();
                sandbox.inject(Fault::lost_response().on::<Reply>().nth(2));
            }),
        ),
        (
            "The clock sees nothing that moves it",
            failure(|| VirtualClock::new().run(pending::<()>())),
        ),
        (
            "The sleeps are others",
            failure(|| {
                let clock = VirtualClock::new();
                clock.run(clock.sleep(second));
                clock.assert_sleeps([second, second]);
            }),
        ),
    ]
}

/// The places in the sources without their lines, which move with every change.
fn without_lines(text: &str) -> String {
    let mut parts = text.split(".rs:");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|one: char| one.is_ascii_digit() || one == ':');
        let place = part.strip_suffix(rest).unwrap_or_default();
        let line = if place.is_empty() { "" } else { "LINE" };
        let colon = if place.ends_with(':') { ":" } else { "" };
        let _ = write!(shown, ".rs:{line}{colon}{rest}");
    }
    shown
}

#[test]
fn gallery_shows_every_failure_text() {
    let mut page = "# What a failing test reads\n\n\
                    Every failure text of the kit, as its tests compare it. `LINE` stands for a line of a test. A \
                    test writes this page.\n"
        .to_owned();
    let mut add = |title: &str, text: &str| {
        let _ = write!(
            page,
            "\n{title}:\n\n```text\n{}\n```\n",
            without_lines(text.trim_end())
        );
    };
    let mut shown = BTreeSet::new();
    for (chapter, texts) in CHAPTERS {
        add(&format!("## {chapter}"), "");
        for (title, file) in *texts {
            shown.insert((*file).to_owned());
            add(
                title,
                &fs::read_to_string(package().join("tests").join(file)).unwrap(),
            );
        }
    }
    add("## Faults and time", "");
    short_ones()
        .iter()
        .for_each(|(title, text)| add(title, text));
    // A chapter has no text of its own.
    for chapter in CHAPTERS
        .iter()
        .map(|(chapter, _)| *chapter)
        .chain(["Faults and time"])
    {
        page = page.replace(
            &format!("## {chapter}:\n\n```text\n\n```\n"),
            &format!("## {chapter}\n"),
        );
    }
    expect_test::expect_file![package().join("docs/gallery.md")].assert_eq(&page);

    let mut files = BTreeSet::new();
    for folder in ["failures", "torture"] {
        for entry in fs::read_dir(package().join("tests").join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            files.insert(
                Path::new(folder)
                    .join(name)
                    .to_str()
                    .unwrap()
                    .replace('\\', "/"),
            );
        }
    }
    assert_eq!(shown, files);
}
