//! The list of leads: who is one, filters, order; and the import.

use carrot_testing::{Sandbox, sandbox::SeedUser};
use serde_json::{Value, json};

use super::common::{ApiResponse, Form, Session, get, json_of, post, start, upload};

fn leads(sandbox: &Sandbox, parameters: &(impl Form + ?Sized)) -> ApiResponse {
    get(sandbox, "/v2/apps/$self_app/users", parameters)
}

fn external_ids(response: &ApiResponse) -> Vec<&str> {
    let users = response.data()["users"].as_array().unwrap().iter();
    users
        .map(|user| user["user_id"].as_str().unwrap())
        .collect()
}

/// Three people; the sandbox starts on 2023-11-14.
fn people() -> Sandbox {
    let ada = SeedUser::external("ada")
        .prop("$name", "Ada")
        .prop("orders", 5)
        .prop("vip", true)
        .prop("born", "2023-11-10T00:00:00")
        .prop("likes", json!(["tea", "chess"]));
    let bob = SeedUser::external("bob")
        .prop("$name", "bobAda")
        .prop("orders", 2)
        .prop("vip", false)
        .prop("born", "2023-09-01");
    let eve = SeedUser::external("eve").prop("plan", "free");
    Sandbox::builder().user(ada).user(bob).user(eve).build()
}

#[test]
fn an_unknown_visitor_is_not_a_lead() {
    let sandbox = Sandbox::builder()
        .user(SeedUser::new())
        .user(SeedUser::new().prop("plan", "free"))
        .user(SeedUser::new().prop("$phone", "1"))
        .build();
    assert_eq!(leads(&sandbox, "").data()["total"], 1);
    let first = "/v2/users/1448121617782670209";
    post(&sandbox, &format!("{first}/startconversation"), "body=Hi").data();
    let listed = leads(&sandbox, "");
    assert_eq!(listed.data()["total"], 2);
    // The one who was there last comes first.
    assert_eq!(
        listed.json,
        json!({"meta": {"status": 200}, "data": {"total": 2, "users": [
            {
                "id": 1_448_121_617_782_670_209_u64, "app": 1000, "user_id": null,
                "presence": "offline", "removed": null, "map_url": null,
                "props": {"$last_seen": "2023-11-14T22:13:22"}, "props_custom": {},
            },
            {
                "id": 1_448_121_617_782_670_211_u64, "app": 1000, "user_id": null,
                "presence": "offline", "removed": null, "map_url": null,
                "props": {"$last_seen": "2023-11-14T22:13:20", "$phone": "1"}, "props_custom": {},
            },
        ]}})
    );
    let phone = json!([{"op": "delete", "key": "$phone"}]).to_string();
    let path = "/v2/users/1448121617782670211/props";
    post(&sandbox, path, &[("operations", &phone)]).data();
    assert_eq!(leads(&sandbox, "").data()["total"], 1);
}

#[test]
fn every_type_of_filter() {
    let sandbox = people();
    let value = |value: Value| json!({"value": value});
    for (kind, property, value, expected) in [
        ("known", "$name", json!({}), &["ada", "bob"][..]),
        ("str_eq", "$user_id", value("bob".into()), &["bob"]),
        ("unknown", "$name", json!({}), &["eve"]),
        ("gt", "orders", value(2.into()), &["ada"]),
        ("gt_or_unknown", "orders", value(2.into()), &["ada", "eve"]),
        ("lt", "orders", value("5".into()), &["bob"]),
        ("lt_or_unknown", "orders", value(5.into()), &["bob", "eve"]),
        (
            "range",
            "orders",
            json!({"value1": 2, "value2": 5}),
            &["ada", "bob"],
        ),
        ("eq", "orders", value(5.into()), &["ada"]),
        ("neq", "orders", value(5.into()), &["bob", "eve"]),
        ("str_eq", "$name", value("ADA".into()), &["ada"]),
        ("str_neq", "$name", value("ADA".into()), &["bob", "eve"]),
        (
            "str_contains",
            "$name",
            value("aDa".into()),
            &["ada", "bob"],
        ),
        (
            "str_notcontains",
            "$name",
            value("bob".into()),
            &["ada", "eve"],
        ),
        ("bool_true", "vip", json!({}), &["ada"]),
        ("bool_false", "vip", json!(""), &["bob"]),
        ("daysmore", "born", value("30".into()), &["bob"]),
        (
            "daysmore_or_unknown",
            "born",
            value(30.into()),
            &["bob", "eve"],
        ),
        (
            "daysless",
            "born",
            json!({"value": 1, "unit": "weeks"}),
            &["ada"],
        ),
        (
            "daysless_or_unknown",
            "born",
            json!({"value": 99, "unit": "minutes"}),
            &["eve"],
        ),
        ("lcontains", "likes", value("chess".into()), &["ada"]),
        ("eq", "orders", json!(r#"{"value": 5}"#), &["ada"]),
        (
            "daysless",
            "$last_seen",
            json!({"value": 1, "unit": "hours"}),
            &["ada", "bob", "eve"],
        ),
    ] {
        let leaf = json!({"type": kind, "property_name": property, "value": value});
        for group in ["and", "or"] {
            let filters = json!({"type": group, "filters": [leaf]}).to_string();
            let response = leads(&sandbox, &[("filters", &*filters), ("sort_order", "asc")]);
            assert_eq!(external_ids(&response), expected, "{leaf}");
            assert_eq!(response.data()["total"], expected.len());
        }
    }
}

#[test]
fn filters_are_joined_by_and_or_or() {
    let sandbox = people();
    let leaves = json!([
        {"type": "known", "property_name": "$name", "value": {}},
        {"type": "unknown", "property_name": "likes", "value": []},
    ]);
    for (group, expected) in [("and", &["bob"][..]), ("or", &["ada", "bob", "eve"])] {
        let filters = json!({"type": group, "filters": leaves}).to_string();
        let response = leads(&sandbox, &[("filters", &*filters), ("sort_order", "asc")]);
        assert_eq!(external_ids(&response), expected);
    }
    let group = json!({"type": "and", "filters": [{"type": "known", "property_name": "a"}]});
    for wrong in [
        json!([]),
        json!({"type": "xor", "filters": []}),
        json!({"type": "and"}),
        json!({"type": "and", "filters": [group]}),
        json!({"type": "and", "filters": [{"type": "known"}]}),
        json!({"type": "and", "filters": [{"type": "like", "property_name": "a", "value": {}}]}),
        json!({"type": "and", "filters": [{"type": "gt", "property_name": "a", "value": {}}]}),
        json!({"type": "and", "filters": [{"type": "gt", "property_name": "a", "value": 5}]}),
        json!({"type": "and", "filters": [{"type": "eq_or_unknown", "property_name": "a"}]}),
        json!({"type": "and", "filters": [
            {"type": "daysless", "property_name": "a", "value": {"value": 1, "unit": "years"}},
        ]}),
    ] {
        let response = leads(&sandbox, &[("filters", &wrong.to_string())]);
        assert_eq!(response.error().1, "ValidationError", "{wrong}");
        assert!(response.error().2.starts_with("`filters` must"));
    }
}

#[test]
fn leads_are_sorted_and_paged_by_offset() {
    let sandbox = people();
    for (parameters, expected) in [
        ("sort_prop=orders", &["ada", "bob", "eve"][..]),
        ("sort_prop=orders&sort_order=asc", &["bob", "ada", "eve"]),
        ("sort_prop=$name&limit=1", &["bob"]),
        ("sort_prop=orders&limit=1&offset=1", &["bob"]),
        ("sort_prop=orders&offset=9", &[]),
        ("limit=2", &["eve", "bob"]),
        ("limit=2&offset=2", &["ada"]),
    ] {
        let response = leads(&sandbox, parameters);
        assert_eq!(external_ids(&response), expected, "{parameters:?}");
        assert_eq!(response.data()["total"], 3);
    }
    for (name, value) in [
        ("limit", "0"),
        ("limit", "51"),
        ("offset", "-1"),
        ("sort_order", "up"),
    ] {
        let response = leads(&sandbox, &[(name, value)]);
        assert!(response.error().2.starts_with(&format!("`{name}` must be")));
    }
    let none = get(&sandbox, "/v1/apps/1000/users", "limit=0");
    assert_eq!(none.data(), &json!({"users": [], "total": 3}));
}

#[test]
fn an_import_reports_bad_lines() {
    let api = Session::of(people());
    let import = |form: &str, csv: &str| {
        let response = api.upload("/v2/users/import", form, &[("file", "a.csv", csv)]);
        for user in api.users() {
            let user = json_of(user);
            let fields = ["user_id", "props", "props_custom", "tags"].map(|name| &user[name]);
            api.see("user", fields);
        }
        response
    };
    let csv =
        "$user_id,$email,orders\r\nada,ada@example.com,6\r\n,x,1\r\nnew,\"a, b\",7\r\nbob,1\r\n";
    import("app=$self_app&delimiter=,&tags=%22vip%22,%22x y%22", csv).data();
    let by_email = "app=1000&merge_field=$email";
    import(by_email, "$email\tplan\nada@example.com\tpro").data();
    // An external id is given to who has none, and never changed.
    import(
        by_email,
        "$email\t$user_id\nada@example.com\tother\nnew@example.com\tnewer\nx@example.com\tbob",
    );
    assert_eq!(api.user_id("other"), None);
    assert_eq!(api.users().len(), 6);
    // The vendor's page writes the tab as `\t`.
    import(r"app=1000&delimiter=\t", "$user_id\tplan\nada\tfree").data();

    for (form, csv, parameter) in [
        ("", Some("$user_id"), "app"),
        (by_email, None, "file"),
        (by_email, Some("name\nx"), "file"),
        (by_email, Some(""), "file"),
        ("app=1000&delimiter=x", Some(""), "delimiter"),
        ("app=1000&merge_field=id", Some(""), "merge_field"),
    ] {
        let files: Vec<_> = csv.iter().map(|csv| ("file", "a", *csv)).collect();
        let response = api.upload("/v2/users/import", form, &files);
        let rule = format!("`{parameter}`");
        assert!(response.error().2.starts_with(&rule), "{}", response.json);
    }
    api.assert("imports");
}

#[test]
fn an_import_by_email_updates_the_latest() {
    let sandbox = people();
    for external_id in ["ada", "eve", "bob"] {
        let email = r#"[{"op": "update_or_create", "key": "$email", "value": "a@example.com"}]"#;
        let path = format!("/v2/users/{external_id}/props");
        let own = [("by_user_id", "1"), ("operations", email)];
        post(&sandbox, &path, &own).data();
    }
    let eve = sandbox.user_id("eve").unwrap();
    let path = format!("/v2/users/{eve}/setpresence");
    post(&sandbox, &path, "presence=online").data();

    let before = sandbox.users().len();
    let csv = "$email,plan\n\
               a@example.com,pro\n\
               new@example.com,free\n\
               new@example.com,pro\n";
    let fields = "app=1000&merge_field=$email&delimiter=,";
    let files = [("file", "a.csv", csv)];
    let response = upload(&sandbox, "/v2/users/import", fields, &files);
    assert_eq!(response.data()["updates_planned"], 3);
    let plans = |name: &str| {
        let filters = json!({"type": "and", "filters": [
            {"type": "str_eq", "property_name": "$email", "value": {"value": name}},
            {"type": "str_eq", "property_name": "plan", "value": {"value": "pro"}},
        ]});
        let response = leads(&sandbox, &[("filters", &filters.to_string())]);
        let users = response.data()["users"].as_array().unwrap();
        users
            .iter()
            .map(|user| user["user_id"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(plans("a@example.com"), ["eve"]);
    // Twice in the file is one new user.
    assert_eq!(plans("new@example.com"), [Value::Null]);
    assert_eq!(sandbox.users().len(), before + 1);
}

#[test]
fn a_conversation_makes_a_lead() {
    let sandbox = Sandbox::new();
    start(&sandbox, "x", "Hi");
    assert_eq!(leads(&sandbox, "").data()["total"], 1);
}
