use bytes::Bytes;

use super::{delimiter::Delimiter, import_check};
use crate::{
    ApiContext, ApiVersion, Endpoint,
    endpoint::{EncodeResponse, FilePart, Path, RequestParts, ResponseError, response},
    types::{ImportReport, InvalidValue},
};

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

/// `POST /users/import`: sets the properties of many users from a CSV file.
///
/// The first line contains the names of the properties, system properties with their `$`. The service
/// changes users that exist and creates others, which count towards the visitor limit of the plan. It
/// processes the file later and reports the end in the admin panel; the API has no operation to read
/// the state of an import. [`Import::from_changes`] writes the file from property operations.
///
/// * Scope: not documented; `user-write` by analogy.
/// * v2 only: the pages of v1 do not document it.
/// * UTF-8 without a byte order mark, below 30 MB, each column named once, lines that end with a line feed, no
///   `$phone` with a `+`: other requests with one are not stored, and an import is assumed to do the same. A file
///   that breaks this is rejected before sending, and so is one without the column to merge by.
/// * A large file needs longer timeouts than the defaults of 10 s for an attempt and
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
        let merge_field = self.merge_field.unwrap_or_default().as_str();
        import_check::check(&self.csv, self.delimiter.unwrap_or_default(), merge_field)?;
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
