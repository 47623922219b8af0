//! The worker is killed at named points and at random moments, over every kind of job and everything that can become of
//! a response. Each message has to be in the service exactly once, in its order; and the three usual mistakes have
//! to fail this test.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, SystemTime},
};

use carrot_examples::bars::{Bar, bars};
use carrot_hyper::{
    Clock, TokioClock,
    conversations::{Parts, Reply},
    types::{ConversationId, UserRef},
    users::{SetProps, StartConversation, TrackEvent},
};
use carrot_testing::{
    ApiError, Sandbox, VirtualClock,
    sandbox::{Fault, SandboxServer},
};
use clap::ValueEnum as _;
use expect_test::expect_file;
use outbox::{Job, Mistake, State, Store, Worker, abort::Point};
use tokio::task::JoinSet;

/// The sandbox does late requests within this time; the worker settles for much longer, since a busy machine may let
/// the sandbox wait.
const LATE: Duration = Duration::from_millis(150);
const SETTLE: &str = "1500";

/// What becomes of the first request.
#[derive(Clone, Copy, Debug)]
enum Consequence {
    Responds,
    LosesResponse,
    AppliesLate,
    Rejects,
    HidesIds,
}

const CONSEQUENCES: [Consequence; 5] = [
    Consequence::Responds,
    Consequence::LosesResponse,
    Consequence::AppliesLate,
    Consequence::Rejects,
    Consequence::HidesIds,
];

struct World {
    sandbox: Sandbox,
    server: SandboxServer,
    conversations: Vec<ConversationId>,
    database: PathBuf,
}

impl World {
    async fn new(conversations: usize) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("carrot-outbox-{}-{number}.sqlite", std::process::id());
        // The real time, so that what is applied late is applied while the worker waits, and so that the
        // moments of the worker and of the service can be compared.
        let sandbox = Sandbox::builder()
            .starts_at(SystemTime::now())
            .clock(TokioClock::new())
            .time_step(Duration::ZERO)
            .build();
        let client = sandbox.client();
        let mut ids = Vec::new();
        for user in 0..conversations {
            let user = UserRef::external(format!("user-{user}"));
            ids.push(
                client
                    .call(StartConversation::new(user, "Hello"))
                    .await
                    .unwrap()
                    .id,
            );
        }
        let server = sandbox.serve().await.unwrap();
        let database = std::env::temp_dir().join(name);
        Self {
            sandbox,
            server,
            conversations: ids,
            database,
        }
    }

    fn fill(&self, jobs: &[Job]) {
        let store = Store::open(&self.database).unwrap();
        for job in jobs {
            store.add(job).unwrap();
        }
    }

    fn start(&self, abort_at: Option<&str>, mistake: Option<&str>) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_outbox"));
        command
            .args(["--write", "--no-rate-limit", "--settle", SETTLE, "--file"])
            .arg(&self.database)
            .env("CARROT_TOKEN", self.sandbox.token())
            .env("CARROT_BASE_URL", self.server.url())
            .env_remove("OUTBOX_ABORT")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some(point) = abort_at {
            command.env("OUTBOX_ABORT", point);
        }
        if let Some(mistake) = mistake {
            command.args(["--mistake", mistake]);
        }
        command.spawn().unwrap()
    }

    async fn run(&self, abort_at: Option<&str>, mistake: Option<&str>) {
        let mut child = self.start(abort_at, mistake);
        tokio::task::spawn_blocking(move || child.wait().unwrap())
            .await
            .unwrap();
    }

    fn marks(&self, user: &str) -> Vec<String> {
        let Some(user) = self.sandbox.user_id(user) else {
            return Vec::new();
        };
        let events = self.sandbox.events(user);
        let mark = |event: &carrot_hyper::types::Event| event.props.get("outbox_id").cloned();
        let marks = events.iter().filter_map(mark);
        marks
            .filter_map(|mark| mark.as_str().map(str::to_owned))
            .collect()
    }

    fn count(&self, state: State) -> u64 {
        Store::open(&self.database).unwrap().count(state).unwrap()
    }

    /// What is wrong with the result for these jobs; empty where nothing is.
    fn problems(&self, jobs: &[Job]) -> Vec<String> {
        let mut problems = Vec::new();
        let mut wanted = BTreeMap::<u64, Vec<String>>::new();
        for job in jobs {
            match job {
                Job::Reply {
                    conversation, text, ..
                } => {
                    wanted.entry(*conversation).or_default().push(text.clone());
                }
                Job::Event { user, mark, .. } => {
                    let marks = self.marks(user);
                    let times = marks
                        .iter()
                        .filter(|found| **found == mark.to_string())
                        .count();
                    if times != 1 {
                        problems.push(format!("event {mark} is there {times} times"));
                    }
                }
                Job::Property { user, name, value } => {
                    let user = self
                        .sandbox
                        .user_id(user)
                        .and_then(|id| self.sandbox.user(id));
                    let found = user.and_then(|user| user.props_custom.get(name).cloned());
                    if found.as_ref().and_then(|value| value.as_str()) != Some(value) {
                        problems.push(format!("property {name} is {found:?}"));
                    }
                }
                _ => panic!("another kind of job"),
            }
        }
        for (conversation, texts) in wanted {
            let found = replies(&self.sandbox, ConversationId::new(conversation));
            if found != texts {
                problems.push(format!(
                    "conversation {conversation}: {found:?}, not {texts:?}"
                ));
            }
        }
        problems
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm"] {
            let mut name = self.database.clone().into_os_string();
            name.push(suffix);
            let _ = std::fs::remove_file(Path::new(&name));
        }
    }
}

/// Two jobs of one kind and one group, so that their order can be seen.
fn jobs(kind: &str, conversation: ConversationId) -> Vec<Job> {
    let number = |n: i64| match kind {
        "reply" => Job::Reply {
            conversation: conversation.get(),
            text: format!("message {n}"),
            mark: 1000 + n,
        },
        "event" => Job::Event {
            user: "user-0".to_owned(),
            name: "Paid".to_owned(),
            mark: 1000 + n,
        },
        _ => Job::Property {
            user: "user-0".to_owned(),
            name: format!("property_{n}"),
            value: "set".to_owned(),
        },
    };
    vec![number(1), number(2)]
}

fn fault(kind: &str, consequence: Consequence) -> Option<Fault> {
    let fault = match consequence {
        Consequence::Responds => return None,
        Consequence::LosesResponse => Fault::lost_response(),
        Consequence::AppliesLate => Fault::apply_late(LATE),
        Consequence::Rejects => Fault::error(ApiError::bad_request()),
        Consequence::HidesIds => {
            return Some(Fault::hide_random_ids().on::<Parts>().always().optional());
        }
    };
    // A worker that is killed before it sends leaves the fault to the next one.
    Some(match kind {
        "reply" => fault.on::<Reply>().optional(),
        "event" => fault.on::<TrackEvent>().optional(),
        _ => fault.on::<SetProps>().optional(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_anywhere_it_sends_each_message_once() {
    // Mostly they wait, so the points are tried side by side.
    let mut points = JoinSet::new();
    for (_, point) in Point::ALL {
        for kind in ["reply", "event", "property"] {
            points.spawn(async move {
                for consequence in CONSEQUENCES {
                    check(point, kind, consequence).await;
                }
            });
        }
    }
    while let Some(result) = points.join_next().await {
        result.unwrap();
    }
}

async fn check(point: &str, kind: &str, consequence: Consequence) {
    let world = World::new(1).await;
    let jobs = jobs(kind, world.conversations[0]);
    world.fill(&jobs);
    if let Some(fault) = fault(kind, consequence) {
        world.sandbox.inject(fault);
    }
    world.run(Some(point), None).await;
    world.run(None, None).await;

    let case = format!("{point}, {kind}, {consequence:?}");
    let open =
        world.count(State::Queued) + world.count(State::Sending) + world.count(State::Unsure);
    assert_eq!(open, 0, "{case}: rows are open");
    match consequence {
        // The first is rejected and stays away, or the worker died before it stored that, and sent it again.
        Consequence::Rejects => {
            let done = world.count(State::Done) + world.count(State::Failed);
            assert_eq!(done, 2, "{case}");
        }
        // What may have been sent and cannot be found is for a person, and is never sent a second time.
        Consequence::HidesIds if kind == "reply" => {
            let texts = replies(&world.sandbox, world.conversations[0]);
            let mut once = texts.clone();
            once.dedup();
            assert_eq!(texts, once, "{case}");
        }
        _ => {
            assert_eq!(world.problems(&jobs), Vec::<String>::new(), "{case}");
            assert_eq!(world.count(State::Review), 0, "{case}");
        }
    }
}

/// What a killed worker leaves behind: `kills` kills over `rows` replies. Each kill
/// holds up a conversation until it has settled, so there are many.
async fn random_kills(kills: u32, rows: i64, mistake: Option<&str>, seed: u64) -> Vec<String> {
    let mut random = fastrand::Rng::with_seed(seed);
    let world = World::new(40).await;
    let jobs: Vec<_> = (0..rows)
        .map(|n| Job::Reply {
            conversation: world.conversations[n as usize % 40].get(),
            text: format!("message {n}"),
            mark: 1 + n,
        })
        .collect();
    world.fill(&jobs);
    for _ in 0..kills {
        // One in three requests is applied after its caller is gone.
        let late = Fault::apply_late(LATE)
            .on::<Reply>()
            .nth(random.u64(1..4))
            .optional();
        let late = world.sandbox.inject(late);
        let mut child = world.start(None, mistake);
        let life = Duration::from_millis(random.u64(0..120));
        tokio::task::spawn_blocking(move || {
            thread::sleep(life);
            // It may have ended by itself.
            let _ = child.kill();
            child.wait().unwrap()
        })
        .await
        .unwrap();
        late.remove();
    }
    world.run(None, mistake).await;
    world.problems(&jobs)
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_it_sends_each_message_once() {
    let kills = std::env::var("OUTBOX_KILLS").map_or(80, |kills| kills.parse().unwrap());
    let problems = random_kills(kills, 400, None, 7).await;
    assert!(problems.is_empty(), "{problems:#?}");
}

/// The workers of the chart, the right one first.
const WORKERS: [(&str, Option<Mistake>); 4] = [
    ("claim, send, reconcile", None),
    ("send-then-mark", Some(Mistake::SendThenMark)),
    ("mark-then-send", Some(Mistake::MarkThenSend)),
    ("reconcile-at-once", Some(Mistake::ReconcileAtOnce)),
];

/// What became of some messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    doubled: u64,
    lost: u64,
}

impl Count {
    /// What became of these messages, where these were found.
    fn of(wanted: &[String], found: &[String]) -> Self {
        let mut count = Self::default();
        for message in wanted {
            match found.iter().filter(|one| *one == message).count() {
                0 => count.lost += 1,
                times => count.doubled += u64::from(times > 1),
            }
        }
        count
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_usual_mistakes_fail() {
    // Killed between the mark and the request, and between the response and the mark.
    let mut kills = JoinSet::new();
    for (worker, (_, mistake)) in WORKERS.into_iter().enumerate() {
        for point in ["after_claim", "after_response"] {
            for kind in ["reply", "event"] {
                kills.spawn(async move { (worker, kill_with(mistake, point, kind).await) });
            }
        }
    }
    let mut counts = [Count::default(); WORKERS.len()];
    let mut messages = 0;
    while let Some(result) = kills.join_next().await {
        let (worker, count) = result.unwrap();
        counts[worker].doubled += count.doubled;
        counts[worker].lost += count.lost;
        messages += 2;
    }
    let late = WORKERS.map(|(_, mistake)| late_texts(mistake));
    for (count, texts) in counts.iter_mut().zip(late) {
        let wanted = ["message 1", "message 2"].map(str::to_owned);
        let late = Count::of(&wanted, &texts);
        count.doubled += late.doubled;
        count.lost += late.lost;
        messages += 2;
    }
    for ((name, mistake), count) in WORKERS.iter().zip(counts) {
        let is_right = count == Count::default();
        assert_eq!(is_right, mistake.is_none(), "{name}: {count:?}");
    }
    let rows = WORKERS.iter().zip(counts).map(|((name, _), count)| {
        let Count { doubled, lost } = count;
        Bar::new(
            *name,
            &[doubled, lost],
            format!("{doubled} doubled, {lost} lost"),
        )
    });
    let title = format!(
        "Of {} messages each, by a worker that is killed or whose reply is applied late",
        messages / WORKERS.len()
    );
    let picture = bars(&title, &["doubled", "lost"], &rows.collect::<Vec<_>>());
    expect_file!["../../../docs/pictures/outbox.svg"].assert_eq(&picture);
}

/// What becomes of two messages by a worker with this mistake, which is killed there and started again.
async fn kill_with(mistake: Option<Mistake>, point: &str, kind: &str) -> Count {
    let mistake = mistake.and_then(|mistake| mistake.to_possible_value());
    let mistake = mistake.as_ref().map(|value| value.get_name());
    let world = World::new(1).await;
    let jobs = jobs(kind, world.conversations[0]);
    world.fill(&jobs);
    world.run(Some(point), mistake).await;
    world.run(None, mistake).await;
    let is_reply = kind == "reply";
    let found = match is_reply {
        true => replies(&world.sandbox, world.conversations[0]),
        false => world.marks("user-0"),
    };
    let wanted = [1, 2].map(|n| match is_reply {
        true => format!("message {n}"),
        false => (1000 + n).to_string(),
    });
    Count::of(&wanted, &found)
}

/// In virtual time: the service applies a reply ten seconds after it lost the connection.
#[test]
fn reconciling_at_once_doubles_a_late_reply() {
    assert_eq!(late_texts(None), ["message 1", "message 2"]);
    let doubled = late_texts(Some(Mistake::ReconcileAtOnce));
    assert_eq!(doubled, ["message 1", "message 2", "message 1"]);
}

fn late_texts(mistake: Option<Mistake>) -> Vec<String> {
    let clock = VirtualClock::new();
    clock.run(late_reply(clock.clone(), mistake))
}

async fn late_reply(clock: VirtualClock, mistake: Option<Mistake>) -> Vec<String> {
    let late = Duration::from_secs(10);
    let sandbox = Sandbox::builder()
        .starts_at(clock.system_time())
        .clock(clock.clone())
        .build();
    let client = sandbox.client();
    let ask = StartConversation::new(UserRef::external("user-0"), "Hello");
    let conversation = client.call(ask).await.unwrap().id;
    let store = Store::open(Path::new(":memory:")).unwrap();
    for job in jobs("reply", conversation) {
        store.add(&job).unwrap();
    }
    sandbox.inject(Fault::apply_late(late).on::<Reply>());
    let worker = Worker::new(store, client.clone(), 3 * late).with_clock(clock.clone());
    worker.with_mistake(mistake).run().await.unwrap();
    clock.advance(late);
    // It is applied with the next request at the latest.
    let get = carrot_hyper::conversations::Get::new(conversation);
    client.call(get).await.unwrap();
    replies(&sandbox, conversation)
}

/// The texts that operators wrote in a conversation, in their order.
fn replies(sandbox: &Sandbox, conversation: ConversationId) -> Vec<String> {
    let parts = sandbox.parts(conversation);
    parts
        .iter()
        .skip(1)
        .filter_map(|part| part.text())
        .collect()
}
