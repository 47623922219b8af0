use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use carrot_core::{
    ApiContext, ApiVersion, Endpoint as _,
    types::ImportReport,
    users::{Delimiter, Import, MergeField},
};
use serde_json::json;

use crate::sandbox::{
    rules::call::Call,
    rules::operation::Operation,
    rules::parameters::texts,
    rules::response::{Failure, Response},
    rules::values,
    store::{Store, User},
};

/// The page writes the tab as `\t`, which may be meant as it stands, so both are taken.
const DELIMITERS: [&str; 6] = [",", "|", ";", "\t", "\\t", " "];

/// `POST /users/import`. The service works the file off later; the sandbox does at once.
pub(in crate::sandbox) fn import(store: &mut Store, call: &Call) -> Result<Response, Failure> {
    let parameters = &call.parameters;
    if parameters.text("app").is_none() {
        return Err(Failure::validation("app", "is required"));
    }
    let merge_field = parameters.one_of("merge_field", &["$user_id", "$email"])?;
    let merge_field = merge_field.unwrap_or("$user_id");
    let delimiter = match parameters.one_of("delimiter", &DELIMITERS)? {
        None | Some("\\t") => '\t',
        Some(text) => text.chars().next().unwrap_or('\t'),
    };
    let tags = read_tags(call)?;
    let file = parameters.file("file");
    let file = file.ok_or_else(|| Failure::validation("file", "is required"))?;
    check(&file.bytes, merge_field, delimiter)?;
    let text = std::str::from_utf8(&file.bytes)
        .map_err(|_| Failure::validation("file", "must be UTF-8"))?;
    let rows = rows(text, delimiter).ok_or_else(|| Failure::validation("file", "must be CSV"))?;
    let Some(((_, columns), records)) = rows.split_first() else {
        let rule = "must have a first line with the names of the properties";
        return Err(Failure::validation("file", rule));
    };
    let Some(key) = columns.iter().position(|column| column == merge_field) else {
        let rule = "must have the column that `merge_field` names";
        return Err(Failure::validation("file", rule));
    };
    let mut plan = Plan {
        columns,
        key,
        tags: &tags,
        by_address: (merge_field == "$email").then(|| by_address(store)),
    };
    let mut errors = BTreeMap::new();
    let mut planned = 0_u64;
    for (line, record) in records {
        let wrong = if record.len() != columns.len() {
            Some("the line must have as many fields as the first")
        } else if record[key].is_empty() {
            Some("the field to merge by must not be empty")
        } else if !record.iter().all(|field| values::is_short(field)) {
            Some("the fields must have at most 255 characters")
        } else {
            None
        };
        if let Some(wrong) = wrong {
            errors.insert(*line, wrong.to_owned());
            continue;
        }
        planned += 1;
        plan.update(store, record);
    }
    let response = json!({"row_errors": errors, "updates_planned": planned});
    let report = ImportReport::new().with_row_errors(errors);
    store.imports.push(report.with_updates_planned(planned));
    Ok(Response::new(response))
}

/// By the rules of the client, which rejects the same files before it sends them: one list of rules and of
/// words for both.
fn check(file: &Bytes, merge_field: &str, delimiter: char) -> Result<(), Failure> {
    let merge_field = match merge_field {
        "$email" => MergeField::Email,
        _ => MergeField::UserId,
    };
    let known = Delimiter::ALL.iter().copied();
    let delimiter = known
        .zip(['\t', ',', ';', '|', ' '])
        .find(|(_, one)| *one == delimiter);
    let import = Import::new(file.clone())
        .merge_field(merge_field)
        .delimiter(delimiter.map_or(Delimiter::Tab, |(delimiter, _)| delimiter));
    match import.request(&ApiContext::new(ApiVersion::V2)) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::validation("file", error.rule())),
    }
}

/// The vendor's sample has JSON strings with commas between them; a JSON array and plain names are
/// taken too, and the parameter may be repeated.
fn read_tags(call: &Call) -> Result<Vec<String>, Failure> {
    let pairs = call.parameters.pairs.iter();
    let mut tags = Vec::new();
    for (_, text) in pairs.filter(|(name, _)| name == "tags") {
        tags.extend(match serde_json::from_str(&format!("[{text}]")) {
            Ok(tags) => tags,
            Err(_) => texts("tags", text)?,
        });
    }
    Ok(tags)
}

/// Which user has an address: the one who was there last, where several share it. A look through all
/// users for each line would take minutes for a large file.
fn by_address(store: &Store) -> HashMap<String, u64> {
    let mut users: Vec<&User> = store.users.values().collect();
    users.sort_by_key(|user| user.last_seen);
    let address = |user: &&User| Some((user.props.get("$email")?.as_str()?.to_owned(), user.id));
    users.iter().filter_map(address).collect()
}

/// What an import does with each of its lines.
struct Plan<'a> {
    columns: &'a [String],
    /// The column to merge by.
    key: usize,
    tags: &'a [String],
    /// Users by their address, where the address is what they are merged by.
    by_address: Option<HashMap<String, u64>>,
}

impl Plan<'_> {
    fn update(&mut self, store: &mut Store, record: &[String]) {
        let key = &record[self.key];
        let known = self.by_address.as_ref().unwrap_or(&store.by_external);
        let found = known.get(key).copied();
        let external_id = self.columns.iter().zip(record);
        let external_id =
            external_id.filter(|(column, value)| *column == "$user_id" && !value.is_empty());
        let external_id = external_id.map(|(_, value)| value).next_back();
        let free = external_id.filter(|external_id| !store.by_external.contains_key(*external_id));
        let id = match (found, free) {
            (None, external_id) => store.add_user(external_id.cloned()),
            (Some(id), Some(external_id)) => {
                store.set_external_id(id, external_id);
                id
            }
            (Some(id), None) => id,
        };
        if let Some(by_address) = &mut self.by_address {
            by_address.insert(key.clone(), id);
        }
        store.tag_user(id, self.tags);
        store.change_user(id, |user| {
            for (column, value) in self.columns.iter().zip(record) {
                if column == "$user_id" {
                    continue;
                }
                let operation = json!({"op": "update_or_create", "key": column, "value": value});
                if let Ok(operation) = Operation::read(&operation) {
                    operation.apply(user.properties_mut(operation.key), true);
                }
            }
        });
        store.follow_email(id, false);
    }
}

/// The lines of a CSV file with their numbers, empty ones left out; `None` where a quotation mark is
/// out of place.
fn rows(text: &str, delimiter: char) -> Option<Vec<(u64, Vec<String>)>> {
    let mut rows = Vec::new();
    let (mut line, mut start) = (1, 1);
    let (mut row, mut field) = (Vec::new(), String::new());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if field.is_empty() => loop {
                match characters.next()? {
                    '"' if characters.peek() == Some(&'"') => {
                        field.push('"');
                        characters.next();
                    }
                    '"' => break,
                    other => {
                        line += u64::from(other == '\n');
                        field.push(other);
                    }
                }
            },
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' => {
                row.push(std::mem::take(&mut field));
                rows.push((start, std::mem::take(&mut row)));
                line += 1;
                start = line;
            }
            other if other == delimiter => row.push(std::mem::take(&mut field)),
            other => field.push(other),
        }
    }
    row.push(field);
    rows.push((start, row));
    rows.retain(|(_, row): &(u64, Vec<String>)| row.iter().any(|field| !field.is_empty()));
    Some(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_quotes_and_numbers_lines() {
        let rows = rows("a;b\r\n\"x;\"\"y\n\";2\n\n3;\"\"", ';').expect("sound CSV");
        let expect = |line, fields: [&str; 2]| (line, fields.map(str::to_owned).to_vec());
        assert_eq!(
            rows,
            [
                expect(1, ["a", "b"]),
                expect(2, ["x;\"y\n", "2"]),
                expect(5, ["3", ""])
            ]
        );
    }

    #[test]
    fn rejects_open_quotation() {
        assert_eq!(rows("\"a", ','), None);
    }
}
