use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};

use super::*;
use crate::*;

/// Asserts that a value survives JSON, as text and as a tree.
fn survives<T>(value: &T) -> Result<(), TestCaseError>
where
    T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let text = serde_json::to_string(value)?;
    prop_assert_eq!(&serde_json::from_str::<T>(&text)?, value, "{}", text);
    let tree = serde_json::to_value(value)?;
    prop_assert_eq!(&serde_json::from_value::<T>(tree)?, value, "{}", text);
    Ok(())
}

macro_rules! survive {
    ($( $test:ident : $strategy:expr; )+) => { proptest! {
        $(
            #[test]
            fn $test(value in $strategy) {
                survives(&value)?;
            }
        )+
    } };
}

survive! {
    action_receipts: action_receipt();
    admins: admin();
    attachments: attachment();
    authors: author();
    channels: channel();
    conversation_parts: conversation_part();
    conversation_refs: conversation_ref();
    conversations: conversation();
    cursors: cursor();
    dates: date_time();
    email_statuses: email_status();
    event_summaries: event_summary();
    event_types: event_type();
    events: event();
    ids: id::<UserId>();
    import_reports: import_report();
    message_senders: message_sender();
    moments: moment();
    notes: note();
    part_types: open_enum::<PartType>(PartType::KNOWN);
    presence_details_of_users: presence_details();
    property_maps: property_map();
    property_reports: property_report();
    random_ids: random_id();
    reply_receipts: reply_receipt();
    segments: segment();
    sent_messages: sent_message();
    started_conversations: started_conversation();
    timestamps: timestamp();
    user_tags: user_tag();
    users: user();
}

proptest! {
    #[test]
    fn any_json_is_read_or_rejected(json in json()) {
        let text = json.to_string();
        if let Ok(Author::Other(kept)) = serde_json::from_str(&text) {
            prop_assert_eq!(kept, json);
        }
        let _ = serde_json::from_str::<Conversation>(&text);
        let _ = serde_json::from_str::<User>(&text);
    }

    // The tree form of `serde_json` changes the spaces of a cursor, so responses go as text.
    #[test]
    fn responses(envelope in envelope(action_receipt())) {
        let text = serde_json::to_string(&envelope)?;
        prop_assert_eq!(serde_json::from_str::<Envelope<ActionReceipt>>(&text)?, envelope);
    }
}
