//! What a project pays that depends on the client, beside one that depends on reqwest: two programs of one
//! purpose, each built from nothing in a folder of its own.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::record;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

struct Project {
    name: &'static str,
    source: &'static str,
    dependencies: &'static str,
}

const PROJECTS: [Project; 2] = [
    Project {
        name: "carrot-hyper",
        source: include_str!("../downstream/carrot.rs"),
        dependencies: r#"carrot-hyper = { path = "../../../carrot-hyper" }"#,
    },
    Project {
        name: "reqwest",
        source: include_str!("../downstream/reqwest.rs"),
        dependencies: r#"reqwest = { version = "0.13", default-features = false, features = ["json", "rustls"] }
serde = { version = "1", features = ["derive"] }
serde_json = "1""#,
    },
];

struct Paid {
    crates: usize,
    /// Seconds of a processor, for a build from nothing with the settings of development.
    build: f64,
    /// The same after one line of the program has changed.
    rebuild: f64,
    /// Bytes of the stripped program of a release.
    program: u64,
}

/// Builds both programs, and writes the table.
pub(crate) fn measure() -> io::Result<()> {
    let mut table = String::from(
        "| | crates | build, CPU s | rebuild, CPU s | program, MB |\n|---|--:|--:|--:|--:|\n",
    );
    for project in &PROJECTS {
        let paid = project.pays()?;
        let _ = writeln!(
            table,
            "| {} | {} | {:.1} | {:.2} | {:.2} |",
            project.name,
            paid.crates,
            paid.build,
            paid.rebuild,
            paid.program as f64 / 1e6
        );
    }
    println!("{table}");
    record::write_to_page("downstream", &table)
}

impl Project {
    fn pays(&self) -> io::Result<Paid> {
        let folder = self.write()?;
        let crates = crates(&folder)?;
        eprintln!("{}: {crates} crates", self.name);
        let build = cpu_seconds(&folder, "cargo build --quiet")?;
        eprintln!("{}: {build:.1} s", self.name);
        let main = folder.join("src/main.rs");
        let mut source = fs::OpenOptions::new().append(true).open(main)?;
        writeln!(source, "#[allow(dead_code)]\nconst CHANGED: u32 = 1;")?;
        let rebuild = cpu_seconds(&folder, "cargo build --quiet")?;
        eprintln!("{}: {rebuild:.2} s after a line", self.name);
        // Nobody counts how long this takes, so that the two may share what they have in common.
        run(
            &folder,
            "cargo build --quiet --release --target-dir ../release",
        )?;
        let program = fs::metadata(folder.join("../release/release/downstream"))?.len();
        eprintln!("{}: {program} bytes", self.name);
        fs::remove_dir_all(&folder)?;
        Ok(Paid {
            crates,
            build,
            rebuild,
            program,
        })
    }

    /// Writes the project, with the versions of this workspace.
    fn write(&self) -> io::Result<PathBuf> {
        let root = Path::new(ROOT);
        let folder = root.join("target/downstream").join(self.name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(folder.join("src"))?;
        let absolute = |text: &str| text.replace("../../..", ROOT);
        fs::write(folder.join("src/main.rs"), absolute(self.source))?;
        let manifest = format!(
            "[package]\nname = \"downstream\"\nedition = \"2024\"\n\n[workspace]\n\n[profile.release]\nstrip = true\n\n\
             [dependencies]\n{}\ntokio = {{ version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }}\n",
            absolute(self.dependencies)
        );
        fs::write(folder.join("Cargo.toml"), manifest)?;
        fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
        Ok(folder)
    }
}

/// The crates that are compiled, without the program.
fn crates(folder: &Path) -> io::Result<usize> {
    let tree = run(
        folder,
        "cargo tree --quiet --edges normal,build --prefix none --format {p}",
    )?;
    let text = String::from_utf8_lossy(&tree.stdout).into_owned();
    let crates: BTreeSet<&str> = text
        .lines()
        .map(|line| {
            line.trim_end_matches(" (*)")
                .trim_end_matches(" (proc-macro)")
        })
        .collect();
    Ok(crates.len().saturating_sub(1))
}

/// The time of all processors together: unlike the time on the wall, it hardly depends on what else the
/// machine does.
fn cpu_seconds(folder: &Path, command: &str) -> io::Result<f64> {
    let output = run(folder, &format!("TIMEFORMAT='%U %S'; time {command}"))?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let times = text.lines().last().unwrap_or_default().split(' ');
    Ok(times.filter_map(|time| time.parse::<f64>().ok()).sum())
}

fn run(folder: &Path, command: &str) -> io::Result<Output> {
    let output = Command::new("bash")
        .args(["-c", command])
        .current_dir(folder)
        // Those of the run of this program.
        .env_remove("CARGO_TARGET_DIR")
        .env("CARGO_TERM_COLOR", "never")
        .output()?;
    match output.status.success() {
        true => Ok(output),
        false => Err(io::Error::other(format!(
            "{command}: {}",
            String::from_utf8_lossy(&output.stderr)
        ))),
    }
}
