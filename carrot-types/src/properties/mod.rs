//! Properties of a user: their names, their values, and the operations that change them.

mod name;
mod operation;
mod property_map;
pub mod system;
mod value;

pub use self::{
    name::{EventStat, PropertyName},
    operation::{PropertyOperation, PropertyOperationKind},
    property_map::PropertyMap,
    value::PropertyValue,
};
