//! The outbox in SQLite: its rows, their states, and who may change them.
//!
//! ```text
//! queued ──claim──▶ sending ──response──▶ done
//!    ▲                 │ ├──────rejected──────▶ failed
//!    │◀──never sent────┘ └──no response, or the worker died──▶ unsure
//!    │                                                          │ settle, then search the service
//!    └────────────────────not there──────────────────────────── ┤
//!                              done ◀──there────────────────────┤
//!                              review ◀──the service cannot tell┘
//! ```
//!
//! A program inserts a row in the same transaction as its business change, so both happen or neither.

use std::{path::Path, time::Duration};

use carrot_examples::{program::Failure, service::Origin};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use crate::job::Job;

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// Waits to be sent.
    Queued,
    /// A worker sends it now, or died over it.
    Sending,
    /// It may have been done.
    Unsure,
    /// The service did it.
    Done,
    /// The service rejects it.
    Failed,
    /// The service cannot tell whether it was done: a person has to look.
    Review,
}

const STATES: [(State, &str); 6] = [
    (State::Queued, "queued"),
    (State::Sending, "sending"),
    (State::Unsure, "unsure"),
    (State::Done, "done"),
    (State::Failed, "failed"),
    (State::Review, "review"),
];

impl State {
    /// The state as it stands in the table.
    pub fn as_str(self) -> &'static str {
        STATES
            .iter()
            .find(|(state, _)| *state == self)
            .map_or("", |(_, text)| text)
    }
}

const SCHEMA: &str = "
create table if not exists outbox(
  id integer primary key,
  job_group text not null,
  kind text not null,
  target text not null,
  name text not null,
  text text not null,
  mark integer not null,
  state text not null check(state in('queued','sending','unsure','done','failed','review')),
  attempts integer not null default 0,
  first_sent integer,
  not_before integer not null default 0,
  error text
) strict;
create index if not exists outbox_open on outbox(job_group, id) where state in('queued','sending','unsure');
create table if not exists owner(only integer primary key check(only = 1), epoch integer not null) strict;
insert or ignore into owner values(1, 0);
create table if not exists origin(only integer primary key check(only = 1), header text not null) strict;
";

/// The rows to work on: the oldest of each group.
const FIRST: &str = "from outbox as this where state in('queued','unsure')
 and not exists(select 1 from outbox as older where older.job_group = this.job_group
   and older.id < this.id and older.state in('queued','sending','unsure'))";

/// A row.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Entry {
    /// Its number: the order in which rows were made.
    pub id: i64,
    /// What is sent.
    pub job: Job,
    /// Whether it may have been done, so that it has to be looked for first.
    pub is_unsure: bool,
    /// When it was sent for the first time, in milliseconds since 1970.
    pub first_sent: Option<i64>,
    /// What the service said last, where it was an error.
    pub error: Option<String>,
}

/// The outbox.
#[derive(Debug)]
#[non_exhaustive]
pub struct Store {
    connection: Connection,
    /// The owner whose worker this is; another worker that starts takes the outbox over.
    epoch: i64,
}

impl Store {
    /// Opens the outbox, and makes it where it does not exist.
    pub fn open(file: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(file)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        // FULL: with NORMAL a loss of power may take the last commits, and a sent row would be sent again.
        connection.execute_batch("pragma journal_mode=wal; pragma synchronous=full;")?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self {
            connection,
            epoch: 0,
        })
    }

    /// Adds a job. A program does this in the transaction of its business change.
    pub fn add(&self, job: &Job) -> rusqlite::Result<()> {
        let (kind, target, name, text, mark) = match job {
            Job::Reply {
                conversation,
                text,
                mark,
            } => ("reply", conversation.to_string(), "", text.as_str(), *mark),
            Job::Event { user, name, mark } => ("event", user.clone(), name.as_str(), "", *mark),
            Job::Property { user, name, value } => {
                ("property", user.clone(), name.as_str(), value.as_str(), 0)
            }
        };
        self.connection.execute(
            "insert into outbox(job_group, kind, target, name, text, mark, state)
             values(?1, ?2, ?3, ?4, ?5, ?6, 'queued')",
            params![job.group(), kind, target, name, text, mark],
        )?;
        Ok(())
    }

    /// Checks that the rows are for this app, and says so in an outbox that no worker has opened yet. `name` is
    /// how the user named it.
    pub fn belongs_to(&self, origin: &Origin, name: &str) -> Result<(), Failure> {
        let stored: Option<String> = self
            .connection
            .query_row("select header from origin", [], |row| row.get(0))
            .optional()?;
        let header = origin.header(name, stored.as_deref())?;
        self.connection
            .execute("insert or replace into origin values(1, ?1)", [header])?;
        Ok(())
    }

    /// Takes the outbox over. What an earlier worker was sending may have been done.
    ///
    /// `not_before`: when the service must be done with what that worker sent.
    pub fn take_over(&mut self, not_before: i64) -> rusqlite::Result<()> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let epoch = transaction.query_row(
            "update owner set epoch = epoch + 1 returning epoch",
            [],
            |row| row.get(0),
        )?;
        transaction.execute(
            "update outbox set state = 'unsure', not_before = ?1 where state = 'sending'",
            [not_before],
        )?;
        transaction.commit()?;
        self.epoch = epoch;
        Ok(())
    }

    /// The next row to work on: the oldest of its group, whose time has come. A row that is unsure
    /// holds up its group and no other.
    pub fn next(&self, now: i64) -> rusqlite::Result<Option<Entry>> {
        self.connection
            .query_row(
                &format!("select * {FIRST} and not_before <= ?1 order by id limit 1"),
                [now],
                entry,
            )
            .optional()
    }

    /// The moment of the next row that can be worked on; `None` where nothing is open. A row that waits for
    /// another one has no moment of its own.
    pub fn next_moment(&self) -> rusqlite::Result<Option<i64>> {
        self.connection
            .query_row(&format!("select min(not_before) {FIRST}"), [], |row| {
                row.get(0)
            })
    }

    /// Commits that the row is being sent, **before** the request is made.
    pub fn claim(&mut self, id: i64, now: i64) -> Result<(), Failure> {
        self.change(
            "update outbox set state = 'sending', attempts = attempts + 1,
             first_sent = coalesce(first_sent, ?3) where id = ?1 and ?2 = (select epoch from owner)",
            params![id, self.epoch, now],
        )
    }

    /// Moves the row to another state.
    pub fn set(
        &mut self,
        id: i64,
        state: State,
        not_before: i64,
        error: Option<&str>,
    ) -> Result<(), Failure> {
        self.change(
            "update outbox set state = ?3, not_before = ?4, error = ?5
             where id = ?1 and ?2 = (select epoch from owner)",
            params![id, self.epoch, state.as_str(), not_before, error],
        )
    }

    /// Changes a row, unless another worker has taken the outbox over.
    fn change(&self, sql: &str, parameters: impl rusqlite::Params) -> Result<(), Failure> {
        match self.connection.execute(sql, parameters)? {
            1 => Ok(()),
            _ => Err("another worker has taken the outbox over".into()),
        }
    }

    /// How many rows are in this state.
    pub fn count(&self, state: State) -> rusqlite::Result<u64> {
        let sql = "select count(*) from outbox where state = ?1";
        self.connection
            .query_row(sql, [state.as_str()], |row| row.get(0))
    }

    /// The rows in this state.
    pub fn rows(&self, state: State) -> rusqlite::Result<Vec<Entry>> {
        let mut rows = self
            .connection
            .prepare("select * from outbox where state = ?1 order by id")?;
        let rows = rows.query_map([state.as_str()], entry)?;
        rows.collect()
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let (target, name, text): (String, String, String) =
        (row.get("target")?, row.get("name")?, row.get("text")?);
    let mark = row.get("mark")?;
    let job = match row.get::<_, String>("kind")?.as_str() {
        "reply" => Job::Reply {
            conversation: target.parse().unwrap_or(0),
            text,
            mark,
        },
        "event" => Job::Event {
            user: target,
            name,
            mark,
        },
        _ => Job::Property {
            user: target,
            name,
            value: text,
        },
    };
    Ok(Entry {
        id: row.get("id")?,
        job,
        is_unsure: row.get::<_, String>("state")? == State::Unsure.as_str(),
        first_sent: row.get("first_sent")?,
        error: row.get("error")?,
    })
}
