//! Setting properties of many users with the fewest requests.

mod change;
mod direct;
mod import_file;
mod plan;
mod report;
mod run;

pub use self::{
    change::PropertyChange,
    import_file::PlannedImport,
    report::{PropsFailure, PropsProgress, PropsReport, ScheduledImport},
    run::PropsPlan,
};
use super::import::MAX_CSV_BYTES;
use crate::{Client, Error};

const CONCURRENCY: usize = 8;

/// Properties to set of many users; made by [`Client::set_props_of_many`].
#[derive(Clone, Debug)]
#[must_use = "nothing is sent until its plan is run"]
pub struct SetPropsOfMany {
    client: Client,
    changes: Vec<PropertyChange>,
    concurrency: usize,
    import: bool,
}

impl SetPropsOfMany {
    /// At most this many [`SetProps`](super::SetProps) at a time: 8 by default; 0 counts as 1.
    /// Imports are sent one at a time, before the others.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls;
        self
    }

    /// Sends no import: the service reports on every user at once, for a request a user.
    pub fn without_import(mut self) -> Self {
        self.import = false;
        self
    }

    /// Finds the requests. Nothing is sent.
    ///
    /// # Errors
    ///
    /// A change has no operation, or an id that the service cannot take. The error names the place of
    /// the change, counted from 0, as in `changes[3].user`, and not the user.
    pub fn plan(self) -> Result<PropsPlan, Error> {
        let max_bytes = self.import.then_some(MAX_CSV_BYTES);
        let routes = plan::plan(self.changes, self.client.context(), max_bytes)?;
        Ok(PropsPlan::new(self.client, routes, self.concurrency))
    }
}

impl Client {
    /// Sets, changes and deletes properties of many users, with the fewest requests.
    ///
    /// Users whose changes allow it go together by [`Import`](super::Import), one request for each
    /// 30 MB of CSV. The others go by [`SetProps`](super::SetProps), a request for each user and each
    /// 250 operations. With the service's 60 requests a minute that is seconds or hours for the same
    /// 10,000 users, so it is worth to know what allows it:
    ///
    /// * the API version of the API is 2, and the user is named by an id of your own; as with
    ///   `SetProps`, an unknown one creates the user;
    /// * every operation is `update_or_create`, and none changes the same property as another;
    /// * every value is a text or, in a property of your own, a number. Booleans, lists and dates
    ///   are not: CSV has no types, and the vendor documents only for properties of your own that the
    ///   type is guessed;
    /// * a system property is one of the texts that can be set: `$name`, `$phone`, `$email`, `$group`
    ///   and `$last_order_status`. Of another the service may ignore the change, and only `SetProps`
    ///   tells of that;
    /// * ids, names and values need no quotation marks, whose form is not documented. They have none
    ///   and no backslash, no control character, no white space but single spaces between other
    ///   characters and no invisible character; and they are not empty. So it pays to trim the texts of
    ///   a file, and to leave out empty ones, which the service ignores anyway;
    /// * another user changes the same properties. Each file has one set of columns, because what an
    ///   empty cell does is not documented; a user alone takes one request either way, and `SetProps`
    ///   reports at once.
    ///
    /// Changes of one user are joined in their order. Nothing is said of the order between users: two
    /// names of one user, the id of the service and one of your own, are two users here.
    ///
    /// What the vendor does not document is assumed: that an import guesses the types of your own
    /// properties as `SetProps` does, so that the text `"12345"` becomes a number either way, and the
    /// number 12345 does not become a text; that it leaves alone whether a user is subscribed; and that
    /// a key with the right `user-write` may import. Users whom an import creates count towards the
    /// plan's rate limit of unique visitors. Where any of that matters, use
    /// [`without_import`](SetPropsOfMany::without_import).
    ///
    /// **An import is asynchronous**: the service works the file off after its answer, and tells the
    /// panel, not the API, when it is done. Until then the users have their old values, and a change
    /// sent in the meantime may be overtaken.
    ///
    /// The deadline of a single call does not apply, only that of each attempt: the work takes as long
    /// as the rate limit needs. [That limit](crate::client::CallOptions::attempt_timeout) is 10 seconds by
    /// default. An attempt of an import has a second more for each 125 kB of the plan's largest file,
    /// so 1 Mbit/s upstream is enough.
    ///
    /// Sources: <https://developers.dashly.io/webapi/endpoints/users/props>,
    /// <https://developers.dashly.io/webapi/endpoints/users/import>,
    /// <https://developers.dashly.io/props>
    ///
    /// ```
    /// # async fn example(client: &carrot_core::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use std::ops::ControlFlow;
    ///
    /// use carrot_core::{
    ///     types::{PropertyOperation, UserRef},
    ///     users::PropertyChange,
    /// };
    ///
    /// let mut changes = Vec::new();
    /// for (id, plan) in [("order-41", "free"), ("order-42", "pro"), ("order-43", "free")] {
    ///     let plan = PropertyOperation::update_or_create("plan", plan)?;
    ///     changes.push(PropertyChange::new(UserRef::external(id)).with(plan));
    /// }
    /// let mut plan = client.set_props_of_many(changes).plan()?;
    /// assert_eq!(plan.requests(), 1);
    ///
    /// let report = plan
    ///     .run(|progress| {
    ///         println!("{} of {} users", progress.done(), progress.users);
    ///         ControlFlow::Continue(())
    ///     })
    ///     .await;
    /// for failure in &report.failed {
    ///     eprintln!("{} users: {}", failure.changes.len(), failure.error);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_props_of_many(
        &self,
        changes: impl IntoIterator<Item = PropertyChange>,
    ) -> SetPropsOfMany {
        SetPropsOfMany {
            client: self.clone(),
            changes: changes.into_iter().collect(),
            concurrency: CONCURRENCY,
            import: true,
        }
    }
}
