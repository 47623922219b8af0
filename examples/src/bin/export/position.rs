//! How far the export is, in a file beside what it wrote.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use carrot_hyper::types::{ConversationId, Cursor, Timestamp};
use serde::{Deserialize, Serialize};

/// What is on the disk, and where to continue.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Position {
    /// The time of the service when the export started.
    pub(crate) started: Timestamp,
    pub(crate) since: Option<Timestamp>,
    pub(crate) leads: u64,
    pub(crate) conversations: u64,
    pub(crate) has_leads: bool,
    pub(crate) has_conversations: bool,
    pub(crate) is_finished: bool,
    /// The page that is read.
    pub(crate) cursor: Option<Cursor>,
    /// The conversations of that page that are written.
    written: Vec<ConversationId>,
    /// The lengths of the files that this covers, in bytes.
    pub(crate) lengths: [u64; 2],
}

impl Position {
    pub(crate) fn start(now: Timestamp, since: Option<Timestamp>) -> Self {
        Self {
            started: now,
            since,
            leads: 0,
            conversations: 0,
            has_leads: false,
            has_conversations: false,
            is_finished: false,
            cursor: None,
            written: Vec::new(),
            lengths: [0, 0],
        }
    }

    pub(crate) fn load(folder: &Path) -> io::Result<Option<Self>> {
        match fs::read(file(folder)) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Replaces the file in one step, so that a kill leaves the old one or the new one.
    pub(crate) fn save(&self, folder: &Path) -> io::Result<()> {
        let new = folder.join("position.new");
        fs::write(&new, serde_json::to_vec_pretty(self)?)?;
        fs::rename(new, file(folder))
    }

    pub(crate) fn is_written(&self, id: ConversationId) -> bool {
        self.written.contains(&id)
    }

    pub(crate) fn conversation(&mut self, id: ConversationId) {
        self.conversations += 1;
        self.written.push(id);
    }

    pub(crate) fn page_done(&mut self, next: Option<Cursor>) {
        self.cursor = next;
        self.written.clear();
    }
}

fn file(folder: &Path) -> PathBuf {
    folder.join("position.json")
}
