//! The control path: what a test in another language does to the sandbox, in plain texts and JSON.

use std::{fmt::Display, time::Duration};

use bytes::Bytes;
use carrot_core::types::json;
use http::{Method, Request, Response, StatusCode, header::AUTHORIZATION};
use serde::Serialize;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::{TEXT, reply};
use crate::sandbox::{
    fault::{Fault, FaultState},
    server::{access::OPEN, context::Context},
    snapshot::Snapshot,
    webhooks::{DeliveryState, WebhookDelivery},
};

/// A request that the control path cannot carry out: the status, and why.
struct Problem(StatusCode, String);

impl Problem {
    fn wrong(text: impl Display) -> Self {
        Self(StatusCode::BAD_REQUEST, format!("{text}"))
    }
}

pub(super) fn respond(context: &Context, request: &Request<Bytes>, below: &str) -> Response<Bytes> {
    let done = if is_allowed(context, request) {
        let path: Vec<&str> = below.split('/').skip(1).collect();
        carry_out(context, request, &path)
    } else {
        let text = "the control path takes the token of the sandbox: `Authorization: Token ...`";
        Err(Problem(StatusCode::UNAUTHORIZED, text.to_owned()))
    };
    match done {
        Ok(value) => reply(StatusCode::OK, "application/json", format!("{value}\n")),
        Err(Problem(status, text)) => reply(status, TEXT, format!("{text}\n")),
    }
}

fn is_allowed(context: &Context, request: &Request<Bytes>) -> bool {
    let header = request.headers().get(AUTHORIZATION);
    let header = header.map_or(&[][..], |header| header.as_bytes());
    ["Token", "Bearer"].iter().any(|scheme| {
        let expected = format!("{scheme} {}", context.sandbox.token());
        expected.as_bytes().ct_eq(header).into()
    })
}

fn carry_out(context: &Context, request: &Request<Bytes>, path: &[&str]) -> Result<Value, Problem> {
    let sandbox = &context.sandbox;
    let text = || {
        let text = std::str::from_utf8(request.body()).map(str::trim);
        text.map_err(|_| Problem::wrong("the body must be UTF-8"))
    };
    let (method, path) = (request.method(), path);
    Ok(match (method, path) {
        (&Method::GET, ["faults"]) => sandbox.faults().iter().map(fault).collect(),
        (&Method::POST, ["faults"]) => {
            let fault: Fault = text()?.parse().map_err(Problem::wrong)?;
            json!({"id": sandbox.inject(fault).id})
        }
        (&Method::DELETE, ["faults", id]) => match number(id) {
            Some(id) if sandbox.service().faults.remove(id) => json!({}),
            _ => return Err(Problem(StatusCode::NOT_FOUND, "no such fault".to_owned())),
        },
        (&Method::POST, ["faults", id, "release"]) => {
            let gate = number(id).and_then(|id| sandbox.service().faults.gate(id));
            let held = || Problem(StatusCode::NOT_FOUND, "no such fault that holds".to_owned());
            gate.ok_or_else(held)?.open();
            json!({})
        }
        (&Method::GET, ["requests"]) => written(context.log.exchanges())?,
        (&Method::GET, ["webhooks"]) => sandbox.webhooks().iter().map(webhook).collect(),
        (&Method::GET, ["snapshot"]) => written(sandbox.snapshot())?,
        (&Method::PUT, ["snapshot"]) => {
            let snapshot: Snapshot = json::read(text()?).map_err(Problem::wrong)?;
            sandbox.restore(&snapshot);
            json!({})
        }
        (&Method::POST, ["reset"]) => {
            sandbox.reset();
            json!({})
        }
        (&Method::POST, ["advance"]) => {
            let seconds = number(text()?);
            let wrong = || Problem::wrong("the body must be a number of seconds");
            sandbox.advance(Duration::from_secs(seconds.ok_or_else(wrong)?));
            json!({"now": sandbox.now()})
        }
        (&Method::PUT, ["rate-limit"]) => {
            let limit = match text()? {
                "off" => None,
                limit => Some(limit.parse().map_err(|_| {
                    Problem::wrong("the body must be a number of requests a minute, or `off`")
                })?),
            };
            sandbox.set_rate_limit(limit);
            json!({"requests_per_minute": limit})
        }
        (&Method::POST, ["links"]) => {
            let error = |error| Problem(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}"));
            let key = context.access.key().map_err(error)?;
            json!({"url": format!("http://{}{OPEN}?key={key}", context.address)})
        }
        _ => {
            let text = format!(
                "no {method} /_sandbox/{}: there are GET, POST faults; DELETE faults/ID; POST faults/ID/release; \
                 GET requests; GET webhooks; GET, PUT snapshot; POST reset; POST advance; PUT rate-limit; POST links",
                path.join("/")
            );
            return Err(Problem(StatusCode::NOT_FOUND, text));
        }
    })
}

fn number(text: &str) -> Option<u64> {
    text.parse().ok()
}

fn written(value: impl Serialize) -> Result<Value, Problem> {
    let error = |error| Problem(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}"));
    serde_json::to_value(value).map_err(error)
}

fn fault(state: &FaultState) -> Value {
    json!({
        "id": state.id,
        "fault": state.fault,
        "matched": state.matched,
        "used": state.used,
        "wanted": state.wanted,
    })
}

fn webhook(webhook: &WebhookDelivery) -> Value {
    json!({
        "id": webhook.id(),
        "kind": webhook.kind(),
        "state": match webhook.state() {
            DeliveryState::Waiting => "waiting",
            DeliveryState::Delivered => "delivered",
            DeliveryState::Abandoned => "abandoned",
        },
        "attempts": webhook.attempts(),
        "body": webhook.body(),
    })
}
