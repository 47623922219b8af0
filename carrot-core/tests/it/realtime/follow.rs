//! Following the open conversations: what the follower shows, and what that costs.

use std::time::Duration;

use carrot_core::{
    AuthToken, Client,
    apps::Conversations,
    conversations::{AddTag, Assign, Close, Get, MarkRead, Reply, Sender},
    endpoint::Page,
    realtime::{ConversationFollower, FollowError, FollowEvent, GapReason},
    types::{
        AdminId, AppId, Conversation, ConversationId, Timestamp, UserRef, realtime::RealtimeChannel,
    },
    users::{SendMessage, StartConversation},
};
use carrot_testing::{
    Fake, VirtualClock,
    sandbox::{Fault, RealtimeFault},
    stub::StubConnector,
};
use http::StatusCode;

use super::{APP, SECOND, Stage};

const ADA: AdminId = AdminId::new(501);

pub(super) struct Scene {
    pub(super) stage: Stage,
    pub(super) follower: ConversationFollower,
}

impl Scene {
    /// Follows some conversations.
    fn new(conversations: usize) -> (Self, Vec<ConversationId>) {
        let stage = Stage::new();
        let ids = (0..conversations).map(|_| start(&stage)).collect();
        let follower = stage.client().follow_conversations(APP).unwrap().start();
        (Self { stage, follower }, ids)
    }

    pub(super) fn live(conversations: usize) -> (Self, Vec<ConversationId>) {
        let (mut scene, ids) = Self::new(conversations);
        scene.skip_to(|event| matches!(event, FollowEvent::UpToDate));
        (scene, ids)
    }

    fn next(&mut self) -> FollowEvent {
        let clock = self.stage.clock.clone();
        let next = clock.run(clock.timeout(SECOND * 3600, self.follower.next()));
        let next = next.expect("an event within an hour");
        next.expect("no rejection").expect("not the end")
    }

    fn skip_to(&mut self, fits: impl Fn(&FollowEvent) -> bool) -> FollowEvent {
        for _ in 0..1000 {
            let event = self.next();
            if fits(&event) {
                return event;
            }
        }
        panic!("it does not come")
    }

    fn changed(&mut self) -> Conversation {
        self.changed_to(|_| true)
    }

    fn changed_to(&mut self, fits: impl Fn(&Conversation) -> bool) -> Conversation {
        match self.skip_to(|event| matches!(event, FollowEvent::Changed(now) if fits(now))) {
            FollowEvent::Changed(now) => *now,
            other => panic!("{other:?}"),
        }
    }

    fn error(&mut self) -> FollowError {
        let clock = self.stage.clock.clone();
        let error = async {
            loop {
                if let Err(error) = self.follower.next().await {
                    break error;
                }
            }
        };
        let error = clock.run(clock.timeout(SECOND * 3600, error));
        error.expect("an error within an hour")
    }

    /// Events for a while.
    fn events(&mut self) -> Vec<FollowEvent> {
        let events = self.events_for(SECOND * 30);
        events.into_iter().map(|(_, event)| event).collect()
    }

    /// Events for this long, and when each came.
    pub(super) fn events_for(&mut self, time: Duration) -> Vec<(Duration, FollowEvent)> {
        let end = self.stage.now() + time;
        let mut events = Vec::new();
        loop {
            let left = end.saturating_sub(self.stage.now());
            let next = self.stage.clock.timeout(left, self.follower.next());
            match self.stage.clock.run(next) {
                None => return events,
                Some(event) => events.push((self.stage.now(), event.unwrap().unwrap())),
            }
        }
    }

    fn open(&self) -> Vec<ConversationId> {
        let open = self.follower.conversations().into_iter();
        open.map(|one| one.id).collect()
    }

    pub(super) fn call<E: carrot_core::Endpoint + 'static>(&self, endpoint: E) -> E::Output {
        let call = self.stage.client();
        self.stage
            .clock
            .run(async move { call.call(endpoint).await })
            .unwrap()
    }
}

fn start(stage: &Stage) -> ConversationId {
    let user = UserRef::external(format!("user-{}", stage.sandbox.requests()));
    let start = StartConversation::new(user, "Hello");
    stage.clock.run(stage.client().call(start)).unwrap().id
}

#[test]
fn all_open_conversations_appear_at_once() {
    let (mut scene, ids) = Scene::new(120);
    scene.call(Close::new(ids[7]));
    assert!(scene.open().is_empty() && scene.follower.get(ids[0]).is_none());
    assert!(matches!(scene.next(), FollowEvent::Ready));
    assert_eq!(scene.open().len(), 119);
    assert!(scene.follower.get(ids[7]).is_none());
    // Not before it is sure that nothing happened in between.
    assert!(!scene.follower.is_up_to_date());
    assert!(matches!(scene.next(), FollowEvent::UpToDate));
    assert!(scene.follower.is_up_to_date());
}

#[test]
fn changes_cost_no_request() {
    let (mut scene, ids) = Scene::live(3);
    let sandbox = scene.stage.sandbox.clone();
    let lists = sandbox.inject(
        Fault::delay(SECOND)
            .on::<Conversations>()
            .always()
            .optional(),
    );
    let reads = sandbox.inject(Fault::delay(SECOND).on::<Get>().always().optional());
    scene.call(Assign::new(ids[0], ADA));
    let now = scene.changed();
    assert_eq!(now.assignee.value().and_then(|admin| admin.id), Some(ADA));
    scene.call(AddTag::new(ids[0], "vip"));
    scene.changed_to(|now| now.tags == ["vip"]);
    scene.call(Reply::new(ids[1], "On its way").sender(ADA));
    let now = scene.changed_to(|now| now.id == ids[1]);
    let last = now.part_last.as_ref().unwrap();
    assert_eq!(last.body.as_deref(), Some("On its way"));
    assert_eq!(now.reply_last.as_ref().unwrap().id, last.id);
    assert_eq!(now.last_admin.and_then(|admin| admin.id), Some(ADA));
    // No message has these.
    assert_eq!((now.parts_count, now.user_unread_count), (None, None));
    scene.call(MarkRead::new(ids[1]));
    scene.changed_to(|now| now.user_unread_count == Some(0));
    let new = start(&scene.stage);
    assert_eq!(scene.changed().id, new);
    assert!(scene.open().contains(&new));
    scene.events();
    assert_eq!((lists.used(), reads.used()), (0, 0));
}

#[test]
fn closed_conversation_leaves_and_comes_back() {
    let (mut scene, ids) = Scene::live(2);
    scene.call(Close::new(ids[0]));
    assert_eq!(scene.changed().closed, Some(true));
    assert_eq!(scene.open(), [ids[1]]);
    // Nobody follows it any more.
    scene.call(AddTag::new(ids[0], "vip"));
    assert!(scene.events().is_empty());
    scene.call(Reply::new(ids[0], "One more thing").sender(Sender::DefaultUser));
    let now = scene.changed();
    assert_eq!((now.id, &*now.tags), (ids[0], &["vip".to_owned()][..]));
    assert_eq!(scene.open().len(), 2);
}

#[test]
fn message_of_the_site_is_no_open_conversation() {
    let (mut scene, ids) = Scene::live(1);
    let user = scene
        .follower
        .get(ids[0])
        .unwrap()
        .user
        .as_ref()
        .unwrap()
        .id;
    scene.call(SendMessage::new(user, "News"));
    assert!(scene.events().is_empty());
    assert_eq!(scene.open().len(), 1);
    let there = scene.stage.sandbox.conversations();
    let sent = there
        .iter()
        .find(|one| one.replied == Some(false))
        .unwrap()
        .id;
    scene.call(Reply::new(sent, "Tell me more").sender(Sender::DefaultUser));
    assert_eq!(scene.changed().id, sent);
    assert_eq!(scene.open().len(), 2);
}

#[test]
fn snoozed_conversation_is_read() {
    let (mut scene, ids) = Scene::live(1);
    let end = Timestamp::from_seconds(2_000_000_000);
    assert!(scene.stage.sandbox.snooze(ids[0], end));
    scene.changed_to(|now| now.delayed_until.is_some());
}

#[test]
fn gap_lists_only_what_changed() {
    let (mut scene, ids) = Scene::live(120);
    scene.stage.clock.advance(SECOND * 120);
    scene.events();
    // The service loses what it did not deliver.
    scene
        .stage
        .sandbox
        .realtime()
        .inject(RealtimeFault::Silence);
    scene.skip_to(|event| matches!(event, FollowEvent::Down(_)));
    scene.call(Assign::new(ids[3], ADA));
    scene.call(Close::new(ids[4]));
    scene.stage.sandbox.realtime().forget_messages();
    let used = scene.stage.sandbox.inject(
        Fault::delay(SECOND)
            .on::<Conversations>()
            .always()
            .optional(),
    );
    scene.call(AddTag::new(ids[5], "vip"));
    let gap = scene.skip_to(|event| matches!(event, FollowEvent::Gap(_)));
    let FollowEvent::Gap(gap) = gap else {
        panic!("a gap")
    };
    assert!(
        matches!(gap.reason, GapReason::Lost(_) | GapReason::Unknown(_)),
        "{gap}"
    );
    assert!(!scene.follower.is_up_to_date());
    scene.skip_to(|event| matches!(event, FollowEvent::UpToDate));
    let now = scene.follower.get(ids[3]).unwrap();
    assert_eq!(now.assignee.value().and_then(|admin| admin.id), Some(ADA));
    assert_eq!(scene.follower.get(ids[4]), None);
    // One page, not three.
    assert!(used.used() <= 2, "{}", used.used());
}

#[test]
fn older_record_never_replaces_a_newer_one() {
    let (mut scene, ids) = Scene::new(60);
    // The first page was written before the changes, and arrives after their messages.
    let slow = Fault::delay(SECOND * 5).on::<Conversations>();
    scene.stage.sandbox.inject(slow);
    let next = scene.stage.clock.timeout(SECOND * 2, scene.follower.next());
    assert!(scene.stage.clock.run(next).is_none(), "both are under way");
    scene.call(AddTag::new(ids[59], "vip"));
    scene.call(Assign::new(ids[59], ADA));
    scene.call(Close::new(ids[58]));
    assert!(matches!(scene.next(), FollowEvent::Ready));
    let now = scene.follower.get(ids[59]).unwrap();
    assert_eq!(
        (&*now.tags, now.assignee.is_null()),
        (&["vip".to_owned()][..], false)
    );
    assert_eq!(scene.follower.get(ids[58]), None, "closed since");
}

/// The list was written after changes whose messages come later.
#[test]
fn change_that_a_record_may_have_is_read() {
    let clock = VirtualClock::manual();
    let now = Timestamp::from_seconds(1_700_000_000);
    let record = Conversation::new(ConversationId::new(7))
        .with_closed(false)
        .with_last_update(now);
    let tagged = |id: u32, second: u32| {
        format!(
            r#"{{"id":{id},"channel":"conversation_tag_added.1000","tag":"1",
                "time":"Tue, 14 Nov 2023 22:13:{second} GMT","message":{{"conversation":7,"tag":"tag-{id}"}}}}"#
        )
    };
    let fake = Fake::new();
    let page = || Page::new(vec![record.clone()]);
    fake.on::<Conversations>().reply(page()).times(2);
    fake.on::<Get>().reply(record.clone());
    let token = AuthToken::new("app.1.secret").unwrap();
    let client = Client::builder(fake.transport(), clock.clone(), token)
        .build()
        .unwrap();
    let stub = StubConnector::new()
        .text(&tagged(1, 19))
        .text(&tagged(2, 20))
        .text(&tagged(3, 21));
    let follow = client.follow_conversations(APP).unwrap().connector(stub);
    let mut follower = follow.start();
    let mut tags = Vec::new();
    clock.run(async {
        while let Ok(event) = follower.next().await {
            if let Some(FollowEvent::Changed(now)) = event {
                tags.push(now.tags.clone());
            }
        }
    });
    // It was removed again before the record was read, as far as anybody knows.
    assert_eq!(tags, [["tag-3"]]);
}

#[test]
fn failed_lists_are_repeated() {
    let (mut scene, _) = Scene::new(3);
    let bad = Fault::status(StatusCode::BAD_GATEWAY).on::<Conversations>();
    scene.stage.sandbox.inject(bad.times(5));
    for _ in 0..5 {
        scene.skip_to(|event| matches!(event, FollowEvent::Failed(_)));
        assert!(scene.open().is_empty());
    }
    scene.skip_to(|event| matches!(event, FollowEvent::Ready));
    assert_eq!(scene.open().len(), 3);
}

#[test]
fn unreadable_conversation_holds_up_no_other() {
    let (mut scene, ids) = Scene::live(2);
    let broken = ids[0].to_string();
    let garbage = Fault::replaced_response(http::Response::new("<html>".into()));
    let garbage = garbage
        .on::<Get>()
        .when(move |get| get.path().ends_with(&broken));
    scene.stage.sandbox.inject(garbage.always());
    for id in &ids {
        scene.call(Close::new(*id));
        scene.call(Reply::new(*id, "Hello?").sender(Sender::DefaultUser));
    }
    scene.skip_to(|event| matches!(event, FollowEvent::Failed(_)));
    // It is read again because it opened again.
    let now = scene.changed_to(|now| now.closed == Some(false));
    assert_eq!(now.id, ids[1]);
}

/// Nobody knows what it said.
#[test]
fn unreadable_message_lists_what_changed() {
    let (mut scene, ids) = Scene::live(3);
    let realtime = scene.stage.sandbox.realtime();
    scene.stage.clock.advance(SECOND * 100);
    scene.events();
    // The message of this change reaches nobody, since none is stored when the listener comes back.
    realtime.inject(RealtimeFault::LostMessage);
    realtime.inject(RealtimeFault::LostMessage);
    scene.call(AddTag::new(ids[1], "vip"));
    assert_eq!(scene.events().len(), 0, "lost without a trace so far");
    let before = scene.stage.sandbox.requests();
    for _ in 0..20 {
        let reply = RealtimeChannel::ConversationReply(AppId::new(1000));
        realtime.publish(&reply, &serde_json::json!("no part"));
    }
    scene.skip_to(|event| matches!(event, FollowEvent::Unreadable(_)));
    assert!(!scene.follower.is_up_to_date());
    let changed = scene.changed();
    assert_eq!(
        (changed.id, &changed.tags[..]),
        (ids[1], &["vip".to_owned()][..])
    );
    scene.skip_to(|event| matches!(event, FollowEvent::UpToDate));
    let lists = scene.stage.sandbox.requests() - before;
    assert!(lists < 10, "{lists} requests for 20 messages");
}

#[test]
fn rejected_token_ends_it() {
    let (mut scene, ids) = Scene::live(1);
    scene.call(Close::new(ids[0]));
    let forbidden = Fault::status(StatusCode::FORBIDDEN).on::<Get>();
    scene.stage.sandbox.inject(forbidden);
    scene.call(Reply::new(ids[0], "Hello?").sender(Sender::DefaultUser));
    let error = scene.error();
    assert!(matches!(error, FollowError::Read(_)), "{error}");
    assert!(
        scene
            .stage
            .clock
            .run(scene.follower.next())
            .unwrap()
            .is_none()
    );

    let (mut scene, _) = Scene::live(1);
    scene
        .stage
        .sandbox
        .realtime()
        .inject(RealtimeFault::Rejected(403));
    let error = scene.error();
    assert!(matches!(error, FollowError::Listen(_)), "{error}");
    assert!(
        scene
            .stage
            .clock
            .run(scene.follower.next())
            .unwrap()
            .is_none()
    );
}

#[test]
fn close_ends_it() {
    let (mut scene, _) = Scene::live(1);
    let clock = scene.stage.clock.clone();
    clock.run(scene.follower.close());
    assert!(clock.run(scene.follower.next()).unwrap().is_none());
    assert_eq!(scene.stage.sandbox.realtime().listeners(), 0);
}
