//! What a limiter knows of the store that it shares with other processes, without I/O.

use std::{error::Error, sync::Arc, time::Duration};

use super::{
    CompletedPermit, Grant, PermitId, PermitOutcome, Priority, RestoreRequest, RestoredPermit,
    SharedLimit, StoreError, StoreState, TakeRequest, TakeResponse,
    outage::{Outage, StoreAway},
    share::{Share, Whole},
};

/// The longest time without a question while attempts wait: other processes return permits.
const RECHECK: Duration = Duration::from_secs(1);
const STORE_TIMEOUT: Duration = Duration::from_millis(500);
/// The first pause before a store that failed is asked again; it doubles up to `LAST_RETRY`.
const FIRST_RETRY: Duration = Duration::from_millis(250);
const LAST_RETRY: Duration = Duration::from_secs(1);
/// How long a granted permit waits for its task. A task that is not polled must not block the tasks
/// behind it.
pub(super) const OFFER: Duration = Duration::from_secs(1);
/// Added to what a question may take, for tasks that are polled late.
const MARGIN: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub(super) struct Link {
    process: u64,
    pub(super) limit: SharedLimit,
    /// The least number of processes that share the limit.
    pub(super) processes: u32,
    pub(super) outage: Outage,
    /// How long a question may take.
    pub(super) timeout: Duration,
    mode: Mode,
    epoch: Option<u64>,
    told: Option<StoreState>,
    members: u32,
    token: Option<Token>,
    asked: Option<Pending>,
    interactive: Outlook,
    bulk: Outlook,
    next_number: u64,
    completed: Vec<CompletedPermit>,
    /// The last 429 and the start of its request.
    throttled: Option<(CompletedPermit, Duration)>,
    failures: u32,
    retry_at: Duration,
    /// A store that was away has responded, but not to the latest state of this process.
    is_back: bool,
    error: Option<Arc<dyn Error + Send + Sync>>,
    rng: fastrand::Rng,
}

#[derive(Debug)]
enum Mode {
    /// The store grants the permits.
    Connected,
    /// The store does not respond or has lost its memory: this process uses its share.
    Away(Share),
    /// The store responds again, but does not know the permits of all processes yet. It records what
    /// this process takes within its share. `ends_at` is the end, or `None` if the store tells the end.
    Rejoining {
        share: Share,
        ends_at: Option<Duration>,
    },
}

/// A permit from the store that no task has got yet.
#[derive(Clone, Copy, Debug)]
struct Token {
    number: u64,
    priority: Priority,
    lease: Duration,
    /// The time of the question.
    at: Duration,
}

/// The question under way.
#[derive(Clone, Copy, Debug)]
struct Pending {
    at: Duration,
    number: u64,
    /// The priority and the lease of the permit; `None` for a restore.
    permit: Option<(Priority, Duration)>,
}

/// What the store told about the next permits of a priority.
#[derive(Debug, Default)]
struct Outlook {
    ask_at: Duration,
    learned_at: Duration,
    /// Lower bounds of the times of the next permits.
    free: Vec<Duration>,
}

/// A question to the store.
#[derive(Debug)]
pub(super) enum Question {
    Take(TakeRequest),
    Restore(RestoreRequest),
}

/// The response to a question.
#[derive(Debug)]
pub(super) enum StoreResponse {
    Taken(Result<TakeResponse, StoreError>),
    Restored(Result<StoreState, StoreError>),
}

impl Link {
    pub(super) fn new(process: u64, limit: SharedLimit) -> Self {
        Self {
            process,
            limit,
            processes: 2,
            outage: Outage::Share,
            timeout: STORE_TIMEOUT,
            mode: Mode::Connected,
            epoch: None,
            told: None,
            members: 1,
            token: None,
            asked: None,
            interactive: Outlook::default(),
            bulk: Outlook::default(),
            next_number: 0,
            completed: Vec::new(),
            throttled: None,
            failures: 0,
            retry_at: Duration::ZERO,
            is_back: false,
            error: None,
            rng: fastrand::Rng::with_seed(process),
        }
    }

    fn outlook(&self, priority: Priority) -> &Outlook {
        match priority {
            Priority::Interactive => &self.interactive,
            Priority::Bulk => &self.bulk,
        }
    }

    /// Returns how old a response may be. One that nobody polled for longer is not used.
    fn max_age(&self) -> Duration {
        self.timeout.saturating_add(MARGIN)
    }

    /// Returns how long a permit of the store may wait for its task, on top of its lease.
    fn max_delay(&self) -> Duration {
        self.max_age().saturating_add(OFFER)
    }

    /// Returns a time longer than the longest pause between two questions: by then all processes that
    /// are busy have restored their permits.
    fn settles_in(&self) -> Duration {
        self.max_age().saturating_add(LAST_RETRY * 5 / 4)
    }

    /// Ends what is over: the phase after an outage, and a permit that waited too long.
    pub(super) fn tick(&mut self, now: Duration) {
        let is_old = |token: &Token| token.at.saturating_add(self.max_age()) < now;
        if self.token.as_ref().is_some_and(is_old) {
            self.return_token();
        }
        if let Mode::Rejoining {
            ends_at: Some(ends_at),
            ..
        } = self.mode
        {
            if ends_at <= now {
                self.mode = Mode::Connected;
            }
        }
    }

    fn share(&self) -> Option<Share> {
        match self.mode {
            Mode::Connected => None,
            Mode::Away(share) | Mode::Rejoining { share, .. } => Some(share),
        }
    }

    /// Sets the number of the process and what it draws at random.
    pub(super) fn seed(&mut self, seed: u64) {
        self.process = seed;
        self.rng = fastrand::Rng::with_seed(seed);
    }

    /// Returns true while this process counts its permits itself.
    pub(super) fn counts_itself(&self) -> bool {
        self.share().is_some()
    }

    /// Returns true if a permit needs the consent of the store.
    pub(super) fn needs_token(&self) -> bool {
        !matches!(self.mode, Mode::Away(_))
    }

    pub(super) fn is_away(&self) -> bool {
        matches!(self.mode, Mode::Away(_))
    }

    /// Returns true while the share grants no permit: attempts fail without the store, or the store is back and
    /// would not know of this one.
    pub(super) fn is_held(&self) -> bool {
        self.is_away() && (self.outage == Outage::Fail || self.is_back)
    }

    /// Returns the error of the store for attempts that must not wait for it.
    pub(super) fn rejection(&self, now: Duration) -> Option<StoreError> {
        let waits = self.asked.is_some() || now >= self.retry_at;
        match self.outage {
            Outage::Fail if self.is_away() && !waits => self.away_error(None, now),
            _ => None,
        }
    }

    /// Returns the error of an attempt whose patience ended while the store was away.
    pub(super) fn away_error(&self, share: Option<usize>, now: Duration) -> Option<StoreError> {
        let (Mode::Away(away), Some(source)) = (&self.mode, &self.error) else {
            return None;
        };
        Some(Box::new(StoreAway {
            away_for: now.saturating_sub(away.since),
            share: share.map(|share| (share, self.limit.max)),
            source: Arc::clone(source),
        }))
    }

    /// Returns why the store is away.
    pub(super) fn error(&self) -> Option<Arc<dyn Error + Send + Sync>> {
        self.error.clone().filter(|_| self.is_away())
    }

    fn whole(&self, limit: usize) -> Whole {
        Whole {
            limit,
            processes: self.members.max(self.processes).max(1),
            shared: self.limit,
        }
    }

    /// Returns how many permits of `limit` this process may use by itself.
    pub(super) fn share_of(&self, limit: usize, now: Duration) -> usize {
        match self.share() {
            Some(share) => share.of(&self.whole(limit), now),
            None => limit,
        }
    }

    /// Returns the time at which the share of `limit` changes by itself.
    pub(super) fn share_changes_at(&self, limit: usize, now: Duration) -> Option<Duration> {
        let changes_at = self.share()?.changes_at(&self.whole(limit), now);
        let ends_at = match self.mode {
            Mode::Rejoining { ends_at, .. } => ends_at.filter(|at| *at > now),
            _ => None,
        };
        changes_at.into_iter().chain(ends_at).min()
    }

    /// Returns true if the store may have a permit for this priority now.
    pub(super) fn may_ask(&self, priority: Priority, now: Duration) -> bool {
        self.outlook(priority).ask_at <= now
    }

    /// Returns the time of the next question for this priority.
    pub(super) fn asks_at(&self, priority: Priority, now: Duration) -> Duration {
        let at = match self.mode {
            Mode::Away(_) => self.retry_at,
            _ => self.outlook(priority).ask_at,
        };
        at.max(now)
    }

    pub(super) fn is_asking(&self) -> bool {
        self.asked.is_some()
    }

    /// A permit was returned, so another one may be free at once.
    pub(super) fn ask_now(&mut self) {
        self.interactive.ask_at = Duration::ZERO;
        self.bulk.ask_at = Duration::ZERO;
        self.interactive.free.clear();
        self.bulk.free.clear();
    }

    /// Returns a lower bound of the time at which a task gets its permit, with `ahead` tasks before it.
    pub(super) fn earliest(&self, ahead: usize, priority: Priority, now: Duration) -> Duration {
        let outlook = self.outlook(priority);
        let is_known = outlook.learned_at.saturating_add(RECHECK) >= now;
        if self.counts_itself() || !is_known {
            return now;
        }
        let max = self.limit.max.max(1) as usize;
        let Some(last) = outlook.free.last() else {
            return now;
        };
        let windows = u32::try_from(ahead / max).unwrap_or(u32::MAX);
        let at = outlook.free.get(ahead % max).unwrap_or(last);
        at.saturating_add(self.limit.window.saturating_mul(windows))
            .max(now)
    }

    /// Returns true if the permit in hand fits an attempt.
    pub(super) fn has_token_for(&self, priority: Priority, lease: Duration) -> bool {
        self.token.is_some_and(|token| {
            (priority == Priority::Interactive || token.priority == Priority::Bulk)
                && lease <= token.lease
        })
    }

    /// Returns the priority of the permit in hand.
    pub(super) fn token_priority(&self) -> Option<Priority> {
        self.token.map(|token| token.priority)
    }

    /// Returns the number of the permit that a task gets.
    pub(super) fn number(&mut self) -> u64 {
        match self.token.take() {
            Some(token) if self.needs_token() => token.number,
            token => {
                self.token = token;
                self.new_number()
            }
        }
    }

    fn new_number(&mut self) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        number
    }

    /// Returns the permit in hand to the store.
    pub(super) fn return_token(&mut self) {
        if let Some(token) = self.token.take() {
            self.refund(token.number, token.priority);
        }
    }

    pub(super) fn refund(&mut self, number: u64, priority: Priority) {
        let now = Duration::ZERO;
        self.report(number, priority, PermitOutcome::Unsent, now, now);
    }

    /// Keeps the end of a request for the store.
    pub(super) fn report(
        &mut self,
        number: u64,
        priority: Priority,
        outcome: PermitOutcome,
        started: Duration,
        now: Duration,
    ) {
        let report = CompletedPermit {
            id: self.id(number),
            priority,
            outcome,
            held: now.saturating_sub(started),
            limit: self.limit,
        };
        if matches!(outcome, PermitOutcome::Throttled { .. }) {
            self.throttled = Some((report, started));
        }
        self.completed.push(report);
    }

    /// Tells a store that was away of the last 429, for the rest of its pause.
    fn report_pause(&mut self, pause: Duration, now: Duration) {
        if let Some((report, started)) = self.throttled.filter(|_| !pause.is_zero()) {
            self.completed.push(CompletedPermit {
                outcome: PermitOutcome::Throttled {
                    retry_after: Some(pause),
                },
                held: now.saturating_sub(started),
                ..report
            });
        }
    }

    pub(super) fn take_reports(&mut self) -> Vec<CompletedPermit> {
        std::mem::take(&mut self.completed)
    }

    fn id(&self, number: u64) -> PermitId {
        PermitId {
            process: self.process,
            number,
        }
    }

    /// Returns the request for a permit.
    pub(super) fn take(
        &mut self,
        priority: Priority,
        lease: Duration,
        waited: Duration,
        waiting: usize,
        now: Duration,
    ) -> Question {
        self.return_token();
        let number = self.new_number();
        self.asked = Some(Pending {
            at: now,
            number,
            permit: Some((priority, lease)),
        });
        let waiting = u32::try_from(waiting).unwrap_or(u32::MAX);
        Question::Take(TakeRequest {
            id: self.id(number),
            epoch: self.epoch,
            priority,
            lease: lease.saturating_add(self.max_delay()),
            waited,
            waiting: waiting.clamp(1, self.limit.max.max(1)),
            is_share: matches!(self.mode, Mode::Rejoining { ends_at: None, .. }),
            limit: self.limit,
        })
    }

    /// Returns true if it is time to ask a store that was away.
    pub(super) fn may_restore(&self, now: Duration) -> bool {
        self.is_away() && self.retry_at <= now
    }

    /// Returns the request that tells the store the permits in use: number, priority, and the time left.
    pub(super) fn restore(
        &mut self,
        own: impl Iterator<Item = (u64, Priority, Duration)>,
        now: Duration,
    ) -> Question {
        self.asked = Some(Pending {
            at: now,
            number: self.next_number,
            permit: None,
        });
        let permits = own.map(|(number, priority, ends_in)| {
            RestoredPermit::new(self.id(number), priority, ends_in)
        });
        Question::Restore(RestoreRequest {
            process: self.process,
            epoch: self.epoch,
            permits: permits.collect(),
            limit: self.limit,
        })
    }

    /// Nobody waits for the response any more.
    pub(super) fn abandon(&mut self) {
        // Otherwise nobody would know when it ends, if the store does not respond again.
        self.is_back = false;
        if let Some(Pending {
            number,
            permit: Some((priority, _)),
            ..
        }) = self.asked.take()
        {
            self.refund(number, priority);
        }
    }

    /// Records a response. `used` is the number of own permits in use, `pause` the rest of the pause after
    /// a 429 to this process.
    pub(super) fn responded(
        &mut self,
        response: StoreResponse,
        used: usize,
        pause: Duration,
        now: Duration,
    ) {
        let Some(asked) = self.asked.take() else {
            return;
        };
        match response {
            StoreResponse::Taken(Ok(response)) => self.taken(asked, response, used, now),
            StoreResponse::Restored(Ok(state)) => self.restored(asked, state, pause, now),
            StoreResponse::Taken(Err(error)) => {
                if let Some((priority, _)) = asked.permit {
                    self.refund(asked.number, priority);
                }
                self.failed(asked, error, used, now);
            }
            StoreResponse::Restored(Err(error)) => self.failed(asked, error, used, now),
        }
    }

    fn taken(&mut self, asked: Pending, response: TakeResponse, used: usize, now: Duration) {
        let Some((priority, lease)) = asked.permit else {
            return;
        };
        if response.grant == Grant::Forgotten {
            // With nothing to restore, this process is a new one to the store.
            self.epoch = self.epoch.filter(|_| used > 0);
            if used > 0 {
                self.go_alone(used, now);
                self.retry_at = now;
            }
            return self.ask_now();
        }
        self.seen(response.state);
        if !response.state.is_rebuilding
            && matches!(self.mode, Mode::Rejoining { ends_at: None, .. })
        {
            self.mode = Mode::Connected;
        }
        if let Grant::Wait(free) = response.grant {
            let free: Vec<Duration> = free.iter().map(|wait| now.saturating_add(*wait)).collect();
            let least = now.saturating_add(Duration::from_millis(1));
            let recheck = now.saturating_add(RECHECK);
            let ask_at = free
                .first()
                .map_or(recheck, |at| recheck.min(*at))
                .max(least);
            if priority == Priority::Interactive {
                // No permit at all is free, so none for bulk calls.
                self.bulk.ask_at = self.bulk.ask_at.max(ask_at);
            }
            let outlook = match priority {
                Priority::Interactive => &mut self.interactive,
                Priority::Bulk => &mut self.bulk,
            };
            *outlook = Outlook {
                ask_at,
                learned_at: now,
                free,
            };
            return;
        }
        match priority {
            Priority::Interactive => self.interactive = Outlook::default(),
            Priority::Bulk => self.bulk = Outlook::default(),
        }
        self.token = Some(Token {
            number: asked.number,
            priority,
            lease,
            at: asked.at,
        });
    }

    fn seen(&mut self, state: StoreState) {
        self.epoch = Some(state.epoch);
        // A store that lost its memory has not seen all members again yet.
        self.members = match self.counts_itself() {
            true => self.members.max(state.members),
            false => state.members,
        };
        self.told = Some(state);
        self.failures = 0;
    }

    fn restored(&mut self, asked: Pending, state: StoreState, pause: Duration, now: Duration) {
        self.seen(state);
        let Mode::Away(share) = self.mode else {
            return;
        };
        if self.next_number > asked.number {
            // The share granted permits meanwhile, which the store does not know. The next ones wait for it.
            self.retry_at = now;
            self.is_back = true;
            return;
        }
        self.is_back = false;
        let ends_at = (!state.is_rebuilding).then(|| now.saturating_add(self.settles_in()));
        self.mode = Mode::Rejoining { share, ends_at };
        self.report_pause(pause, now);
        self.ask_now();
    }

    fn failed(&mut self, asked: Pending, error: StoreError, used: usize, now: Duration) {
        self.is_back = false;
        // Nobody polled the question for so long that its time ran out: the store may be well.
        if asked.at.saturating_add(self.max_age()) < now {
            return;
        }
        self.error = Some(Arc::from(error));
        self.go_alone(used, now);
        let pause = FIRST_RETRY * 2_u32.saturating_pow(self.failures.min(8));
        self.failures += 1;
        let pause = pause.min(LAST_RETRY).mul_f64(0.75 + self.rng.f64() / 2.0);
        self.retry_at = now.saturating_add(pause);
    }

    fn go_alone(&mut self, used: usize, now: Duration) {
        self.return_token();
        let share = self.share().unwrap_or_else(|| Share {
            since: now,
            used,
            draw: self.rng.f64(),
        });
        self.mode = Mode::Away(share);
    }

    /// Returns the state that the store told last, unless this process counts itself.
    pub(super) fn told(&self) -> Option<StoreState> {
        self.told.filter(|_| !self.counts_itself())
    }
}
