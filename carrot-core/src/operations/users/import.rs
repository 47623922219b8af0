use bytes::Bytes;

use crate::{
    ApiContext, ApiVersion, Endpoint,
    endpoint::{EncodeResponse, FilePart, Path, RequestParts, ResponseError, response},
    types::{ImportReport, InvalidValue},
};

/// The vendor says "below 30 MB". The smaller meaning of MB is safe.
pub(super) const MAX_CSV_BYTES: usize = 30_000_000;

/// The column that identifies the user of a row.
///
/// Source: <https://developers.dashly.io/webapi/endpoints/users/import>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MergeField {
    /// Your external id, in the column `$user_id`. The service's default.
    #[default]
    UserId,
    /// The e-mail address, in the column `$email`. If several users have the same address, only the one
    /// who was active last is changed.
    Email,
}

impl MergeField {
    fn as_str(self) -> &'static str {
        match self {
            Self::UserId => "$user_id",
            Self::Email => "$email",
        }
    }
}

/// The delimiter between two values of a row.
///
/// Source: <https://developers.dashly.io/webapi/endpoints/users/import>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Delimiter {
    /// A tab. The service's default.
    #[default]
    Tab,
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// `|`
    Pipe,
    /// A space.
    Space,
}

impl Delimiter {
    /// Every delimiter.
    pub const ALL: &[Self] = &[
        Self::Tab,
        Self::Comma,
        Self::Semicolon,
        Self::Pipe,
        Self::Space,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::Tab => "\t",
            Self::Comma => ",",
            Self::Semicolon => ";",
            Self::Pipe => "|",
            Self::Space => " ",
        }
    }

    fn as_byte(self) -> u8 {
        match self {
            Self::Tab => b'\t',
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Pipe => b'|',
            Self::Space => b' ',
        }
    }
}

/// `POST /users/import`: sets the properties of many users from a CSV file.
///
/// The first line contains the names of the properties, system properties with their `$`. The service
/// changes users that exist and creates others, which count towards the visitor limit of the plan. It
/// processes the file later and reports the end in the admin panel; the API has no operation to read
/// the state of an import. [`Import::from_changes`] writes the file from property operations.
///
/// * Scope: not documented; `user-write` by analogy.
/// * v2 only: the pages of v1 do not document it.
/// * UTF-8, below 30 MB. A large file needs longer timeouts than the defaults of 10 s for an attempt and
///   30 s for a call; see [`CallOptions`](crate::client::CallOptions).
/// * Idempotent: no. Two imports of one file at the same time may create a user twice.
/// * Source: <https://developers.dashly.io/webapi/endpoints/users/import>
///
/// ```
/// # async fn example(client: &carrot_core::Client) -> Result<(), carrot_core::Error> {
/// use carrot_core::users;
///
/// let csv = "$user_id,$name,plan\norder-42,Alex,pro\n";
/// let report = client
///     .call(users::Import::new(csv).delimiter(users::Delimiter::Comma).tag("imported"))
///     .await?;
/// println!("{:?} updates planned", report.updates_planned);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "does nothing until it is called"]
pub struct Import {
    csv: Bytes,
    merge_field: Option<MergeField>,
    delimiter: Option<Delimiter>,
    tags: Vec<String>,
}

impl Import {
    /// Creates an import of this CSV text.
    pub fn new(csv: impl Into<Bytes>) -> Self {
        Self {
            csv: csv.into(),
            merge_field: None,
            delimiter: None,
            tags: Vec::new(),
        }
    }

    /// Sets the column that identifies the user of a row (`merge_field`). `$user_id` by default.
    pub fn merge_field(mut self, field: MergeField) -> Self {
        self.merge_field = Some(field);
        self
    }

    /// Sets the delimiter between two values of a row. A tab by default.
    pub fn delimiter(mut self, delimiter: Delimiter) -> Self {
        self.delimiter = Some(delimiter);
        self
    }

    /// Adds a tag to every user of the file (`tags`).
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Tags are sent as a JSON list, so they may contain a comma.
    fn check_tags(&self) -> Result<(), InvalidValue> {
        for tag in &self.tags {
            if tag.is_empty() {
                return Err(InvalidValue::new("tags", "must not contain an empty name"));
            }
            if tag.chars().any(char::is_control) {
                let rule = "must not contain a line break or another control character";
                return Err(InvalidValue::new("tags", rule));
            }
        }
        Ok(())
    }

    fn check_csv(&self) -> Result<(), InvalidValue> {
        let invalid = |rule: String| Err(InvalidValue::new("file", rule));
        let bytes = self.csv.len();
        if bytes >= MAX_CSV_BYTES {
            return invalid(format!(
                "must be below {MAX_CSV_BYTES} bytes (30 MB), got {bytes}"
            ));
        }
        let Ok(text) = std::str::from_utf8(&self.csv) else {
            return invalid(
                "must be UTF-8: a file from Excel is often Windows-1251, save it as CSV UTF-8"
                    .into(),
            );
        };
        if text.starts_with('\u{feff}') {
            return invalid(
                "must not start with a byte order mark (BOM), the bytes EF BB BF".into(),
            );
        }
        let delimiter = self.delimiter.unwrap_or_default();
        if has_open_quotation(text, delimiter) {
            return invalid("must be CSV: a quotation mark is not closed".into());
        }
        let merge_field = self.merge_field.unwrap_or_default().as_str();
        let names = |delimiter: Delimiter, name: &str| {
            header(text, delimiter).iter().any(|one| one == name)
        };
        if !names(delimiter, merge_field) {
            let bare = merge_field.trim_start_matches('$');
            let mut others = Delimiter::ALL.iter();
            let hint = match others.find(|other| names(**other, merge_field)) {
                Some(other) => format!("; it is delimited by {:?}", other.as_str()),
                None if names(delimiter, bare) => {
                    format!("; it names `{bare}`, without the `$` of system properties")
                }
                None => String::new(),
            };
            let delimiter = delimiter.as_str();
            return invalid(format!(
                "must name the column `{merge_field}` in its first line, delimited by \
                 {delimiter:?}{hint}"
            ));
        }
        Ok(())
    }
}

/// The names of the columns, which stand in the first line that is not empty.
fn header(text: &str, delimiter: Delimiter) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter.as_byte())
        .terminator(csv::Terminator::Any(b'\n'))
        .has_headers(false)
        .from_reader(text.as_bytes());
    let first = reader.records().next().and_then(Result::ok);
    let names = first.iter().flatten();
    names
        .map(|name| name.strip_suffix('\r').unwrap_or(name).to_owned())
        .collect()
}

/// Whether a cell that starts with a quotation mark does not end, which would swallow the rest of the file.
fn has_open_quotation(text: &str, delimiter: Delimiter) -> bool {
    let mut bytes = text.bytes().peekable();
    let mut is_start_of_cell = true;
    while let Some(byte) = bytes.next() {
        if byte == b'"' && is_start_of_cell {
            loop {
                match bytes.next() {
                    None => return true,
                    // Two of them are one that belongs to the text.
                    Some(b'"') if bytes.next_if_eq(&b'"').is_none() => break,
                    Some(_) => {}
                }
            }
        }
        is_start_of_cell = byte == b'\n' || byte == delimiter.as_byte();
    }
    false
}

impl Endpoint for Import {
    type Output = ImportReport;
    const NAME: &'static str = "users.import";

    const IDEMPOTENT: bool = false;

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        if context.version == ApiVersion::V1 {
            let rule = "must be 2: v1 of the API does not know this operation";
            return Err(InvalidValue::new("version", rule));
        }
        self.check_csv()?;
        self.check_tags()?;
        let mut request = RequestParts::post(Path::new().then("users").then("import"));
        let parameters = &mut request.parameters;
        // The app is required here, unlike in other operations.
        parameters.line("app", &context.app.to_string())?;
        if let Some(field) = self.merge_field {
            parameters.line("merge_field", field.as_str())?;
        }
        if let Some(delimiter) = self.delimiter {
            parameters.text("delimiter", delimiter.as_str())?;
        }
        if !self.tags.is_empty() {
            parameters.json("tags", &self.tags)?;
        }
        request
            .files
            .push(FilePart::new("file", "users.csv", self.csv.clone()));
        Ok(request)
    }

    fn decode(&self, _version: ApiVersion, body: &[u8]) -> Result<Self::Output, ResponseError> {
        response::optional(body).map(|envelope| envelope.data)
    }
}

impl EncodeResponse for Import {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_vendor_sample() {
        let body = br#"{"meta":{"status":200},"data":{"row_errors":{"1":"Error in string 1","33":"Error in string 33"},"updates_planned":123}}"#;
        let report = Import::new("")
            .decode(ApiVersion::V2, body)
            .expect("a report");
        assert_eq!(report.updates_planned, Some(123));
        assert_eq!(report.row_errors.len(), 2);
    }
}
