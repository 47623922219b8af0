use serde::Serialize;

use super::{FIELD, Filter};
use crate::{InvalidValue, read_object};

open_enum! {
    /// How the filters of [`Filters`] are joined.
    pub enum FilterLogic {
        /// All must match.
        And = "and",
        /// At least one must match.
        Or = "or",
    }
}

/// Several filters, all or any of which must match.
///
/// Groups within groups are not documented, so there are none.
/// Source: <https://developers.dashly.io/filters>
///
/// ```
/// use carrot_types::{Filter, Filters};
///
/// let reachable = Filters::any([Filter::known("$email"), Filter::known("$phone")]);
/// assert_eq!(reachable.filters().len(), 2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Filters {
    #[serde(rename = "type")]
    logic: FilterLogic,
    filters: Vec<Filter>,
}

read_object!(Filters {
    #[serde(rename = "type")]
    logic: FilterLogic,
    filters: Vec<Filter>,
});

impl Filters {
    pub(super) fn new(logic: FilterLogic, filters: impl IntoIterator<Item = Filter>) -> Self {
        Self {
            logic,
            filters: filters.into_iter().collect(),
        }
    }

    /// All must match (`and`).
    pub fn all(filters: impl IntoIterator<Item = Filter>) -> Self {
        Self::new(FilterLogic::And, filters)
    }

    /// At least one must match (`or`).
    pub fn any(filters: impl IntoIterator<Item = Filter>) -> Self {
        Self::new(FilterLogic::Or, filters)
    }

    /// Adds a filter, joined as the others are.
    #[must_use = "returns the changed value"]
    pub fn with(mut self, filter: Filter) -> Self {
        self.push(filter);
        self
    }

    /// Adds a filter, joined as the others are.
    pub fn push(&mut self, filter: Filter) {
        self.filters.push(filter);
    }

    /// Returns how the filters are joined.
    #[must_use]
    pub fn logic(&self) -> &FilterLogic {
        &self.logic
    }

    /// Returns the filters in their order.
    #[must_use]
    pub fn filters(&self) -> &[Filter] {
        &self.filters
    }

    /// Checks every filter before they are sent.
    ///
    /// # Errors
    ///
    /// There is no filter, or [`Filter::check`] rejects one. What the service makes of a group
    /// without filters is not documented; it may be all users.
    pub fn check(&self) -> Result<(), InvalidValue> {
        if self.filters.is_empty() {
            return Err(InvalidValue::new(
                FIELD,
                "must hold at least one filter: an empty group may select everybody",
            ));
        }
        self.filters.iter().try_for_each(Filter::check)
    }
}

impl Extend<Filter> for Filters {
    fn extend<I: IntoIterator<Item = Filter>>(&mut self, filters: I) {
        self.filters.extend(filters);
    }
}

impl Filter {
    /// Both filters match. More are added with [`Filters::with`].
    #[must_use]
    pub fn and(self, other: Self) -> Filters {
        Filters::all([self, other])
    }

    /// At least one of both filters matches. More are added with [`Filters::with`].
    #[must_use]
    pub fn or(self, other: Self) -> Filters {
        Filters::any([self, other])
    }
}

impl From<Filter> for Filters {
    fn from(filter: Filter) -> Self {
        Self::new(FilterLogic::And, [filter])
    }
}
