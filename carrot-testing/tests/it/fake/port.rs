//! The fake on a port, over raw sockets: the same definition, strictness and reports.

use carrot_core::{
    ApiContext,
    endpoint::{self, Path, RequestParts},
    types::InvalidValue,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::*;

async fn connect(url: &str) -> TcpStream {
    TcpStream::connect(url.trim_start_matches("http://"))
        .await
        .unwrap()
}

/// Sends a request as a program in any language does; empty for a connection that was cut.
async fn exchange(url: &str, head: &str, body: &str) -> String {
    let mut stream = connect(url).await;
    let length = body.len();
    let request = format!(
        "{head} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    let _ = stream.read_to_string(&mut response).await;
    response
}

#[tokio::test]
async fn port_and_transport_share_the_definition() {
    let fake = Fake::new();
    fake.on::<users::Get>()
        .user("order-42")
        .reply(fake::user())
        .times(2);
    fake.on_call(reply()).reply(fake::reply_receipt());
    fake.on::<conversations::Unassign>()
        .reply_error(ApiError::permission_denied());
    let server = fake.serve().await.unwrap();
    assert_eq!(server.url(), format!("http://{}", server.address()));
    assert_eq!(server.base_url().to_string(), server.url());

    done(&fake, get()).await;
    let get = "GET /v2/users/order-42?by_user_id=true";
    let response = exchange(&server.url(), get, "").await;
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert!(response.contains("\"$name\":\"Ada\""), "{response}");
    // As the client writes it.
    let sent = "body=On+its+way&from_admin=default_admin";
    let response = exchange(&server.url(), "POST /v2/conversations/716/reply", sent).await;
    assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
    let response = exchange(&server.url(), "POST /v1/conversations/716/assign", "").await;
    assert!(response.starts_with("HTTP/1.1 403 "), "{response}");
    assert!(response.contains("\"PermissionDenied\""), "{response}");
    server.stop().await;
    fake.assert_order([
        "users.get",
        "users.get",
        "conversations.reply",
        "conversations.unassign",
    ]);
}

#[tokio::test]
async fn unexpected_request_on_the_port_fails() {
    let fake = Fake::new();
    fake.on::<users::Get>().user("order-43").reply(fake::user());
    let server = fake.serve().await.unwrap();
    let get = "GET /v2/users/order-42?by_user_id=true";
    let response = exchange(&server.url(), get, "").await;
    assert!(response.starts_with("HTTP/1.1 400 "), "{response}");
    assert!(response.contains("\"error\":\"NotExpected\""), "{response}");
    assert!(
        response.contains("the fake expected no such call of users.get"),
        "{response}"
    );
    let text = failure(move || drop(fake));
    assert!(text.contains("2 problems"), "{text}");
    assert!(
        text.contains("✗ external id of the user is \"order-43\""),
        "{text}"
    );
    let response = exchange(&server.url(), get, "").await;
    assert!(
        response.contains("the fake was dropped before this call"),
        "{response}"
    );
}

#[tokio::test]
async fn failure_cuts_and_a_page_is_kept_out() {
    let fake = Fake::new();
    fake.on::<users::Get>()
        .fail(TransportErrorKind::Reset, Sent::Maybe);
    let server = fake.serve().await.unwrap();
    assert_eq!(exchange(&server.url(), "GET /v2/users/7", "").await, "");

    let mut stream = connect(&server.url()).await;
    let request = b"GET /v2/users/7 HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 403 "), "{response}");
    assert_eq!(fake.calls().len(), 1);
}

#[tokio::test]
async fn stop_ends_what_never_responds() {
    let fake = Fake::new();
    fake.on::<users::Get>().never_respond();
    let server = fake.serve().await.unwrap();
    let url = server.url();
    let hanging = tokio::spawn(async move { exchange(&url, "GET /v2/users/7", "").await });
    while fake.calls().is_empty() {
        tokio::task::yield_now().await;
    }
    let stopped = tokio::time::timeout(5 * SECOND, server.stop()).await;
    assert!(stopped.is_ok());
    assert_eq!(hanging.await.unwrap(), "");
}

/// Operations of a test: one at an address that no operation has, and one at that of `apps::Channels`.
#[derive(Clone)]
struct Salute(UserId);

struct ChannelNames;

/// In v2 only, and its code panics in v1.
struct Picky;

macro_rules! own {
    ($name:ident, $text:literal, |$own:ident, $context:ident| $request:expr) => {
        impl Endpoint for $name {
            type Output = serde_json::Value;
            const NAME: &'static str = $text;
            const IDEMPOTENT: bool = false;

            fn request(&self, $context: &ApiContext) -> Result<RequestParts, InvalidValue> {
                let $own = self;
                $request
            }

            fn decode(
                &self,
                _: ApiVersion,
                body: &[u8],
            ) -> Result<Self::Output, endpoint::ResponseError> {
                endpoint::response::data(body)
            }
        }
    };
}

own!(Salute, "users.salute", |own, _context| {
    let mut parts = RequestParts::post(Path::new().then("users").id("user", own.0)?.then("salute"));
    parts.parameters.flag("politely", true);
    Ok(parts)
});
own!(ChannelNames, "apps.channel_names", |_own, context| {
    let path = Path::new().then("apps").app(context.app)?.then("channels");
    Ok(RequestParts::get(path))
});
own!(Picky, "users.picky", |_own, context| {
    assert_eq!(context.version, ApiVersion::V2, "not in v1");
    Ok(RequestParts::get(Path::new().then("picky")))
});

#[tokio::test]
async fn own_operation_is_found_by_its_address() {
    let fake = Fake::new();
    fake.route(Salute(UserId::new(1)));
    fake.on::<Salute>()
        .param("politely", "true")
        .reply_json(json!("Hello"))
        .repeatedly();
    let server = fake.serve().await.unwrap();
    for path in [
        "/v2/users/7/salute",
        "/v1/users/7/salute",
        "/users/7/salute",
    ] {
        let response = exchange(&server.url(), &format!("POST {path}"), "politely=true").await;
        assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
        assert!(response.contains("\"Hello\""), "{response}");
    }
    // A client needs no route, and is the same to the expectation.
    let call = &fake.calls()[0];
    assert_eq!(call.path_template(), "/v2/users/{id}/salute");
    assert_eq!(call.path_id(), Some("7"));
    for odd in [
        "GET /v2/users/7/salute",
        "POST /v2/users//salute",
        "POST /v2/users/7/salute/",
        "POST /v2/users/7/8/salute",
    ] {
        let response = exchange(&server.url(), odd, "politely=true").await;
        assert!(response.starts_with("HTTP/1.1 400 "), "{odd}: {response}");
    }
    let text = failure(move || drop(fake));
    assert!(text.contains("4 problems"), "{text}");
    assert!(text.contains("fake.route(call);"), "{text}");
}

#[tokio::test]
async fn given_call_tells_its_address() {
    let fake = Fake::new();
    fake.on_call(Salute(UserId::new(7))).reply_ok();
    fake.on_like(Picky).reply_ok();
    let server = fake.serve().await.unwrap();
    let salute = "POST /v2/users/7/salute";
    let response = exchange(&server.url(), salute, "politely=true").await;
    assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
    // The panic of such a call is that of an operation that is not there.
    let response = exchange(&server.url(), "GET /v1/picky", "").await;
    assert!(response.starts_with("HTTP/1.1 400 "), "{response}");
    let response = exchange(&server.url(), "GET /v2/picky", "").await;
    assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
    assert!(failure(move || drop(fake)).contains("1 problem\n"));
}

#[tokio::test]
async fn shared_address_goes_to_what_is_expected() {
    let channels = "GET /v2/apps/$self_app/channels";
    for (own, both) in [(true, false), (false, false), (true, true)] {
        let fake = Fake::new();
        fake.route(ChannelNames);
        if own {
            fake.on::<ChannelNames>().reply_json(json!(["own"]));
        }
        if !own || both {
            fake.on::<apps::Channels>()
                .reply_json(json!(["other"]))
                .repeatedly();
        }
        let server = fake.serve().await.unwrap();
        let response = exchange(&server.url(), channels, "").await;
        assert_eq!(response.contains("[\"own\"]"), own, "{response}");
        assert_eq!(response.contains("[\"other\"]"), !own, "{response}");
    }
}

#[test]
fn route_of_an_invalid_call_is_told() {
    let fake = Fake::new();
    let text = failure(|| fake.route(Salute(UserId::new(0))));
    assert!(
        text.contains("users.salute has no address: `user` must be an id"),
        "{text}"
    );
}
