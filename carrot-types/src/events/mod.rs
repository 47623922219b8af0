//! Events as they are recorded: a name, and properties.

pub mod ecommerce;
mod name;
mod properties;
pub mod system;
mod typed;

pub use self::{name::EventName, properties::EventProperties, typed::TypedEvent};
