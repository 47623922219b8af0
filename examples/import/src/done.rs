//! Which rows were applied: a file with the fingerprint of a row and its id in each line, and of which app it is in
//! the first.

use std::{
    collections::HashSet,
    fs::{File, OpenOptions},
    io::{self, Write},
    path::Path,
};

use carrot_examples::{named_file::NamedFile, program::Failure, service::Origin, table::id};

use crate::leads::Lead;

/// The rows that are done.
#[derive(Debug, Default)]
pub(crate) struct Done {
    lines: HashSet<String>,
    /// Of which app, as it stands in the file.
    header: Option<String>,
    /// None in the sandbox: every run of the story starts with an empty service.
    file: Option<NamedFile>,
    /// From the first line that is added on.
    open: Option<File>,
    /// The length of the lines that have an end.
    whole: u64,
}

impl Done {
    pub(crate) fn read(file: NamedFile) -> Result<Self, Failure> {
        let bytes = file.read_if_exists()?.unwrap_or_default();
        // A line that was being written when the program was killed has no end, and does not count: it may end within a
        // letter.
        let lines = bytes.iter().rposition(|byte| *byte == b'\n');
        let whole = lines.map_or(0, |end| end + 1);
        let lines = bytes.get(..whole).unwrap_or_default();
        let lines = std::str::from_utf8(lines).map_err(|error| file.foreign(error))?;
        let mut done = Self {
            whole: whole as u64,
            ..Self::default()
        };
        for (number, line) in (1..).zip(lines.lines()) {
            if line.starts_with('{') {
                // Where the app was not known at first, another one follows.
                done.header = Some(line.to_owned());
            } else if is_row(line) {
                done.lines.insert(line.to_owned());
            } else {
                // What it holds may be about people.
                let cause = format!("its line {number} is not of an import");
                return Err(file.foreign(cause));
            }
        }
        done.file = Some(file);
        Ok(done)
    }

    /// Whether no run has used it yet.
    pub(crate) fn is_new(&self) -> bool {
        self.header.is_none() && self.lines.is_empty()
    }

    /// Checks that the rows were applied there.
    pub(crate) fn check(&self, origin: &Origin) -> Result<String, Failure> {
        let name = self.file.as_ref().map_or("", NamedFile::name);
        origin.header(name, self.header.as_deref())
    }

    /// Checks it, and says so in the file.
    pub(crate) fn belongs_to(&mut self, origin: &Origin) -> Result<(), Failure> {
        let header = self.check(origin)?;
        if self.header.as_ref() != Some(&header) {
            self.write(&header)?;
            self.header = Some(header);
        }
        Ok(())
    }

    /// Whether the file says of which app it is.
    pub(crate) fn knows_app(&self) -> bool {
        let header = self.header.as_deref().map(serde_json::from_str::<Origin>);
        matches!(header, Some(Ok(origin)) if origin.app.is_some())
    }

    pub(crate) fn has(&self, lead: &Lead) -> bool {
        self.lines.contains(&line(lead))
    }

    pub(crate) fn add(&mut self, lead: &Lead) -> Result<(), Failure> {
        let line = line(lead);
        self.write(&line)?;
        self.lines.insert(line);
        Ok(())
    }

    fn write(&mut self, line: &str) -> Result<(), Failure> {
        let Some(named) = &self.file else {
            return Ok(());
        };
        let failure = |error: io::Error| named.failure(error);
        let mut file = match self.open.take() {
            Some(file) => file,
            None => open(named.path(), self.whole).map_err(failure)?,
        };
        // At once, so that a kill leaves half a line at the end alone.
        let written = file.write_all(format!("{line}\n").as_bytes());
        written.map_err(failure)?;
        self.whole += line.len() as u64 + 1;
        // Only then: what failed to be written is cut before the next line.
        self.open = Some(file);
        Ok(())
    }
}

/// Opens the file behind its whole lines.
fn open(path: &Path, whole: u64) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let file = options.create(true).append(true).open(path)?;
    file.set_len(whole)?;
    Ok(file)
}

/// Whether [`line()`] wrote this.
fn is_row(line: &str) -> bool {
    let fingerprint = line.split_once(' ').map(|(fingerprint, _)| fingerprint);
    fingerprint.is_some_and(|text| text.len() == 16 && u64::from_str_radix(text, 16).is_ok())
}

/// The id is for people who look into the file.
fn line(lead: &Lead) -> String {
    format!("{:016x} {}", lead.fingerprint, id(lead.change.user()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;

    use carrot_hyper::{types::UserRef, users::PropertyChange};

    use super::*;

    fn lead(id: &str, fingerprint: u64) -> Lead {
        let change = PropertyChange::new(UserRef::external(id));
        Lead {
            fingerprint,
            change,
        }
    }

    fn file(name: &str) -> NamedFile {
        let name = format!("carrot-{name}-{}", std::process::id());
        NamedFile::beside(std::env::temp_dir().join(name))
    }

    #[test]
    fn a_killed_run_is_continued() {
        let file = file("done");
        let whole = "0000000000000001 order-1\n0000000000000002 order-2\n";
        let half = &b"0000000000000003 \xd0"[..];
        file.write([whole.as_bytes(), half].concat()).unwrap();
        let mut done = Done::read(file.clone()).unwrap();
        assert!(done.has(&lead("order-2", 2)) && !done.has(&lead("order-3", 3)));
        done.add(&lead("order-3", 3)).unwrap();
        done.add(&lead("order-4", 4)).unwrap();
        let more = "0000000000000003 order-3\n0000000000000004 order-4\n";
        assert_eq!(file.read().unwrap(), format!("{whole}{more}").into_bytes());
        fs::remove_file(file.path()).unwrap();
    }

    #[test]
    fn a_changed_row_is_not_done() {
        let file = file("redone");
        let mut done = Done::read(file.clone()).unwrap();
        done.add(&lead("order-1", 1)).unwrap();
        assert!(done.has(&lead("order-1", 1)) && !done.has(&lead("order-1", 2)));
        fs::remove_file(file.path()).unwrap();
    }

    #[test]
    fn what_another_program_wrote_is_left_alone() {
        let file = file("foreign");
        for foreign in ["id,name\n1,Ann", "milk\n", "\u{0}\u{1}\n"] {
            file.write(foreign).unwrap();
            assert!(Done::read(file.clone()).is_err(), "{foreign}");
            assert_eq!(file.read().unwrap(), foreign.as_bytes());
        }
        fs::remove_file(file.path()).unwrap();
    }
}
