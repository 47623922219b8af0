//! What a failing test reads: one file in `tests/failures` for every kind of failure.
//!
//! Run with `UPDATE_EXPECT=1` to write them anew.

mod offered_code;

use std::{path::PathBuf, process::Command, time::Duration};

use carrot_core::{
    ApiVersion, AuthToken, Client, Endpoint, ExponentialBackoff, NoRateLimit, apps, conversations,
    endpoint::Upload,
    types::{AdminId, AppId, ConversationId, Filter, PropertyOperation, UserId, UserRef},
    users,
};
use carrot_testing::{ApiError, Fake, fake};
use serde_json::json;

use crate::support::{Salute, failure};

const SECRET: &str = "app.65535.canary-5e1d";

/// Calls an operation and throws away what comes of it.
fn call<E: Endpoint>(fake: &Fake, endpoint: E) {
    let _ = fake.clock().run(fake.client().call(endpoint));
}

/// Holds what a test prints against its file.
fn fails(name: &str, test: impl FnOnce(Fake)) {
    let text = without_lines(&failure(|| test(Fake::new())));
    assert!(!text.contains("canary"), "{text}");

    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/failures");
    expect_test::expect_file![folder.join(format!("{name}.txt"))].assert_eq(&text);
}

/// The places in this file without their lines, which move with every change of it.
fn without_lines(text: &str) -> String {
    let mut parts = text.split("failures.rs:");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':');
        let punctuation =
            if part.len() > rest.len() && part[..part.len() - rest.len()].ends_with(':') {
                ":"
            } else {
                ""
            };
        shown += "failures.rs:LINE";
        shown += punctuation;
        shown += rest;
    }
    shown.replace("carrot-testing\\tests\\it\\", "carrot-testing/tests/it/")
}

fn ada() -> UserRef {
    UserRef::external("order-42")
}

fn reply(text: &str) -> conversations::Reply {
    conversations::Reply::new(ConversationId::new(716), text)
}

#[test]
fn nothing_was_expected() {
    fails("nothing_expected", |fake| {
        call(
            &fake,
            users::Get::new(ada()).include(carrot_core::endpoint::UserField::Notes),
        );
    });
}

#[test]
fn another_operation_was_expected() {
    fails("another_operation", |fake| {
        fake.on::<users::Get>().reply(fake::user());
        call(&fake, users::Get::new(UserId::new(7)));
        call(
            &fake,
            users::SetProps::new(ada())
                .with(PropertyOperation::update_or_create("$name", "Ada").unwrap())
                .with(PropertyOperation::add("orders", 1).unwrap()),
        );
    });
}

#[test]
fn a_parameter_differs() {
    fails("param", |fake| {
        fake.on::<users::Get>()
            .user("order-43")
            .param("notes", "true")
            .reply(fake::user());
        fake.on::<users::Get>()
            .user("order-42")
            .param("notes", "true")
            .param("tags", "true")
            .without_param("segments")
            .reply(fake::user());
        call(
            &fake,
            users::Get::new(ada())
                .include(carrot_core::endpoint::UserField::Tags)
                .include(carrot_core::endpoint::UserField::Segments),
        );
    });
}

#[test]
fn every_kind_of_matcher_fails() {
    fails("every_matcher", |fake| {
        fake.on::<apps::Leads>()
            .version(ApiVersion::V1)
            .path_id(65535)
            .param("limit", 50)
            .param("sort_prop", "$last_seen")
            .param_json("filters", json!({"type": "and", "filters": []}))
            .param_json("sort_order", json!(["asc"]))
            .without_param("offset")
            .has_header("x-request-id")
            .header("accept", "text/html")
            .file("attachment", Upload::new("a.pdf", "1234"))
            .matching("asks for JSON", |request| {
                request.header("accept") == Some("text/html")
            })
            .reply(fake::leads_page());
        let leads = apps::Leads::new()
            .filter(Filter::known("$email"))
            .sort_order(apps::SortOrder::Descending)
            .page(
                carrot_core::endpoint::Paging::new()
                    .size(10)
                    .starting_at(carrot_core::types::Cursor::offset(20)),
            );
        call(&fake, leads);
    });
}

#[test]
fn a_given_call_differs() {
    fails("exact_call", |fake| {
        fake.on_call(reply("On its way").external_id("crm-1"))
            .reply(fake::reply_receipt());
        call(&fake, reply("On its way!").auto_assign(AdminId::new(12)));
    });
}

#[test]
fn a_given_call_has_other_json() {
    let rename = |name: &str| PropertyOperation::update_or_create("$name", name).unwrap();
    fails("exact_call_json", |fake| {
        fake.on_call(
            users::SetProps::new(ada())
                .with(rename("Ada"))
                .with(PropertyOperation::add("orders", 1).unwrap()),
        )
        .reply(fake::property_report());
        call(
            &fake,
            users::SetProps::new(UserId::new(7)).with(rename("Ada Lovelace")),
        );
    });
}

#[test]
fn a_given_call_has_another_file() {
    fails("exact_call_file", |fake| {
        fake.on_call(reply("Here").attachment(Upload::new("a.pdf", "1234")))
            .reply(fake::reply_receipt());
        call(&fake, reply("Here").attachment(Upload::new("b.pdf", "123")));
    });
}

#[test]
fn call_from_another_api_version() {
    fails("exact_call_version", |fake| {
        fake.on_call(reply("Here").external_id("crm-1"))
            .reply(fake::reply_receipt());
        let client = fake
            .client_builder()
            .version(ApiVersion::V1)
            .build()
            .unwrap();
        let _ = fake.clock().run(client.call(reply("Here")));
    });
}

#[test]
fn a_call_came_once_too_often() {
    fails("too_often", |fake| {
        fake.on::<conversations::Close>()
            .path_id(716)
            .reply(fake::action_receipt());
        fake.on::<conversations::Close>()
            .path_id(717)
            .reply(fake::action_receipt());
        for id in [716, 717, 716] {
            call(&fake, conversations::Close::new(ConversationId::new(id)));
        }
    });
}

#[test]
fn a_retry_was_not_expected() {
    fails("retry_not_expected", |fake| {
        fake.on::<users::Get>().reply_error(ApiError::internal());
        call(&fake, users::Get::new(UserId::new(7)));
    });
}

#[test]
fn an_expectation_without_a_reply() {
    fails("no_reply", |fake| {
        fake.on::<users::Get>().user("order-42");
        call(&fake, users::Get::new(ada()));
    });
}

#[test]
fn nothing_was_called() {
    fails("never_called", |fake| {
        fake.on::<users::Get>().user("order-42").reply(fake::user());
        fake.verify();
    });
}

#[test]
fn a_given_call_was_never_made() {
    fails("never_called_exactly", |fake| {
        fake.on_call(
            users::SetProps::new(ada()).with(PropertyOperation::add("orders", 1).unwrap()),
        )
        .reply(fake::property_report());
        fake.verify();
    });
}

#[test]
fn a_sequence_was_not_used_up() {
    fails("sequence", |fake| {
        fake.on::<conversations::Reply>()
            .reply_error(ApiError::internal())
            .times(2)
            .then()
            .reply(fake::reply_receipt());
        call(&fake, reply("On its way"));
    });
}

#[test]
fn a_sequence_after_an_error_is_unused() {
    fails("sequence_after_error", |fake| {
        fake.on::<users::Get>()
            .user("order-42")
            .reply_error(ApiError::lookup_error())
            .then()
            .reply_from(|_| carrot_testing::CannedResponse::ok())
            .at_least_once();
        call(&fake, users::Get::new(ada()));
    });
}

#[test]
fn a_call_came_before_it_was_expected() {
    fails("too_early", |fake| {
        call(&fake, users::Get::new(ada()));
        fake.on::<users::Get>().user("order-42").reply(fake::user());
    });
}

#[test]
fn a_call_came_after_many() {
    fails("many_calls", |fake| {
        fake.on::<conversations::Close>()
            .reply(fake::action_receipt())
            .times(40);
        for id in 1..=41 {
            call(&fake, conversations::Close::new(ConversationId::new(id)));
        }
    });
}

/// Fails when it is told to by the test below.
#[test]
fn a_test_that_fails_by_itself() {
    if std::env::var_os("FAIL_BY_ITSELF").is_some() {
        let fake = Fake::new();
        fake.on::<users::Get>().reply(fake::user());
        fake.clock()
            .run(fake.client().call(reply("On its way")))
            .expect("the reply is sent");
    }
}

#[test]
fn a_failing_test_shows_unexpected_calls_only() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "failures::a_test_that_fails_by_itself",
            "--nocapture",
        ])
        .env("FAIL_BY_ITSELF", "1")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("the reply is sent: "), "{text}");
    assert!(
        text.contains("Call 1 was not expected: conversations.reply"),
        "{text}"
    );
    assert!(text.contains("there are some about users.get"), "{text}");
    assert!(!text.contains("should be used"), "{text}");
}

#[test]
fn called_less_often() {
    fails("less_often", |fake| {
        fake.on::<users::Get>().reply(fake::user()).times(3);
        fake.on::<conversations::Close>()
            .reply(fake::action_receipt())
            .at_least_once();
        call(&fake, users::Get::new(ada()));
    });
}

#[test]
fn another_expectation_took_the_call() {
    fails("taken", |fake| {
        fake.on::<users::Get>().reply(fake::user()).repeatedly();
        fake.on::<users::Get>().user("order-42").reply(fake::user());
        call(&fake, users::Get::new(ada()));
    });
}

#[test]
fn a_lenient_fake_was_not_called_as_expected() {
    fails("lenient", |_| {
        let fake = Fake::lenient();
        fake.on::<users::UnsubscribeEmail>().path_id(7).reply_ok();
        call(&fake, users::UnsubscribeEmail::new(UserId::new(8)));
    });
}

#[test]
fn an_operation_of_ones_own() {
    fails("own_operation", |fake| {
        let words = &["Good\nmorning, \"Ada\"", "Goodbye"];
        call(&fake, Salute("order-42", words));
    });
}

#[test]
fn a_long_text_differs() {
    fails("long_text", |_| {
        let text = "All work and no play makes Jack a dull boy. ".repeat(20);
        let fake = Fake::new();
        fake.on::<conversations::Reply>()
            .param("body", format!("{text}Jack"))
            .reply(fake::reply_receipt());
        call(&fake, reply(&format!("{text}Jill")));
    });
}

#[test]
fn the_token_is_told_nowhere() {
    fails("token", |fake| {
        let token = AuthToken::new(SECRET).unwrap();
        let client = Client::builder(fake.transport(), fake.clock().clone(), token)
            .rate_limiter(NoRateLimit::new())
            .retry(ExponentialBackoff::none())
            .app(AppId::new(65535))
            .build()
            .unwrap();
        let error = fake
            .clock()
            .run(client.call(reply(&format!("my key is {SECRET}"))))
            .unwrap_err();
        assert!(
            !format!("{error} {error:?}").contains("canary"),
            "{error:?}"
        );
        assert!(!format!("{fake:?}").contains(&format!("Token {SECRET}")));
    });
}

#[test]
fn a_single_call_is_none_or_several() {
    fails("single", |fake| {
        fake.on::<users::Get>()
            .reply_error(ApiError::rate_limited(Duration::from_secs(7)))
            .then()
            .reply(fake::user());
        call(&fake, users::Get::new(ada()));
        fake.single::<users::Get>();
    });
    fails("single_none", |fake| {
        fake.single::<users::Get>();
    });
    fails("single_not_expected", |fake| {
        call(&fake, reply("On its way"));
        fake.single::<users::Get>();
    });
}

#[test]
fn calls_that_should_not_be() {
    fails("no_calls", |_| {
        let fake = Fake::lenient();
        call(&fake, users::UnsubscribeEmail::new(UserId::new(8)));
        fake.assert_no_calls();
    });
}

#[test]
fn the_order_is_another() {
    fails("order", |fake| {
        fake.on::<users::Get>().reply(fake::user()).times(2);
        fake.on::<conversations::Reply>()
            .reply(fake::reply_receipt());
        call(&fake, users::Get::new(ada()));
        call(&fake, users::Get::new(ada()));
        call(&fake, reply("On its way"));
        fake.assert_order(["users.get", "conversations.reply", "conversations.close"]);
    });
}

#[test]
fn an_unexpected_call_breaks_the_order() {
    fails("order_not_expected", |fake| {
        fake.on::<conversations::Reply>()
            .param("body", "On its way!")
            .reply(fake::reply_receipt());
        fake.on::<conversations::Close>()
            .reply(fake::action_receipt());
        call(&fake, reply("On its way"));
        fake.assert_order(["conversations.reply", "conversations.close"]);
    });
}

#[test]
fn the_client_error_is_a_summary() {
    let fake = Fake::new();
    fake.on::<users::Get>().user("order-43").reply(fake::user());
    let error = fake
        .clock()
        .run(fake.client().call(users::Get::new(ada())))
        .unwrap_err();
    let text = without_lines(&error.to_string());
    assert_eq!(
        text,
        "users.get: the transport rejects the request: the fake expected no such call of users.get; nearest is \
         carrot-testing/tests/it/failures.rs:LINE, but external id of the user is \"order-43\" (it came as \
         \"order-42\"); the request was not sent"
    );
    failure(|| drop(fake));
}

#[test]
fn nonsensical_expectations_fail_early() {
    let message = |test: fn(Fake)| failure(|| test(Fake::lenient()));
    let twice = message(|fake| drop(fake.on::<users::Get>().reply_ok().reply_ok()));
    assert!(twice.contains("put `.then()` between"), "{twice}");
    let early = message(|fake| drop(fake.on::<users::Get>().then()));
    assert!(early.contains("no reply stands before"), "{early}");
    let endless = message(|fake| drop(fake.on::<users::Get>().reply_ok().repeatedly().then()));
    assert!(endless.contains("for ever"), "{endless}");
    let times = message(|fake| drop(fake.on::<users::Get>().times(2)));
    assert!(
        times.contains("`.times(n)`") && times.contains("follow a reply"),
        "{times}"
    );
    let status = message(|fake| drop(fake.on::<users::Get>().reply_status(42, "")));
    assert!(status.contains("42 is not an HTTP status"), "{status}");
}
