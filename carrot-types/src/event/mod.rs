//! Events as they are recorded: a name, and properties.

mod name;
mod properties;
mod typed;

pub use self::{name::EventName, properties::EventProperties, typed::TypedEvent};
