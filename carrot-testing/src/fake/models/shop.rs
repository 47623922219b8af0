//! What the user bought. The events of a shop are made from these: `fake::order().completed()`.

use carrot_core::types::ecommerce::{Cart, Order, Product};

/// Socks.
#[must_use]
pub fn product() -> Product {
    Product::new("Socks")
        .with_amount(4990)
        .with_url("https://shop.example.com/socks")
        .with_image("https://shop.example.com/socks.png")
}

/// A cart with the socks.
#[must_use]
pub fn cart() -> Cart {
    Cart::new([product()], 4990)
}

/// The order 42, of the socks.
#[must_use]
pub fn order() -> Order {
    Order::new("42", 4990)
        .with_human_id("A-42")
        .with_items(["Socks"])
}
