//! The transcripts: their commands are run, and their output is compared.
//!
//! `UPDATE_EXPECT=1 cargo test -p carrot-examples --test it transcripts` writes them anew.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Where the binaries of this package are.
fn binary(name: &str) -> PathBuf {
    let neighbour = Path::new(env!("CARGO_BIN_EXE_quickstart"));
    neighbour.with_file_name(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// Runs a line such as `NAME=value cargo run --bin export -- --folder here`, or `cat FILE`, and returns what it
/// prints to stdout, then to stderr, then its exit code where that is not 0.
fn run(line: &str, folder: &Path) -> String {
    let mut words = line.split_whitespace().peekable();
    let mut variables = Vec::new();
    while let Some((name, value)) = words.peek().and_then(|word| word.split_once('=')) {
        variables.push((name, value));
        words.next();
    }
    let words: Vec<_> = words.collect();
    if let ["cat", file] = words[..] {
        return fs::read_to_string(folder.join(file)).unwrap();
    }
    let ["cargo", "run", "--bin", name, arguments @ ..] = &words[..] else {
        panic!("a transcript cannot run `{line}`");
    };
    let output = Command::new(binary(name))
        .args(arguments.iter().skip(1))
        .env_remove("CARROT_TOKEN")
        .env_remove("CARROT_BASE_URL")
        .env_remove("CARROT_APP_ID")
        .envs(variables)
        .current_dir(folder)
        .output()
        .unwrap();
    let mut text = String::from_utf8(output.stdout).unwrap();
    text.push_str(&String::from_utf8(output.stderr).unwrap());
    match output.status.code() {
        Some(0) => {}
        code => write!(text, "? {}", code.unwrap()).unwrap(),
    }
    text
}

/// The transcript with the output that its commands have now.
fn replay(transcript: &str, folder: &Path) -> String {
    let mut text = String::new();
    let mut in_console = false;
    for line in transcript.lines() {
        match line {
            "```console" => in_console = true,
            "```" => in_console = false,
            _ => {}
        }
        if !in_console || line == "```console" {
            text.push_str(line);
            text.push('\n');
        } else if let Some(command) = line.strip_prefix("$ ") {
            text.push_str(line);
            text.push('\n');
            text.push_str(&run(command, folder));
            if !text.ends_with('\n') {
                text.push('\n');
            }
        }
    }
    text
}

#[test]
fn transcripts_show_what_the_programs_print() {
    let transcripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts");
    let folder = std::env::temp_dir().join(format!("carrot-transcripts-{}", std::process::id()));
    let mut replayed = 0;
    for entry in fs::read_dir(transcripts).unwrap() {
        let path = entry.unwrap().path();
        let own = folder.join(path.file_stem().unwrap());
        fs::create_dir_all(&own).unwrap();
        let written = fs::read_to_string(&path).unwrap();
        let now = replay(&written, &own);
        expect_test::expect_file![&path].assert_eq(&now);
        replayed += 1;
    }
    fs::remove_dir_all(&folder).unwrap();
    assert!(replayed >= 6, "only {replayed} transcripts");
}
