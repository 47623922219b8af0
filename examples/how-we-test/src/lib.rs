//! A small service, as a shop would write it: it announces each parcel in the conversation of its customer, once.
//!
//! It is here for its suite, which shows what each part of `carrot-testing` is for: see the
//! [README](https://github.com/carrot-rs/carrot/blob/main/examples/how-we-test/README.md). To be testable it needs two
//! things: it takes the client and the clock instead of making them, and it stores what it does before it does it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use carrot_core::{
    Client, Clock, Error,
    conversations::Reply,
    jobs::WriteStatus,
    types::{ConversationId, RandomId},
};

/// After this time the service is done with a request whose response did not come.
pub const SETTLE: Duration = Duration::from_secs(30);

/// A parcel whose customer has to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parcel {
    /// Where the customer asked for it.
    pub conversation: ConversationId,
    /// How far its announcement is.
    pub state: State,
}

/// How far an announcement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// Nothing was sent.
    New,
    /// It was sent for the first time then, and may be there.
    Sent(SystemTime),
    /// It is there.
    Announced,
    /// The service rejects it, such as for a conversation that is gone.
    Rejected,
    /// The service does not tell whether it is there: a person has to look.
    Unclear,
}

/// The table of parcels by their numbers. In a real shop it is one of the database.
#[derive(Clone, Debug, Default)]
pub struct Parcels(Arc<Mutex<BTreeMap<String, Parcel>>>);

impl Parcels {
    /// Adds a parcel.
    pub fn add(&self, number: impl Into<String>, conversation: ConversationId) {
        let state = State::New;
        let parcel = Parcel {
            conversation,
            state,
        };
        self.rows().insert(number.into(), parcel);
    }

    /// The state of a parcel.
    pub fn state(&self, number: &str) -> Option<State> {
        self.rows().get(number).map(|parcel| parcel.state)
    }

    /// Those without an announcement.
    fn open(&self) -> Vec<(String, Parcel)> {
        let rows = self.rows();
        let open = rows
            .iter()
            .filter(|(_, parcel)| matches!(parcel.state, State::New | State::Sent(_)));
        open.map(|(number, parcel)| (number.clone(), parcel.clone()))
            .collect()
    }

    fn set(&self, number: &str, state: State) {
        if let Some(parcel) = self.rows().get_mut(number) {
            parcel.state = state;
        }
    }

    fn rows(&self) -> MutexGuard<'_, BTreeMap<String, Parcel>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Announces all parcels that are open.
///
/// # Errors
///
/// The service was not reached, or rejects the token. The parcels stay open: run it again.
pub async fn announce(client: &Client, clock: &impl Clock, parcels: &Parcels) -> Result<(), Error> {
    for (number, parcel) in parcels.open() {
        let state = announce_one(client, clock, parcels, &number, &parcel).await?;
        parcels.set(&number, state);
    }
    Ok(())
}

async fn announce_one(
    client: &Client,
    clock: &impl Clock,
    parcels: &Parcels,
    number: &str,
    parcel: &Parcel,
) -> Result<State, Error> {
    // The number of the parcel makes the same random_id in every process.
    let reply = Reply::new(
        parcel.conversation,
        format!("Your parcel {number} is on its way."),
    )
    .random_id(RandomId::from_key(number));
    let mut state = parcel.state;
    loop {
        let since = match state {
            State::New => {
                let now = clock.system_time();
                // Stored first: a process that dies now leaves a parcel that is looked for.
                parcels.set(number, State::Sent(now));
                now
            }
            State::Sent(since) => {
                clock.sleep(SETTLE).await;
                match client.reconcile_reply(&reply, since).await {
                    Ok(WriteStatus::Written(_)) => return Ok(State::Announced),
                    Ok(WriteStatus::NotWritten) => {}
                    Ok(_) => return Ok(State::Unclear),
                    Err(error) if error.is_not_found() => return Ok(State::Rejected),
                    Err(error) => return Err(error),
                }
                since
            }
            done => return Ok(done),
        };
        state = match client.call(&reply).await {
            Ok(_) => State::Announced,
            Err(error) if error.may_have_been_applied() => State::Sent(since),
            Err(error) if error.is_not_found() => State::Rejected,
            Err(error) => return Err(error),
        };
    }
}
