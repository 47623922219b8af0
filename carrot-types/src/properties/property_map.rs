use std::collections::BTreeMap;

use serde_json::Value;

/// Properties by name, in the order of their names.
///
/// The values are JSON as it came: numbers, strings, booleans and lists of strings; dates are
/// strings. System properties start with `$`.
/// Source: <https://developers.dashly.io/props>
pub type PropertyMap = BTreeMap<String, Value>;
