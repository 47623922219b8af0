//! The checks that several kinds of values share, each with one wording.

use crate::InvalidValue;

/// Rejects more than `limit` of `unit`, as in "must be at most 255 characters, got 256".
pub(crate) fn at_most(
    field: &'static str,
    limit: usize,
    unit: &str,
    got: usize,
) -> Result<(), InvalidValue> {
    if got > limit {
        return Err(InvalidValue::new(
            field,
            format!("must be at most {limit} {unit}, got {got}"),
        ));
    }
    Ok(())
}

/// Rejects a text of more than `limit` characters.
pub(crate) fn characters(
    field: &'static str,
    limit: usize,
    text: &str,
) -> Result<(), InvalidValue> {
    // A character has one to four bytes: most texts are told short without counting.
    if text.len() <= limit {
        return Ok(());
    }
    at_most(field, limit, "characters", text.chars().count())
}

/// Rejects a name that is empty or that nobody could see.
pub(crate) fn name(field: &'static str, text: &str) -> Result<(), InvalidValue> {
    if text.is_empty() {
        return Err(InvalidValue::new(field, "must not be empty"));
    }
    if text.chars().any(char::is_control) {
        return Err(InvalidValue::new(
            field,
            "must not contain control characters",
        ));
    }
    Ok(())
}
