use super::request_parts;
use crate::{
    ApiContext, ApiVersion, Endpoint,
    endpoint::{ChannelField, EncodeResponse, Fields, RequestParts, ResponseError, response},
    types::{Channel, InvalidValue},
};

/// `GET /apps/{id}/channels`: lists the channels of the app: mailboxes, messengers, team inboxes.
///
/// * Scope: not documented.
/// * Returns all channels at once; the vendor documents no paging.
/// * Idempotent: yes.
/// * Source: <https://developers.carrotquest.io/webapi/endpoints/apps/channels>
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "does nothing until it is called"]
pub struct Channels {
    fields: Fields<ChannelField>,
}

impl Channels {
    /// The optional fields that the service returns by default: all of them.
    pub const DEFAULT_FIELDS: &[ChannelField] = &[
        ChannelField::AutoSet,
        ChannelField::AutoSetSettings,
        ChannelField::Droppable,
        ChannelField::NotAssignedCount,
        ChannelField::NotReadCount,
        ChannelField::Operators,
        ChannelField::Priority,
    ];

    /// Creates a request for all channels.
    pub fn new() -> Self {
        Self {
            fields: Fields::new(),
        }
    }

    /// Adds an optional field.
    pub fn include(mut self, field: ChannelField) -> Self {
        self.fields.set(field, true);
        self
    }

    /// Leaves an optional field out.
    pub fn exclude(mut self, field: ChannelField) -> Self {
        self.fields.set(field, false);
        self
    }
}

impl Default for Channels {
    fn default() -> Self {
        Self::new()
    }
}

impl Endpoint for Channels {
    type Output = Vec<Channel>;
    const NAME: &'static str = "apps.channels";

    const IDEMPOTENT: bool = true;

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        let mut request = request_parts(context, "channels")?;
        self.fields.write_to(&mut request.parameters);
        Ok(request)
    }

    fn decode(&self, _version: ApiVersion, body: &[u8]) -> Result<Self::Output, ResponseError> {
        response::data(body)
    }
}

impl EncodeResponse for Channels {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::ChannelId;

    #[test]
    fn decodes_vendor_sample() {
        let body = r#"{"meta":{"status":200},"data":[{"id":5,"name":"Тестовый канал","avatar":"","droppable":true,"type":"manual","operators":[{"id":564,"name":"Support","avatar":"https://files.carrotquest.io/avatars/default-v2.png","type":"admin"}],"not_assigned_count":0,"not_read_count":0,"read_permission":true}]}"#;
        let channels = Channels::new()
            .decode(ApiVersion::V2, body.as_bytes())
            .expect("channels");
        assert_eq!(channels[0].id, ChannelId::new(5));
    }
}
