//! The language in which the list of leads is filtered.

mod age;
mod condition;
mod filters;
mod leaf;
mod wire;

pub use self::{
    age::{DateUnit, TimeAgo},
    condition::{Condition, OtherCondition},
    filters::{FilterLogic, Filters},
    leaf::Filter,
};

/// The parameter that filters are sent in.
const FIELD: &str = "filters";
