//! The options of a call as the rate limiter sees them.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use carrot_core::{
    CallPhase, Clock, ErrorKind, NoRateLimit, RateLimiter, Sent, apps,
    client::CallOptions,
    conversations::Close,
    rate_limit::{AcquireError, AcquireRequest, Permit, Priority},
    types::ConversationId,
};
use carrot_testing::VirtualClock;

use crate::support::{SECOND, Watched, canned, over, watched};

/// Records its requests. Grants a permit at once or never.
#[derive(Debug, Default)]
struct Notes {
    asked: Mutex<Vec<AcquireRequest>>,
    stuck: bool,
}

#[async_trait]
impl RateLimiter for Notes {
    async fn acquire(&self, asking: &AcquireRequest) -> Result<Permit, AcquireError> {
        self.asked.lock().unwrap().push(*asking);
        if self.stuck {
            std::future::pending::<()>().await;
        }
        NoRateLimit::new().acquire(asking).await
    }
}

fn client(notes: &Arc<Notes>, clock: &VirtualClock) -> Watched {
    watched(over(canned([]), clock).rate_limiter(Arc::clone(notes)))
}

fn close(id: &ConversationId) -> Close {
    Close::new(*id)
}

const IDS: [ConversationId; 1] = [ConversationId::new(1)];

#[test]
fn options_can_be_read() {
    let options = CallOptions::new();
    let seconds = |limit| Some(limit * SECOND);
    assert_eq!(
        (options.call_timeout, options.attempt_timeout),
        (seconds(30), seconds(10))
    );
    assert_eq!(
        (options.body_idle_timeout, options.max_body_bytes),
        (seconds(5), Some(16 * 1024 * 1024))
    );
    assert_eq!((options.permit_timeout, options.priority), (None, None));
    assert!(options.retry.is_none());
}

#[test]
fn jobs_are_bulk_and_calls_interactive() {
    let asked = |options: CallOptions| {
        let (clock, notes) = (VirtualClock::manual(), Arc::new(Notes::default()));
        let client = client(&notes, &clock).with_options(options);
        clock.run(async {
            client.call(close(&IDS[0])).await.expect("a response");
            let _ = client.pages(apps::Leads::new()).next().await;
            client.call_all(IDS, close).next().await.expect("an item");
        });
        let asked = notes.asked.lock().unwrap();
        asked
            .iter()
            .map(|asking| asking.priority)
            .collect::<Vec<_>>()
    };
    let own = [Priority::Interactive, Priority::Bulk, Priority::Bulk];
    assert_eq!(asked(CallOptions::new()), own);
    assert_eq!(asked(CallOptions::new().call_timeout(None)), own);
    for priority in [Priority::Interactive, Priority::Bulk] {
        assert_eq!(asked(CallOptions::new().priority(priority)), [priority; 3]);
    }
}

#[test]
fn shorter_of_deadline_and_permit_timeout_applies() {
    let patience = |options: CallOptions| {
        let (clock, notes) = (VirtualClock::manual(), Arc::new(Notes::default()));
        let client = client(&notes, &clock).with_options(options);
        clock.run(async {
            client.call(close(&IDS[0])).await.expect("a response");
            client.call_all(IDS, close).next().await.expect("an item");
        });
        let asked = notes.asked.lock().unwrap();
        asked
            .iter()
            .map(|asking| asking.patience)
            .collect::<Vec<_>>()
    };
    // The least time for an attempt is subtracted from the deadline, not from the permit timeout.
    let useful = Some(28 * SECOND);
    let limited = |limit: Duration| CallOptions::new().permit_timeout(limit);
    assert_eq!(patience(CallOptions::new()), [useful, None]);
    let minute = 60 * SECOND;
    assert_eq!(patience(limited(minute)), [useful, Some(minute)]);
    assert_eq!(patience(limited(SECOND)), [Some(SECOND); 2]);
}

#[test]
fn late_permit_fails_the_call() {
    let clock = VirtualClock::manual();
    let notes = Arc::new(Notes {
        stuck: true,
        ..Notes::default()
    });
    let hasty = CallOptions::new().permit_timeout(3 * SECOND);
    let client = client(&notes, &clock).with_options(hasty);
    let error = clock
        .run(client.call(close(&IDS[0])))
        .expect_err("no permit");
    assert_eq!(
        error.to_string(),
        "conversations.close: no permit in time, and the call waits for one 3 s at most; the request was \
         not sent (before the first attempt); `permit_timeout` allows more"
    );
    assert_eq!(clock.now(), 3 * SECOND);
    assert_eq!(
        (error.kind(), error.phase(), error.sent()),
        (ErrorKind::Deadline, Some(CallPhase::RateLimit), Sent::Never)
    );
    // An earlier deadline of the call is reported as the deadline.
    let sooner = client.with_options(
        CallOptions::new()
            .permit_timeout(3 * SECOND)
            .call_timeout(SECOND),
    );
    let error = clock.run(sooner.call(close(&IDS[0]))).expect_err("no time");
    assert!(error.to_string().contains("the deadline of 1s"), "{error}");
}
