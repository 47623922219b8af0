//! A cassette that checks the service against itself.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use carrot_core::{Body, HttpTransport, Sent, TransportError, transport::TransportErrorKind};
use http::{Method, Request, Response};

use super::{
    drift::Drift,
    exchange,
    recorder::Recorder,
    tape::{self, Tape},
};
use crate::{fake::RecordedCall, recording::RecordedRequest};

/// Requests go to the service, and what comes back is held against the file.
pub(super) struct Checker {
    tape: Tape,
    recorder: Recorder,
    /// The operations whose requests were not sent, since they write.
    rejected: Mutex<BTreeSet<String>>,
}

impl Checker {
    pub(super) fn load(path: &Path, transport: Box<dyn HttpTransport>) -> Result<Self, String> {
        Ok(Self {
            tape: Tape::load(path)?,
            recorder: Recorder::new(transport),
            rejected: Mutex::default(),
        })
    }

    pub(super) fn requests(&self) -> usize {
        self.recorder.requests()
    }

    /// Sends a request on, unless it writes and may not.
    pub(super) async fn send(
        &self,
        request: Request<Body>,
        now: SystemTime,
        may_write: bool,
    ) -> Result<Response<Bytes>, TransportError> {
        if request.method() == Method::GET || may_write {
            return self.recorder.send(request, now).await;
        }
        let call = RecordedCall::new(RecordedRequest::from(request), Duration::ZERO);
        let mut rejected = self.rejected.lock().unwrap_or_else(PoisonError::into_inner);
        rejected.insert(exchange::operation(&call));
        let kind = TransportErrorKind::Rejected;
        Err(TransportError::new(kind, Sent::Never).with_source(
            "it writes, and the cassette only checks: CARROT_CASSETTES=check-writes sends it, to a throw-away app",
        ))
    }

    /// Writes the report beside the cassette; an old one goes where there is nothing to report. The error is
    /// the report of what breaks.
    pub(super) fn finish(
        &self,
        path: &Path,
        secrets: &[String],
        unused_is_fine: bool,
    ) -> Result<(), String> {
        let drift = self.report(path, secrets, unused_is_fine)?;
        let beside = report_path(path);
        match &drift {
            Some((text, _)) => tape::save(&beside, text)?,
            None => match fs::remove_file(&beside) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(format!("{} cannot be removed: {error}", beside.display()));
                }
                _ => {}
            },
        }
        match drift {
            Some((text, true)) => Err(text),
            _ => Ok(()),
        }
    }

    /// What changed, and whether something breaks.
    pub(super) fn report(
        &self,
        path: &Path,
        secrets: &[String],
        unused_is_fine: bool,
    ) -> Result<Option<(String, bool)>, String> {
        let rules = &self.tape.rules;
        let live = self.recorder.redacted(rules, secrets);
        let recorded = &self.tape.interactions;
        let mut drift = Drift::new(rules, recorded, &live.interactions, unused_is_fine);
        let rejected = self.rejected.lock().unwrap_or_else(PoisonError::into_inner);
        rejected.iter().for_each(|one| drift.rejected(one));
        if drift.is_empty() {
            return Ok(None);
        }
        let text = drift.report(path);
        live.net.pass(&text).map_err(|list| {
            let path = path.display();
            format!("the report on {path} would hold what must not be written:\n{list}\n")
        })?;
        Ok(Some((text, drift.is_breaking())))
    }
}

/// `greeting.drift.txt` for `greeting.json`.
fn report_path(path: &Path) -> PathBuf {
    path.with_extension("drift.txt")
}
