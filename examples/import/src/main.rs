//! Imports leads from Excel's CSV, whatever its encoding and delimiter.
//!
//! ```sh
//! cargo run --bin import -- --file leads.csv
//! ```
//!
//! First it reads the file, writes the rows that cannot be imported to `leads.bad.csv` with the reason, and says what each
//! way of sending costs. Then it sends, and records in `leads.done` whose change was applied, so that another run continues.

mod done;
mod table;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use carrot_examples::{
    program::{self, Failure},
    say,
    service::{Service, ServiceArgs},
    shop,
    status_line::{StatusLine, for_people, least_time},
    table::id,
};
use carrot_hyper::{
    Client,
    users::{ImportCsv, PropertyChange},
};
use clap::{Parser, ValueEnum};

use crate::{done::Done, table::Table};

/// Lines of one file of an import, far below the 30 MB that the service takes.
const LINES: usize = 20_000;

/// Imports leads from Excel's CSV: shows what it would do, then does it, and continues where it was stopped.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    service: ServiceArgs,
    /// The file; without it a small one is used.
    #[arg(long)]
    file: Option<PathBuf>,
    /// The column with the id that your system gave the user.
    #[arg(long, default_value = "id")]
    id: String,
    /// How the changes are sent.
    #[arg(long, value_enum, default_value_t = Way::Requests)]
    by: Way,
    /// Only shows what would be done.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum Way {
    /// A request for each user; the response says whether it worked.
    Requests,
    /// Imports of up to 20,000 users; the service reads them later and does not say how each row went.
    Import,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    program::run("import", run(arguments))
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let file = match &arguments.file {
        Some(file) => file.clone(),
        None => {
            let file = std::env::temp_dir().join("carrot-import-example.csv");
            fs::write(&file, include_bytes!("../leads.csv"))?;
            file
        }
    };
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let bytes = fs::read(&file).map_err(|error| format!("--file {name}: {error}"))?;
    let table =
        Table::read(&bytes, &arguments.id).map_err(|error| format!("--file {name}: {error}"))?;
    let service = Service::connect(arguments.service, shop::shop().await?).await?;
    let in_sandbox = service.sandbox().is_some();
    // What a sandbox took is not done in the real service.
    let record = if in_sandbox { "sandbox-done" } else { "done" };
    let mut done = Done::open(&file.with_extension(record))?;
    if in_sandbox {
        // Every run of the story starts with an empty service.
        done.clear()?;
    }
    show(&table);
    say!(
        "{}, delimiter {:?}: {} rows can be imported, {} cannot.",
        table.encoding,
        table.delimiter,
        table.changes.len(),
        table.bad.len()
    );
    write_bad_rows(&table, &file)?;
    let open: Vec<_> = table
        .changes
        .iter()
        .filter(|change| !done.has(&id(change.user())))
        .cloned()
        .collect();
    let skipped = table.changes.len() - open.len();
    if skipped > 0 {
        say!("{skipped} were done by an earlier run.");
    }
    let (one_by_one, files) = (open.len() as u64, open.len().div_ceil(LINES) as u64);
    say!(
        "--by requests: {one_by_one} requests, {}. --by import: {files} requests, {}.",
        for_people(least_time(one_by_one)),
        for_people(least_time(files))
    );
    if arguments.dry_run || !service.may_write() {
        say!("A dry run: without it, and with --write for the real service, the rows are sent.");
        return Ok(());
    }
    let next = "Run it again: it continues after what was done.";
    let client = &service.client;
    let work = async {
        match arguments.by {
            Way::Requests => send(client, open, &mut done).await,
            Way::Import => import(client, &open, &mut done).await,
        }
    };
    program::until_ctrl_c(Box::pin(work), next).await
}

fn show(table: &Table) {
    for bad in &table.bad {
        eprintln!("row {}: {}", bad.number, bad.reason);
    }
}

fn write_bad_rows(table: &Table, file: &Path) -> Result<(), Failure> {
    if table.bad.is_empty() {
        return Ok(());
    }
    let path = file.with_extension("bad.csv");
    let mut writer = csv::WriterBuilder::new()
        .delimiter(table.delimiter as u8)
        .flexible(true)
        .from_path(&path)?;
    let with_reason = |row: &csv::StringRecord, reason: &str| {
        let mut row = row.clone();
        row.push_field(reason);
        row
    };
    writer.write_record(&with_reason(&table.header, "reason"))?;
    for bad in &table.bad {
        writer.write_record(&with_reason(&bad.row, &bad.reason))?;
    }
    writer.flush()?;
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    say!("The rows that cannot are in {name}, each with the reason.");
    Ok(())
}

async fn send(
    client: &Client,
    changes: Vec<PropertyChange>,
    done: &mut Done,
) -> Result<(), Failure> {
    let mut status = StatusLine::new(Some(changes.len() as u64));
    let mut failed = 0;
    let mut calls = client.call_all(changes, PropertyChange::set_props);
    while let Some(call) = calls.next().await {
        let user = id(call.item.user());
        match call.result {
            // A change may be applied twice without harm, so it is enough to record it afterwards.
            Ok(_) => done.add(&user)?,
            Err(error) => {
                failed += 1;
                eprintln!("{user}: {error}");
            }
        }
        status.step("users");
    }
    status.finish();
    match failed {
        0 => say!("All are in the service."),
        failed => return Err(format!("{failed} users failed; run it again for those").into()),
    }
    Ok(())
}

async fn import(
    client: &Client,
    changes: &[PropertyChange],
    done: &mut Done,
) -> Result<(), Failure> {
    // How a CSV writes a date or a quoted cell, and what an empty cell does, is not documented: assumed here.
    let csv = ImportCsv::new().dates().quoting().empty_cells();
    for part in changes.chunks(LINES) {
        client.call(csv.write(part)?).await?;
        for change in part {
            done.add(&id(change.user()))?;
        }
    }
    say!("The service has the files and reads them in its own time.");
    Ok(())
}
