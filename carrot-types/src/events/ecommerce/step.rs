use crate::{InvalidValue, PropertyOperation, TypedEvent};

/// A step of a purchase: the event to record, and the changes of the user's properties that go with
/// it.
///
/// Two requests send it, and neither is undone when the other fails. Send the operations first where
/// they are all [idempotent](PropertyOperation::is_idempotent): they can be repeated, an event cannot.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step<E> {
    /// The event.
    pub event: E,
    /// The changes, in the order in which they are to be applied.
    pub operations: Vec<PropertyOperation>,
}

impl<E: TypedEvent> Step<E> {
    /// A step of your own making.
    ///
    /// # Errors
    ///
    /// The properties of the event break a limit: found here, and not when the operations are already
    /// sent.
    pub fn new(event: E, operations: Vec<PropertyOperation>) -> Result<Self, InvalidValue> {
        event.properties()?;
        Ok(Self { event, operations })
    }
}
