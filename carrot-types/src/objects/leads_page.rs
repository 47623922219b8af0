use serde::{Deserialize, Serialize};

use crate::{
    User,
    serde_util::{from_json, lenient},
};

/// A page of the leads of an app.
///
/// Other clients read this shape; the sample on the vendor's page is cut.
/// Source: <https://developers.dashly.io/webapi/endpoints/apps/users/>
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LeadsPage {
    /// The leads of this page.
    #[serde(
        default,
        deserialize_with = "lenient::null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub users: Vec<User>,
    /// How many leads match the filter, on all pages.
    #[serde(
        default,
        deserialize_with = "from_json::field",
        skip_serializing_if = "Option::is_none"
    )]
    pub total: Option<u64>,
}

impl LeadsPage {
    /// Creates an empty page.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

setters!(LeadsPage {
    with_users(users: Vec<User>),
    with_total(total: u64),
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{UserId, serde_util::check::reads};

    #[test]
    fn reads_a_page() {
        let page: LeadsPage = reads(r#"{"users": [{"id": 7722092}], "total": 1}"#, &[]);
        let expected = LeadsPage::new()
            .with_users([User::new(UserId::new(7_722_092))])
            .with_total(1_u64);
        assert_eq!(page, expected);
        let empty: LeadsPage = reads(r#"{"users": null}"#, &[]);
        assert_eq!(empty, LeadsPage::new());
    }
}
