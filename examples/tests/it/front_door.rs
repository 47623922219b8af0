//! The READMEs: their picture is what the program prints, their code blocks are the same in both languages, and a new
//! project made of them compiles.

use std::{fmt::Write, fs, path::Path, process::Command};

use crate::support::{program, root};

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap()
}

/// The code blocks of a page, each with its language.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let parts = page.split("```").skip(1).step_by(2);
    parts.filter_map(|part| part.split_once('\n')).collect()
}

#[test]
fn both_readmes_have_the_same_code() {
    let (english, russian) = (read("README.md"), read("README.ru.md"));
    assert_eq!(blocks(&english), blocks(&russian));
    assert!(blocks(&english).len() >= 6);
}

/// The links of a section, and how many questions it has in bold.
fn links_and_questions(page: &str) -> Vec<(Vec<&str>, usize)> {
    let sections = page.split("\n## ").skip(1);
    sections
        .map(|section| {
            let links = section.split("](").skip(1);
            let links = links.filter_map(|rest| rest.split(')').next());
            (links.collect(), section.matches("?**").count())
        })
        .collect()
}

/// The Russian one leaves the table of the PHP wrapper to the English one.
#[test]
fn both_readmes_have_the_same_sections() {
    let (english, russian) = (read("README.md"), read("README.ru.md"));
    let (english, russian) = (links_and_questions(&english), links_and_questions(&russian));
    assert_eq!(english.len(), russian.len());
    for (english, russian) in english.iter().zip(&russian) {
        if english.1 + russian.1 > 0 {
            assert_eq!(english, russian);
        }
    }
    assert!(english.iter().any(|section| section.1 >= 8));
}

/// Every program of the README, in a project with the dependencies that the block before it names.
#[test]
#[ignore = "compiles everything from nothing; `bash .ci/run examples` runs it"]
fn a_new_project_from_the_readme_compiles() {
    let readme = read("README.md");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("from-the-readme");
    let mut manifest = None;
    let mut programs = 0;
    for (language, code) in blocks(&readme) {
        match language {
            "toml" => manifest = Some(with_paths(code)),
            _ if !code.contains("fn main") => {}
            _ => {
                let manifest = manifest
                    .as_ref()
                    .expect("dependencies stand before the program");
                check(&folder, manifest, code);
                programs += 1;
            }
        }
    }
    assert_eq!(programs, 2);
}

/// The block as a manifest, with the crates of this workspace in place of the repository.
fn with_paths(block: &str) -> String {
    let mut manifest = String::from(
        "[package]\nname = \"from-the-readme\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n",
    );
    for line in block.lines() {
        let name = line.split(' ').next().unwrap();
        let git = "git = \"https://github.com/carrot-rs/carrot\"";
        let path = root().join(name);
        let line = line.replace(git, &format!("path = {path:?}"));
        manifest.push_str(&line);
        manifest.push('\n');
    }
    manifest
}

fn check(folder: &Path, manifest: &str, program: &str) {
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.join("src/main.rs"), program).unwrap();
    // The versions of this workspace, so that nothing has to be fetched.
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["check", "--quiet", "--offline"])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The pictures of terminals. `UPDATE_EXPECT=1` draws them anew.
#[test]
fn the_pictures_show_what_the_programs_print() {
    for name in ["quickstart", "report", "close-stale", "crm-sync", "live"] {
        let output = program(name).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let picture = root().join(format!("docs/pictures/{name}.svg"));
        let command = format!("cargo run --bin {name}");
        expect_test::expect_file![picture].assert_eq(&terminal(&command, &text));
    }
}

/// The output of a command as a terminal shows it, with a background of its own, for light and dark pages.
fn terminal(command: &str, output: &str) -> String {
    const LINE: usize = 18;
    let lines: Vec<_> = std::iter::once(format!("$ {command}"))
        .chain(output.lines().map(without_port))
        .collect();
    let width = 9 * lines
        .iter()
        .map(|line| line.chars().count())
        .max()
        .unwrap_or(0)
        + 40;
    let height = LINE * lines.len() + 40;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#1e2430\"/>\n\
         <g font-family=\"monospace\" font-size=\"14\" fill=\"#d8dee9\" style=\"white-space:pre\">\n"
    );
    for (index, line) in lines.iter().enumerate() {
        let y = 30 + LINE * index;
        let color = match line.trim_start() {
            line if line.starts_with('$') => " fill=\"#a3be8c\"",
            line if line.starts_with("->") => " fill=\"#88c0d0\"",
            _ => "",
        };
        let line = line.replace('&', "&amp;").replace('<', "&lt;");
        writeln!(
            svg,
            "<text x=\"20\" y=\"{y}\"{color}>{}</text>",
            line.trim_end()
        )
        .unwrap();
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

/// The port is another one each time.
fn without_port(line: &str) -> String {
    match line.split_once("http://127.0.0.1:") {
        Some((before, after)) => {
            let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
            format!("{before}http://127.0.0.1:8080{rest}")
        }
        None => line.to_owned(),
    }
}
