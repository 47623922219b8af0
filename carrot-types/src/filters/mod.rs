//! The language in which the list of leads is filtered.

mod condition;
mod filter;
mod group;
mod time_ago;
mod wire;

pub use self::{
    condition::{Condition, OtherCondition},
    filter::Filter,
    group::{FilterLogic, Filters},
    time_ago::{DateUnit, TimeAgo},
};

/// The parameter that filters are sent in.
const FIELD: &str = "filters";
