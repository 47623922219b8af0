use std::collections::BTreeMap;

use carrot_types::json::Object;
use serde::{Deserialize, Deserializer, Serialize, de::Error};

use super::{Position, book::Book};

const FORMAT: u32 = 1;

/// The position of a [`Listener`](super::Listener), from which another one, also in another process, continues
/// without losing a message.
///
/// Store it with `Serialize`. It contains names of channels, numbers and times, but no payload and no token. It
/// is small: a few numbers for each channel.
///
/// A checkpoint covers all events that [`next`](super::Listener::next) returned before it was taken. Take and
/// store it after the event is processed: if the program ends between the two, it receives the event again.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Checkpoint {
    format: u32,
    /// The position to read from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) position: Option<Position>,
    /// By the name of the channel.
    pub(super) channels: BTreeMap<String, Book>,
}

impl Checkpoint {
    pub(super) fn new(position: Option<Position>, channels: BTreeMap<String, Book>) -> Self {
        Self {
            format: FORMAT,
            position,
            channels,
        }
    }
}

impl<'de> Deserialize<'de> for Checkpoint {
    /// # Errors
    ///
    /// The text is not a checkpoint, or has the format of another version of this crate.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Fields {
            format: u32,
            #[serde(default)]
            position: Option<Position>,
            channels: BTreeMap<String, Book>,
        }
        let Object(fields) = Object::<Fields>::deserialize(deserializer)?;
        if fields.format != FORMAT {
            let text = format!("format {} of a checkpoint is not supported", fields.format);
            return Err(D::Error::custom(text));
        }
        if !fields.channels.values().all(Book::is_sound) {
            return Err(D::Error::custom("the ids of a channel are not in order"));
        }
        Ok(Self::new(fields.position, fields.channels))
    }
}
