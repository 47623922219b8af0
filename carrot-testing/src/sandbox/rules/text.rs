use carrot_core::types::ErrorCode;

use super::{call::Call, response::Failure};

/// The vendor does not document the limit behind `ReplyTooBig`; this is the sandbox's.
pub(in crate::sandbox) const MAX_BODY_CHARS: usize = 65_536;

/// A correlation number: 32 bits, with or without a sign; 0 when absent.
pub(in crate::sandbox) fn random_id(call: &Call, name: &str) -> Result<i64, Failure> {
    let limits = i64::from(i32::MIN)..=i64::from(u32::MAX);
    Ok(call.parameters.integer(name, limits)?.unwrap_or(0))
}

pub(in crate::sandbox) fn check_body(body: &str) -> Result<&str, Failure> {
    if body.chars().count() > MAX_BODY_CHARS {
        let message = format!("`body` must have at most {MAX_BODY_CHARS} characters");
        return Err(Failure::new(ErrorCode::ReplyTooBig, message));
    }
    Ok(body)
}
