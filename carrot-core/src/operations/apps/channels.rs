use super::describe;
use crate::{
    ApiContext, Endpoint,
    endpoint::{ChannelField, Fields, RequestParts},
    types::{Channel, InvalidValue},
};

/// `GET /apps/{id}/channels`: lists the channels of the app: mailboxes, messengers, team inboxes.
///
/// * Right of the token: not documented.
/// * All in one answer; the vendor mentions no pages.
/// * Safe to repeat: yes.
/// * Source: <https://developers.carrotquest.io/webapi/endpoints/apps/channels>
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "does nothing until it is called"]
pub struct Channels {
    fields: Fields<ChannelField>,
}

impl Channels {
    /// The optional fields that come without being asked for: all of them.
    pub const DEFAULT_FIELDS: &[ChannelField] = &[
        ChannelField::AutoSet,
        ChannelField::AutoSetSettings,
        ChannelField::Droppable,
        ChannelField::NotAssignedCount,
        ChannelField::NotReadCount,
        ChannelField::Operators,
        ChannelField::Priority,
    ];

    /// Lists the channels.
    pub fn new() -> Self {
        Self {
            fields: Fields::new(),
        }
    }

    /// Switches an optional field on or off.
    pub fn field(mut self, field: ChannelField, on: bool) -> Self {
        self.fields.set(field, on);
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
        let mut description = describe(context, "channels")?;
        self.fields.describe(&mut description.parameters);
        Ok(description)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ApiVersion, types::ChannelId};

    #[test]
    fn reads_the_response_of_the_vendors_page() {
        let body = r#"{"meta":{"status":200},"data":[{"id":5,"name":"Тестовый канал","avatar":"","droppable":true,"type":"manual","operators":[{"id":564,"name":"Support","avatar":"https://files.carrotquest.io/avatars/default-v2.png","type":"admin"}],"not_assigned_count":0,"not_read_count":0,"read_permission":true}]}"#;
        let channels = Channels::new()
            .decode(ApiVersion::V2, body.as_bytes())
            .expect("channels");
        assert_eq!(channels[0].id, ChannelId::new(5));
    }
}
