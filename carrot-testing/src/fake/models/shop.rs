//! What the user bought. The events of a shop are made from these: `fake::order().completed()`.

use carrot_core::types::ecommerce::{Cart, Order, Product};

/// Socks.
#[must_use]
pub fn product() -> Product {
    Product::new("Socks")
        .amount(4990)
        .url("https://shop.example.com/socks")
        .image("https://shop.example.com/socks.png")
}

/// A cart with the socks.
#[must_use]
pub fn cart() -> Cart {
    Cart::new([product()], 4990)
}

/// The order 42, of the socks.
#[must_use]
pub fn order() -> Order {
    Order::new("42", 4990).human_id("A-42").items(["Socks"])
}
