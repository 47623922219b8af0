//! The latest requests on the port with their responses, to look at. They hold no token.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use carrot_core::Body;
use http::{Request, Response};
use serde::Serialize;

use crate::{
    RecordedRequest,
    recording::Secrets,
    sandbox::{fault::Delivery, service::Sandbox},
    wire,
};

/// How many requests are kept.
const KEPT: usize = 200;
/// How much is kept of a value and of a response, in characters.
const LONGEST_VALUE: usize = 2000;
const LONGEST_RESPONSE: usize = 16_000;
const MOST_PARAMETERS: usize = 100;

/// A request with its response, without tokens.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Exchange {
    /// 1 for the first one on this port.
    pub(super) number: u64,
    /// Seconds since 1970, of the sandbox.
    pub(super) at: i64,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) parameters: Vec<(String, String)>,
    /// The names of the files in the body, with their sizes.
    pub(super) files: Vec<String>,
    pub(super) status: u16,
    /// What a fault did to the response on its way; empty for nothing.
    pub(super) delivery: &'static str,
    pub(super) response: String,
}

pub(super) struct Log {
    secrets: Secrets,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    exchanges: VecDeque<Exchange>,
    number: u64,
}

impl Log {
    pub(super) fn new(sandbox: &Sandbox) -> Self {
        let mut secrets = Secrets::default();
        let tokens = [sandbox.token(), sandbox.webhook_token()];
        secrets.add(tokens.map(str::to_owned).into());
        let kept = Mutex::default();
        Self { secrets, kept }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(
        &self,
        sandbox: &Sandbox,
        request: Request<Bytes>,
        response: &Response<Bytes>,
        delivery: &Delivery,
    ) {
        let media_type = wire::media_type(request.headers());
        let recorded = RecordedRequest::from(request.map(Body::from));
        let mut secrets = self.secrets.clone();
        secrets.add(recorded.tokens());
        let shown = |text: &str, most: usize| -> String {
            // Cut after the search: a part of a token would not be found.
            secrets.redact(text).chars().take(most).collect()
        };
        let parameters = match media_type.as_deref() {
            Some("application/json") => {
                let body = String::from_utf8_lossy(recorded.body()).into_owned();
                [recorded.query_pairs(), &[("(body)".to_owned(), body)]].concat()
            }
            _ => recorded.params(),
        };
        let parameters = parameters.iter().take(MOST_PARAMETERS);
        let parameters = parameters.map(|(name, value)| {
            let value = match name.as_str() {
                "auth_token" => "[redacted]".to_owned(),
                _ => shown(value, LONGEST_VALUE),
            };
            (shown(name, LONGEST_VALUE), value)
        });
        let files = recorded.files().into_iter().map(|(field, file)| {
            let (name, size) = (file.name(), file.content().len());
            shown(&format!("{field}: {name}, {size} bytes"), LONGEST_VALUE)
        });
        let mut exchange = Exchange {
            number: 0,
            at: sandbox.now().seconds(),
            method: recorded.method().to_string(),
            path: shown(recorded.path(), LONGEST_VALUE),
            parameters: parameters.collect(),
            files: files.collect(),
            status: response.status().as_u16(),
            delivery: match delivery {
                Delivery::AtOnce => "",
                Delivery::Delayed(_) => "delayed",
                Delivery::Held(_) => "held",
                Delivery::Failed(..) => "not sent: the connection is cut",
                Delivery::Polling(_) => "waits for a message",
                Delivery::Upgraded(_) => "a WebSocket",
            },
            response: shown(&String::from_utf8_lossy(response.body()), LONGEST_RESPONSE),
        };
        let mut kept = self.kept();
        kept.number += 1;
        exchange.number = kept.number;
        kept.exchanges.push_back(exchange);
        if kept.exchanges.len() > KEPT {
            kept.exchanges.pop_front();
        }
    }

    /// The latest requests, oldest first.
    pub(super) fn exchanges(&self) -> Vec<Exchange> {
        self.kept().exchanges.iter().cloned().collect()
    }

    /// A text without the tokens of the sandbox.
    pub(super) fn redact(&self, text: &str) -> String {
        self.secrets.redact(text)
    }
}
