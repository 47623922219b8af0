use serde::{
    Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::SerializeStruct,
};
use serde_json::Value;

use super::{PropertyName, PropertyValue};
use crate::{InvalidValue, json::Object};

/// One change to one property of a user.
///
/// A request carries up to 250 of them, applied in their order; several may change the same
/// property. The service applies those that it can, and names the others in
/// [`Meta::ignored_operations`](crate::Meta::ignored_operations).
/// Source: <https://developers.dashly.io/webapi/endpoints/users/props>
///
/// ```
/// use carrot_types::PropertyOperation;
///
/// let operations = [
///     PropertyOperation::update_or_create("$name", "Ada")?,
///     PropertyOperation::add("projects", 3)?,
///     PropertyOperation::union("features", "chat")?,
///     PropertyOperation::delete("trial")?,
/// ];
/// assert_eq!(
///     serde_json::to_string(&operations[1])?,
///     r#"{"op":"add","key":"projects","value":3}"#,
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PropertyOperation {
    op: PropertyOperationKind,
    name: PropertyName,
    /// None for a deletion only.
    value: Option<PropertyValue>,
}

/// What a [`PropertyOperation`] does. The vendor documents these seven and no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PropertyOperationKind {
    /// Creates or overwrites the property.
    UpdateOrCreate,
    /// Creates the property where it does not exist.
    SetOnce,
    /// Adds to a number.
    Add,
    /// Deletes the property.
    Delete,
    /// Appends to a list.
    Append,
    /// Appends to a list that does not have the item yet.
    Union,
    /// Removes from a list.
    Exclude,
}

impl PropertyOperationKind {
    /// Returns the operation as it stands in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UpdateOrCreate => "update_or_create",
            Self::SetOnce => "set_once",
            Self::Add => "add",
            Self::Delete => "delete",
            Self::Append => "append",
            Self::Union => "union",
            Self::Exclude => "exclude",
        }
    }

    /// Returns false for `add` and `append`, which change the property once more each time.
    #[must_use]
    pub const fn is_idempotent(self) -> bool {
        !matches!(self, Self::Add | Self::Append)
    }
}

impl PropertyOperation {
    /// Creates the property, or overwrites it (`update_or_create`).
    ///
    /// # Errors
    ///
    /// The name is rejected by [`PropertyName::check`], or the value breaks a limit of
    /// [`PropertyValue`].
    pub fn update_or_create(
        name: impl Into<PropertyName>,
        value: impl TryInto<PropertyValue, Error: Into<InvalidValue>>,
    ) -> Result<Self, InvalidValue> {
        Self::with_value(
            PropertyOperationKind::UpdateOrCreate,
            name.into(),
            value.try_into(),
        )
    }

    /// Sets `$phone` to the digits of a phone number (`update_or_create`): of `+7 (912) 000-00-00` it sends
    /// `79120000000`.
    ///
    /// The service responds with success to a number with a `+` and does not store it (observed).
    ///
    /// # Errors
    ///
    /// The number has no digit, or anything but digits, spaces and `+-.()/`.
    ///
    /// ```
    /// use carrot_types::{PropertyOperation, PropertyValue};
    ///
    /// let operation = PropertyOperation::phone("+7 (912) 000-00-00")?;
    /// let digits = operation.value().and_then(PropertyValue::as_text);
    /// assert_eq!(digits, Some("79120000000"));
    /// # Ok::<(), carrot_types::InvalidValue>(())
    /// ```
    pub fn phone(number: &str) -> Result<Self, InvalidValue> {
        let is_mark = |c: char| c.is_whitespace() || "+-.()/".contains(c);
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        if digits.is_empty() || !number.chars().all(|c| c.is_ascii_digit() || is_mark(c)) {
            let rule = "must be a phone number of digits, spaces and `+-.()/`";
            return Err(InvalidValue::new("value of $phone", rule));
        }
        Self::update_or_create(super::system::PHONE, digits)
    }

    /// Creates the property, and does nothing where it exists (`set_once`).
    ///
    /// # Errors
    ///
    /// The name is rejected by [`PropertyName::check`], or the value breaks a limit of
    /// [`PropertyValue`].
    pub fn set_once(
        name: impl Into<PropertyName>,
        value: impl TryInto<PropertyValue, Error: Into<InvalidValue>>,
    ) -> Result<Self, InvalidValue> {
        Self::with_value(
            PropertyOperationKind::SetOnce,
            name.into(),
            value.try_into(),
        )
    }

    /// Adds `amount` to a number, which starts at 0 where it does not exist; a negative amount is
    /// taken away (`add`).
    ///
    /// # Errors
    ///
    /// The name is rejected by [`PropertyName::check`], or the amount is below -2^53 or above 2^53.
    pub fn add(name: impl Into<PropertyName>, amount: i64) -> Result<Self, InvalidValue> {
        Self::with_value(
            PropertyOperationKind::Add,
            name.into(),
            PropertyValue::integer(amount),
        )
    }

    /// Deletes the property (`delete`). The service ignores the value of a deletion, but its public
    /// clients all send one: `""` is sent.
    ///
    /// # Errors
    ///
    /// The name is rejected by [`PropertyName::check`].
    pub fn delete(name: impl Into<PropertyName>) -> Result<Self, InvalidValue> {
        let name = name.into();
        name.check()?;
        Ok(Self {
            op: PropertyOperationKind::Delete,
            name,
            value: None,
        })
    }

    /// Appends one item to a list, also where the list has it already (`append`).
    ///
    /// # Errors
    ///
    /// The name is rejected by [`PropertyName::check`], or the item has more than 255 characters.
    pub fn append(
        name: impl Into<PropertyName>,
        item: impl Into<String>,
    ) -> Result<Self, InvalidValue> {
        Self::with_value(
            PropertyOperationKind::Append,
            name.into(),
            PropertyValue::text(item),
        )
    }

    /// Appends one item to a list that does not have it yet (`union`).
    ///
    /// # Errors
    ///
    /// The name is rejected by [`PropertyName::check`], or the item has more than 255 characters.
    pub fn union(
        name: impl Into<PropertyName>,
        item: impl Into<String>,
    ) -> Result<Self, InvalidValue> {
        Self::with_value(
            PropertyOperationKind::Union,
            name.into(),
            PropertyValue::text(item),
        )
    }

    /// Removes one item from a list (`exclude`).
    ///
    /// # Errors
    ///
    /// The name is rejected by [`PropertyName::check`], or the item has more than 255 characters.
    pub fn exclude(
        name: impl Into<PropertyName>,
        item: impl Into<String>,
    ) -> Result<Self, InvalidValue> {
        Self::with_value(
            PropertyOperationKind::Exclude,
            name.into(),
            PropertyValue::text(item),
        )
    }

    fn with_value<E: Into<InvalidValue>>(
        op: PropertyOperationKind,
        name: PropertyName,
        value: Result<PropertyValue, E>,
    ) -> Result<Self, InvalidValue> {
        name.check()?;
        let value = value.map_err(|error| error.into().in_value_of(name.as_str()))?;
        if value.as_raw().is_some() {
            let rule = "must be an integer, a text, a boolean, a date or a list of texts: only events have \
                        raw values";
            return Err(InvalidValue::new("property value", rule).in_value_of(name.as_str()));
        }
        Ok(Self {
            op,
            name,
            value: Some(value),
        })
    }

    /// Returns the kind of the operation.
    #[must_use]
    pub fn op(&self) -> PropertyOperationKind {
        self.op
    }

    /// Returns the name of the property that it changes.
    #[must_use]
    pub fn name(&self) -> &PropertyName {
        &self.name
    }

    /// Returns what it sets, adds, appends or removes; nothing for a deletion.
    #[must_use]
    pub fn value(&self) -> Option<&PropertyValue> {
        self.value.as_ref()
    }

    /// Returns true when applying it twice does no more than applying it once: all but `add` and `append`.
    #[must_use]
    pub fn is_idempotent(&self) -> bool {
        self.op.is_idempotent()
    }
}

impl Serialize for PropertyOperation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("PropertyOperation", 3)?;
        fields.serialize_field("op", &self.op)?;
        fields.serialize_field("key", &self.name)?;
        match &self.value {
            Some(value) => fields.serialize_field("value", value)?,
            None => fields.serialize_field("value", "")?,
        }
        fields.end()
    }
}

/// Reads what was sent, with the same checks: the service repeats the operations that it ignored,
/// with a `reason` beside. The amount of `add` may be a string, as the vendor's example has it, and
/// stays one.
impl<'de> Deserialize<'de> for PropertyOperation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename = "PropertyOperation")]
        struct Stored {
            op: PropertyOperationKind,
            key: PropertyName,
            #[serde(default)]
            value: Value,
        }
        let Object(Stored { op, key, value }) = Object::deserialize(deserializer)?;
        if op == PropertyOperationKind::Delete {
            return Self::delete(key).map_err(D::Error::custom);
        }
        let value = PropertyValue::deserialize(value).map_err(D::Error::custom)?;
        let rule = match op {
            PropertyOperationKind::Add if !is_amount(&value) => {
                Some("must be an integer from -2^53 to 2^53")
            }
            PropertyOperationKind::Append
            | PropertyOperationKind::Union
            | PropertyOperationKind::Exclude
                if value.as_text().is_none() =>
            {
                Some("must be a string")
            }
            _ => None,
        };
        let value = match rule {
            Some(rule) => Err(InvalidValue::new("property value", rule)),
            None => Ok(value),
        };
        Self::with_value(op, key, value).map_err(D::Error::custom)
    }
}

fn is_amount(value: &PropertyValue) -> bool {
    let written = value.as_text().and_then(|text| text.parse::<i64>().ok());
    value
        .as_integer()
        .or(written)
        .is_some_and(|amount| PropertyValue::integer(amount).is_ok())
}
