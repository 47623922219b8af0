//! The leads of a CSV as Excel writes it, whatever its encoding.

use carrot_examples::table::{BadRow, Table, TableRow, operation};
use carrot_hyper::{types::UserRef, users::PropertyChange};
use csv::StringRecord;
use encoding_rs::{Encoding, UTF_8, WINDOWS_1251};

/// A row that can be imported.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lead {
    /// Another one when the row has changed.
    pub(crate) fingerprint: u64,
    pub(crate) change: PropertyChange,
}

/// What a file holds.
#[derive(Debug)]
pub(crate) struct Leads {
    pub(crate) encoding: &'static str,
    pub(crate) delimiter: char,
    pub(crate) header: StringRecord,
    pub(crate) good: Vec<Lead>,
    pub(crate) bad: Vec<BadRow>,
}

impl Leads {
    /// Reads a file. `id` is the column with the id that your system gave the user.
    pub(crate) fn read(bytes: &[u8], id: &str) -> Result<Self, String> {
        let (text, encoding) = decode(bytes)?;
        let table = Table::read(&text, Some(id))?;
        let (mut good, mut bad) = (Vec::new(), table.bad.clone());
        for row in &table.rows {
            match change(&table, row) {
                Ok(change) => good.push(Lead {
                    fingerprint: table.fingerprint(row),
                    change,
                }),
                Err(reason) => bad.push(BadRow::new(row.clone(), reason)),
            }
        }
        bad.sort_by_key(|bad| bad.number);
        Ok(Self {
            encoding,
            delimiter: table.delimiter,
            header: table.header,
            good,
            bad,
        })
    }
}

fn change(table: &Table, row: &TableRow) -> Result<PropertyChange, String> {
    let mut change = PropertyChange::new(UserRef::external(&row.id));
    for (column, cell) in table.cells(row) {
        change = change.with(operation(column, cell)?);
    }
    match change.operations() {
        [] => Err("no cell with a value".to_owned()),
        _ => Ok(change),
    }
}

/// What the mark at its start says, such as UTF-16 for what Excel calls Unicode text; without one UTF-8, or else
/// what Excel writes on Windows in Russia.
fn decode(bytes: &[u8]) -> Result<(String, &'static str), String> {
    let (text, encoding, has_errors) = UTF_8.decode(bytes);
    if !has_errors {
        return Ok((text.into_owned(), encoding.name()));
    }
    if Encoding::for_bom(bytes).is_some() {
        let name = encoding.name();
        return Err(format!(
            "it is marked as {name} and holds what is not {name}: save it again"
        ));
    }
    let (text, _) = WINDOWS_1251.decode_without_bom_handling(bytes);
    Ok((text.into_owned(), WINDOWS_1251.name()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Leads {
        Leads::read(bytes, "id").unwrap()
    }

    #[test]
    fn encodings_of_excel_are_read() {
        let text = "id;name\n1;Аня\n";
        let (russian, _, _) = WINDOWS_1251.encode(text);
        let with_mark = [b"\xef\xbb\xbf", text.as_bytes()].concat();
        let utf_16 = "\u{feff}id\tname\r\n1\tАня\r\n".encode_utf16();
        let little: Vec<_> = utf_16.clone().flat_map(u16::to_le_bytes).collect();
        let big: Vec<_> = utf_16.flat_map(u16::to_be_bytes).collect();
        let files = [text.as_bytes(), &with_mark, &russian, &little, &big].map(read);
        assert_eq!(
            files.each_ref().map(|leads| leads.encoding),
            ["UTF-8", "UTF-8", "windows-1251", "UTF-16LE", "UTF-16BE"]
        );
        for leads in &files {
            assert_eq!(leads.good, files[0].good);
            assert_eq!(leads.good.len(), 1);
        }
    }

    #[test]
    fn damaged_files_are_no_other_encoding() {
        let files: [&[u8]; 3] = [
            b"\xef\xbb\xbfid;name\n1;\xc0\n",
            b"\xff\xfei\0d\0\n\x001\0\n\0\x00\xd8",
            b"\xff\xfei\0d\0\n\x001\0\n",
        ];
        for file in files {
            let error = Leads::read(file, "id").unwrap_err();
            assert!(error.starts_with("it is marked as UTF-"), "{error}");
        }
    }

    #[test]
    fn bad_rows_say_why() {
        let leads = read("id;renews\n1;2026-02-30\n;x\n2;a;b\n3;y\n3;z\n4;\n".as_bytes());
        assert_eq!(leads.good.len(), 1);
        let reasons: Vec<_> = leads.bad.iter().map(|bad| bad.reason.as_str()).collect();
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
}
