use std::cmp::Ordering;

use serde_json::{Value, json};

use super::filter::Filters;
use crate::sandbox::{
    rules::call::Call,
    rules::response::{Failure, Response},
    store::Store,
    view::{UserFields, View},
};

/// `GET /apps/{id}/users`
pub(in crate::sandbox) fn list(store: &mut Store, call: &Call) -> Result<Response, Failure> {
    let parameters = &call.parameters;
    let filters = match parameters.json("filters")? {
        None => Filters::default(),
        Some(json) => Filters::read(&json)?,
    };
    let least = if call.is_v1() { 0 } else { 1 };
    let limit = parameters.integer("limit", least..=50)?.unwrap_or(20);
    let offset = parameters.integer("offset", 0..=i64::MAX)?.unwrap_or(0);
    let limit = usize::try_from(limit).unwrap_or_default();
    let offset = usize::try_from(offset).unwrap_or(usize::MAX);
    let sort_prop = parameters.text("sort_prop").unwrap_or("$last_seen");
    let ascending = parameters.one_of("sort_order", &["asc", "desc"])? == Some("asc");

    let by_time = sort_prop == "$last_seen";
    let (page, total): (Vec<u64>, usize) = if by_time && filters.is_empty() {
        // The index is in this order already.
        let keys = store.leads.iter().map(|(_, id)| *id);
        let page = if ascending {
            keys.skip(offset).take(limit).collect()
        } else {
            keys.rev().skip(offset).take(limit).collect()
        };
        (page, store.leads.len())
    } else {
        let names = filters.properties().chain((!by_time).then_some(sort_prop));
        store.columns.prepare(&store.users, names);
        let columns = &store.columns;
        let mut rows = filters.rows(columns, store.now());
        let total = rows.len();
        if by_time {
            // As in the index: users of one moment in the order of ids, or against it.
            let key = |row: &usize| (columns.last_seen(*row), *row);
            cut(&mut rows, offset, limit, |a, b| {
                directed(key(a).cmp(&key(b)), ascending)
            });
        } else {
            let values = columns.values(sort_prop);
            let value = |row: &usize| values.get(*row).and_then(Option::as_ref);
            cut(&mut rows, offset, limit, |a, b| {
                compare(value(a), value(b), ascending).then(a.cmp(b))
            });
        }
        (rows.into_iter().map(|row| columns.id(row)).collect(), total)
    };
    let fields = UserFields {
        props: true,
        props_custom: true,
        props_as_text: parameters.flag("convert_props_types") == Some(false),
        ..UserFields::default()
    };
    let view = View::new(store, call);
    let users = page.iter().filter_map(|id| store.users.get(id));
    let users: Vec<Value> = users.map(|user| view.user(user, &fields)).collect();
    Ok(Response::new(json!({"users": users, "total": total})))
}

/// Leaves the page of rows, in its order; what is not on it is not sorted.
fn cut(
    rows: &mut Vec<usize>,
    offset: usize,
    limit: usize,
    order: impl Fn(&usize, &usize) -> Ordering,
) {
    if offset >= rows.len() {
        rows.clear();
        return;
    }
    if offset > 0 {
        rows.select_nth_unstable_by(offset, &order);
        rows.drain(..offset);
    }
    if limit < rows.len() {
        rows.select_nth_unstable_by(limit, &order);
        rows.truncate(limit);
    }
    rows.sort_unstable_by(order);
}

fn directed(order: Ordering, ascending: bool) -> Ordering {
    if ascending { order } else { order.reverse() }
}

/// Users without the property come last in either order.
fn compare(a: Option<&Value>, b: Option<&Value>, ascending: bool) -> Ordering {
    match (a, b) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(a), Some(b)) if ascending => compare_values(a, b),
        (Some(a), Some(b)) => compare_values(b, a),
    }
}

fn compare_values(a: &Value, b: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Bool(_) => 0,
        Value::Number(_) => 1,
        Value::String(_) => 2,
        _ => 3,
    };
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64(), b.as_f64());
            a.partial_cmp(&b).unwrap_or(Ordering::Equal)
        }
        (Value::String(a), Value::String(b)) => a.cmp(b),
        _ => rank(a).cmp(&rank(b)),
    }
}
