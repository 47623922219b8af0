//! Strategies of [`proptest`] that make any value of the models.
//!
//! Every value that they make survives JSON: what is written is read as the same value. They are what
//! a response can hold, so an id may be 0, which every request rejects; see [`ConversationId::new`].
//!
//! [`ConversationId::new`]: crate::ConversationId::new
//!
//! ```
//! use carrot_types::{User, arbitrary};
//! use proptest::prelude::*;
//!
//! proptest!(|(user in arbitrary::user())| {
//!     let json = serde_json::to_string(&user)?;
//!     prop_assert_eq!(serde_json::from_str::<User>(&json)?, user);
//! });
//! ```

/// Gives each named field a value of a strategy of its own. A tuple of strategies ends at 12.
macro_rules! with_fields {
    ($model:expr, { $( $field:ident : $strategy:expr ),* $(,)? }) => {{
        let model = ::proptest::prelude::Strategy::boxed($model);
        $(
            let model = ::proptest::prelude::Strategy::boxed(
                ::proptest::prelude::Strategy::prop_map(
                    (model, $strategy),
                    |(mut model, value)| {
                        model.$field = value;
                        model
                    },
                )
            );
        )*
        model
    }};
}

mod objects;
mod responses;
mod values;

#[cfg(test)]
mod round_trip;

pub use self::{
    objects::{
        admin, attachment, author, channel, conversation, conversation_part, conversation_ref,
        email_status, event, event_summary, event_type, message_sender, note, presence_details,
        segment, user, user_tag,
    },
    responses::{
        action_receipt, envelope, import_report, meta, property_report, reply_receipt,
        sent_message, started_conversation,
    },
    values::{
        cursor, date_time, id, json, moment, next_position, nullable, open_enum, property_map,
        random_id, text, timestamp,
    },
};
