//! What the fuzz targets share.

use std::fmt::Debug;

use serde::{Serialize, de::DeserializeOwned};

/// Reads JSON, and asserts that what was read is written as JSON that reads the same.
pub fn round_trip<T: Serialize + DeserializeOwned + PartialEq + Debug>(json: &[u8]) -> Option<T> {
    let model: T = serde_json::from_slice(json).ok()?;
    let written = serde_json::to_string(&model).expect("what was read can be written");
    let read: T = serde_json::from_str(&written).expect("what was written can be read");
    assert_eq!(read, model, "as it was written: {written}");
    Some(model)
}
