//! The quickstart, as a person would run it.

use carrot_testing::{Sandbox, sandbox::SeedUser};

use crate::support::program;

struct Ran {
    success: bool,
    stdout: String,
    stderr: String,
}

/// Runs the program with these variables and arguments and nothing of the caller's account.
async fn quickstart(variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let mut command = program("quickstart");
    command.envs(variables.iter().copied()).args(arguments);
    let output = tokio::task::spawn_blocking(move || command.output());
    let output = output
        .await
        .expect("the task ends")
        .expect("the program starts");
    Ran {
        success: output.status.success(),
        stdout: String::from_utf8(output.stdout).expect("prints text"),
        stderr: String::from_utf8(output.stderr).expect("prints text"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_account_it_plays_the_whole_story() {
    let ran = quickstart(&[], &[]).await;
    assert!(ran.success, "{}", ran.stderr);
    for line in [
        " 1. An order is placed: track the event",
        "    -> changed $name, $email, orders",
        "Alex, one of 1 found",
        "\"Where is my parcel?\"",
        "    -> the tag is new",
        "    -> to First operator, id 501",
        "    -> closed",
        "    -> page 2",
        "  11 steps, no error",
        "  6 parts, tags [\"delivery\"]",
        "The sandbox received 14 requests.",
    ] {
        assert!(
            ran.stdout.contains(line),
            "{line} is not in\n{}",
            ran.stdout
        );
    }
    assert_eq!(ran.stderr, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_token_it_only_reads() {
    let customer = SeedUser::external("order-42").prop("$email", "grace@example.com");
    let sandbox = Sandbox::builder().user(customer).build();
    let before = (sandbox.users(), sandbox.conversations());
    let server = sandbox.serve().await.expect("a port");
    let variables = [
        ("CARROT_TOKEN", sandbox.token()),
        ("CARROT_BASE_URL", &server.url()),
    ];

    let ran = quickstart(&variables, &[]).await;
    assert!(ran.success, "{}", ran.stderr);
    assert!(
        ran.stdout.contains("nothing is written without --write"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("-> 1 lead\n"), "{}", ran.stdout);
    assert_eq!(sandbox.requests(), 3);
    assert_eq!((sandbox.users(), sandbox.conversations()), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_token_it_writes_to_the_user() {
    let sandbox = Sandbox::builder()
        .user(SeedUser::external("stranger"))
        .build();
    let stranger = sandbox.user_id("stranger").expect("is there");
    let before = sandbox.user(stranger);
    let server = sandbox.serve().await.expect("a port");
    let variables = [
        ("CARROT_TOKEN", sandbox.token()),
        ("CARROT_BASE_URL", &server.url()),
    ];

    let ran = quickstart(&variables, &["--write", "order-42"]).await;
    assert!(ran.success, "{}", ran.stderr);
    let named = sandbox.user_id("order-42").expect("was created");
    assert_eq!(sandbox.events(named).len(), 1);
    assert_eq!(sandbox.conversations().len(), 1);
    let conversation = &sandbox.conversations()[0];
    assert_eq!(conversation.user.as_ref().map(|user| user.id), Some(named));
    assert_eq!(sandbox.user(stranger), before);
    // What the user is called is left alone.
    let user = sandbox.user(named).expect("is there");
    assert_eq!(user.props_custom["carrot_quickstart"], true, "{user:?}");
    for own in ["$name", "$email"] {
        assert!(
            user.props.get(own).is_none_or(serde_json::Value::is_null),
            "{user:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_one_line_without_the_token() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve().await.expect("a port");
    let wrong = [
        ("CARROT_TOKEN", "app.1000.canary"),
        ("CARROT_BASE_URL", &server.url()),
    ];
    let remote = [
        ("CARROT_TOKEN", "app.1000.canary"),
        ("CARROT_BASE_URL", "http://example.com"),
    ];
    for (variables, arguments, text) in [
        (
            &wrong[..],
            &[][..],
            "apps.channels: the service returned 401 NotAuthenticated",
        ),
        (&remote[..], &[][..], "CARROT_BASE_URL"),
        (
            &[][..],
            &["--write", "order-42"][..],
            "--write needs CARROT_TOKEN",
        ),
        (
            &wrong[..],
            &["--write", "id:x"][..],
            "`user id` must be a number",
        ),
    ] {
        let ran = quickstart(variables, arguments).await;
        assert!(!ran.success);
        assert!(ran.stderr.starts_with("quickstart: "), "{}", ran.stderr);
        assert!(ran.stderr.contains(text), "{text} is not in {}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        assert!(!(ran.stderr + &ran.stdout).contains("canary"));
    }
}
