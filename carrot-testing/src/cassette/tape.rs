//! The file of a cassette.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{book::Book, rules::Rules};

/// The format that is read and written.
const FORMAT: u32 = 1;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tape {
    format: u32,
    #[serde(default, skip_serializing_if = "Rules::is_empty")]
    pub(super) rules: Rules,
    /// The fields that are hidden since this version does not know them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unknown_fields: Vec<String>,
    pub(super) interactions: Vec<Interaction>,
    pub(super) book: Book,
}

/// One request and what came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Interaction {
    pub(super) operation: String,
    pub(super) request: PlainRequest,
    #[serde(flatten)]
    pub(super) outcome: Outcome,
}

/// A request without anything that tells of a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlainRequest {
    pub(super) method: String,
    pub(super) path: String,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(super) query: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(super) form: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) files: Vec<Value>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    Response(PlainResponse),
    Failure(Failed),
    /// The caller hung up before a response came.
    Cancelled(()),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlainResponse {
    pub(super) status: u16,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) headers: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) json: Option<Value>,
    /// A body that is not JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<Value>,
}

/// A failure of the transport.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Failed {
    pub(super) kind: String,
    pub(super) sent: String,
}

impl Tape {
    pub(super) fn new(
        rules: Rules,
        unknown_fields: Vec<String>,
        interactions: Vec<Interaction>,
        book: Book,
    ) -> Self {
        Self {
            format: FORMAT,
            rules,
            unknown_fields,
            interactions,
            book,
        }
    }

    /// Reads a file; the error is a sentence.
    pub(super) fn load(path: &Path) -> Result<Self, String> {
        let name = path.display();
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(format!(
                    "there is no cassette {name}: record it with the variable CARROT_CASSETTES=record"
                ));
            }
            read => read.map_err(|error| format!("the cassette {name} cannot be read: {error}"))?,
        };
        let tape: Self = serde_json::from_str(&text)
            .map_err(|error| format!("the file {name} is not a cassette: {error}"))?;
        match tape.format {
            FORMAT => Ok(tape),
            other => Err(format!(
                "the cassette {name} has the format {other}, and this version reads {FORMAT}: record it anew"
            )),
        }
    }

    pub(super) fn to_text(&self) -> Result<String, String> {
        let text = serde_json::to_string_pretty(self);
        let text = text.map_err(|error| format!("the cassette cannot be written: {error}"))?;
        Ok(text + "\n")
    }
}

/// Writes a file in one piece: a reader sees the old one or the new one.
pub(super) fn save(path: &Path, text: &str) -> Result<(), String> {
    let mut beside: PathBuf = path.to_owned();
    beside
        .as_mut_os_string()
        .push(format!(".{}.tmp", std::process::id()));
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let written = folder.map_or(Ok(()), fs::create_dir_all);
    let written = written.and_then(|()| fs::write(&beside, text));
    let written = written.and_then(|()| fs::rename(&beside, path));
    written.map_err(|error| {
        // Nothing more can be done about a file that is in the way.
        let _ = fs::remove_file(&beside);
        format!("the cassette {} cannot be written: {error}", path.display())
    })
}
