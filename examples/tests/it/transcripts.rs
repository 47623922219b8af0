//! The transcripts of the programs of this package: their commands are run, and their output is compared.
//!
//! `UPDATE_EXPECT=1 cargo test -p carrot-examples --test it transcripts` writes them anew.

use std::{fs, path::Path};

use carrot_examples::transcript::replay;

#[test]
fn transcripts_show_what_the_programs_print() {
    let transcripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts");
    let folder = std::env::temp_dir().join(format!("carrot-transcripts-{}", std::process::id()));
    let binary = Path::new(env!("CARGO_BIN_EXE_quickstart"));
    let mut replayed = 0;
    for entry in fs::read_dir(transcripts).unwrap() {
        let path = entry.unwrap().path();
        let own = folder.join(path.file_stem().unwrap());
        let written = fs::read_to_string(&path).unwrap();
        let now = replay(&written, binary, &own).unwrap();
        expect_test::expect_file![&path].assert_eq(&now);
        replayed += 1;
    }
    fs::remove_dir_all(&folder).unwrap();
    assert!(replayed >= 6, "only {replayed} transcripts");
}
