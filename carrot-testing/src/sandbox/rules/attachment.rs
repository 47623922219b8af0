use super::response::Failure;
use crate::wire::FilePart;

const MAX_BYTES: usize = 10 * 1024 * 1024;

/// The types of file that the vendor lists.
///
/// Source: <https://developers.dashly.io/webapi/endpoints/users/startconversation>
const EXTENSIONS: [&str; 15] = [
    "jpg", "jpeg", "png", "gif", "pdf", "rar", "zip", "html", "csv", "docx", "doc", "xlsx", "xls",
    "txt", "sig",
];

/// A file that may be attached, before it has an id.
pub(in crate::sandbox) struct File {
    pub(in crate::sandbox) name: String,
    pub(in crate::sandbox) mime_type: String,
    pub(in crate::sandbox) size: usize,
}

/// Checks a file; `name` goes over the name in the upload.
pub(in crate::sandbox) fn read_file(file: &FilePart, name: Option<&str>) -> Result<File, Failure> {
    let name = name.unwrap_or(&file.filename);
    if !(1..=255).contains(&name.chars().count()) {
        let rule = "must have a name of 1 to 255 characters";
        return Err(Failure::validation(&file.name, rule));
    }
    if file.bytes.len() > MAX_BYTES {
        return Err(Failure::validation(&file.name, "must be at most 10 MB"));
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
    })
}
