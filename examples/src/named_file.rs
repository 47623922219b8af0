//! A file that the user named, so that every failure says which one.

use std::{
    fmt::Display,
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};

use crate::program::Failure;

/// A file, and how the user names it.
#[derive(Clone, Debug)]
pub struct NamedFile {
    name: String,
    path: PathBuf,
}

impl NamedFile {
    /// A file that an option names, such as `--state`.
    #[must_use]
    pub fn of_option(option: &str, path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let name = format!("{option} {}", path.display());
        Self { name, path }
    }

    /// A file that the program puts beside others.
    #[must_use]
    pub fn beside(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let name = path.display().to_string();
        Self { name, path }
    }

    /// How messages name it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The failure with this cause.
    #[must_use]
    pub fn failure(&self, cause: impl Display) -> Failure {
        format!("{}: {cause}", self.name).into()
    }

    /// Reads it.
    ///
    /// # Errors
    ///
    /// It is not there, or cannot be read.
    pub fn read(&self) -> Result<Vec<u8>, Failure> {
        fs::read(&self.path).map_err(|error| self.failure(error))
    }

    /// Reads it; `None` where it does not exist.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn read_if_exists(&self) -> Result<Option<Vec<u8>>, Failure> {
        match fs::read(&self.path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failure(error)),
        }
    }

    /// Reads what [`save`](Self::save) wrote; `None` where it does not exist.
    ///
    /// # Errors
    ///
    /// It cannot be read, or something else wrote it.
    pub fn load<T: DeserializeOwned>(&self) -> Result<Option<T>, Failure> {
        let Some(bytes) = self.read_if_exists()? else {
            return Ok(None);
        };
        let value = serde_json::from_slice(&bytes).map_err(|error| self.foreign(error))?;
        Ok(Some(value))
    }

    /// The failure of a file with contents that this program did not write.
    #[must_use]
    pub fn foreign(&self, cause: impl Display) -> Failure {
        let advice = "it is damaged, of another version, or of something else: name another";
        self.failure(format_args!("{cause}; {advice}"))
    }

    /// Replaces the file in one step, so that a kill leaves the old one or the new one.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn save(&self, value: &impl Serialize) -> Result<(), Failure> {
        let mut text = serde_json::to_vec_pretty(value)?;
        text.push(b'\n');
        // Where the new contents are until they are whole.
        let new = self.beside_it(".new");
        let replaced = write(&new, &text).and_then(|()| fs::rename(&new, &self.path));
        replaced.map_err(|error| self.failure(error))
    }

    /// Checks that [`save`](Self::save) will work, before the work that it notes.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn check_savable(&self) -> Result<(), Failure> {
        // Of this process alone: another may be saving the same file now.
        let new = self.beside_it(&format!(".check-{}", std::process::id()));
        let checked = match self.path.is_dir() {
            true => Err(ErrorKind::IsADirectory.into()),
            false => File::create_new(&new).and_then(|_| fs::remove_file(&new)),
        };
        checked.map_err(|error| self.failure(error))
    }

    /// Checks that [`write`](Self::write) will work, before the work that fills it; what it holds stays.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn check_writable(&self) -> Result<(), Failure> {
        let open = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&self.path);
        open.map(drop).map_err(|error| self.failure(error))
    }

    /// Writes it.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn write(&self, contents: impl AsRef<[u8]>) -> Result<(), Failure> {
        fs::write(&self.path, contents).map_err(|error| self.failure(error))
    }

    fn beside_it(&self, ending: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(ending);
        name.into()
    }
}

fn write(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(contents)?;
    file.sync_data()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn text(result: Result<impl Sized, Failure>) -> String {
        match result {
            Err(Failure::Error(error)) => error.to_string(),
            _ => String::new(),
        }
    }

    #[test]
    fn every_failure_names_the_file() {
        let folder = std::env::temp_dir().join(format!("carrot-named-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("text"), "text").unwrap();
        // Neither a file as a folder nor a folder as a file.
        let inside = NamedFile::of_option("--state", folder.join("text/x"));
        let is_folder = NamedFile::of_option("--state", &folder);
        let foreign = NamedFile::of_option("--state", folder.join("text"));
        let missing = NamedFile::of_option("--state", folder.join("missing"));
        for error in [
            text(inside.save(&1)),
            text(inside.check_savable()),
            text(inside.check_writable()),
            text(inside.write("")),
            text(is_folder.save(&1)),
            text(is_folder.check_savable()),
            text(is_folder.read()),
            text(is_folder.load::<u64>()),
            text(foreign.load::<u64>()),
            text(missing.read()),
        ] {
            let name = format!("--state {}", folder.display());
            assert!(error.starts_with(&name), "{error}");
        }
        assert!(text(foreign.load::<u64>()).ends_with("name another"));
        assert!(missing.load::<u64>().unwrap().is_none());
        let new = folder.join("missing.new");
        fs::write(&new, "").unwrap();
        missing.check_savable().unwrap();
        assert!(new.exists());
        assert!(!missing.path().exists());
        missing.save(&7).unwrap();
        assert_eq!(missing.load::<u64>().unwrap(), Some(7));
        fs::remove_dir_all(&folder).unwrap();
    }
}
