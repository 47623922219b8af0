//! A column of a table of contacts as a property of a user.

use carrot_hyper::types::{InvalidValue, PropertyDate, PropertyOperation, UserRef};

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
