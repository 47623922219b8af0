//! An export that is stopped at every request, and after each stop finds half a line in its files.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use carrot_examples::{service::Origin, shop};
use carrot_hyper::{
    Sent,
    conversations::{Parts, Reply},
    transport::TransportErrorKind,
    types::{AppId, ConversationId, Timestamp, UserRef},
    users::StartConversation,
};
use carrot_testing::{
    Sandbox,
    sandbox::{Fault, InjectedFault},
};

use crate::{Export, Failure, Files, Position};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("carrot-export-{name}-{}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn read(&self, file: &str) -> Vec<String> {
        let text = fs::read_to_string(self.0.join(file)).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn export(sandbox: &Sandbox, folder: &Path) -> Result<(), Failure> {
    let position = Position::load(folder)?;
    let origin = Origin::new("the sandbox", Some(sandbox.app()));
    let position = position.unwrap_or_else(|| Position::start(origin, None));
    let client = sandbox.client();
    let mut export = Export {
        client: &client,
        files: Files::open(folder, &position)?,
        position,
    };
    export.run().await
}

/// What a kill in the middle of a write leaves behind.
fn write_half_a_line(folder: &Path) {
    for file in ["leads.csv", "conversations.jsonl"] {
        let mut file = OpenOptions::new()
            .append(true)
            .open(folder.join(file))
            .unwrap();
        file.write_all(b"{\"id\":").unwrap();
    }
}

#[tokio::test]
async fn an_export_stopped_at_every_request_is_complete() {
    let whole = Folder::new("whole");
    export(&shop::shop().await.unwrap(), &whole.0)
        .await
        .unwrap();

    let stopped = Folder::new("stopped");
    let sandbox = shop::shop().await.unwrap();
    let mut stops = 0;
    for request in 1.. {
        // The leads are read anew after each stop, so stop at a later request each time.
        let stop = Fault::failure(TransportErrorKind::Rejected, Sent::Never);
        let stop = sandbox.inject(stop.nth(1 + request % 3).optional());
        let result = export(&sandbox, &stopped.0).await;
        if stop.used() == 0 {
            result.unwrap();
            break;
        }
        assert!(result.is_err());
        stop.remove();
        stops += 1;
        write_half_a_line(&stopped.0);
        assert!(stops < 100, "it does not advance");
    }
    assert!(stops >= 5, "only {stops} stops");
    for file in ["leads.csv", "conversations.jsonl"] {
        assert_eq!(stopped.read(file), whole.read(file), "{file}");
    }
}

#[tokio::test]
async fn a_conversation_that_changes_meanwhile_is_not_missed() {
    let folder = Folder::new("moved");
    // More conversations than a page has.
    let sandbox = shop::shop().await.unwrap();
    for customer in 0..52 {
        let customer = UserRef::external(format!("new-{customer}"));
        let ask = StartConversation::new(customer, "Hello");
        sandbox.client().call(ask).await.unwrap();
    }
    let conversations = sandbox.conversations();
    let oldest = conversations.iter().map(|one| one.id).min().unwrap();
    // Stopped on the second page, before the oldest.
    let stop = Fault::failure(TransportErrorKind::Rejected, Sent::Never);
    sandbox.inject(stop.on::<Parts>().nth(52));
    assert!(export(&sandbox, &folder.0).await.is_err());
    // The customer writes again: the conversation moves to the front, behind the reader.
    let again = Reply::new(oldest, "One more thing");
    sandbox.client().call(again).await.unwrap();

    export(&sandbox, &folder.0).await.unwrap();
    let lines = folder.read("conversations.jsonl");
    let found = lines
        .iter()
        .rev()
        .find(|line| line.contains(&format!("\"id\":{oldest},")));
    assert!(found.unwrap().contains("One more thing"));
}

/// Lets the customer of a conversation write while the program waits for the parts of another one.
async fn write_at(sandbox: &Sandbox, held: &InjectedFault, conversation: ConversationId) {
    held.held().await;
    let more = Reply::new(conversation, "One more thing");
    sandbox.client().call(more).await.unwrap();
    held.release();
}

#[tokio::test]
async fn a_change_during_the_catch_up_is_found() {
    let folder = Folder::new("catch-up");
    let sandbox = shop::shop().await.unwrap();
    let mut ids: Vec<_> = sandbox.conversations().iter().map(|one| one.id).collect();
    ids.sort();
    // The parts are read 8 times; then those of the newest again, then those of what changed meanwhile.
    let last = sandbox.inject(Fault::hold().on::<Parts>().nth(8));
    let catch_up = sandbox.inject(Fault::hold().on::<Parts>().nth(9));
    let changes = async {
        write_at(&sandbox, &last, ids[1]).await;
        write_at(&sandbox, &catch_up, ids[2]).await;
    };
    let (result, ()) = tokio::join!(export(&sandbox, &folder.0), changes);
    result.unwrap();

    let lines = folder.read("conversations.jsonl");
    assert_eq!(lines.len(), 8 + 2);
    for id in [ids[1], ids[2]] {
        let id = format!("\"id\":{id},");
        let found = lines.iter().rev().find(|line| line.contains(&id));
        assert!(found.unwrap().contains("One more thing"));
    }
}

#[tokio::test]
async fn a_position_of_another_export_is_rejected() {
    let of = |app: u64| Origin::new("https://example.com", Some(AppId::new(app)));
    let since = Some(Timestamp::from_seconds(5));
    let position = Position::start(of(1), since);
    position.check("--folder f", &of(1), since).unwrap();
    let other_host = Origin::new("https://example.org", Some(AppId::new(1)));
    for (origin, since, text) in [
        (
            of(2),
            since,
            "--folder f is of the app 1 at https://example.com, and this is the app 2",
        ),
        (
            other_host,
            since,
            "this is the app 1 at https://example.org",
        ),
        (of(1), None, "another --since"),
    ] {
        let Err(Failure::Error(error)) = position.check("--folder f", &origin, since) else {
            panic!("{text}");
        };
        assert!(error.to_string().contains(text), "{error}");
    }
}
