//! The list of operations in `docs/operations.md` is generated from the code.
//!
//! Run with `UPDATE_EXPECT=1` to update it.

use std::fmt::Write as _;

use crate::support::{
    assert_snapshot,
    operations::{Operation, every_operation},
};

#[test]
fn list_of_operations_is_current() {
    let mut text = String::from(
        "| operation | v1 | v2 | scopes | idempotent |\n\
         |---|---|---|---|---|\n",
    );
    for operation in every_operation() {
        let idempotency = operation.idempotency();
        let idempotent = match idempotency.len() {
            1 => idempotency.first().copied().unwrap_or_default(),
            _ => "by its values",
        };
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {idempotent} |",
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

/// Returns the method and path of an operation in an API version.
fn address(operation: &Operation, version: usize) -> String {
    let requests = operation
        .cases
        .iter()
        .filter_map(|case| case.requests[version].as_ref().ok());
    let mut addresses: Vec<String> = requests
        .map(|request| {
            let context = request.context().expect("a context");
            format!("`{} {}`", request.method(), context.path_template)
        })
        .collect();
    addresses.dedup();
    assert!(addresses.len() <= 1, "{addresses:?}");
    addresses.pop().unwrap_or_else(|| "none".to_owned())
}
