//! What a fake replies with.

use super::*;

#[tokio::test]
async fn typed_replies_come_back_as_they_were_given() {
    let fake = Fake::new();
    fake.on::<users::Get>().reply(fake::user());
    fake.on::<conversations::Reply>()
        .reply(fake::reply_receipt().with_assign_part(fake::part()));
    fake.on::<users::SetProps>().reply(fake::property_report());
    fake.on::<apps::Channels>().reply(fake::channels());
    fake.on::<users::SetPresence>().reply(fake::nothing());
    fake.on_call(conversations::Get::new(ConversationId::new(716)))
        .reply(fake::conversation());

    assert_eq!(done(&fake, get()).await, fake::user());
    let receipt = done(&fake, reply()).await;
    assert_eq!(receipt.assign_part, Some(fake::part()));
    let rename = PropertyOperation::update_or_create("$name", "Ada").unwrap();
    let report = done(&fake, users::SetProps::new(ada()).with(rename)).await;
    assert_eq!(report, fake::property_report());
    assert_eq!(done(&fake, apps::Channels::new()).await, fake::channels());
    let conversation = done(&fake, conversations::Get::new(ConversationId::new(716))).await;
    assert_eq!(conversation, fake::conversation());
    let online = users::SetPresence::new(UserId::new(7), carrot_core::types::Presence::Online);
    done(&fake, online).await;
}

#[tokio::test]
async fn pages_follow_the_version_and_direction() {
    let older = || Cursor::position("[9]").unwrap();
    let newer = || Cursor::position("[11]").unwrap();
    for direction in [
        PageDirection::Before,
        PageDirection::After,
        PageDirection::Around,
    ] {
        let page = match direction {
            PageDirection::Around => fake::parts_page().next(older()).newer(newer()),
            _ => fake::parts_page().next(older()),
        };
        let fake = Fake::new();
        fake.on::<conversations::Parts>().reply(page.clone());
        let parts = conversations::Parts::new(ConversationId::new(716))
            .page(Paging::new().direction(direction));
        assert_eq!(done(&fake, parts).await, page, "{direction:?}");
    }
    let page = fake::parts_page().next(Cursor::after("9.5").unwrap());
    let fake = Fake::new();
    fake.on::<conversations::Parts>()
        .version(ApiVersion::V1)
        .reply(page.clone());
    let parts = client(&fake, ApiVersion::V1)
        .call(conversations::Parts::new(ConversationId::new(716)))
        .await;
    assert_eq!(parts.unwrap(), page);
}

#[tokio::test]
async fn a_listing_is_read_through_to_its_end() {
    let cursor = || Cursor::position("[9]").unwrap();
    let fake = Fake::new();
    fake.on::<conversations::Parts>()
        .without_param("paginate_position")
        .reply(Page::new(vec![fake::reply_part()]).next(cursor()));
    fake.on::<conversations::Parts>()
        .param("paginate_position", "[9]")
        .reply(Page::new(vec![fake::part()]));
    let mut items = fake
        .client()
        .items(conversations::Parts::new(ConversationId::new(716)));
    assert_eq!(items.next().await.unwrap(), Some(fake::reply_part()));
    assert_eq!(items.next().await.unwrap(), Some(fake::part()));
    assert_eq!(items.next().await.unwrap(), None);
    assert_eq!(fake::parts_page().next, NextCursor::End);
}

#[tokio::test]
async fn errors_have_the_name_of_their_version() {
    let cases: [(ApiError, u16, [&str; 2]); 8] = [
        (
            ApiError::not_authenticated(),
            401,
            ["AuthenticationFailed", "NotAuthenticated"],
        ),
        (
            ApiError::permission_denied(),
            403,
            ["PermissionDenied", "PermissionDeniedError"],
        ),
        (ApiError::lookup_error(), 400, ["LookupError"; 2]),
        (ApiError::bad_request(), 400, ["BadRequest"; 2]),
        (ApiError::not_found(), 404, ["Error404"; 2]),
        (ApiError::reply_too_big(), 400, ["ReplyTooBig"; 2]),
        (
            ApiError::tag_already_assigned(),
            400,
            ["ConversationTagAlreadyAssigned"; 2],
        ),
        (
            ApiError::tag_is_not_assigned(),
            400,
            ["ConversationTagIsNotAssigned"; 2],
        ),
    ];
    for (error, status, names) in cases {
        for (version, name) in ApiVersion::ALL.iter().copied().zip(names) {
            let fake = Fake::new();
            fake.on::<conversations::Reply>()
                .reply_error(error.clone().message("no, because"));
            let error = client(&fake, version).call(reply()).await.unwrap_err();
            assert_eq!(error.status(), Some(status));
            assert_eq!(error.code(), Some(&ErrorCode::from(name)));
            assert!(!matches!(error.code(), Some(ErrorCode::Other(_))), "{name}");
            assert_eq!(error.message(), Some("no, because"));
        }
    }
}

#[tokio::test]
async fn errors_carry_what_belongs_to_them() {
    let fake = Fake::new();
    let odd = ApiError::named(StatusCode::IM_A_TEAPOT, "Teapot");
    fake.on::<conversations::Reply>()
        .reply_error(ApiError::validation_error(json!({"body": "is required"})))
        .then()
        .reply_error(ApiError::internal())
        .then()
        .reply_error(odd);
    let error = fails(&fake, reply()).await;
    assert_eq!(error.fields(), Some(json!({"body": "is required"})));
    let error = fails(&fake, reply()).await;
    assert_eq!((error.status(), error.code()), (Some(500), None));
    assert!(error.may_have_been_applied());
    let error = fails(&fake, reply()).await;
    assert_eq!((error.status(), error.attempts()), (Some(418), 1));
}

#[tokio::test]
async fn the_pauses_of_retries_are_written_down() {
    let fake = Fake::new();
    fake.on::<users::Get>()
        .reply_error(ApiError::rate_limited(Duration::from_millis(6_500)))
        .then()
        .reply_status(502, "<html>")
        .then()
        .reply(fake::user());
    assert_eq!(done(&fake, get()).await, fake::user());
    fake.clock()
        .assert_sleeps([7 * SECOND, Duration::from_millis(500)]);
    let calls = fake.calls_of::<users::Get>();
    let seen: Vec<_> = calls
        .iter()
        .map(|call| (call.attempt(), call.at(), call.outcome()))
        .collect();
    let end = 7 * SECOND + Duration::from_millis(500);
    assert_eq!(
        seen,
        [
            (1, Duration::ZERO, "429 TooManyRequests"),
            (2, 7 * SECOND, "502"),
            (3, end, "200")
        ]
    );
}

#[tokio::test]
async fn without_retry_after_the_policy_decides() {
    let fake = Fake::new();
    fake.on::<conversations::Reply>()
        .reply_error(ApiError::rate_limited(None))
        .then()
        .reply(fake::reply_receipt());
    done(&fake, reply()).await;
    fake.clock().assert_sleeps([SECOND]);
}

#[tokio::test]
async fn a_deadline_passes_without_waiting() {
    let fake = Fake::new();
    fake.on::<conversations::Reply>().never_respond();
    let options = CallOptions::new()
        .call_timeout(5 * SECOND)
        .attempt_timeout(None);
    let client = fake.client().with_options(options);
    let error = client.call(reply()).await.unwrap_err();
    assert_eq!(error.phase(), Some(CallPhase::Attempt));
    assert!(error.may_have_been_applied());
    fake.clock().assert_sleeps([5 * SECOND]);
    assert_eq!(
        fake.single::<conversations::Reply>().outcome(),
        "no response"
    );
}

#[tokio::test]
async fn a_hanging_attempt_is_retried() {
    let fake = Fake::new();
    fake.on::<users::Get>()
        .never_respond()
        .then()
        .reply(fake::user());
    done(&fake, get()).await;
    let second = fake.calls_of::<users::Get>().pop().unwrap();
    assert_eq!(
        (second.attempt(), second.at()),
        (2, Duration::from_millis(10_550))
    );
}

#[tokio::test]
async fn every_failure_of_a_transport_reaches_the_caller() {
    let kinds = [
        TransportErrorKind::Dns,
        TransportErrorKind::Connect,
        TransportErrorKind::Tls,
        TransportErrorKind::Timeout(TimeoutPhase::Connect),
        TransportErrorKind::Timeout(TimeoutPhase::Response),
        TransportErrorKind::Timeout(TimeoutPhase::Body),
        TransportErrorKind::Reset,
        TransportErrorKind::Protocol,
        TransportErrorKind::Truncated,
        TransportErrorKind::TooLarge { limit: 7 },
        TransportErrorKind::Rejected,
        TransportErrorKind::Other,
    ];
    for kind in kinds {
        for sent in [Sent::Never, Sent::Maybe, Sent::Yes] {
            // A write is repeated only when it was surely not sent.
            let attempts = match kind {
                _ if sent != Sent::Never => 1,
                TransportErrorKind::Rejected
                | TransportErrorKind::Tls
                | TransportErrorKind::Protocol => 1,
                TransportErrorKind::Dns
                | TransportErrorKind::Connect
                | TransportErrorKind::Timeout(TimeoutPhase::Connect)
                | TransportErrorKind::Truncated
                | TransportErrorKind::Reset => 6,
                _ => 3,
            };
            let fake = Fake::new();
            fake.on::<conversations::Reply>()
                .fail(kind, sent)
                .times(attempts);
            let error = fails(&fake, reply()).await;
            let failure = error.transport().unwrap();
            assert_eq!((failure.kind(), failure.sent()), (kind, sent));
        }
    }
}

#[tokio::test]
async fn replies_are_counted() {
    let fake = Fake::new();
    fake.on::<users::UnsubscribeEmail>()
        .path_id(7)
        .reply_ok()
        .times(2);
    fake.on::<users::UnsubscribeEmail>()
        .path_id(8)
        .reply_ok()
        .at_least_once();
    fake.on::<users::UnsubscribeEmail>()
        .path_id(9)
        .reply_ok()
        .repeatedly();
    for id in [7, 8, 7, 8, 8] {
        done(&fake, users::UnsubscribeEmail::new(UserId::new(id))).await;
    }
    fake.verify();
    let error = fails(&fake, users::UnsubscribeEmail::new(UserId::new(7))).await;
    let failed = error.transport().unwrap();
    assert_eq!(
        (failed.kind(), failed.sent()),
        (TransportErrorKind::Rejected, Sent::Never)
    );
    // Nobody waits for what will not come, and the list of the calls is that of the code under test.
    assert_eq!((error.attempts(), fake.calls().len()), (1, 6));
    fake.clock().assert_sleeps([]);
    let text = failure(move || fake.verify());
    assert!(text.contains("all went to the calls 1, 3"), "{text}");
}

#[tokio::test]
async fn zero_times_means_never() {
    let fake = Fake::lenient();
    fake.on::<conversations::Reply>().reply_ok().times(0);
    done(&fake, users::UnsubscribeEmail::new(UserId::new(7))).await;
    fake.verify();
}

#[tokio::test]
async fn a_failure_may_come_before_the_response() {
    let fake = Fake::new();
    fake.on::<conversations::AddTag>()
        .param("tag", "vip")
        .fail(TransportErrorKind::Reset, Sent::Maybe)
        .then()
        .reply_error(ApiError::tag_already_assigned());
    // The first attempt had its effect, so the error of the second is a success.
    done(
        &fake,
        conversations::AddTag::new(ConversationId::new(716), "vip"),
    )
    .await;
    fake.assert_order(["conversations.add_tag"]);
}

#[tokio::test]
async fn computed_replies_may_use_the_fake() {
    let fake = Fake::new();
    let other = fake.clone();
    let seen = fake.clone();
    fake.on::<users::Get>()
        .matching("is not the first call", move |_| !seen.calls().is_empty())
        .reply_json(json!({"id": 8}));
    fake.on::<users::Get>().reply_from(move |call| {
        assert_eq!(other.calls().len(), 1);
        let id: u64 = call.path_id().unwrap().parse().unwrap();
        CannedResponse::data(json!({"id": id, "user_id": call.operation()}))
    });
    let user = done(&fake, users::Get::new(UserId::new(7))).await;
    assert_eq!(
        (user.id.get(), user.user_id.as_deref()),
        (7, Some("users.get"))
    );
    assert_eq!(
        done(&fake, users::Get::new(UserId::new(7))).await.id.get(),
        8
    );
    fake.verify();
}

/// A failure text runs the checks once more, to tick and cross them.
#[tokio::test]
async fn matchers_may_use_the_fake() {
    let fake = Fake::new();
    let seen = fake.clone();
    fake.on::<users::Get>()
        .matching("is the hundredth call", move |_| seen.calls().len() == 100)
        .reply_json(json!({"id": 8}));
    let error = call(&fake, users::Get::new(UserId::new(7))).await;
    assert!(error.is_err());
    let verified = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| fake.verify()));
    assert!(verified.is_err());
}
