use super::{Product, Step};
use crate::{
    EventProperties, InvalidValue, PropertyOperation, TypedEvent,
    system::{event, property},
};

/// What is in the cart now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Cart {
    /// The products, up to 30.
    pub products: Vec<Product>,
    /// Price of all, with quantities and discounts as the shop reckons them; from -2^53 to 2^53.
    pub amount: i64,
}

impl Cart {
    /// A cart with these products, for this price.
    pub fn new(products: impl IntoIterator<Item = Product>, amount: i64) -> Self {
        Self {
            products: products.into_iter().collect(),
            amount,
        }
    }

    /// The properties of the user after any change of the cart: `update_or_create` of `$cart_items`
    /// and `$cart_amount`. An empty cart deletes both, since the service ignores empty values.
    ///
    /// # Errors
    ///
    /// There are more than 30 products, a name has more than 255 characters, or the price is out of
    /// range.
    pub fn operations(&self) -> Result<Vec<PropertyOperation>, InvalidValue> {
        if self.products.is_empty() {
            return Self::cleared();
        }
        Ok(vec![
            PropertyOperation::update_or_create(property::CART_ITEMS, self.names())?,
            PropertyOperation::update_or_create(property::CART_AMOUNT, self.amount)?,
        ])
    }

    pub(super) fn cleared() -> Result<Vec<PropertyOperation>, InvalidValue> {
        Ok(vec![
            PropertyOperation::delete(property::CART_ITEMS)?,
            PropertyOperation::delete(property::CART_AMOUNT)?,
        ])
    }

    /// The user put `product` into the cart, and this is the cart with it: the event, and
    /// [`operations`](Self::operations).
    ///
    /// # Errors
    ///
    /// Those of [`operations`](Self::operations), and the same limits for `product`.
    pub fn added(&self, product: Product) -> Result<Step<CartAdded>, InvalidValue> {
        Step::new(CartAdded::new(product), self.operations()?)
    }

    /// The user looked at the cart. Nothing of the user changes.
    #[must_use]
    pub fn viewed(self) -> CartViewed {
        CartViewed::new(self.products)
    }

    fn names(&self) -> Vec<&String> {
        self.products.iter().map(|product| &product.name).collect()
    }
}

/// `$cart_added`: the user put a product into the cart.
///
/// Has `$name`, `$url`, `$amount` and `$img`, as far as they are known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct CartAdded {
    /// The product.
    pub product: Product,
}

impl CartAdded {
    /// The event alone; [`Cart::added`] keeps the properties of the user too.
    #[must_use]
    pub fn new(product: Product) -> Self {
        Self { product }
    }
}

impl TypedEvent for CartAdded {
    fn name(&self) -> &str {
        event::CART_ADDED
    }

    fn properties(&self) -> Result<EventProperties, InvalidValue> {
        self.product.properties()
    }
}

/// `$cart_viewed`: the user looked at the cart.
///
/// Has `$name`, `$url`, `$amount` and `$img`, each a list with a text for every product, in one order.
/// A list is left out when no product has such a text; otherwise an empty text stands for a product
/// that has none, so that the lists stay parallel. Prices are texts there: lists hold nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct CartViewed {
    /// The products, up to 30.
    pub products: Vec<Product>,
}

impl CartViewed {
    /// The event for a cart with these products.
    pub fn new(products: impl IntoIterator<Item = Product>) -> Self {
        Self {
            products: products.into_iter().collect(),
        }
    }

    fn parallel(&self, of: impl Fn(&Product) -> Option<String>) -> Option<Vec<String>> {
        let texts: Vec<Option<String>> = self.products.iter().map(of).collect();
        let any = texts.iter().any(Option::is_some);
        any.then(|| texts.into_iter().map(Option::unwrap_or_default).collect())
    }
}

impl TypedEvent for CartViewed {
    fn name(&self) -> &str {
        event::CART_VIEWED
    }

    fn properties(&self) -> Result<EventProperties, InvalidValue> {
        let amount = |product: &Product| product.amount.map(|amount| amount.to_string());
        EventProperties::new()
            .with_some("$name", self.parallel(|product| Some(product.name.clone())))?
            .with_some("$url", self.parallel(|product| product.url.clone()))?
            .with_some("$amount", self.parallel(amount))?
            .with_some("$img", self.parallel(|product| product.image.clone()))
    }
}
