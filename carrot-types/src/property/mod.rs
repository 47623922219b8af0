//! Properties of a user: their names, their values, and the operations that change them.

mod date;
mod name;
mod operation;
mod value;

pub use self::{
    date::PropertyDate,
    name::{EventStat, PropertyName},
    operation::{PropertyOperation, PropertyOperationKind},
    value::PropertyValue,
};
