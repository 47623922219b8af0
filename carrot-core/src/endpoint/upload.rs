use bytes::Bytes;
use carrot_types::{AttachmentType, InvalidValue};

use super::{FilePart, Parameters, multipart::check_end};

/// The vendor says 10 MB; its own chat sends files of less than 10 MiB.
const MAX_FILE_BYTES: usize = 10 * 1024 * 1024 - 1;
const MAX_NAME_CHARS: usize = 255;
/// The first 15 are documented. The others are those that the vendor's own chat sends too.
const EXTENSIONS: [&str; 23] = [
    "jpg", "jpeg", "png", "gif", "pdf", "rar", "zip", "html", "csv", "docx", "doc", "xlsx", "xls",
    "txt", "sig", "m4v", "mov", "mp3", "mp4", "mpeg", "rtf", "tif", "tiff",
];

/// A file to send in a conversation.
///
/// Below 10 MiB (10,485,760 bytes), checked when a request is built. A file that starts a conversation must
/// have one of these extensions: jpg, jpeg, png, gif, pdf, rar, zip, html, csv, docx, doc, xlsx, xls, txt,
/// sig, which the vendor lists; or m4v, mov, mp3, mp4, mpeg, rtf, tif, tiff, which the vendor's own chat
/// sends too. The vendor documents no extensions for a reply, so it accepts all.
/// Source: <https://developers.dashly.io/webapi/endpoints/users/startconversation>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    name: String,
    content: Bytes,
    kind: Option<AttachmentType>,
}

impl Upload {
    /// The part of the request that holds a file, by the page of a reply.
    pub(crate) const PART: &'static str = "attachment";

    /// Creates a file. The chat shows its name.
    pub fn new(name: impl Into<String>, content: impl Into<Bytes>) -> Self {
        Self {
            name: name.into(),
            content: content.into(),
            kind: None,
        }
    }

    /// Sets what the file is (`attachment_type`): a file, or a voice message, which the vendor's own chat names
    /// `audio_record_...`. Not sent by default, since no page documents it: observed in that chat.
    #[must_use = "a setter returns the changed value"]
    pub fn kind(mut self, kind: AttachmentType) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Returns the name of the file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the content of the file.
    #[must_use]
    pub fn content(&self) -> &Bytes {
        &self.content
    }

    /// Checks the limits of the file. `field` is its name in the error.
    pub(crate) fn check(&self, field: &'static str) -> Result<(), InvalidValue> {
        let invalid = |rule: String| Err(InvalidValue::new(field, rule));
        let bytes = self.content.len();
        if bytes == 0 {
            return invalid("must not be empty".into());
        }
        if bytes > MAX_FILE_BYTES {
            return invalid(format!(
                "must be at most {MAX_FILE_BYTES} bytes (below 10 MiB), got {bytes}"
            ));
        }
        check_end(field, &self.name)?;
        let characters = self.name.chars().count();
        if !(1..=MAX_NAME_CHARS).contains(&characters) {
            return invalid(format!(
                "must have a name of 1 to {MAX_NAME_CHARS} characters, got {characters}"
            ));
        }
        Ok(())
    }

    /// Checks the extension of a file that starts a conversation.
    pub(crate) fn check_extension(&self, field: &'static str) -> Result<(), InvalidValue> {
        let extension = self
            .name
            .rsplit_once('.')
            .map(|(_, extension)| extension.to_lowercase());
        if !extension.is_some_and(|extension| EXTENSIONS.contains(&extension.as_str())) {
            let extensions = EXTENSIONS.join(", ");
            let rule = format!("must have a name that ends in one of {extensions}");
            return Err(InvalidValue::new(field, rule));
        }
        Ok(())
    }

    pub(crate) fn has_kind(&self) -> bool {
        self.kind.is_some()
    }

    /// Writes the parameters that a reply has beside the file.
    pub(crate) fn write_to(&self, parameters: &mut Parameters) -> Result<(), InvalidValue> {
        parameters.line("attachment_file_name", &self.name)?;
        match &self.kind {
            Some(kind) => parameters.line("attachment_type", kind.as_str()),
            None => Ok(()),
        }
    }

    pub(crate) fn part(&self, name: &'static str) -> FilePart {
        FilePart::new(name, self.name.clone(), self.content.clone())
    }
}
