//! Imports leads from Excel's CSV, whatever its encoding and delimiter.
//!
//! ```sh
//! cargo run --bin import -- --file leads.csv
//! ```
//!
//! First it reads the file, writes the rows that cannot be imported to `leads.bad.csv` with the reason in a column of
//! its own, and says what each way of sending costs. That file can be mended and imported. Then it sends, and records in
//! `leads.done` which rows were applied, so that another run continues; a row that was changed since is sent again. That
//! file is of one app at one address, and is rejected for another.
//!
#![doc = include_str!("../README.md")]

mod done;
mod leads;

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
    status_line::{StatusLine, counted, for_people, least_time},
    table::{REASON, id},
    warn,
};
use carrot_hyper::{Client, users::ImportCsv};
use clap::{Parser, ValueEnum};

use crate::{
    done::Done,
    leads::{Lead, Leads},
};

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
    let next = "Run it again: it continues after what was done.";
    program::run("import", next, run(arguments))
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
    let leads =
        Leads::read(&bytes, &arguments.id).map_err(|error| format!("--file {name}: {error}"))?;
    let service = Service::connect(arguments.service, shop::shop().await?).await?;
    let in_sandbox = service.sandbox().is_some();
    // What a sandbox took is not done in the real service.
    let record = if in_sandbox { "sandbox-done" } else { "done" };
    let record = file.with_extension(record);
    let mut done = Done::open(&record)?;
    let record = record.file_name().unwrap_or_default().to_string_lossy();
    if in_sandbox {
        // Every run of the story starts with an empty service.
        done.clear()?;
    }
    let mut origin = None;
    if !done.is_new() || service.may_write() && !arguments.dry_run {
        origin = Some(service.origin().await?);
    }
    if let Some(origin) = &origin {
        done.belongs_to(origin, &record)?;
    }
    for bad in &leads.bad {
        warn!("row {}: {}", bad.number, bad.reason);
    }
    say!(
        "{}, delimiter {:?}: {} can be imported, {} cannot.",
        leads.encoding,
        leads.delimiter,
        counted(leads.good.len(), "row"),
        leads.bad.len()
    );
    write_bad_rows(&leads, &file)?;
    let all = leads.good.len();
    let open: Vec<_> = leads
        .good
        .into_iter()
        .filter(|lead| !done.has(lead))
        .collect();
    if all > open.len() {
        say!(
            "Done by an earlier run: {}.",
            counted(all - open.len(), "row")
        );
    }
    let (one_by_one, files) = (open.len() as u64, open.len().div_ceil(LINES) as u64);
    say!(
        "--by requests: {}, {}. --by import: {}, {}.",
        counted(one_by_one, "request"),
        for_people(least_time(one_by_one)),
        counted(files, "request"),
        for_people(least_time(files))
    );
    if arguments.dry_run || !service.may_write() {
        say!("A dry run: without it, and with --write for the real service, the rows are sent.");
        return Ok(());
    }
    let client = &service.client;
    match arguments.by {
        Way::Requests => send(client, open, &mut done).await?,
        Way::Import => import(client, &open, &mut done).await?,
    }
    if origin.is_some_and(|origin| origin.app.is_none()) {
        // It had no lead, and has some now.
        done.belongs_to(&service.origin().await?, &record)?;
    }
    Ok(())
}

fn write_bad_rows(leads: &Leads, file: &Path) -> Result<(), Failure> {
    if leads.bad.is_empty() {
        return Ok(());
    }
    let path = file.with_extension("bad.csv");
    let mut writer = csv::WriterBuilder::new()
        .delimiter(leads.delimiter as u8)
        .flexible(true)
        .from_path(&path)?;
    // In front, where a row with too few cells or too many does not move it.
    let header = leads.header.iter().filter(|column| *column != REASON);
    writer.write_record([REASON].into_iter().chain(header))?;
    let skipped = usize::from(leads.header.get(0) == Some(REASON));
    for bad in &leads.bad {
        let cells = bad.record.iter().skip(skipped);
        writer.write_record([bad.reason.as_str()].into_iter().chain(cells))?;
    }
    writer.flush()?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    say!("The rows that cannot are in {name}, each with the reason.");
    Ok(())
}

async fn send(client: &Client, leads: Vec<Lead>, done: &mut Done) -> Result<(), Failure> {
    let mut status = StatusLine::new(Some(leads.len() as u64));
    let mut failed = 0;
    let mut calls = client.call_all(leads, |lead| lead.change.set_props());
    while let Some(call) = calls.next().await {
        match call.result {
            // A change may be applied twice without harm, so it is enough to record it afterwards.
            Ok(_) => done.add(&call.item)?,
            Err(error) => {
                failed += 1;
                warn!("{}: {error}", id(call.item.change.user()));
            }
        }
        status.step("users");
    }
    status.finish();
    match failed {
        0 => say!("All are in the service."),
        failed => {
            let failed = counted(failed, "user");
            return Err(format!("failed: {failed}; run it again for those").into());
        }
    }
    Ok(())
}

async fn import(client: &Client, leads: &[Lead], done: &mut Done) -> Result<(), Failure> {
    // How a CSV writes a date or a quoted cell, and what an empty cell does, is not documented: assumed here.
    let csv = ImportCsv::new().dates().quoting().empty_cells();
    for part in leads.chunks(LINES) {
        let changes: Vec<_> = part.iter().map(|lead| lead.change.clone()).collect();
        client.call(csv.write(&changes)?).await?;
        for lead in part {
            done.add(lead)?;
        }
    }
    say!("The service has the files and reads them in its own time.");
    Ok(())
}
