//! A cassette that records.

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use carrot_core::{Body, HttpTransport, TransportError};
use http::{Request, Response};

use super::{
    book::{Book, Collector, START, Writer},
    exchange,
    net::Net,
    rules::Rules,
    tape::{self, Failed, Interaction, Outcome, Tape},
    walk::Leaf,
};
use crate::{fake::RecordedCall, recording::RecordedRequest};

/// What is recorded: as it was, in memory. Nothing is written before all of it is redacted.
pub(super) struct Recorder {
    inner: Box<dyn HttpTransport>,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    calls: Vec<(RecordedCall, Got)>,
    /// When the first request was made.
    started: Option<SystemTime>,
}

enum Got {
    Response(Response<Bytes>),
    Failure(Failed),
    Unfinished,
}

impl Recorder {
    pub(super) fn new(inner: Box<dyn HttpTransport>) -> Self {
        Self {
            inner,
            taken: Mutex::default(),
        }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn requests(&self) -> usize {
        self.taken().calls.len()
    }

    /// Sends a request on. One that is dropped before its response is kept without one.
    pub(super) async fn send(
        &self,
        request: Request<Body>,
        now: SystemTime,
    ) -> Result<Response<Bytes>, TransportError> {
        let call = RecordedCall::new(RecordedRequest::from(request.clone()), Duration::ZERO);
        let at = {
            let mut taken = self.taken();
            taken.started.get_or_insert(now);
            taken.calls.push((call, Got::Unfinished));
            taken.calls.len() - 1
        };
        let sent = self.inner.send(request).await;
        if let Some((_, got)) = self.taken().calls.get_mut(at) {
            *got = match &sent {
                Ok(response) => Got::Response(response.clone()),
                Err(error) => Got::Failure(exchange::failed(error)),
            };
        }
        sent
    }

    /// What was recorded, without anything that tells of a person, and the net to check a text with.
    pub(super) fn redacted(&self, rules: &Rules, secrets: &[String]) -> Redacted {
        let taken = self.taken();
        let mut collector = Collector::default();
        interactions(&taken, rules, &mut collector);
        let unknown: Vec<String> = collector.unknown.iter().cloned().collect();
        let (book, originals) = collector.into_book();
        let started = taken
            .started
            .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let started = started.map_or(START, |at| i64::try_from(at.as_secs()).unwrap_or(START));
        let mut writer = Writer {
            book: &book,
            shift: START.saturating_sub(started),
        };
        let interactions = interactions(&taken, rules, &mut writer);
        let calls = taken.calls.iter();
        let tokens = calls.flat_map(|(call, _)| call.request().tokens());
        let secrets: Vec<String> = secrets.iter().cloned().chain(tokens).collect();
        Redacted {
            net: Net::new(&secrets, &originals),
            unknown,
            interactions,
            book: book.without_nonces(),
        }
    }

    /// Writes the file, unless something in it must not be written.
    pub(super) fn save(
        &self,
        path: &Path,
        rules: &Rules,
        secrets: &[String],
    ) -> Result<(), String> {
        let Redacted {
            net,
            unknown,
            interactions,
            book,
        } = self.redacted(rules, secrets);
        let text = Tape::new(rules.clone(), unknown, interactions, book).to_text()?;
        net.pass(&text).map_err(|list| {
            format!(
                "the cassette {} was not written, since it would hold what must not be written:\n{list}\n\n\
                 Hide these fields with `.hide(\"field\")`, or do not show them.\n",
                path.display()
            )
        })?;
        tape::save(path, &text)
    }
}

/// What was recorded, to be written.
pub(super) struct Redacted {
    pub(super) net: Net,
    unknown: Vec<String>,
    pub(super) interactions: Vec<Interaction>,
    book: Book,
}

fn interactions(taken: &Taken, rules: &Rules, leaf: &mut dyn Leaf) -> Vec<Interaction> {
    let mut interactions = Vec::new();
    for (call, got) in &taken.calls {
        interactions.push(Interaction {
            operation: exchange::operation(call),
            request: exchange::asked(rules, leaf, call),
            outcome: match got {
                Got::Response(response) => {
                    Outcome::Response(exchange::replied(rules, leaf, response))
                }
                Got::Failure(failed) => Outcome::Failure(failed.clone()),
                Got::Unfinished => Outcome::Cancelled(()),
            },
        });
    }
    interactions
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{
        super::{class::Field, walk::walk},
        *,
    };

    /// The net is there for a redactor that forgets a field.
    #[test]
    fn net_catches_each_forgotten_field() {
        let fields = json!({
            "id": 2155668332815057077_u64,
            "user_id": "customer 42",
            "name": "Ada Lovelace",
            "body": "Where is my order?",
            "map_url": "https://maps.example.net/?at=56.9",
            "props": {"$email": "ada@lovelace.org", "$phone": "79991234567", "city": "Riga, Latvia"},
            "what": {"nobody": "knows this"},
        });
        let rules = Rules::default();
        let mut collector = Collector::default();
        walk(&rules, &mut collector, Field::ROOT, "", &fields);
        let (book, originals) = collector.into_book();
        assert_eq!(originals.len(), 9);
        let mut writer = Writer {
            book: &book,
            shift: 0,
        };
        let mut written = walk(&rules, &mut writer, Field::ROOT, "", &fields);
        let net = Net::new(&[], &originals);
        assert_eq!(net.check(&written.to_string()), []);
        for field in [
            "/id",
            "/user_id",
            "/name",
            "/body",
            "/map_url",
            "/props/$email",
            "/props/$phone",
            "/props/city",
            "/what/nobody",
        ] {
            let original = fields.pointer(field).unwrap().clone();
            let place = written.pointer_mut(field).unwrap();
            let hidden: Value = std::mem::replace(place, original);
            let hits = net.check(&written.to_string());
            assert!(
                hits.iter().any(|hit| hit.to_string().starts_with(field)),
                "{field}: {hits:?}"
            );
            *written.pointer_mut(field).unwrap() = hidden;
        }
    }
}
