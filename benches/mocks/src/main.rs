//! Makes the same call many times, as a test does, and counts it: `carrot-mocks fake 200`.
#![allow(clippy::expect_used, missing_docs)]

#[path = "../../src/mark.rs"]
mod mark;

use std::{env, hint::black_box};

use carrot_hyper::{
    AuthToken, Client, HyperTransport, NoRateLimit, TokioClock, endpoint::UserField, types::UserRef,
    users::Get,
};
use carrot_testing::{CannedResponse, Fake, Sandbox, fake};
use httpmock::{Method::GET, MockServer as HttpMock};
use serde_json::{Value, json};
use tokio::runtime;
use wiremock::{
    Mock, MockServer as WireMock, ResponseTemplate,
    matchers::{method, path, query_param},
};

use mark::{counted, warm_up};

const SEED: &str = r#"{"users": [{"user_id": "order-42", "props": {"$name": "Ada"}}]}"#;
const TOKEN: &str = "app.1234.0123456789abcdef";
const PATH: &str = "/v2/users/order-42";

fn main() {
    let mut arguments = env::args().skip(1);
    let by = arguments.next().expect("a way");
    let times = arguments.next().and_then(|times| times.parse().ok());
    let times = times.expect("a number");
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(work(&by, times));
}

async fn work(by: &str, times: u32) {
    match by {
        "fake" => calls(&fake().client(), times).await,
        "fake-port" => {
            let server = fake().serve().await.expect("a port");
            calls(&over_port(server.url()), times).await;
        }
        "sandbox" => calls(&sandbox().client(), times).await,
        "sandbox-port" => {
            let server = sandbox().serve().await.expect("a port");
            calls(&over_port(server.url()), times).await;
        }
        "wiremock" => {
            let server = WireMock::start().await;
            let response = ResponseTemplate::new(200).set_body_json(response());
            let mock = Mock::given(method("GET")).and(path(PATH));
            let mock = mock.and(query_param("by_user_id", "true"));
            mock.respond_with(response).mount(&server).await;
            calls(&over_port(server.uri()), times).await;
        }
        "httpmock" => {
            let server = HttpMock::start_async().await;
            let respond = |when: httpmock::When, then: httpmock::Then| {
                when.method(GET).path(PATH).query_param("by_user_id", "true");
                then.status(200).json_body(response());
            };
            server.mock_async(respond).await;
            calls(&over_port(server.base_url()), times).await;
        }
        other => unreachable!("{other}"),
    }
}

fn fake() -> Fake {
    let fake = Fake::new();
    let expected = fake.on::<Get>().user("order-42");
    expected.reply_with(CannedResponse::json(&response())).repeatedly();
    fake
}

fn sandbox() -> Sandbox {
    let builder = Sandbox::builder().token(TOKEN);
    builder.seed_json(SEED).expect("a seed").build()
}

fn response() -> Value {
    json!({"data": fake::user(), "meta": {"status": 200}})
}

fn over_port(url: impl AsRef<str>) -> Client {
    let transport = HyperTransport::builder().build().expect("a transport");
    let token = AuthToken::new(TOKEN).expect("a token");
    Client::builder(transport, TokioClock::new(), token)
        .base_url(url.as_ref().parse().expect("an address"))
        .rate_limiter(NoRateLimit::new())
        .build()
        .expect("a client")
}

async fn calls(client: &Client, times: u32) {
    some_calls(client, warm_up(times)).await;
    counted(some_calls(client, times)).await;
}

async fn some_calls(client: &Client, times: u32) {
    for _ in 0..times {
        let get = Get::new(UserRef::external("order-42")).include(UserField::Notes);
        black_box(client.call(get).await.expect("a response"));
    }
}
