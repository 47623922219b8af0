//! No struct of the crates is read from an array, field by field in their order, as a derived `Deserialize`
//! does it.

use std::{fs, path::Path};

/// Structs that are the form of a program's own store, not of the service, behind a type that is checked as a
/// whole.
const OWN_STORE: &[(&str, &str)] = &[
    ("Book", "stands in a `Checkpoint`"),
    ("Run", "stands in a `Checkpoint`"),
];

fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(fs::read_to_string(path).unwrap());
        }
    }
}

/// The structs with named fields whose `Deserialize` is derived, outside of tests.
fn derived(source: &str) -> Vec<&str> {
    let source = source.split("#[cfg(test)]\nmod ").next().unwrap();
    let mut names = Vec::new();
    let mut rest = source;
    while let Some((_, after)) = rest.split_once("derive(") {
        let (traits, item) = after.split_once(')').unwrap();
        rest = item;
        let mut traits = traits.split(',').map(str::trim);
        let reads = traits.any(|name| name.rsplit("::").next() == Some("Deserialize"));
        // What stands before the item: other attributes, comments and its visibility.
        let head = item.split_inclusive([';', '{']).next().unwrap();
        let name = head.rsplit_once("struct ").map(|(_, name)| name);
        let is_whole = head.ends_with('{') && !head.contains("enum ");
        let body = item[head.len()..].split("\n}").next().unwrap();
        if let Some(name) = name.filter(|_| reads && is_whole && !body.contains("serde(flatten)")) {
            names.push(name.split(['<', ' ', '{']).next().unwrap());
        }
    }
    names
}

fn is_read_as_object(name: &str, source: &str) -> bool {
    source.match_indices(name).any(|(at, _)| {
        let before = &source[..at];
        let after = &source[at + name.len()..];
        ["Object<", "Object::<", "Object("]
            .iter()
            .any(|wrapper| before.ends_with(wrapper))
            && !after.starts_with(|next: char| next.is_alphanumeric() || next == '_')
    })
}

#[test]
fn every_derived_struct_is_read_from_objects_only() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&own.join("src"), &mut files);
    // Not there in a packaged crate.
    let core = own.with_file_name("carrot-core").join("src");
    let has_core = core.is_dir();
    if has_core {
        sources(&core, &mut files);
    }
    let mut forgotten = Vec::new();
    let mut checked = 0;
    for source in &files {
        for name in derived(source) {
            checked += 1;
            if !is_read_as_object(name, source) {
                forgotten.push(name);
            }
        }
    }
    forgotten.sort_unstable();
    let listed: Vec<&str> = OWN_STORE.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        forgotten,
        if has_core { listed } else { Vec::new() },
        "read these through `json::Object` or `read_object!`"
    );
    assert!(checked >= 8, "{checked} derived structs");
}

#[test]
fn a_forgotten_struct_is_found() {
    let plain = "#[derive(Debug, Deserialize)]\n#[serde(default)]\npub(super) struct Size<'a> {\n    width: u8,\n}\n";
    assert_eq!(derived(plain), ["Size"]);
    assert!(!is_read_as_object("Size", plain));
    for not_derived in [
        "#[derive(Debug, Serialize)]\nstruct Size {\n    width: u8,\n}\n",
        "#[derive(Deserialize)]\nstruct Size(u8);\nstruct Other {\n    width: u8,\n}\n",
        "#[derive(Deserialize)]\nenum Size {\n    Big,\n}\n",
        "#[derive(Deserialize)]\nstruct Size {\n    #[serde(flatten)]\n    width: u8,\n}\n",
    ] {
        assert!(derived(not_derived).is_empty(), "{not_derived}");
    }
    assert!(is_read_as_object("Size", "Object(Size { width })"));
    assert!(!is_read_as_object("Size", "Object<SizeOther>"));
}
