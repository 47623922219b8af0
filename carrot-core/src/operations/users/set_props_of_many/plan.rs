//! Which user goes which way. Pure.

use std::collections::HashMap;

use super::{
    PlannedImport, PropertyChange,
    direct::Direct,
    import_file::{columns, fits},
};
use crate::{
    ApiContext, ApiVersion, Endpoint, Error,
    types::InvalidValue,
    users::{SetProps, set_props::MAX_OPERATIONS},
};

/// All requests. Each user is in one import or in one of `direct`.
#[derive(Debug)]
pub(super) struct Routes {
    pub(super) imports: Vec<PlannedImport>,
    pub(super) direct: Vec<Direct>,
}

/// `limit` is the size in bytes that no file may reach; `None` for no imports.
pub(super) fn plan(
    changes: Vec<PropertyChange>,
    context: &ApiContext,
    limit: Option<usize>,
) -> Result<Routes, Error> {
    let changes = join(changes, context).map_err(Error::invalid::<SetProps>)?;
    let limit = limit.filter(|_| context.version == ApiVersion::V2);
    let mut direct = Vec::new();
    let mut files = Vec::new();
    let mut file_of_columns = HashMap::new();
    for change in changes {
        let Some(limit) = limit.filter(|_| fits(&change)) else {
            direct.push(change);
            continue;
        };
        let file = file_of_columns
            .entry(columns(&change))
            .or_insert(usize::MAX);
        let left = match files.get_mut(*file) {
            Some(open) => PlannedImport::add(open, change, limit),
            None => Some(change),
        };
        if let Some(change) = left {
            *file = files.len();
            files.push(PlannedImport::new(change));
        }
    }
    let worth = |file: &PlannedImport| {
        let saves = file.users().len() > 1 || file.operations() > MAX_OPERATIONS;
        saves && limit.is_some_and(|limit| file.bytes() < limit)
    };
    let (imports, alone): (Vec<_>, Vec<_>) = files.into_iter().partition(worth);
    direct.extend(alone.into_iter().flat_map(PlannedImport::into_changes));
    Ok(Routes {
        imports,
        direct: direct.into_iter().map(Direct::new).collect(),
    })
}

/// Checks all changes, and makes one of those of the same user.
fn join(
    changes: Vec<PropertyChange>,
    context: &ApiContext,
) -> Result<Vec<PropertyChange>, InvalidValue> {
    let mut joined: Vec<PropertyChange> = Vec::with_capacity(changes.len());
    let mut places = HashMap::with_capacity(changes.len());
    for (number, change) in changes.into_iter().enumerate() {
        check(&change, context).map_err(|invalid| {
            let field = format!("changes[{number}].{}", invalid.field());
            InvalidValue::new(field, invalid.rule().to_owned())
        })?;
        let place = *places.entry(change.user().clone()).or_insert(joined.len());
        match joined.get_mut(place) {
            Some(earlier) => earlier.append(change),
            None => joined.push(change),
        }
    }
    Ok(joined)
}

/// Every operation was checked when it was made, and no request gets too many: what is left is the
/// user, and that there is an operation at all.
fn check(change: &PropertyChange, context: &ApiContext) -> Result<(), InvalidValue> {
    let operation = change.operations().first().cloned();
    let request = SetProps::new(change.user().clone()).with_all(operation);
    request.request(context).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{PropertyOperation, UserRef};

    fn change(id: usize) -> PropertyChange {
        let plan = PropertyOperation::update_or_create("plan", "pro").expect("sound");
        PropertyChange::new(UserRef::external(format!("u{id}"))).with(plan)
    }

    /// `$user_id\tplan\n` has 14 bytes, a line 7.
    #[test]
    fn a_file_is_split_before_it_reaches_the_limit() {
        let users = |limit, users: usize| {
            let changes = (0..users).map(change).collect();
            let routes = plan(changes, &ApiContext::default(), Some(limit)).expect("sound");
            for import in &routes.imports {
                assert!(import.bytes() < limit);
            }
            let users = routes.imports.iter().map(|import| import.users().len());
            (users.collect::<Vec<_>>(), routes.direct.len())
        };
        assert_eq!(users(36, 6), (vec![3, 3], 0));
        assert_eq!(users(35, 6), (vec![2, 2, 2], 0));
        assert_eq!(users(36, 7), (vec![3, 3], 1), "one alone needs no import");
        assert_eq!(users(28, 3), (vec![], 3), "no two users fit");
        assert_eq!(users(21, 3), (vec![], 3), "not even one user fits");
    }
}
