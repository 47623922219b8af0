//! The list of operations, `docs/operations.md`, says what the code says.
//!
//! Run with `UPDATE_EXPECT=1` to write it anew.

use std::fmt::Write as _;

use crate::support::{
    assert_snapshot,
    operations::{Operation, every_operation},
};

#[test]
fn the_list_of_operations_is_current() {
    let mut text = String::from(
        "| operation | v1 | v2 | scopes | idempotent |\n\
         |---|---|---|---|---|\n",
    );
    for operation in every_operation() {
        let safeties = operation.repeat_safeties();
        let safety = match safeties.len() {
            1 => safeties.first().copied().unwrap_or_default(),
            _ => "by its values",
        };
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {safety} |",
            operation.name,
            address(&operation, 0),
            address(&operation, 1),
            match operation.scopes {
                [] => "not documented".to_owned(),
                scopes => format!("`{}`", scopes.join("`, `")),
            },
        );
    }
    assert_snapshot("docs/operations.md", &text);
}

/// Method and path of an operation in an API version, which are the same with every option.
fn address(operation: &Operation, version: usize) -> String {
    let requests = operation
        .cases
        .iter()
        .filter_map(|case| case.requests[version].as_ref().ok());
    let mut addresses: Vec<String> = requests
        .map(|request| {
            let told = request.context().expect("a context");
            format!("`{} {}`", request.method(), told.path_template)
        })
        .collect();
    addresses.dedup();
    assert!(addresses.len() <= 1, "{addresses:?}");
    addresses.pop().unwrap_or_else(|| "none".to_owned())
}
