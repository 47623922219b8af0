use crate::{EventProperties, InvalidValue, TypedEvent, system::event};

/// `$order_started`: the user started to order. It has no properties.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct OrderStarted {}

impl OrderStarted {
    /// The event.
    #[must_use]
    pub const fn new() -> Self {
        Self {}
    }
}

impl TypedEvent for OrderStarted {
    fn name(&self) -> &str {
        event::ORDER_STARTED
    }

    fn properties(&self) -> Result<EventProperties, InvalidValue> {
        Ok(EventProperties::new())
    }
}

/// `$order_completed`: an order was placed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct OrderCompleted {
    /// Id in the shop, up to 255 characters.
    pub order_id: String,
    /// Number that the customer sees, where it is another; up to 255 characters.
    pub order_id_human: Option<String>,
    /// Price, from -2^53 to 2^53.
    pub order_amount: i64,
    /// Names of the goods, up to 30 of up to 255 characters.
    pub items: Vec<String>,
}

impl OrderCompleted {
    /// The event alone; [`Order::completed`](super::Order::completed) keeps the properties of the user too.
    pub fn new(
        order_id: impl Into<String>,
        order_amount: i64,
        items: impl IntoIterator<Item: Into<String>>,
    ) -> Self {
        Self {
            order_id: order_id.into(),
            order_id_human: None,
            order_amount,
            items: items.into_iter().map(Into::into).collect(),
        }
    }

    /// Sets the number that the customer sees.
    #[must_use = "a setter returns the changed value"]
    pub fn with_order_id_human(mut self, order_id_human: impl Into<String>) -> Self {
        self.order_id_human = Some(order_id_human.into());
        self
    }
}

impl TypedEvent for OrderCompleted {
    fn name(&self) -> &str {
        event::ORDER_COMPLETED
    }

    fn properties(&self) -> Result<EventProperties, InvalidValue> {
        EventProperties::new()
            .with("$order_id", &self.order_id)?
            .with_some("$order_id_human", self.order_id_human.as_ref())?
            .with("$order_amount", self.order_amount)?
            .with("$items", &self.items)
    }
}

/// `$order_paid`: an order was paid.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct OrderPaid {
    /// Id in the shop, up to 255 characters.
    pub order_id: String,
    /// Price, from -2^53 to 2^53.
    pub order_amount: i64,
    /// Names of the goods, up to 30 of up to 255 characters.
    pub items: Vec<String>,
}

impl OrderPaid {
    /// The event alone; [`Order::paid`](super::Order::paid) keeps the properties of the user too.
    pub fn new(
        order_id: impl Into<String>,
        order_amount: i64,
        items: impl IntoIterator<Item: Into<String>>,
    ) -> Self {
        Self {
            order_id: order_id.into(),
            order_amount,
            items: items.into_iter().map(Into::into).collect(),
        }
    }
}

impl TypedEvent for OrderPaid {
    fn name(&self) -> &str {
        event::ORDER_PAID
    }

    fn properties(&self) -> Result<EventProperties, InvalidValue> {
        EventProperties::new()
            .with("$order_id", &self.order_id)?
            .with("$order_amount", self.order_amount)?
            .with("$items", &self.items)
    }
}

/// `$order_refunded`: an order was refunded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct OrderRefunded {
    /// Id in the shop, up to 255 characters.
    pub order_id: String,
    /// Names of the goods, up to 30 of up to 255 characters.
    pub items: Vec<String>,
}

impl OrderRefunded {
    /// The event alone; [`Order::refunded`](super::Order::refunded) keeps the properties of the user too.
    pub fn new(order_id: impl Into<String>, items: impl IntoIterator<Item: Into<String>>) -> Self {
        Self {
            order_id: order_id.into(),
            items: items.into_iter().map(Into::into).collect(),
        }
    }
}

impl TypedEvent for OrderRefunded {
    fn name(&self) -> &str {
        event::ORDER_REFUNDED
    }

    fn properties(&self) -> Result<EventProperties, InvalidValue> {
        EventProperties::new()
            .with("$order_id", &self.order_id)?
            .with("$items", &self.items)
    }
}

/// `$order_cancelled`: an order was cancelled.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct OrderCancelled {
    /// Id in the shop, up to 255 characters.
    pub order_id: String,
    /// Names of the goods, up to 30 of up to 255 characters.
    pub items: Vec<String>,
    /// A comment, up to 255 characters. Only one public client knows it.
    pub comment: Option<String>,
}

impl OrderCancelled {
    /// The event alone; [`Order::cancelled`](super::Order::cancelled) keeps the properties of the user too.
    pub fn new(order_id: impl Into<String>, items: impl IntoIterator<Item: Into<String>>) -> Self {
        Self {
            order_id: order_id.into(),
            items: items.into_iter().map(Into::into).collect(),
            comment: None,
        }
    }

    /// Sets the comment.
    #[must_use = "a setter returns the changed value"]
    pub fn with_comment(mut self, comment: impl Into<String>) -> Self {
        self.comment = Some(comment.into());
        self
    }
}

impl TypedEvent for OrderCancelled {
    fn name(&self) -> &str {
        event::ORDER_CANCELLED
    }

    fn properties(&self) -> Result<EventProperties, InvalidValue> {
        EventProperties::new()
            .with("$order_id", &self.order_id)?
            .with("$items", &self.items)?
            .with_some("$comment", self.comment.as_ref())
    }
}

/// `$order_closed`: an order was closed.
///
/// No source tells its properties: those sent are the ones that name an order elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct OrderClosed {
    /// Id in the shop, up to 255 characters.
    pub order_id: String,
    /// Number that the customer sees, where it is another; up to 255 characters.
    pub order_id_human: Option<String>,
}

impl OrderClosed {
    /// The event alone; [`Order::closed`](super::Order::closed) keeps the properties of the user too.
    pub fn new(order_id: impl Into<String>) -> Self {
        Self {
            order_id: order_id.into(),
            order_id_human: None,
        }
    }

    /// Sets the number that the customer sees.
    #[must_use = "a setter returns the changed value"]
    pub fn with_order_id_human(mut self, order_id_human: impl Into<String>) -> Self {
        self.order_id_human = Some(order_id_human.into());
        self
    }
}

impl TypedEvent for OrderClosed {
    fn name(&self) -> &str {
        event::ORDER_CLOSED
    }

    fn properties(&self) -> Result<EventProperties, InvalidValue> {
        EventProperties::new()
            .with("$order_id", &self.order_id)?
            .with_some("$order_id_human", self.order_id_human.as_ref())
    }
}
