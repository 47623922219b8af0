use serde::Serialize;

use crate::{AttachmentId, Timestamp};

/// A file in a conversation.
///
/// Source: <https://developers.dashly.io/objects/attachment>
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Attachment {
    /// Its id.
    pub id: AttachmentId,
    /// A file or a voice message; `type` in the API.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<AttachmentType>,
    /// The name of the file, with its extension if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// The media type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// The size in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Where to download it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// When it was uploaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
}

model!(Attachment::new(id: AttachmentId => with_id) {
    with_kind(kind: AttachmentType) = "type",
    with_filename(filename: String),
    with_mime_type(mime_type: String),
    with_size(size: u64),
    with_url(url: String),
    with_created(created: Timestamp),
});

open_enum! {
    /// What an [`Attachment`] is.
    ///
    /// Source: <https://developers.dashly.io/objects/attachment>
    pub enum AttachmentType {
        /// A file.
        File = "file",
        /// A recorded voice message. Observed.
        Voice = "voice",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serde_util::check::reads;

    #[test]
    fn reads_the_sample() {
        let attachment: Attachment = reads(
            r#"{
                "type": "file",
                "created": 1436614153.123456,
                "id": 2134,
                "size": 3242,
                "filename": "prog.py",
                "mime_type": "text/x-python",
                "url": "https://files.dashly.app/attachments/4/1204e08b/prog.py"
            }"#,
            &[],
        );
        assert_eq!(
            attachment,
            Attachment::new(AttachmentId::new(2134))
                .with_kind(AttachmentType::File)
                .with_created(Timestamp::new(1_436_614_153, 123_456_000).expect("a moment"))
                .with_size(3242_u64)
                .with_filename("prog.py")
                .with_mime_type("text/x-python")
                .with_url("https://files.dashly.app/attachments/4/1204e08b/prog.py")
        );
    }
    #[test]
    fn voice_message_is_told_from_a_file() {
        let voice: Attachment = reads(
            r#"{"id": 1, "type": "voice", "filename": "audio_record_1.mp3"}"#,
            &[],
        );
        assert_eq!(voice.kind, Some(AttachmentType::Voice));
    }
}
