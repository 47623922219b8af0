//! The steps of a schedule: what a program does with a client.

use std::{
    cell::RefCell, collections::BTreeSet, collections::HashSet, ops::ControlFlow, time::Duration,
};

use carrot_core::{
    ApiVersion, Client, Clock as _, Endpoint, Error, ErrorKind, Sent,
    apps::Leads,
    conversations::{Close, Parts, Reply},
    endpoint::{Paging, Upload},
    jobs::WriteStatus,
    types::{ConversationId, RandomId},
};

use super::{Known, SECOND, Schedule, millis};
use crate::support::canary::TEXT;

const REPLY: &str = Reply::NAME;

#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Writes, finds out, and writes again.
    Deliver,
    Job,
    List,
    Read,
    Write {
        closes: bool,
        has_file: bool,
        cancelled_after: Option<Duration>,
    },
}

impl Kind {
    pub(super) fn draw(random: &mut fastrand::Rng) -> Self {
        match random.u8(0..12) {
            0 => Self::Job,
            1 => Self::Deliver,
            2 => Self::Read,
            3 => Self::List,
            _ => Self::Write {
                closes: random.u8(0..4) == 0,
                has_file: random.u8(0..4) == 0,
                cancelled_after: (random.u8(0..4) == 0).then(|| millis(random, 8_000)),
            },
        }
    }

    pub(super) fn objects(self) -> u64 {
        match self {
            Self::Job => 5,
            _ => 1,
        }
    }

    pub(super) fn is_bulk(self) -> bool {
        matches!(self, Self::Job | Self::List | Self::Deliver)
    }

    pub(super) async fn run(
        self,
        schedule: &Schedule,
        client: Client,
        id: u64,
        mut random: fastrand::Rng,
    ) {
        let conversation = ConversationId::new(id);
        match self {
            Self::Deliver => schedule.deliver(&client, id).await,
            Self::Job => {
                schedule
                    .job(&client, (id..id + 5).collect(), &mut random)
                    .await;
            }
            Self::List => schedule.list(&client, id, &mut random).await,
            Self::Read => drop(schedule.call(&client, id, &Parts::new(conversation)).await),
            Self::Write {
                closes,
                has_file,
                cancelled_after,
            } => {
                let limit = cancelled_after.unwrap_or(Duration::MAX);
                let mut reply = Reply::new(conversation, TEXT);
                if has_file && client.context().version == ApiVersion::V2 {
                    reply = reply.attachment(Upload::new("a.txt", TEXT));
                }
                let call = async {
                    match closes {
                        true => drop(schedule.write(&client, id, &Close::new(conversation)).await),
                        false => drop(schedule.write(&client, id, &reply).await),
                    }
                };
                schedule.clock.timeout(limit, call).await;
            }
        }
    }
}

impl Schedule {
    /// Makes a call, and checks what its caller sees of its end.
    async fn call<E: Endpoint>(
        &self,
        client: &Client,
        id: u64,
        endpoint: &E,
    ) -> Result<E::Output, Error> {
        let started = self.clock.now();
        let result = client.call(endpoint).await;
        let took = self.clock.now() - started;
        let most = client.options().call_timeout.unwrap_or(Duration::MAX);
        if took > most {
            self.broke(id, format!("deadline: a call took {took:?} of {most:?}"));
        }
        result
    }

    /// Makes a write, whose attempts are known by the id of its object.
    async fn write<E: Endpoint>(
        &self,
        client: &Client,
        id: u64,
        endpoint: &E,
    ) -> Result<E::Output, Error> {
        let handed = || {
            self.service
                .log()
                .writes
                .get(&id)
                .map_or(0, |seen| seen.handed)
        };
        let before = handed();
        self.know(id, E::IDEMPOTENT, Known::Dropped);
        let result = self.call(client, id, endpoint).await;
        self.books
            .borrow_mut()
            .ended(E::NAME, id, E::IDEMPOTENT, &result);
        if let Err(error) = &result {
            let (told, made) = (error.attempts(), handed() - before);
            if told != made {
                self.broke(id, format!("accounts: {told} attempts of {made}: {error}"));
            }
        }
        result
    }

    fn know(&self, id: u64, is_idempotent: bool, known: Known) {
        self.books.borrow_mut().know(id, is_idempotent, known);
    }

    /// The way of the docs: write, find out, write again.
    async fn deliver(&self, client: &Client, id: u64) {
        let number = RandomId::new(i32::try_from(id).expect("small")).expect("a number");
        let reply = Reply::new(ConversationId::new(id), TEXT).random_id(number);
        let mut sent = Sent::Never;
        for _ in 0..4 {
            let Err(error) = self.write(client, id, &reply).await else {
                return;
            };
            sent = sent.max(error.sent());
            if !error.may_have_been_applied() {
                self.know(id, false, Known::NotApplied(sent));
                continue;
            }
            match client.reconcile_reply(&reply, 0).await {
                Ok(WriteStatus::Written(_)) => return self.know(id, false, Known::Done),
                Ok(WriteStatus::NotWritten) => self.know(id, false, Known::NotApplied(sent)),
                // Nobody knows, and so it is not sent again.
                _ => return,
            }
        }
    }

    /// A job over many replies, read one by one with other calls in between, then run; it may be stopped, or
    /// cancelled.
    async fn job(&self, client: &Client, ids: Vec<u64>, random: &mut fastrand::Rng) {
        let first = ids[0];
        ids.iter()
            .for_each(|id| self.know(*id, false, Known::Dropped));
        let started = RefCell::new(BTreeSet::new());
        let mut calls = client
            .call_all(ids.clone(), |id| Reply::new(ConversationId::new(*id), TEXT))
            .concurrency(random.usize(1..5))
            .on_start(|id| {
                started.borrow_mut().insert(*id);
                ControlFlow::Continue(())
            });
        let mut told = Vec::new();
        let mut ended = |id, result: Result<(), Error>| {
            self.books.borrow_mut().ended(REPLY, id, false, &result);
            told.push(id);
        };
        for _ in 0..[0, 0, random.usize(0..8)][random.usize(0..3)] {
            let limit = millis(random, 20_000);
            match self.clock.timeout(limit, calls.next()).await {
                Some(Some(one)) => ended(one.item, one.result.map(drop)),
                Some(None) => break,
                None => {}
            }
            if random.bool() {
                let between = Parts::new(ConversationId::new(first));
                self.call(client, first, &between).await.ok();
            }
        }
        let stops_after = random.bool().then(|| random.usize(1..4));
        let limit = match random.bool() {
            true => millis(random, 30_000),
            false => Duration::MAX,
        };
        let run = calls.run(|progress| match stops_after {
            Some(most) if progress.succeeded + progress.failed >= most => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        });
        let report = match self.clock.timeout(limit, run).await {
            Some(report) => report,
            None => calls.into_report(),
        };
        for (id, _) in report.succeeded {
            ended(id, Ok(()));
        }
        for (id, error) in report.failed {
            ended(id, Err(error));
        }
        for one in report.cancelled {
            self.know(one.item, false, Known::Maybe);
            told.push(one.item);
        }
        let rest = report.rest.into_iter().flatten();
        for id in report.unsent.into_iter().chain(rest) {
            self.know(id, false, Known::Unstarted);
            told.push(id);
        }
        told.sort_unstable();
        let log = self.service.log();
        let handed = |id: &&u64| log.writes.get(id).is_some_and(|seen| seen.handed > 0);
        let sent: BTreeSet<u64> = ids.iter().filter(handed).copied().collect();
        let started = started.into_inner();
        if told != ids || sent != started {
            let text = format!("job: tells of {told:?}, starts {started:?}, sends {sent:?}");
            self.broke(first, text);
        }
    }

    /// Reads a list that moves meanwhile, over failing pages.
    async fn list(&self, client: &Client, id: u64, random: &mut fastrand::Rng) {
        let leads = || self.service.log().leads.clone();
        let paging = Paging::new().size(random.u32(2..6));
        let mut items = client.items(Leads::new().page(paging));
        let (before, mut seen) = (leads(), HashSet::new());
        let mut failures = 0;
        while failures < 10 {
            match items.next().await {
                Ok(Some(lead)) => {
                    if !seen.insert(lead.id.get()) {
                        self.broke(id, format!("list: {} comes twice", lead.id));
                    }
                }
                Ok(None) => {
                    let after = leads();
                    let is_lost = |lead: &&u64| after.contains(lead) && !seen.contains(lead);
                    let lost: Vec<_> = before.iter().filter(is_lost).collect();
                    if !lost.is_empty() {
                        self.broke(id, format!("list: {lost:?} are lost"));
                    }
                    return;
                }
                Err(error) if error.kind() == ErrorKind::ListMoved => return,
                Err(_) => {
                    failures += 1;
                    self.clock.sleep(SECOND).await;
                }
            }
        }
    }
}
