//! A CSV as Excel writes it: the encoding, the delimiter, the rows.

use std::collections::HashSet;

use carrot_examples::table::operation;
use carrot_hyper::{types::UserRef, users::PropertyChange};
use csv::{ReaderBuilder, StringRecord};
use encoding_rs::{UTF_8, WINDOWS_1251};

/// A row that is not imported.
#[derive(Debug)]
pub(crate) struct BadRow {
    /// As a spreadsheet counts: the header is row 1.
    pub(crate) number: usize,
    pub(crate) row: StringRecord,
    pub(crate) reason: String,
}

/// What a file holds.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) encoding: &'static str,
    pub(crate) delimiter: char,
    pub(crate) header: StringRecord,
    pub(crate) changes: Vec<PropertyChange>,
    pub(crate) bad: Vec<BadRow>,
}

impl Table {
    /// Reads a file. `id` is the column with the id that your system gave the user.
    pub(crate) fn read(bytes: &[u8], id: &str) -> Result<Self, String> {
        let (text, encoding) = decode(bytes);
        let delimiter = delimiter(&text)?;
        let mut reader = ReaderBuilder::new()
            .delimiter(delimiter as u8)
            // A short row is a bad row, not the end of the file.
            .flexible(true)
            .from_reader(text.as_bytes());
        let header = reader.headers().map_err(|error| error.to_string())?.clone();
        let Some(id) = header.iter().position(|column| column.trim() == id) else {
            let columns: Vec<_> = header.iter().collect();
            return Err(format!("no column `{id}`; --id names one of {columns:?}"));
        };
        let mut table = Self {
            encoding,
            delimiter,
            header,
            changes: Vec::new(),
            bad: Vec::new(),
        };
        let mut seen = HashSet::new();
        for (index, row) in reader.records().enumerate() {
            let row = row.map_err(|error| error.to_string())?;
            match table.change(&row, id, &mut seen) {
                Ok(change) => table.changes.push(change),
                Err(reason) => {
                    let number = index + 2;
                    table.bad.push(BadRow {
                        number,
                        row,
                        reason,
                    });
                }
            }
        }
        Ok(table)
    }

    fn change(
        &self,
        row: &StringRecord,
        id: usize,
        seen: &mut HashSet<String>,
    ) -> Result<PropertyChange, String> {
        if row.len() != self.header.len() {
            let (cells, columns) = (row.len(), self.header.len());
            return Err(format!("{cells} cells in {columns} columns"));
        }
        let user = row.get(id).unwrap_or_default().trim();
        if user.is_empty() {
            return Err("no id".to_owned());
        }
        if !seen.insert(user.to_owned()) {
            return Err(format!("the id {user} stands in an earlier row"));
        }
        let mut change = PropertyChange::new(UserRef::external(user));
        for (index, (column, cell)) in self.header.iter().zip(row).enumerate() {
            let (column, cell) = (column.trim(), cell.trim());
            if index != id && !cell.is_empty() {
                let operation = operation(column, cell);
                change = change.with(operation.map_err(|invalid| format!("{column}: {invalid}"))?);
            }
        }
        match change.operations() {
            [] => Err("no cell with a value".to_owned()),
            _ => Ok(change),
        }
    }
}

/// UTF-8, with a mark at its start or without; else what Excel writes on Windows in Russia.
fn decode(bytes: &[u8]) -> (String, &'static str) {
    let (text, _, has_errors) = UTF_8.decode(bytes);
    if !has_errors {
        return (text.into_owned(), "UTF-8");
    }
    let (text, _, _) = WINDOWS_1251.decode(bytes);
    (text.into_owned(), "Windows-1251")
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Table {
        Table::read(bytes, "id").unwrap()
    }

    #[test]
    fn encodings_of_excel_are_read() {
        let text = "id;name\n1;Аня\n";
        let (russian, _, _) = WINDOWS_1251.encode(text);
        let with_mark = [b"\xef\xbb\xbf", text.as_bytes()].concat();
        let tables = [read(text.as_bytes()), read(&with_mark), read(&russian)];
        assert_eq!(
            tables.each_ref().map(|table| table.encoding),
            ["UTF-8", "UTF-8", "Windows-1251"]
        );
        for table in &tables {
            assert_eq!(table.changes, tables[0].changes);
            assert_eq!(table.changes.len(), 1);
        }
    }

    #[test]
    fn delimiters_are_found() {
        for (text, delimiter) in [
            ("id;name\n1;A", ';'),
            ("id,name\n1,A", ','),
            ("id\tname\n1\tA", '\t'),
        ] {
            let table = read(text.as_bytes());
            assert_eq!((table.delimiter, table.changes.len()), (delimiter, 1));
        }
        assert!(Table::read(b"id\n1\n", "id").is_err());
    }

    #[test]
    fn bad_rows_say_why() {
        let table = read("id;renews\n1;2026-02-30\n;x\n2;a;b\n3;y\n3;z\n4;\n".as_bytes());
        assert_eq!(table.changes.len(), 1);
        let reasons: Vec<_> = table.bad.iter().map(|bad| bad.reason.as_str()).collect();
        assert!(reasons[0].starts_with("renews: "), "{reasons:?}");
        assert_eq!(
            reasons[1..],
            [
                "no id",
                "3 cells in 2 columns",
                "the id 3 stands in an earlier row",
                "no cell with a value",
            ]
        );
    }

    #[test]
    fn a_missing_column_is_named() {
        let error = Table::read(b"user;name\n1;A\n", "id").unwrap_err();
        assert_eq!(
            error,
            "no column `id`; --id names one of [\"user\", \"name\"]"
        );
    }
}
