use serde_json::Value;

use crate::sandbox::{
    rules::call::Call,
    rules::response::{Failure, Response},
    store::Store,
    view::View,
};

/// The fields that are there unless they are switched off.
const OPTIONAL: [&str; 7] = [
    "auto_set",
    "auto_set_settings",
    "droppable",
    "not_assigned_count",
    "not_read_count",
    "operators",
    "priority",
];

/// `GET /apps/{id}/channels`
pub(in crate::sandbox) fn list(store: &mut Store, call: &Call) -> Result<Response, Failure> {
    let mut channels = View::new(store, call).channels();
    for channel in channels.iter_mut().filter_map(Value::as_object_mut) {
        channel.retain(|name, _| {
            let switch = call.parameters.flag(&format!("include_{name}"));
            !OPTIONAL.contains(&name.as_str()) || switch.unwrap_or(true)
        });
    }
    Ok(Response::new(channels.into()))
}
