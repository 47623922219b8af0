use std::collections::BTreeMap;

use serde::Serialize;

/// The response to importing users from a file. The import itself goes on after the response; the
/// API has no operation to read its state.
///
/// Source: <https://developers.dashly.io/webapi/endpoints/users/import>
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ImportReport {
    /// What is wrong with which line of the file, by the number of the line.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub row_errors: BTreeMap<u64, String>,
    /// How many records will be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updates_planned: Option<u64>,
}

model!(ImportReport::new() {
    with_row_errors(row_errors: BTreeMap<u64, String>),
    with_updates_planned(updates_planned: u64),
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serde_util::check::reads;

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
        let odd: ImportReport =
            serde_json::from_str(r#"{"row_errors": {"x": "Error", "2": "Error"}}"#)
                .expect("survives");
        assert_eq!(odd.row_errors.len(), 1);
    }
}
