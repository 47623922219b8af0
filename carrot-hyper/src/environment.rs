//! Variables of the environment, and the errors that name them.

use std::ffi::OsString;

use carrot_core::types::InvalidValue;

use crate::BuildError;

pub(crate) fn read(
    lookup: impl Fn(&str) -> Option<OsString>,
    name: &'static str,
) -> Result<Option<String>, BuildError> {
    let Some(value) = lookup(name) else {
        return Ok(None);
    };
    match value.into_string() {
        Ok(value) => Ok(Some(value)),
        Err(_) => Err(of(name)(InvalidValue::new(name, "must be UTF-8"))),
    }
}

pub(crate) fn of(name: &'static str) -> impl Fn(InvalidValue) -> BuildError {
    move |source| BuildError::InvalidVariable { name, source }
}
