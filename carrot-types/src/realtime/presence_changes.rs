use serde::{Deserialize, Deserializer};

use super::PresenceChange;
use crate::serde_util::from_json;

/// Changes of presence: a list, of which items that cannot be read are left out, and an empty object as none.
/// The vendor's sample of the envelope has an empty object where the list belongs.
pub(super) struct PresenceChanges(pub(super) Vec<PresenceChange>);

impl<'de> Deserialize<'de> for PresenceChanges {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_json::field(deserializer).map(Self)
    }
}
