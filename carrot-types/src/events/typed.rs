use super::EventProperties;
use crate::InvalidValue;

/// A type that stands for an event: it knows its name and its properties.
///
/// The events of a shop in [`ecommerce`](crate::ecommerce) are such types, and events of your own can
/// be.
///
/// ```
/// use carrot_types::{EventProperties, InvalidValue, TypedEvent, system};
///
/// struct Registered { name: String }
///
/// impl TypedEvent for Registered {
///     fn name(&self) -> &str {
///         system::event::REGISTERED
///     }
///
///     fn properties(&self) -> Result<EventProperties, InvalidValue> {
///         EventProperties::new().with("$name", &self.name)
///     }
/// }
/// ```
///
/// New methods of this trait always have a default, so an implementation stays valid.
pub trait TypedEvent {
    /// The name of the event. It is checked as an [`EventName`](crate::EventName) when a request is
    /// built.
    fn name(&self) -> &str;

    /// The properties of the event.
    ///
    /// # Errors
    ///
    /// A property breaks a limit of [`EventProperties`]. Nothing is cut to fit.
    fn properties(&self) -> Result<EventProperties, InvalidValue>;
}
