//! The messages that came, in a file: a line when one comes, one when its reply is started, one when it is done or
//! when nobody can tell. A line of its own says of which app it is.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Write},
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use carrot_examples::{program::Failure, service::Origin};

/// A message without a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// The id of the part.
    pub part: u64,
    /// The conversation.
    pub conversation: u64,
    /// What the customer wrote.
    pub text: String,
    /// When a reply was started for the first time, in seconds since 1970.
    pub started: Option<i64>,
}

/// The messages, as the file has them.
#[derive(Debug)]
pub struct Inbox(Mutex<Contents>);

#[derive(Debug)]
struct Contents {
    file: File,
    /// How long the file is, of whole lines.
    whole: u64,
    /// In the order in which they came.
    open: Vec<Message>,
    /// May have a reply; the service does not tell.
    unclear: Vec<Message>,
    /// The parts of all that ever came: the service may repeat a webhook after a day.
    known: Vec<u64>,
    /// Of which app it is.
    origin: Option<String>,
}

impl Inbox {
    /// Opens the file, and makes it where it does not exist.
    pub fn open(path: &Path) -> io::Result<Self> {
        let options = OpenOptions::new()
            .read(true)
            .create(true)
            .append(true)
            .to_owned();
        Self::over(options.open(path)?)
    }

    /// Reads a file that is open.
    pub fn over(file: File) -> io::Result<Self> {
        let mut contents = Contents {
            file: file.try_clone()?,
            whole: 0,
            open: Vec::new(),
            unclear: Vec::new(),
            known: Vec::new(),
            origin: None,
        };
        let mut reader = BufReader::new(file);
        let mut line = Vec::new();
        for number in 1.. {
            reader.read_until(b'\n', &mut line)?;
            // A line without an end was being written when the process was killed.
            let Some(entry) = line.strip_suffix(b"\n") else {
                break;
            };
            // Nor may a half of it be cut from a file that this program did not write.
            let entry = std::str::from_utf8(entry).ok();
            let read = entry.and_then(|entry| contents.read(entry).ok());
            // What it holds may be what a customer wrote.
            read.ok_or_else(|| {
                let cause = "is damaged, of another version, or no entry";
                io::Error::other(format!("the line {number} {cause}"))
            })?;
            contents.whole += line.len() as u64;
            line.clear();
        }
        if contents.file.metadata()?.len() > contents.whole {
            contents.file.set_len(contents.whole)?;
        }
        Ok(Self(Mutex::new(contents)))
    }

    /// Checks that the messages came to this app, and says so in an inbox that is new. `name` is how the user
    /// named it.
    pub fn belongs_to(&self, origin: &Origin, name: &str) -> Result<(), Failure> {
        let mut contents = self.contents();
        let header = origin.header(name, contents.origin.as_deref())?;
        if contents.origin.as_ref() != Some(&header) {
            contents.write(&format!("origin {header}"))?;
        }
        Ok(())
    }

    /// Adds a message; false where it is there already.
    pub fn add(&self, part: u64, conversation: u64, text: &str) -> io::Result<bool> {
        let mut contents = self.contents();
        if contents.known.contains(&part) {
            return Ok(false);
        }
        // One line: what the customer wrote may have several.
        let text = text.replace(['\n', '\r'], " ");
        contents.write(&format!("came {part} {conversation} {text}"))?;
        Ok(true)
    }

    /// The oldest message without a reply.
    pub fn next(&self) -> Option<Message> {
        self.contents().open.first().cloned()
    }

    /// The messages that may have a reply: a person has to look.
    pub fn unclear(&self) -> Vec<Message> {
        self.contents().unclear.clone()
    }

    /// A reply to the message is started at this moment, in seconds since 1970.
    pub fn started(&self, part: u64, now: i64) -> io::Result<()> {
        self.contents().write(&format!("started {part} {now}"))
    }

    /// Nobody can tell whether the message has its reply.
    pub fn set_unclear(&self, part: u64) -> io::Result<()> {
        self.contents().write(&format!("unclear {part}"))
    }

    /// The message has its reply.
    pub fn done(&self, part: u64) -> io::Result<()> {
        self.contents().write(&format!("done {part}"))
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        // Each change is whole: a panic leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Contents {
    /// The file first, then the memory.
    fn write(&mut self, entry: &str) -> io::Result<()> {
        let line = format!("{entry}\n");
        let written = self.file.write_all(line.as_bytes());
        if let Err(error) = written.and_then(|()| self.file.sync_data()) {
            // Half a line would take the next one with it.
            self.file.set_len(self.whole)?;
            return Err(error);
        }
        self.whole += line.len() as u64;
        self.read(entry)
            .map_err(|()| io::Error::other("that breaks its form"))
    }

    fn read(&mut self, entry: &str) -> Result<(), ()> {
        if let Some(header) = entry.strip_prefix("origin ") {
            self.origin = Some(header.to_owned());
            return Ok(());
        }
        let mut words = entry.splitn(4, ' ');
        let kind = words.next().unwrap_or_default();
        let part = words.next().and_then(|part| part.parse().ok());
        let part = part.ok_or(())?;
        match kind {
            "came" => {
                let conversation = words.next().and_then(|id| id.parse().ok()).unwrap_or(0);
                let text = words.next().unwrap_or_default().to_owned();
                self.known.push(part);
                self.open.push(Message {
                    part,
                    conversation,
                    text,
                    started: None,
                });
            }
            "started" => {
                // Without a time, all parts of the conversation are searched.
                let now = words.next().and_then(|now| now.parse().ok()).unwrap_or(0);
                let started = self.open.iter_mut().filter(|message| message.part == part);
                started.for_each(|message| message.started = message.started.or(Some(now)));
            }
            "unclear" => {
                let (unclear, open) = self.open.drain(..).partition(|one| one.part == part);
                self.open = open;
                self.unclear.extend::<Vec<_>>(unclear);
            }
            "done" => self.open.retain(|message| message.part != part),
            _ => return Err(()),
        }
        Ok(())
    }
}
