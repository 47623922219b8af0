use serde::{Deserialize, Deserializer};

use crate::serde_util::from_json::{self, Field};

/// A payload that is empty where it cannot be read, such as a ping without a time: what counts is that it came. Of a
/// list, items that cannot be read are left out. The vendor's sample of the envelope has an empty object where the
/// list of the changes of presence belongs.
pub(super) struct Lenient<F>(pub(super) F);

impl<'de, F: Field> Deserialize<'de> for Lenient<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_json::field(deserializer).map(Self)
    }
}
