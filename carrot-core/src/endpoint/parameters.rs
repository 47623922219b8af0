use std::fmt::{self, Write as _};

use carrot_types::{InvalidValue, RandomId};
use serde::Serialize;

/// The parameters of a request as text, in the order in which they were added.
///
/// Source of the rules: <https://developers.dashly.io/webapi/types/>
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    /// All texts, one after the other.
    texts: String,
    /// The names, and where their texts end.
    names: Vec<(&'static str, usize)>,
}

impl Parameters {
    /// Adds a text that may have several lines.
    ///
    /// # Errors
    ///
    /// The text contains a NUL character, which the service does not allow.
    pub fn text(&mut self, name: &'static str, text: &str) -> Result<(), InvalidValue> {
        if text.contains('\0') {
            return Err(InvalidValue::new(name, "must not contain a NUL character"));
        }
        self.add(name, text);
        Ok(())
    }

    /// Adds a text of one line, such as a name, a tag or a URL.
    ///
    /// # Errors
    ///
    /// The text contains a line break or another control character.
    pub fn line(&mut self, name: &'static str, text: &str) -> Result<(), InvalidValue> {
        if text.chars().any(char::is_control) {
            return Err(InvalidValue::new(
                name,
                "must not contain a line break or another control character",
            ));
        }
        self.add(name, text);
        Ok(())
    }

    /// Adds a boolean, written `true` or `false`.
    pub fn flag(&mut self, name: &'static str, flag: bool) {
        self.add(name, if flag { "true" } else { "false" });
    }

    /// Adds a boolean if it is set.
    pub fn optional_flag(&mut self, name: &'static str, flag: Option<bool>) {
        if let Some(flag) = flag {
            self.flag(name, flag);
        }
    }

    /// Adds a number.
    pub fn number(&mut self, name: &'static str, number: impl Into<u64>) {
        // Writing to a `String` cannot fail.
        let _ = write!(self.texts, "{}", number.into());
        self.names.push((name, self.texts.len()));
    }

    /// Adds an id.
    ///
    /// # Errors
    ///
    /// The id is 0.
    pub fn id(&mut self, name: &'static str, id: impl Into<u64>) -> Result<(), InvalidValue> {
        let id = id.into();
        if id == 0 {
            return Err(InvalidValue::new(name, "must be an id of 1 or more, got 0"));
        }
        self.number(name, id);
        Ok(())
    }

    /// Adds a number that identifies the object created by the request.
    ///
    /// # Errors
    ///
    /// The number is outside 1..=2^31-1, which is possible in a response.
    pub fn random_id(&mut self, name: &'static str, id: RandomId) -> Result<(), InvalidValue> {
        let id = RandomId::new(id.get())
            .map_err(|error| InvalidValue::new(name, error.rule().to_owned()))?;
        self.add(name, &id.to_string());
        Ok(())
    }

    /// Adds a value as JSON text, the service's format of arrays and objects.
    ///
    /// # Errors
    ///
    /// The value cannot be serialized.
    pub fn json(
        &mut self,
        name: &'static str,
        value: &(impl Serialize + ?Sized),
    ) -> Result<(), InvalidValue> {
        let json = serde_json::to_string(value)
            .map_err(|error| InvalidValue::new(name, format!("must serialize as JSON: {error}")))?;
        self.add(name, &json);
        Ok(())
    }

    fn add(&mut self, name: &'static str, text: &str) {
        self.texts.push_str(text);
        self.names.push((name, self.texts.len()));
    }

    /// Returns the names and texts in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let mut start = 0;
        self.names.iter().map(move |&(name, end)| {
            let text = self.texts.get(start..end).unwrap_or_default();
            start = end;
            (name, text)
        })
    }

    /// Returns true if there are no parameters.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Encodes the parameters as in a query or a form body.
    #[must_use]
    pub fn to_form(&self) -> String {
        self.append_form_to(String::new())
    }

    /// Appends the parameters, as in a query or a form body, to a text.
    pub(crate) fn append_form_to(&self, mut text: String) -> String {
        let names: usize = self.names.iter().map(|(name, _)| name.len() + 2).sum();
        text.reserve(names + self.texts.len());
        let start = text.len();
        form_urlencoded::Serializer::for_suffix(text, start)
            .extend_pairs(self.iter())
            .finish()
    }
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
