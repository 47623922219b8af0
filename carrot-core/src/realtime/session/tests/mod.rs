//! The rules of a session, by schedules of anything that may happen between it and the service.

mod hand;
mod rules;
mod server;
mod world;

use proptest::{prelude::*, test_runner::Config};

use self::{
    server::{Race, Server},
    world::{CHANNELS, World, session},
};

#[derive(Clone, Debug)]
enum Step {
    Publish(usize),
    /// This many messages arrive.
    Deliver(usize),
    Pass(u64),
    Cut,
    CutAfter(usize),
    /// Some connections end in their replay.
    CutReplays(u32, usize),
    Race(usize, Race),
    /// Two messages change places on their way, as between two workers.
    Swap,
    Forget(usize),
    Expire,
    Fail(u32),
    Silence,
}

fn step() -> impl Strategy<Value = Step> {
    let place = 0..CHANNELS;
    prop_oneof![
        8 => place.clone().prop_map(Step::Publish),
        4 => (0..6_usize).prop_map(Step::Deliver),
        3 => (1..4_000_u64).prop_map(Step::Pass),
        1 => (10_000..80_000_u64).prop_map(Step::Pass),
        1 => (200_000..700_000_u64).prop_map(Step::Pass),
        2 => Just(Step::Cut),
        3 => (0..12_usize).prop_map(Step::CutAfter),
        2 => (2..8_u32, 0..6_usize).prop_map(|(times, after)| Step::CutReplays(times, after)),
        2 => place.clone().prop_map(|place| Step::Race(place, Race::Lost)),
        2 => place.clone().prop_map(|place| Step::Race(place, Race::Twice)),
        1 => Just(Step::Swap),
        1 => place.prop_map(Step::Forget),
        1 => Just(Step::Expire),
        1 => (1..5_u32).prop_map(Step::Fail),
        1 => Just(Step::Silence),
    ]
}

impl World {
    fn step(&mut self, step: &Step) {
        match *step {
            Step::Publish(place) => self.publish(place),
            Step::Deliver(messages) => self.run(messages),
            Step::Pass(millis) => self.pass(millis),
            Step::Cut => self.cut(0),
            Step::CutAfter(messages) => self.cut(messages),
            Step::CutReplays(times, messages) => {
                self.short = (times, messages);
                self.cut(messages);
            }
            Step::Race(place, race) => self.server.races.push((place, race)),
            Step::Swap => {
                if let Some(wire) = self.wire().filter(|wire| wire.queue.len() > 1) {
                    wire.queue.swap(0, 1);
                }
            }
            Step::Forget(place) => self.server.forget(place),
            Step::Expire => self.server.expire(),
            Step::Fail(times) => self.server.failing = times,
            Step::Silence => {
                if let Some(wire) = self.wire() {
                    wire.is_silent = true;
                }
            }
        }
    }
}

/// A session that knows the ids of all channels, and what was published before that.
fn warm(capacity: usize, can_poll: bool) -> World {
    let session = session(3).with_polls(can_poll);
    let mut world = World::new(Server::new(CHANNELS, capacity), session);
    world.keeps_checkpoints = true;
    world.pass(11_000);
    for _ in 0..10 {
        (0..CHANNELS).for_each(|place| world.publish(place));
    }
    world.pass(1_000);
    assert_eq!(world.delivered.len(), 10 * CHANNELS);
    world
}

fn cases() -> u32 {
    let cases = std::env::var("CARROT_SCHEDULES").ok();
    cases.and_then(|text| text.parse().ok()).unwrap_or(200)
}

proptest! {
    #![proptest_config(Config { cases: cases(), failure_persistence: None, ..Config::default() })]

    #[test]
    fn nothing_is_lost_in_silence(
        steps in proptest::collection::vec(step(), 1..30),
        capacity in prop_oneof![Just(4_usize), Just(20), Just(1000)],
        can_poll in any::<bool>(),
    ) {
        let mut world = warm(capacity, can_poll);
        for step in &steps {
            world.step(step);
        }
        world.settle();
        world.assert_nothing_is_lost(None);
        world.assert_nothing_comes_twice();
        for taken in &world.checkpoints {
            let mut again = World::restart(&world.server, &taken.checkpoint);
            again.settle();
            again.assert_nothing_is_lost(Some((&world, taken)));
            again.assert_nothing_comes_twice();
        }
    }
}
