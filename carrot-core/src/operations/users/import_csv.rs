use std::collections::{BTreeSet, HashMap};

use csv::{QuoteStyle, Terminator, WriterBuilder};

use super::{Import, PropertyChange, import_check::MAX_CSV_BYTES};
use crate::{
    endpoint::check_external_id,
    types::{
        InvalidValue, PropertyName, PropertyOperation, PropertyOperationKind, UserRef,
        system::property,
    },
};

const USER_ID: &str = "$user_id";

/// The system properties that an import may set to a text. The service ignores others without a
/// message in the report.
const SYSTEM_TEXTS: &[&str] = &[
    property::NAME,
    property::PHONE,
    property::EMAIL,
    property::GROUP,
    property::LAST_ORDER_STATUS,
];

impl Import {
    /// Creates an import from property changes, limited to what the vendor documents. [`ImportCsv`]
    /// lists the rules and has options for what the vendor does not document.
    ///
    /// It costs one request for all changes; [`SetProps`](super::SetProps) costs one for each. The
    /// service applies the changes later, and its report does not identify users.
    ///
    /// ```
    /// use carrot_core::{
    ///     types::{PropertyOperation, UserRef},
    ///     users::{Import, PropertyChange},
    /// };
    ///
    /// let plan = PropertyOperation::update_or_create("plan", "pro")?;
    /// let changes = ["order-41", "order-42"]
    ///     .map(|id| PropertyChange::new(UserRef::external(id)).with(plan.clone()));
    /// assert_eq!(
    ///     Import::from_changes(&changes)?,
    ///     Import::new("$user_id\tplan\norder-41\tpro\norder-42\tpro\n"),
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The first change that cannot be written, and why.
    pub fn from_changes(changes: &[PropertyChange]) -> Result<Self, UnwritableChange> {
        ImportCsv::new().write(changes)
    }
}

/// Writes the CSV file of an [`Import`] from [`PropertyChange`]s.
///
/// By default it writes only what the vendor documents. Each option allows one thing that the vendor
/// does not document; test it with one user first.
///
/// A change can be written when
///
/// * the user has an external id, and no other change is for the same user;
/// * every operation is `update_or_create`, each for a different property;
/// * every value is a text, or an integer in a custom property. CSV has no types, and the vendor does
///   not document how to write booleans and lists;
/// * a system property is one of `$name`, `$phone`, `$email`, `$group` and `$last_order_status`;
/// * ids, names and values are not empty, do not start or end with whitespace, and contain no control
///   character, quotation mark or backslash: see [`quoting`](Self::quoting);
/// * no text is a date: see [`dates`](Self::dates);
/// * all changes set the same properties: see [`empty_cells`](Self::empty_cells).
///
/// ```
/// use carrot_core::{
///     types::{PropertyOperation, UserRef},
///     users::{ImportCsv, PropertyChange},
/// };
///
/// let change = PropertyChange::new(UserRef::external("order-42"))
///     .with(PropertyOperation::update_or_create("$name", r#"Ada "Countess" King"#)?);
/// assert_eq!(
///     ImportCsv::new().check(&change).unwrap_err().to_string(),
///     "`value of $name` must hold no quotation mark, no backslash, no control character and no \
///      blank at either end: it needs quoting in CSV",
/// );
/// let import = ImportCsv::new().quoting().write(&[change])?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[must_use = "does nothing until it writes a file"]
pub struct ImportCsv {
    quoting: bool,
    dates: bool,
    empty_cells: bool,
}

impl ImportCsv {
    /// Creates a writer that allows only what the vendor documents.
    pub fn new() -> Self {
        Self::default()
    }

    /// Allows quoted cells, as in RFC 4180. Assumes that the service reads them; the vendor does not
    /// document quoting.
    pub fn quoting(mut self) -> Self {
        self.quoting = true;
        self
    }

    /// Allows texts that are dates (`2026-01-31`). Assumes that the service reads a date from CSV as in
    /// an operation; the vendor does not document it.
    pub fn dates(mut self) -> Self {
        self.dates = true;
        self
    }

    /// Allows changes of different properties in one file, with an empty cell for a property that a
    /// change does not set. Assumes that an empty cell leaves the property unchanged; the vendor does not
    /// document it.
    pub fn empty_cells(mut self) -> Self {
        self.empty_cells = true;
        self
    }

    /// Checks whether a change can be written, except for the rules about the file as a whole.
    ///
    /// # Errors
    ///
    /// The rule that the change breaks; see [`ImportCsv`].
    pub fn check(&self, change: &PropertyChange) -> Result<(), InvalidValue> {
        let UserRef::External(id) = change.user() else {
            let rule = "must be an external id: a CSV file names users by `$user_id`";
            return Err(InvalidValue::new("user", rule));
        };
        check_external_id(id)?;
        self.check_cell("user", id)?;
        if change.operations().is_empty() {
            return Err(InvalidValue::new("operations", "must not be empty"));
        }
        let mut names = BTreeSet::new();
        for operation in change.operations() {
            self.check_operation(operation)?;
            if !names.insert(operation.name()) {
                let rule = "must not set a property twice: a CSV file has one column for it";
                return Err(InvalidValue::new("operations", rule));
            }
        }
        Ok(())
    }

    fn check_operation(&self, operation: &PropertyOperation) -> Result<(), InvalidValue> {
        let name = operation.name();
        let field = || format!("value of {}", name.as_str().escape_debug());
        let invalid = |rule: &'static str| Err(InvalidValue::new(field(), rule));
        if operation.op() != PropertyOperationKind::UpdateOrCreate {
            let rule = "must be `update_or_create`: a CSV file knows no other operation";
            return Err(InvalidValue::new("operations", rule));
        }
        self.check_cell("property name", name.as_str())?;
        if !is_settable(name) {
            return invalid("must be set by `SetProps`: the service may ignore it in silence");
        }
        super::set_props::check_phone(operation)?;
        let Some(value) = operation.value() else {
            return invalid("must not be absent");
        };
        match (value.as_text(), value.as_integer()) {
            (Some(_), _) if value.as_date().is_some() && !self.dates => {
                invalid("must not be a date: how CSV writes one is not documented")
            }
            (Some(text), _) => self.check_cell(field(), text),
            (None, Some(_)) if name.is_system() => {
                invalid("must be a text: the type of a system property in CSV is not documented")
            }
            (None, Some(_)) => Ok(()),
            (None, None) => invalid("must be a text or an integer: CSV has no booleans and lists"),
        }
    }

    fn check_cell(&self, field: impl Into<String>, text: &str) -> Result<(), InvalidValue> {
        let invalid = |rule: &'static str| Err(InvalidValue::new(field.into(), rule));
        let is_break = |c: char| matches!(c, '\t' | '\r' | '\n');
        if text.is_empty() {
            return invalid("must not be empty: what an empty cell does is not documented");
        }
        if self.quoting {
            return match text.chars().any(|c| c.is_control() && !is_break(c)) {
                true => invalid("must hold no control character but tabs and line breaks"),
                false => Ok(()),
            };
        }
        let needs_quoting = |c: char| c.is_control() || matches!(c, '"' | '\\');
        if text.contains(needs_quoting) || text.trim() != text {
            return invalid(
                "must hold no quotation mark, no backslash, no control character and no blank at \
                 either end: it needs quoting in CSV",
            );
        }
        Ok(())
    }

    /// Writes the file: the column `$user_id`, then the properties sorted by name; one line for each
    /// change, in the given order; tabs as delimiters. Sends nothing.
    ///
    /// # Errors
    ///
    /// The first change that cannot be written, and why. If the file would reach 30 MB, this is the
    /// first change that does not fit: pass it and those after it to another import.
    pub fn write(&self, changes: &[PropertyChange]) -> Result<Import, UnwritableChange> {
        let columns = self.columns(changes)?;
        let mut writer = WriterBuilder::new()
            .delimiter(b'\t')
            .terminator(Terminator::Any(b'\n'))
            .quote_style(match self.quoting {
                true => QuoteStyle::Necessary,
                false => QuoteStyle::Never,
            })
            .from_writer(Vec::new());
        let failed = |index| move |_| UnwritableChange::new(index, "file", "must be CSV");
        let header = [USER_ID].into_iter().chain(columns.iter().copied());
        writer.write_record(header).map_err(failed(0))?;
        let mut users = HashMap::new();
        for (index, change) in changes.iter().enumerate() {
            if let Some(first) = users.insert(change.user(), index) {
                let rule = format!(
                    "must not be that of changes[{first}]: in which order an import applies two \
                     lines is not documented"
                );
                return Err(UnwritableChange::new(index, "user", rule));
            }
            let row = row(change, &columns);
            writer.write_record(&row).map_err(failed(index))?;
            writer
                .flush()
                .map_err(|_| UnwritableChange::new(index, "file", "must be CSV"))?;
            if writer.get_ref().len() >= MAX_CSV_BYTES {
                let rule = format!("must stay below {MAX_CSV_BYTES} bytes (30 MB)");
                return Err(UnwritableChange::new(index, "file", rule));
            }
        }
        let csv = writer
            .into_inner()
            .map_err(|_| UnwritableChange::new(0, "file", "must be CSV"))?;
        Ok(Import::new(csv))
    }

    /// Returns the names of the properties, sorted.
    fn columns<'a>(
        &self,
        changes: &'a [PropertyChange],
    ) -> Result<BTreeSet<&'a str>, UnwritableChange> {
        let mut columns = BTreeSet::new();
        for (index, change) in changes.iter().enumerate() {
            self.check(change)
                .map_err(|reason| UnwritableChange { index, reason })?;
            let operations = change.operations().iter();
            let names = operations.map(|operation| operation.name().as_str());
            if index == 0 || self.empty_cells {
                columns.extend(names);
                continue;
            }
            if names.collect::<BTreeSet<_>>() != columns {
                let rule = "must set the same properties as changes[0]: what an empty cell does is \
                            not documented";
                return Err(UnwritableChange::new(index, "operations", rule));
            }
        }
        if changes.is_empty() {
            return Err(UnwritableChange::new(0, "changes", "must not be empty"));
        }
        Ok(columns)
    }
}

fn is_settable(name: &PropertyName) -> bool {
    !name.is_system() || SYSTEM_TEXTS.contains(&name.as_str())
}

fn row(change: &PropertyChange, columns: &BTreeSet<&str>) -> Vec<String> {
    let id = match change.user() {
        UserRef::External(id) => id.clone(),
        _ => String::new(),
    };
    let values: HashMap<&str, String> = change
        .operations()
        .iter()
        .filter_map(|operation| {
            let value = operation.value()?;
            let cell = match value.as_integer() {
                Some(integer) => integer.to_string(),
                None => value.as_text()?.to_owned(),
            };
            Some((operation.name().as_str(), cell))
        })
        .collect();
    let cells = columns
        .iter()
        .map(|name| values.get(name).cloned().unwrap_or_default());
    [id].into_iter().chain(cells).collect()
}

/// A change that [`ImportCsv`] cannot write, and why. It never holds the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("changes[{index}]: {reason}")]
pub struct UnwritableChange {
    index: usize,
    #[source]
    reason: InvalidValue,
}

impl UnwritableChange {
    fn new(
        index: usize,
        field: &'static str,
        rule: impl Into<std::borrow::Cow<'static, str>>,
    ) -> Self {
        Self {
            index,
            reason: InvalidValue::new(field, rule),
        }
    }

    /// The index of the change, from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// The rule that the change breaks.
    #[must_use]
    pub fn reason(&self) -> &InvalidValue {
        &self.reason
    }
}
