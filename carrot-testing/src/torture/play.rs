use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::Poll,
    time::Duration,
};

use carrot_core::ClientBuilder;

use super::{
    process::Process,
    trace::{Point, Trace},
    transport::Troubled,
    trouble::Trouble,
};
use crate::{Sandbox, VirtualClock, client, said, sandbox::SandboxBuilder};

/// How many times a process that failed is started again.
const RESTARTS: usize = 5;

/// How many times the processes of a story may wait: those that never end are stopped here.
const MOST_AWAITS: u64 = 10_000;

pub(super) type Local<T> = Pin<Box<dyn Future<Output = T>>>;

/// What a process does, and what it says when it fails.
type Scenario<S> = Box<dyn Fn(Process<S>) -> Local<Result<(), String>>>;

/// What every story starts from.
pub(super) struct Stage<S> {
    pub(super) sandbox: SandboxBuilder,
    pub(super) client: Box<dyn Fn(ClientBuilder) -> ClientBuilder>,
    pub(super) set_up: Box<dyn Fn(Sandbox) -> Local<S>>,
    pub(super) scenario: Scenario<S>,
    pub(super) late: Duration,
}

/// How a story went.
pub(super) struct Played {
    /// Why it failed.
    pub(super) problem: Option<String>,
    /// How long it was.
    pub(super) length: Point,
    /// Where its last trouble happened.
    pub(super) last: Point,
    pub(super) lines: Vec<String>,
}

/// How a process ended.
enum End {
    Done,
    Failed(String),
    Killed(String),
    Panicked(String),
    Endless,
}

impl<S: Clone + 'static> Stage<S> {
    pub(super) fn play(&self, troubles: &[Trouble], check: &dyn Fn(&Sandbox, &S)) -> Played {
        let clock = VirtualClock::manual();
        let sandbox = self.sandbox.clone().build_on(&clock);
        let stored = clock.run((self.set_up)(sandbox.clone()));
        let trace = Trace::new(troubles);
        let mut problem = self.processes(&sandbox, &clock, &trace, &stored).err();
        if problem.is_none() {
            problem = missed(&trace);
        }
        if problem.is_none() {
            // What is still on its way is applied.
            clock.advance(self.late);
            let checked = catch_unwind(AssertUnwindSafe(|| check(&sandbox, &stored)));
            problem = checked
                .err()
                .map(|panic| format!("the check failed: {}", said(&*panic)));
        }
        Played {
            problem,
            length: trace.place(),
            last: trace.last(),
            lines: trace.lines(),
        }
    }

    /// Runs processes until one is done.
    fn processes(
        &self,
        sandbox: &Sandbox,
        clock: &VirtualClock,
        trace: &Trace,
        stored: &S,
    ) -> Result<(), String> {
        let mut failures = 0;
        loop {
            match self.process(sandbox, clock, trace, stored) {
                End::Done => {
                    trace.say("the scenario ends".to_owned());
                    return Ok(());
                }
                End::Killed(why) => trace.say(format!("{why}; it is started again")),
                End::Failed(error) => {
                    failures += 1;
                    trace.say(format!("the scenario fails: {error}"));
                    if failures > RESTARTS {
                        return Err(format!(
                            "the scenario failed {failures} times, the last time with: {error}"
                        ));
                    }
                    trace.say("the process is started again".to_owned());
                }
                End::Panicked(text) => return Err(format!("the scenario panicked: {text}")),
                End::Endless => {
                    return Err(format!(
                        "the scenario does not end: it waited {MOST_AWAITS} times"
                    ));
                }
            }
            trace.restart();
        }
    }

    fn process(&self, sandbox: &Sandbox, clock: &VirtualClock, trace: &Trace, stored: &S) -> End {
        let transport = Troubled {
            sandbox: sandbox.clone(),
            trace: trace.clone(),
            late: self.late,
        };
        let builder = client::builder_with(transport, clock.clone(), sandbox.token());
        let process = Process {
            client: client::build((self.client)(builder)),
            clock: clock.clone(),
            stored: stored.clone(),
        };
        let start = || (self.scenario)(process);
        let mut future = match catch_unwind(AssertUnwindSafe(start)) {
            Ok(future) => future,
            Err(panic) => return End::Panicked(said(&*panic)),
        };
        let end = loop {
            if trace.place().awaits >= MOST_AWAITS {
                break End::Endless;
            }
            let step = || clock.step(future.as_mut());
            match catch_unwind(AssertUnwindSafe(step)) {
                Ok(Poll::Ready(Ok(()))) => break End::Done,
                Ok(Poll::Ready(Err(error))) => break End::Failed(error),
                Ok(Poll::Pending) => {}
                Err(panic) => break End::Panicked(said(&*panic)),
            }
            if let Some(why) = trace.wait() {
                break End::Killed(why);
            }
        };
        // A killed process drops what it holds, and that is code of the test too.
        match catch_unwind(AssertUnwindSafe(|| drop(future))) {
            Ok(()) => end,
            Err(panic) => End::Panicked(format!("{}, in a drop", said(&*panic))),
        }
    }
}

/// Says which troubles did not happen: the story would prove nothing.
fn missed(trace: &Trace) -> Option<String> {
    let open: Vec<String> = trace
        .open()
        .iter()
        .map(|one| format!("`{one:?}`"))
        .collect();
    let Point { requests, awaits } = trace.place();
    (!open.is_empty()).then(|| {
        format!(
            "{} did not happen: the story has {requests} requests and waits {awaits} times. \
             A scenario must do the same in each run",
            open.join(" and ")
        )
    })
}
