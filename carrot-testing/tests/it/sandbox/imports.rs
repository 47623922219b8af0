//! Files of an import: the client and the sandbox accept the same ones, and say the same of the others.

use bytes::Bytes;
use carrot_core::{
    ApiContext, ApiVersion, Endpoint,
    users::{Delimiter, Import, MergeField},
};
use carrot_testing::Sandbox;
use http::Request;
use serde_json::json;

use super::common::{ApiResponse, upload};

/// Sends the file without the checks of the client.
fn send(sandbox: &Sandbox, file: &[u8], delimiter: &str, merge_field: &str) -> ApiResponse {
    let mut body = Vec::new();
    for (name, value) in [
        ("app", "1000"),
        ("delimiter", delimiter),
        ("merge_field", merge_field),
    ] {
        let part =
            format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    let head = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n";
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--x--\r\n");
    let request = Request::post("/v2/users/import")
        .header("authorization", format!("Token {}", sandbox.token()))
        .header("content-type", "multipart/form-data; boundary=x")
        .body(Bytes::from(body));
    ApiResponse::of(&sandbox.handle(&request.unwrap()))
}

#[test]
fn client_and_sandbox_accept_the_same_files() {
    const ALL: [(Delimiter, &str); 5] = [
        (Delimiter::Tab, "\t"),
        (Delimiter::Comma, ","),
        (Delimiter::Semicolon, ";"),
        (Delimiter::Pipe, "|"),
        (Delimiter::Space, " "),
    ];
    let windows_1251 = b"$user_id,$name\na,\xc0\xe4\xe0\n";
    let files: [(&[u8], Option<&str>); 43] = [
        (b"$user_id,plan\na,pro\n", None),
        (b"$user_id,plan\r\na,pro\r\n", None),
        (b"plan,$user_id\r\npro,a\r\n", None),
        (b"\"$user_id\",plan\na,pro\n", None),
        (b"\n\n$user_id,plan\na,pro\n", None),
        (b"plan,\"$user_id\"\r\n\"a,\"\"b\"\"\n\",a\r\n", None),
        (b"$user_id\n", None),
        (b"$user_id,5\" nails\na,b\n", None),
        (b"", Some("it is empty")),
        (b"\n\n", Some("must name the column `$user_id`")),
        (
            b"\"$user_id,plan\"\na,pro\n",
            Some("must name the column `$user_id`"),
        ),
        (
            b"plan,\"a\n$user_id\"\n",
            Some("must name the column `$user_id`"),
        ),
        (
            b" $user_id,plan\na,pro\n",
            Some("must name the column `$user_id`"),
        ),
        (b"user_id,plan\na,pro\n", Some("without the `$`")),
        (b"$user_id;plan\na;pro\n", Some("delimited by \";\"")),
        (b"$user_id\tplan\na\tpro\n", Some("delimited by \"\\t\"")),
        (
            "\u{feff}$user_id,plan\na,pro\n".as_bytes(),
            Some("byte order mark"),
        ),
        (windows_1251, Some("Windows-1251")),
        (b"\xff\xfe$\0u\0", Some("it is UTF-16")),
        (b"\xfe\xff\0$\0u", Some("it is UTF-16")),
        (b"$\0u\0", Some("zero bytes")),
        (b"$user_id,plan\na,p\0ro\n", Some("zero bytes")),
        (b"$user_id,$name\na,\xf1\xe4\xc1\n", Some("must be UTF-8")),
        (b"$user_id,plan\ra,pro\rb,free\r", Some("carriage return")),
        (
            b"$user_id,plan\r\na,pro\rb,free\r\n",
            Some("carriage return"),
        ),
        (b"plan,$user_id\r", Some("carriage return")),
        (b"$user_id,plan\na,\"one\rtwo\"\n", None),
        (b"\r\n\r\n$user_id,plan\r\na,pro\r\n", None),
        (b"$user_id,plan,,\na,pro,,\n", None),
        (
            b"$user_id,plan,plan\na,pro,free\n",
            Some("the columns 2 and 3"),
        ),
        (b"$user_id,\"$user_id\"\na,b\n", Some("the columns 1 and 2")),
        (b" \n", Some("it is empty")),
        (b"$User_ID,plan\na,pro\n", Some("in other letters")),
        (
            "$user_id\u{200b},plan\na,pro\n".as_bytes(),
            Some("invisible characters"),
        ),
        (
            b"\"user_id\";\"plan\"\na;pro\n",
            Some("delimited by \";\"; it names `user_id`, without the `$`"),
        ),
        (
            b"$user_id,$phone\na,7912\nb,+7912\n",
            Some("`$phone` that starts with `+`, as line 3 has"),
        ),
        (b"$phone,$user_id\n\" +7 (912)\",a\n", Some("as line 2 has")),
        (
            b"\r\n$user_id,$phone\r\n\"a\r\nb\",79\r\n\r\nc,+79\r\n",
            Some("as line 6 has"),
        ),
        (b"$user_id,phone\na,+7912\n", None),
        (b"$user_id,$phone\na,7912+\nb\n", None),
        (b"plan|$user_id\npro|a\n", Some("delimited by \"|\"")),
        (b"plan $user_id\npro a\n", Some("delimited by \" \"")),
        (
            b"$user_id,plan\na,\"pro\n",
            Some("a quotation mark is not closed"),
        ),
    ];
    let context = ApiContext::new(ApiVersion::V2);
    let mut accepted = 0;
    for (file, said) in files {
        for (delimiter, text) in ALL {
            for (merge_field, name) in [
                (MergeField::UserId, "$user_id"),
                (MergeField::Email, "$email"),
            ] {
                let shown = format!("{} {text:?} {name}", String::from_utf8_lossy(file));
                let import = Import::new(file.to_vec())
                    .delimiter(delimiter)
                    .merge_field(merge_field);
                let client = import.request(&context);
                let sandbox = send(&Sandbox::new(), file, text, name);
                match &client {
                    Ok(_) => drop(sandbox.data()),
                    Err(error) => {
                        sandbox.is(400, "ValidationError");
                        assert_eq!(
                            sandbox.json["meta"]["error_fields"]["file"],
                            error.rule(),
                            "{shown}"
                        );
                    }
                }
                accepted += u32::from(client.is_ok());
                if delimiter != Delimiter::Comma || merge_field != MergeField::UserId {
                    continue;
                }
                match said {
                    None => assert!(client.is_ok(), "{shown}: {client:?}"),
                    Some(said) => assert!(client.unwrap_err().rule().contains(said), "{shown}"),
                }
            }
        }
    }
    assert!(accepted > 8, "{accepted}");
}

#[test]
fn tags_may_be_repeated() {
    for tags in [
        &[("tags", "vip"), ("tags", "new"), ("tags", "vip")][..],
        &[("tags", r#""vip","new""#)],
        &[("tags", r#"["vip","new"]"#)],
        &[("tags", "vip,new")],
    ] {
        let sandbox = Sandbox::new();
        let mut fields = vec![("app", "1000"), ("delimiter", ",")];
        fields.extend(tags);
        let file = ("file", "a.csv", "$user_id,plan\na,pro\n");
        let report = upload(&sandbox, "/v2/users/import", &fields, &[file]);
        assert_eq!(report.data()["updates_planned"], json!(1));
        let user = sandbox.users().remove(0);
        let mut names: Vec<&str> = user
            .tags
            .iter()
            .filter_map(|tag| tag.name.as_deref())
            .collect();
        names.sort_unstable();
        assert_eq!(names, ["new", "vip"], "{tags:?}");
    }
}
