//! The program under test: it sends one message for each order, from an outbox.

use std::{
    cell::RefCell,
    rc::Rc,
    time::{Duration, SystemTime},
};

use carrot_core::{
    Clock, Error,
    conversations::Reply,
    jobs::WriteStatus,
    types::{ConversationId, RandomId, UserRef},
    users::StartConversation,
};
use carrot_testing::{Sandbox, torture::Process};

/// The usual mistakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mistake {
    /// Sends again after any failure, and does not look whether the message is there.
    RetryBlindly,
    /// Stores that the message was sent, and then sends it.
    MarkThenSend,
    /// Looks for the message at once, while it may still be on its way.
    ReconcileAtOnce,
    /// Sends again where the conversation does not tell whether the message is there.
    SendWhenUnknown,
}

#[derive(Clone, Debug)]
pub(super) struct Row {
    order: u64,
    conversation: ConversationId,
    first_sent: Option<SystemTime>,
    done: bool,
}

impl Row {
    fn reply(&self) -> Reply {
        let key = format!("order-{}", self.order);
        Reply::new(
            self.conversation,
            format!("Order {} is on its way", self.order),
        )
        .random_id(RandomId::from_key(&key))
    }
}

/// What survives the process.
pub(super) type Outbox = Rc<RefCell<Vec<Row>>>;

pub(super) async fn set_up(sandbox: Sandbox, orders: u64) -> Outbox {
    let client = sandbox.client();
    let mut rows = Vec::new();
    for order in 1..=orders {
        let user = UserRef::external(format!("user-{order}"));
        let call = StartConversation::new(user, "Where is it?");
        rows.push(Row {
            order,
            conversation: client.call(call).await.unwrap().id,
            first_sent: None,
            done: false,
        });
    }
    Rc::new(RefCell::new(rows))
}

/// Each order has exactly one message.
pub(super) fn check(sandbox: &Sandbox, outbox: &Outbox) {
    for row in outbox.borrow().iter() {
        let messages = sandbox.parts(row.conversation).len() - 1;
        assert_eq!(messages, 1, "messages of order {}", row.order);
    }
}

pub(super) async fn run(process: Process<Outbox>, mistake: Option<Mistake>) -> Result<(), Error> {
    let count = process.stored.borrow().len();
    for at in 0..count {
        match mistake {
            Some(Mistake::RetryBlindly) => retry_blindly(&process, at).await?,
            Some(Mistake::MarkThenSend) => mark_then_send(&process, at).await?,
            _ => send_once(&process, at, mistake).await?,
        }
    }
    Ok(())
}

fn row(process: &Process<Outbox>, at: usize) -> Row {
    process.stored.borrow()[at].clone()
}

fn done(process: &Process<Outbox>, at: usize) {
    process.stored.borrow_mut()[at].done = true;
}

async fn retry_blindly(process: &Process<Outbox>, at: usize) -> Result<(), Error> {
    let row = row(process, at);
    let reply = Reply::new(row.conversation, "On its way");
    if !row.done && process.client.call(&reply).await.is_err() {
        process.client.call(&reply).await?;
    }
    done(process, at);
    Ok(())
}

async fn mark_then_send(process: &Process<Outbox>, at: usize) -> Result<(), Error> {
    let row = row(process, at);
    if row.done {
        return Ok(());
    }
    done(process, at);
    process.client.call(row.reply()).await.map(drop)
}

/// The right one, but for the pause that one mistake leaves out.
async fn send_once(
    process: &Process<Outbox>,
    at: usize,
    mistake: Option<Mistake>,
) -> Result<(), Error> {
    while !row(process, at).done {
        let row = row(process, at);
        if let Some(since) = row.first_sent {
            if mistake != Some(Mistake::ReconcileAtOnce) {
                process.clock.sleep(Duration::from_secs(5)).await;
            }
            let status = process.client.reconcile_reply(&row.reply(), since).await?;
            match status {
                WriteStatus::NotWritten => {}
                WriteStatus::Written(_) => {
                    done(process, at);
                    continue;
                }
                _ if mistake == Some(Mistake::SendWhenUnknown) => {}
                _ => continue,
            }
        } else {
            let now = process.clock.system_time();
            process.stored.borrow_mut()[at].first_sent = Some(now);
        }
        match process.client.call(row.reply()).await {
            Ok(_) => done(process, at),
            Err(error) if error.may_have_been_applied() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
