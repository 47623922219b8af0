//! Multipart forms (RFC 7578), as strictly as a small reader can be: what breaks the format is an
//! error and never a guess.

use bytes::Bytes;

use super::Pairs;

const NO_BOUNDARY: &str = "the content type of a multipart body must name its boundary";
const BROKEN: &str = "the multipart body is broken";
const NO_NAME: &str = "each part of a multipart body must have a name";
const NO_TEXT: &str = "the fields of a multipart body must be UTF-8";

/// The fields and files of a multipart form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Multipart {
    pub(crate) fields: Pairs,
    pub(crate) files: Vec<FilePart>,
}

/// One file of a multipart form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FilePart {
    pub(crate) name: String,
    pub(crate) filename: String,
    pub(crate) mime_type: Option<String>,
    pub(crate) bytes: Bytes,
}

impl Multipart {
    /// Reads a body; the error is a sentence that holds nothing of it.
    pub(crate) fn read(content_type: &str, body: &Bytes) -> Result<Self, &'static str> {
        let boundary = parameter(content_type, "boundary").ok_or(NO_BOUNDARY)?;
        if boundary.is_empty() || boundary.len() > 70 {
            return Err(NO_BOUNDARY);
        }
        let delimiter = format!("\r\n--{boundary}");
        let mut form = Self::default();
        // The first delimiter may stand without the line break that belongs to the others.
        let mut at = if body.starts_with(&delimiter.as_bytes()[2..]) {
            delimiter.len() - 2
        } else {
            find(body, delimiter.as_bytes(), 0).ok_or(BROKEN)? + delimiter.len()
        };
        loop {
            let rest = body.get(at..).unwrap_or_default();
            if rest.starts_with(b"--") {
                return Ok(form);
            }
            let line = find(rest, b"\r\n", 0).ok_or(BROKEN)?;
            if !rest[..line].iter().all(|byte| matches!(byte, b' ' | b'\t')) {
                return Err(BROKEN);
            }
            // From the line break in front, so that a part without headers is found too.
            let head_at = at + line;
            let head_end = find(body, b"\r\n\r\n", head_at).ok_or(BROKEN)?;
            let content_at = head_end + 4;
            let content_end = find(body, delimiter.as_bytes(), content_at).ok_or(BROKEN)?;
            let head = std::str::from_utf8(body.get(head_at..head_end).unwrap_or_default())
                .map_err(|_| BROKEN)?;
            form.add(head, body.slice(content_at..content_end))?;
            at = content_end + delimiter.len();
        }
    }

    fn add(&mut self, head: &str, content: Bytes) -> Result<(), &'static str> {
        let header = |wanted: &str| {
            head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.trim()
                    .eq_ignore_ascii_case(wanted)
                    .then(|| value.trim())
            })
        };
        let disposition = header("content-disposition").ok_or(NO_NAME)?;
        if !disposition.to_ascii_lowercase().starts_with("form-data") {
            return Err(NO_NAME);
        }
        let name = parameter(disposition, "name").ok_or(NO_NAME)?;
        match parameter(disposition, "filename") {
            Some(filename) => self.files.push(FilePart {
                name,
                filename,
                mime_type: header("content-type").map(str::to_owned),
                bytes: content,
            }),
            None => {
                let text = String::from_utf8(content.into()).map_err(|_| NO_TEXT)?;
                self.fields.push((name, text));
            }
        }
        Ok(())
    }
}

fn find(bytes: &[u8], wanted: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    rest.windows(wanted.len())
        .position(|window| window == wanted)
        .map(|at| from + at)
}

/// A parameter of a header value: `name=value` or `name="value"`. In quotes, browsers write a
/// quotation mark as `%22` or with a backslash.
fn parameter(header: &str, wanted: &str) -> Option<String> {
    let mut rest = header.split_once(';')?.1;
    loop {
        let (name, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => unquote(quoted)?,
            None => {
                let end = after.find(';').unwrap_or(after.len());
                (after[..end].trim().to_owned(), &after[end..])
            }
        };
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = next.trim_start().strip_prefix(';')?;
    }
}

fn unquote(quoted: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value.replace("%22", "\""), &quoted[at + 1..])),
            '\\' if quoted[at + 1..].starts_with(['"', '\\']) => {
                value.push(characters.next()?.1);
            }
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=\"b x\"";

    fn read(body: &str) -> Result<Multipart, &'static str> {
        Multipart::read(TYPE, &Bytes::copy_from_slice(body.as_bytes()))
    }

    #[test]
    fn reads_fields_and_files() {
        let body = "preamble\r\n--b x\r\nContent-Disposition: form-data; name=\"body\"\r\n\r\nHi\r\n--b\r\n\
                    \r\n--b x  \r\ncontent-disposition: form-data; filename=\"a \\\"q\\\"; %22b.txt\"; name=file\r\n\
                    Content-Type: text/plain\r\n\r\n\r\n--b x--\r\nepilogue";
        let form = read(body).expect("a sound body");
        assert_eq!(form.fields, [("body".into(), "Hi\r\n--b\r\n".into())]);
        let file = FilePart {
            name: "file".into(),
            filename: "a \"q\"; \"b.txt".into(),
            mime_type: Some("text/plain".into()),
            bytes: Bytes::new(),
        };
        assert_eq!(form.files, [file]);
    }

    #[test]
    fn a_form_without_parts_is_sound() {
        assert_eq!(read("--b x--"), Ok(Multipart::default()));
    }

    #[test]
    fn rejects_broken_input() {
        for body in [
            "",
            "--b x",
            "--b xy\r\n\r\n\r\n--b x--",
            "--b x\r\n\r\nvalue\r\n--b x--",
            "--b x\r\nContent-Disposition: form-data\r\n\r\nvalue\r\n--b x--",
            "--b x\r\nContent-Disposition: attachment; name=a\r\n\r\nvalue\r\n--b x--",
            "--b x\r\nContent-Disposition: form-data; name=a\r\n\r\nvalue",
        ] {
            assert!(read(body).is_err(), "{body}");
        }
        for content_type in ["multipart/form-data", "multipart/form-data; boundary="] {
            assert!(Multipart::read(content_type, &Bytes::new()).is_err());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_rejected(
            content_type in "(multipart/form-data; boundary=b|.*)",
            body in prop::collection::vec(
                prop_oneof![Just(b"--b".to_vec()), Just(b"\r\n".to_vec()), Just(b"form-data; name=\"".to_vec()), prop::collection::vec(any::<u8>(), 0..9)],
                0..20,
            ),
        ) {
            let _ = Multipart::read(&content_type, &body.concat().into());
        }
    }
}
