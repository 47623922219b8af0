use std::{borrow::Cow, cmp::Ordering};

use serde_json::{Value, json};

use super::filter::Filters;
use crate::sandbox::{
    answer::{Answer, Failure},
    request::Call,
    state::{State, User},
    view::{UserFields, View},
};

/// `GET /apps/{id}/users`
pub(in crate::sandbox) fn list(state: &mut State, call: &Call) -> Result<Answer, Failure> {
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

    let now = state.now();
    let fits = |user: &&User| filters.fit(user, now);
    // In the order of ids, in which they lie in memory.
    let leads = || {
        let users = state.users.values();
        users.filter(|user| user.is_lead()).filter(fits)
    };
    let (users, total): (Vec<&User>, usize) = if sort_prop == "$last_seen" {
        // The index is in this order already; without filters nothing is looked at but the page.
        let (skipped, total) = if filters.is_empty() {
            (offset, state.leads.len())
        } else {
            (0, leads().count())
        };
        let by_key = |(_, id): &(i64, u64)| state.users.get(id);
        let mut keys = state.leads.iter();
        let page = |keys: &mut dyn Iterator<Item = &(i64, u64)>| {
            let users = keys.skip(skipped).filter_map(by_key).filter(fits);
            users.skip(offset - skipped).take(limit).collect()
        };
        let page = if ascending {
            page(&mut keys)
        } else {
            page(&mut keys.rev())
        };
        (page, total)
    } else {
        let mut users: Vec<_> = leads()
            .map(|user| (user.property(sort_prop), user))
            .collect();
        let total = users.len();
        let wanted = offset.saturating_add(limit);
        let order = |a: &(Option<Cow<'_, Value>>, &User), b: &(Option<Cow<'_, Value>>, &User)| {
            compare(a.0.as_deref(), b.0.as_deref(), ascending).then(a.1.id.cmp(&b.1.id))
        };
        if wanted < total {
            users.select_nth_unstable_by(wanted, order);
            users.truncate(wanted);
        }
        users.sort_unstable_by(order);
        let page = users.into_iter().skip(offset).map(|(_, user)| user);
        (page.collect(), total)
    };
    let fields = UserFields {
        props: true,
        props_custom: true,
        props_as_text: parameters.flag("convert_props_types") == Some(false),
        ..UserFields::default()
    };
    let view = View::new(state, call);
    let users: Vec<Value> = users.iter().map(|user| view.user(user, &fields)).collect();
    Ok(Answer::new(json!({"users": users, "total": total})))
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
