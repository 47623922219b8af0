//! Listening to the sandbox on a port, with its faults.

use std::{env, time::Duration};

use carrot_hyper::{
    AuthToken, Client, HyperTransport, WebSocket,
    realtime::{Event, GapReason, Listen},
    types::realtime::RealtimeChannel,
};
use carrot_testing::{
    Sandbox,
    sandbox::{RealtimeFault, SandboxServer},
};

use super::{Fast, number};

/// How many messages a listener may be behind.
const BEHIND: usize = 1000;

fn channels() -> [RealtimeChannel; 3] {
    ["a.1000", "b.1000", "c.1000"].map(RealtimeChannel::from)
}

async fn serve() -> SandboxServer {
    let sandbox = Sandbox::builder()
        .clock(Fast::new())
        .realtime_retention(Duration::from_secs(100 * 24 * 3600), 20_000)
        .build();
    sandbox.serve().await.unwrap()
}

/// Not watched as other tests are: the WebSocket crate logs every frame.
fn listen(server: &SandboxServer) -> Listen {
    let transport = HyperTransport::builder().build().unwrap();
    let socket = WebSocket::new(&transport);
    let token = AuthToken::new(server.sandbox().token()).unwrap();
    let client = Client::builder(transport, Fast::new(), token)
        .base_url(server.base_url())
        .build()
        .unwrap();
    let listen = client.listen(channels()).unwrap().connector(socket);
    listen.retention(Duration::MAX)
}

/// The peak of the memory of this process in kB, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().strip_suffix(" kB")?.parse().ok()
}

/// `CARROT_MESSAGES` of them, 3000 without.
#[tokio::test]
async fn many_messages_with_faults_lose_nothing() {
    let count = env::var("CARROT_MESSAGES").map_or(3000, |count| count.parse().unwrap());
    let server = serve().await;
    let realtime = server.sandbox().realtime();
    let mut live = listen(&server).start();
    while !matches!(live.next().await.unwrap(), Some(Event::CaughtUp)) {}
    let mut rng = fastrand::Rng::with_seed(11);
    let (mut sent, mut received, mut downs) = (0, vec![false; count], 0);
    let (mut got, mut early_peak) = (0, None);
    let start = std::time::Instant::now();
    while got < count {
        while sent < count && sent - got < BEHIND {
            realtime.publish(&channels()[rng.usize(0..3)], &serde_json::json!(sent));
            sent += 1;
            if sent % (count / 300).max(60) == 0 && sent + 100 < count {
                let fault = match rng.u8(0..6) {
                    0 => RealtimeFault::DeliveredTwice,
                    1 => RealtimeFault::BrokenMessage,
                    2 => RealtimeFault::LostMessage,
                    3 => RealtimeFault::Reordered,
                    4 => RealtimeFault::CutAfter(rng.usize(0..100)),
                    _ => RealtimeFault::CutAfterByte(rng.usize(0..10_000)),
                };
                if realtime.waiting_faults() < 3 {
                    realtime.inject(fault);
                }
                if rng.bool() {
                    realtime.cut();
                }
            }
        }
        if got == count / 3 {
            early_peak = peak_memory();
        }
        match live.next().await.unwrap().unwrap() {
            Event::Message(delivery) => {
                let number = number(&delivery) as usize;
                assert!(!received[number], "{number} came twice");
                received[number] = true;
                got += 1;
            }
            Event::Down(_) => downs += 1,
            Event::Gap(gap) => panic!("{gap} after {got}"),
            _ => {}
        }
    }
    assert!(received.iter().all(|came| *came));
    assert!(downs > 10, "{downs}");
    let took = start.elapsed();
    let peaks = early_peak.zip(peak_memory());
    println!(
        "{count} messages in {took:?}, {downs} lost connections, peaks of the memory {peaks:?} kB"
    );
    // Other tests of the process have memory too, so only where this one was asked for.
    if let (Some((early, late)), true) = (peaks, env::var_os("CARROT_MESSAGES").is_some()) {
        assert!(late - early < 16 * 1024, "{early} kB, then {late} kB");
    }
}

#[tokio::test]
async fn a_rejection_after_the_handshake_ends_it() {
    for (fault, status, code) in [
        (RealtimeFault::Rejected(403), None, Some(1008)),
        (RealtimeFault::Closed(3401), None, Some(3401)),
        (RealtimeFault::ErrorMessage(403), Some(403), None),
    ] {
        let server = serve().await;
        server.sandbox().realtime().inject(fault);
        let mut live = listen(&server).start();
        let error = live.next().await.unwrap_err();
        assert_eq!(error.status(), status);
        assert_eq!(error.code().map(|code| code.get()), code);
    }
}

#[tokio::test]
async fn another_host_is_a_gap() {
    let server = serve().await;
    let realtime = server.sandbox().realtime();
    let mut live = listen(&server).start();
    while !matches!(live.next().await.unwrap(), Some(Event::CaughtUp)) {}
    let [a, ..] = channels();
    let mut sent = 0;
    let mut send = || {
        realtime.publish(&a, &serde_json::json!(sent));
        sent += 1;
    };
    (0..10).for_each(|_| send());
    let (mut received, mut reset) = (Vec::new(), false);
    while received.len() < 20 {
        match live.next().await.unwrap().unwrap() {
            Event::Message(delivery) => {
                received.push(number(&delivery));
                if received.len() == 10 {
                    realtime.inject(RealtimeFault::OtherHost);
                    realtime.cut();
                }
            }
            Event::CaughtUp if received.len() == 10 => (0..10).for_each(|_| send()),
            Event::Gap(gap) => reset |= gap.reason == GapReason::Reset,
            _ => {}
        }
    }
    assert_eq!(received, (0..20).collect::<Vec<_>>());
    assert!(reset, "the ids started again, and nobody said so");
}

#[tokio::test]
async fn a_stopped_server_says_goodbye() {
    let server = serve().await;
    let mut live = listen(&server).start();
    while !matches!(live.next().await.unwrap(), Some(Event::CaughtUp)) {}
    server.stop().await;
    let Some(Event::Down(down)) = live.next().await.unwrap() else {
        panic!("it stopped");
    };
    assert_eq!(down.reason.code().map(|code| code.get()), Some(1001));
}

#[tokio::test]
async fn both_sides_forget_a_closed_listener() {
    let server = serve().await;
    let realtime = server.sandbox().realtime();
    let mut live = listen(&server).start();
    while !matches!(live.next().await.unwrap(), Some(Event::CaughtUp)) {}
    assert_eq!(realtime.listeners(), 1);
    live.close().await;
    let forgotten = async {
        while realtime.listeners() > 0 {
            tokio::task::yield_now().await;
        }
    };
    let forgotten = tokio::time::timeout(Duration::from_secs(60), forgotten);
    forgotten.await.expect("the sandbox forgets it");
}
