use std::fmt;

/// How much is known of a statement, by the columns of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A page of the vendor says so.
    Documented,
    /// It was seen on the live service, or the vendor's own programs rely on it.
    Observed,
    /// Nobody has confirmed it.
    Assumed,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Documented => "documented",
            Self::Observed => "observed",
            Self::Assumed => "assumed",
        })
    }
}

/// A statement about the service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Statement {
    /// The row of the table.
    pub subject: String,
    /// The column.
    pub kind: Kind,
    /// The statement: what stands between two semicolons of a cell.
    pub text: String,
}

/// Reads the statements of the table, in their order.
#[must_use]
pub fn read(table: &str) -> Vec<Statement> {
    let rows = table.lines().filter(|line| line.starts_with('|'));
    // The names of the columns, and the line below them.
    let mut statements = Vec::new();
    for row in rows.skip(2) {
        let mut cells = row.trim().trim_matches('|').split('|').map(str::trim);
        let subject = cells.next().unwrap_or_default();
        let kinds = [Kind::Documented, Kind::Observed, Kind::Assumed];
        for (kind, cell) in kinds.into_iter().zip(cells) {
            let texts = cell.split(';').map(str::trim);
            for text in texts.filter(|text| !text.is_empty()) {
                statements.push(Statement {
                    subject: subject.to_owned(),
                    kind,
                    text: text.to_owned(),
                });
            }
        }
    }
    statements
}
