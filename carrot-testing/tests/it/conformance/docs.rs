//! The page about the kit: its rules, what each stack keeps of them, and what breaks each.

use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

use carrot_testing::conformance::{self, Level};
use expect_test::expect_file;

use super::mutants::MUTANTS;

const START: &str = "# Conformance of transports

What a transport owes is written in the module `transport` of `carrot-core`, and runs as `carrot_testing::conformance`: each
rule below is a test that any transport can make its own with one macro. This page is made by the tests.

![Rules passed per stack](pictures/conformance.svg)

";

fn summary_of(report: &str) -> &str {
    report.lines().nth(2).unwrap_or_default()
}

#[test]
fn page_is_up_to_date() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/conformance");
    let mut stacks = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        // A checkout on Windows may have other ends of lines.
        stacks.insert(
            name,
            fs::read_to_string(path).unwrap().replace("\r\n", "\n"),
        );
    }
    let mut text = START.to_owned();
    text.push_str("| stack | verdicts |\n|---|---|\n");
    for (name, report) in &stacks {
        writeln!(text, "| {name} | {} |", summary_of(report)).unwrap();
    }
    for report in stacks.values() {
        write!(text, "\n{report}").unwrap();
    }
    let count = |level| conformance::count(level);
    write!(
        text,
        "\n## Rules\n\n{} MUST and {} SHOULD. The last column counts the mutants of a reference transport that break the rule: each \
         breaks one duty, and the tests state which rules find it.\n\n\
         | rule | level | a transport | why | mutants |\n|---|---|---|---|---|\n",
        count(Level::Must),
        count(Level::Should),
    )
    .unwrap();
    for rule in conformance::rules() {
        let found = |(_, rules): &&(_, &[&str])| rules.contains(&rule.id);
        let mutants = MUTANTS.iter().filter(found).count() + usize::from(rule.id == "ENV-01");
        writeln!(
            text,
            "| {} | {} | {} | {} | {mutants} |",
            rule.id, rule.level, rule.title, rule.why
        )
        .unwrap();
    }
    text.push_str("\n## Mutants\n\n| mutant | rules that it breaks |\n|---|---|\n");
    for (mutant, rules) in MUTANTS {
        writeln!(text, "| {mutant:?} | {} |", rules.join(", ")).unwrap();
    }
    expect_file!["../../../../docs/conformance.md"].assert_eq(&text);
}

/// The lines of code of a file that are neither imports nor modules.
fn lines_of_code(source: &str) -> usize {
    let mut is_import = false;
    let mut lines = 0;
    for line in source.lines() {
        let code = line.trim();
        if code.is_empty() || code.starts_with("//") {
            continue;
        }
        is_import |= ["use ", "pub use ", "mod "]
            .iter()
            .any(|start| line.starts_with(start));
        lines += usize::from(!is_import);
        is_import &= !code.ends_with(';');
    }
    lines
}

#[test]
fn readme_counts_the_lines_of_each_stack() {
    let source =
        "//! x\nmod a;\nuse a::{\n    b,\n};\n\npub use a;\n\n/// x\nfn c() {\n    use d;\n}\n";
    assert_eq!(lines_of_code(source), 3);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for readme in ["README.md", "README.ru.md"] {
        let text = fs::read_to_string(root.join(readme)).unwrap();
        for stack in ["reqwest", "tower", "ureq", "smol"] {
            let path = format!("examples/stacks/{stack}/src/lib.rs");
            let lines = lines_of_code(&fs::read_to_string(root.join(&path)).unwrap());
            let row = text.lines().find(|line| line.contains(&path)).unwrap();
            let cell = row.split('|').nth(3).unwrap().trim();
            assert_eq!(cell, lines.to_string(), "{readme}: {row}");
        }
    }
    for stack in ["reqwest", "tower"] {
        let path = root.join(format!("examples/stacks/{stack}/src/lib.rs"));
        assert!(lines_of_code(&fs::read_to_string(path).unwrap()) < 60);
    }
}
