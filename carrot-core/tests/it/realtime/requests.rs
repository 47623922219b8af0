//! What is sent, and what is rejected before.

use std::time::Duration;

use carrot_core::{
    realtime::{ConnectRequest, Connecting, Connector, Disconnected, Event},
    types::{
        AppId,
        realtime::{MAX_CHANNELS, RealtimeChannel},
    },
};
use carrot_testing::{CannedResponse, RecordingTransport, VirtualClock};

use super::{APP, channels};
use crate::support::{TOKEN, over};

#[test]
fn unfit_channels_are_rejected_before_anything_is_sent() {
    let transport = RecordingTransport::new();
    let client = over(transport.clone(), &VirtualClock::manual())
        .build()
        .unwrap();
    let many = (1..=MAX_CHANNELS as u64).map(|app| RealtimeChannel::Conversation(AppId::new(app)));
    let reply = || RealtimeChannel::ConversationReply(APP);
    let cases: [(Vec<RealtimeChannel>, &str); 6] = [
        (vec![], "must not be empty"),
        (vec![reply(), reply()], "must not repeat a channel"),
        (vec![RealtimeChannel::Ping; 2], "must not repeat a channel"),
        (
            vec![RealtimeChannel::from("a.1.b3")],
            "must not end with `.b` and digits",
        ),
        (vec![RealtimeChannel::from("a/b")], "must be ASCII"),
        // With `ping` it is one more.
        (many.collect(), "must be at most 50 channels"),
    ];
    for (channels, rule) in cases {
        let error = client.listen(channels).unwrap_err();
        assert!(error.rule().starts_with(rule), "{error}");
    }
    assert!(transport.requests().is_empty());
}

#[test]
fn polls_carry_the_token_in_the_header_alone() {
    let page = http::Response::builder()
        .header("last-modified", "Tue, 14 Nov 2023 22:13:20 GMT")
        .header("etag", "W/3")
        .body(r#"{"id":1,"channel":"a.1000","tag":"3","time":"Tue, 14 Nov 2023 22:13:20 GMT","message":1}"#.into())
        .unwrap();
    let page = CannedResponse::response(page);
    let transport = RecordingTransport::responding([page]).with_default(CannedResponse::never());
    let clock = VirtualClock::manual();
    let client = over(transport.clone(), &clock).build().unwrap();
    let mut live = client.listen(channels()).unwrap().start();
    clock.run(live.next()).unwrap().unwrap();
    clock.run(live.next()).unwrap().unwrap();
    let _ = clock.step(std::pin::pin!(live.next()));
    let requests = transport.requests();
    let urls: Vec<String> = requests
        .iter()
        .map(|request| request.uri().to_string())
        .collect();
    let path = "https://realtime-services.carrotquest.io/longpoll/a.1000/b.1000/c.1000/ping";
    let from = format!("{path}?time=Tue%2C%2014%20Nov%202023%2022%3A13%3A20%20GMT&tag=3");
    assert_eq!(urls, [path.to_owned(), from]);
    for request in &requests {
        let header = request.headers().get("authorization").unwrap();
        assert!(header.is_sensitive());
        assert!(!request.uri().to_string().contains(TOKEN));
    }
}

#[test]
fn the_realtime_service_follows_the_base_url() {
    for (base, host) in [
        (
            "https://api.carrotquest.io",
            "https://realtime-services.carrotquest.io/",
        ),
        (
            "https://api.dashly.app",
            "https://realtime-services.dashly.app/",
        ),
        ("https://proxy.example/x", "https://proxy.example/x/"),
    ] {
        let transport = RecordingTransport::new().with_default(CannedResponse::never());
        let clock = VirtualClock::manual();
        let builder = over(transport.clone(), &clock).base_url(base.parse().unwrap());
        let mut live = builder.build().unwrap().listen(channels()).unwrap().start();
        let _ = clock.step(std::pin::pin!(live.next()));
        let uri = transport.requests()[0].uri().to_string();
        assert!(uri.starts_with(&format!("{host}longpoll/")), "{uri}");
    }
    let builder = over(RecordingTransport::new(), &VirtualClock::manual());
    let plain = builder.realtime_base_url("http://elsewhere.example".parse().unwrap());
    assert!(plain.build().is_err());
}

/// Keeps the address of a WebSocket that a connector is given.
#[derive(Debug, Default)]
struct Spy(std::sync::Mutex<Vec<(String, String)>>);

impl Connector for Spy {
    fn connect(&self, request: ConnectRequest) -> Connecting {
        let uri = request.websocket().unwrap().uri().to_string();
        let shown = format!("{request:?}");
        self.0.lock().unwrap().push((uri, shown));
        Box::pin(std::future::ready(Err(Disconnected::new("no socket here"))))
    }
}

#[test]
fn the_websocket_address_alone_holds_the_token() {
    let clock = VirtualClock::manual();
    let client = over(RecordingTransport::new(), &clock).build().unwrap();
    let spy = std::sync::Arc::new(Spy::default());
    let listen = client
        .listen(channels())
        .unwrap()
        .connector(std::sync::Arc::clone(&spy));
    assert!(!format!("{listen:?}").contains(TOKEN));
    let mut live = listen.start();
    let mut event = clock.run(live.next()).unwrap().unwrap();
    let Event::Down(down) = &mut event else {
        panic!("{event:?}")
    };
    assert!(
        down.to_string()
            .starts_with("no socket here; connecting again in"),
        "{down}"
    );
    // Jitter makes it an odd number, which people read.
    down.retry_in = Duration::from_nanos(495_510_783);
    assert!(down.to_string().ends_with(" in 0.5 s"), "{down}");
    let seen = spy.0.lock().unwrap();
    let [(uri, shown)] = &seen[..] else {
        panic!("{seen:?}")
    };
    let host = "https://realtime-services.carrotquest.io";
    let path = "/websocket/a.1000/b.1000/c.1000/ping?auth_token=";
    assert_eq!(*uri, format!("{host}{path}{TOKEN}"));
    assert!(!format!("{shown}{live:?}{event:?}{:?}", live.checkpoint()).contains(TOKEN));
}
