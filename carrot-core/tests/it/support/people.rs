//! Calls with personal data, to find where it is shown.

use carrot_core::{
    Client, Sent, TransportError,
    conversations::{Reply, Sender},
    transport::TransportErrorKind,
    types::{ConversationId, PropertyOperation, UserRef},
    users,
};
use carrot_testing::{ApiError, CannedResponse, RecordingTransport, VirtualClock};
use serde_json::json;

use super::canary::{E_MAIL, EXTERNAL_ID, TEXT, TOKEN};

/// Makes calls with personal data, whose responses quote it in every way.
pub(crate) fn talk(client: &Client, transport: &RecordingTransport, clock: &VirtualClock) {
    let words = format!("{TOKEN} {E_MAIL} {EXTERNAL_ID} {TEXT}");
    let rejected = http::StatusCode::BAD_REQUEST;
    clock.run(async {
        transport.respond(ApiError::named(rejected, words.as_str()).message(&words));
        let reply = Reply::new(ConversationId::new(1), TEXT).sender(Sender::DefaultAdmin);
        client.call(&reply).await.expect_err("rejected");

        transport.respond(CannedResponse::bytes(http::StatusCode::OK, words.clone()));
        client.call(&reply).await.expect_err("unreadable");

        let kind = TransportErrorKind::Other;
        transport.fail(TransportError::new(kind, Sent::Maybe).with_source(words.clone()));
        client.call(&reply).await.expect_err("lost");

        let property = PropertyOperation::update_or_create("$email", E_MAIL);
        let change = users::SetProps::new(UserRef::external(EXTERNAL_ID));
        let change = change.with(property.expect("a sound operation"));
        transport.respond(CannedResponse::bytes(
            http::StatusCode::BAD_GATEWAY,
            words.clone(),
        ));
        transport.respond(
            ApiError::named(http::StatusCode::TOO_MANY_REQUESTS, "TooManyRequests").message(&words),
        );
        transport.respond(CannedResponse::data(json!({"meta": words})));
        drop(client.call(&change).await);

        let invalid = users::Get::new(UserRef::external(format!("{EXTERNAL_ID}\u{0}")));
        drop(client.call(invalid).await);
    });
    assert_eq!(transport.unused_responses(), 0);
}
