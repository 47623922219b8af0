use std::fmt::Write as _;

use carrot_types::{InvalidValue, UserRef};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::App;

/// Encodes every byte except the unreserved characters of RFC 3986.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

const MAX_EXTERNAL_ID_CHARS: usize = 255;

/// Enough for most paths with their prefix, so that the texts need not grow.
const ROOM: usize = 64;

/// The path of a request, built segment by segment.
///
/// An id is always one segment: it cannot change the host, the number of segments or the query. The
/// template has `{id}` in place of every id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    encoded: String,
    template: String,
}

impl Path {
    /// Creates a path without segments.
    #[must_use]
    pub fn new() -> Self {
        Self {
            encoded: String::with_capacity(ROOM),
            template: String::with_capacity(ROOM),
        }
    }

    /// Adds a fixed segment.
    #[must_use = "a setter returns the changed value"]
    pub fn then(mut self, literal: &'static str) -> Self {
        self.encoded.push('/');
        self.encoded.extend(utf8_percent_encode(literal, SEGMENT));
        self.template.push('/');
        self.template.push_str(literal);
        self
    }

    /// Adds an id of the service. `field` is its name in the error.
    ///
    /// # Errors
    ///
    /// The id is 0.
    pub fn id(mut self, field: &'static str, id: impl Into<u64>) -> Result<Self, InvalidValue> {
        let id = id.into();
        if id == 0 {
            return Err(InvalidValue::new(
                field,
                "must be an id of 1 or more, got 0",
            ));
        }
        // Writing to a `String` cannot fail.
        let _ = write!(self.encoded, "/{id}");
        self.template.push_str("/{id}");
        Ok(self)
    }

    /// Adds the app.
    ///
    /// # Errors
    ///
    /// The id of the app is 0.
    pub fn app(mut self, app: App) -> Result<Self, InvalidValue> {
        match app {
            App::Id(id) => self.id("app", id),
            App::SelfApp => {
                // As on the vendor's pages; a dollar sign is legal in a path.
                self.encoded.push_str("/$self_app");
                self.template.push_str("/{id}");
                Ok(self)
            }
        }
    }

    /// Adds a user by the id of the service or by an external id, percent-encoded.
    ///
    /// # Errors
    ///
    /// The id is 0; or the external id is empty, `.` or `..`, longer than 255 characters, or contains
    /// control characters.
    pub fn user(mut self, user: &UserRef) -> Result<Self, InvalidValue> {
        let external = match user {
            UserRef::Id(id) => return self.id("user", *id),
            UserRef::External(external) => external,
            UserRef::SelfUser => {
                // As the vendor's clients send it; see `app`.
                self.encoded.push_str("/$self_user");
                self.template.push_str("/{id}");
                return Ok(self);
            }
            _ => {
                return Err(InvalidValue::new(
                    "user",
                    "is of a kind that a path cannot contain",
                ));
            }
        };
        if external == "." || external == ".." {
            // Encoding does not help: `%2E%2E` means the same to a server.
            let rule = "must not be the id `.` or `..`, which a path cannot contain";
            return Err(InvalidValue::new("user", rule));
        }
        check_external_id(external)?;
        self.encoded.push('/');
        self.encoded.extend(utf8_percent_encode(external, SEGMENT));
        self.template.push_str("/{id}");
        Ok(self)
    }

    /// Returns the encoded path and the template.
    pub(crate) fn into_parts(self) -> (String, String) {
        (self.encoded, self.template)
    }

    /// Returns the encoded path, which starts with a slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.encoded
    }

    /// Returns the path with `{id}` in place of every id.
    #[must_use]
    pub fn template(&self) -> &str {
        &self.template
    }
}

impl Default for Path {
    fn default() -> Self {
        Self::new()
    }
}

/// Checks the rules of an external id that apply everywhere.
pub(crate) fn check_external_id(id: &str) -> Result<(), InvalidValue> {
    let invalid = |rule: String| Err(InvalidValue::new("user", rule));
    let characters = id.chars().count();
    if id.is_empty() {
        return invalid("must not be an empty id".into());
    }
    if characters > MAX_EXTERNAL_ID_CHARS {
        return invalid(format!(
            "must be an id of at most {MAX_EXTERNAL_ID_CHARS} characters, got {characters}"
        ));
    }
    if id.chars().any(char::is_control) {
        return invalid("must be an id without control characters such as line breaks".into());
    }
    Ok(())
}
