//! Which rows were applied: a file with the fingerprint of a row and its id in each line, and of which app it is in
//! the first.

use std::{
    collections::HashSet,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::Path,
};

use carrot_examples::{program::Failure, service::Origin, table::id};

use crate::leads::Lead;

/// The rows that are done.
#[derive(Debug)]
pub(crate) struct Done {
    lines: HashSet<String>,
    /// Of which app, as it stands in the file.
    header: Option<String>,
    file: File,
}

impl Done {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let written = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        // A line that was being written when the program was killed has no end, and does not count.
        let whole = written.rfind('\n').map_or(0, |end| end + 1);
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        file.set_len(whole as u64)?;
        let lines = written.get(..whole).unwrap_or_default();
        let (headers, lines) = lines
            .lines()
            .map(str::to_owned)
            .partition::<Vec<_>, _>(|line| line.starts_with('{'));
        Ok(Self {
            lines: lines.into_iter().collect(),
            // Where the app was not known at first, another one follows.
            header: headers.into_iter().next_back(),
            file,
        })
    }

    /// Whether no run has used it yet.
    pub(crate) fn is_new(&self) -> bool {
        self.header.is_none() && self.lines.is_empty()
    }

    /// Checks that the rows were applied there, and says so in a file that is new.
    pub(crate) fn belongs_to(&mut self, origin: &Origin, name: &str) -> Result<(), Failure> {
        let header = origin.header(name, self.header.as_deref())?;
        if self.header.as_ref() != Some(&header) {
            writeln!(self.file, "{header}")?;
            self.header = Some(header);
        }
        Ok(())
    }

    pub(crate) fn has(&self, lead: &Lead) -> bool {
        self.lines.contains(&line(lead))
    }

    pub(crate) fn add(&mut self, lead: &Lead) -> io::Result<()> {
        let line = line(lead);
        writeln!(self.file, "{line}")?;
        self.lines.insert(line);
        Ok(())
    }

    pub(crate) fn clear(&mut self) -> io::Result<()> {
        self.lines.clear();
        self.header = None;
        self.file.set_len(0)
    }
}

/// The id is for people who look into the file.
fn line(lead: &Lead) -> String {
    format!("{:016x} {}", lead.fingerprint, id(lead.change.user()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use carrot_hyper::{types::UserRef, users::PropertyChange};

    use super::*;

    fn lead(id: &str, fingerprint: u64) -> Lead {
        let change = PropertyChange::new(UserRef::external(id));
        Lead {
            fingerprint,
            change,
        }
    }

    #[test]
    fn a_killed_run_is_continued() {
        let path = std::env::temp_dir().join(format!("carrot-done-{}", std::process::id()));
        let whole = "0000000000000001 order-1\n0000000000000002 order-2\n";
        fs::write(&path, format!("{whole}0000000000000003 ord")).unwrap();
        let mut done = Done::open(&path).unwrap();
        assert!(done.has(&lead("order-2", 2)) && !done.has(&lead("ord", 3)));
        done.add(&lead("order-3", 3)).unwrap();
        let third = "0000000000000003 order-3\n";
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            format!("{whole}{third}")
        );
        fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_changed_row_is_not_done() {
        let path = std::env::temp_dir().join(format!("carrot-redone-{}", std::process::id()));
        let mut done = Done::open(&path).unwrap();
        done.add(&lead("order-1", 1)).unwrap();
        assert!(done.has(&lead("order-1", 1)) && !done.has(&lead("order-1", 2)));
        fs::remove_file(&path).unwrap();
    }
}
