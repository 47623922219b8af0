//! What reads and writes the models: lenient readers, JSON with paths in its errors, and the macros that
//! the models repeat.

#[macro_use]
pub(crate) mod macros;

pub(crate) mod digits;
#[macro_use]
pub(crate) mod from_json;
pub mod json;
pub(crate) mod lenient;
pub(crate) mod limit;
pub(crate) mod number;
pub(crate) mod object;
mod place;
pub(crate) mod repair;

#[cfg(test)]
pub(crate) mod check;
