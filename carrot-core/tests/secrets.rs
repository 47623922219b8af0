//! The token is shown nowhere, whoever echoes it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::{error::Error as StdError, fmt};

use carrot_core::{
    ApiVersion, AuthToken, BaseUrl, Client, Error, Sent, TransportError, conversations,
    transport::TransportErrorKind,
};
use serde_json::json;
use support::{Recorder, TOKEN, builder, client, run, transport::Answer};

fn assert_hidden(what: &str, text: &str) {
    assert!(!text.contains(TOKEN), "{what} shows the token: {text}");
    assert!(
        !text.contains("canary"),
        "{what} shows a part of the token: {text}"
    );
}

/// Everything that an error shows, and all errors beneath it.
fn assert_error_hides_it(error: &Error) {
    let mut next: Option<&dyn StdError> = Some(error);
    while let Some(error) = next {
        assert_hidden("Display", &error.to_string());
        assert_hidden("Debug", &format!("{error:?}"));
        assert_hidden("the long Debug", &format!("{error:#?}"));
        next = error.source();
    }
    assert_hidden("the message", error.message().unwrap_or_default());
    assert_hidden("the path", error.path().unwrap_or_default());
    let code = error.code().map(|code| format!("{code} {code:?}"));
    assert_hidden("the code", &code.unwrap_or_default());
    let fields = error.fields().map(ToString::to_string);
    assert_hidden("the fields", &fields.unwrap_or_default());
}

/// An error that quotes what it should not.
#[derive(Debug)]
struct Talkative {
    request: String,
    beneath: Option<Box<Talkative>>,
}

impl fmt::Display for Talkative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.beneath {
            Some(_) => f.write_str("the request failed"),
            None => write!(f, "could not send `{}`", self.request),
        }
    }
}

impl StdError for Talkative {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.beneath.as_deref().map(|error| error as _)
    }
}

#[test]
fn no_error_shows_the_token() {
    let refusal = |status: u16| {
        let meta = json!({
            "status": status,
            "error": format!("Error {TOKEN}"),
            "error_message": format!("The key {TOKEN} ({TOKEN}) is bad"),
            "error_fields": {TOKEN: [TOKEN]},
        });
        json!({"meta": meta, "data": {TOKEN: TOKEN}}).to_string()
    };
    let odd_refusal = json!({"meta": {"status": 400, "error_message": [TOKEN]}}).to_string();
    let key = format!(
        r#"{{"meta":{{"status":200}},"data":{{"id":1,"user":{{"id":1,"props_events":{{"{TOKEN}":["{TOKEN}",}}}}}}}}"#
    );
    let talkative = |beneath: Option<Box<Talkative>>| Talkative {
        request: format!("authorization: Token {TOKEN}"),
        beneath,
    };
    let quoting = |error: Talkative| {
        let failure = TransportError::new(TransportErrorKind::Other, Sent::Maybe);
        Answer::Fails(failure.with_source(error))
    };
    let answers = [
        Answer::status(401, refusal(401)),
        Answer::status(500, refusal(500)),
        Answer::ok(refusal(400)),
        Answer::status(400, odd_refusal),
        Answer::ok(key),
        Answer::ok(format!(
            r#"{{"meta":{{"status":200}},"data":{{"id":"{TOKEN}"}}}}"#
        )),
        Answer::ok(format!(r#"{{"meta":{{"status":"{TOKEN}"}},"data":{{}}}}"#)),
        Answer::ok(format!(r#"{{"meta":{{"status":200}},"{TOKEN}":{{}}}}"#)),
        Answer::ok(TOKEN),
        Answer::status(500, TOKEN),
        quoting(talkative(None)),
        quoting(talkative(Some(Box::new(talkative(None))))),
    ];
    let number = answers.len();
    let recorder = Recorder::answering(answers);
    let client = client(&recorder, ApiVersion::V2);
    for _ in 0..number {
        let error = run(client.call(conversations::Get::new(1))).expect_err("an error");
        assert_error_hides_it(&error);
    }
    let error = run(client.call(conversations::Reply::new(1, format!("{TOKEN}\0"))));
    assert_error_hides_it(&error.expect_err("refused"));
    assert_eq!(recorder.requests().len(), number);
}

#[test]
fn what_a_transport_says_of_its_failure_is_kept_but_for_the_token() {
    let beneath = Talkative {
        request: format!("Token {TOKEN}"),
        beneath: None,
    };
    let error = Talkative {
        request: String::new(),
        beneath: Some(Box::new(beneath)),
    };
    let failure = TransportError::new(TransportErrorKind::Other, Sent::Maybe).with_source(error);
    let client = client(
        &Recorder::answering([Answer::Fails(failure)]),
        ApiVersion::V2,
    );
    let error = run(client.call(conversations::Get::new(1))).expect_err("a failure");
    assert_eq!(
        error.to_string(),
        "conversations.get: the transport failed: the request failed: could not send `Token \
         [token]`; the request may have reached the server"
    );

    // Errors that say nothing secret stay what they are.
    let failure = TransportError::new(TransportErrorKind::Connect, Sent::Never)
        .with_source(std::io::Error::from(std::io::ErrorKind::ConnectionRefused));
    let client = support::client(
        &Recorder::answering([Answer::Fails(failure)]),
        ApiVersion::V2,
    );
    let error = run(client.call(conversations::Get::new(1))).expect_err("a failure");
    let source = error
        .transport()
        .and_then(StdError::source)
        .expect("a source");
    assert!(source.downcast_ref::<std::io::Error>().is_some());
    assert_eq!(
        error.to_string(),
        "conversations.get: no connection could be made: connection refused; the request was not \
         sent"
    );
}

#[test]
fn nothing_that_holds_the_token_shows_it() {
    let recorder = Recorder::new();
    let token = AuthToken::new(TOKEN).expect("a sound token");
    let client: Client = builder(&recorder).build().expect("a sound client");
    let pages = client.pages(conversations::Parts::new(1));
    let items = client.items(conversations::Parts::new(1));
    let request = client
        .prepare(&conversations::Reply::new(1, "Hi"))
        .expect("a request");
    for (what, text) in [
        ("a token", format!("{token:?} {token:#?}")),
        (
            "a builder",
            format!("{:?} {:#?}", builder(&recorder), builder(&recorder)),
        ),
        ("a client", format!("{client:?} {client:#?}")),
        ("a listing", format!("{pages:?} {items:?}")),
        ("a request", format!("{request:?} {request:#?}")),
        ("the address of a request", request.uri().to_string()),
    ] {
        assert_hidden(what, &text);
    }
    // It does go out, in the one place where it belongs.
    let header = &request.headers()["authorization"];
    assert!(header.is_sensitive());
    assert_eq!(header.to_str().expect("text"), format!("Token {TOKEN}"));
    let others = request
        .headers()
        .iter()
        .filter(|(name, _)| *name != "authorization");
    for (name, value) in others {
        assert_hidden(name.as_str(), value.to_str().expect("text"));
    }
    assert!(!String::from_utf8_lossy(request.body().as_bytes()).contains(TOKEN));
}

#[test]
fn a_password_in_a_base_url_is_refused_without_being_shown() {
    let error = format!("https://user:{TOKEN}@example.com").parse::<BaseUrl>();
    let error = error.expect_err("refused");
    assert_hidden("the error", &format!("{error} {error:?}"));
}
