//! An import that is killed, run again, against a service that it did not make.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::{fs, process::Command};

use carrot_testing::Sandbox;

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_sends_only_what_is_left() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve().await.unwrap();
    let folder = std::env::temp_dir().join(format!("carrot-import-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("leads.csv");
    fs::write(&file, "id,name\nuser-1,Ann\nuser-2,Bob\nuser-3,Cleo\n").unwrap();
    // A run that was killed after the first user, in the middle of a line.
    fs::write(folder.join("leads.done"), "user-1\nuse").unwrap();

    let run = |arguments: &'static [&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_import"));
        command
            .arg("--file")
            .arg(&file)
            .args(arguments)
            .env("CARROT_TOKEN", sandbox.token())
            .env("CARROT_BASE_URL", server.url())
            .env_remove("CARROT_APP_ID");
        tokio::task::spawn_blocking(move || command.output().unwrap())
    };
    let read_only = run(&[]).await.unwrap();
    assert!(read_only.status.success());
    assert_eq!(sandbox.users().len(), 0);

    let output = run(&["--write"]).await.unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(sandbox.user_id("user-1"), None);
    assert_eq!(sandbox.users().len(), 2);

    let requests = sandbox.requests();
    let again = run(&["--write"]).await.unwrap();
    assert!(String::from_utf8_lossy(&again.stdout).contains("3 were done by an earlier run"));
    assert_eq!(sandbox.requests(), requests);
    fs::remove_dir_all(&folder).unwrap();
}
