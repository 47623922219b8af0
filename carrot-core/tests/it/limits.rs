//! The limits of texts, lists, pages, properties and files: a call beyond a limit is rejected before
//! sending, with the field and the rule, but without the value.

use carrot_core::{
    ApiContext,
    ApiVersion::{self, V1, V2},
    Endpoint as _, apps,
    conversations::{self, Operator, Sender},
    endpoint::{Paging, Upload},
    types::{
        AdminId, AssistantType, Cursor, EventName, EventProperties, Filter, Presence, PropertyName,
        PropertyOperation, PropertyValue, RandomId, UserId,
    },
    users,
};
use serde_json::json;

use crate::support::{ID, canned, client, rejections::Rejections, run};

const USER: UserId = UserId::new(1);

#[test]
fn messages() {
    let mut rejected = Rejections::default();
    rejected.call(V2, conversations::Reply::new(ID, ""));
    rejected.call(V1, conversations::Reply::new(ID, ""));
    rejected.call(V2, conversations::Reply::new(ID, "a\0b"));
    rejected.call(V2, users::SendMessage::new(USER, ""));
    rejected.call(V2, users::SendMessage::new(USER, "\0"));
    rejected.call(V2, users::StartConversation::new(USER, ""));
    rejected.call(V2, users::StartConversation::new(USER, "\0"));
    rejected.call(V2, conversations::SetTyping::new(ID, "\0"));
    rejected.call(
        V1,
        users::StartConversation::without_text(USER).attachment(Upload::new("a.txt", "x")),
    );
    let reply = || conversations::Reply::new(ID, "Hi");
    rejected.call(V2, reply().external_id("a\nb"));
    rejected.call(V2, reply().referrer("a\nb"));
    rejected.call(V1, reply().sender(Sender::Bot("a\nb".into())));
    rejected.call(V1, reply().sender(Sender::Bot(String::new())));
    rejected.call(
        V1,
        conversations::Close::new(ID).by(Operator::Bot(String::new())),
    );
    rejected.call(V2, reply().body_json(json!([1])));
    rejected.call(V2, reply().action(json!("x")));
    let start = users::StartConversation::new(USER, "Hi").referrer("a\0b");
    rejected.call(V2, start);
    let presence = || users::SetPresence::new(USER, Presence::Online);
    rejected.call(V2, presence().page("a\nb"));
    rejected.call(V2, presence().url("a\nb"));
    rejected.call(V1, presence().session("x"));
    rejected.call(V2, presence().session("A".repeat(32)));
    rejected.call(V2, users::SetPresence::new(USER, Presence::from("away")));
    rejected.call(V2, users::SetPresence::new("order-42", Presence::Online));
    for nonce in ["", "0123456789abcdef", &"-".repeat(32), &"я".repeat(16)] {
        rejected.call(V2, reply().nonce(nonce));
        rejected.call(V2, conversations::MarkRead::new(ID).nonce(nonce));
        rejected.call(V1, conversations::SetTyping::new(ID, "Hi").nonce(nonce));
        rejected.call(V2, presence().nonce(nonce));
    }
    rejected.assert("messages");
}

#[test]
fn random_ids() {
    let mut rejected = Rejections::default();
    for number in [0, -1, RandomId::MAX + 1] {
        rejected.value(RandomId::new(number));
    }
    // In a response it may be any number.
    let zero: RandomId = serde_json::from_str("0").expect("any number");
    rejected.call(V2, conversations::Reply::new(ID, "Hi").random_id(zero));
    let reply = conversations::Reply::new(ID, "Hi").auto_assign(AdminId::new(2));
    rejected.call(V2, reply.auto_assign_random_id(zero));
    rejected.assert("random_ids");
}

#[test]
fn tags() {
    let mut rejected = Rejections::default();
    let long = "я".repeat(256);
    for tag in ["", &long, "a,b", "a\nb", "a\0"] {
        rejected.given(tag);
        for version in ApiVersion::ALL.iter().copied() {
            // v2 allows a comma in a tag.
            if tag == "a,b" && version == V2 {
                let client = client(&canned([]), V2);
                let add = client.prepare(&conversations::AddTag::new(ID, tag));
                add.expect("v2 allows a comma");
                let list = client.prepare(&apps::Conversations::new().tag(tag));
                list.expect("v2 allows a comma");
                continue;
            }
            rejected.call(version, conversations::AddTag::new(ID, tag));
            rejected.call(version, conversations::RemoveTag::new(ID, tag));
            rejected.call(version, apps::Conversations::new().tag(tag));
        }
    }
    let import = || users::Import::new("$user_id\n1\n");
    rejected.call(V2, import().tag(""));
    rejected.call(V2, import().tag("a\nb"));
    rejected.call(
        V2,
        apps::Conversations::new().assistant_type(AssistantType::from("a\nb")),
    );
    rejected.assert("tags");
}

#[test]
fn tags_go_with_no_tags_in_v1_only() {
    let mut rejected = Rejections::default();
    let both = || apps::Conversations::new().tag("vip").without_tags();
    let request = both().request(&ApiContext::new(V1)).expect("v1 adds");
    let names: Vec<&str> = request.parameters.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["tags", "include_no_tags"]);
    rejected.call(V2, both());
    rejected.assert("tags_and_no_tags");
}

#[test]
fn pages() {
    let mut rejected = Rejections::default();
    for size in [0, 51, u32::MAX] {
        let page = || Paging::new().size(size);
        rejected.call(V2, conversations::Parts::new(ID).page(page()));
        rejected.call(V1, conversations::Parts::new(ID).page(page()));
        rejected.call(V2, apps::ActiveUsers::new().page(page()));
        rejected.call(V2, apps::Conversations::new().page(page()));
        rejected.call(V2, users::Events::new(USER).page(page()));
        rejected.call(V1, users::Conversations::new(USER).page(page()));
        rejected.call(V1, apps::Leads::new().page(page()));
        rejected.call(V2, apps::Leads::new().page(page()));
    }
    rejected.assert("pages");
}

#[test]
fn cursors() {
    let mut rejected = Rejections::default();
    rejected.value(Cursor::position("{}"));
    rejected.value(Cursor::position("[1"));
    rejected.value(Cursor::after(""));
    let after = Cursor::after("1").expect("a cursor");
    let position = Cursor::position("[1]").expect("a cursor");
    let offset = Cursor::offset(1);
    for (version, own) in [(V1, &after), (V2, &position)] {
        for foreign_one in [&after, &position, &offset] {
            if foreign_one == own {
                continue;
            }
            let page = Paging::new().starting_at(foreign_one.clone());
            rejected.call(version, conversations::Parts::new(ID).page(page.clone()));
            rejected.call(version, users::Events::new(USER).page(page));
        }
        for foreign_one in [&after, &position] {
            let page = Paging::new().starting_at(foreign_one.clone());
            rejected.call(version, apps::Leads::new().page(page));
        }
    }
    let line_break = Paging::new().starting_at(Cursor::after("1\n2").expect("a cursor"));
    rejected.call(V1, conversations::Parts::new(ID).page(line_break));
    rejected.assert("cursors");
}

#[test]
fn properties() {
    let mut rejected = Rejections::default();
    let delete = || PropertyOperation::delete("p").expect("an operation");
    rejected.call(V2, users::SetProps::new(USER));
    rejected.call(V2, users::SetProps::new(USER).with_all(vec![delete(); 251]));
    let recorder = canned([]);
    let most = users::SetProps::new(USER).with_all(vec![delete(); 250]);
    run(client(&recorder, V2).call(most)).expect("just fits");
    rejected.call(
        V2,
        users::SetProps::new(USER)
            .with(delete())
            .source(json!("site")),
    );

    rejected.value(PropertyName::custom("$name"));
    rejected.value(PropertyOperation::delete(""));
    rejected.value(PropertyOperation::delete("$"));
    rejected.value(PropertyOperation::delete("a\nb"));
    let long = "я".repeat(256);
    rejected.value(PropertyOperation::update_or_create("city", long.as_str()));
    rejected.value(PropertyOperation::append("cities", long.as_str()));
    rejected.value(PropertyValue::list(vec!["x"; 31]));
    rejected.value(PropertyValue::list([long.as_str()]));
    rejected.value(PropertyOperation::add("orders", (1 << 53) + 1));
    rejected.call(V2, apps::Leads::new().sort_by(""));
    rejected.call(V2, apps::Leads::new().filter(Filter::known("")));
    rejected.assert("properties");
}

#[test]
fn events() {
    let mut rejected = Rejections::default();
    let long = "я".repeat(256);
    rejected.value(EventName::new(""));
    rejected.value(EventName::new(long));
    rejected.value(EventProperties::new().with("x".repeat(71), 1));
    rejected.value(EventName::new("a\nb"));
    rejected.assert("events");
}

#[test]
fn files() {
    let mut rejected = Rejections::default();
    for field in ["attachment", "file"] {
        let mut reject = |file: Upload| match field {
            "file" => rejected.call(
                V2,
                users::StartConversation::without_text(USER).attachment(file),
            ),
            _ => rejected.call(V2, conversations::Reply::without_text(ID).attachment(file)),
        };
        reject(Upload::new("a.txt", ""));
        reject(Upload::new("a.txt", vec![0; 10 * 1024 * 1024]));
        reject(Upload::new("", "x"));
        reject(Upload::new("a.txt\\", "x"));
        let long = format!("{}.txt", "я".repeat(252));
        reject(Upload::new(long, "x"));
    }
    for name in ["a.exe", "txt", "a.txt.", "a"] {
        let file = Upload::new(name, "x");
        rejected.call(
            V2,
            users::StartConversation::without_text(USER).attachment(file.clone()),
        );
        // The vendor documents no extensions for a reply.
        let reply = conversations::Reply::without_text(ID).attachment(file);
        assert!(reply.request(&ApiContext::new(V2)).is_ok(), "{name}");
    }
    // What the vendor's own chat sends is sent: the greatest file, and the types that no page lists.
    let greatest = Upload::new("a.txt", vec![0; 10 * 1024 * 1024 - 1]);
    let of_type = |ending: &&str| Upload::new(format!("a.{ending}"), "x");
    let of_the_chat = ["m4v", "mov", "mp3", "mp4", "mpeg", "rtf", "tif", "TIFF"];
    for file in of_the_chat.iter().map(of_type).chain([greatest]) {
        let start = users::StartConversation::without_text(USER).attachment(file);
        start.request(&ApiContext::new(V2)).expect("is sent");
    }
    rejected.call(
        V2,
        conversations::Reply::without_text(ID).attachment(Upload::new("a\r\nb.txt", "x")),
    );
    rejected.assert("files");
}

#[test]
fn imports() {
    let mut rejected = Rejections::default();
    rejected.call(V2, users::Import::new(""));
    rejected.call(V2, users::Import::new("$user_id,$name\n1,a\n"));
    rejected.call(
        V2,
        users::Import::new("$user_id\n").merge_field(users::MergeField::Email),
    );
    rejected.call(V2, users::Import::new("user_id\t$name\n1\ta\n"));
    rejected.call(V2, users::Import::new("\u{feff}$user_id\n1\n"));
    rejected.call(V2, users::Import::new(&b"$user_id\n\xff"[..]));
    for file in [
        "$user_id\n1\0\n",
        "$user_id\t$phone\r\n1\t7912\r\n\r\n2\t+7912\r\n",
        "$user_id\tplan\t\t\tplan\n",
        "$user_id\r1\r2\r",
        "$user_id\n\"1\n",
    ] {
        rejected.call(V2, users::Import::new(file));
    }
    rejected.call(V2, users::Import::new(vec![b'a'; 30_000_000]));
    rejected.call(V1, users::Import::new("$user_id\n1\n"));
    rejected.assert("imports");
}
