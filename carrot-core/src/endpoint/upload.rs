use bytes::Bytes;
use carrot_types::InvalidValue;

use super::FilePart;

/// The vendor says 10 MB without saying which; the smaller reading is safe.
const MAX_FILE_BYTES: usize = 10_000_000;
const MAX_NAME_CHARS: usize = 255;
const KINDS: [&str; 15] = [
    "jpg", "jpeg", "png", "gif", "pdf", "rar", "zip", "html", "csv", "docx", "doc", "xlsx", "xls",
    "txt", "sig",
];

/// A file to send in a conversation.
///
/// At most 10 MB, checked when a request is built. To begin a conversation it must be of a kind that
/// the vendor lists, told by the ending of its name: jpg, jpeg, png, gif, pdf, rar, zip, html, csv,
/// docx, doc, xlsx, xls, txt, sig. For a reply no kinds are documented, so none is refused.
/// Source: <https://developers.dashly.io/webapi/endpoints/users/startconversation>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    name: String,
    content: Bytes,
}

impl Upload {
    /// A file of this name, which the chat shows, and this content.
    pub fn new(name: impl Into<String>, content: impl Into<Bytes>) -> Self {
        Self {
            name: name.into(),
            content: content.into(),
        }
    }

    /// The name of the file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The content of the file.
    #[must_use]
    pub fn content(&self) -> &Bytes {
        &self.content
    }

    /// Checks the file against the limits; `field` is its name in the error.
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
            // Many parsers of multipart bodies take it for the escape of the closing quotation mark.
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

    /// Checks the ending of the name against the kinds that begin a conversation.
    pub(crate) fn check_kind(&self, field: &'static str) -> Result<(), InvalidValue> {
        let outcome = self
            .name
            .rsplit_once('.')
            .map(|(_, outcome)| outcome.to_lowercase());
        if !outcome.is_some_and(|outcome| KINDS.contains(&outcome.as_str())) {
            let kinds = KINDS.join(", ");
            let rule = format!("must have a name that ends in one of {kinds}");
            return Err(InvalidValue::new(field, rule));
        }
        Ok(())
    }

    pub(crate) fn part(&self, name: &'static str) -> FilePart {
        FilePart::new(name, self.name.clone(), self.content.clone())
    }
}
