//! The response to a write that was applied is read whatever its decoration looks like: an error would invite a
//! second write.

use carrot_core::{
    ApiVersion, Endpoint,
    conversations::{AddTag, Assign, Close, MarkRead, RemoveTag, Reply, SetTyping, Unassign},
    types::{AdminId, ConversationId, EventName, Presence, UserId},
    users::{
        Import, SendMessage, SetPresence, SetProps, StartConversation, TrackEvent, UnsubscribeEmail,
    },
};
use serde_json::{Value, json};

/// What the result of the call is made of, by operation: without it, nothing can be returned.
const RESULTS: &[(&str, &[&str])] = &[
    ("conversations.reply", &["/data", "/data/id"]),
    ("users.start_conversation", &["/data", "/data/id"]),
    ("users.track_event", &["/data", "/data/id"]),
    (
        "users.send_message",
        &["/data", "/data/conversation", "/data/message"],
    ),
];

/// They say whether the call succeeded.
const STATUS: [&str; 2] = ["/meta", "/meta/status"];

fn odd_values() -> [Value; 13] {
    [
        Value::Null,
        json!(true),
        json!(-1),
        json!(7),
        json!(1.5),
        json!(1e300),
        json!(""),
        json!("x"),
        json!({}),
        json!({"id": {}}),
        json!([]),
        json!([{}]),
        json!([[], "x", null]),
    ]
}

/// The places below a value, as JSON pointers.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let members: Vec<(String, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), value))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| (index.to_string(), item))
            .collect(),
        _ => return,
    };
    for (name, value) in members {
        let at = format!("{at}/{name}");
        places(value, &at, found);
        found.push(at);
    }
}

/// Writes the JSON with the member at `pointer` twice, the odd one first or last.
fn repeated(sample: &Value, pointer: &str, odd: &Value, odd_is_last: bool) -> String {
    let mut marked = sample.clone();
    let value = std::mem::replace(marked.pointer_mut(pointer).unwrap(), json!("(here)"));
    let name = json!(pointer.rsplit('/').next().unwrap());
    let (first, last) = if odd_is_last {
        (&value, odd)
    } else {
        (odd, &value)
    };
    let text = marked.to_string();
    text.replacen("\"(here)\"", &format!("{first},{name}:{last}"), 1)
}

fn check<E: Endpoint>(endpoint: &E, data: &Value) {
    let sample = json!({
        "meta": {
            "status": 200,
            "error": "Odd",
            "error_message": "Odd",
            "error_fields": {"body": ["x"]},
            "next_after": "1447339319.900966",
            "next_after_position": [1684739969.358085, 7],
            "next_before_position": [1684739969.358085, 7],
            "affected_props": ["$name"],
            "not_changed_props": ["$email"],
            "ignored_operations": [{"op": "add", "reason": "x"}],
            "unknown": {"a": [1]},
        },
        "data": data,
    });
    let results = RESULTS.iter().find(|(name, _)| *name == E::NAME);
    let results = results.map_or(&[][..], |(_, paths)| paths);
    let mut all = Vec::new();
    places(&sample, "", &mut all);
    for version in ApiVersion::ALL {
        let fails = |body: &str| endpoint.decode(*version, body.as_bytes()).is_err();
        assert!(!fails(&sample.to_string()), "{}", E::NAME);
        for pointer in &all {
            let mut bodies = Vec::new();
            for odd in odd_values() {
                let mut mutated = sample.clone();
                *mutated.pointer_mut(pointer).unwrap() = odd.clone();
                bodies.push(mutated.to_string());
                let parent = pointer.rsplit_once('/').unwrap().0;
                if sample.pointer(parent).unwrap().is_object() {
                    bodies.push(repeated(&sample, pointer, &odd, false));
                    bodies.push(repeated(&sample, pointer, &odd, true));
                }
            }
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            let mut rest = sample.clone();
            if let Value::Object(members) = rest.pointer_mut(parent).unwrap() {
                members.remove(name);
                bodies.push(rest.to_string());
            }
            // What servers send that is not JSON.
            let text = sample.to_string();
            bodies.push(format!("\u{feff}{text}\0"));
            bodies.push(text.replacen("\"x\"", "NaN", 1));
            let failed = bodies.iter().find(|body| fails(body));
            let is_listed = results.contains(&&**pointer) || STATUS.contains(&&**pointer);
            match failed {
                Some(body) => assert!(is_listed, "{} at {pointer}: {body}", E::NAME),
                None => assert!(!is_listed, "{} survives {pointer}", E::NAME),
            }
        }
    }
}

#[test]
fn odd_decoration_never_fails_a_write() {
    let (id, user) = (ConversationId::new(7), UserId::new(5));
    let part = json!({
        "id": 8, "created": 1447339319, "conversation": 7, "part_group": 3, "body": "Hi", "read": false,
        "type": "reply_admin", "from": {"id": 24, "name": "Olga"}, "attachments": [{"id": 1}],
        "random_id": 3, "meta_data": {}, "assign_part": {"id": 9}, "id_assign_part": 9,
    });
    check(&Reply::new(id, "Hi"), &part);
    check(
        &StartConversation::new(user, "Hi"),
        &json!({"id": 7, "odd": 1}),
    );
    check(
        &SendMessage::new(user, "Hi"),
        &json!({"conversation": 7, "message": 9, "odd": [1]}),
    );
    let event =
        json!({"id": 9, "created": 1447339319, "user": 5, "type": {"id": 3}, "props": {"a": 1}});
    check(
        &TrackEvent::new(user, EventName::new("Paid").unwrap()),
        &event,
    );
    let action = json!({"id": 8, "part_group": 3, "odd": {}});
    check(&Assign::new(id, AdminId::new(24)), &action);
    check(&Unassign::new(id), &action);
    check(&Close::new(id), &action);
    check(&AddTag::new(id, "vip"), &action);
    check(&RemoveTag::new(id, "vip"), &action);
    let nothing = json!({});
    check(&MarkRead::new(id), &nothing);
    check(&SetTyping::new(id, "Hi"), &nothing);
    check(&SetProps::new(user), &nothing);
    check(&SetPresence::new(user, Presence::Online), &nothing);
    check(
        &Import::new("$email\na@b.c"),
        &json!({"row_errors": {"1": "x"}, "updates_planned": 3}),
    );
    check(&UnsubscribeEmail::new(user), &nothing);
}
