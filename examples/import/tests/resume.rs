//! An import that is killed, run again, against a service that it did not make.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::fs;

use carrot_examples::transcript;
use carrot_testing::{Sandbox, sandbox::SeedUser};

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_sends_only_what_is_left() {
    // A lead that stays says of which app it is.
    let sandbox = Sandbox::builder().user(SeedUser::external("old")).build();
    let server = sandbox.serve().await.unwrap();
    let folder = std::env::temp_dir().join(format!("carrot-import-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("leads.csv");
    fs::write(&file, "id,name\nuser-1,Ann\nuser-2,Bob\nuser-3,Cleo\n").unwrap();

    let run = |arguments: &'static [&str]| {
        let mut command = transcript::program(env!("CARGO_BIN_EXE_import"));
        command
            .arg("--file")
            .arg(&file)
            .args(arguments)
            .env("CARROT_TOKEN", sandbox.token())
            .env("CARROT_BASE_URL", server.url());
        tokio::task::spawn_blocking(move || command.output().unwrap())
    };
    let read_only = run(&[]).await.unwrap();
    assert!(read_only.status.success());
    assert_eq!(sandbox.users().len(), 1);
    assert!(!folder.join("leads.done").exists());

    let whole = run(&["--write"]).await.unwrap();
    assert!(whole.status.success());
    assert_eq!(sandbox.users().len(), 1 + 3);
    // As if it had been killed after the first user, in the middle of a line.
    let record = fs::read_to_string(folder.join("leads.done")).unwrap();
    let (header, record) = record.split_once('\n').unwrap();
    assert!(
        header.starts_with("{\"host\":\"http://127.0.0.1:"),
        "{header}"
    );
    let (first, rest) = record.split_once('\n').unwrap();
    let user = first.split_once(' ').unwrap().1.to_owned();
    fs::write(
        folder.join("leads.done"),
        format!("{header}\n{first}\n{}", &rest[..9]),
    )
    .unwrap();
    sandbox.reset();

    let output = run(&["--write"]).await.unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(sandbox.user_id(&user), None);
    assert_eq!(sandbox.users().len(), 1 + 2);

    let requests = sandbox.requests();
    let again = run(&["--write"]).await.unwrap();
    assert!(String::from_utf8_lossy(&again.stdout).contains("Done by an earlier run: 3 rows."));
    // It asks which app this is, and sends nothing.
    assert_eq!(sandbox.requests(), requests + 1);

    // A row that was changed since is sent again.
    fs::write(&file, "id,name\nuser-1,Ann\nuser-2,Bob\nuser-3,Clara\n").unwrap();
    let changed = run(&["--write"]).await.unwrap();
    assert!(String::from_utf8_lossy(&changed.stdout).contains("Done by an earlier run: 2 rows."));
    let third = sandbox.user(sandbox.user_id("user-3").unwrap()).unwrap();
    assert_eq!(third.name(), Some("Clara"));
    fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn mended_bad_rows_are_imported() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve().await.unwrap();
    let folder = std::env::temp_dir().join(format!("carrot-mended-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("leads.csv");
    fs::write(&file, "id,name\nuser-1\n,Bob\nuser-3,Cleo,x\n").unwrap();

    let run = |file: std::path::PathBuf| {
        let mut command = transcript::program(env!("CARGO_BIN_EXE_import"));
        command
            .args(["--write", "--file"])
            .arg(file)
            .env("CARROT_TOKEN", sandbox.token())
            .env("CARROT_BASE_URL", server.url());
        tokio::task::spawn_blocking(move || command.output().unwrap())
    };
    assert!(run(file).await.unwrap().status.success());
    assert_eq!(sandbox.users().len(), 0);
    let bad = folder.join("leads.bad.csv");
    let rows = fs::read_to_string(&bad).unwrap();
    assert_eq!(
        rows,
        "reason,id,name\n1 cell in 2 columns,user-1\nno id,,Bob\n3 cells in 2 columns,user-3,Cleo,x\n"
    );

    let mended = rows.replace("user-1\n", "user-1,Ann\n");
    fs::write(&bad, mended).unwrap();
    assert!(run(bad.clone()).await.unwrap().status.success());
    let ann = sandbox.user(sandbox.user_id("user-1").unwrap()).unwrap();
    assert_eq!(ann.name(), Some("Ann"));
    assert!(!ann.props_custom.contains_key("reason"));
    // What is still bad keeps one reason.
    let rows = fs::read_to_string(folder.join("leads.bad.bad.csv")).unwrap();
    assert_eq!(
        rows,
        "reason,id,name\nno id,,Bob\n4 cells in 3 columns,user-3,Cleo,x\n"
    );
    fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_of_another_app_is_rejected() {
    let folder = std::env::temp_dir().join(format!("carrot-origin-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("leads.csv");
    fs::write(&file, "id,name\nuser-1,Ann\n").unwrap();
    let run = |sandbox: &Sandbox, host: String| {
        let mut command = transcript::program(env!("CARGO_BIN_EXE_import"));
        command
            .args(["--write", "--file"])
            .arg(&file)
            .env("CARROT_TOKEN", sandbox.token())
            .env("CARROT_BASE_URL", host);
        tokio::task::spawn_blocking(move || command.output().unwrap())
    };
    let sandbox = Sandbox::new();
    let server = sandbox.serve().await.unwrap();
    assert!(run(&sandbox, server.url()).await.unwrap().status.success());
    // The app had no lead at first; once it has one the record knows the app.
    let record = fs::read_to_string(folder.join("leads.done")).unwrap();
    assert!(record.contains("\"app\":1000"), "{record}");

    let elsewhere = Sandbox::new().serve().await.unwrap();
    let other_app = record.replace("\"app\":1000", "\"app\":1001");
    for (host, record, text) in [
        (
            elsewhere.url(),
            record,
            "leads.done is of the app 1000 at http://127.0.0.1:",
        ),
        (
            server.url(),
            other_app,
            "leads.done is of the app 1001 at http://127.0.0.1:",
        ),
    ] {
        fs::write(folder.join("leads.done"), record).unwrap();
        let output = run(&sandbox, host).await.unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(
            error.contains(text) && error.contains("name another"),
            "{error}"
        );
    }
    // A wrong token is not taken for another app.
    let mut command = transcript::program(env!("CARGO_BIN_EXE_import"));
    command
        .args(["--write", "--file"])
        .arg(&file)
        .env("CARROT_TOKEN", "app.1000.wrong")
        .env("CARROT_BASE_URL", server.url());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let error = String::from_utf8(output.await.unwrap().stderr).unwrap();
    assert!(error.contains("mend the token"), "{error}");
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(elsewhere.sandbox().users().len(), 0);
}
