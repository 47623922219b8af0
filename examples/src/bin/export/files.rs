//! The files of an export.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use carrot_examples::{named_file::NamedFile, program::Failure};
use carrot_hyper::types::{Conversation, ConversationPart, User};
use csv::Writer;
use serde_json::json;

use crate::position::{NAMES, Position};

const COLUMNS: [&str; 5] = ["id", "user_id", "name", "email", "phone"];

pub(crate) struct Files {
    folder: PathBuf,
    leads: Writer<File>,
    conversations: File,
}

impl Files {
    /// Opens the files and truncates them to what the position covers.
    pub(crate) fn open(folder: &Path, position: &Position) -> Result<Self, Failure> {
        let named = NamedFile::of_option("--folder", folder);
        fs::create_dir_all(folder).map_err(|error| named.failure(error))?;
        // From here on the files are those of an export.
        position.save(folder)?;
        Self::open_files(folder, position).map_err(|error| named.failure(error))
    }

    fn open_files(folder: &Path, position: &Position) -> io::Result<Self> {
        let [leads, conversations] = position.lengths;
        let names = NAMES.map(|name| folder.join(name));
        // Leads are read anew unless all of them are there.
        let leads_length = if position.has_leads { leads } else { 0 };
        let leads = Writer::from_writer(open(&names[0], leads_length)?);
        let mut files = Self {
            folder: folder.to_owned(),
            leads,
            conversations: open(&names[1], conversations)?,
        };
        if !position.has_leads {
            files.leads.write_record(COLUMNS)?;
        }
        Ok(files)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn lead(&mut self, lead: &User) -> io::Result<()> {
        self.leads.write_record([
            &lead.id.to_string(),
            lead.user_id.as_deref().unwrap_or_default(),
            lead.name().unwrap_or_default(),
            lead.email().unwrap_or_default(),
            lead.phone().unwrap_or_default(),
        ])?;
        Ok(())
    }

    pub(crate) fn conversation(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.conversations, "{line}")
    }

    /// Brings everything to the disk, and returns the lengths of the files.
    pub(crate) fn sync(&mut self) -> io::Result<[u64; 2]> {
        self.leads.flush()?;
        let leads = self.leads.get_ref();
        leads.sync_data()?;
        self.conversations.sync_data()?;
        Ok([
            leads.metadata()?.len(),
            self.conversations.metadata()?.len(),
        ])
    }
}

/// A conversation with what was said in it, as a line of JSON.
pub(crate) fn line(conversation: &Conversation, parts: &[ConversationPart]) -> String {
    let transcript: Vec<_> = parts
        .iter()
        .filter_map(|part| {
            Some(json!({
                "from": part.author().and_then(|author| author.name()),
                "type": part.kind,
                "at": part.said_at(),
                "text": part.text()?,
            }))
        })
        .collect();
    let user = conversation.user.as_ref();
    json!({
        "id": conversation.id,
        "user": user.map(|user| user.id),
        "user_id": user.and_then(|user| user.user_id.as_deref()),
        "closed": conversation.closed,
        "last_update": conversation.last_update,
        "tags": conversation.tags,
        "transcript": transcript,
    })
    .to_string()
}

fn open(path: &Path, length: u64) -> io::Result<File> {
    let options = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .to_owned();
    let mut file = options.open(path)?;
    file.set_len(length)?;
    file.seek(SeekFrom::End(0))?;
    Ok(file)
}
