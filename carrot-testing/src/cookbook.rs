//! Recipes: how to test what an integration has to cope with.
//!
//! Every recipe is a whole test. They run the code under test, here a function or two, with a real
//! client over a [`Fake`](crate::Fake), so what is tested is what runs in production.
//!
//! 1. [A retry](#a-retry)
//! 2. [A rate limit](#a-rate-limit)
//! 3. [A listing, page by page](#a-listing-page-by-page)
//! 4. [No message twice](#no-message-twice)
//! 5. [A webhook handler](#a-webhook-handler)
//! 6. [A service that hangs](#a-service-that-hangs)
//! 7. [What must not be called](#what-must-not-be-called)
//! 8. [The order of calls, and what they say](#the-order-of-calls-and-what-they-say)
//! 9. [A transport of your own](#a-transport-of-your-own)
//! 10. [Many users at once](#many-users-at-once)
//! 11. [Are all operations tested?](#are-all-operations-tested)
//! 12. [With the paused time of tokio](#with-the-paused-time-of-tokio)
//! 13. [On a multi-thread runtime](#on-a-multi-thread-runtime)
//! 14. [Aimed faults](#aimed-faults)
//! 15. [Every fault at every request](#every-fault-at-every-request)
//! 16. [Killed in the middle](#killed-in-the-middle)
//! 17. [Latency](#latency)
//! 18. [Webhooks twice and out of order](#webhooks-twice-and-out-of-order)
//! 19. [Sharing a set-up](#sharing-a-set-up)
//!
//! # A retry
//!
//! Each attempt is a request to the fake, so a sequence of replies is a sequence of attempts. The
//! pauses pass on the clock of the fake, in no time.
//!
//! ```
//! use std::time::Duration;
//!
//! use carrot_core::{types::UserId, users};
//! use carrot_testing::{ApiError, Fake, fake};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), carrot_core::Error> {
//! let fake = Fake::new();
//! fake.on::<users::Get>()
//!     .reply_error(ApiError::internal())
//!     .times(2)
//!     .then()
//!     .reply(fake::user());
//!
//! fake.client().call(users::Get::new(UserId::new(7))).await?;
//!
//! fake.clock().assert_sleeps([50, 100].map(Duration::from_millis));
//! # Ok(())
//! # }
//! ```
//!
//! # A rate limit
//!
//! The service says 429, and the client comes back when it was told to.
//!
//! ```
//! use std::time::Duration;
//!
//! use carrot_core::{conversations::Close, types::ConversationId};
//! use carrot_testing::{ApiError, Fake, fake};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), carrot_core::Error> {
//! let pause = Duration::from_secs(7);
//! let fake = Fake::new();
//! fake.on::<Close>()
//!     .reply_error(ApiError::rate_limited(pause))
//!     .then()
//!     .reply(fake::action_receipt());
//!
//! fake.client().call(Close::new(ConversationId::new(716))).await?;
//!
//! fake.clock().assert_sleeps([pause]);
//! # Ok(())
//! # }
//! ```
//!
//! # A listing, page by page
//!
//! A page says where the next one starts; the request for it carries the cursor.
//!
//! ```
//! use carrot_core::{
//!     Client, Error,
//!     conversations::Parts,
//!     endpoint::Page,
//!     types::{ConversationId, Cursor},
//! };
//! use carrot_testing::{Fake, fake};
//!
//! /// The code under test.
//! async fn count_parts(client: &Client, id: ConversationId) -> Result<usize, Error> {
//!     let mut parts = client.items(Parts::new(id));
//!     let mut count = 0;
//!     while parts.next().await?.is_some() {
//!         count += 1;
//!     }
//!     Ok(count)
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let fake = Fake::new();
//! fake.on::<Parts>()
//!     .without_param("paginate_position")
//!     .reply(Page::new(vec![fake::reply_part()]).next(Cursor::position("[9001]")?));
//! fake.on::<Parts>()
//!     .param("paginate_position", "[9001]")
//!     .reply(Page::new(vec![fake::part()]));
//!
//! assert_eq!(count_parts(&fake.client(), ConversationId::new(716)).await?, 2);
//! # Ok(())
//! # }
//! ```
//!
//! # No message twice
//!
//! The connection breaks after the request may have been read. A reply is not idempotent, so the
//! client does not repeat it; what your code does then is what to test.
//!
//! ```
//! use std::time::Duration;
//!
//! use carrot_core::{
//!     Client, Clock, Error, Sent,
//!     jobs::WriteStatus,
//!     conversations::{Parts, Reply},
//!     endpoint::Page,
//!     transport::TransportErrorKind,
//!     types::{ConversationId, RandomId},
//! };
//! use carrot_testing::{Fake, fake};
//!
//! /// The code under test: sends a reply once, whatever happens. `clock` is that of the client.
//! async fn send_once(client: &Client, clock: &impl Clock, reply: Reply) -> Result<(), Error> {
//!     let since = clock.system_time();
//!     let error = match client.call(&reply).await {
//!         Err(error) if error.may_have_been_applied() => error,
//!         other => return other.map(drop),
//!     };
//!     // A request that is still on its way needs time to arrive.
//!     clock.sleep(Duration::from_secs(5)).await;
//!     match client.reconcile_reply(&reply, since).await? {
//!         WriteStatus::Written(_) => Ok(()),
//!         WriteStatus::NotWritten => client.call(&reply).await.map(drop),
//!         // The status is unknown: a person has to check.
//!         _ => Err(error),
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let id = RandomId::new(77)?;
//! let reply = Reply::new(ConversationId::new(716), "On its way").random_id(id);
//!
//! let fake = Fake::new();
//! fake.on_call(reply.clone()).fail(TransportErrorKind::Reset, Sent::Maybe);
//! fake.on::<Parts>().reply(Page::new(vec![fake::reply_part().with_random_id(id)]));
//!
//! send_once(&fake.client(), fake.clock(), reply).await?;
//! fake.assert_order(["conversations.reply", "conversations.parts"]);
//! # Ok(())
//! # }
//! ```
//!
//! # A webhook handler
//!
//! The sandbox writes the webhooks of what happens in it. Take them and hand each to your handler, as
//! the service would: as a form, with the token.
//!
//! ```
//! use carrot_core::{
//!     types::{UserRef, webhook::{self, Webhook}},
//!     users::StartConversation,
//! };
//! use carrot_testing::Sandbox;
//!
//! /// The code under test: the texts that customers wrote.
//! fn handle(body: &[u8], token: &str) -> Option<String> {
//!     match webhook::parse(body, token).ok()? {
//!         Webhook::Conversation(message) => message.part.body,
//!         _ => None,
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sandbox = Sandbox::builder().webhook_token("a-token").build();
//! let client = sandbox.client();
//! client.call(StartConversation::new(UserRef::external("order-42"), "Where is it?")).await?;
//!
//! let webhooks = sandbox.take_webhooks();
//! let texts = webhooks.iter().filter_map(|one| handle(one.body().as_bytes(), "a-token"));
//! assert_eq!(texts.collect::<Vec<_>>(), ["Where is it?"]);
//! # Ok(())
//! # }
//! ```
//!
//! # A service that hangs
//!
//! ```
//! use std::time::Duration;
//!
//! use carrot_core::{client::CallOptions, conversations::Reply, types::ConversationId};
//! use carrot_testing::Fake;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let fake = Fake::new();
//! fake.on::<Reply>().never_respond();
//!
//! let options = CallOptions::new().call_timeout(Duration::from_secs(5));
//! let client = fake.client().with_options(options);
//! let reply = Reply::new(ConversationId::new(716), "On its way");
//! assert!(client.call(reply).await.is_err_and(|error| error.is_timeout()));
//! # }
//! ```
//!
//! # What must not be called
//!
//! A strict fake fails for everything that is not expected: nothing needs to be said. Where a fake is
//! lenient, ask it afterwards.
//!
//! ```
//! use carrot_core::{conversations, types::UserId, users};
//! use carrot_testing::Fake;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), carrot_core::Error> {
//! let fake = Fake::lenient();
//! fake.client().call(users::UnsubscribeEmail::new(UserId::new(7))).await?;
//! assert!(fake.calls_of::<conversations::Reply>().is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! # The order of calls, and what they say
//!
//! ```
//! use carrot_core::{
//!     Client, Error,
//!     conversations::{Close, Reply},
//!     types::ConversationId,
//! };
//! use carrot_testing::{Fake, fake};
//!
//! /// The code under test.
//! async fn say_goodbye(client: &Client, id: ConversationId) -> Result<(), Error> {
//!     client.call(Reply::new(id, "Goodbye")).await?;
//!     client.call(Close::new(id)).await?;
//!     Ok(())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Error> {
//! let fake = Fake::new();
//! fake.on::<Reply>().reply(fake::reply_receipt());
//! fake.on::<Close>().reply(fake::action_receipt());
//!
//! say_goodbye(&fake.client(), ConversationId::new(716)).await?;
//!
//! fake.assert_order(["conversations.reply", "conversations.close"]);
//! assert_eq!(fake.single::<Reply>().param("body"), Some("Goodbye"));
//! # Ok(())
//! # }
//! ```
//!
//! # A transport of your own
//!
//! A transport that stands in front of another, here one that counts, is tested over the fake. The
//! client gets the settings that the test needs.
//!
//! ```
//! use std::sync::{
//!     Arc,
//!     atomic::{AtomicUsize, Ordering},
//! };
//!
//! use async_trait::async_trait;
//! use carrot_core::{Body, HttpTransport, TransportError, types::UserId, users};
//! use carrot_testing::{Fake, client, fake};
//!
//! #[derive(Debug)]
//! struct Counting<T> {
//!     inner: T,
//!     count: Arc<AtomicUsize>,
//! }
//!
//! #[async_trait]
//! impl<T: HttpTransport> HttpTransport for Counting<T> {
//!     async fn send(
//!         &self,
//!         request: http::Request<Body>,
//!     ) -> Result<http::Response<bytes::Bytes>, TransportError> {
//!         self.count.fetch_add(1, Ordering::Relaxed);
//!         self.inner.send(request).await
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), carrot_core::Error> {
//! let fake = Fake::new();
//! fake.on::<users::Get>().reply(fake::user());
//!
//! let count = Arc::new(AtomicUsize::new(0));
//! let transport = Counting { inner: fake.transport(), count: Arc::clone(&count) };
//! client(transport).call(users::Get::new(UserId::new(7))).await?;
//! assert_eq!(count.load(Ordering::Relaxed), 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Many users at once
//!
//! One import carries the changes of many users, so one failure is that of all of them.
//!
//! ```
//! use carrot_core::{
//!     Client,
//!     types::{PropertyOperation, UserRef},
//!     users::{Import, PropertyChange},
//! };
//! use carrot_testing::{ApiError, Fake};
//!
//! /// The code under test: says whether the changes are safe to try again.
//! async fn change_all(
//!     client: &Client,
//!     changes: &[PropertyChange],
//! ) -> Result<bool, Box<dyn std::error::Error>> {
//!     let import = Import::from_changes(changes)?;
//!     match client.call(import).await {
//!         Ok(_) => Ok(false),
//!         Err(error) => Ok(!error.may_have_been_applied()),
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let fake = Fake::new();
//! fake.on::<Import>().reply_error(ApiError::permission_denied());
//!
//! let plan = PropertyOperation::update_or_create("plan", "pro")?;
//! let changes = ["order-41", "order-42"]
//!     .map(|id| PropertyChange::new(UserRef::external(id)).with(plan.clone()));
//!
//! assert!(change_all(&fake.client(), &changes).await?);
//! # Ok(())
//! # }
//! ```
//!
//! # Are all operations tested?
//!
//! Let one [`Coverage`](crate::Coverage) observe the clients of all tests, whatever their transport. A
//! suite is many processes, so it is kept in a file; each test takes its clients from here.
//!
//! ```
//! use std::{io, path::Path};
//!
//! use carrot_core::{types::{UserId, UserRef}, users};
//! use carrot_testing::{Coverage, Fake, Sandbox, fake};
//!
//! /// For every test of the suite, here as `target/coverage.txt` below the package.
//! fn coverage(target: &Path) -> io::Result<Coverage> {
//!     Coverage::in_file(target.join("coverage.txt"))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let target = std::env::temp_dir().join(format!("carrot-cookbook-{}", std::process::id()));
//! # std::fs::create_dir_all(&target)?;
//! // One test, with a fake:
//! let fake = Fake::new();
//! fake.on::<users::Get>().reply(fake::user());
//! let client = fake.client_builder().observer(coverage(&target)?).build()?;
//! client.call(users::Get::new(UserId::new(7))).await?;
//!
//! // Another test, with the sandbox:
//! let sandbox = Sandbox::new();
//! let client = sandbox.client_builder().observer(coverage(&target)?).build()?;
//! let order = UserRef::external("order-42");
//! client.call(users::StartConversation::new(order, "Where is it?")).await?;
//!
//! // After all tests, in one that is `#[ignore]`d but for this:
//! let coverage = coverage(&target)?;
//! println!("{coverage}");
//! assert_eq!(coverage.exercised(), ["users.get", "users.start_conversation"]);
//! assert!(coverage.not_exercised().contains(&"conversations.reply"));
//! # std::fs::remove_dir_all(&target)?;
//! # Ok(())
//! # }
//! ```
//!
//! # With the paused time of tokio
//!
//! Code that waits with `tokio::time` beside the client needs one time for both. With
//! `start_paused = true` take the clock of tokio for the client: `carrot_hyper::TokioClock`, or the one
//! here. A [`VirtualClock`](crate::VirtualClock) does not see the timers of tokio and tokio does not see its sleeps,
//! so with both the order of two waits is not defined.
//!
//! ```
//! use std::time::Duration;
//!
//! use async_trait::async_trait;
//! use carrot_core::{AuthToken, Client, Clock, types::UserId, users};
//! use carrot_testing::{ApiError, Fake, fake};
//! use tokio::time::Instant;
//!
//! #[derive(Debug)]
//! struct TokioClock(Instant);
//!
//! #[async_trait]
//! impl Clock for TokioClock {
//!     fn now(&self) -> Duration {
//!         self.0.elapsed()
//!     }
//!
//!     async fn sleep(&self, duration: Duration) {
//!         tokio::time::sleep(duration).await;
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let pause = Duration::from_secs(7);
//! let fake = Fake::new();
//! fake.on::<users::Get>()
//!     .reply_error(ApiError::rate_limited(pause))
//!     .then()
//!     .reply(fake::user());
//!
//! let started = Instant::now();
//! let token = AuthToken::new("app.1.secret")?;
//! let client = Client::builder(fake.transport(), TokioClock(started), token).build()?;
//! client.call(users::Get::new(UserId::new(7))).await?;
//! assert!(started.elapsed() >= pause);
//! # Ok(())
//! # }
//! ```
//!
//! # On a multi-thread runtime
//!
//! The time of a fake moves only when every worker is parked. The body of a test is not a task, so a
//! body that checks moments in time is spawned.
//!
//! ```
//! use std::time::Duration;
//!
//! use carrot_core::{types::UserId, users};
//! use carrot_testing::{ApiError, Fake, fake};
//!
//! # #[tokio::main(flavor = "multi_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let fake = Fake::new();
//! fake.on::<users::Get>()
//!     .reply_error(ApiError::internal())
//!     .times(2)
//!     .then()
//!     .reply(fake::user())
//!     .times(2);
//!
//! let calls = [(); 2].map(|()| {
//!     let client = fake.client();
//!     tokio::spawn(async move { client.call(users::Get::new(UserId::new(7))).await })
//! });
//! for call in calls {
//!     call.await??;
//! }
//! fake.clock().assert_sleeps([Duration::from_millis(50); 2]);
//! # Ok(())
//! # }
//! ```
//!
//! # Aimed faults
//!
//! A [`Fault`](crate::sandbox::Fault) says which operation, which request of it, and what happens there. One that no request
//! meets fails the test, so the test cannot pass without its fault.
//!
//! ```
//! use carrot_core::{
//!     conversations::{Get, Reply},
//!     types::UserRef,
//!     users::StartConversation,
//! };
//! use carrot_testing::{Sandbox, sandbox::Fault};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sandbox = Sandbox::new();
//! let client = sandbox.client();
//! let order = UserRef::external("order-42");
//! let id = client.call(StartConversation::new(order, "Where is it?")).await?.id;
//!
//! // The second reply is applied, and its response does not arrive.
//! let fault = sandbox.inject(Fault::lost_response().on::<Reply>().nth(2));
//! client.call(Get::new(id)).await?;
//! client.call(Reply::new(id, "On its way")).await?;
//! let lost = client.call(Reply::new(id, "It is there")).await;
//! assert!(lost.is_err_and(|error| error.may_have_been_applied()));
//! assert_eq!(fault.used(), 1);
//! assert_eq!(sandbox.parts(id).len(), 3);
//! # Ok(())
//! # }
//! ```
//!
//! # Every fault at every request
//!
//! [`torture`](crate::torture()) aims all of them: at each request, one after the other. The
//! [module](mod@crate::torture) shows a program that must not send a message twice; here one whose calls are
//! idempotent, which may simply run again. If it set one property to two values, one after the other, this would fail: the
//! first request may be applied late, after the second.
//!
//! ```
//! use carrot_core::{Error, types::{PropertyOperation, UserRef}, users::SetProps};
//! use carrot_testing::torture::{Process, torture};
//!
//! /// The code under test.
//! async fn set_all(process: Process<()>) -> Result<(), Error> {
//!     for (name, value) in [("plan", "pro"), ("city", "Riga")] {
//!         let change = PropertyOperation::update_or_create(name, value).expect("a valid name");
//!         let call = SetProps::new(UserRef::external("ada")).with(change);
//!         process.client.call(call).await?;
//!     }
//!     Ok(())
//! }
//!
//! let report = torture(set_all).check(|sandbox, ()| {
//!     let ada = &sandbox.users()[0].props_custom;
//!     assert_eq!((&ada["plan"], &ada["city"]), (&"pro".into(), &"Riga".into()));
//! });
//! println!("{report}");
//! assert_eq!(report.requests, 2);
//! ```
//!
//! # Killed in the middle
//!
//! [`Trouble::Killed`](crate::torture::Trouble::Killed) drops the program where it waits, and what it stored is all that the next
//! process has. `only` runs one story, such as one that a failure told.
//!
//! ```
//! use std::{cell::Cell, rc::Rc};
//!
//! use carrot_core::{Error, types::{EventName, UserRef}, users::TrackEvent};
//! use carrot_testing::torture::{Process, Trouble, torture};
//!
//! /// The code under test: it stores that it sent the event once the response is there.
//! async fn track(process: Process<Rc<Cell<bool>>>) -> Result<(), Error> {
//!     if !process.stored.get() {
//!         let name = EventName::new("Order placed").expect("a valid name");
//!         process.client.call(TrackEvent::new(UserRef::external("ada"), name)).await?;
//!         process.stored.set(true);
//!     }
//!     Ok(())
//! }
//!
//! // Killed before it reads the response, it sends the event twice: here that is known and accepted.
//! torture(track).only([Trouble::Killed(2)]).check(|sandbox, is_sent| {
//!     let user = sandbox.user_id("ada").expect("the event creates the user");
//!     assert_eq!((sandbox.events(user).len(), is_sent.get()), (2, true));
//! });
//! ```
//!
//! # Latency
//!
//! [`Latency`](crate::stub::Latency) lets requests and responses travel in virtual time, and counts those in flight.
//!
//! ```
//! use std::time::Duration;
//!
//! use carrot_core::{AuthToken, Client, Clock, types::UserId, users};
//! use carrot_testing::{CannedResponse, RecordingTransport, VirtualClock, stub::Latency};
//!
//! let clock = VirtualClock::manual();
//! let transport = RecordingTransport::new().with_default(CannedResponse::ok());
//! let second = Duration::from_secs(1);
//! let slow = Latency::new(transport, &clock, move |_| (second, second));
//! let token = AuthToken::new("app.1.token")?;
//! let client = Client::builder(slow.clone(), clock.clone(), token).build()?;
//! let calls = [7, 8, 9].map(|id| client.call(users::UnsubscribeEmail::new(UserId::new(id))));
//! assert!(clock.run_all(calls).iter().all(Result::is_ok));
//! assert_eq!((clock.now(), slow.most_in_flight()), (2 * second, 3));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Webhooks twice and out of order
//!
//! The service repeats a webhook that was not accepted in time, so a handler gets some twice, late, and after newer
//! ones. Taken out of the sandbox they can be given in any order, each as the request that the service sends.
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use bytes::Bytes;
//! use carrot_core::{
//!     types::{PartId, UserRef, webhook::{self, Webhook}},
//!     users::StartConversation,
//! };
//! use carrot_testing::Sandbox;
//! use http::{Request, StatusCode, Uri};
//!
//! /// The code under test: the texts by the ids of their parts, which grow.
//! #[derive(Default)]
//! struct Inbox(BTreeMap<PartId, String>);
//!
//! impl Inbox {
//!     fn handle(&mut self, request: &Request<Bytes>) -> StatusCode {
//!         match webhook::parse(request.body(), "a-token") {
//!             Ok(Webhook::Conversation(message)) => {
//!                 self.0.insert(message.part.id, message.part.body.unwrap_or_default());
//!                 StatusCode::OK
//!             }
//!             Ok(_) => StatusCode::OK,
//!             Err(_) => StatusCode::BAD_REQUEST,
//!         }
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sandbox = Sandbox::builder().webhook_token("a-token").build();
//! let client = sandbox.client();
//! for text in ["Where is it?", "Hello?"] {
//!     client.call(StartConversation::new(UserRef::external("ada"), text)).await?;
//! }
//!
//! let webhooks = sandbox.take_webhooks();
//! let mut inbox = Inbox::default();
//! for at in [1, 0, 1] {
//!     let request = webhooks[at].to_request(Uri::from_static("/hook"));
//!     assert_eq!(inbox.handle(&request), StatusCode::OK);
//! }
//! assert_eq!(inbox.0.into_values().collect::<Vec<_>>(), ["Where is it?", "Hello?"]);
//! # Ok(())
//! # }
//! ```
//!
//! # Sharing a set-up
//!
//! A function makes the fake that most tests need; a test overrides what is different with a higher priority.
//!
//! ```
//! use carrot_core::{types::UserId, users};
//! use carrot_testing::{ApiError, Fake, fake};
//!
//! /// For every test: all users are there.
//! fn usual() -> Fake {
//!     let fake = Fake::new();
//!     fake.on::<users::Get>().reply(fake::user()).repeatedly();
//!     fake
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let fake = usual();
//! fake.on::<users::Get>()
//!     .path_id(7)
//!     .priority(1)
//!     .reply_error(ApiError::permission_denied());
//! let client = fake.client();
//! assert!(client.call(users::Get::new(UserId::new(7))).await.is_err());
//! assert!(client.call(users::Get::new(UserId::new(8))).await.is_ok());
//! # }
//! ```
