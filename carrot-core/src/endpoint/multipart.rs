//! Bodies of `multipart/form-data`, for the requests that carry a file.

use std::fmt;

use bytes::Bytes;

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
    /// A file under this parameter.
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

/// A body, and the `Content-Type` that belongs to it.
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

/// A text that occurs in no part. Counted up rather than drawn by lot, so that the same request is
/// the same bytes.
fn boundary(parameters: &Parameters, files: &[FilePart]) -> String {
    let occurs = |boundary: &str| {
        let needle = boundary.as_bytes();
        let within = |hay: &[u8]| hay.windows(needle.len()).any(|window| window == needle);
        parameters.iter().any(|(_, value)| within(value.as_bytes()))
            || files.iter().any(|file| within(&file.content))
    };
    let mut number = 0_u64;
    loop {
        let boundary = format!("carrot-form-boundary-{number}");
        if !occurs(&boundary) {
            return boundary;
        }
        number += 1;
    }
}

/// The name of a file as browsers write it: the three characters that would end it are encoded.
fn quoted(name: &str) -> String {
    name.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}
