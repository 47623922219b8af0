use std::{fs, path::Path};

use super::net::Net;
use crate::fail;

/// Checks that no cassette in a folder holds what looks like a token, an address or a phone number: for a
/// test of a suite that has cassettes, and for files that were changed by hand.
///
/// ```
/// # let folder = std::env::temp_dir().join(format!("carrot-clean-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// carrot_testing::cassette::assert_cassettes_are_clean(&folder);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Panics
///
/// The folder or a file in it cannot be read, or a file holds such a thing; the text names file and place.
#[track_caller]
pub fn assert_cassettes_are_clean(folder: impl AsRef<Path>) {
    let folder = folder.as_ref();
    let unreadable = |error| format!("{} cannot be read: {error}", folder.display());
    let mut text = String::new();
    if let Err(error) = search(folder, &mut text) {
        fail(&unreadable(error));
    }
    if !text.is_empty() {
        fail(&format!(
            "these cassettes hold what must not be in a file:\n{text}"
        ));
    }
}

fn search(folder: &Path, text: &mut String) -> std::io::Result<()> {
    let mut paths: Vec<_> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            search(&path, text)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let content = fs::read(&path)?;
            let hits = Net::new(&[], &[]).check(&String::from_utf8_lossy(&content));
            text.extend(
                hits.iter()
                    .map(|hit| format!("\n  {} {hit}", path.display())),
            );
        }
    }
    Ok(())
}
