use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::serde_util::lenient;

/// The answer to importing users from a file. The import itself goes on after the answer.
///
/// Source: <https://developers.dashly.io/webapi/endpoints/users/import>
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImportReport {
    /// What is wrong with which line of the file, by the number of the line.
    #[serde(
        default,
        deserialize_with = "lenient::null_as_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub row_errors: BTreeMap<u64, String>,
    /// How many records will be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updates_planned: Option<u64>,
}

setters!(ImportReport::new() {
    with_row_errors(row_errors: BTreeMap<u64, String>),
    with_updates_planned(updates_planned: u64),
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serde_util::check::{reads, refused};

    #[test]
    fn reads_the_sample() {
        let report: ImportReport = reads(
            r#"{"row_errors": {"1": "Error in string 1", "33": "Error in string 33"}, "updates_planned": 123}"#,
            &[],
        );
        let expected = ImportReport::new()
            .with_row_errors([
                (1, "Error in string 1".to_owned()),
                (33, "Error in string 33".to_owned()),
            ])
            .with_updates_planned(123_u64);
        assert_eq!(report, expected);
        let clean: ImportReport = reads(r#"{"row_errors": null, "updates_planned": 0}"#, &[]);
        assert!(clean.row_errors.is_empty());
        assert!(!refused::<ImportReport>(r#"{"row_errors": {"x": "Error"}}"#).is_empty());
    }
}
