use super::Order;
use crate::{EventProperties, InvalidValue, TypedEvent, system::event};

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
