//! Dates and times, in the forms that the service uses.

mod civil;
mod date_time;
mod moment;
mod property_date;
mod timestamp;
#[cfg(feature = "jiff")]
mod with_jiff;

pub use self::{
    date_time::DateTime, moment::Moment, property_date::PropertyDate, timestamp::Timestamp,
};
