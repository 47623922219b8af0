//! The code that a failure offers can be pasted into the test.

use super::*;

/// Calls an operation that is not expected, and takes the code that the failure offers. Then calls it
/// with that code, which stands below and so is code that compiles.
fn assert_offered<E: Endpoint>(endpoint: impl Fn() -> E, pasted: impl FnOnce(&Fake)) {
    assert_offered_in(ApiVersion::V2, endpoint, pasted);
}

fn assert_offered_in<E: Endpoint>(
    version: ApiVersion,
    endpoint: impl Fn() -> E,
    pasted: impl FnOnce(&Fake),
) {
    let client = |fake: &Fake| fake.client_builder().version(version).build().unwrap();
    let fake = Fake::new();
    let _ = fake.clock().run(client(&fake).call(endpoint()));
    let text = failure(move || fake.verify());
    let (_, rest) = text.split_once("This would have matched:").unwrap();
    let (offered, _) = rest.split_once("The calls:").unwrap();
    // Whatever rustfmt does to a line that is too long.
    let bare = |code: &str| {
        let code = code.replace(char::is_whitespace, "");
        code.replace(",)", ")")
            .replace(",]", "]")
            .replace(",}", "}")
    };
    let source = bare(include_str!("offered_code.rs"));
    assert!(source.contains(&bare(offered)), "{offered}");

    let fake = Fake::new();
    pasted(&fake);
    fake.clock().run(client(&fake).call(endpoint())).unwrap();
}

#[test]
fn the_code_that_is_offered_can_be_pasted() {
    assert_offered(
        || users::Get::new(ada()).include(carrot_core::endpoint::UserField::Tags),
        |fake| {
            fake.on::<users::Get>()
                .user("order-42")
                .param("tags", "true")
                .reply(fake::user());
        },
    );
    assert_offered(
        || users::SetProps::new(UserId::new(7)).with(PropertyOperation::add("orders", 1).unwrap()),
        |fake| {
            fake.on::<users::SetProps>()
                .path_id("7")
                .param_json(
                    "operations",
                    json!([{"key": "orders", "op": "add", "value": 1}]),
                )
                .reply(fake::property_report());
        },
    );
    assert_offered(
        || reply("Good\nmorning, \"Ada\""),
        |fake| {
            fake.on::<conversations::Reply>()
                .path_id("716")
                .param("body", "Good\nmorning, \"Ada\"")
                .param("from_admin", "default_admin")
                .reply(fake::reply_receipt());
        },
    );
    assert_offered(
        || {
            users::SetProps::new(ada())
                .with(PropertyOperation::update_or_create("\"née\" {}", "a\\b\n\u{7f}").unwrap())
                .with(PropertyOperation::add("seen", 5_000_000_000_i64).unwrap())
        },
        |fake| {
            fake.on::<users::SetProps>()
                .user("order-42")
                .param_json("operations", json!([{"key": "\"née\" {}", "op": "update_or_create", "value": "a\\b\n\u{7f}"}, {"key": "seen", "op": "add", "value": 5000000000_u64}]))
                .reply(fake::property_report());
        },
    );
    assert_offered(
        || reply("Here").attachment(Upload::new("a.txt", "1\n\"2\"")),
        |fake| {
            fake.on::<conversations::Reply>()
                .path_id("716")
                .param("body", "Here")
                .param("from_admin", "default_admin")
                .param("attachment_file_name", "a.txt")
                .file("attachment", Upload::new("a.txt", "1\n\"2\""))
                .reply(fake::reply_receipt());
        },
    );
    assert_offered(
        || reply("Here").attachment(Upload::new("a.pdf", vec![0xff; 24])),
        |fake| {
            fake.on::<conversations::Reply>()
                .path_id("716")
                .param("body", "Here")
                .param("from_admin", "default_admin")
                .param("attachment_file_name", "a.pdf")
                // and the file "attachment": "a.pdf" of 24 bytes
                .reply(fake::reply_receipt());
        },
    );
    assert_offered_in(
        ApiVersion::V1,
        || users::Get::new(UserId::new(7)),
        |fake| {
            fake.on::<users::Get>()
                .version(ApiVersion::V1)
                .path_id("7")
                .reply(fake::user());
        },
    );
    assert_offered(apps::Channels::new, |fake| {
        fake.on::<apps::Channels>().reply(fake::channels());
    });
}
