//! Bodies of `multipart/form-data`, for requests with a file.

use std::{collections::BTreeSet, fmt};

use bytes::Bytes;
use carrot_types::InvalidValue;
use memchr::memmem;

use super::Parameters;

/// A file in a request.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FilePart {
    /// The name of the parameter.
    pub name: &'static str,
    /// The name of the file.
    pub file_name: String,
    /// The content of the file.
    pub content: Bytes,
}

impl FilePart {
    /// Creates a file with the name of its parameter.
    pub fn new(
        name: &'static str,
        file_name: impl Into<String>,
        content: impl Into<Bytes>,
    ) -> Self {
        Self {
            name,
            file_name: file_name.into(),
            content: content.into(),
        }
    }

    /// Checks that parsers read the name as it is.
    pub(crate) fn check(&self) -> Result<(), InvalidValue> {
        check_end(self.name, &self.file_name)?;
        if self.file_name.contains('\0') {
            let rule = "must have a name without a NUL character";
            return Err(InvalidValue::new(self.name, rule));
        }
        Ok(())
    }
}

/// Many multipart parsers read a backslash at the end as an escape of the closing quotation mark.
pub(super) fn check_end(field: &'static str, file_name: &str) -> Result<(), InvalidValue> {
    match file_name.ends_with('\\') {
        true => Err(InvalidValue::new(
            field,
            "must have a name that does not end in a backslash",
        )),
        false => Ok(()),
    }
}

impl fmt::Debug for FilePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilePart")
            .field("name", &self.name)
            .field("file_name", &self.file_name)
            .field("content_bytes", &self.content.len())
            .finish()
    }
}

/// A body and its `Content-Type`.
pub(crate) struct Multipart {
    pub(crate) content_type: String,
    pub(crate) body: Bytes,
}

/// Writes parameters, then files.
pub(crate) fn encode(parameters: &Parameters, files: &[FilePart]) -> Multipart {
    let boundary = boundary(parameters, files);
    let size: usize = files.iter().map(|file| file.content.len() + 256).sum();
    let mut body = Vec::with_capacity(size + 1024);
    for (name, value) in parameters.iter() {
        let head =
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
        for piece in [head.as_bytes(), value.as_bytes(), b"\r\n"] {
            body.extend_from_slice(piece);
        }
    }
    for file in files {
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n",
            file.name,
            quoted(&file.file_name),
        );
        for piece in [head.as_bytes(), &file.content, b"\r\n"] {
            body.extend_from_slice(piece);
        }
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Multipart {
        content_type: format!("multipart/form-data; boundary={boundary}"),
        body: body.into(),
    }
}

const BOUNDARY: &str = "carrot-form-boundary-";

/// Returns a boundary that occurs in no part: [`BOUNDARY`] and the smallest number that is free.
///
/// Not random, so that equal requests have equal bytes. Found in one pass, so that no content makes it
/// slow.
fn boundary(parameters: &Parameters, files: &[FilePart]) -> String {
    let values = parameters.iter().map(|(_, value)| value.as_bytes());
    let contents = files.iter().map(|file| &*file.content);
    let mut taken = BTreeSet::new();
    for part in values.chain(contents) {
        for start in memmem::find_iter(part, BOUNDARY) {
            take_numbers(&part[start + BOUNDARY.len()..], &mut taken);
        }
    }
    let free = (0..)
        .zip(&taken)
        .take_while(|(number, taken)| number == *taken)
        .count();
    format!("{BOUNDARY}{free}")
}

/// Adds every number that the text starts with to `taken`: for `12` both 1 and 12.
fn take_numbers(text: &[u8], taken: &mut BTreeSet<u64>) {
    let mut number: u64 = 0;
    for (place, byte) in text.iter().enumerate() {
        let Some(next) = byte.is_ascii_digit().then(|| u64::from(byte - b'0')) else {
            return;
        };
        // A number beyond `u64` is never used as a boundary.
        let Some(longer) = number
            .checked_mul(10)
            .and_then(|tens| tens.checked_add(next))
        else {
            return;
        };
        number = longer;
        taken.insert(number);
        if place == 0 && number == 0 {
            return;
        }
    }
}

/// Encodes the name of a file as browsers do: the three characters that would end it.
fn quoted(name: &str) -> String {
    name.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}
