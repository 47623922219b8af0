//! The optional fields of objects, which a request switches on or off.

use carrot_types::InvalidValue;

use super::Parameters;
use crate::ApiVersion;

/// An optional field of an object of the service.
pub(crate) trait Field: Copy + PartialEq {
    /// The parameter that switches it: `include_` and the name of the field.
    fn parameter(self) -> &'static str;
}

macro_rules! fields {
    ($( $(#[$attribute:meta])* $name:ident { $( $(#[$variant_attribute:meta])* $variant:ident = $parameter:literal, )+ } )+) => { $(
        $(#[$attribute])*
        ///
        /// One page names the switch `include_` and the field, and that is what is sent; another leaves
        /// open whether it is the bare name. Whether switching a field off works where it comes by
        /// default is not documented.
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
        /// The last part, records of the system included.
        PartLast = "include_part_last",
        /// The last part that the service holds for important.
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
        /// Whether conversations are moved to the channel by a rule.
        AutoSet = "include_auto_set",
        /// The settings of that rule.
        AutoSetSettings = "include_auto_set_settings",
        /// Whether conversations can be moved there by hand.
        Droppable = "include_droppable",
        /// How many conversations have no operator.
        NotAssignedCount = "include_not_assigned_count",
        /// How many conversations wait for an answer.
        NotReadCount = "include_not_read_count",
        /// The operators who may read the channel.
        Operators = "include_operators",
        /// The place in the list of channels.
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
        /// Where the user is on the site.
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

/// Which optional fields are switched on or off; the rest is as the operation has it by default.
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

    /// Refuses a field that is switched, where the pages of v1 list no such parameter.
    pub(crate) fn reject_in_v1(&self, version: ApiVersion) -> Result<(), InvalidValue> {
        match self.0.first() {
            Some((field, _)) => version.reject_in_v1(field.parameter(), true),
            None => Ok(()),
        }
    }

    /// Writes the names without `include_`, which one page has.
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
