//! The same promises over long polls and over the WebSocket of the sandbox.

use std::{collections::BTreeSet, sync::Arc};

use carrot_core::{
    client::RealtimeChange,
    realtime::{Checkpoint, Event, Gap, GapReason, Listen, Listener},
    types::realtime::RealtimeChannel,
};
use carrot_testing::sandbox::RealtimeFault;

use super::{Reports, SECOND, Stage, channels, number};

#[derive(Clone, Copy, Debug)]
enum Driver {
    LongPoll,
    Socket,
}

const DRIVERS: [Driver; 2] = [Driver::LongPoll, Driver::Socket];

impl Driver {
    fn of(self, stage: &Stage, listen: Listen) -> Listen {
        match self {
            Self::LongPoll => listen,
            Self::Socket => listen.connector(stage.sandbox.socket()),
        }
    }

    fn listen(self, stage: &Stage) -> Listen {
        let listen = stage.client().listen(channels()).unwrap();
        // The pauses between connections add up to more than five minutes now and then.
        self.of(stage, listen).retention(SECOND * 3600)
    }
}

/// What a program knows: the messages that it got, and the gaps that were reported to it.
#[derive(Default)]
struct Known {
    ids: Vec<BTreeSet<i64>>,
    numbers: BTreeSet<u64>,
    twice: BTreeSet<u64>,
    gaps: Vec<Gap>,
    downs: usize,
}

impl Known {
    fn new() -> Self {
        Self {
            ids: vec![BTreeSet::new(); channels().len()],
            ..Self::default()
        }
    }

    fn add(&mut self, event: Event) {
        match event {
            Event::Message(delivery) => {
                let place = place(&delivery.message.channel);
                self.ids[place].insert(delivery.message.id.unwrap());
                let number = number(&Event::Message(delivery)).unwrap();
                if !self.numbers.insert(number) {
                    self.twice.insert(number);
                }
            }
            Event::Gap(gap) => self.gaps.push(gap),
            Event::Down(_) => self.downs += 1,
            _ => {}
        }
    }

    /// The ids of 1 to `counts` by channel that were neither received nor reported.
    fn silent(&self, counts: &[i64]) -> Vec<(usize, i64)> {
        let all = counts
            .iter()
            .enumerate()
            .flat_map(|(place, count)| (1..=*count).map(move |id| (place, id)));
        all.filter(|(place, id)| {
            let is_reported = self.gaps.iter().any(|gap| {
                let has_id = match &gap.reason {
                    GapReason::Lost(ids) | GapReason::Unknown(ids) => ids.contains(id),
                    _ => false,
                };
                has_id && gap.channels.contains(&channels()[*place])
            });
            !self.ids[*place].contains(id) && !is_reported
        })
        .collect()
    }
}

fn place(channel: &RealtimeChannel) -> usize {
    channels().iter().position(|one| one == channel).unwrap()
}

/// Everything that comes without a new message.
fn settle(stage: &Stage, live: &mut Listener, known: &mut Known) {
    for event in stage.events_for(live, SECOND * 3000) {
        known.add(event);
    }
}

#[test]
fn losses_of_the_service_are_reported_not_silent() {
    for driver in DRIVERS {
        // A channel stores 40 messages: what is older when a connection comes back is lost.
        let stage = Stage::storing(40);
        let mut live = driver.listen(&stage).start();
        stage.catch_up(&mut live);
        let mut rng = fastrand::Rng::with_seed(23);
        let (mut known, mut counts, mut sent) = (Known::new(), vec![0_i64; channels().len()], 0);
        while sent < 3000 {
            let burst = match rng.u8(0..20) {
                0 => rng.u64(50..200),
                _ => rng.u64(0..12),
            };
            for number in sent..sent + burst {
                let place = rng.usize(0..channels().len());
                counts[place] += 1;
                stage.publish(&channels()[place], [number]);
            }
            sent += burst;
            let realtime = stage.sandbox.realtime();
            match rng.u8(0..8) {
                0 | 1 => realtime.cut(),
                2 => {
                    realtime.inject(RealtimeFault::CutAfterByte(rng.usize(0..2000)));
                    realtime.cut();
                }
                3 => realtime.inject(RealtimeFault::DeliveredTwice),
                4 => realtime.inject(RealtimeFault::Reordered),
                5 if sent > 200 => realtime.inject(RealtimeFault::LostMessage),
                6 => realtime.inject(RealtimeFault::BrokenMessage),
                _ => {}
            }
            for event in stage.events_for(&mut live, SECOND * rng.u32(0..12)) {
                known.add(event);
            }
        }
        // What the service lost at the end shows with the next message of its channel.
        for (place, channel) in channels().iter().enumerate() {
            counts[place] += 1;
            stage.publish(channel, [sent]);
            sent += 1;
        }
        settle(&stage, &mut live, &mut known);
        assert_eq!(known.silent(&counts), [], "{driver:?}");
        assert_eq!(known.twice, BTreeSet::new(), "{driver:?}");
        let lost = sent as usize - known.numbers.len();
        println!(
            "{driver:?}: {sent} sent, {} received, {lost} lost by the service in {} gaps, {} lost connections",
            known.numbers.len(),
            known.gaps.len(),
            known.downs
        );
        assert!(known.downs > 30, "{driver:?}: {}", known.downs);
        assert!(lost > 0 && known.gaps.len() > 3, "{driver:?}: {lost}");
    }
}

#[test]
fn a_program_killed_50_times_misses_nothing() {
    for driver in DRIVERS {
        let stage = Stage::new();
        let mut rng = fastrand::Rng::with_seed(31);
        let (mut known, mut sent, mut kills) = (Known::new(), 0, 0);
        let mut not_stored = BTreeSet::new();
        // What a program keeps on its disk.
        let mut stored: Option<String> = None;
        while kills < 50 {
            let checkpoint = stored.as_deref().map(serde_json::from_str::<Checkpoint>);
            let checkpoint = checkpoint.map(Result::unwrap);
            let is_first = checkpoint.is_none();
            let mut live = driver.listen(&stage).resume(checkpoint).start();
            if is_first {
                stage.catch_up(&mut live);
                stored = Some(serde_json::to_string(&live.checkpoint()).unwrap());
            }
            for _ in 0..rng.u8(0..60) {
                stage.publish(&channels()[rng.usize(0..3)], [sent]);
                sent += 1;
            }
            let realtime = stage.sandbox.realtime();
            match rng.u8(0..6) {
                0 => realtime.cut(),
                1 => realtime.inject(RealtimeFault::CutAfterByte(rng.usize(0..2000))),
                2 => realtime.inject(RealtimeFault::DeliveredTwice),
                _ => {}
            }
            // Processed, and the program ended before it stored that.
            let mut unsure = BTreeSet::new();
            for _ in 0..rng.u8(1..80) {
                let limited = stage.clock.timeout(SECOND * 20, live.next());
                let Some(event) = stage.clock.run(limited) else {
                    break;
                };
                let event = event.unwrap().unwrap();
                unsure.extend(number(&event));
                known.add(event);
                if rng.u8(0..4) > 0 {
                    stored = Some(serde_json::to_string(&live.checkpoint()).unwrap());
                    unsure.clear();
                }
            }
            not_stored.append(&mut unsure);
            kills += 1;
        }
        let checkpoint = serde_json::from_str::<Checkpoint>(&stored.unwrap()).unwrap();
        let mut live = driver.listen(&stage).resume(checkpoint).start();
        settle(&stage, &mut live, &mut known);
        assert_eq!(known.gaps, [], "{driver:?}");
        assert_eq!(known.numbers.len() as u64, sent, "{driver:?}");
        println!(
            "{driver:?}: {sent} sent, {kills} kills, {} lost connections, {} came twice",
            known.downs,
            known.twice.len()
        );
        assert!(known.twice.is_subset(&not_stored), "{driver:?}");
    }
}

/// Accepted each time, and thrown out at once: a success of the handshake proves nothing.
#[test]
fn an_hour_of_accept_then_reject_is_counted() {
    for (driver, fault, code) in [
        (Driver::LongPoll, RealtimeFault::Rejected(503), None),
        (Driver::Socket, RealtimeFault::Closed(3500), Some(3500)),
        (Driver::Socket, RealtimeFault::Closed(1013), Some(1013)),
        (Driver::Socket, RealtimeFault::Rejected(503), Some(1008)),
        (Driver::Socket, RealtimeFault::CutAfterByte(0), Some(1006)),
    ] {
        let stage = Stage::new();
        let reports = Arc::new(Reports::default());
        let client = stage.builder().observer(Arc::clone(&reports));
        let listen = client.build().unwrap().listen(channels()).unwrap();
        let mut live = driver.of(&stage, listen).start();
        for _ in 0..10_000 {
            stage.sandbox.realtime().inject(fault);
        }
        let events = stage.events_for(&mut live, SECOND * 3600);
        assert!(events.iter().all(|event| matches!(event, Event::Down(_))));
        let connections = stage.sandbox.requests();
        println!("{driver:?}, {fault:?}: {connections} connections in an hour");
        assert!((60..180).contains(&connections), "{fault:?}: {connections}");
        let reports = reports.0.lock().unwrap();
        let downs = reports
            .iter()
            .filter(|report| report.change == RealtimeChange::Down);
        let codes: BTreeSet<_> = downs
            .map(|down| down.close_code.map(|code| code.get()))
            .collect();
        assert_eq!(codes, BTreeSet::from([code]));
    }
}

#[test]
fn rejection_after_the_handshake_is_the_last_connection() {
    for fault in [
        RealtimeFault::Rejected(403),
        RealtimeFault::Closed(3401),
        RealtimeFault::ErrorMessage(403),
    ] {
        let stage = Stage::new();
        let mut live = Driver::Socket.listen(&stage).start();
        stage.sandbox.realtime().inject(fault);
        stage.clock.run(live.next()).unwrap_err();
        assert!(stage.clock.run(live.next()).unwrap().is_none());
        stage.clock.advance(SECOND * 3600);
        assert!(stage.clock.run(live.next()).unwrap().is_none());
        assert_eq!(stage.sandbox.requests(), 1, "{fault:?}");
    }
}

#[test]
fn the_observer_gets_the_numbers_of_a_socket() {
    let stage = Stage::new();
    let reports = Arc::new(Reports::default());
    let client = stage.builder().observer(Arc::clone(&reports));
    let listen = client.build().unwrap().listen(channels()).unwrap();
    let mut live = Driver::Socket.of(&stage, listen).start();
    stage.catch_up(&mut live);
    let [a, ..] = channels();
    let realtime = stage.sandbox.realtime();
    realtime.inject(RealtimeFault::DeliveredTwice);
    stage.publish(&a, 0..10);
    stage.events_for(&mut live, SECOND * 11);
    realtime.inject(RealtimeFault::LostMessage);
    stage.publish(&a, 10..12);
    // The hole is asked for again.
    stage.events_for(&mut live, SECOND * 30);
    realtime.inject(RealtimeFault::Closed(1001));
    realtime.cut();
    stage.publish(&a, 12..15);
    stage.events_for(&mut live, SECOND * 60);
    stage.clock.run(live.close());
    let reports = reports.0.lock().unwrap();
    let changes: Vec<_> = reports.iter().map(|report| report.change).collect();
    use RealtimeChange::{CaughtUp, Closed, Connected, Down};
    assert_eq!(
        changes,
        [
            Connected, CaughtUp, Connected, Down, Connected, Down, Connected, CaughtUp, Closed
        ]
    );
    assert_eq!(reports[5].close_code.unwrap().get(), 1001);
    let last = reports.last().unwrap();
    assert_eq!((last.messages, last.replayed, last.late), (15, 4, 1));
    assert_eq!((last.holes, last.rewinds, last.gaps), (1, 1, 0));
    assert_eq!((last.connections, last.duplicates), (4, 4));
}
