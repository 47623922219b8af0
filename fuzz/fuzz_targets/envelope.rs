//! Responses around a conversation: what is read survives being written.
#![no_main]

use carrot_fuzz::round_trip;
use carrot_types::{Conversation, Envelope};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let _ = round_trip::<Envelope<Conversation>>(body);
});
