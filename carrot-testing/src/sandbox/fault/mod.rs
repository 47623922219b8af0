//! Faults that a test aims at requests.

mod aim;
mod effect;
mod gate;
mod list;
mod text;

pub use self::{aim::Fault, list::FaultState, text::FaultTextError};
pub(in crate::sandbox) use self::{
    effect::{Delivery, Effect},
    gate::Gate,
    list::Faults,
};
