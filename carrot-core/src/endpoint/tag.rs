use carrot_types::InvalidValue;

use crate::ApiVersion;

const MAX_TAG_CHARS: usize = 255;

/// Rejects a tag that the service does not accept or would split in two.
pub(crate) fn check_tag(
    version: ApiVersion,
    field: &'static str,
    tag: &str,
) -> Result<(), InvalidValue> {
    let characters = tag.chars().count();
    if !(1..=MAX_TAG_CHARS).contains(&characters) {
        return Err(InvalidValue::new(
            field,
            format!("must be 1 to {MAX_TAG_CHARS} characters, got {characters}"),
        ));
    }
    if tag.chars().any(char::is_control) {
        return Err(InvalidValue::new(
            field,
            "must not contain a line break or another control character",
        ));
    }
    if version == ApiVersion::V1 && tag.contains(',') {
        return Err(InvalidValue::new(
            field,
            "must not contain a comma in v1 of the API, where it separates tags",
        ));
    }
    Ok(())
}
