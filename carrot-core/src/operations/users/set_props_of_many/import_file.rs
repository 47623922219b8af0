use bytes::Bytes;

use super::PropertyChange;
use crate::{
    types::{
        PropertyName, PropertyOperation, PropertyOperationKind, PropertyValue, UserRef,
        system::property,
    },
    users::Import,
};

const USER_ID: &str = "$user_id";

/// The system properties that a request may set to a text. Others may be ignored, of which the report
/// of an import does not tell.
const SYSTEM_TEXTS: [&str; 5] = [
    property::NAME,
    property::PHONE,
    property::EMAIL,
    property::GROUP,
    property::LAST_ORDER_STATUS,
];

/// Users who go together by one import, and the file of it.
///
/// Every user has a line, in the order of [`users`](Self::users). All have the same columns: their
/// external id first, then the properties in the order of their names.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedImport {
    changes: Vec<PropertyChange>,
    bytes: usize,
}

impl PlannedImport {
    pub(super) fn new(first: PropertyChange) -> Self {
        let bytes = header_bytes(&first) + line_bytes(&first);
        Self {
            changes: vec![first],
            bytes,
        }
    }

    /// Adds a user with the same columns, or gives it back where the file would reach the limit.
    pub(super) fn add(&mut self, change: PropertyChange, limit: usize) -> Option<PropertyChange> {
        let bytes = self.bytes + line_bytes(&change);
        if bytes >= limit {
            return Some(change);
        }
        self.bytes = bytes;
        self.changes.push(change);
        None
    }

    /// The users, in the order of their lines.
    pub fn users(&self) -> impl ExactSizeIterator<Item = &UserRef> {
        self.changes.iter().map(PropertyChange::user)
    }

    /// How big the file is.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The request, as it will be sent.
    pub fn request(&self) -> Import {
        let mut csv = String::with_capacity(self.bytes);
        csv.push_str(USER_ID);
        if let Some(first) = self.changes.first() {
            for operation in by_name(first) {
                csv.push('\t');
                csv.push_str(operation.name().as_str());
            }
        }
        csv.push('\n');
        for change in &self.changes {
            csv.push_str(own_id(change));
            for operation in by_name(change) {
                csv.push('\t');
                push_value(&mut csv, operation);
            }
            csv.push('\n');
        }
        Import::new(Bytes::from(csv))
    }

    pub(super) fn operations(&self) -> usize {
        let operations = self.changes.iter().map(|change| change.operations().len());
        operations.sum()
    }

    pub(super) fn into_changes(self) -> Vec<PropertyChange> {
        self.changes
    }
}

/// Whether an import has the effect that `SetProps` has, as far as the vendor documents both.
pub(super) fn fits(change: &PropertyChange) -> bool {
    let mut names: Vec<&str> = names(change).collect();
    names.sort_unstable();
    is_plain(own_id(change))
        && change.operations().iter().all(operation_fits)
        && names.is_sorted_by(|one, next| one < next)
}

/// The columns beside the id. Users may share a file who have the same.
pub(super) fn columns(change: &PropertyChange) -> Vec<String> {
    let by_name = by_name(change).into_iter();
    by_name
        .map(|operation| operation.name().to_string())
        .collect()
}

fn operation_fits(operation: &PropertyOperation) -> bool {
    let name = operation.name();
    operation.op() == PropertyOperationKind::UpdateOrCreate
        && is_plain(name.as_str())
        && is_known(name)
        && operation
            .value()
            .is_some_and(|value| match value.as_text() {
                Some(text) => is_plain(text) && value.as_date().is_none(),
                // What type a system property gets from CSV is not documented.
                None => value.as_integer().is_some() && !name.is_system(),
            })
}

fn is_known(name: &PropertyName) -> bool {
    !name.is_system() || SYSTEM_TEXTS.contains(&name.as_str())
}

/// Whether a cell can be this text as it is, however the service reads CSV.
fn is_plain(text: &str) -> bool {
    let odd = |c: char| {
        c.is_control()
            || c.is_whitespace() && c != ' '
            || matches!(c, '"' | '\\')
            || is_invisible(c)
    };
    !text.is_empty()
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !text.contains("  ")
        && !text.contains(odd)
}

/// Characters without a shape (`Default_Ignorable_Code_Point` of Unicode, and the annotations).
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Empty, which fits no cell, for who is not named by an id of your own.
fn own_id(change: &PropertyChange) -> &str {
    match change.user() {
        UserRef::External(id) => id,
        _ => "",
    }
}

fn names(change: &PropertyChange) -> impl Iterator<Item = &str> {
    let operations = change.operations().iter();
    operations.map(|operation| operation.name().as_str())
}

fn by_name(change: &PropertyChange) -> Vec<&PropertyOperation> {
    let mut operations: Vec<_> = change.operations().iter().collect();
    operations.sort_unstable_by_key(|operation| operation.name());
    operations
}

fn push_value(csv: &mut String, operation: &PropertyOperation) {
    if let Some(text) = operation.value().and_then(PropertyValue::as_text) {
        csv.push_str(text);
    } else if let Some(number) = operation.value().and_then(PropertyValue::as_integer) {
        csv.push_str(&number.to_string());
    }
}

fn header_bytes(change: &PropertyChange) -> usize {
    let columns = names(change).map(|name| 1 + name.len());
    USER_ID.len() + columns.sum::<usize>() + 1
}

fn line_bytes(change: &PropertyChange) -> usize {
    let mut number = String::new();
    let values = change.operations().iter().map(|operation| {
        number.clear();
        push_value(&mut number, operation);
        1 + number.len()
    });
    own_id(change).len() + values.sum::<usize>() + 1
}
