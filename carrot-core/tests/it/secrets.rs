//! The token and personal data are never shown, even if the service or a transport quotes them.

use std::{
    error::Error as StdError,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

use carrot_core::{
    ApiVersion, AuthToken, BaseUrl, Client, Sent, TransportError, conversations,
    transport::TransportErrorKind, types::RandomId,
};
use carrot_testing::CannedResponse;
use serde_json::json;

use crate::support::{
    ID, TOKEN, Watched, builder,
    canary::{E_MAIL, TEXT, assert_hidden},
    canned, client, lost, ok, respond, run,
};

/// An error that quotes the token and personal data.
#[derive(Clone, Debug)]
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
fn no_error_shows_token_or_personal_data() {
    let rejection = |status: u16| {
        let meta = json!({
            "status": status,
            "error": format!("Error {TOKEN}"),
            "error_message": format!("The key {TOKEN} ({TOKEN}) is bad"),
            "error_fields": {TOKEN: [TOKEN]},
        });
        json!({"meta": meta, "data": {TOKEN: E_MAIL}}).to_string()
    };
    let odd_error = json!({"meta": {"status": 400, "error_message": [TOKEN]}}).to_string();
    let key = format!(
        r#"{{"meta":{{"status":200}},"data":{{"id":1,"user":{{"id":1,"props_events":{{"{TOKEN}":["{TOKEN}",}}}}}}}}"#
    );
    let talkative = |beneath: Option<Box<Talkative>>| Talkative {
        request: format!("authorization: Token {TOKEN}"),
        beneath,
    };
    let quoting = |error: Talkative| lost(TransportErrorKind::Other, Sent::Maybe, error);
    let responses = [
        respond(401, rejection(401)),
        respond(500, rejection(500)),
        ok(rejection(400)),
        respond(400, odd_error),
        ok(key),
        ok(format!(
            r#"{{"meta":{{"status":200}},"data":{{"id":"{TOKEN}"}}}}"#
        )),
        ok(format!(r#"{{"meta":{{"status":"{TOKEN}"}},"data":{{}}}}"#)),
        ok(format!(r#"{{"meta":{{"status":200}},"{TOKEN}":{{}}}}"#)),
        ok(TOKEN),
        ok(format!(
            r#"{{"meta":{{"status":200}},"data":{{"id":"{E_MAIL}"}}}}"#
        )),
        ok(E_MAIL),
        respond(500, format!("{TOKEN} {E_MAIL}")),
        quoting(talkative(None)),
        quoting(talkative(Some(Box::new(talkative(None))))),
    ];
    let number = responses.len();
    let recorder = canned(responses);
    let client = client(&recorder, ApiVersion::V2);
    for _ in 0..number {
        run(client.call(conversations::Get::new(ID))).expect_err("an error");
    }
    let invalid = conversations::Reply::new(ID, format!("{TOKEN} {E_MAIL}\0"));
    run(client.call(invalid)).expect_err("rejected");
    assert_eq!(recorder.requests().len(), number);
}

/// Every way to call the service. Each returns whether it failed.
const WAYS: &[fn(&Watched) -> bool] = &[
    |client| run(client.call(conversations::Parts::new(ID))).is_err(),
    |client| run(client.pages(conversations::Parts::new(ID)).next()).is_err(),
    |client| run(client.items(conversations::Parts::new(ID)).next()).is_err(),
    |client| {
        let number = RandomId::new(77).expect("a sound number");
        let reply = conversations::Reply::new(ID, TEXT).random_id(number);
        run(client.reconcile_reply(&reply, 0)).is_err()
    },
    #[cfg(feature = "stream")]
    |client| {
        let mut pages = client.pages(conversations::Parts::new(ID));
        let next = std::future::poll_fn(|context| {
            futures_core::Stream::poll_next(std::pin::Pin::new(&mut pages), context)
        });
        run(next).is_some_and(|page| page.is_err())
    },
];

/// Proves that the checks of these tests find a leak.
#[test]
fn leak_is_detected() {
    let quoting = |data: &str| {
        let meta = json!({"status": 400, "error_message": data});
        respond(400, json!({"meta": meta}).to_string())
    };
    let failing = |words: &'static str| lost(TransportErrorKind::Other, Sent::Maybe, words);
    for way in WAYS {
        for (response, leaks) in [
            (quoting("No such conversation"), false),
            (quoting(E_MAIL), true),
            (failing("all is well"), false),
            (failing(TEXT), true),
        ] {
            let client = client(&canned([response]), ApiVersion::V2);
            let caught = catch_unwind(AssertUnwindSafe(|| way(&client)));
            assert_eq!(caught.is_err(), leaks);
            assert!(caught.unwrap_or(true), "it failed");
        }
    }
    #[cfg(feature = "tracing")]
    {
        // In threads of their own: a writer that panics leaves its line to the next one of the thread.
        let says = |words: &'static str| {
            let event = move || tracing::info!(words);
            std::thread::spawn(event).join().is_err()
        };
        assert!(!says("all is well") && says(TEXT));
        let enters = |words: &'static str| {
            let span = move || drop(tracing::info_span!("a span", words));
            std::thread::spawn(span).join().is_err()
        };
        assert!(!enters("all is well") && enters(E_MAIL));
    }
}

#[test]
fn transport_errors_keep_all_except_the_token() {
    let beneath = Talkative {
        request: format!("Token {TOKEN}"),
        beneath: None,
    };
    let error = Talkative {
        request: String::new(),
        beneath: Some(Box::new(beneath)),
    };
    let failure = lost(TransportErrorKind::Other, Sent::Maybe, error);
    let client = client(&canned([failure]), ApiVersion::V2);
    let error = run(client.call(conversations::Get::new(ID))).expect_err("a failure");
    assert_eq!(
        error.to_string(),
        "conversations.get: the transport failed: the request failed: could not send `Token \
         [token]`; the request may have reached the server"
    );

    // Errors without a secret are not changed.
    let failure = CannedResponse::failure_with(|| {
        TransportError::new(TransportErrorKind::Connect, Sent::Never)
            .with_source(std::io::Error::from(std::io::ErrorKind::ConnectionRefused))
    });
    let client = crate::support::client(&canned([failure]), ApiVersion::V2);
    let error = run(client.call(conversations::Get::new(ID))).expect_err("a failure");
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
fn token_never_in_debug_of_its_holders() {
    let recorder = canned([]);
    let token = AuthToken::new(TOKEN).expect("a sound token");
    let client: Client = builder(&recorder).build().expect("a sound client");
    let pages = client.pages(conversations::Parts::new(ID));
    let items = client.items(conversations::Parts::new(ID));
    let request = client
        .prepare(&conversations::Reply::new(ID, TEXT))
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
    // It is sent in one header.
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
fn base_url_password_is_not_shown() {
    let error = format!("https://user:{TOKEN}@example.com").parse::<BaseUrl>();
    let error = error.expect_err("rejected");
    assert_hidden("the error", &format!("{error} {error:?}"));
}

/// What a larger error quotes is cut before it is redacted.
#[test]
fn no_cut_shows_part_of_the_token() {
    for (start, end) in [("[\"", "\"]"), ("\"", "\"")] {
        for before in 32 * 1024 - 40..32 * 1024 + 4 {
            let (before, after) = ("x".repeat(before), "y".repeat(40_000));
            let body = format!(
                r#"{{"meta":{{"status":400,"error_message":{start}{before}{TOKEN}{after}{end}}}}}"#
            );
            let client = client(&canned([respond(400, body)]), ApiVersion::V2);
            let error = run(client.call(conversations::Close::new(ID))).expect_err("rejected");
            let text = error.message().expect("a text");
            assert!(text.len() > 32_000, "{} bytes", text.len());
            assert!(!text.contains(&TOKEN[..5]), "{start} {}", before.len());
        }
    }
}
