//! The optional fields of objects, which a request includes or excludes.

use carrot_types::InvalidValue;

use super::Parameters;
use crate::ApiVersion;

/// An optional field of an object of the service.
pub(crate) trait Field: Copy + PartialEq {
    /// Returns the name of the parameter: `include_` and the name of the field.
    fn parameter(self) -> &'static str;
}

macro_rules! fields {
    ($( $(#[$attribute:meta])* $name:ident { $( $(#[$variant_attribute:meta])* $variant:ident = $parameter:literal, )+ } )+) => { $(
        $(#[$attribute])*
        ///
        /// The parameter sent is `include_` and the name of the field, as on one page of the vendor;
        /// another page has the name alone. The vendor does not document whether excluding a default
        /// field works.
        /// Source: <https://developers.carrotquest.io/webapi/objects_optional_fields>
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[$variant_attribute])* $variant, )+
        }

        impl Field for $name {
            fn parameter(self) -> &'static str {
                match self {
                    $( Self::$variant => $parameter, )+
                }
            }
        }
    )+ };
}

fields! {
    /// An optional field of a conversation.
    ConversationField {
        /// The user.
        User = "include_user",
        /// The channel.
        Channel = "include_channel",
        /// The last part, including system records.
        PartLast = "include_part_last",
        /// The last part that the service considers important.
        ImportantPartLast = "include_important_part_last",
        /// The last message of the user or of an operator.
        ReplyLast = "include_reply_last",
    }

    /// An optional field of a conversation part.
    PartField {
        /// The whole conversation instead of its id.
        Conversation = "include_conversation",
    }

    /// An optional field of a channel.
    ChannelField {
        /// Whether a rule moves conversations to the channel.
        AutoSet = "include_auto_set",
        /// The settings of that rule.
        AutoSetSettings = "include_auto_set_settings",
        /// Whether operators can move conversations to the channel.
        Droppable = "include_droppable",
        /// The number of unassigned conversations.
        NotAssignedCount = "include_not_assigned_count",
        /// The number of conversations that wait for a reply.
        NotReadCount = "include_not_read_count",
        /// The operators who may read the channel.
        Operators = "include_operators",
        /// The position in the list of channels.
        Priority = "include_priority",
    }

    /// An optional field of a user.
    UserField {
        /// The system properties.
        Props = "include_props",
        /// The custom properties.
        PropsCustom = "include_props_custom",
        /// The properties derived from events.
        PropsEvents = "include_props_events",
        /// The state of the e-mail subscription.
        EmailStatus = "include_email_status",
        /// Whether the user is online.
        Presence = "include_presence",
        /// The page that the user views.
        PresenceDetails = "include_presence_details",
        /// The segments.
        Segments = "include_segments",
        /// The notes of operators.
        Notes = "include_notes",
        /// The tags.
        Tags = "include_tags",
        /// First, last and count of each event type.
        Events = "include_events",
        /// The time zone.
        TimezoneOffset = "include_timezone_offset",
    }
}

/// The optional fields that a request includes or excludes; others keep the default of the operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fields<F>(Vec<(F, bool)>);

impl<F: Field> Fields<F> {
    pub(crate) fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn set(&mut self, field: F, on: bool) {
        self.0.retain(|(known, _)| *known != field);
        self.0.push((field, on));
    }

    /// Rejects a field in v1, for objects whose v1 pages list no such parameter.
    pub(crate) fn reject_in_v1(&self, version: ApiVersion) -> Result<(), InvalidValue> {
        match self.0.first() {
            Some((field, _)) => version.reject_in_v1(field.parameter(), true),
            None => Ok(()),
        }
    }

    /// Writes the names without `include_`, as on one page of the vendor.
    pub(crate) fn write_bare_to(&self, parameters: &mut Parameters) {
        for (field, on) in &self.0 {
            let name = field.parameter();
            parameters.flag(name.strip_prefix("include_").unwrap_or(name), *on);
        }
    }

    pub(crate) fn write_to(&self, parameters: &mut Parameters) {
        for (field, on) in &self.0 {
            parameters.flag(field.parameter(), *on);
        }
    }
}
