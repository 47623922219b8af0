//! Seeded schedules of a follower: changes, cuts, lost messages, slow and failing lists. In the end the followed
//! conversations are those of the service, and no older record ever replaced a newer one.
//!
//! `CARROT_SCHEDULES=10000` runs more of them, `CARROT_SCHEDULE_SEED=7` one alone.

use std::{collections::BTreeMap, env, pin::pin, task::Poll, time::Duration};

use carrot_core::{
    Client, Error,
    apps::Conversations,
    conversations::{AddTag, Assign, Close, Get, MarkRead, RemoveTag, Reply, Sender, Unassign},
    realtime::{ConversationFollower, FollowEvent},
    types::{
        AdminId, Conversation, ConversationId, PartId, Timestamp, UserRef,
        realtime::RealtimeChannel,
    },
    users::{SendMessage, StartConversation},
};
use carrot_testing::sandbox::{Fault, RealtimeFault};
use http::StatusCode;

use super::{APP, SECOND, Stage};

const SCHEDULES: u64 = 100;

/// What a follower must know of a conversation.
#[derive(Debug, PartialEq)]
struct Facts {
    assignee: Option<AdminId>,
    tags: Vec<String>,
    part_last: Option<PartId>,
    reply_last: Option<PartId>,
    last_update: Option<Timestamp>,
}

impl Facts {
    fn of(conversation: &Conversation) -> Self {
        let mut tags = conversation.tags.clone();
        tags.sort();
        Self {
            assignee: conversation.assignee.value().and_then(|admin| admin.id),
            tags,
            part_last: conversation.part_last.as_ref().map(|part| part.id),
            reply_last: conversation.reply_last.as_ref().map(|part| part.id),
            last_update: conversation.last_update,
        }
    }
}

pub(super) struct World {
    pub(super) stage: Stage,
    pub(super) client: Client,
    pub(super) follower: ConversationFollower,
    ids: Vec<ConversationId>,
    /// The conversations as the events show them.
    shown: BTreeMap<ConversationId, Option<Timestamp>>,
    pub(super) counts: BTreeMap<&'static str, usize>,
}

impl World {
    pub(super) fn new(stage: Stage, conversations: usize) -> Self {
        let client = stage.client();
        let follow = client.follow_conversations(APP).unwrap();
        let mut world = Self {
            follower: follow.retention(SECOND * 3600).start(),
            client,
            stage,
            ids: Vec::new(),
            shown: BTreeMap::new(),
            counts: BTreeMap::new(),
        };
        for _ in 0..conversations {
            world.start();
        }
        world
    }

    pub(super) fn start(&mut self) -> ConversationId {
        let user = UserRef::external(format!("user-{}", self.ids.len()));
        let start = StartConversation::new(user, "Hello");
        let id = self.stage.clock.run(self.client.call(start)).unwrap().id;
        self.ids.push(id);
        id
    }

    fn act(&mut self, kind: usize, at: usize) {
        let id = self.ids[at];
        let client = &self.client;
        let clock = self.stage.clock.clone();
        // What is so already may be rejected.
        let done = |result: Result<(), Error>| drop(result);
        match kind {
            0 => drop(self.start()),
            1 => drop(clock.run(client.call(Reply::new(id, "On its way")))),
            2 => {
                let reply = Reply::new(id, "And now?").sender(Sender::DefaultUser);
                drop(clock.run(client.call(reply)));
            }
            3 => done(
                clock
                    .run(client.call(Assign::new(id, AdminId::new(501))))
                    .map(drop),
            ),
            4 => done(clock.run(client.call(Unassign::new(id))).map(drop)),
            5 => done(clock.run(client.call(AddTag::new(id, "vip"))).map(drop)),
            6 => done(clock.run(client.call(RemoveTag::new(id, "vip"))).map(drop)),
            7 => done(clock.run(client.call(MarkRead::new(id))).map(drop)),
            8 => done(clock.run(client.call(Reply::note(id, "Hm"))).map(drop)),
            9 => {
                // Of no interest before the user replies.
                let user = UserRef::external(format!("user-{at}"));
                drop(clock.run(client.call(SendMessage::new(user, "News"))));
            }
            _ => done(clock.run(client.call(Close::new(id))).map(drop)),
        }
    }

    fn took(&mut self, event: &FollowEvent) {
        let name = match event {
            FollowEvent::Ready => {
                for one in self.follower.conversations() {
                    self.shown.insert(one.id, one.last_update);
                }
                "ready"
            }
            FollowEvent::Changed(now) => {
                let before = self.shown.get(&now.id).copied().flatten();
                assert!(
                    now.last_update >= before,
                    "back in time: {now:?} after {before:?}"
                );
                match now.closed {
                    Some(true) => self.shown.remove(&now.id),
                    _ => self.shown.insert(now.id, now.last_update),
                };
                "changed"
            }
            FollowEvent::Removed(id) => {
                self.shown.remove(id);
                "removed"
            }
            FollowEvent::UpToDate => "up to date",
            FollowEvent::Gap(_) => "gap",
            FollowEvent::Down(_) => "down",
            FollowEvent::Failed(_) => "failed",
            FollowEvent::Unreadable(_) => "unreadable",
            other => panic!("{other:?}"),
        };
        *self.counts.entry(name).or_default() += 1;
    }

    pub(super) fn follow_for(&mut self, time: Duration) {
        let end = self.stage.now() + time;
        loop {
            let left = end.saturating_sub(self.stage.now());
            let clock = self.stage.clock.clone();
            match clock.run(clock.timeout(left, self.follower.next())) {
                None => break,
                Some(event) => self.took(&event.expect("no rejection").expect("not the end")),
            }
        }
        self.check_shown();
    }

    fn step(&mut self) {
        let clock = self.stage.clock.clone();
        let polled = clock.step(pin!(self.follower.next()));
        if let Poll::Ready(event) = polled {
            self.took(&event.unwrap().unwrap());
        }
    }

    /// The events reported every change.
    fn check_shown(&self) {
        let held = self.follower.conversations().into_iter();
        let held: BTreeMap<_, _> = held.map(|one| (one.id, one.last_update)).collect();
        assert_eq!(held, self.shown);
    }

    pub(super) fn check_same(&self) {
        let held = self.follower.conversations().into_iter();
        let held: BTreeMap<_, _> = held.map(|one| (one.id, Facts::of(one))).collect();
        let there = self.stage.sandbox.conversations();
        let open = there
            .iter()
            .filter(|one| one.closed == Some(false) && one.replied == Some(true));
        let open: BTreeMap<_, _> = open.map(|one| (one.id, Facts::of(one))).collect();
        for id in held.keys().chain(open.keys()) {
            assert_eq!(held.get(id), open.get(id), "{id}");
        }
    }

    /// Everything that is missing shows, since each channel goes on.
    pub(super) fn settle(&mut self) {
        let id = self.start();
        let at = self.ids.iter().position(|one| *one == id).unwrap();
        for _ in 0..100 {
            for kind in [0, 1, 3, 5, 6, 7, 10, 2] {
                self.act(kind, at);
            }
            self.follow_for(SECOND * 70);
            if self.stage.sandbox.realtime().waiting_faults() == 0 {
                break;
            }
        }
        for kind in [0, 1, 4, 5, 6, 7, 10, 2] {
            self.act(kind, at);
        }
        self.follow_for(SECOND * 300);
        assert!(self.follower.is_up_to_date());
    }
}

fn schedule(seed: u64) -> World {
    let mut rng = fastrand::Rng::with_seed(seed);
    let stage = Stage::storing([20, 100_000][rng.usize(0..2)]);
    let inject = |fault: Fault| stage.sandbox.inject(fault.optional());
    let slow = Duration::from_millis(rng.u64(0..4000));
    let mut delays = vec![
        inject(Fault::delay(slow).on::<Conversations>().always()),
        inject(Fault::delay(slow / 2).on::<Get>().always()),
    ];
    let conversations = [1, 3, 8, 60, 120][rng.usize(0..5)];
    let mut world = World::new(stage, conversations);
    for _ in 0..rng.usize(5..60) {
        for _ in 0..rng.usize(0..8) {
            let at = rng.usize(0..world.ids.len());
            world.act(rng.usize(0..11), at);
        }
        let realtime = world.stage.sandbox.realtime();
        match rng.usize(0..20) {
            0 => realtime.inject(RealtimeFault::CutAfter(0)),
            1 => realtime.inject(RealtimeFault::DeliveredTwice),
            2 => realtime.inject(RealtimeFault::BrokenMessage),
            3 => realtime.inject(RealtimeFault::LostMessage),
            4 => realtime.inject(RealtimeFault::Silence),
            5 => realtime.inject(RealtimeFault::Rejected(503)),
            6 => realtime.forget_messages(),
            // Ids that start again show only if the next message is lower than the last one.
            7 if realtime.waiting_faults() == 0 => {
                realtime.forget_channel(&RealtimeChannel::ConversationReply(APP));
                world.act(0, 0);
                world.follow_for(SECOND * 2);
            }
            8 => {
                let fault = Fault::status(StatusCode::BAD_GATEWAY).on::<Conversations>();
                world.stage.sandbox.inject(fault.optional());
            }
            9 => {
                let fault = Fault::lost_response().on::<Get>();
                world.stage.sandbox.inject(fault.optional());
            }
            _ => {}
        }
        match rng.usize(0..4) {
            // It is not polled, and messages wait.
            0 => world.stage.clock.advance(SECOND * rng.u32(0..20)),
            1 => (0..rng.usize(0..20)).for_each(|_| world.step()),
            _ => world.follow_for(Duration::from_millis(rng.u64(0..20_000))),
        }
    }
    delays.drain(..).for_each(|delay| delay.remove());
    world.settle();
    world.check_same();
    world
}

#[test]
fn followed_state_is_that_of_the_service() {
    if let Some(seed) = number("CARROT_SCHEDULE_SEED") {
        schedule(seed);
        return;
    }
    let mut counts = BTreeMap::<_, usize>::new();
    for seed in 0..number("CARROT_SCHEDULES").unwrap_or(SCHEDULES) {
        let world = std::panic::catch_unwind(|| schedule(seed));
        let world = world.unwrap_or_else(|_| panic!("CARROT_SCHEDULE_SEED={seed}"));
        for (name, count) in world.counts {
            *counts.entry(name).or_default() += count;
        }
    }
    for name in [
        "changed",
        "gap",
        "down",
        "failed",
        "unreadable",
        "up to date",
    ] {
        let count = counts.get(name).copied().unwrap_or_default();
        assert!(count > 30, "{name}: {counts:?}");
    }
}

fn number(name: &str) -> Option<u64> {
    env::var(name)
        .ok()
        .map(|text| text.parse().expect("a number"))
}
