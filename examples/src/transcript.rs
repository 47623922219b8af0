//! Transcripts: pages of Markdown with commands and what they print, which tests run again.

use std::{
    env::consts::EXE_SUFFIX,
    ffi::OsStr,
    fs, io,
    path::Path,
    process::{Command, Output},
};

use crate::changes;

/// A program, with nothing of the caller's account.
#[must_use]
pub fn program(path: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(path);
    for variable in ["CARROT_TOKEN", "CARROT_BASE_URL", "CARROT_APP_ID"] {
        command.env_remove(variable);
    }
    command
}

/// Where a command leaves what it changed in its sandbox.
const CHANGES: &str = "sandbox-changes.txt";

/// Runs the commands of a transcript anew, and returns it with the output that they have now. A block `changes`
/// gets what the last command changed in its sandbox.
///
/// `binary` is any binary of the workspace; the others are beside it. `folder` is where the commands run.
///
/// # Errors
///
/// A command is not one that a transcript may have, or a program is missing.
pub fn replay(transcript: &str, binary: &Path, folder: &Path) -> io::Result<String> {
    fs::create_dir_all(folder)?;
    let mut text = String::new();
    let mut in_block = false;
    for line in transcript.lines() {
        let starts = matches!(line, "```console" | "```changes");
        in_block = starts || in_block && line != "```";
        let command = line.strip_prefix("$ ").filter(|_| in_block);
        // The output that it had is left out.
        if in_block && !starts && command.is_none() {
            continue;
        }
        text.push_str(line);
        text.push('\n');
        if line == "```changes" {
            text.push_str(&fs::read_to_string(folder.join(CHANGES))?);
        }
        if let Some(command) = command {
            text.push_str(&run(command, binary, folder)?);
            if !text.ends_with('\n') {
                text.push('\n');
            }
        }
    }
    Ok(text)
}

/// Runs a line such as `NAME=value cargo run --bin export -- --folder here`, or `cat FILE`, and returns what it
/// prints to stdout, then to stderr, then its exit code where that is not 0. `2> FILE` at the end of the line takes
/// stderr away.
fn run(line: &str, binary: &Path, folder: &Path) -> io::Result<String> {
    let mut words = line.split_whitespace().peekable();
    let mut variables = Vec::new();
    while let Some((name, value)) = words.peek().and_then(|word| word.split_once('=')) {
        variables.push((name, value));
        words.next();
    }
    let words: Vec<_> = words.collect();
    let output = match &words[..] {
        ["cat", file] => return fs::read_to_string(folder.join(file)),
        ["cargo", "run", "--bin" | "-p", name, arguments @ ..] => {
            // What an earlier command changed is not what this one does.
            let _ = fs::remove_file(folder.join(CHANGES));
            let (arguments, errors) = match arguments {
                [arguments @ .., "2>", file] => (arguments, Some(file)),
                arguments => (arguments, None),
            };
            let path = binary.with_file_name(format!("{name}{EXE_SUFFIX}"));
            let mut output = program(path)
                .args(arguments.iter().skip(1))
                .envs(variables)
                .env(changes::VARIABLE, CHANGES)
                .current_dir(folder)
                .output()?;
            if let Some(file) = errors {
                fs::write(folder.join(file), std::mem::take(&mut output.stderr))?;
            }
            output
        }
        _ => {
            return Err(io::Error::other(format!(
                "a transcript cannot run `{line}`"
            )));
        }
    };
    Ok(printed(&output))
}

fn printed(output: &Output) -> String {
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    match output.status.code() {
        Some(0) => {}
        Some(code) => text.push_str(&format!("? {code}")),
        None => text.push_str("? a signal"),
    }
    text
}
