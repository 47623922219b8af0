//! What a fake knows: what it expects, and what came.

use std::{future::Future, panic::Location, pin::Pin, sync::Arc, time::Duration};

use carrot_core::{ErrorKind, endpoint::RequestView};
use serde_json::Value;

use super::{listing::Listing, matcher::Matcher, record::RecordedCall};
use crate::{recording::Secrets, response::CannedResponse};

type Compute = Arc<dyn Fn(&RecordedCall) -> CannedResponse + Send + Sync>;
pub(super) type Awaited = Pin<Box<dyn Future<Output = CannedResponse> + Send>>;
type Await = Arc<dyn Fn(RecordedCall) -> Awaited + Send + Sync>;
type Write = Arc<dyn Fn(&RequestView<'_>) -> Result<Value, serde_json::Error> + Send + Sync>;

/// How a response comes to be.
#[derive(Clone)]
pub(super) enum Reply {
    Fixed(CannedResponse),
    /// An output of the operation, written when it is known what was asked.
    Typed(Write),
    Computed(Compute),
    /// What a future of the test returns.
    Awaited(Await),
    Pages(Listing),
}

/// One reply of a sequence, and how often it is given.
#[derive(Clone)]
pub(super) struct Step {
    pub(super) reply: Reply,
    pub(super) at_least: u32,
    /// `None` for no limit.
    pub(super) at_most: Option<u32>,
    pub(super) given: u32,
    /// How long the response takes.
    pub(super) delay: Duration,
}

impl Step {
    fn has_more(&self) -> bool {
        let readings = match &self.reply {
            Reply::Pages(listing) if listing.is_checked => 2,
            _ => 1,
        };
        self.at_most
            .is_none_or(|limit| self.given < limit.saturating_mul(readings))
    }
}

/// What a request must be like.
#[derive(Clone)]
pub(super) struct Wanted {
    pub(super) operation: &'static str,
    pub(super) matchers: Vec<Matcher>,
}

impl Wanted {
    pub(super) fn holds(&self, call: &RecordedCall) -> bool {
        call.operation() == self.operation && self.matchers.iter().all(|one| one.holds(call))
    }

    /// The same of a request that just came: asks the checks of the test about it.
    pub(super) fn ask(&self, call: &mut RecordedCall) -> bool {
        if call.operation() != self.operation {
            return false;
        }
        self.matchers.iter().for_each(|one| one.ask(call));
        self.holds(call)
    }

    /// The check of the test that panicked where everything before it holds, and what it said.
    pub(super) fn panicked(&self, call: &RecordedCall) -> Option<String> {
        let first = self.matchers.iter().find(|one| !one.holds(call))?;
        let problem = first.verdict(call).problem?;
        let text = problem.strip_prefix("the check panicked: ")?;
        Some(format!("its check {:?} panicked: {text}", first.wants()))
    }
}

#[derive(Clone)]
pub(super) struct Expected {
    pub(super) written_at: &'static Location<'static>,
    /// Shared, so that requests are compared without holding up the fake: a matcher may look at it.
    pub(super) wanted: Arc<Wanted>,
    /// Among those that match, the highest goes first.
    pub(super) priority: i32,
    pub(super) steps: Vec<Step>,
    /// The numbers of the calls that it responded to.
    pub(super) calls: Vec<usize>,
}

impl Expected {
    fn has_more(&self) -> bool {
        self.steps.iter().any(Step::has_more)
    }
}

/// A call that nothing was expected for.
#[derive(Clone)]
pub(super) struct Unexpected {
    /// The number of the call, from 0.
    pub(super) call: usize,
    /// How many expectations there were when it came.
    pub(super) known: usize,
    /// What was fulfilled already when it came.
    pub(super) spent: Vec<usize>,
    /// Why, where it matched an expectation and got no response.
    pub(super) because: Option<String>,
}

/// Where an operation of the test is.
#[cfg(feature = "server")]
#[derive(Clone)]
pub(super) struct Route {
    pub(super) operation: &'static str,
    pub(super) addresses: Vec<Address>,
}

/// A method and a path with `{id}` in the place of ids.
#[cfg(feature = "server")]
pub(super) type Address = (http::Method, String);

#[derive(Clone, Default)]
pub(super) struct Record {
    pub(super) expected: Vec<Expected>,
    pub(super) calls: Vec<RecordedCall>,
    pub(super) unexpected: Vec<Unexpected>,
    /// A failure was told, and needs no telling again while its panic unwinds.
    pub(super) told: bool,
    /// The test verified it by itself.
    pub(super) is_verified: bool,
    /// The last clone of the fake is dropped.
    pub(super) is_over: bool,
    /// How the calls of the fake's clients failed: the operation, and why.
    pub(super) failed: Vec<(&'static str, ErrorKind)>,
    /// Requests may come over a port.
    pub(super) is_served: bool,
    /// Where operations of the test are.
    #[cfg(feature = "server")]
    pub(super) routes: Vec<Route>,
    /// Every token that came.
    pub(super) secrets: Secrets,
}

impl Record {
    /// Writes a call down and takes the next reply of the first expectation that has one.
    pub(super) fn take(
        &mut self,
        call: &RecordedCall,
        matching: &[usize],
        known: usize,
    ) -> (usize, Option<(usize, Step)>) {
        let number = self.calls.len();
        self.secrets.add(call.request().tokens());
        self.calls.push(call.clone());
        let mut matching: Vec<usize> = matching.iter().copied().filter(|at| *at < known).collect();
        // Stable: of equals, the one that is written first.
        let priority = |at: &usize| self.expected.get(*at).map_or(0, |one| one.priority);
        matching.sort_by_key(|at| std::cmp::Reverse(priority(at)));
        let reply = matching.iter().find_map(|at| {
            let expected = self.expected.get_mut(*at)?;
            let step = expected.steps.iter_mut().find(|step| step.has_more())?;
            // A listing is given with its last page.
            let is_given = match &step.reply {
                Reply::Pages(listing) => listing.ends_with(call),
                _ => true,
            };
            step.given = step.given.saturating_add(is_given.into());
            expected.calls.push(number);
            Some((*at, step.clone()))
        });
        (number, reply)
    }

    pub(super) fn tell_outcome(&mut self, call: usize, outcome: String) {
        if let Some(call) = self.calls.get_mut(call) {
            call.outcome = outcome;
        }
    }

    /// True when an expectation still waits for calls that must come, or has no reply.
    pub(super) fn is_unmet(expected: &Expected) -> bool {
        let waits = |step: &Step| step.given < step.at_least;
        expected.steps.is_empty() || expected.steps.iter().any(waits)
    }

    /// True when an expectation has no reply left.
    pub(super) fn is_spent(expected: &Expected) -> bool {
        !expected.has_more()
    }

    /// Takes every token that came with a request out of a text.
    pub(super) fn redact(&self, text: &str) -> String {
        self.secrets.redact(text)
    }
}
