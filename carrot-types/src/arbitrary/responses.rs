//! The responses of operations, and their envelope.

use proptest::{collection::btree_map, collection::vec, option, prelude::*};

use super::{
    objects::conversation_part,
    values::{id, json, next_after, next_position, open_enum, text},
};
use crate::{
    ActionReceipt, Envelope, ErrorCode, ImportReport, Meta, PropertyReport, ReplyReceipt,
    SentMessage, StartedConversation,
};

/// Any response to assigning, tagging and closing.
pub fn action_receipt() -> BoxedStrategy<ActionReceipt> {
    with_fields!(Just(ActionReceipt::new()), {
        part: option::of(id()),
        part_group: option::of(id()),
    })
}

/// Any response to starting a conversation.
pub fn started_conversation() -> impl Strategy<Value = StartedConversation> + Clone {
    id().prop_map(StartedConversation::new)
}

/// Any response to sending a message.
pub fn sent_message() -> impl Strategy<Value = SentMessage> + Clone {
    (id(), id()).prop_map(|(conversation, message)| SentMessage::new(conversation, message))
}

/// Any response to a reply.
pub fn reply_receipt() -> BoxedStrategy<ReplyReceipt> {
    with_fields!(conversation_part().prop_map(ReplyReceipt::new), {
        assign_part: option::of(conversation_part()),
    })
}

/// Any response to setting properties.
pub fn property_report() -> BoxedStrategy<PropertyReport> {
    with_fields!(Just(PropertyReport::new()), {
        affected: vec(text(), 0..3),
        not_changed: vec(text(), 0..3),
        ignored: vec(json(), 0..3),
    })
}

/// Any response to an import.
pub fn import_report() -> BoxedStrategy<ImportReport> {
    with_fields!(Just(ImportReport::new()), {
        row_errors: btree_map(any::<u64>(), text(), 0..3),
        updates_planned: any::<Option<u64>>(),
    })
}

/// Any facts about a response.
pub fn meta() -> BoxedStrategy<Meta> {
    with_fields!(any::<u16>().prop_map(Meta::new), {
        error: option::of(open_enum(ErrorCode::KNOWN)),
        error_message: option::of(text()),
        error_fields: option::of(json()),
        next_before_position: next_position(),
        next_after_position: next_position(),
        next_after: next_after(),
        affected_props: option::of(vec(text(), 0..3)),
        not_changed_props: option::of(vec(text(), 0..3)),
        ignored_operations: option::of(vec(json(), 0..3)),
    })
}

/// Any response around data of the given strategy.
pub fn envelope<S>(data: S) -> impl Strategy<Value = Envelope<S::Value>>
where
    S: Strategy,
{
    (meta(), data).prop_map(|(meta, data)| {
        let mut envelope = Envelope::ok(data);
        envelope.meta = meta;
        envelope
    })
}
