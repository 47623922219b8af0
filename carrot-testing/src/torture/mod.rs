//! Every fault at every request: whether a program keeps its promise whatever goes wrong, and wherever its
//! process is killed.
//!
//! [`torture`] takes a scenario: what one process of the program does until its work is done. It runs the
//! scenario once without faults and counts its requests and the points where it waits. Then it runs it again
//! for each [`Trouble`] at each of them, on a fresh [`Sandbox`](crate::Sandbox) each time. A process that
//! fails or is killed is started again with what the program [stored](Process::stored), as a supervisor does.
//! In the end, after all that the service was asked for is applied, a function checks the sandbox and
//! the store.
//!
//! | what goes wrong | the request is | the process gets |
//! |---|---|---|
//! | [`NotSent`](Trouble::NotSent) | not sent | a failed connection |
//! | [`TimedOut`](Trouble::TimedOut) | not applied | a timeout |
//! | [`LostResponse`](Trouble::LostResponse) | applied | a closed connection |
//! | [`AppliedLate`](Trouble::AppliedLate) | applied [later](Torture::late) | a closed connection |
//! | [`RateLimited`](Trouble::RateLimited) | not applied | 429 |
//! | [`Unavailable`](Trouble::Unavailable) | not applied | 503 |
//! | [`BadGateway`](Trouble::BadGateway) | applied | 502 |
//! | [`Garbage`](Trouble::Garbage) | applied | 200 and a page that is not JSON |
//! | [`RandomIdsHidden`](Trouble::RandomIdsHidden) | applied | its response without any `random_id` |
//! | [`KilledInFlight`](Trouble::KilledInFlight) | applied [later](Torture::late) | killed at once |
//! | [`Killed`](Trouble::Killed) | whatever it is at that point | killed where it waits: before it sends, before it reads the response, in each pause |
//!
//! Stories with fewer troubles come first, and earlier requests before later ones, so the first story that
//! fails is the shortest. It fails the test with all that happened in it, and with the line that runs this
//! story alone. [`Torture::pairs`] also tries every two troubles.
//!
//! All of it runs on one thread in virtual time: a scenario must wait for nothing but its client and its clock,
//! and must do the same in each run. A scenario of ten requests is about a hundred stories,
//! and about ten thousand in pairs.
//!
//! ```
//! use std::{cell::Cell, rc::Rc, time::{Duration, SystemTime}};
//!
//! use carrot_core::{
//!     Clock, Error,
//!     conversations::Reply,
//!     jobs::WriteStatus,
//!     types::{ConversationId, RandomId, UserRef},
//!     users::StartConversation,
//! };
//! use carrot_testing::{
//!     Sandbox,
//!     torture::{Process, torture},
//! };
//!
//! /// What the program stores of its order, here in memory.
//! #[derive(Clone, Default)]
//! struct Order {
//!     conversation: Option<ConversationId>,
//!     first_sent: Rc<Cell<Option<SystemTime>>>,
//!     done: Rc<Cell<bool>>,
//! }
//!
//! /// The code under test.
//! async fn send(process: Process<Order>) -> Result<(), Error> {
//!     let Process { client, clock, stored: order, .. } = process;
//!     let Some(conversation) = order.conversation else { return Ok(()) };
//!     let reply = Reply::new(conversation, "On its way").random_id(RandomId::from_key("order-42"));
//!     while !order.done.get() {
//!         if let Some(since) = order.first_sent.get() {
//!             // What is still on its way needs time to arrive.
//!             clock.sleep(Duration::from_secs(5)).await;
//!             match client.reconcile_reply(&reply, since).await? {
//!                 WriteStatus::NotWritten => {}
//!                 status => {
//!                     // What is unknown is asked again: to send it would be a guess.
//!                     order.done.set(matches!(status, WriteStatus::Written(_)));
//!                     continue;
//!                 }
//!             }
//!         } else {
//!             order.first_sent.set(Some(clock.system_time()));
//!         }
//!         match client.call(&reply).await {
//!             Ok(_) => order.done.set(true),
//!             Err(error) if error.may_have_been_applied() => {}
//!             Err(error) => return Err(error),
//!         }
//!     }
//!     Ok(())
//! }
//!
//! async fn start(sandbox: Sandbox) -> Order {
//!     let order = StartConversation::new(UserRef::external("order-42"), "Where is it?");
//!     let started = sandbox.client().call(order).await;
//!     Order { conversation: started.ok().map(|started| started.id), ..Order::default() }
//! }
//!
//! let report = torture(send).set_up(start).check(|sandbox, order| {
//!     let parts = order.conversation.map(|id| sandbox.parts(id));
//!     assert_eq!(parts.map(|parts| parts.len()), Some(2), "one question and one message");
//! });
//! assert_eq!(report.requests, 1);
//! ```

mod play;
mod process;
mod report;
mod search;
mod trace;
mod transport;
mod trouble;

pub use self::{
    process::Process,
    report::TortureReport,
    search::{Torture, torture},
    trouble::Trouble,
};
