use carrot_types::Envelope;
use http::Method;
use serde_json::Value;

use super::request_parts;
use crate::{
    ApiContext, ApiVersion, Endpoint,
    endpoint::{
        EncodeResponse, RequestParts, RequestView, ResponseError, nonce_setter, response,
        write_nonce,
    },
    types::{
        Empty, InvalidValue, PropertyOperation, PropertyReport, PropertyValue, UserRef,
        system::property,
    },
};

/// `POST /users/{id}/props`: sets, changes and deletes properties of a user.
///
/// The operations run in their order. An invalid operation does not stop the others: the response
/// lists changed properties and ignored operations.
///
/// * Scope: `user-write`.
/// * An unknown external id creates the user.
/// * 1 to 250 operations in one request. For many users see
///   [`PropertyChange`](super::PropertyChange).
/// * A `$phone` with a `+` is rejected before sending. The service returns success for it, but lists it
///   in [`not_changed`](PropertyReport::not_changed) and does not store it (observed once on the live
///   service). [`PropertyOperation::phone`] sends only the digits.
/// * `not_changed` means that the value was not written: the property had it already, or the service
///   ignored it. The latter is observed; the vendor's page mentions only the former.
/// * Idempotent: yes, unless an operation adds to a number or appends to a list, or
///   [`double_subscribe`](Self::double_subscribe) may send an e-mail to the user.
/// * Source: <https://developers.dashly.io/webapi/endpoints/users/props>
///
/// ```
/// # async fn example(client: &carrot_core::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use carrot_core::{
///     types::{PropertyOperation, UserRef},
///     users,
/// };
///
/// let report = client
///     .call(
///         users::SetProps::new(UserRef::external("order-42"))
///             .with(PropertyOperation::update_or_create("$name", "Alex")?)
///             .with(PropertyOperation::add("orders", 1)?),
///     )
///     .await?;
/// println!("changed: {:?}, ignored: {:?}", report.affected, report.ignored);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "does nothing until it is called"]
pub struct SetProps {
    user: UserRef,
    operations: Vec<PropertyOperation>,
    double_subscribe: Option<bool>,
    parse_custom_props_type: Option<bool>,
    source: Option<Value>,
    nonce: Option<String>,
}

impl SetProps {
    /// The maximum number of operations in one request.
    pub const MAX_OPERATIONS: usize = 250;

    /// Creates a request without operations; add at least one.
    pub fn new(user: impl Into<UserRef>) -> Self {
        Self {
            user: user.into(),
            operations: Vec::new(),
            double_subscribe: None,
            parse_custom_props_type: None,
            source: None,
            nonce: None,
        }
    }

    /// Adds an operation.
    pub fn with(mut self, operation: PropertyOperation) -> Self {
        self.operations.push(operation);
        self
    }

    /// Adds operations.
    pub fn with_all(mut self, operations: impl IntoIterator<Item = PropertyOperation>) -> Self {
        self.operations.extend(operations);
        self
    }

    /// Sets whether a change of `$email` subscribes a user again who has unsubscribed
    /// (`double_subscribe`). With double opt-in the service sends a confirmation e-mail first.
    pub fn double_subscribe(mut self, allowed: bool) -> Self {
        self.double_subscribe = Some(allowed);
        self
    }

    /// Sets whether the service guesses the type of custom properties (`parse_custom_props_type`): the
    /// text `"12345"` becomes a number. True by default.
    pub fn parse_custom_props_type(mut self, guess: bool) -> Self {
        self.parse_custom_props_type = Some(guess);
        self
    }

    /// Sets the source of the `$email` or `$phone` in this request: a JSON object such as
    /// `{"id": "123123", "type": "run_script"}`. The vendor does not document the allowed types.
    pub fn source(mut self, source: impl Into<Value>) -> Self {
        self.source = Some(source.into());
        self
    }
}

nonce_setter!(SetProps);

impl Endpoint for SetProps {
    type Output = PropertyReport;
    const NAME: &'static str = "users.set_props";
    const SCOPES: &'static [&'static str] = &["user-write"];

    const IDEMPOTENT: bool = false;

    fn is_idempotent(&self) -> bool {
        let sends_no_mail = self.double_subscribe != Some(true);
        let same_twice = self.operations.iter().all(PropertyOperation::is_idempotent);
        sends_no_mail && same_twice
    }

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        let operations = self.operations.len();
        if !(1..=Self::MAX_OPERATIONS).contains(&operations) {
            return Err(InvalidValue::new(
                "operations",
                format!(
                    "must be 1 to {} in one request, got {operations}",
                    Self::MAX_OPERATIONS
                ),
            ));
        }
        self.operations.iter().try_for_each(check_phone)?;
        if self
            .source
            .as_ref()
            .is_some_and(|source| !source.is_object())
        {
            return Err(InvalidValue::new("source", "must be a JSON object"));
        }
        let mut request = request_parts(Method::POST, &self.user, Some("props"), context)?;
        let parameters = &mut request.parameters;
        parameters.json("operations", &self.operations)?;
        parameters.optional_flag("double_subscribe", self.double_subscribe);
        parameters.optional_flag("parse_custom_props_type", self.parse_custom_props_type);
        if let Some(source) = &self.source {
            parameters.json("source", source)?;
        }
        write_nonce(parameters, self.nonce.as_deref())?;
        Ok(request)
    }

    fn decode(&self, _version: ApiVersion, body: &[u8]) -> Result<PropertyReport, ResponseError> {
        response::optional::<Empty>(body).map(|envelope| PropertyReport::from(envelope.meta))
    }
}

impl EncodeResponse for SetProps {
    fn encode(
        _request: &RequestView<'_>,
        report: &PropertyReport,
    ) -> Result<Value, serde_json::Error> {
        let mut envelope = Envelope::ok(Empty::new());
        envelope.meta.affected_props = Some(report.affected.clone());
        envelope.meta.not_changed_props = Some(report.not_changed.clone());
        envelope.meta.ignored_operations = Some(report.ignored.clone());
        serde_json::to_value(envelope)
    }
}

/// Rejects a phone number that the service accepts and does not store.
pub(super) fn check_phone(operation: &PropertyOperation) -> Result<(), InvalidValue> {
    let phone = operation.value().and_then(PropertyValue::as_text);
    let is_phone = operation.name().as_str() == property::PHONE;
    if is_phone && phone.is_some_and(|phone| phone.trim_start().starts_with('+')) {
        return Err(InvalidValue::new(
            "value of $phone",
            "must not start with `+`, since the service would not store it: send only the digits, as \
             `PropertyOperation::phone` does",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::UserId;

    #[test]
    fn decodes_responses_of_both_versions() {
        let endpoint = SetProps::new(UserId::new(1));
        let v1 =
            br#"{"meta":{"status":200,"affected_props":["a"],"ignored_operations":[]},"data":{}}"#;
        let report = endpoint.decode(ApiVersion::V1, v1).expect("a report");
        assert_eq!(report.affected, ["a"]);
        let v2 = br#"{"meta":{"status":200,"affected_props":["a"],"not_changed_props":["b"],"ignored_operations":[{"op":"add","key":"c","value":"x","reason":"no number"}]},"data":{}}"#;
        let report = endpoint.decode(ApiVersion::V2, v2).expect("a report");
        assert_eq!((report.not_changed.len(), report.ignored.len()), (1, 1));
    }
}
