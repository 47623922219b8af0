//! The forms in which a body may come: base64 and JSON, with line breaks around them, and truncated.

use super::*;

#[test]
fn base64_forms_need_no_padding() {
    for sample in SAMPLES {
        let encoded = BASE64_STANDARD.encode(sample);
        let lines: Vec<String> = encoded
            .as_bytes()
            .chunks(76)
            .map(|line| String::from_utf8(line.into()).unwrap())
            .collect();
        for body in [
            encoded.clone(),
            encoded.trim_end_matches('=').to_owned(),
            format!("{}\r\n", lines.join("\r\n")),
            // What may stand around a plain form may stand around one in base64.
            BASE64_STANDARD.encode(format!("\u{feff}{sample}\r\n")),
        ] {
            assert_eq!(read(&body), read(sample));
        }
    }
    let body = BASE64_STANDARD.encode("type=event&token=another");
    assert_eq!(rejected(&body), WebhookError::WrongToken);
    let body = BASE64_STANDARD.encode("type=event");
    assert_eq!(rejected(&body), WebhookError::MissingToken);
}

/// Whatever is read from a truncated body is what was there: of the field at the cut, a part.
#[test]
fn truncated_bodies_are_rejected_or_read_partly() {
    for sample in SAMPLES {
        let sample = fields(sample);
        for turn in 0..sample.len() {
            let mut turned = sample.clone();
            turned.rotate_left(turn);
            let last = turned.last().unwrap().0.clone();
            let body = form(&turned);
            let whole = read(&body);
            turned.retain(|(name, _)| name != "type" && name != "token");
            let kept = form(&turned);
            for end in 0..body.len() {
                match parse(&body.as_bytes()[..end], TOKEN) {
                    Err(_) => {}
                    Ok(Webhook::Other { kind, fields }) => {
                        assert!(whole.kind().starts_with(&kind));
                        assert!(kind == whole.kind() || last == "type");
                        let start = form(&fields);
                        assert!(kept.starts_with(start.trim_end_matches('=')));
                    }
                    Ok(part) => {
                        assert_eq!(part.kind(), whole.kind());
                        let [whole, part] = [&whole, &part].map(|one| fields(&one.to_form(TOKEN)));
                        // Only the field that the cut goes through may be another.
                        let mut complete = fields(&body[..end]);
                        complete.pop();
                        for (name, _) in &complete {
                            let of = |one: &Fields| one.iter().find(|(of, _)| of == name).cloned();
                            assert_eq!(of(&part), of(&whole), "{name}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn truncated_own_bodies_are_rejected() {
    for sample in SAMPLES {
        let body = read(sample).to_form(TOKEN);
        for end in 0..body.len() {
            let error = rejected(&body[..end]);
            assert!(error.is_unauthorized(), "{error}");
        }
    }
}

#[test]
fn json_bodies_and_line_breaks_are_read() {
    for sample in [EVENT, MESSAGE, CONVERSATION] {
        let expected = read(sample);
        assert_eq!(read(&format!("{}\r\n", sample.trim_end())), expected);
        let fields = fields(sample);
        let as_text: serde_json::Map<String, Value> = fields
            .iter()
            .map(|(name, text)| (name.clone(), text.as_str().into()))
            .collect();
        assert_eq!(read(&Value::Object(as_text).to_string()), expected);
        let as_objects: serde_json::Map<String, Value> = fields
            .iter()
            .map(|(name, text)| {
                let value = serde_json::from_str(text).ok().filter(Value::is_object);
                (name.clone(), value.unwrap_or_else(|| text.as_str().into()))
            })
            .collect();
        let body = Value::Object(as_objects).to_string();
        assert_eq!(read(&body), expected);
        assert_eq!(
            parse(body.as_bytes(), "other"),
            Err(WebhookError::WrongToken)
        );
    }
}

#[test]
fn broken_json_bodies_are_unreadable_and_not_unauthorized() {
    let fields: serde_json::Map<String, Value> = fields(EVENT)
        .into_iter()
        .map(|(name, text)| (name, text.into()))
        .collect();
    let body = Value::Object(fields).to_string();
    for mark in ["\u{feff}", " \u{feff} \n"] {
        assert_eq!(read(&format!("{mark}{body}")), read(EVENT));
        assert_eq!(read(&format!("{mark}{EVENT}")), read(EVENT));
        assert_eq!(read(&format!("{mark}{EVENT}\0\u{a0}{mark}")), read(EVENT));
    }
    let half = body.char_indices().nth(100).unwrap().0;
    for broken in [
        &body[..half],
        &body[..body.len() - 1],
        &format!("\u{feff}{}", &body[..half]),
        &format!("[{body}]"),
        "[]",
        "{'token': 1}",
        "{",
    ] {
        let error = rejected(broken);
        assert!(!error.is_unauthorized(), "{broken}");
        assert_eq!(error.field(), Some("body"), "{broken}");
        assert!(!format!("{error} {error:?}").contains("7183415"));
    }
    assert_eq!(rejected("{}"), WebhookError::MissingToken);
}

#[test]
fn blanks_come_as_plus_and_as_percent_20() {
    let form = |blank: &str| {
        format!(
            "token={TOKEN}&type=event&user_id=7&event_name=Order{blank}placed&event=%7B%22a%22:{blank}1%7D"
        )
    };
    let expected = read(&form("%20"));
    assert_eq!(read(&form("+")), expected);
    let Webhook::Event(event) = expected else {
        panic!("an event");
    };
    assert_eq!(event.event_name, "Order placed");
    // A framework has decoded the fields.
    let fields = [
        ("token", TOKEN),
        ("type", "event"),
        ("user_id", "7"),
        ("event_name", "Order placed"),
        ("event", r#"{"a": 1}"#),
    ];
    assert_eq!(parse_fields(fields, TOKEN), Ok(read(&form("+"))));
    assert_eq!(parse_fields(fields, "other"), Err(WebhookError::WrongToken));
}
