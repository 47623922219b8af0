//! Whatever comes, the fake responds or rejects, and tells what it thinks of it.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::{Context, Waker},
};

use bytes::Bytes;
use carrot_core::{
    ApiVersion, Body, HttpTransport, Sent,
    conversations::{AddTag, Close, Reply},
    endpoint::Upload,
    transport::{CallContext, TransportErrorKind},
    types::{ConversationId, UserId},
    users,
};
use carrot_testing::{ApiError, Fake, fake};
use http::Request;
use proptest::prelude::*;
use serde_json::json;

const OPERATIONS: [&str; 5] = [
    "users.get",
    "conversations.reply",
    "conversations.add_tag",
    "conversations.close",
    "users.salute",
];

fn requests() -> impl Strategy<Value = Request<Body>> {
    let path = prop_oneof![
        Just("/v2/users/7".to_owned()),
        Just("/v1/users/order-42?by_user_id=true&notes=true".to_owned()),
        Just("/v2/conversations/716/reply".to_owned()),
        Just("/v2/conversations/%FF/tag".to_owned()),
        "/[a-z0-9/%?&=$]{0,20}",
    ];
    let template = prop_oneof![
        Just("/v2/users/{id}"),
        Just("/v1/conversations/{id}/reply"),
        Just("/{id}/{id}/{id}/{id}/{id}/{id}"),
        Just(""),
    ];
    let content_type = prop_oneof![
        Just("application/x-www-form-urlencoded"),
        Just("multipart/form-data; boundary=b"),
        Just("multipart/form-data"),
    ];
    let body = prop_oneof![
        "(body|tag|filters|auth_token)=[a-z0-9%{}\\[\\]\"]{0,30}".prop_map(Bytes::from),
        Just(Bytes::from_static(
            b"--b\r\nContent-Disposition: form-data; name=f; filename=a\r\n\r\n1\r\n--b--"
        )),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Bytes::from),
    ];
    let operation = prop::option::of(0..OPERATIONS.len());
    (
        path,
        template,
        content_type,
        body,
        operation,
        0_u32..5,
        "[ -~]{0,12}",
    )
        .prop_filter_map(
            "a request",
            |(path, template, content_type, body, operation, attempt, token)| {
                let mut request = Request::post(format!("https://api.example{path}"))
                    .header("content-type", content_type)
                    .header("authorization", token)
                    .body(Body::from(body))
                    .ok()?;
                if let Some(operation) = operation {
                    let mut context = CallContext::new(OPERATIONS[operation], template);
                    context.attempt = attempt;
                    request.extensions_mut().insert(context);
                }
                Some(request)
            },
        )
}

fn expecting() -> Fake {
    let fake = Fake::new();
    let get = fake
        .on::<users::Get>()
        .version(ApiVersion::V1)
        .user("order-42")
        .param("notes", true);
    get.reply(fake::user());
    fake.on_call(users::Get::new(UserId::new(7)))
        .reply_error(ApiError::rate_limited(None))
        .then()
        .fail(TransportErrorKind::Reset, Sent::Maybe)
        .times(2)
        .then()
        .never_respond();
    fake.on::<Reply>()
        .path_id(716)
        .param_json("filters", json!({"a": [1, {"b": null}]}))
        .without_param("body")
        .has_header("content-type")
        .file("f", Upload::new("a", "1"))
        .matching("has a body", |request| !request.body().is_empty())
        .reply_from(|call| {
            ApiError::internal()
                .message(call.path_id().unwrap_or_default())
                .into()
        });
    fake.on_call(AddTag::new(ConversationId::new(716), "vip"))
        .reply(fake::action_receipt());
    drop(fake.on::<Close>());
    fake
}

proptest! {
    #[test]
    fn any_request_sequence_is_reported(
        requests in prop::collection::vec(requests(), 0..12),
    ) {
        let fake = expecting();
        let transport = fake.transport();
        let count = requests.len();
        for request in requests {
            let sending = transport.send(request);
            let _ = pin!(sending).as_mut().poll(&mut Context::from_waker(Waker::noop()));
        }
        prop_assert_eq!(fake.calls().len(), count);
        let _ = format!("{fake:?}");
        // Some expectation is never met, so it fails: with the text that is made for it.
        let panic = catch_unwind(AssertUnwindSafe(|| fake.verify())).expect_err("it must fail");
        let text = panic.downcast::<String>().expect("a text of its own");
        prop_assert!(text.starts_with("the fake was not used as expected"), "{}", text);
        let order = catch_unwind(AssertUnwindSafe(|| fake.assert_order(["a", "b"])));
        prop_assert!(order.is_err());
        catch_unwind(AssertUnwindSafe(|| drop(fake))).expect_err("it verifies once more");
    }
}
