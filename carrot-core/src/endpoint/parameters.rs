use carrot_types::{InvalidValue, RandomId};
use serde::Serialize;

/// The parameters of a request as text, in the order in which they were added.
///
/// Source of the rules: <https://developers.dashly.io/webapi/types/>
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters(Vec<(&'static str, String)>);

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
        self.0.push((name, text.to_owned()));
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
        self.0.push((name, text.to_owned()));
        Ok(())
    }

    /// Adds a boolean, written `true` or `false`.
    pub fn flag(&mut self, name: &'static str, flag: bool) {
        self.0.push((name, flag.to_string()));
    }

    /// Adds a boolean if it is set.
    pub fn optional_flag(&mut self, name: &'static str, flag: Option<bool>) {
        if let Some(flag) = flag {
            self.flag(name, flag);
        }
    }

    /// Adds a number.
    pub fn number(&mut self, name: &'static str, number: impl Into<u64>) {
        self.0.push((name, number.into().to_string()));
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
        self.0.push((name, id.to_string()));
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
        self.0.push((name, json));
        Ok(())
    }

    /// Returns the names and texts in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, text)| (*name, text.as_str()))
    }

    /// Returns true if there are no parameters.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Encodes the parameters as in a query or a form body.
    #[must_use]
    pub fn to_form(&self) -> String {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(self.iter())
            .finish()
    }
}
