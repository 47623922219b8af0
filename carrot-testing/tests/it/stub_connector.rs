//! A listener with a list of messages in place of a service.

use carrot_core::{
    AuthToken, Client,
    realtime::{Disconnected, Event, GapReason, ListenError, Listener},
    types::{
        AppId, ConversationId,
        realtime::{ConversationClosing, RealtimeChannel, RealtimePayload},
    },
};
use carrot_testing::{RecordingTransport, VirtualClock, stub::StubConnector};

fn channel() -> RealtimeChannel {
    RealtimeChannel::ConversationClosed(AppId::new(100))
}

fn closed(id: u64) -> RealtimePayload {
    RealtimePayload::ConversationClosed(ConversationClosing::new(ConversationId::new(id)))
}

fn listener(stub: &StubConnector, clock: &VirtualClock) -> Listener {
    let token = AuthToken::new("app.1.secret").unwrap();
    let client = Client::builder(RecordingTransport::new(), clock.clone(), token);
    let listen = client.build().unwrap().listen([channel()]).unwrap();
    listen.connector(stub.clone()).start()
}

/// All events, and the error at the end.
fn events(live: &mut Listener, clock: &VirtualClock) -> (Vec<Event>, ListenError) {
    clock.run(async {
        let mut events = Vec::new();
        loop {
            match live.next().await {
                Ok(event) => events.push(event.expect("an error ends it")),
                Err(error) => return (events, error),
            }
        }
    })
}

#[test]
fn handler_gets_the_list_and_an_end() {
    let clock = VirtualClock::manual();
    let stub = StubConnector::new()
        .message(channel(), closed(1))
        .unwrap()
        .down(Disconnected::new("cut"))
        .message(channel(), closed(2))
        .unwrap()
        .text("{")
        .gap()
        .message(channel(), closed(3))
        .unwrap();
    assert_eq!(stub.remaining(), 6);
    let (events, error) = events(&mut listener(&stub, &clock), &clock);
    assert_eq!(stub.remaining(), 0);
    assert!(
        error.to_string().contains("the stub has no more messages"),
        "{error}"
    );
    let names: Vec<String> = events
        .iter()
        .map(|event| match event {
            Event::Message(delivery) => match &delivery.message.payload {
                RealtimePayload::ConversationClosed(closing) => closing.conversation.to_string(),
                other => panic!("{other:?}"),
            },
            Event::CaughtUp => "caught up".to_owned(),
            Event::Down(down) => down.reason.to_string(),
            Event::Unreadable(_) => "unreadable".to_owned(),
            Event::Gap(gap) => {
                assert_eq!(
                    (&gap.reason, &*gap.channels),
                    (&GapReason::Expired, &[channel()][..])
                );
                "gap".to_owned()
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        names,
        [
            "caught up",
            "1",
            "cut",
            "caught up",
            "2",
            "unreadable",
            "a month without a connection",
            "gap",
            "caught up",
            "3"
        ]
    );
}

#[test]
fn messages_have_ids_and_checkpoints() {
    let clock = VirtualClock::manual();
    let stub = (1..=3).fold(StubConnector::new(), |stub, id| {
        stub.message(channel(), closed(id)).unwrap()
    });
    let mut live = listener(&stub, &clock);
    let (events, _) = events(&mut live, &clock);
    let ids: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Message(delivery) => delivery.message.id,
            _ => None,
        })
        .collect();
    assert_eq!(ids, [1, 2, 3]);
    let checkpoint = serde_json::to_value(live.checkpoint()).unwrap();
    assert_eq!(checkpoint["position"]["time"], 1_700_000_004);
    let wrong = StubConnector::new().message(RealtimeChannel::Ping, closed(1));
    assert!(wrong.is_err());
}
