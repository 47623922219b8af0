//! The ids of the service: unsigned 64-bit numbers, each object with a type of its own.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::{
    InvalidValue,
    serde_util::{
        digits::parse_digits,
        from_json::{FromJson, Scalar},
        lenient,
    },
};

macro_rules! ids {
    ($( $(#[$attribute:meta])* $name:ident, $field:literal; )+) => { $(
        $(#[$attribute])*
        ///
        /// An unsigned 64-bit number, 1 or more; reads a JSON number or a string of digits (the
        /// service sends strings when asked with `id_as_string`), and writes a number.
        /// Source: <https://developers.dashly.io/webapi/types/>
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(u64);

        impl $name {
            /// Creates an id from its number. Zero is not an id: building a request with it fails.
            #[must_use]
            pub const fn new(number: u64) -> Self {
                Self(number)
            }

            /// Returns the number.
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }
        }

        impl From<$name> for u64 {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidValue;

            /// Reads decimal digits.
            ///
            /// # Errors
            ///
            /// Anything but the digits of a number from 0 to 2^64-1.
            fn from_str(text: &str) -> Result<Self, InvalidValue> {
                parse_digits(text).map(Self).ok_or_else(|| {
                    InvalidValue::new($field, "must be a number from 1 to 2^64-1 in decimal digits")
                })
            }
        }

        /// The id alone, or an object that has it: the service sends both in many fields.
        impl FromJson for $name {
            fn from_whole(number: u64) -> Option<Self> {
                Some(Self(number))
            }

            fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
                match scalar {
                    Scalar::Text(text) => parse_digits(&text).map(Self),
                    scalar => u64::from_scalar(scalar).map(Self),
                }
            }

            fn from_object(object: Map<String, Value>) -> Option<Self> {
                lenient::id_of(&object).map(Self)
            }

            fn from_required<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::deserialize(deserializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                lenient::id(deserializer).map(Self)
            }
        }
    )+ };
}

ids! {
    /// Id of an operator ("admin") of the site.
    AdminId, "admin id";
    /// Id of an app: one site or product connected to the service.
    AppId, "app id";
    /// Id of an article of the knowledge base.
    ArticleId, "article id";
    /// Id of a file in a conversation.
    AttachmentId, "attachment id";
    /// Id of a channel: a mailbox, a messenger or a team inbox.
    ChannelId, "channel id";
    /// Id of a conversation.
    ///
    /// Every object has an id type of its own, so ids that are swapped by mistake do not compile:
    ///
    /// ```compile_fail,E0277
    /// use carrot_types::{ConversationId, PartId};
    ///
    /// let conversation: ConversationId = PartId::new(7).into();
    /// ```
    ConversationId, "conversation id";
    /// Id of a record on the subscription state of an e-mail address.
    EmailStatusId, "e-mail status id";
    /// Id of a recorded event.
    EventId, "event id";
    /// Id of an event type: all events of one name.
    EventTypeId, "event type id";
    /// Id of the e-mail that a conversation part came from.
    InboundEmailId, "inbound e-mail id";
    /// Id of a manual, automatic or bot message.
    MessageId, "message id";
    /// Id of a note on a user.
    NoteId, "note id";
    /// Id of a question: the parts of a conversation between two closings.
    PartGroupId, "part group id";
    /// Id of a conversation part: a message, a note or a system record.
    PartId, "part id";
    /// Id of a segment of users.
    SegmentId, "segment id";
    /// Id of a message sender: the name and face of automatic messages.
    SenderId, "sender id";
    /// Id that the service gave a user ("Carrotquest ID", "Dashly ID").
    /// For an id of your own see [`UserRef::external`](crate::UserRef::external).
    UserId, "user id";
    /// Id of a tag on a user.
    UserTagId, "user tag id";
}

impl ConversationId {
    /// Returns the address of the conversation in the admin panel of Carrot quest.
    ///
    /// Seen in a public client and not documented. The address of Dashly's panel is not known.
    ///
    /// ```
    /// use carrot_types::{AppId, ConversationId};
    ///
    /// assert_eq!(
    ///     ConversationId::new(716).panel_url(AppId::new(42)),
    ///     "https://carrotquest.io/panel/42/conversations/716",
    /// );
    /// ```
    #[must_use]
    pub fn panel_url(self, app: AppId) -> String {
        format!("https://carrotquest.io/panel/{app}/conversations/{self}")
    }
}
