//! A cassette that replays.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    future::pending,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use carrot_core::{Body, Sent, TransportError, transport::TransportErrorKind};
use http::{Request, Response};
use serde_json::{Value, json};

use super::{
    book::{ANYTHING, Reader, is_nonce},
    exchange,
    tape::{Interaction, Outcome, PlainRequest, Tape},
};
use crate::{
    fake::{RecordedCall, differences},
    recording::{RecordedRequest, Secrets},
    wire::plain,
};

/// More problems than these are counted and not told.
const MAX_PROBLEMS: usize = 10;

pub(super) struct Player {
    tape: Tape,
    played: Mutex<Played>,
}

#[derive(Default)]
struct Played {
    used: Vec<bool>,
    requests: usize,
    /// What each nonce of the file is in this run.
    nonces: BTreeMap<String, String>,
    /// The requests that were not recorded.
    problems: Vec<String>,
    /// The interactions that those were held against.
    told: Vec<usize>,
    secrets: Secrets,
}

impl Player {
    pub(super) fn load(path: &Path) -> Result<Self, String> {
        let tape = Tape::load(path)?;
        let used = vec![false; tape.interactions.len()];
        Ok(Self {
            tape,
            played: Mutex::new(Played {
                used,
                ..Played::default()
            }),
        })
    }

    fn played(&self) -> MutexGuard<'_, Played> {
        self.played.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn requests(&self) -> usize {
        self.played().requests
    }

    /// Responds as it was recorded.
    pub(super) async fn send(
        &self,
        request: Request<Body>,
    ) -> Result<Response<Bytes>, TransportError> {
        let call = RecordedCall::new(RecordedRequest::from(request), Duration::ZERO);
        let rejected = |problem: String| {
            let kind = TransportErrorKind::Rejected;
            TransportError::new(kind, Sent::Never).with_source(problem)
        };
        let outcome = self.take(&call).map_err(rejected)?;
        match outcome {
            Outcome::Response(mut replied) => {
                let played = self.played();
                replied.json = replied.json.map(|json| with_nonces(&json, &played.nonces));
                drop(played);
                exchange::response(&replied).map_err(rejected)
            }
            Outcome::Failure(failed) => Err(exchange::failure(&failed).unwrap_or_else(rejected)),
            Outcome::Cancelled(()) => pending().await,
        }
    }

    /// Takes the first interaction that is like the request and was not used.
    fn take(&self, call: &RecordedCall) -> Result<Outcome, String> {
        let operation = exchange::operation(call);
        let mut reader = Reader {
            book: &self.tape.book,
        };
        let asked = exchange::asked(&self.tape.rules, &mut reader, call);
        let mut played = self.played();
        played.requests += 1;
        played.secrets.add(call.request().tokens());
        let unused = self
            .tape
            .interactions
            .iter()
            .enumerate()
            .filter(|(at, one)| one.operation == operation && played.used.get(*at) == Some(&false));
        let mut nearest: Option<(usize, Value, Value)> = None;
        let mut found = None;
        for (at, one) in unused {
            let (recorded, came) = (json!(one.request), json!(asked));
            let (came, nonces) = settle(&recorded, came, &played.nonces);
            if recorded == came {
                found = Some((at, one, nonces));
                break;
            }
            nearest.get_or_insert((at, recorded, came));
        }
        if let Some((at, one, nonces)) = found {
            played.nonces.extend(nonces);
            if let Some(used) = played.used.get_mut(at) {
                *used = true;
            }
            return Ok(one.outcome.clone());
        }
        let number = played.requests;
        let name = match operation.as_str() {
            "" => format!("{} {}", asked.method, asked.path),
            name => name.to_owned(),
        };
        let told = nearest.as_ref().map(|(at, ..)| *at);
        played.told.extend(told);
        let text = missing(number, &name, &asked, nearest);
        let text = played.secrets.redact(&text);
        played.problems.push(text);
        Err(format!("the cassette has no such request of {name} left"))
    }

    /// What was not as recorded.
    pub(super) fn problems(&self, path: &Path, with_unused: bool) -> Option<String> {
        let played = self.played();
        let unused = played.used.iter().enumerate();
        let unused = unused.filter(|(at, used)| !**used && !played.told.contains(at));
        let unused: Vec<usize> = unused.map(|(at, _)| at).filter(|_| with_unused).collect();
        let count = played.problems.len() + unused.len();
        let noun = match count {
            0 => return None,
            1 => "problem",
            _ => "problems",
        };
        let path = path.display();
        let mut text =
            format!("the cassette {path} was not replayed as it was recorded: {count} {noun}\n");
        let unused = unused.iter().filter_map(|at| {
            let one = self.tape.interactions.get(*at)?;
            Some(unused_one(*at, one))
        });
        let all = played.problems.iter().cloned().chain(unused);
        for (at, problem) in all.take(MAX_PROBLEMS).enumerate() {
            let _ = write!(text, "\n{}) {problem}", at + 1);
        }
        if count > MAX_PROBLEMS {
            let _ = writeln!(text, "\n… and {} more", count - MAX_PROBLEMS);
        }
        text += "\nIf the scenario or the service changed, record it anew with CARROT_CASSETTES=record.\n";
        Some(text)
    }
}

fn missing(
    number: usize,
    name: &str,
    asked: &PlainRequest,
    nearest: Option<(usize, Value, Value)>,
) -> String {
    let mut text = format!("Request {number} was not recorded: {name}\n\n");
    match nearest {
        None => {
            let _ = writeln!(text, "       {} {}", asked.method, asked.path);
            text += "\n   No interaction of this operation is left.\n";
        }
        Some((at, recorded, came)) => {
            let _ = writeln!(
                text,
                "   The nearest one is interaction {}, but this differs:\n",
                at + 1
            );
            for one in differences("request", &recorded, &came) {
                let _ = writeln!(text, "       {}", one.place.trim_start_matches("request."));
                for (word, value) in [("recorded", one.expected), ("got     ", one.got)] {
                    let value = value.unwrap_or_else(|| "nothing".to_owned());
                    let _ = writeln!(text, "         {word} {value}");
                }
            }
        }
    }
    text
}

fn unused_one(at: usize, one: &Interaction) -> String {
    let PlainRequest { method, path, .. } = &one.request;
    let number = at + 1;
    let name = &one.operation;
    format!("Interaction {number} was never asked for: {name}\n\n       {method} {path}\n")
}

/// Puts what was recorded in the place of what cannot be compared: nonces, which are bound to those of
/// this run, and texts that were made from a response.
fn settle(
    recorded: &Value,
    came: Value,
    bound: &BTreeMap<String, String>,
) -> (Value, BTreeMap<String, String>) {
    let mut nonces = BTreeMap::new();
    let came = settled(recorded, came, bound, &mut nonces);
    (came, nonces)
}

fn settled(
    recorded: &Value,
    came: Value,
    bound: &BTreeMap<String, String>,
    nonces: &mut BTreeMap<String, String>,
) -> Value {
    match (recorded, came) {
        (recorded, Value::Object(one)) if one.contains_key(ANYTHING) => match recorded {
            Value::String(_) => recorded.clone(),
            _ => one
                .into_iter()
                .next()
                .map(|(_, text)| text)
                .unwrap_or_default(),
        },
        (Value::Object(recorded), Value::Object(came)) => {
            let null = Value::Null;
            let fields = came.into_iter().map(|(name, value)| {
                let recorded = recorded.get(&name).unwrap_or(&null);
                let value = settled(recorded, value, bound, nonces);
                (name, value)
            });
            Value::Object(fields.collect())
        }
        (Value::Array(recorded), Value::Array(came)) => {
            let null = Value::Null;
            let items = came.into_iter().enumerate().map(|(at, value)| {
                settled(recorded.get(at).unwrap_or(&null), value, bound, nonces)
            });
            Value::Array(items.collect())
        }
        (recorded @ (Value::String(_) | Value::Number(_)), came) => {
            let placeholder = plain(recorded);
            if !is_nonce(&placeholder) || !(came.is_string() || came.is_number()) {
                return came;
            }
            let text = plain(&came);
            let known = bound.get(&placeholder).or_else(|| nonces.get(&placeholder));
            match known {
                Some(known) if *known != text => came,
                _ => {
                    nonces.insert(placeholder, text);
                    recorded.clone()
                }
            }
        }
        (_, came) => came,
    }
}

/// A response with the nonces of this run.
fn with_nonces(value: &Value, nonces: &BTreeMap<String, String>) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| with_nonces(item, nonces)).collect(),
        Value::Object(fields) => {
            let fields = fields.iter();
            let fields = fields.map(|(name, value)| (name.clone(), with_nonces(value, nonces)));
            Value::Object(fields.collect())
        }
        Value::String(text) => nonces
            .get(text)
            .map_or_else(|| value.clone(), |one| json!(one)),
        Value::Number(number) => {
            let nonce = nonces.get(&number.to_string());
            let nonce = nonce.and_then(|one| serde_json::from_str(one).ok());
            nonce.unwrap_or_else(|| value.clone())
        }
        other => other.clone(),
    }
}
