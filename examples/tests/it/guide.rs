//! The pages in Markdown: their links lead somewhere, and every chapter of the guide is listed and tested.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::support::root;

/// The Markdown files in `folder`, and in those below it but `target`.
fn pages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && (!name.starts_with('.') || name == ".github") {
            pages(&path, found);
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
}

/// The targets of the links of a page, outside of its code.
fn links(text: &str) -> Vec<&str> {
    let prose = text.split("```").step_by(2);
    prose
        .flat_map(|part| part.split("](").skip(1))
        .filter_map(|rest| rest.split([')', ' ']).next())
        .collect()
}

/// The anchor of a heading, as the forges make it.
fn anchor(heading: &str) -> String {
    heading
        .trim()
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

fn has_anchor(text: &str, wanted: &str) -> bool {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| anchor(line.trim_start_matches('#')))
        .any(|found| found == wanted)
}

/// Why the link does not lead anywhere, where it should lead to a file of the repository.
fn broken(page: &Path, text: &str, link: &str) -> Option<String> {
    // Documentation of rustdoc links to items, which rustdoc checks itself.
    if link.contains("://") || link.contains("::") || link.starts_with("mailto:") {
        return None;
    }
    let (file, section) = link.split_once('#').unwrap_or((link, ""));
    let target = page.parent().unwrap().join(file);
    if !file.is_empty() && !target.exists() {
        return Some(format!("{}: no file {file}", page.display()));
    }
    if section.is_empty() || target.extension().is_some_and(|kind| kind != "md") {
        return None;
    }
    let there = match file {
        "" => text.to_owned(),
        _ => fs::read_to_string(&target).unwrap(),
    };
    (!has_anchor(&there, section)).then(|| format!("{}: no section {link}", page.display()))
}

#[test]
fn links_between_pages_lead_somewhere() {
    let mut found = Vec::new();
    pages(&root(), &mut found);
    // Texts of rustdoc: their links are names of items.
    found.retain(|page| !page.parent().unwrap().ends_with("carrot-core/docs"));
    found.retain(|page| !page.ends_with("docs/crate.md"));
    let (mut all, mut problems) = (0, Vec::new());
    for page in &found {
        let text = fs::read_to_string(page).unwrap();
        let links = links(&text);
        all += links.len();
        problems.extend(links.iter().filter_map(|link| broken(page, &text, link)));
    }
    assert!(problems.is_empty(), "{problems:#?}");
    assert!(all > 40, "only {all} links found: the search is broken");
}

/// A link to a page that is made when the crates are published leads nowhere before.
#[test]
fn no_page_links_to_what_is_not_published() {
    let mut found = Vec::new();
    pages(&root(), &mut found);
    for page in found {
        let text = fs::read_to_string(&page).unwrap();
        for place in [
            "docs.rs/carrot",
            "crates.io/crates/carrot",
            "cargo install carrot",
            "cargo add carrot",
        ] {
            assert!(!text.contains(place), "{}: {place}", page.display());
        }
    }
}

#[test]
fn every_chapter_is_listed_and_tested() {
    let guide = root().join("docs/guide");
    let list = fs::read_to_string(guide.join("README.md")).unwrap();
    let snippets = fs::read_to_string(root().join("examples/src/lib.rs")).unwrap();
    let mut chapters = Vec::new();
    pages(&guide, &mut chapters);
    chapters.retain(|page| !page.ends_with("README.md"));
    for chapter in &chapters {
        let name = chapter.file_name().unwrap().to_string_lossy();
        assert!(list.contains(&format!("({name})")), "{name} is not listed");
        assert!(
            snippets.contains(&*name),
            "the snippets of {name} are not run"
        );
    }
    assert_eq!(chapters.len(), 15);
}
