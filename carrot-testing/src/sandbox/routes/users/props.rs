use serde_json::{Value, json};

use super::find::find_or_create;
use crate::sandbox::{
    rules::call::Call,
    rules::operation::{Operation, Outcome},
    rules::response::{Failure, Response},
    store::{Notice, Store},
};

const MAX_OPERATIONS: usize = 250;

/// `POST /users/{id}/props`
pub(in crate::sandbox) fn set(store: &mut Store, call: &Call) -> Result<Response, Failure> {
    let parameters = &call.parameters;
    let name = "operations";
    let operations = parameters
        .json(name)?
        .ok_or_else(|| Failure::validation(name, "is required"))?;
    let operations = operations
        .as_array()
        .ok_or_else(|| Failure::validation(name, "must be a JSON array"))?;
    if operations.len() > MAX_OPERATIONS {
        let rule = "must be at most 250 operations in one request";
        return Err(Failure::validation(name, rule));
    }
    parameters.object("source")?;
    let detect = parameters.flag("parse_custom_props_type").unwrap_or(true);
    let resubscribe = parameters.is_set("double_subscribe");
    let id = find_or_create(store, call)?;
    let mut touches_email = false;
    let report = store
        .change_user(id, |user| {
            let mut report = Report::default();
            for json in operations {
                match Operation::read(json) {
                    Err(reason) => report.ignore(json, reason),
                    Ok(operation) => {
                        let outcome = operation.apply(user.properties_mut(operation.key), detect);
                        touches_email |=
                            operation.key == "$email" && !matches!(outcome, Outcome::Ignored(_));
                        report.add(call, json, operation.key, &outcome);
                    }
                }
            }
            report
        })
        .unwrap_or_default();
    if !report.affected.is_empty() {
        store.notices.push(Notice::Props(id));
    }
    if touches_email {
        store.follow_email(id, resubscribe);
    }
    Ok(report.into_response(call))
}

/// What became of the operations.
#[derive(Default)]
struct Report {
    affected: Vec<String>,
    not_changed: Vec<String>,
    ignored: Vec<Value>,
}

impl Report {
    fn ignore(&mut self, operation: &Value, reason: &str) {
        let mut ignored = match operation {
            Value::Object(_) => operation.clone(),
            other => json!({"operation": other}),
        };
        ignored["reason"] = reason.into();
        self.ignored.push(ignored);
    }

    fn add(&mut self, call: &Call, json: &Value, key: &str, outcome: &Outcome) {
        let list = match outcome {
            Outcome::Changed => &mut self.affected,
            // v1 has one list for both.
            Outcome::Unchanged if call.is_v1() => {
                return self.ignore(json, "the operation changes nothing");
            }
            Outcome::Unchanged => &mut self.not_changed,
            Outcome::Ignored(reason) => return self.ignore(json, reason),
        };
        if !list.iter().any(|listed| listed == key) {
            list.push(key.to_owned());
        }
    }

    fn into_response(mut self, call: &Call) -> Response {
        self.not_changed.retain(|key| !self.affected.contains(key));
        let response = Response::empty()
            .meta("affected_props", self.affected)
            .meta("ignored_operations", self.ignored);
        if call.is_v1() {
            response
        } else {
            response.meta("not_changed_props", self.not_changed)
        }
    }
}
