//! What the programs do to a service that they did not make, and that they leave it alone unless told to write.

use carrot_examples::shop::shop;
use carrot_hyper::{
    conversations::{Parts, Reply},
    types::UserRef,
    users::StartConversation,
};
use carrot_testing::{
    Sandbox,
    sandbox::{Fault, SeedUser},
};

use crate::support::{program, run, text};

/// Two customers; the first has an old conversation, in which an operator wrote last.
async fn small_shop() -> Sandbox {
    let sandbox = Sandbox::builder()
        .user(SeedUser::external("order-41").prop("$name", "Ann"))
        .user(SeedUser::external("order-42").prop("$name", "Bob"))
        .build();
    let client = sandbox.client();
    let ask = StartConversation::new(UserRef::external("order-41"), "Where is it?");
    let id = client.call(ask).await.unwrap().id;
    let reply = Reply::new(id, "On its way");
    client.call(reply).await.unwrap();
    sandbox
}

#[tokio::test(flavor = "multi_thread")]
async fn without_write_nothing_is_changed() {
    let sandbox = small_shop().await;
    let before = sandbox.snapshot();
    let server = sandbox.serve().await.unwrap();
    let folder = std::env::temp_dir().join(format!("carrot-programs-{}", std::process::id()));
    let folder = folder.to_str().unwrap();
    for (program, arguments) in [
        ("close-stale", &[][..]),
        ("crm-sync", &[]),
        ("export", &["--folder", folder]),
    ] {
        let output = run(&server, program, arguments).await;
        let printed = text(&output.stdout);
        assert!(
            printed.starts_with("The real service at http://127.0.0.1:"),
            "{printed}"
        );
        assert!(
            printed.contains("without --write it is only read")
                || program == "export" && printed.contains("; it is only read."),
            "{printed}"
        );
    }
    std::fs::remove_dir_all(folder).unwrap();
    // Only the time moves.
    assert_eq!(sandbox.users(), {
        let same = Sandbox::new();
        same.restore(&before);
        same.users()
    });
    assert!(
        sandbox
            .conversations()
            .iter()
            .all(|one| one.closed == Some(false))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn crm_sync_sends_only_what_changed() {
    let sandbox = small_shop().await;
    let server = sandbox.serve().await.unwrap();

    let contacts = crate::support::root().join("examples/data/contacts.csv");
    let arguments = ["--write", "--file", contacts.to_str().unwrap()];
    let first = run(&server, "crm-sync", &arguments).await;
    assert!(
        text(&first.stdout).contains("Changed: 4 users."),
        "{}",
        text(&first.stdout)
    );
    let ann = sandbox.user(sandbox.user_id("order-41").unwrap()).unwrap();
    assert_eq!(ann.phone(), Some("79000000041"));
    assert_eq!(ann.props_custom["deal"], 4990);

    let second = run(&server, "crm-sync", &arguments).await;
    assert!(
        text(&second.stdout).contains("\n0 users to change"),
        "{}",
        text(&second.stdout)
    );
    // The row with the day that no calendar has.
    assert_eq!(second.status.code(), Some(1));
    assert_eq!(sandbox.user_id("order-61"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_of_the_story_reach_no_real_app() {
    let sandbox = small_shop().await;
    let before = sandbox.users();
    let server = sandbox.serve().await.unwrap();
    let output = run(&server, "crm-sync", &["--write"]).await;
    assert_eq!(output.status.code(), Some(1));
    let error = text(&output.stderr);
    assert!(error.contains("--write needs --file"), "{error}");
    assert_eq!(sandbox.users(), before);
}

/// What it does is not in its output.
#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_writes_works_without_a_reader() {
    let sandbox = shop().await.unwrap();
    let server = sandbox.serve().await.unwrap();
    let folder = std::env::temp_dir().join(format!("carrot-no-reader-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut command = program("close-stale");
    command
        .args(["--write", "--days", "1"])
        .env("CARROT_TOKEN", sandbox.token())
        .env("CARROT_BASE_URL", server.url())
        .current_dir(&folder)
        .stdout(std::process::Stdio::piped());
    // Its days are those of this machine, long after the shop's.
    let open = |sandbox: &Sandbox| {
        let all = sandbox.conversations();
        all.iter().filter(|one| one.closed != Some(true)).count()
    };
    let before = open(&sandbox);
    let status = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        child.wait().unwrap()
    });
    assert_eq!(status.await.unwrap().code(), Some(0));
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(open(&sandbox) < before, "nothing was closed");
}

/// A file that cannot be written ends a program before it does anything, and the error names it.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_is_named_first() {
    let sandbox = small_shop().await;
    let server = sandbox.serve().await.unwrap();
    let app = sandbox.app().get().to_string();
    for (name, option, arguments) in [
        ("forward", "--state", &["--app", &app][..]),
        ("report", "--page", &[]),
        ("close-stale", "--unfinished", &["--write"]),
        ("verify-live", "--report", &[]),
        ("export", "--folder", &[]),
    ] {
        let arguments = [arguments, &[option, "/dev/null/x"]].concat();
        let output = run(&server, name, &arguments).await;
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{name}: {error}");
        let start = format!("{name}: {option} /dev/null/x");
        assert!(error.starts_with(&start), "{error}");
    }
    assert_eq!(sandbox.realtime().listeners(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn export_leaves_files_of_others_alone() {
    let sandbox = small_shop().await;
    let server = sandbox.serve().await.unwrap();
    let folder = std::env::temp_dir().join(format!("carrot-mine-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let table = folder.join("leads.csv");
    std::fs::write(&table, "id;name\n1;Ann\n").unwrap();
    let arguments = ["--folder", folder.to_str().unwrap()];
    let output = run(&server, "export", &arguments).await;
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("leads.csv: is not of an"), "{error}");
    assert_eq!(std::fs::read_to_string(&table).unwrap(), "id;name\n1;Ann\n");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn crm_sync_leaves_bad_rows_out() {
    let sandbox = small_shop().await;
    let server = sandbox.serve().await.unwrap();
    let file = std::env::temp_dir().join(format!("carrot-crm-{}.csv", std::process::id()));
    let rows = "id;name;deal\norder-41;Anna;10\n;Nobody;1\norder-42;Bob\norder-43;Cleo;2\norder-41;Ann;3\n";
    std::fs::write(&file, rows).unwrap();

    let arguments = ["--write", "--file", file.to_str().unwrap()];
    let output = run(&server, "crm-sync", &arguments).await;
    std::fs::remove_file(&file).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stderr)
            .lines()
            .filter(|line| !line.starts_with('['))
            .collect::<Vec<_>>(),
        [
            "row 3: no id",
            "row 4: 2 cells in 3 columns",
            "row 6: the id order-41 stands in an earlier row",
            "crm-sync: left out: 3 rows, see above",
        ]
    );
    let user = |id: &str| sandbox.user(sandbox.user_id(id).unwrap()).unwrap();
    assert_eq!(user("order-41").name(), Some("Anna"));
    assert_eq!(user("order-41").props_custom["deal"], 10);
    assert_eq!(user("order-42").props_custom.get("deal"), None);
    assert_eq!(user("order-43").name(), Some("Cleo"));
    assert_eq!(sandbox.users().len(), 3);
}

/// The time of the service is not that of this machine: it is months behind.
#[tokio::test(flavor = "multi_thread")]
async fn export_goes_by_the_time_of_the_service() {
    let sandbox = small_shop().await;
    let client = sandbox.client();
    let ask = StartConversation::new(UserRef::external("order-42"), "Is it blue?");
    let first = client.call(ask).await.unwrap().id;
    let server = sandbox.serve().await.unwrap();
    let folder = std::env::temp_dir().join(format!("carrot-skew-{}", std::process::id()));
    // The newest conversation is exported, and the next one is read.
    let held = sandbox.inject(Fault::hold().on::<Parts>().nth(2));
    let continued = async {
        held.held().await;
        let more = Reply::new(first, "Or green?");
        client.call(more).await.unwrap();
        held.release();
    };
    let arguments = ["--folder", folder.to_str().unwrap()];
    let (output, ()) = tokio::join!(run(&server, "export", &arguments), continued);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let lines = std::fs::read_to_string(folder.join("conversations.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 3);
    assert!(
        lines.lines().last().unwrap().contains("Or green?"),
        "{lines}"
    );

    // Nor is it continued from another service.
    let other = small_shop().await.serve().await.unwrap();
    let output = run(&other, "export", &arguments).await;
    std::fs::remove_dir_all(folder).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("name another"),
        "{}",
        text(&output.stderr)
    );
}

/// Takes posts on a port, and returns their bodies when it has this many.
fn receiver(posts: usize) -> (String, std::thread::JoinHandle<Vec<String>>) {
    use std::io::{BufRead, BufReader, Read, Write};

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let received = std::thread::spawn(move || {
        let mut bodies = Vec::new();
        while bodies.len() < posts {
            let mut stream = BufReader::new(listener.accept().unwrap().0);
            let mut length = 0;
            loop {
                let mut line = String::new();
                stream.read_line(&mut line).unwrap();
                let line = line.trim().to_ascii_lowercase();
                if let Some(value) = line.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                if line.is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            bodies.push(String::from_utf8(body).unwrap());
            let response = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
            stream.get_mut().write_all(response).unwrap();
        }
        bodies
    });
    (url, received)
}

#[tokio::test(flavor = "multi_thread")]
async fn forward_continues_where_it_was() {
    let sandbox = small_shop().await;
    let server = sandbox.serve().await.unwrap();
    let (url, received) = receiver(3);
    let state = std::env::temp_dir().join(format!("carrot-forward-{}.json", std::process::id()));
    let state_file = state.to_str().unwrap();
    let app = sandbox.app().get().to_string();
    let arguments = [
        "--app",
        &app,
        "--to",
        &url,
        "--state",
        state_file,
        "--messages",
        "1",
    ];
    let client = sandbox.client();
    let ask = |text: &'static str| {
        client.call(StartConversation::new(UserRef::external("order-42"), text))
    };
    let first = async {
        while sandbox.realtime().listeners() == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        ask("one").await.unwrap();
    };
    let (output, ()) = tokio::join!(run(&server, "forward", &arguments), first);
    assert!(output.status.success(), "{}", text(&output.stderr));
    // While it does not run.
    ask("two").await.unwrap();
    ask("three").await.unwrap();
    for _ in 0..2 {
        let output = run(&server, "forward", &arguments).await;
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    let position = std::fs::read_to_string(&state).unwrap();
    std::fs::write(&state, position.replace("127.0.0.1", "example.com")).unwrap();
    let other = run(&server, "forward", &arguments).await;
    assert_eq!(other.status.code(), Some(1));
    let error = text(&other.stderr);
    assert!(error.contains("at http://example.com"), "{error}");
    std::fs::remove_file(state).unwrap();
    let bodies = received.join().unwrap();
    let expected = ["one", "two", "three"].map(|text| format!(r#"{{"text":"Customer: {text}"}}"#));
    assert_eq!(bodies, expected);
}
