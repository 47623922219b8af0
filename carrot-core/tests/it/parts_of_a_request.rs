//! The exact parts of a request: path, parameters, token and base URL.

use carrot_core::{
    App, AuthToken, BaseUrl,
    endpoint::{Parameters, Path},
    types::{AppId, InvalidValue, RandomId, UserId, UserRef},
};

use crate::support::{builder, canned};

#[test]
fn path_is_built_with_its_template() {
    let path = Path::new()
        .then("a b")
        .id("user", UserId::new(7))
        .and_then(|path| path.user(&UserRef::external("-._~ü/%")))
        .and_then(|path| path.app(App::Id(AppId::new(9))))
        .and_then(|path| path.app(App::SelfApp))
        .and_then(|path| path.user(&UserRef::Id(UserId::new(8))))
        .expect("a path");
    assert_eq!(path.as_str(), "/a%20b/7/-._~%C3%BC%2F%25/9/$self_app/8");
    assert_eq!(path.template(), "/a b/{id}/{id}/{id}/{id}/{id}");
}

#[test]
fn path_ids_have_limits() {
    let own = |id: String| Path::new().user(&UserRef::external(id));
    assert!(own("я".repeat(255)).is_ok());
    let error = own("я".repeat(256)).expect_err("too long");
    assert_eq!(
        error.rule(),
        "must be an id of at most 255 characters, got 256"
    );
    for id in [".", "..", "", "a\nb", "a\u{85}b"] {
        assert_eq!(own(id.into()).expect_err(id).field(), "user");
    }
    for id in ["...", ".a", "a."] {
        assert!(own(id.into()).is_ok(), "{id}");
    }
    for zero in [
        Path::new().id("zero", 0_u64),
        Path::new().app(App::Id(AppId::new(0))),
        Path::new().user(&UserRef::Id(UserId::new(0))),
    ] {
        let error = zero.expect_err("0 is not an id");
        assert_eq!(error.rule(), "must be an id of 1 or more, got 0");
    }
}

#[test]
fn parameters_are_text_in_their_order() {
    let mut parameters = Parameters::default();
    assert!(parameters.is_empty());
    assert_eq!(parameters.to_form(), "");
    parameters.text("text", "a\r\nb & c=d+e").expect("a text");
    parameters.line("line", "ü").expect("a line");
    parameters.flag("yes", true);
    parameters.flag("no", false);
    parameters.optional_flag("unset", None);
    parameters.optional_flag("set", Some(true));
    parameters.number("number", u64::MAX);
    parameters.id("id", 7_u64).expect("an id");
    parameters
        .random_id("random", RandomId::new(9).expect("in range"))
        .expect("in range");
    parameters.json("json", &["a", "\0"]).expect("JSON");
    assert!(!parameters.is_empty());
    assert_eq!(
        parameters.iter().collect::<Vec<_>>(),
        [
            ("text", "a\r\nb & c=d+e"),
            ("line", "ü"),
            ("yes", "true"),
            ("no", "false"),
            ("set", "true"),
            ("number", "18446744073709551615"),
            ("id", "7"),
            ("random", "9"),
            ("json", r#"["a","\u0000"]"#),
        ]
    );
    assert!(
        parameters.to_form().starts_with(
            "text=a%0D%0Ab+%26+c%3Dd%2Be&line=%C3%BC&yes=true&no=false&set=true&number="
        )
    );
}

#[test]
fn rejected_parameter_is_not_added() {
    let from_response = |text: &str| serde_json::from_str::<RandomId>(text).expect("a number");
    type Attempt = fn(&mut Parameters) -> Result<(), InvalidValue>;
    let attempts: [Attempt; 4] = [
        |parameters| parameters.text("name", "a\0"),
        |parameters| parameters.line("name", "a\n"),
        |parameters| parameters.line("name", "a\0"),
        |parameters| parameters.id("name", 0_u64),
    ];
    for attempt in attempts {
        let mut parameters = Parameters::default();
        assert_eq!(
            attempt(&mut parameters).expect_err("rejected").field(),
            "name"
        );
        assert!(parameters.is_empty());
    }
    for number in ["0", "-1", "2147483648"] {
        let mut parameters = Parameters::default();
        let error = parameters.random_id("name", from_response(number));
        assert_eq!(error.expect_err(number).field(), "name");
        assert!(parameters.is_empty());
    }
    let unserializable = std::collections::HashMap::from([(vec![1], 1)]);
    let mut parameters = Parameters::default();
    let error = parameters
        .json("name", &unserializable)
        .expect_err("no key");
    assert_eq!(error.field(), "name");
    assert!(parameters.is_empty());
}

#[test]
fn token_never_in_debug() {
    let token: AuthToken = "app.1.canary".parse().expect("a token");
    assert_eq!(format!("{token:?}"), "AuthToken([redacted])");
    assert_eq!("".parse::<AuthToken>().expect_err("empty").field(), "token");
    assert_eq!(
        AuthToken::new("").expect_err("empty").rule(),
        "must not be empty"
    );
    // The first and the last visible character.
    AuthToken::new("!~").expect("visible");
}

fn url(text: &str) -> BaseUrl {
    text.parse().expect(text)
}

#[test]
fn base_urls_of_the_services() {
    assert_eq!(
        BaseUrl::CARROT_QUEST.to_string(),
        "https://api.carrotquest.io"
    );
    assert_eq!(BaseUrl::DASHLY.to_string(), "https://api.dashly.app");
    assert_eq!(BaseUrl::default(), BaseUrl::CARROT_QUEST);
    assert_eq!(url("https://api.dashly.app/"), BaseUrl::DASHLY);
}

#[test]
fn plain_http_is_secure_only_locally() {
    for (text, private) in [
        ("https://example.com", true),
        ("http://localhost:1", true),
        ("http://LOCALHOST:1", true),
        ("http://127.0.0.1", true),
        ("http://127.9.9.9", true),
        ("http://[::1]:1", true),
        ("http://[::1]", true),
        ("http://example.com", false),
        ("http://localhost.example.com", false),
        ("http://127.0.0.1.example.com", false),
        ("http://10.0.0.1", false),
        ("http://0.0.0.0", false),
        ("http://[::2]", false),
    ] {
        assert_eq!(url(text).is_secure(), private, "{text}");
        let build = || builder(&canned([])).base_url(url(text));
        assert_eq!(build().build().is_ok(), private, "{text}");
        assert!(build().allow_plain_http().build().is_ok(), "{text}");
    }
}
