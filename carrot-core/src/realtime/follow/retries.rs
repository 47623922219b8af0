//! The conversations that could not be read, and when each is read again.

use std::{
    collections::BTreeMap,
    ops::Bound::{Excluded, Unbounded},
    time::Duration,
};

use carrot_types::ConversationId;

use crate::realtime::{Position, backoff::Backoff};

/// Many that fail together share the requests: one in this time.
const SPACING: Duration = Duration::from_secs(2);

type Stale = BTreeMap<ConversationId, Option<Position>>;

#[derive(Debug, Default)]
pub(super) struct Retries {
    waits: BTreeMap<ConversationId, Wait>,
    /// The last one that was chosen: the others are read before it.
    last: Option<ConversationId>,
}

#[derive(Debug)]
struct Wait {
    failures: u32,
    not_before: Duration,
}

impl Retries {
    /// Puts off a conversation. Returns true if it was not put off before.
    pub(super) fn failed(
        &mut self,
        id: ConversationId,
        now: Duration,
        retry_after: Option<Duration>,
        backoff: &mut Backoff,
    ) -> bool {
        let before = self.waits.remove(&id);
        let others = u32::try_from(self.waits.len()).unwrap_or(u32::MAX);
        let failures = before.as_ref().map_or(0, |wait| wait.failures);
        let pause = backoff.pause_after(failures, retry_after);
        let wait = Wait {
            failures: failures.saturating_add(1),
            not_before: now.saturating_add(pause.max(SPACING.saturating_mul(others))),
        };
        self.waits.insert(id, wait);
        before.is_none()
    }

    pub(super) fn was_read(&mut self, id: ConversationId) {
        self.waits.remove(&id);
    }

    pub(super) fn retain(&mut self, stale: &Stale) {
        self.waits.retain(|id, _| stale.contains_key(id));
    }

    pub(super) fn clear(&mut self) {
        self.waits.clear();
    }

    /// Chooses the next one, in turn; or says when there is one, if any.
    pub(super) fn next(
        &mut self,
        stale: &Stale,
        now: Duration,
    ) -> Result<ConversationId, Option<Duration>> {
        let behind = self.last.map(|id| stale.range((Excluded(id), Unbounded)));
        let behind = behind.into_iter().flatten();
        let is_due = |id: &&ConversationId| self.not_before(**id).is_none_or(|at| at <= now);
        let mut ids = behind.chain(stale).map(|(id, _)| id);
        match ids.find(is_due) {
            Some(id) => {
                self.last = Some(*id);
                Ok(*id)
            }
            None => Err(stale.keys().filter_map(|id| self.not_before(*id)).min()),
        }
    }

    fn not_before(&self, id: ConversationId) -> Option<Duration> {
        self.waits.get(&id).map(|wait| wait.not_before)
    }
}
