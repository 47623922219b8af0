use serde::Serialize;

use crate::{AppId, Moment, UserTagId};

/// A tag on a user. (The tags of a conversation are plain strings.)
///
/// Source: <https://developers.carrotquest.io/objects/usertag>
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct UserTag {
    /// Its id.
    pub id: UserTagId,
    /// The app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<AppId>,
    /// The name. The service encodes it as JSON once more, so that it comes with quotation marks
    /// inside the string: they are taken off here, and put on again when written.
    #[serde(
        serialize_with = "encoded::serialize",
        skip_serializing_if = "Option::is_none"
    )]
    pub name: Option<String>,
    /// When the tag was deleted. Documented as seconds; other objects have a date in a field of
    /// this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed: Option<Moment>,
}

model!(UserTag::new(id: UserTagId => with_id) {
    with_app(app: AppId),
    with_name(name: String) via encoded::decode,
    with_removed(removed: Moment),
});

/// The name of a tag: JSON inside a string.
mod encoded {
    use serde::{Serializer, ser::Error};

    pub(super) fn decode(name: Option<String>) -> Option<String> {
        name.map(|text| {
            // JSON of another kind, such as a tag that is called `123`, is not an encoded name.
            let inner = text.starts_with('"').then(|| serde_json::from_str(&text));
            match inner {
                Some(Ok(inner)) => inner,
                _ => text,
            }
        })
    }

    pub(super) fn serialize<S: Serializer>(
        name: &Option<String>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match name {
            None => serializer.serialize_none(),
            Some(name) => {
                let encoded = serde_json::to_string(name).map_err(S::Error::custom)?;
                serializer.serialize_str(&encoded)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Timestamp, serde_util::check::reads};

    #[test]
    fn reads_the_sample() {
        let tag: UserTag = reads(
            r#"{"id": 15131846, "app": 123, "name": "\"Название тега\"", "removed": null}"#,
            &[],
        );
        assert_eq!(
            tag,
            UserTag::new(UserTagId::new(15_131_846))
                .with_app(AppId::new(123))
                .with_name("Название тега")
        );
        let removed: UserTag = reads(r#"{"id": "1", "removed": 1440415123}"#, &[]);
        assert_eq!(removed.removed, Some(Timestamp::from(1_440_415_123).into()));
    }

    #[test]
    fn an_unencoded_name_is_kept() {
        for name in ["vip", "\"vip", "\"a\"b\"", "123", "null", ""] {
            let json = serde_json::json!({"id": 1, "name": name});
            let tag: UserTag = serde_json::from_value(json).expect(name);
            assert_eq!(tag.name.as_deref(), Some(name));
        }
        let null: UserTag = reads(r#"{"id": 1, "name": null}"#, &[]);
        assert_eq!(null.name, None);
    }
}
