//! What the sandbox rejects although no page of the vendor says so: each stands in its table.

use carrot_testing::{Sandbox, sandbox::SeedUser};
use http::Method;

use super::common::{get, send, start, upload};

const TABLE: &str = include_str!("../../../docs/sandbox.md");

/// A request, the error, and the words of the table.
struct Rejected(
    Method,
    &'static str,
    &'static str,
    (u16, &'static str),
    &'static str,
);

const INVALID: (u16, &str) = (400, "ValidationError");
const LOOKUP: (u16, &str) = (400, "LookupError");
const BAD: (u16, &str) = (400, "BadRequest");

fn rejections() -> Vec<Rejected> {
    let post = |path, form, error, words| Rejected(Method::POST, path, form, error, words);
    let list = |path, form, error, words| Rejected(Method::GET, path, form, error, words);
    vec![
        post(
            "/v2/users/{user}/events",
            "event=e&params=[]",
            INVALID,
            "`params` that is a JSON array, `[]` included",
        ),
        post(
            "/v2/users/{user}/events",
            "event=e&params={\"a\":null}",
            INVALID,
            "a value that breaks a limit rejects the event",
        ),
        post(
            "/v2/users/{user}/setpresence",
            "presence=offline",
            INVALID,
            "both are rejected with `ValidationError`",
        ),
        post(
            "/v1/users/{user}/setpresence",
            "presence=idle&session=123",
            INVALID,
            "both are rejected with `ValidationError`",
        ),
        post(
            "/v2/users/{user}/sendmessage",
            "body=Hi&type=email",
            INVALID,
            "`type=email` is rejected in v2",
        ),
        post(
            "/v2/users/{user}/sendmessage",
            "body=",
            INVALID,
            "an empty text is rejected as a missing one",
        ),
        post(
            "/v2/users/{user}/startconversation",
            "body=",
            INVALID,
            "an empty text is rejected as a missing one",
        ),
        post(
            "/v2/users/$self_user/setpresence",
            "presence=idle",
            INVALID,
            "the token of an app has no `$self_user`",
        ),
        post(
            "/v2/users/{user}/props",
            "operations={}",
            INVALID,
            "`operations` that are not a JSON array",
        ),
        post(
            "/v2/users/{user}/props",
            "operations=[]&source=1",
            INVALID,
            "a `source` that is not a JSON object",
        ),
        post(
            "/v2/conversations/{id}/reply",
            "body=Hi&actions={}",
            INVALID,
            "`actions` that are not a JSON array",
        ),
        post(
            "/v2/conversations/{id}/reply",
            "body=Hi&body_json=[]",
            INVALID,
            "a `body_json` that is not a JSON object",
        ),
        post(
            "/v2/conversations/{id}/reply",
            "body=Hi&from_admin=7",
            LOOKUP,
            "an operator that does not exist is a `LookupError`",
        ),
        post(
            "/v2/conversations/{id}/reply",
            "body=Hi&from_user=7",
            LOOKUP,
            "a user that does not exist is a `LookupError`",
        ),
        post(
            "/v2/conversations/{id}/reply",
            "body=Hi&type=reply_user",
            INVALID,
            "not one of the words listed",
        ),
        post(
            "/v2/conversations/{id}/reply",
            "body=Hi&random_id=x",
            INVALID,
            "not of the documented type",
        ),
        post(
            "/v2/conversations/{id}/assign",
            "admin=0&from_admin=501",
            INVALID,
            "an id of 0",
        ),
        post(
            "/v1/conversations/{id}/tag",
            "action=add&tag=a,b",
            INVALID,
            "no comma in v1",
        ),
        list(
            "/v2/apps/$self_app/conversations",
            "tags=a&include_no_tags=1",
            INVALID,
            "`include_no_tags` beside `tags` is rejected in v2",
        ),
        list(
            "/v2/apps/$self_app/activeusers",
            "paginate_direction=after",
            INVALID,
            "a direction that an operation does not allow",
        ),
        list(
            "/v2/apps/$self_app/conversations",
            "paginate_position=[1]",
            INVALID,
            "a cursor of another shape",
        ),
        list(
            "/v1/apps/$self_app/conversations",
            "after=x",
            INVALID,
            "a cursor of another shape",
        ),
        list(
            "/v2/apps/$self_app/users",
            "filters={\"type\":\"and\",\"filters\":[{\"type\":\"or\",\"filters\":[]}]}",
            INVALID,
            "no nesting",
        ),
        list(
            "/v2/apps/$self_app/users",
            "filters={\"type\":\"and\",\"filters\":[{\"type\":\"likes\",\"property_name\":\"a\",\"value\":{}}]}",
            INVALID,
            "a filter of an unknown type",
        ),
        list("/users/{user}", "version=3", BAD, "no other major one"),
        list(
            "/v2/users//events",
            "",
            (404, "Error404"),
            "an empty segment is an unknown address",
        ),
        list(
            "/v2/users/x",
            "",
            INVALID,
            "an invalid id in the path is a `ValidationError`",
        ),
        list(
            "/v2/users/{user}/props",
            "",
            (405, "MethodNotAllowed"),
            "405 and `MethodNotAllowed` in v2",
        ),
    ]
}

#[test]
fn every_assumed_rejection_is_in_the_table() {
    let user = SeedUser::external("order-42").prop("$name", "Ada");
    let sandbox = Sandbox::builder().user(user).build();
    let id = start(&sandbox, "order-42", "Hi");
    let user = sandbox.user_id("order-42").unwrap();
    for Rejected(method, path, form, (status, name), words) in rejections() {
        let filled = path
            .replace("{id}", &id.to_string())
            .replace("{user}", &user.to_string());
        let pairs: Vec<(&str, &str)> = form
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .collect();
        let response = match method {
            Method::GET => get(&sandbox, &filled, &pairs),
            method => send(&sandbox, method, &filled, &pairs),
        };
        assert_eq!(
            (response.status, response.error().1),
            (status, name),
            "{path} {form}"
        );
        assert!(TABLE.contains(words), "the table lacks: {words}");
    }
    for (path, field) in [
        (format!("/v2/conversations/{id}/reply"), "attachment"),
        (format!("/v2/users/{user}/startconversation"), "file"),
    ] {
        let file = (field, "a.exe", "MZ");
        let response = upload(&sandbox, &path, "filename=a.exe", &[file]);
        response.is(400, "ValidationError");
    }
    assert!(TABLE.contains("the same types and size for a reply"));
    assert!(TABLE.contains("a `ValidationError`, not `FileTypeError` or `FileSizeError`"));
}
