use super::Step;
use crate::{
    EventProperties, InvalidValue, PropertyOperation, TypedEvent,
    system::{event, property},
};

/// A product of the shop.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Product {
    /// Name, up to 255 characters.
    pub name: String,
    /// Address of its page, up to 255 characters.
    pub url: Option<String>,
    /// Price, from -2^53 to 2^53.
    pub amount: Option<i64>,
    /// Address of its picture, up to 255 characters.
    pub image: Option<String>,
}

impl Product {
    /// A product of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            url: None,
            amount: None,
            image: None,
        }
    }

    /// Sets the address of its page.
    #[must_use = "a setter returns the changed value"]
    pub fn with_url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// Sets its price.
    #[must_use = "a setter returns the changed value"]
    pub fn with_amount(mut self, amount: i64) -> Self {
        self.amount = Some(amount);
        self
    }

    /// Sets the address of its picture.
    #[must_use = "a setter returns the changed value"]
    pub fn with_image(mut self, url: impl Into<String>) -> Self {
        self.image = Some(url.into());
        self
    }

    /// The user viewed it: the event, and `union` of its name to `$viewed_products`.
    ///
    /// # Errors
    ///
    /// The name or an address has more than 255 characters, or the price is out of range.
    pub fn viewed(self) -> Result<Step<ProductViewed>, InvalidValue> {
        let operation = PropertyOperation::union(property::VIEWED_PRODUCTS, &self.name)?;
        Step::new(ProductViewed::new(self), vec![operation])
    }

    pub(super) fn properties(&self) -> Result<EventProperties, InvalidValue> {
        EventProperties::new()
            .with("$name", &self.name)?
            .with_some("$url", self.url.as_ref())?
            .with_some("$amount", self.amount)?
            .with_some("$img", self.image.as_ref())
    }
}

/// `$product_viewed`: the user viewed a product.
///
/// Has `$name`, `$url`, `$amount` and `$img`, as far as they are known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ProductViewed {
    /// The product.
    pub product: Product,
}

impl ProductViewed {
    /// The event alone; [`Product::viewed`] keeps the properties of the user too.
    #[must_use]
    pub fn new(product: Product) -> Self {
        Self { product }
    }
}

impl TypedEvent for ProductViewed {
    fn name(&self) -> &str {
        event::PRODUCT_VIEWED
    }

    fn properties(&self) -> Result<EventProperties, InvalidValue> {
        self.product.properties()
    }
}
