//! Transports for one question each.

use carrot_core::{
    Sent,
    transport::TransportErrorKind,
    types::{Presence, UserId},
    users,
};
use carrot_testing::{CannedResponse, RecordingTransport, client, stub::RespondWith};

fn unsubscribe() -> users::UnsubscribeEmail {
    users::UnsubscribeEmail::new(UserId::new(7))
}

fn always(response: CannedResponse) -> RecordingTransport {
    RecordingTransport::new().with_default(response)
}

#[tokio::test]
async fn capture_keeps_what_it_got() {
    let capture = always(CannedResponse::ok());
    let client = client(capture.clone());
    assert!(capture.last_request().is_none());
    client.call(unsubscribe()).await.unwrap();
    client
        .call(users::SetPresence::new(UserId::new(7), Presence::Idle))
        .await
        .unwrap();
    assert_eq!(capture.requests().len(), 2);
    assert_eq!(
        capture.last_request().unwrap().form("presence"),
        Some("idle")
    );
    assert!(!format!("{capture:?}").contains("token-of-a-test"));
}

#[tokio::test]
async fn a_closure_is_asked_for_every_attempt() {
    let client = client(RespondWith::new(|call| match call.attempt() {
        1 => CannedResponse::failure(TransportErrorKind::Connect, Sent::Never),
        _ => CannedResponse::ok(),
    }));
    client.call(unsubscribe()).await.unwrap();
}

#[tokio::test]
async fn what_never_responds_ends_with_the_deadline() {
    let error = client(always(CannedResponse::never()))
        .call(unsubscribe())
        .await
        .unwrap_err();
    assert!(error.is_timeout() && error.may_have_been_applied());
}

#[tokio::test]
async fn always_fails_is_retried() {
    for (sent, attempts) in [(Sent::Never, 6), (Sent::Maybe, 6)] {
        let transport = always(CannedResponse::failure(TransportErrorKind::Reset, sent));
        let error = client(transport).call(unsubscribe()).await.unwrap_err();
        assert_eq!((error.sent(), error.attempts()), (sent, attempts));
    }
}
