//! A table of contacts in CSV: its rows, those that cannot be used, and its columns as properties of a user.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use carrot_hyper::types::{InvalidValue, PropertyDate, PropertyOperation, PropertyValue, UserRef};
use csv::{Reader, ReaderBuilder, StringRecord};

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
        if text.contains('\0') {
            return Err("this is not a text: save the table as CSV".to_owned());
        }
        let delimiter = delimiter(text)?;
        let mut reader = ReaderBuilder::new()
            .delimiter(delimiter as u8)
            // A short row is a bad row, not the end of the file.
            .flexible(true)
            .from_reader(text.as_bytes());
        let header = reader.headers().map_err(|error| error.to_string())?.clone();
        let mut columns = HashSet::new();
        let mut names = header.iter().map(str::trim);
        if let Some(twice) = names.find(|name| !name.is_empty() && !columns.insert(*name)) {
            return Err(format!("the column `{twice}` stands twice"));
        }
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
        let mut rows = Rows::new(&reader);
        let mut record = StringRecord::new();
        loop {
            let more = reader.read_record(&mut record);
            if !more.map_err(|error| error.to_string())? {
                break;
            }
            let number = rows.number(&reader, &record);
            // A spreadsheet ends with rows of delimiters where cells were emptied.
            if record.iter().all(|cell| cell.trim().is_empty()) {
                continue;
            }
            let record = std::mem::take(&mut record);
            let row = TableRow {
                number,
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

/// Counts rows as a spreadsheet does: empty lines are rows too, and a cell with several lines is in one row.
struct Rows {
    number: usize,
    /// The line in which the next record starts, or an empty line before it.
    line: u64,
}

impl Rows {
    /// After the header.
    fn new(reader: &Reader<&[u8]>) -> Self {
        Self {
            number: 1,
            line: reader.position().line(),
        }
    }

    fn number(&mut self, reader: &Reader<&[u8]>, record: &StringRecord) -> usize {
        let lines = reader.position().line() - self.line;
        let inside = record.iter().map(|cell| cell.matches('\n').count());
        // The last line of a file may lack its end.
        let rows = lines.saturating_sub(inside.sum::<usize>() as u64).max(1);
        self.line += lines;
        self.number += usize::try_from(rows).unwrap_or(usize::MAX);
        self.number
    }
}

fn is_reason(index: usize, column: Option<&str>) -> bool {
    index == 0 && column.is_some_and(|column| column.trim() == REASON)
}

/// The delimiter that stands most often in the header, outside of quotes.
fn delimiter(text: &str) -> Result<char, String> {
    let mut is_quoted = false;
    let header = text.chars().take_while(|&c| {
        is_quoted ^= c == '"';
        is_quoted || !matches!(c, '\n' | '\r')
    });
    let header: String = header.collect();
    let outside: Vec<_> = header.split('"').step_by(2).collect();
    let count = |delimiter: char| {
        outside
            .iter()
            .map(|part| part.matches(delimiter).count())
            .sum::<usize>()
    };
    [';', ',', '\t']
        .into_iter()
        .max_by_key(|delimiter| count(*delimiter))
        .filter(|delimiter| count(*delimiter) > 0)
        .ok_or_else(|| {
            "the first line has no `;`, `,` or tab: is this CSV with a header?".to_owned()
        })
}

/// The change that a cell asks for: `name`, `email` and `phone` are the properties of the service, every other column
/// is a property of your own. Whole numbers become numbers, `YYYY-MM-DD` and `DD.MM.YYYY` dates, the rest is text. What a
/// number would alter stays text, such as `007` and `+7`.
///
/// # Errors
///
/// The cell breaks a rule of its property, such as a day that no calendar has. The text starts with the column.
pub fn operation(column: &str, cell: &str) -> Result<PropertyOperation, String> {
    change(column, cell).map_err(|invalid| format!("{column}: {invalid}"))
}

fn change(column: &str, cell: &str) -> Result<PropertyOperation, InvalidValue> {
    match column {
        "name" => PropertyOperation::update_or_create("$name", cell),
        "email" => PropertyOperation::update_or_create("$email", cell),
        "phone" => PropertyOperation::phone(cell),
        name => match (number(cell), date(cell)) {
            (Some(number), _) => PropertyOperation::update_or_create(name, number),
            (_, Some(date)) => {
                let date: PropertyDate = date.parse()?;
                PropertyOperation::update_or_create(name, date)
            }
            _ => PropertyOperation::update_or_create(name, cell),
        },
    }
}

/// A number that reads like the cell, and that the service takes.
fn number(cell: &str) -> Option<i64> {
    let number: i64 = cell.parse().ok()?;
    let fits = PropertyValue::integer(number).is_ok();
    (fits && number.to_string() == cell).then_some(number)
}

/// A cell that looks like a date, as `YYYY-MM-DD`.
fn date(cell: &str) -> Option<String> {
    let digits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    if let [year, month, day] = cell.split('-').collect::<Vec<_>>()[..] {
        let lengths = [year.len(), month.len(), day.len()];
        let are_digits = digits(year, 4) && digits(month, 2) && digits(day, 2);
        return (lengths == [4, 2, 2] && are_digits).then(|| cell.to_owned());
    }
    match cell.split('.').collect::<Vec<_>>()[..] {
        [day, month, year] if year.len() == 4 => {
            (digits(day, 2) && digits(month, 2) && digits(year, 4))
                .then(|| format!("{year}-{month:0>2}-{day:0>2}"))
        }
        _ => None,
    }
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
            ("\"the id\nof a,b,c\";name\n1;A,B", ';'),
        ] {
            let table = Table::read(text, None).unwrap();
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
    fn rows_are_numbered_as_in_a_spreadsheet() {
        let text = "\"the\nid\";a\r\n\r\n1;\"x\r\ny\"\r\n;;\r\n\r\n2;z\r\n;\r\n3;z";
        let table = Table::read(text, None).unwrap();
        let numbers: Vec<_> = table.rows.iter().map(|row| row.number).collect();
        assert_eq!(numbers, [3, 6, 8]);
        assert!(table.bad.is_empty());
    }

    #[test]
    fn tables_that_mislead_are_rejected() {
        for (text, reason) in [
            ("PK\u{3}\u{4}\0;a\n", "save the table as CSV"),
            ("id;a; a\n1;2;3\n", "`a` stands twice"),
        ] {
            let error = Table::read(text, None).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
        assert!(Table::read("id;a;;\n1;2;;\n", None).is_ok());
    }

    #[test]
    fn no_cell_is_altered() {
        let sent = |column: &str, cell: &str| {
            let operation = operation(column, cell).ok()?;
            serde_json::to_string(operation.value()?).ok()
        };
        for (column, cell, value) in [
            ("n", "42", Some("42")),
            ("n", "-7", Some("-7")),
            ("n", "007", Some("\"007\"")),
            ("n", "+7", Some("\"+7\"")),
            ("n", "-0", Some("\"-0\"")),
            ("n", "40817810099910004", Some("\"40817810099910004\"")),
            ("n", "12,5", Some("\"12,5\"")),
            ("n", "2026-09-01", Some("\"2026-09-01\"")),
            ("n", "01.09.2026", Some("\"2026-09-01\"")),
            ("n", "1.9.2026", Some("\"2026-09-01\"")),
            ("n", "31.02.2026", None),
            ("n", "2026-13-01", None),
            ("n", "1.2.26", Some("\"1.2.26\"")),
            ("n", "192.168.1.2026", Some("\"192.168.1.2026\"")),
            ("phone", "+7 (900) 000-00-41", Some("\"79000000041\"")),
            ("phone", "7,9E+10", None),
            ("phone", "8 900 000-00-41 ext. 5", None),
            ("phone", "none", None),
        ] {
            assert_eq!(sent(column, cell).as_deref(), value, "{cell}");
        }
        let error = operation("renews", "2026-02-30").unwrap_err();
        assert!(error.starts_with("renews: "), "{error}");
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
