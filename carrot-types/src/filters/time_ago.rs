open_enum! {
    /// The unit of an [`TimeAgo`].
    ///
    /// Known from public clients of the service; the vendor's page is cut there.
    /// Source: <https://developers.dashly.io/filters>
    pub enum DateUnit {
        /// Minutes.
        Minutes = "minutes",
        /// Hours.
        Hours = "hours",
        /// Days.
        Days = "days",
        /// Weeks.
        Weeks = "weeks",
    }
}

/// How long ago a date is, in a filter.
///
/// Source: <https://developers.dashly.io/filters>
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TimeAgo {
    /// How many units.
    pub amount: u64,
    /// The unit. The service takes days when it is absent: so a stored segment without a unit
    /// suggests, the vendor does not say it.
    pub unit: Option<DateUnit>,
}

impl TimeAgo {
    /// The given number of units without a name, which the service takes for days. [`TimeAgo::days`] leaves no doubt.
    #[must_use]
    pub const fn new(amount: u64) -> Self {
        Self { amount, unit: None }
    }

    /// Sets `unit`.
    #[must_use = "a setter returns the changed value"]
    pub fn with_unit(mut self, unit: DateUnit) -> Self {
        self.unit = Some(unit);
        self
    }

    /// The given number of minutes ago.
    #[must_use]
    pub fn minutes(amount: u64) -> Self {
        Self::new(amount).with_unit(DateUnit::Minutes)
    }

    /// The given number of hours ago.
    #[must_use]
    pub fn hours(amount: u64) -> Self {
        Self::new(amount).with_unit(DateUnit::Hours)
    }

    /// The given number of days ago.
    #[must_use]
    pub fn days(amount: u64) -> Self {
        Self::new(amount).with_unit(DateUnit::Days)
    }

    /// The given number of weeks ago.
    #[must_use]
    pub fn weeks(amount: u64) -> Self {
        Self::new(amount).with_unit(DateUnit::Weeks)
    }
}
