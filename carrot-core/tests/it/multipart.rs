//! Bodies with files, parsed strictly as `multipart/form-data` (RFC 7578, RFC 2046).

use bytes::Bytes;
use carrot_core::{
    ApiVersion, Endpoint, conversations,
    endpoint::Upload,
    types::{ConversationId, RandomId, UserId},
    users,
};
use carrot_testing::RecordedRequest;
use proptest::prelude::*;

use crate::support::{canned, client};

/// A part of a body.
#[derive(Debug, PartialEq)]
struct Part {
    name: String,
    file_name: Option<String>,
    content_type: Option<String>,
    content: Bytes,
}

impl Part {
    fn text(name: &str, text: &str) -> Self {
        Self {
            name: name.to_owned(),
            file_name: None,
            content_type: None,
            content: Bytes::from(text.to_owned()),
        }
    }

    fn file(name: &str, file_name: &str, content: &Bytes) -> Self {
        Self {
            name: name.to_owned(),
            file_name: Some(file_name.to_owned()),
            content_type: Some("application/octet-stream".to_owned()),
            content: content.clone(),
        }
    }
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len())
        .position(|window| window == needle)
}

/// Parses a body. Panics at any deviation from the format.
fn parse(request: &RecordedRequest) -> Vec<Part> {
    let content_type = request.header("content-type").expect("a content type");
    let boundary = content_type
        .strip_prefix("multipart/form-data; boundary=")
        .expect("multipart");
    assert!((1..=70).contains(&boundary.len()), "{boundary}");
    assert!(
        boundary
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    );

    let delimiter = format!("\r\n--{boundary}");
    let mut rest = &request.body()[..];
    rest = rest
        .strip_prefix(&delimiter.as_bytes()[2..])
        .expect("the boundary first");
    let mut parts = Vec::new();
    loop {
        if let Some(end) = rest.strip_prefix(b"--") {
            assert_eq!(end, b"\r\n", "something follows the end");
            return parts;
        }
        rest = rest
            .strip_prefix(b"\r\n")
            .expect("a line break after the boundary");
        let end = find(rest, b"\r\n\r\n").expect("an end of the headers");
        let head = std::str::from_utf8(&rest[..end]).expect("headers in UTF-8");
        rest = &rest[end + 4..];
        let end = find(rest, delimiter.as_bytes()).expect("an end of the part");
        parts.push(part(head, Bytes::copy_from_slice(&rest[..end])));
        rest = &rest[end + delimiter.len()..];
    }
}

fn part(head: &str, content: Bytes) -> Part {
    let mut lines = head.split("\r\n");
    let disposition = lines.next().expect("a first header");
    let quoted = disposition
        .strip_prefix("Content-Disposition: form-data; name=\"")
        .expect("a disposition");
    let (name, rest) = quoted.split_once('"').expect("a closed name");
    let file_name = (!rest.is_empty()).then(|| {
        let quoted = rest.strip_prefix("; filename=\"").expect("a file name");
        let (file_name, rest) = quoted.split_once('"').expect("a closed file name");
        assert_eq!(rest, "");
        assert!(!file_name.contains(['\r', '\n']));
        file_name.replace("%22", "\"")
    });
    let content_type = lines.next().map(|line| {
        let kind = line.strip_prefix("Content-Type: ").expect("a content type");
        kind.to_owned()
    });
    assert_eq!(lines.next(), None);
    Part {
        name: name.to_owned(),
        file_name,
        content_type,
        content,
    }
}

fn prepare<E: Endpoint>(endpoint: &E) -> RecordedRequest {
    let request = client(&canned([]), ApiVersion::V2).prepare(endpoint);
    RecordedRequest::from(request.expect("a sound request"))
}

/// Any bytes, and many that look like a boundary or a header.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"\r\n".to_vec()),
        Just(b"--".to_vec()),
        (0..4_u8).prop_map(|number| format!("carrot-form-boundary-{number}").into_bytes()),
        Just(b"Content-Disposition: form-data; name=\"x\"".to_vec()),
        prop::collection::vec(any::<u8>(), 0..8),
    ];
    prop::collection::vec(piece, 1..12).prop_map(|pieces| pieces.concat())
}

fn text() -> impl Strategy<Value = String> {
    let kept = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).replace('\0', "");
    content()
        .prop_map(kept)
        .prop_filter("not empty", |text| !text.is_empty())
}

/// Trying one boundary after another would take days for such a file.
#[test]
fn file_of_boundaries_takes_one_pass() {
    let lines: String = (0..100_000)
        .map(|number| format!("carrot-form-boundary-{number}\n"))
        .collect();
    let start = users::StartConversation::without_text(UserId::new(1))
        .attachment(Upload::new("a.txt", lines));
    let sent = prepare(&start);
    let content_type = sent.header("content-type").expect("a content type");
    assert!(
        content_type.ends_with("boundary=carrot-form-boundary-100000"),
        "{content_type}"
    );
}

proptest! {
    #[test]
    fn reply_with_file_round_trips(
        body in text(),
        content in content().prop_filter("not empty", |content| !content.is_empty()),
        name in "[^\\p{Cc}%]{0,40}\\.(txt|PDF)",
        external_id in "[^\\p{Cc}]{0,20}",
    ) {
        let content = Bytes::from(content);
        let reply = conversations::Reply::new(ConversationId::new(1), body.as_str())
            .attachment(Upload::new(name.as_str(), content.clone()))
            .external_id(external_id.as_str());
        let sent = prepare(&reply);
        prop_assert_eq!(parse(&sent), [
            Part::text("body", &body),
            Part::text("from_admin", "default_admin"),
            Part::text("external_id", &external_id),
            Part::text("attachment_file_name", &name),
            Part::file("attachment", &name, &content),
        ]);
        prop_assert_eq!(prepare(&reply).body().clone(), sent.body(), "equal requests have equal bytes");
    }

    #[test]
    fn boundary_occurs_in_no_part(body in text(), content in content()) {
        prop_assume!(!content.is_empty());
        let start = users::StartConversation::new(UserId::new(1), body.as_str())
            .attachment(Upload::new("a.txt", content.clone()));
        let sent = prepare(&start);
        let content_type = sent.header("content-type").expect("a content type");
        let (_, boundary) = content_type.split_once("boundary=").expect("a boundary");
        prop_assert!(find(&content, boundary.as_bytes()).is_none());
        prop_assert!(!body.contains(boundary));
        let frames = sent.body().windows(boundary.len());
        let frames = frames.filter(|window| *window == boundary.as_bytes()).count();
        prop_assert_eq!(frames, parse(&sent).len() + 1);
    }

    #[test]
    fn import_parses_into_its_parts(
        rows in prop::collection::vec("[^\\x00]{0,30}", 0..4),
        tag in "[^\\p{Cc}]{1,20}",
    ) {
        let quoted = |row: &String| format!("\"{}\"", row.replace('"', "\"\""));
        let rows: Vec<String> = rows.iter().map(quoted).collect();
        let csv = Bytes::from(format!("$user_id,x\n{}", rows.join("\r\n")));
        let import = users::Import::new(csv.clone())
            .delimiter(users::Delimiter::Comma)
            .tag(tag.as_str());
        let tags = serde_json::to_string(&[tag]).expect("JSON");
        prop_assert_eq!(parse(&prepare(&import)), [
            Part::text("app", "$self_app"),
            Part::text("delimiter", ","),
            Part::text("tags", &tags),
            Part::file("file", "users.csv", &csv),
        ]);
    }
}

#[test]
fn body_without_file_is_not_multipart() {
    let random_id = RandomId::new(1).expect("a number");
    let start = users::StartConversation::new(UserId::new(1), "x").random_id(random_id);
    let sent = prepare(&start);
    let form = Some("application/x-www-form-urlencoded");
    assert_eq!(sent.header("content-type"), form);
}
