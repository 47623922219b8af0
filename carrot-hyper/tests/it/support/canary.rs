//! A token, an e-mail address and other secrets that only the server may see, and a watch over all
//! output.
//!
//! Every test that uses the support is watched from its first transport on: the log of every crate at
//! every level, every span, every panic. A secret there ends the test program at once, since in a
//! detached task it could go unnoticed. [`tells_no_secret`] checks errors, and [`Reports`] reports.

use std::{
    error::Error,
    io::{self, Write},
    sync::{Mutex, Once},
};

use carrot_hyper::client::{AttemptReport, CallReport, Observer};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::format::FmtSpan;

/// Stands in all of them, and in nothing else.
pub(crate) const MARK: &str = "c4n4ry";
/// Stands in the `Authorization` of every request.
pub(crate) const TOKEN: &str = "app.1.c4n4ry-token";
/// Stands in the query or the body of every request.
pub(crate) const EMAIL: &str = "c4n4ry-mail@example.com";

/// The words of one test program that asks for them.
static KEPT: Mutex<Option<String>> = Mutex::new(None);

/// Looks through what is said from now on. The first of many calls counts.
pub(crate) fn watch() {
    static WATCHING: Once = Once::new();
    WATCHING.call_once(|| {
        let lines = tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_span_events(FmtSpan::NEW | FmtSpan::CLOSE)
            .with_writer(|| Watch);
        tracing::subscriber::set_global_default(lines.finish()).unwrap();
        log::set_logger(&Watch).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            usual(panic);
            said(&format!("panic: {panic}"));
        }));
    });
}

/// Watches, and keeps what is said for [`kept`].
pub(crate) fn watch_and_keep() {
    *KEPT.lock().unwrap() = Some(String::new());
    watch();
}

/// All that was said since [`watch_and_keep`].
pub(crate) fn kept() -> String {
    KEPT.lock().unwrap().clone().unwrap_or_default()
}

fn said(text: &str) {
    if text.contains(MARK) {
        // Not by a macro: what those print is kept by the test, which has no time left to show it.
        let _ = writeln!(std::io::stderr(), "a secret was said: {text}");
        std::process::abort();
    }
    let mut kept = KEPT.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(kept) = kept.as_mut() {
        kept.push_str(text);
        kept.push('\n');
    }
}

/// What somebody shows holds none of the secrets.
pub(crate) fn assert_hidden(what: &str, shown: &str) {
    assert!(!shown.contains(MARK), "{what} shows a secret: {shown}");
}

/// Neither the error nor anything beneath it shows a secret.
pub(crate) fn tells_no_secret(error: &(dyn Error + 'static)) {
    assert_hidden("an error", &shown(error));
}

/// Everything that an error shows, and all errors beneath it.
pub(crate) fn shown(error: &(dyn Error + 'static)) -> String {
    let mut shown = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        shown.push_str(&format!("{error}\n{error:?}\n{error:#?}\n"));
        next = error.source();
    }
    shown
}

/// An observer whose reports are looked through like a log.
#[derive(Debug)]
pub(crate) struct Reports;

impl Observer for Reports {
    fn attempt(&self, report: &AttemptReport) {
        said(&format!("{report:?} {report:#?}"));
    }

    fn call(&self, report: &CallReport) {
        said(&format!("{report:?} {report:#?}"));
    }
}

#[derive(Clone, Copy)]
struct Watch;

/// Each line of `tracing` comes in one piece.
impl Write for Watch {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        said(&String::from_utf8_lossy(line));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl log::Log for Watch {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        said(&format!("{} {}", record.target(), record.args()));
    }

    fn flush(&self) {}
}
