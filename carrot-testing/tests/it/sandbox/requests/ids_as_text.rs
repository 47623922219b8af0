//! Ids and cursors as texts.

use super::*;

#[test]
fn ids_and_cursors_are_texts_when_asked_for() {
    let sandbox = sandbox();
    let id = start(&sandbox, "order-42", "Hi");
    start(&sandbox, "order-43", "Hi");
    let parameters = [
        ("id_as_string", "1"),
        ("paginate_count", "1"),
        ("include_not_assigned", "1"),
    ];
    let listed = get(&sandbox, "/v2/apps/1000/conversations", &parameters);
    let newest = json_of(sandbox.conversations())[1]["id"].to_string();
    assert_eq!(
        listed.json["meta"]["next_before_position"],
        json!([1_700_000_002.000_001, newest])
    );
    let part = &listed.data()[0]["part_last"];
    for name in ["id", "conversation", "part_group", "from"] {
        assert!(part[name].is_string(), "{name}");
    }
    let cursor = listed.json["meta"]["next_before_position"].to_string();
    let parameters = [parameters[0], parameters[2], ("paginate_position", &cursor)];
    let rest = get(&sandbox, "/v2/apps/1000/conversations", &parameters);
    assert_eq!(rest.data()[0]["id"], json!(id.to_string()));
    assert_eq!(rest.data().as_array().unwrap().len(), 1);
}

/// Where a number stands that is an id.
fn ids_as_numbers(json: &Value, path: &str, found: &mut Vec<String>) {
    const IDS: [&str; 8] = [
        "id",
        "app",
        "user",
        "conversation",
        "part_group",
        "message",
        "from",
        "assignee",
    ];
    match json {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = format!("{path}.{name}");
                if value.is_number() && IDS.contains(&name.as_str()) {
                    found.push(path.clone());
                }
                ids_as_numbers(value, &path, found);
            }
        }
        Value::Array(items) => {
            for item in items {
                ids_as_numbers(item, path, found);
            }
        }
        // No moment and no count is as large as the ids that are counted by time.
        Value::Number(number) if number.as_u64() > Some(1 << 53) => found.push(path.to_owned()),
        _ => {}
    }
}

#[test]
fn every_response_has_text_ids_on_request() {
    let sandbox = Sandbox::builder()
        .user(SeedUser::external("order-42").tag("vip").note("Call"))
        .build();
    let id = start(&sandbox, "order-42", "Hi");
    let all = "id_as_string=true&include_user=1&include_channel=1&include_conversation=1&\
               include_tags=1&include_notes=1&include_events=1&include_email_status=1&\
               include_not_assigned=1";
    let known = sandbox.user_id("order-42").unwrap();
    assert!(sandbox.move_to_channel(ConversationId::new(id), Some(ChannelId::new(5))));
    let assert_texts = |response: &ApiResponse, path: &str| {
        let mut found = Vec::new();
        ids_as_numbers(&response.json, "", &mut found);
        assert_eq!(found, [""; 0], "{path}");
    };
    let operations = r#"[{"op":"update_or_create","key":"$email","value":"a@b.c"}]"#;
    for (version, count) in [("v2", "paginate_count=1"), ("v1", "count=1")] {
        for (path, form) in [
            (
                "users/order-42/props",
                &*format!("by_user_id=1&operations={operations}"),
            ),
            ("users/order-42/events", "by_user_id=1&event=Order"),
            ("users/order-42/startconversation", "by_user_id=1&body=Hi"),
            ("users/{user}/sendmessage", "body=Hi"),
            (
                "conversations/{id}/reply",
                "body=Hi&from_admin=501&auto_assign=502",
            ),
            ("conversations/{id}/assign", "from_admin=501&admin=501"),
            (
                "conversations/{id}/tag",
                &format!("tag={version}&action=add&from_admin=501"),
            ),
            ("conversations/{id}/close", "from_admin=501"),
            (
                "users/{user}/setpresence",
                "presence=online&session=0123456789abcdefghijklmnopqrstuv",
            ),
        ] {
            let path = path
                .replace("{id}", &id.to_string())
                .replace("{user}", &known.to_string());
            let response = post(
                &sandbox,
                &format!("/{version}/{path}/"),
                &format!("{form}&{all}"),
            );
            response.data();
            assert_texts(&response, &path);
        }
        for (path, form) in [
            ("users/order-42", "by_user_id=1"),
            ("users/order-42/events", "by_user_id=1"),
            ("users/{user}/conversations", ""),
            ("conversations/{id}", ""),
            ("conversations/{id}/parts", ""),
            ("apps/$self_app/users", ""),
            ("apps/$self_app/activeusers", ""),
            ("apps/$self_app/channels", ""),
            ("apps/$self_app/conversations", count),
        ] {
            let path = path
                .replace("{id}", &id.to_string())
                .replace("{user}", &known.to_string());
            let response = get(
                &sandbox,
                &format!("/{version}/{path}/"),
                &format!("{form}&{all}"),
            );
            assert_ne!(*response.data(), json!([]), "{version} {path}");
            assert_texts(&response, &path);
        }
    }
}
