//! Faults that a test aims at requests.

mod aim;
mod effect;
mod gate;
mod list;

pub use self::aim::Fault;
pub(in crate::sandbox) use self::{
    effect::{Delivery, Effect},
    gate::Gate,
    list::Faults,
};
