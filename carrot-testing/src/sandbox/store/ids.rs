use serde::{Deserialize, Serialize};

/// The last id of each kind that was given out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sandbox) struct Ids {
    user: u64,
    conversation: u64,
    part: u64,
    group: u64,
    event: u64,
    event_type: u64,
    message: u64,
    attachment: u64,
    tag: u64,
    email_status: u64,
    webhook: u64,
    note: u64,
}

impl Ids {
    /// Most ids exceed 2^53, as real ones do, so that a reader that parses them as floats fails its test.
    pub(super) const START: Self = Self {
        user: 1_448_121_617_782_670_208,
        conversation: 2_155_668_332_815_057_076,
        part: 2_155_668_332_900_000_000,
        group: 2_155_668_333_000_000_000,
        event: 2_155_668_334_000_000_000,
        event_type: 5_000,
        message: 12_000,
        attachment: 2_155_668_335_000_000_000,
        tag: 15_131_000,
        email_status: 900,
        webhook: 0,
        note: 16,
    };
}

/// True for a counter that stands so near to its end that requests could use it up.
pub(in crate::sandbox) fn is_exhausted(counter: u64) -> bool {
    counter > u64::MAX - (1 << 32)
}

macro_rules! counters {
    ($($method:ident: $field:ident),+ $(,)?) => {
        impl Ids {
            $( pub(in crate::sandbox) fn $method(&mut self) -> u64 {
                self.$field = self.$field.saturating_add(1);
                self.$field
            } )+

            /// The first counter that has no room left.
            pub(in crate::sandbox) fn exhausted(&self) -> Option<&'static str> {
                let counters = [$( (stringify!($field), self.$field) ),+];
                let found = counters.into_iter().find(|(_, last)| is_exhausted(*last));
                found.map(|(name, _)| name)
            }
        }
    };
}

counters! {
    next_user: user,
    next_conversation: conversation,
    next_part: part,
    next_group: group,
    next_event: event,
    next_event_type: event_type,
    next_message: message,
    next_attachment: attachment,
    next_tag: tag,
    next_email_status: email_status,
    next_webhook: webhook,
    next_note: note,
}
