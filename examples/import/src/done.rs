//! Whose change was applied: a file with an id in each line.

use std::{
    collections::HashSet,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::Path,
};

/// The ids that are done.
#[derive(Debug)]
pub(crate) struct Done {
    ids: HashSet<String>,
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
        let ids = written.get(..whole).unwrap_or_default();
        let ids = ids.lines().map(str::to_owned).collect();
        Ok(Self { ids, file })
    }

    pub(crate) fn has(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    pub(crate) fn add(&mut self, id: &str) -> io::Result<()> {
        writeln!(self.file, "{id}")?;
        self.ids.insert(id.to_owned());
        Ok(())
    }

    pub(crate) fn clear(&mut self) -> io::Result<()> {
        self.ids.clear();
        self.file.set_len(0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_killed_run_is_continued() {
        let path = std::env::temp_dir().join(format!("carrot-done-{}", std::process::id()));
        fs::write(&path, "order-1\norder-2\nord").unwrap();
        let mut done = Done::open(&path).unwrap();
        assert!(done.has("order-2") && !done.has("ord"));
        done.add("order-3").unwrap();
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "order-1\norder-2\norder-3\n"
        );
        fs::remove_file(&path).unwrap();
    }
}
