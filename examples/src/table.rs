//! A table of contacts in CSV: its rows, those that cannot be used, and its columns as properties of a user.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use carrot_hyper::types::{InvalidValue, PropertyDate, PropertyOperation, UserRef};
use csv::{ReaderBuilder, StringRecord};

use crate::status_line::counted;

/// The column that a file of bad rows has in front. It is left out when the rows come back.
pub const REASON: &str = "reason";

/// A row with an id that no earlier row has, and a cell for each column.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TableRow {
    /// As a spreadsheet counts: the header is row 1.
    pub number: usize,
    /// The id that your system gave the contact.
    pub id: String,
    /// All its cells.
    pub record: StringRecord,
}

/// A row that cannot be used.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BadRow {
    /// As a spreadsheet counts.
    pub number: usize,
    /// All its cells.
    pub record: StringRecord,
    /// Why.
    pub reason: String,
}

impl BadRow {
    /// This row, which turned out to be bad for this reason.
    #[must_use]
    pub fn new(row: TableRow, reason: impl Into<String>) -> Self {
        Self {
            number: row.number,
            record: row.record,
            reason: reason.into(),
        }
    }
}

/// A table with a header.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Table {
    /// What stands between the cells.
    pub delimiter: char,
    /// The names of the columns.
    pub header: StringRecord,
    /// The rows that can be used, in their order.
    pub rows: Vec<TableRow>,
    /// The others, in their order.
    pub bad: Vec<BadRow>,
    id: usize,
}

impl Table {
    /// Reads a table. `id` names the column with the id that your system gave the contact; it is the first
    /// one by default.
    ///
    /// # Errors
    ///
    /// It lacks a header with a delimiter, or that column, or it cannot be read as CSV. Rows that cannot be used
    /// go to `bad`.
    pub fn read(text: &str, id: Option<&str>) -> Result<Self, String> {
        let text = text.trim_start_matches('\u{feff}');
        let delimiter = delimiter(text)?;
        let mut reader = ReaderBuilder::new()
            .delimiter(delimiter as u8)
            // A short row is a bad row, not the end of the file.
            .flexible(true)
            .from_reader(text.as_bytes());
        let header = reader.headers().map_err(|error| error.to_string())?.clone();
        let column = match id {
            None => usize::from(is_reason(0, header.get(0))),
            Some(id) => header
                .iter()
                .position(|column| column.trim() == id)
                .ok_or_else(|| {
                    let columns: Vec<_> = header.iter().collect();
                    format!("no column `{id}`; --id names one of {columns:?}")
                })?,
        };
        let mut table = Self {
            delimiter,
            header,
            rows: Vec::new(),
            bad: Vec::new(),
            id: column,
        };
        let mut seen = HashSet::new();
        for (index, record) in reader.records().enumerate() {
            let record = record.map_err(|error| error.to_string())?;
            let row = TableRow {
                number: index + 2,
                id: record.get(column).unwrap_or_default().trim().to_owned(),
                record,
            };
            match table.problem(&row, &mut seen) {
                None => table.rows.push(row),
                Some(reason) => table.bad.push(BadRow::new(row, reason)),
            }
        }
        Ok(table)
    }

    fn problem(&self, row: &TableRow, seen: &mut HashSet<String>) -> Option<String> {
        let (cells, columns) = (row.record.len(), self.header.len());
        if cells != columns {
            let (cells, columns) = (counted(cells, "cell"), counted(columns, "column"));
            return Some(format!("{cells} in {columns}"));
        }
        if row.id.is_empty() {
            return Some("no id".to_owned());
        }
        let is_new = seen.insert(row.id.clone());
        (!is_new).then(|| format!("the id {} stands in an earlier row", row.id))
    }

    /// The cells of a row that have a value, with their columns, without the id.
    pub fn cells<'a>(&'a self, row: &'a TableRow) -> impl Iterator<Item = (&'a str, &'a str)> {
        let cells = self.header.iter().zip(&row.record).enumerate();
        cells
            .filter(|(index, (column, _))| *index != self.id && !is_reason(*index, Some(column)))
            .map(|(_, (column, cell))| (column.trim(), cell.trim()))
            .filter(|(_, cell)| !cell.is_empty())
    }

    /// A number that changes when a cell of the row does. Another version of Rust may give other numbers.
    #[must_use]
    pub fn fingerprint(&self, row: &TableRow) -> u64 {
        let mut hasher = DefaultHasher::new();
        row.id.hash(&mut hasher);
        for cell in self.cells(row) {
            cell.hash(&mut hasher);
        }
        hasher.finish()
    }
}

fn is_reason(index: usize, column: Option<&str>) -> bool {
    index == 0 && column.is_some_and(|column| column.trim() == REASON)
}

/// The delimiter that stands most often in the first line.
fn delimiter(text: &str) -> Result<char, String> {
    let first = text.lines().next().unwrap_or_default();
    let count = |delimiter: char| first.matches(delimiter).count();
    [';', ',', '\t']
        .into_iter()
        .max_by_key(|delimiter| count(*delimiter))
        .filter(|delimiter| count(*delimiter) > 0)
        .ok_or_else(|| {
            "the first line has no `;`, `,` or tab: is this CSV with a header?".to_owned()
        })
}

/// The change that a cell asks for: `name`, `email` and `phone` are the properties of the service, every other column
/// is a property of your own. Whole numbers stay numbers, `YYYY-MM-DD` is a date, the rest is text.
///
/// # Errors
///
/// The cell breaks a rule of its property, such as a day that no calendar has.
pub fn operation(column: &str, cell: &str) -> Result<PropertyOperation, InvalidValue> {
    match column {
        "name" => PropertyOperation::update_or_create("$name", cell),
        "email" => PropertyOperation::update_or_create("$email", cell),
        // The service stores digits alone.
        "phone" => {
            let digits: String = cell.chars().filter(char::is_ascii_digit).collect();
            PropertyOperation::update_or_create("$phone", digits)
        }
        name => match cell.parse::<i64>() {
            Ok(number) => PropertyOperation::update_or_create(name, number),
            Err(_) if looks_like_date(cell) => {
                let date: PropertyDate = cell.parse()?;
                PropertyOperation::update_or_create(name, date)
            }
            Err(_) => PropertyOperation::update_or_create(name, cell),
        },
    }
}

fn looks_like_date(cell: &str) -> bool {
    let digit = |c: char| if c.is_ascii_digit() { '0' } else { c };
    cell.chars().map(digit).collect::<String>() == "0000-00-00"
}

/// The id of a user as people write it.
#[must_use]
pub fn id(user: &UserRef) -> String {
    match user {
        UserRef::External(id) => id.clone(),
        UserRef::Id(id) => id.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_are_found() {
        for (text, delimiter) in [
            ("id;name\n1;A", ';'),
            ("id,name\n1,A", ','),
            ("id\tname\n1\tA", '\t'),
            ("\u{feff}id;name\n1;A,B", ';'),
        ] {
            let table = Table::read(text, Some("id")).unwrap();
            assert_eq!((table.delimiter, table.rows.len()), (delimiter, 1));
        }
        assert!(Table::read("id\n1\n", None).is_err());
    }

    #[test]
    fn bad_rows_say_why() {
        let text = "id;renews\n1;x\n;x\n2;a;b\n4\n3;y\n 3 ;z\n";
        let table = Table::read(text, None).unwrap();
        let ids: Vec<_> = table.rows.iter().map(|row| row.id.as_str()).collect();
        assert_eq!(ids, ["1", "3"]);
        let bad = table.bad.iter();
        let bad: Vec<_> = bad.map(|bad| (bad.number, bad.reason.as_str())).collect();
        assert_eq!(
            bad,
            [
                (3, "no id"),
                (4, "3 cells in 2 columns"),
                (5, "1 cell in 2 columns"),
                (7, "the id 3 stands in an earlier row"),
            ]
        );
    }

    #[test]
    fn a_mended_file_of_bad_rows_is_read() {
        let table = Table::read("reason,id,name\nno id,1,A\n", None).unwrap();
        let row = &table.rows[0];
        assert_eq!(row.id, "1");
        assert_eq!(table.cells(row).collect::<Vec<_>>(), [("name", "A")]);
    }

    #[test]
    fn a_missing_column_is_named() {
        let error = Table::read("user;name\n1;A\n", Some("id")).unwrap_err();
        assert_eq!(
            error,
            "no column `id`; --id names one of [\"user\", \"name\"]"
        );
    }

    #[test]
    fn a_changed_cell_changes_the_fingerprint() {
        let of = |text: &str| {
            let table = Table::read(text, None).unwrap();
            table.fingerprint(&table.rows[0])
        };
        assert_eq!(of("id,a,b\n1,x,\n"), of("id;a;b\n 1;x ;\n"));
        assert_ne!(of("id,a,b\n1,x,\n"), of("id,a,b\n1,,x\n"));
        assert_ne!(of("id,a,b\n1,x,\n"), of("id,a,b\n2,x,\n"));
    }
}
