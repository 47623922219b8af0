//! What happened, and what is off.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use carrot_examples::{program::Failure, say};

use crate::{
    Arguments, law,
    limit::{LIMIT, Outages, WINDOW},
    process,
    server::{Shared, Way},
    tally::Told,
    work::{End, Ended},
};

/// What is known at the end.
pub(crate) struct Report {
    pub(crate) arguments: Arguments,
    pub(crate) ended: Ended,
    pub(crate) server: Arc<Shared>,
    pub(crate) outages: Outages,
    pub(crate) told: Arc<Told>,
    pub(crate) crossed: u64,
    /// How many a proxy opened.
    pub(crate) tunnels: u64,
    pub(crate) was_stopped: Option<bool>,
}

impl Report {
    pub(crate) fn print_calls(&self, took: Duration) -> Result<(), Failure> {
        let seconds = took.as_secs_f64();
        let Ended { tally, claims } = &self.ended;
        say!(
            "{} calls in {seconds:.1} s, {:.0} a second, seed {}",
            tally.total(),
            tally.total() as f64 / seconds,
            self.arguments.seed
        );
        for (kind, number) in tally.iter() {
            say!("  {number:>8} {kind}");
        }
        let ways = Way::ALL.map(|way| {
            let number = claims.iter().filter(|claim| claim.way == way).count();
            format!("{number} {}", way.as_str())
        });
        say!("ways: {}", ways.join(", "));
        Ok(())
    }

    /// What the client says of the calls against what the server got.
    pub(crate) fn broken_laws(&self) -> Vec<String> {
        let mut wrong = law::broken(&self.ended.claims, &self.server);
        wrong.extend(self.outages.broken(&self.server.limited()));
        wrong
    }

    /// Prints the numbers, and returns all that is off.
    pub(crate) fn check(
        &self,
        files_before: Option<usize>,
        files_after: Option<usize>,
    ) -> Result<Vec<String>, Failure> {
        let (server, told) = (&self.server, &self.told);
        let attempts = told.attempts.load(Ordering::SeqCst);
        say!(
            "attempts: {attempts}, of which {} reached the server whole",
            server.arrived()
        );
        say!(
            "restarts of the server: {}, of the Redis server: {}, stops of this process: {}",
            server.restarts(),
            self.outages.number(),
            u32::from(self.was_stopped == Some(true))
        );
        let most = self.outages.most(&server.limited());
        say!(
            "shared limit: at most {} requests of {LIMIT} in {WINDOW:?}, {} about a restart of the Redis server",
            most.with_server,
            most.without
        );
        say!(
            "connections: {} in all, {} through a proxy, at most {} at once, {} at the end",
            server.connections(),
            self.tunnels,
            server.most_open(),
            server.open()
        );
        let shown =
            |number: Option<u64>| number.map_or("unknown".into(), |number| number.to_string());
        say!(
            "open files: {} at the start, {} at the end",
            shown(files_before.map(|files| files as u64)),
            shown(files_after.map(|files| files as u64))
        );
        let memory = process::peak_memory_kib();
        say!("peak memory: {} KiB", shown(memory));

        let mut wrong = self.broken_laws();
        let mut check = |holds: bool, what: &str| {
            if !holds {
                wrong.push(what.to_owned());
            }
        };
        let calls = u64::from(self.arguments.calls);
        let Ended { tally, claims } = &self.ended;
        check(tally.total() == calls, "not every call ended");
        check(
            claims.len() as u64 == calls,
            "not every call is accounted for",
        );
        check(
            told.calls.load(Ordering::SeqCst) == calls,
            "the observer was not notified of every call",
        );
        check(
            told.attempts_of_calls.load(Ordering::SeqCst) == attempts,
            "the observer was not notified of every attempt",
        );
        check(
            server.arrived() <= attempts,
            "the server got more requests than there were attempts",
        );
        check(self.crossed == 0, "a response was given to another call");
        check(
            server.strange() == 0,
            "the server got a request that belongs to no call, or not all of one",
        );
        let (errors, reports) = (tally.leaks(), told.leaks());
        check(
            errors + reports == 0,
            &format!("{errors} errors and {reports} reports show the token or a person's data"),
        );
        let is_proxied = claims.iter().any(|claim| claim.way == Way::Proxied);
        check(
            !is_proxied || self.tunnels > 0,
            "no call came through the proxy",
        );
        let lost_over_http2 = claims
            .iter()
            .filter(|claim| claim.way == Way::Http2 && claim.end == End::MayHaveBeenApplied);
        check(
            calls < 2_000 || lost_over_http2.count() > 5,
            "no fault of HTTP/2 met a call",
        );
        check(
            self.was_stopped != Some(false),
            "the process was not stopped",
        );
        check(server.open() == 0, "connections are still open");
        check(files_after == files_before, "files are still open");
        check(
            memory.is_none_or(|memory| memory <= self.arguments.max_memory * 1024),
            "the memory is beyond its bound",
        );
        Ok(wrong)
    }
}
