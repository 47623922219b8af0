//! Brings a table of contacts and deals into the properties of users, and sends only what changed.
//!
//! ```sh
//! cargo run --bin crm-sync -- --file contacts.csv
//! ```
//!
//! The first column is the id of the contact in your system, once in the table; `name`, `email` and `phone` become the properties of the
//! service, and every other column a property of your own: whole numbers as numbers, `YYYY-MM-DD` and
//! `DD.MM.YYYY` as dates, the rest as text. An empty cell changes nothing. Rows that cannot be written are listed, and do not stop the others.
//!
#![doc = include_str!("../../transcripts/crm-sync.md")]

use std::{collections::HashMap, ops::ControlFlow, path::PathBuf, process::ExitCode};

use carrot_examples::{
    program::{self, Failure},
    say,
    service::{Service, ServiceArgs},
    shop,
    status_line::{StatusLine, counted, for_people, least_time},
    table::{BadRow, Table, TableRow, id, operation},
    warn,
};
use carrot_hyper::{
    Client,
    apps::Leads,
    types::{PropertyOperation, User, UserRef},
    users::{ImportCsv, PropertyChange},
};
use clap::{Parser, ValueEnum};
use serde_json::Value;

/// Brings a table of contacts into the properties of users; only what changed is sent.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    service: ServiceArgs,
    /// The table, as CSV in UTF-8 with a header, with `,`, `;` or tabs; without it a small one is used.
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
    let next = "Run it again: what is in the service already is not sent a second time.";
    program::run("crm-sync", next, run(arguments))
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    program::work_without_reader();
    let table = match arguments.service.file(arguments.file)? {
        Some(file) => {
            let text = String::from_utf8(file.read()?);
            let advice = "not in UTF-8: save it so, or bring it in with `import`";
            let text = text.map_err(|_| file.failure(advice))?;
            Table::read(&text, None).map_err(|error| file.failure(error))?
        }
        None => Table::read(include_str!("../../data/contacts.csv"), None)?,
    };
    let service = Service::connect(arguments.service, shop::shop().await?).await?;
    sync(&service, &table, arguments.by).await
}

async fn sync(service: &Service, table: &Table, way: Way) -> Result<(), Failure> {
    let known = known_users(&service.client).await?;
    let (changes, bad) = changes(table, &known);
    for bad in &bad {
        warn!("row {}: {}", bad.number, bad.reason);
    }
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
    say!(
        "{} to change: {}, {time}; or 1 request with --by import.",
        counted(requests, "user"),
        counted(requests, "request")
    );
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
    match bad.len() {
        0 => Ok(()),
        rows => Err(format!("left out: {}, see above", counted(rows, "row")).into()),
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

/// What has to change, and the rows that cannot be used.
fn changes(table: &Table, known: &HashMap<String, User>) -> (Vec<PropertyChange>, Vec<BadRow>) {
    let (mut changes, mut bad) = (Vec::new(), table.bad.clone());
    for row in &table.rows {
        match change(table, row, known) {
            Ok(change) if change.operations().is_empty() => {}
            Ok(change) => changes.push(change),
            Err(reason) => bad.push(BadRow::new(row.clone(), reason)),
        }
    }
    bad.sort_by_key(|bad| bad.number);
    (changes, bad)
}

fn change(
    table: &Table,
    row: &TableRow,
    known: &HashMap<String, User>,
) -> Result<PropertyChange, String> {
    let user = known.get(&row.id);
    let mut change = PropertyChange::new(UserRef::external(&row.id));
    for (column, cell) in table.cells(row) {
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
        warn!("{}: {error}", id(change.user()));
    }
    match report.failed.len() {
        0 => say!("Changed: {}.", counted(report.succeeded.len(), "user")),
        failed => {
            let failed = counted(failed, "user");
            return Err(format!("failed: {failed}; run it again for those").into());
        }
    }
    Ok(())
}
