//! Property changes of many users: as a CSV file, and as single requests.

use std::ops::ControlFlow;

use carrot_core::{
    ApiVersion,
    types::{InvalidValue, PropertyDate, PropertyOperation, PropertyValue, UserId, UserRef},
    users::{Import, ImportCsv, PropertyChange, SetProps},
};
use carrot_testing::Sandbox;
use proptest::prelude::*;

use crate::support::{canned, client, run};

fn set<V>(key: &str, value: V) -> PropertyOperation
where
    V: TryInto<PropertyValue, Error: Into<InvalidValue>>,
{
    PropertyOperation::update_or_create(key, value).expect("a sound operation")
}

fn of(id: &str) -> PropertyChange {
    PropertyChange::new(UserRef::external(id))
}

fn texts(texts: &[&str]) -> Vec<PropertyOperation> {
    texts.iter().map(|text| set("a", *text)).collect()
}

fn names(names: &[&str]) -> Vec<PropertyOperation> {
    names.iter().map(|name| set(name, "x")).collect()
}

/// Returns why the second of two changes cannot be written.
fn rejected(csv: ImportCsv, change: PropertyChange) -> String {
    let error = csv.write(&[of("first").with(set("a", "x")), change]);
    let error = error.expect_err("it cannot be written");
    assert_eq!(error.index(), 1);
    error.to_string()
}

#[test]
fn import_is_written_byte_for_byte() {
    let changes = [
        of("order 41/ц")
            .with(set("plan", "про"))
            .with(set("$name", "O'Neil, A; b|c")),
        of("order-42").with_all([set("$name", "Ada"), set("plan", "12345")]),
        of("order-43").with_all([set("$name", "Eve"), set("plan", -7)]),
    ];
    let csv = "$user_id\t$name\tplan\n\
               order 41/ц\tO'Neil, A; b|c\tпро\n\
               order-42\tAda\t12345\n\
               order-43\tEve\t-7\n";
    assert_eq!(Import::from_changes(&changes), Ok(Import::new(csv)));
}

#[test]
fn documented_values_are_written() {
    let all = [
        texts(&[
            "x",
            "два слова",
            "0",
            "1.5",
            "true",
            "a,b;c|d",
            "O'Neil",
            "=1+1",
            "é\u{301}",
            "😀",
        ]),
        names(&[
            "a",
            "two words",
            "имя",
            "$name",
            "$email",
            "$phone",
            "$group",
        ]),
        names(&["$last_order_status"]),
        vec![set("a", 0), set("a", -1_i64 << 53), set("a", 1_u64 << 53)],
    ];
    for operation in all.into_iter().flatten() {
        let change = of("u1").with(operation);
        assert_eq!(ImportCsv::new().check(&change), Ok(()), "{change:?}");
        assert!(Import::from_changes(&[change]).is_ok());
    }
    for id in ["a b", "007", "a,b", "import", "..."] {
        assert_eq!(ImportCsv::new().check(&of(id).with(set("a", "x"))), Ok(()));
    }
}

#[test]
fn undocumented_values_are_rejected() {
    let date = PropertyValue::from(PropertyDate::new(2026, 1, 31).expect("a day"));
    let sound = "a sound operation";
    let all = [
        texts(&[
            "", " ", " x", "x ", "a\tb", "a\nb", "a\rb", "a\u{0}b", "a\u{85}b", "\"a\"", "a\"b",
            "a\\b",
        ]),
        texts(&["2026-01-31", "2026-01-31T10:00:00"]),
        names(&[
            "$user_id",
            "$carrot_id",
            " a",
            "a ",
            "a\"b",
            "$nme",
            "$city",
            "$revenue",
        ]),
        vec![
            set("a", true),
            set("a", date),
            set("a", ["x", "y"]),
            set("$revenue", 5),
            set("$phone", "+79120000000"),
            PropertyOperation::set_once("a", "x").expect(sound),
            PropertyOperation::add("a", 1).expect(sound),
            PropertyOperation::append("a", "x").expect(sound),
            PropertyOperation::union("a", "x").expect(sound),
            PropertyOperation::exclude("a", "x").expect(sound),
            PropertyOperation::delete("a").expect(sound),
        ],
    ];
    for operation in all.into_iter().flatten() {
        let change = of("u1").with(operation);
        assert!(ImportCsv::new().check(&change).is_err(), "{change:?}");
        rejected(ImportCsv::new(), change);
    }
    let fine = set("a", "x");
    for id in ["a ", " a", "a\"", "a\\", "", "a\nb"] {
        rejected(ImportCsv::new(), of(id).with(fine.clone()));
    }
    rejected(ImportCsv::new(), of(&"ю".repeat(256)).with(fine.clone()));
}

#[test]
fn rejection_names_change_and_rule() {
    let csv = ImportCsv::new();
    let fine = || set("a", "x");
    expect_test::expect![[r#"
        changes[1]: `user` must be an external id: a CSV file names users by `$user_id`
        changes[1]: `user` must not be that of changes[0]: in which order an import applies two lines is not documented
        changes[1]: `operations` must not be empty
        changes[1]: `operations` must not set a property twice: a CSV file has one column for it
        changes[1]: `operations` must set the same properties as changes[0]: what an empty cell does is not documented
        changes[1]: `value of a` must not be a date: how CSV writes one is not documented
        changes[1]: `value of a` must be a text or an integer: CSV has no booleans and lists
        changes[1]: `value of $phone` must not start with `+`, since the service would not store it: send only the digits, as `PropertyOperation::phone` does"#]]
    .assert_eq(
        &[
            rejected(csv, PropertyChange::new(UserId::new(7)).with(fine())),
            rejected(csv, of("first").with(fine())),
            rejected(csv, of("u")),
            rejected(csv, of("u").with_all([fine(), fine()])),
            rejected(csv, of("u").with_all([fine(), set("b", "x")])),
            rejected(csv, of("u").with(set("a", "2026-01-31"))),
            rejected(csv, of("u").with(set("a", true))),
            rejected(csv, of("u").with(set("$phone", "+79120000000"))),
        ]
        .join("\n"),
    );
    let empty = Import::from_changes(&[]).expect_err("nothing to write");
    assert_eq!(empty.to_string(), "changes[0]: `changes` must not be empty");
}

#[test]
fn options_allow_undocumented_values() {
    let odd = of("u\"1").with(set("a", "x\t\"y\"\n"));
    let csv = "$user_id\ta\n\"u\"\"1\"\t\"x\t\"\"y\"\"\n\"\n";
    assert_eq!(
        ImportCsv::new().quoting().write(&[odd]),
        Ok(Import::new(csv))
    );

    let dated = of("u").with(set("a", "2026-01-31"));
    let csv = "$user_id\ta\nu\t2026-01-31\n";
    assert_eq!(
        ImportCsv::new().dates().write(&[dated]),
        Ok(Import::new(csv))
    );

    let changes = [of("u").with(set("a", "x")), of("v").with(set("b", 5))];
    let csv = "$user_id\ta\tb\nu\tx\t\nv\t\t5\n";
    assert_eq!(
        ImportCsv::new().empty_cells().write(&changes),
        Ok(Import::new(csv))
    );
}

#[test]
fn file_stays_below_30_megabytes() {
    // A line has 300 bytes: an id of 9, a tab, a value and a line break. The first line has 11.
    let value = "щ".repeat(144) + "x";
    let changes: Vec<_> = (0..100_000)
        .map(|user| of(&format!("u{user:08}")).with(set("a", &value)))
        .collect();
    let error = Import::from_changes(&changes).expect_err("it is too long");
    assert_eq!(error.index(), 99_999);
    assert_eq!(
        error.reason().rule(),
        "must stay below 30000000 bytes (30 MB)"
    );
    let import = Import::from_changes(&changes[..error.index()]).expect("the rest fits");
    let client = client(&canned([]), ApiVersion::V2);
    client.prepare(&import).expect("the service's limits hold");
}

#[test]
fn call_all_sends_one_request_a_change() {
    let transport = canned([]);
    let client = client(&transport, ApiVersion::V2);
    let changes = ["u1", "u2", "u3"].map(|id| of(id).with(set("flag", true)));
    let mut job = client.call_all(changes.clone(), PropertyChange::set_props);
    let report = run(job.run(|_| ControlFlow::Continue(())));
    assert_eq!(report.succeeded.len(), 3);
    assert_eq!(transport.requests().len(), 3);
    let expected = SetProps::new(UserRef::external("u1")).with(set("flag", true));
    assert_eq!(changes[0].set_props(), expected);
}

#[test]
fn change_survives_serde() {
    let change = of("order-42").with_all([
        set("a", "x"),
        set("b", true),
        set("c", ["x", "y"]),
        PropertyOperation::add("d", 1).expect("sound"),
        PropertyOperation::delete("e").expect("sound"),
    ]);
    let json = serde_json::to_string(&change).expect("it serializes");
    assert_eq!(
        serde_json::from_str::<PropertyChange>(&json).expect("it reads"),
        change
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// An import has the same effect as single requests.
    #[test]
    fn import_does_what_requests_do(
        rows in prop::collection::btree_map("[a-z0-9]{1,6}", ("[a-zа-я \"\\\\,;|\t]{1,8}", -99..99_i32), 1..8),
        quoting in any::<bool>(),
    ) {
        let changes: Vec<_> = rows
            .iter()
            .map(|(id, (text, number))| of(id).with_all([set("$name", text), set("n", *number)]))
            .collect();
        let csv = if quoting { ImportCsv::new().quoting() } else { ImportCsv::new() };
        let (fit, _): (Vec<_>, Vec<_>) =
            changes.into_iter().partition(|change| csv.check(change).is_ok());
        prop_assume!(!fit.is_empty());
        let state = |import: bool| {
            let sandbox = Sandbox::new();
            let client = sandbox.client();
            carrot_testing::VirtualClock::new().run(async {
                if import {
                    let report = client.call(csv.write(&fit).expect("all fit")).await.expect("it is taken");
                    assert_eq!(report.updates_planned, Some(fit.len() as u64));
                } else {
                    for change in &fit {
                        client.call(change.set_props()).await.expect("it is taken");
                    }
                }
                let mut props = Vec::new();
                for change in &fit {
                    let get = carrot_core::users::Get::new(change.user().clone()).include(carrot_core::endpoint::UserField::PropsCustom);
                    let user = client.call(get).await.expect("the user exists");
                    let name = user.props.get("$name").cloned();
                    props.push((name, user.props_custom));
                }
                props
            })
        };
        prop_assert_eq!(state(true), state(false));
    }
}
