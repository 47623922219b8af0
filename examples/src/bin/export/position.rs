//! How far the export is, in a file beside what it wrote.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
};

use carrot_examples::{named_file::NamedFile, program::Failure, service::Origin};
use carrot_hyper::types::{Conversation, ConversationId, Cursor, Timestamp};
use serde::{Deserialize, Serialize};

/// What an export writes beside its position.
pub(crate) const NAMES: [&str; 2] = ["leads.csv", "conversations.jsonl"];

/// What is on the disk, and where to continue.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Position {
    origin: Origin,
    since: Option<Timestamp>,
    pub(crate) leads: u64,
    pub(crate) conversations: u64,
    /// The lines that came on top, for conversations that changed meanwhile.
    pub(crate) changed: u64,
    pub(crate) has_leads: bool,
    pub(crate) is_finished: bool,
    pub(crate) pass: Pass,
    /// The lines of what changed last, by their hashes. Another version of Rust may hash otherwise: then a
    /// line is there twice.
    recent: BTreeMap<ConversationId, u64>,
    /// The lengths of the files that this covers, in bytes.
    pub(crate) lengths: [u64; 2],
}

/// One reading of the list of conversations, from the one that changed last.
///
/// All moments are the service's own: the clock of this machine may be wrong.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Pass {
    /// The first is 0.
    number: u32,
    /// The oldest change that it reads.
    from: Option<Timestamp>,
    /// The newest change when it started: the next one reads from there.
    newest: Option<Timestamp>,
    /// The page that is read.
    pub(crate) cursor: Option<Cursor>,
    /// The conversations of that page that are read.
    read: Vec<ConversationId>,
    /// Whether it wrote a line.
    has_written: bool,
}

impl Pass {
    /// The first page of the list is here.
    pub(crate) fn start(&mut self, page: &[Conversation]) {
        if self.cursor.is_none() && self.newest.is_none() {
            self.newest = page.iter().filter_map(|one| one.last_update).max();
        }
    }

    pub(crate) fn is_read(&self, id: ConversationId) -> bool {
        self.read.contains(&id)
    }

    pub(crate) fn page_done(&mut self, next: Cursor) {
        self.cursor = Some(next);
        self.read.clear();
    }

    /// Whether the conversation, and all after it, changed before this pass.
    pub(crate) fn is_older(&self, conversation: &Conversation) -> bool {
        match (conversation.last_update, self.from) {
            (Some(last), Some(from)) => last < from,
            _ => false,
        }
    }
}

impl Position {
    pub(crate) fn start(origin: Origin, since: Option<Timestamp>) -> Self {
        let pass = Pass {
            from: since,
            ..Pass::default()
        };
        Self {
            origin,
            since,
            leads: 0,
            conversations: 0,
            changed: 0,
            has_leads: false,
            is_finished: false,
            pass,
            recent: BTreeMap::new(),
            lengths: [0, 0],
        }
    }

    /// The position of the export in this folder. Files that belong to none are the user's.
    pub(crate) fn load(folder: &Path) -> Result<Option<Self>, Failure> {
        let position = file(folder).load()?;
        let foreign = NAMES.map(|name| folder.join(name));
        match foreign.iter().find(|file| file.exists()) {
            Some(file) if position.is_none() => {
                let name = NamedFile::beside(file);
                Err(name.failure("is not of an unfinished export: choose another folder"))
            }
            _ => Ok(position),
        }
    }

    /// Checks that it is the position of this export.
    pub(crate) fn check(
        &self,
        folder: &str,
        origin: &Origin,
        since: Option<Timestamp>,
    ) -> Result<(), Failure> {
        origin.check(folder, &self.origin)?;
        match self.since == since {
            true => Ok(()),
            false => Err(format!("{folder} was started with another --since: name another").into()),
        }
    }

    pub(crate) fn save(&self, folder: &Path) -> Result<(), Failure> {
        file(folder).save(self)
    }

    /// Notes that a conversation was read; true where its line has to be written.
    ///
    /// A change within the second in which a pass started is told from none by its line alone.
    pub(crate) fn read(&mut self, conversation: &Conversation, line: &str) -> bool {
        let pass = &mut self.pass;
        pass.read.push(conversation.id);
        let mut hasher = DefaultHasher::new();
        line.hash(&mut hasher);
        let hash = hasher.finish();
        if self.recent.get(&conversation.id) == Some(&hash) {
            return false;
        }
        // All that a later pass may read again.
        if pass.number > 0 || conversation.last_update >= pass.newest {
            self.recent.insert(conversation.id, hash);
        }
        pass.has_written = true;
        match pass.number {
            0 => self.conversations += 1,
            _ => self.changed += 1,
        }
        true
    }

    /// The list is read to its end; false where another pass has to follow.
    pub(crate) fn end_pass(&mut self) -> bool {
        let pass = &self.pass;
        if pass.number > 0 && !pass.has_written {
            return true;
        }
        self.pass = Pass {
            number: pass.number + 1,
            from: pass.newest.max(pass.from),
            ..Pass::default()
        };
        false
    }
}

fn file(folder: &Path) -> NamedFile {
    NamedFile::of_option("--folder", folder.join("position.json"))
}
