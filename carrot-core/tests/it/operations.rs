//! The lists of operations in `docs/operations.md` and on the first pages of two crates are generated from the code.
//!
//! Run with `UPDATE_EXPECT=1` to update it.

use std::{fmt::Write as _, fs};

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

/// A reader who knows the vendor's pages searches for their names.
#[test]
fn first_pages_list_operations_by_vendor_names() {
    let mut text = String::from(
        "## Operations\n\n\
         | the vendor's page | here | method and path in v2 |\n\
         |---|---|---|\n",
    );
    for operation in every_operation() {
        let (group, verb) = operation.name.split_once('.').unwrap();
        let file = format!("src/operations/{group}/{verb}.rs");
        let source = fs::read_to_string(&file).unwrap();
        let page = source.split("Source: <").nth(1).expect(&file);
        let page = page.split('>').next().unwrap_or_default();
        let vendor = page.split("/endpoints/").nth(1).expect(&file);
        let vendor = vendor.trim_end_matches('/');
        let name: String = verb.split('_').map(capitalized).collect();
        let address = address(&operation, 1);
        let _ = writeln!(
            text,
            "| [`{vendor}`]({page}) | [`{group}::{name}`] | {address} |"
        );
    }
    assert!(text.contains("[`users/startconversation`]"), "{text}");
    assert_snapshot("docs/first_page.md", &text);
    // A copy: a package holds its own files only. The links lead to the re-exports there.
    assert_snapshot("../carrot-hyper/docs/first_page.md", &text);
}

fn capitalized(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
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
