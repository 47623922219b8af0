//! What was closed and has no tag yet, in a file.

use std::fs;

use carrot_examples::{named_file::NamedFile, program::Failure, service::Origin};
use carrot_hyper::types::ConversationId;
use serde::{Deserialize, Serialize};

/// The conversations that are being closed.
pub(crate) struct Unfinished {
    /// None in the sandbox.
    file: Option<NamedFile>,
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

    pub(crate) fn open(file: NamedFile, origin: &Origin) -> Result<Self, Failure> {
        let contents: Option<Contents> = file.load()?;
        if let Some(contents) = &contents {
            origin.check(file.name(), &contents.origin)?;
        }
        file.check_savable()?;
        Ok(Self {
            contents: contents.unwrap_or_else(|| Contents::new(origin.clone())),
            file: Some(file),
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

    /// An empty list needs no file.
    fn save(&self) -> Result<(), Failure> {
        match &self.file {
            None => Ok(()),
            Some(file) if self.contents.ids.is_empty() => {
                fs::remove_file(file.path()).map_err(|error| file.failure(error))
            }
            Some(file) => file.save(&self.contents),
        }
    }
}
