use super::{Cart, Step};
use crate::{
    EventProperties, InvalidValue, PropertyOperation, TypedEvent,
    system::{event, property},
};

/// An order of the shop, from which each step of it is made.
///
/// The step that places it is [`completed`](Self::completed); those after it take the new state of the
/// order in the words of the shop, which becomes `$last_order_status`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Order {
    /// Id in the shop, up to 255 characters.
    pub id: String,
    /// Number that the customer sees, where it is another; up to 255 characters.
    pub human_id: Option<String>,
    /// Price, from -2^53 to 2^53.
    pub amount: i64,
    /// Names of the goods, up to 30 of up to 255 characters.
    pub items: Vec<String>,
}

impl Order {
    /// An order of this price, as yet without goods.
    pub fn new(id: impl Into<String>, amount: i64) -> Self {
        Self {
            id: id.into(),
            human_id: None,
            amount,
            items: Vec::new(),
        }
    }

    /// Sets the number that the customer sees.
    #[must_use = "a setter returns the changed value"]
    pub fn with_human_id(mut self, id: impl Into<String>) -> Self {
        self.human_id = Some(id.into());
        self
    }

    /// Sets the names of the goods.
    #[must_use = "a setter returns the changed value"]
    pub fn with_items(mut self, names: impl IntoIterator<Item: Into<String>>) -> Self {
        self.items = names.into_iter().map(Into::into).collect();
        self
    }

    /// The order was placed: the event, and `update_or_create` of `$last_payment`, `add` to
    /// `$revenue` and to `$orders_count`, `delete` of `$cart_items` and `$cart_amount`, and `union` of
    /// each item to `$ordered_items`.
    ///
    /// Not to be repeated: `$revenue` and `$orders_count` would grow once more.
    ///
    /// # Errors
    ///
    /// There are more than 30 items, an item or an id has more than 255 characters, or the price is
    /// out of range.
    pub fn completed(&self) -> Result<Step<OrderEvent>, InvalidValue> {
        let mut operations = vec![
            PropertyOperation::update_or_create(property::LAST_PAYMENT, self.amount)?,
            PropertyOperation::add(property::REVENUE, self.amount)?,
            PropertyOperation::add(property::ORDERS_COUNT, 1)?,
        ];
        operations.extend(Cart::cleared()?);
        for item in &self.items {
            operations.push(PropertyOperation::union(property::ORDERED_ITEMS, item)?);
        }
        Step::new(OrderEvent::Completed(self.clone()), operations)
    }

    /// The order was paid, and is now in `status`.
    ///
    /// # Errors
    ///
    /// There are more than 30 items, an item, an id or `status` has more than 255 characters, or the
    /// price is out of range.
    pub fn paid(&self, status: impl Into<String>) -> Result<Step<OrderEvent>, InvalidValue> {
        Step::new(
            OrderEvent::Paid(self.clone()),
            Self::status_changed(status)?,
        )
    }

    /// The order was refunded, and is now in `status`.
    ///
    /// # Errors
    ///
    /// There are more than 30 items, or an item, an id or `status` has more than 255 characters.
    pub fn refunded(&self, status: impl Into<String>) -> Result<Step<OrderEvent>, InvalidValue> {
        Step::new(
            OrderEvent::Refunded(self.clone()),
            Self::status_changed(status)?,
        )
    }

    /// The order was cancelled, and is now in `status`.
    ///
    /// # Errors
    ///
    /// There are more than 30 items, or an item, an id or `status` has more than 255 characters.
    pub fn cancelled(&self, status: impl Into<String>) -> Result<Step<OrderEvent>, InvalidValue> {
        let event = OrderEvent::Cancelled {
            order: self.clone(),
            comment: None,
        };
        Step::new(event, Self::status_changed(status)?)
    }

    /// The order was closed, and is now in `status`.
    ///
    /// # Errors
    ///
    /// An id or `status` has more than 255 characters.
    pub fn closed(&self, status: impl Into<String>) -> Result<Step<OrderEvent>, InvalidValue> {
        Step::new(
            OrderEvent::Closed(self.clone()),
            Self::status_changed(status)?,
        )
    }

    /// The operations after any change of the state of an order, also one that is not an event:
    /// `update_or_create` of `$last_order_status`.
    ///
    /// # Errors
    ///
    /// `status` has more than 255 characters.
    pub fn status_changed(
        status: impl Into<String>,
    ) -> Result<Vec<PropertyOperation>, InvalidValue> {
        let status =
            PropertyOperation::update_or_create(property::LAST_ORDER_STATUS, status.into())?;
        Ok(vec![status])
    }
}

/// An event of an order. Each sends the part of the order that the vendor documents for it.
///
/// The event alone; the methods of [`Order`], such as [`Order::completed`], also give the changes of the
/// user's properties.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OrderEvent {
    /// `$order_started`: the user started to order. It has no properties.
    Started,
    /// `$order_completed`: an order was placed. Id, number for the customer, price and goods.
    Completed(Order),
    /// `$order_paid`: an order was paid. Id, price and goods.
    Paid(Order),
    /// `$order_refunded`: an order was refunded. Id and goods.
    Refunded(Order),
    /// `$order_cancelled`: an order was cancelled. Id and goods.
    Cancelled {
        /// The order.
        order: Order,
        /// A comment, up to 255 characters. Only one public client knows it.
        comment: Option<String>,
    },
    /// `$order_closed`: an order was closed.
    ///
    /// No source tells its properties: those sent, id and number for the customer, are the ones that
    /// name an order elsewhere.
    Closed(Order),
}

impl TypedEvent for OrderEvent {
    fn name(&self) -> &str {
        match self {
            Self::Started => event::ORDER_STARTED,
            Self::Completed(_) => event::ORDER_COMPLETED,
            Self::Paid(_) => event::ORDER_PAID,
            Self::Refunded(_) => event::ORDER_REFUNDED,
            Self::Cancelled { .. } => event::ORDER_CANCELLED,
            Self::Closed(_) => event::ORDER_CLOSED,
        }
    }

    fn properties(&self) -> Result<EventProperties, InvalidValue> {
        let id = |order: &Order| EventProperties::new().with("$order_id", &order.id);
        match self {
            Self::Started => Ok(EventProperties::new()),
            Self::Completed(order) => id(order)?
                .with_some("$order_id_human", order.human_id.as_ref())?
                .with("$order_amount", order.amount)?
                .with("$items", &order.items),
            Self::Paid(order) => id(order)?
                .with("$order_amount", order.amount)?
                .with("$items", &order.items),
            Self::Refunded(order) => id(order)?.with("$items", &order.items),
            Self::Cancelled { order, comment } => id(order)?
                .with("$items", &order.items)?
                .with_some("$comment", comment.as_ref()),
            Self::Closed(order) => id(order)?.with_some("$order_id_human", order.human_id.as_ref()),
        }
    }
}
