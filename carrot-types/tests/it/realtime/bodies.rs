//! Bodies of several messages.

use carrot_types::realtime::RealtimeMessage;

#[test]
fn long_poll_bodies_are_split() {
    let one = r#"{"channel": "ping", "message": {"timestamp": 1}}"#;
    for body in [
        format!("{one}{one}"),
        format!("{one}\n{one}\n"),
        format!("\r\n{one} {one}"),
    ] {
        let messages = RealtimeMessage::parse_all(&body);
        assert_eq!(messages, vec![RealtimeMessage::parse(one); 2], "{body}");
    }
    // A notice of the server itself, whose template leaves the text unquoted.
    let broken = r#"{"id":-2,"message":Channel deleted,"channel":"","tag":"0"}"#;
    let messages = RealtimeMessage::parse_all(&format!("{one}\n{broken}\n{one}"));
    assert_eq!(messages.len(), 3);
    assert!(messages[0].is_ok() && messages[1].is_err() && messages[2].is_ok());
    assert_eq!(RealtimeMessage::parse_all(" \n"), []);
}

#[test]
fn odd_json_costs_no_other_message() {
    let one = r#"{"channel": "ping", "message": {"timestamp": 1}}"#;
    let reply = |body: &str| {
        format!(r#"{{"channel": "conversation_reply.1", "id": 5, "message": {{"id": 8, {body}}}}}"#)
    };
    // Read, whatever stands beside it on its line.
    for odd in [
        reply(r#""body": "\ud83d", "x": NaN"#),
        reply(r#""created": 1e999, "body_json": {"x": [-Infinity, 1E+400]}"#),
        reply(r#""body": "}{ \" NaN \\", "x": Infinity"#),
        format!("\u{feff}{one}"),
        format!("{one}\0"),
    ] {
        for body in [
            format!("{odd}{one}{odd}"),
            format!("{one}{odd}{odd}"),
            format!("{odd}{odd}\r\n{one}"),
        ] {
            let messages = RealtimeMessage::parse_all(&body);
            assert_eq!(messages.len(), 3, "{body}");
            assert!(messages.iter().all(Result::is_ok), "{body}: {messages:?}");
        }
    }
    // Lost, alone.
    for broken in [
        reply(r#""body": text"#),
        reply(r#""body": ,"#),
        r#"{"channel": "pong"#.to_owned() + "\n",
        r#"{"channel": {"#.to_owned() + "\n",
        "<html>502</html>\n".to_owned(),
    ] {
        let messages = RealtimeMessage::parse_all(&format!("{one}{broken}{one}"));
        let read: Vec<bool> = messages.iter().map(Result::is_ok).collect();
        assert_eq!(read, [true, false, true], "{broken}");
    }
}

/// Reading such a body takes no time to speak of, though each of its lines looks like the start of an object.
#[test]
fn endless_garbage_gives_few_errors() {
    for line in ["{\n", "x\n"] {
        let body = line.repeat(200_000);
        let messages = RealtimeMessage::parse_all(&body);
        assert_eq!(messages.len(), 101);
        assert!(messages.iter().all(Result::is_err));
    }
}
