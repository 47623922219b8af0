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

use std::{path::PathBuf, process::ExitCode};

use carrot_examples::{
    named_file::NamedFile,
    program::{self, Failure},
    say,
    service::{Service, ServiceArgs},
    shop,
    status_line::{StatusLine, counted, for_people, least_time},
    table::{REASON, id},
    warn,
};
use carrot_hyper::users::ImportCsv;
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
    program::work_without_reader();
    let file = arguments.service.file(arguments.file)?;
    let story = NamedFile::beside("carrot-import-example.csv");
    let (file, bytes) = match file {
        Some(file) => {
            let bytes = file.read()?;
            (file, bytes)
        }
        None => (story, include_bytes!("../leads.csv").to_vec()),
    };
    let leads = Leads::read(&bytes, &arguments.id).map_err(|error| file.failure(error))?;
    let service = Service::connect(arguments.service, shop::shop().await?).await?;
    let mut done = match service.sandbox() {
        // What a sandbox took is not done in the real service.
        Some(_) => Done::default(),
        None => Done::read(beside(&file, "done")?)?,
    };
    let sends = service.may_write() && !arguments.dry_run;
    if sends {
        done.belongs_to(&service.origin().await?)?;
    } else if !done.is_new() {
        done.check(&service.origin().await?)?;
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
    if !sends {
        say!("A dry run: without it, and with --write for the real service, the rows are sent.");
        return Ok(());
    }
    match arguments.by {
        Way::Requests => send(&service, open, &mut done).await,
        Way::Import => import(&service, &open, &mut done).await,
    }
}

/// The file with this extension in place of that of the table.
fn beside(table: &NamedFile, extension: &str) -> Result<NamedFile, Failure> {
    let file = NamedFile::beside(table.path().with_extension(extension));
    match file.path() == table.path() {
        false => Ok(file),
        true => Err(table.failure(format_args!("a table must not end with .{extension}"))),
    }
}

fn write_bad_rows(leads: &Leads, table: &NamedFile) -> Result<(), Failure> {
    if leads.bad.is_empty() {
        return Ok(());
    }
    let file = beside(table, "bad.csv")?;
    let mut writer = csv::WriterBuilder::new()
        .delimiter(leads.delimiter as u8)
        .flexible(true)
        .from_writer(Vec::new());
    // In front, where a row with too few cells or too many does not move it.
    let header = leads.header.iter().filter(|column| *column != REASON);
    writer.write_record([REASON].into_iter().chain(header))?;
    let skipped = usize::from(leads.header.get(0) == Some(REASON));
    for bad in &leads.bad {
        let cells = bad.record.iter().skip(skipped);
        writer.write_record([bad.reason.as_str()].into_iter().chain(cells))?;
    }
    let mut text = writer.into_inner().map_err(|error| file.failure(error))?;
    if !text.is_ascii() {
        // Without it Excel takes the file for one in the encoding of the machine.
        text.splice(..0, *b"\xef\xbb\xbf");
    }
    file.write(text)?;
    let name = file.path().display();
    say!("The rows that cannot are in {name}, each with the reason.");
    Ok(())
}

async fn send(service: &Service, leads: Vec<Lead>, done: &mut Done) -> Result<(), Failure> {
    let mut status = StatusLine::new(Some(leads.len() as u64));
    let (mut failed, mut is_first) = (0, true);
    let mut calls = service
        .client
        .call_all(leads, |lead| lead.change.set_props());
    while let Some(call) = calls.next().await {
        match call.result {
            // A change may be applied twice without harm, so it is enough to record it afterwards.
            Ok(_) => {
                done.add(&call.item)?;
                if std::mem::take(&mut is_first) {
                    note_app(service, done).await?;
                }
            }
            Err(error) => {
                failed += 1;
                warn!("{}: {error}", id(call.item.change.user()));
            }
        }
        status.step("users");
    }
    status.finish();
    // The first lead may not have been in the list yet.
    note_app(service, done).await?;
    match failed {
        0 => say!("All are in the service."),
        failed => {
            let failed = counted(failed, "user");
            return Err(format!("failed: {failed}; run it again for those").into());
        }
    }
    Ok(())
}

/// An app without a lead is not known until it has one.
async fn note_app(service: &Service, done: &mut Done) -> Result<(), Failure> {
    match service.sandbox() {
        None if !done.knows_app() => done.belongs_to(&service.origin().await?),
        _ => Ok(()),
    }
}

async fn import(service: &Service, leads: &[Lead], done: &mut Done) -> Result<(), Failure> {
    // How a CSV writes a date or a quoted cell, and what an empty cell does, is not documented: assumed here.
    let csv = ImportCsv::new().dates().quoting().empty_cells();
    for part in leads.chunks(LINES) {
        let changes: Vec<_> = part.iter().map(|lead| lead.change.clone()).collect();
        service.client.call(csv.write(&changes)?).await?;
        for lead in part {
            done.add(lead)?;
        }
    }
    note_app(service, done).await?;
    say!("The service has the files and reads them in its own time.");
    Ok(())
}
