//! Raw requests to a sandbox.

use bytes::Bytes;
use carrot_testing::Sandbox;
use http::{Method, Request, Response};
use serde_json::Value;

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// An answer: the status and the envelope.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) json: Value,
}

impl Answer {
    pub(crate) fn of(response: &Response<Bytes>) -> Self {
        let status = response.status().as_u16();
        let json: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(json["meta"]["status"], status, "{json}");
        assert_eq!(response.headers()["content-type"], "application/json");
        Self { status, json }
    }

    /// The data of a success.
    #[track_caller]
    pub(crate) fn data(&self) -> &Value {
        assert_eq!(self.status, 200, "{}", self.json);
        &self.json["data"]
    }

    /// Status, name and message of a refusal.
    #[track_caller]
    pub(crate) fn error(&self) -> (u16, &str, &str) {
        assert_ne!(self.status, 200, "{}", self.json);
        assert_eq!(self.json["data"], serde_json::json!({}));
        let meta = &self.json["meta"];
        (
            self.status,
            meta["error"].as_str().unwrap(),
            meta["error_message"].as_str().unwrap(),
        )
    }
}

/// A model as the service would write it, but for fields that are `null`.
pub(crate) fn json_of(model: impl serde::Serialize) -> Value {
    serde_json::to_value(model).unwrap()
}

pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

pub(crate) fn get(sandbox: &Sandbox, path: &str, pairs: &[(&str, &str)]) -> Answer {
    let separator = if path.contains('?') { '&' } else { '?' };
    let uri = format!("{path}{separator}{}", form(pairs));
    let request = Request::get(uri)
        .header("authorization", format!("Token {}", sandbox.token()))
        .body(Bytes::new());
    Answer::of(&sandbox.handle(&request.unwrap()))
}

pub(crate) fn send(
    sandbox: &Sandbox,
    method: Method,
    path: &str,
    pairs: &[(&str, &str)],
) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Token {}", sandbox.token()))
        .header("content-type", FORM)
        .body(Bytes::from(form(pairs)));
    Answer::of(&sandbox.handle(&request.unwrap()))
}

pub(crate) fn post(sandbox: &Sandbox, path: &str, pairs: &[(&str, &str)]) -> Answer {
    send(sandbox, Method::POST, path, pairs)
}

/// Sends fields, and files as `(name, filename, content)`.
pub(crate) fn upload(
    sandbox: &Sandbox,
    path: &str,
    fields: &[(&str, &str)],
    files: &[(&str, &str, &str)],
) -> Answer {
    let mut body = String::new();
    for (name, value) in fields {
        body.push_str(&format!(
            "--frontier\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        ));
    }
    for (name, filename, content) in files {
        body.push_str(&format!(
            "--frontier\r\nContent-Disposition: form-data; name=\"{name}\"; \
             filename=\"{filename}\"\r\nContent-Type: text/plain\r\n\r\n{content}\r\n"
        ));
    }
    body.push_str("--frontier--\r\n");
    let request = Request::post(path)
        .header("authorization", format!("Token {}", sandbox.token()))
        .header("content-type", "multipart/form-data; boundary=frontier")
        .body(Bytes::from(body));
    Answer::of(&sandbox.handle(&request.unwrap()))
}

/// Begins a conversation of the user with this external id, and returns the id of the conversation.
pub(crate) fn start(sandbox: &Sandbox, external: &str, body: &str) -> u64 {
    let path = format!("/v2/users/{external}/startconversation");
    let answer = post(sandbox, &path, &[("by_user_id", "true"), ("body", body)]);
    answer.data()["id"].as_u64().unwrap()
}
