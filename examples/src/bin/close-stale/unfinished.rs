//! What was closed and has no tag yet, in a file.

use std::{fs, io, path::PathBuf};

use carrot_examples::{program::Failure, service::Origin};
use carrot_hyper::types::ConversationId;
use serde::{Deserialize, Serialize};

/// The conversations that are being closed.
pub(crate) struct Unfinished {
    /// None in the sandbox.
    file: Option<PathBuf>,
    contents: Contents,
}

#[derive(Serialize, Deserialize)]
struct Contents {
    origin: Origin,
    ids: Vec<ConversationId>,
}

impl Contents {
    fn new(origin: Origin) -> Self {
        let ids = Vec::new();
        Self { origin, ids }
    }
}

impl Unfinished {
    pub(crate) fn in_memory(origin: Origin) -> Self {
        Self {
            file: None,
            contents: Contents::new(origin),
        }
    }

    pub(crate) fn open(file: PathBuf, origin: &Origin) -> Result<Self, Failure> {
        let name = format!("--unfinished {}", file.display());
        let contents: Contents = match fs::read(&file) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).map_err(|error| format!("{name}: {error}"))?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Contents::new(origin.clone()),
            Err(error) => return Err(format!("{name}: {error}").into()),
        };
        origin.check(&name, &contents.origin)?;
        Ok(Self {
            file: Some(file),
            contents,
        })
    }

    pub(crate) fn ids(&self) -> &[ConversationId] {
        &self.contents.ids
    }

    pub(crate) fn add(&mut self, id: ConversationId) -> Result<(), Failure> {
        self.contents.ids.push(id);
        self.save()
    }

    pub(crate) fn remove(&mut self, id: ConversationId) -> Result<(), Failure> {
        self.contents.ids.retain(|other| *other != id);
        self.save()
    }

    /// Replaces the file as a whole, so that a kill leaves the old one or the new one. An empty list needs none.
    fn save(&self) -> Result<(), Failure> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        if self.contents.ids.is_empty() {
            return Ok(fs::remove_file(file)?);
        }
        let new = file.with_extension("new");
        fs::write(&new, serde_json::to_vec(&self.contents)?)?;
        Ok(fs::rename(new, file)?)
    }
}
