use std::time::SystemTime;

use carrot_core::types::Timestamp;

/// The date of the machine.
#[expect(
    clippy::disallowed_methods,
    reason = "programs that share no clock with the sandbox have the machine's"
)]
pub(in crate::sandbox) fn today() -> Timestamp {
    SystemTime::now().into()
}
