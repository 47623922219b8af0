use bytes::Bytes;
use carrot_types::InvalidValue;

use super::FilePart;

/// The vendor says "10 MB". The smaller meaning of MB is safe.
const MAX_FILE_BYTES: usize = 10_000_000;
const MAX_NAME_CHARS: usize = 255;
const EXTENSIONS: [&str; 15] = [
    "jpg", "jpeg", "png", "gif", "pdf", "rar", "zip", "html", "csv", "docx", "doc", "xlsx", "xls",
    "txt", "sig",
];

/// A file to send in a conversation.
///
/// At most 10 MB, checked when a request is built. A file that starts a conversation must have one of
/// these extensions: jpg, jpeg, png, gif, pdf, rar, zip, html, csv, docx, doc, xlsx, xls, txt, sig. The
/// vendor documents no extensions for a reply, so it accepts all.
/// Source: <https://developers.dashly.io/webapi/endpoints/users/startconversation>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    name: String,
    content: Bytes,
}

impl Upload {
    /// Creates a file. The chat shows its name.
    pub fn new(name: impl Into<String>, content: impl Into<Bytes>) -> Self {
        Self {
            name: name.into(),
            content: content.into(),
        }
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
                "must be at most {MAX_FILE_BYTES} bytes (10 MB), got {bytes}"
            ));
        }
        if self.name.ends_with('\\') {
            // Many multipart parsers read it as an escape of the closing quotation mark.
            return invalid("must have a name that does not end in a backslash".into());
        }
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

    pub(crate) fn part(&self, name: &'static str) -> FilePart {
        FilePart::new(name, self.name.clone(), self.content.clone())
    }
}
