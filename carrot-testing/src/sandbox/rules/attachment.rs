use super::{call::Call, response::Failure};
use crate::wire::FilePart;

/// The vendor says 10 MB; its own chat sends files of less than 10 MiB.
const TOO_MANY_BYTES: usize = 10 * 1024 * 1024;

/// The types of file: first those that the vendor lists, then those that only its own chat sends.
///
/// Source: <https://developers.dashly.io/webapi/endpoints/users/startconversation>
const EXTENSIONS: [&str; 23] = [
    "jpg", "jpeg", "png", "gif", "pdf", "rar", "zip", "html", "csv", "docx", "doc", "xlsx", "xls",
    "txt", "sig", "m4v", "mov", "mp3", "mp4", "mpeg", "rtf", "tif", "tiff",
];

/// A file that may be attached, before it has an id.
pub(in crate::sandbox) struct File {
    pub(in crate::sandbox) name: String,
    pub(in crate::sandbox) mime_type: String,
    pub(in crate::sandbox) size: usize,
    pub(in crate::sandbox) is_voice: bool,
}

/// The file of a reply, by the names that the vendor's chat has for a new conversation too.
pub(in crate::sandbox) fn attachment(call: &Call) -> Result<Option<File>, Failure> {
    let parameters = &call.parameters;
    let name = parameters.text_of("attachment_file_name", 1..=255)?;
    let kind = parameters.one_of("attachment_type", &["file", "voice"])?;
    let Some(file) = parameters.file("attachment") else {
        return Ok(None);
    };
    let mut file = read_file(file, name)?;
    file.is_voice = kind == Some("voice");
    Ok(Some(file))
}

/// Checks a file; `name` goes over the name in the upload.
pub(in crate::sandbox) fn read_file(file: &FilePart, name: Option<&str>) -> Result<File, Failure> {
    let name = name.unwrap_or(&file.filename);
    if !(1..=255).contains(&name.chars().count()) {
        let rule = "must have a name of 1 to 255 characters";
        return Err(Failure::validation(&file.name, rule));
    }
    if file.bytes.len() >= TOO_MANY_BYTES {
        return Err(Failure::validation(&file.name, "must be below 10 MiB"));
    }
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    let extension = extension.unwrap_or_default().to_ascii_lowercase();
    if !EXTENSIONS.contains(&extension.as_str()) {
        let rule = format!("must be one of the types {}", EXTENSIONS.join(", "));
        return Err(Failure::validation(&file.name, &rule));
    }
    let mime_type = file.mime_type.as_deref();
    Ok(File {
        name: name.to_owned(),
        mime_type: mime_type.unwrap_or("application/octet-stream").to_owned(),
        size: file.bytes.len(),
        is_voice: false,
    })
}
