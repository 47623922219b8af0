//! What happens in a shop: products, the cart, orders.
//!
//! Each event of the vendor's e-commerce set is a type. A purchase is more than events, though: the
//! vendor's plugins for shops also keep properties of the user up to date, such as what is in the cart
//! and how much was paid. [`Product`], [`Cart`] and [`Order`] give both at once, as a [`Step`].
//!
//! Prices are integers, since the vendor documents no decimals. Use the smallest unit of your currency, or
//! round, but always in the same way. To send decimals as the vendor's own plugin does, replace the
//! property by a [raw value](crate::PropertyValue::raw).
//!
//! ```
//! use carrot_types::{PropertyValue, TypedEvent, ecommerce::{Order, Product}};
//!
//! let viewed = Product::new("Lamp").with_amount(2_500).viewed()?;
//! assert_eq!(viewed.operations.len(), 1); // union $viewed_products
//!
//! let placed = Order::new("1001", 4_100).with_items(["Lamp", "Bulb"]).completed()?;
//! assert_eq!(placed.event.name(), "$order_completed");
//! // $last_payment, $revenue, $orders_count, two deletions of the cart, $ordered_items twice
//! assert_eq!(placed.operations.len(), 7);
//!
//! let decimal = PropertyValue::raw(41.99);
//! let properties = placed.event.properties()?.with("$order_amount", decimal)?;
//! # drop(properties);
//! # Ok::<(), carrot_types::InvalidValue>(())
//! ```
//!
//! The vendor's tables of these events are not available in full: names and properties are those that
//! its plugin for WordPress and other public clients send. Which of them may be missing is not
//! documented.
//! Source: <https://developers.dashly.io/events/>

mod cart;
mod order;
mod product;
mod step;

pub use self::{
    cart::{Cart, CartAdded, CartViewed},
    order::{Order, OrderEvent},
    product::{Product, ProductViewed},
    step::Step,
};
