//! Raw requests to a sandbox.

use std::{cell::RefCell, ops::Deref, path::Path};

use bytes::Bytes;
use carrot_core::types::ConversationId;
use carrot_testing::Sandbox;
use http::{Method, Request, Response};
use serde_json::Value;

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// A response: the status and the envelope.
pub(crate) struct ApiResponse {
    pub(crate) status: u16,
    pub(crate) json: Value,
}

impl ApiResponse {
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

    /// It is an error with this status and name.
    #[track_caller]
    pub(crate) fn is(&self, status: u16, name: &str) {
        let (found, error, _) = self.error();
        assert_eq!((found, error), (status, name), "{}", self.json);
    }

    /// Status, name and message of an error.
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

/// The parameters of a request: `body=Hi&by_user_id=true` as it is, or pairs to be encoded.
pub(crate) trait Form {
    fn encode(&self) -> String;
}

impl Form for str {
    fn encode(&self) -> String {
        self.to_owned()
    }
}

impl Form for String {
    fn encode(&self) -> String {
        self.clone()
    }
}

impl<N: AsRef<str>, V: AsRef<str>> Form for [(N, V)] {
    fn encode(&self) -> String {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(self)
            .finish()
    }
}

impl<N: AsRef<str>, V: AsRef<str>, const COUNT: usize> Form for [(N, V); COUNT] {
    fn encode(&self) -> String {
        self[..].encode()
    }
}

impl<N: AsRef<str>, V: AsRef<str>> Form for Vec<(N, V)> {
    fn encode(&self) -> String {
        self[..].encode()
    }
}

pub(crate) fn get(sandbox: &Sandbox, path: &str, form: &(impl Form + ?Sized)) -> ApiResponse {
    let separator = if path.contains('?') { '&' } else { '?' };
    let uri = format!("{path}{separator}{}", form.encode());
    let request = Request::get(uri)
        .header("authorization", format!("Token {}", sandbox.token()))
        .body(Bytes::new());
    ApiResponse::of(&sandbox.handle(&request.unwrap()))
}

pub(crate) fn send(
    sandbox: &Sandbox,
    method: Method,
    path: &str,
    form: &(impl Form + ?Sized),
) -> ApiResponse {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Token {}", sandbox.token()))
        .header("content-type", FORM)
        .body(Bytes::from(form.encode()));
    ApiResponse::of(&sandbox.handle(&request.unwrap()))
}

pub(crate) fn post(sandbox: &Sandbox, path: &str, form: &(impl Form + ?Sized)) -> ApiResponse {
    send(sandbox, Method::POST, path, form)
}

/// Sends fields, and files as `(name, filename, content)`.
pub(crate) fn upload(
    sandbox: &Sandbox,
    path: &str,
    fields: &(impl Form + ?Sized),
    files: &[(&str, &str, &str)],
) -> ApiResponse {
    let mut body = String::new();
    let mut part = |head: String, content: &str| {
        body.push_str("--frontier\r\nContent-Disposition: form-data; ");
        body.push_str(&format!("{head}\r\n\r\n{content}\r\n"));
    };
    for (name, value) in form_urlencoded::parse(fields.encode().as_bytes()) {
        part(format!("name=\"{name}\""), &value);
    }
    for (name, filename, content) in files {
        let head = format!("name=\"{name}\"; filename=\"{filename}\"\r\nContent-Type: text/plain");
        part(head, content);
    }
    body.push_str("--frontier--\r\n");
    let request = Request::post(path)
        .header("authorization", format!("Token {}", sandbox.token()))
        .header("content-type", "multipart/form-data; boundary=frontier")
        .body(Bytes::from(body));
    ApiResponse::of(&sandbox.handle(&request.unwrap()))
}

/// Starts a conversation of the user with this external id, and returns the id of the conversation.
pub(crate) fn start(sandbox: &Sandbox, external: &str, body: &str) -> u64 {
    let path = format!("/v2/users/{external}/startconversation");
    let response = post(sandbox, &path, &[("by_user_id", "true"), ("body", body)]);
    response.data()["id"].as_u64().unwrap()
}

/// A sandbox whose requests and responses are written down, and compared with a snapshot at the end.
pub(crate) struct Session {
    pub(crate) sandbox: Sandbox,
    transcript: RefCell<String>,
}

impl Deref for Session {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        &self.sandbox
    }
}

impl Session {
    pub(crate) fn new() -> Self {
        Self::of(Sandbox::new())
    }

    pub(crate) fn of(sandbox: Sandbox) -> Self {
        let transcript = RefCell::default();
        Self {
            sandbox,
            transcript,
        }
    }

    fn line(&self, line: &str) {
        let mut transcript = self.transcript.borrow_mut();
        transcript.push_str(line);
        transcript.push('\n');
    }

    fn write(&self, method: &str, path: &str, form: &str, response: ApiResponse) -> ApiResponse {
        let pairs = form_urlencoded::parse(form.as_bytes());
        let shown: Vec<String> = pairs
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let shown: String = shown.join("&").chars().take(200).collect();
        self.line(format!("{method} {path} {shown}").trim_end());
        match response.status {
            200 => self.see("200", &response.json),
            _ => {
                let (status, name, message) = response.error();
                let fields = &response.json["meta"]["error_fields"];
                self.line(
                    format!("  {status} {name}: {message} {fields}").trim_end_matches(" null"),
                );
            }
        }
        response
    }

    pub(crate) fn get(&self, path: &str, form: &(impl Form + ?Sized)) -> ApiResponse {
        self.write("GET", path, &form.encode(), get(&self.sandbox, path, form))
    }

    pub(crate) fn post(&self, path: &str, form: &(impl Form + ?Sized)) -> ApiResponse {
        self.send(Method::POST, path, form)
    }

    pub(crate) fn send(
        &self,
        method: Method,
        path: &str,
        form: &(impl Form + ?Sized),
    ) -> ApiResponse {
        let name = method.to_string();
        let response = send(&self.sandbox, method, path, form);
        self.write(&name, path, &form.encode(), response)
    }

    pub(crate) fn upload(
        &self,
        path: &str,
        form: &(impl Form + ?Sized),
        files: &[(&str, &str, &str)],
    ) -> ApiResponse {
        let response = upload(&self.sandbox, path, form, files);
        self.write(
            "POST",
            path,
            &format!("{} {files:?}", form.encode()),
            response,
        )
    }

    pub(crate) fn start(&self, external: &str, body: &str) -> ConversationId {
        let path = format!("/v2/users/{external}/startconversation");
        let form = [("by_user_id", "true"), ("body", body)];
        let id = self.post(&path, &form).data()["id"].as_u64();
        ConversationId::new(id.unwrap())
    }

    /// Records a value that is not a response.
    pub(crate) fn see(&self, what: &str, value: impl serde::Serialize) {
        let value = json_of(value);
        let short = value.to_string();
        match short.chars().count() {
            0..100 => self.line(&format!("  {what} {short}")),
            _ => self.line(&format!("  {what} {value:#}")),
        }
    }

    /// Compares all of it with the file in `tests/sandbox`.
    pub(crate) fn assert(self, name: &str) {
        assert_snapshot(name, &self.transcript.into_inner());
    }
}

/// Compares a text with the file of this name in `tests/sandbox`.
pub(crate) fn assert_snapshot(name: &str, text: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sandbox");
    expect_test::expect_file![folder.join(format!("{name}.txt"))].assert_eq(text);
}
