//! What the unit tests of the models share.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

#[path = "../../tests/it/same_json.rs"]
mod same_json;

/// Reads a sample, and asserts that the model writes the same but for the paths in `left_out`.
pub(crate) fn reads<T: Serialize + DeserializeOwned>(sample: &str, left_out: &[&str]) -> T {
    let model: T = serde_json::from_str(sample).expect("the sample decodes");
    let written = serde_json::to_value(&model).expect("the model encodes");
    let sample: Value = serde_json::from_str(sample).expect("the sample is JSON");
    same_json::assert_same(std::any::type_name::<T>(), &sample, &written, left_out);
    model
}

/// Reads what must be rejected, and gives the text of the error.
pub(crate) fn rejected<T: DeserializeOwned>(json: &str) -> String {
    match serde_json::from_str::<T>(json) {
        Ok(_) => panic!("was read: {json}"),
        Err(error) => error.to_string(),
    }
}

/// True where some crate of the program switched on the feature `arbitrary_precision` of `serde_json`:
/// numbers then keep every digit, and none has to be rejected because it would lose some.
pub(crate) fn numbers_keep_every_digit() -> bool {
    let digits = "123456789012345678901234567890";
    serde_json::from_str::<Value>(digits).is_ok_and(|number| format!("{number}") == digits)
}
