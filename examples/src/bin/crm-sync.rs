//! Brings a table of contacts and deals into the properties of users, and sends only what changed.
//!
//! ```sh
//! cargo run --bin crm-sync -- --file contacts.csv
//! ```
//!
//! The first column is the id of the contact in your system; `name`, `email` and `phone` become the properties of the
//! service, and every other column a property of your own: whole numbers as numbers, `YYYY-MM-DD` as dates, the
//! rest as text. An empty cell changes nothing. Rows that cannot be written are listed, and do not stop the others.

use std::{collections::HashMap, ops::ControlFlow, path::PathBuf, process::ExitCode};

use carrot_examples::{
    program::{self, Failure},
    say,
    service::{Service, ServiceArgs},
    shop,
    status_line::{StatusLine, for_people, least_time},
    table::{id, operation},
};
use carrot_hyper::{
    Client,
    apps::Leads,
    types::{InvalidValue, PropertyOperation, User, UserRef},
    users::{ImportCsv, PropertyChange},
};
use clap::{Parser, ValueEnum};
use csv::StringRecord;
use serde_json::Value;

/// Brings a table of contacts into the properties of users; only what changed is sent.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    service: ServiceArgs,
    /// The table, as CSV with a header; without it a small one is used.
    #[arg(long)]
    file: Option<PathBuf>,
    /// How the changes are sent.
    #[arg(long, value_enum, default_value_t = Way::Requests)]
    by: Way,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Way {
    /// A request for each user; the response says whether it worked.
    Requests,
    /// One import for all; the service reads it later and does not say how each row went.
    Import,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    program::run("crm-sync", run(arguments))
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let table = match &arguments.file {
        Some(file) => std::fs::read_to_string(file)
            .map_err(|error| format!("--file {}: {error}", file.display()))?,
        None => include_str!("../../data/contacts.csv").to_owned(),
    };
    let service = Service::connect(arguments.service, shop::shop().await?).await?;
    let next = "Run it again: what is in the service already is not sent a second time.";
    program::until_ctrl_c(sync(&service, &table, arguments.by), next).await
}

async fn sync(service: &Service, table: &str, way: Way) -> Result<(), Failure> {
    let known = known_users(&service.client).await?;
    let (changes, bad_rows) = changes(table, &known)?;
    for change in &changes {
        let names: Vec<_> = change
            .operations()
            .iter()
            .map(|one| one.name().as_str())
            .collect();
        let user = id(change.user());
        say!("{user}: {}", names.join(", "));
    }
    let requests = changes.len() as u64;
    let time = for_people(least_time(requests));
    say!("{requests} users change: {requests} requests, {time}; or 1 request with --by import.");
    if service.may_write() && !changes.is_empty() {
        match way {
            Way::Requests => send(&service.client, changes).await?,
            Way::Import => {
                // How a CSV writes a date, and what an empty cell does, is not documented: both are assumed here.
                let import = ImportCsv::new().dates().empty_cells().write(&changes)?;
                service.client.call(import).await?;
                say!("The service has the file and reads it in its own time.");
            }
        }
    } else if !changes.is_empty() {
        say!("Nothing was changed: add --write to do it.");
    }
    match bad_rows {
        0 => Ok(()),
        rows => Err(format!("{rows} rows were left out, see above").into()),
    }
}

/// All leads by the id that your system gave them: 50 a request, cheaper than asking for each contact.
async fn known_users(client: &Client) -> Result<HashMap<String, User>, Failure> {
    let mut known = HashMap::new();
    let mut leads = client.items(Leads::new());
    while let Some(lead) = leads.next().await? {
        if let Some(id) = lead.user_id.clone() {
            known.insert(id, lead);
        }
    }
    Ok(known)
}

fn changes(
    table: &str,
    known: &HashMap<String, User>,
) -> Result<(Vec<PropertyChange>, usize), Failure> {
    let mut reader = csv::Reader::from_reader(table.trim_start_matches('\u{feff}').as_bytes());
    let header = reader.headers()?.clone();
    let (mut changes, mut bad_rows) = (Vec::new(), 0);
    for (index, row) in reader.records().enumerate() {
        let row = row?;
        match change(&header, &row, known) {
            Ok(change) if change.operations().is_empty() => {}
            Ok(change) => changes.push(change),
            Err(error) => {
                bad_rows += 1;
                // The first row stands in the second line.
                eprintln!("line {}: {error}", index + 2);
            }
        }
    }
    Ok((changes, bad_rows))
}

fn change(
    header: &StringRecord,
    row: &StringRecord,
    known: &HashMap<String, User>,
) -> Result<PropertyChange, InvalidValue> {
    let id = row.get(0).unwrap_or_default();
    let user = known.get(id);
    let mut change = PropertyChange::new(UserRef::external(id));
    for (column, cell) in header.iter().zip(row).skip(1) {
        if cell.is_empty() {
            continue;
        }
        let operation = operation(column, cell)?;
        if !is_known(user, &operation) {
            change = change.with(operation);
        }
    }
    Ok(change)
}

/// Whether the service has this value already. It may give a number as text, and a date with a time.
fn is_known(user: Option<&User>, operation: &PropertyOperation) -> bool {
    let name = operation.name().as_str();
    let (Some(user), Some(value)) = (user, operation.value()) else {
        return false;
    };
    let stored = user.props.get(name).or_else(|| user.props_custom.get(name));
    let wanted = serde_json::to_value(value).unwrap_or_default();
    stored.is_some_and(|stored| {
        let (stored, wanted) = (text(stored), text(&wanted));
        stored == wanted || stored == format!("{wanted}T00:00:00")
    })
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

async fn send(client: &Client, changes: Vec<PropertyChange>) -> Result<(), Failure> {
    let mut progress = StatusLine::new(Some(changes.len() as u64));
    let report = client
        .call_all(changes, PropertyChange::set_props)
        .run(|_| {
            progress.step("users");
            ControlFlow::Continue(())
        })
        .await;
    progress.finish();
    for (change, error) in &report.failed {
        eprintln!("{}: {error}", id(change.user()));
    }
    match report.failed.len() {
        0 => say!("{} users changed.", report.succeeded.len()),
        failed => return Err(format!("{failed} users failed; run it again for those").into()),
    }
    Ok(())
}
