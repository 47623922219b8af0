//! Names, values and operations of properties, through the public interface.

use carrot_types::{
    EventStat, EventTypeId, InvalidValue, PropertyDate, PropertyName, PropertyOperation,
    PropertyOperationKind, PropertyValue,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn read<T: serde::de::DeserializeOwned>(json: &Value) -> serde_json::Result<T> {
    serde_json::from_value(json.clone())
}

fn rejected<T: std::fmt::Debug>(result: Result<T, impl Into<InvalidValue>>) -> String {
    result.map_err(Into::into).unwrap_err().to_string()
}

#[test]
fn names_have_three_kinds() {
    let email = PropertyName::system("$email").unwrap();
    let plan = PropertyName::custom("plan").unwrap();
    let orders = PropertyName::event(EventTypeId::new(341), EventStat::Last);
    assert!(email.is_system() && orders.is_system() && !plan.is_system());
    assert_eq!(email, PropertyName::from("$email"));
    assert_eq!(orders.as_str(), "$event_341_last");
    assert_eq!(
        orders.event_stat(),
        Some((EventTypeId::new(341), EventStat::Last))
    );
    for other in [
        "$email",
        "$event_341_sum",
        "$event_x_last",
        "event_341_last",
    ] {
        assert_eq!(PropertyName::from(other).event_stat(), None, "{other}");
    }
}

#[test]
fn rejected_name_says_why() {
    for (result, message) in [
        (
            PropertyName::custom("$plan"),
            "`property name` of a custom property must not start with `$`, which is kept for \
             system properties",
        ),
        (
            PropertyName::system("email"),
            "`property name` of a system property must start with `$`",
        ),
        (
            PropertyName::system("$"),
            "`property name` must go on after the `$`",
        ),
        (
            PropertyName::custom(""),
            "`property name` must not be empty",
        ),
        (
            PropertyName::custom("a\nb"),
            "`property name` must not contain control characters",
        ),
    ] {
        assert_eq!(rejected(result), message);
    }
    // No greatest length is documented, so none is enforced.
    assert!(PropertyName::custom("n".repeat(10_000)).is_ok());
}

#[test]
fn values_are_written_as_documented() {
    let sample: Value =
        serde_json::from_str(include_str!("../samples/props_value_types.json")).unwrap();
    let values = [
        PropertyValue::from(145),
        PropertyValue::text("Hello, world!").unwrap(),
        PropertyValue::from(true),
        "2015-09-13T13:25:05"
            .parse::<PropertyDate>()
            .unwrap()
            .into(),
        PropertyValue::list(["element1", "element2", "element3"]).unwrap(),
    ];
    for (index, value) in values.iter().enumerate() {
        let expected = &sample[format!("value{}", index + 1)];
        assert_eq!(&serde_json::to_value(value).unwrap(), expected);
        assert_eq!(
            &read::<PropertyValue>(expected).unwrap(),
            value,
            "{expected}"
        );
    }
}

#[test]
fn the_limits_hold_at_their_edges() {
    let max = PropertyValue::MAX_INTEGER;
    assert_eq!(max, 9_007_199_254_740_992);
    for inside in [max, -max, 0] {
        assert_eq!(
            PropertyValue::integer(inside).unwrap().as_integer(),
            Some(inside)
        );
    }
    for outside in [max + 1, -max - 1, i64::MAX, i64::MIN] {
        assert_eq!(
            rejected(PropertyValue::integer(outside)),
            "`property value` must be an integer from -2^53 to 2^53 \
             (-9007199254740992 to 9007199254740992)"
        );
    }
    assert!(PropertyValue::try_from(u64::MAX).is_err());
    assert!(PropertyValue::try_from(9_007_199_254_740_992_u64).is_ok());

    // Characters, not bytes.
    assert!(PropertyValue::text("ж".repeat(255)).is_ok());
    assert_eq!(
        rejected(PropertyValue::text("ж".repeat(256))),
        "`property value` must be at most 255 characters, got 256"
    );

    assert!(PropertyValue::list(vec!["x"; 30]).is_ok());
    assert_eq!(
        rejected(PropertyValue::list(vec!["x"; 31])),
        "`property value` must be at most 30 items, got 31"
    );
    assert_eq!(
        rejected(PropertyValue::list(["ж".repeat(256)])),
        "`property value` has an item that must be at most 255 characters, got 256"
    );
}

#[test]
fn values_are_made_from_what_programs_have() {
    let list = PropertyValue::list(["a", "b"]).unwrap();
    let owned = vec!["a".to_owned(), "b".to_owned()];
    assert_eq!(PropertyValue::try_from(["a", "b"]).unwrap(), list);
    assert_eq!(PropertyValue::try_from(&["a", "b"]).unwrap(), list);
    assert_eq!(PropertyValue::try_from(vec!["a", "b"]).unwrap(), list);
    assert_eq!(PropertyValue::try_from(&owned).unwrap(), list);
    assert_eq!(PropertyValue::try_from(owned.as_slice()).unwrap(), list);
    assert_eq!(PropertyValue::try_from(owned).unwrap(), list);

    let text = PropertyValue::text("a").unwrap();
    assert_eq!(PropertyValue::try_from("a").unwrap(), text);
    assert_eq!(PropertyValue::try_from(&"a".to_owned()).unwrap(), text);
    assert_eq!(PropertyValue::try_from("a".to_owned()).unwrap(), text);

    let seven = PropertyValue::integer(7).unwrap();
    assert_eq!(PropertyValue::from(7), seven);
    assert_eq!(PropertyValue::from(7_u32), seven);
    assert_eq!(PropertyValue::try_from(7_i64).unwrap(), seven);
    assert_eq!(PropertyValue::try_from(7_u64).unwrap(), seven);
    assert_eq!(PropertyValue::try_from(7_usize).unwrap(), seven);
}

#[test]
fn a_value_tells_what_it_is() {
    let date = PropertyDate::new(2024, 2, 29).unwrap();
    let value = PropertyValue::from(date);
    assert_eq!(value.as_date(), Some(date));
    assert_eq!(value.as_text(), Some("2024-02-29"));
    // JSON has no dates: a date and its text cannot be told apart.
    assert_eq!(value, PropertyValue::text("2024-02-29").unwrap());
    assert_eq!(PropertyValue::text("today").unwrap().as_date(), None);
    assert_eq!(PropertyValue::from(false).as_bool(), Some(false));
    assert_eq!(PropertyValue::from(1).as_bool(), None);
    assert_eq!(PropertyValue::from(1).as_list(), None);
}

#[test]
fn values_are_checked_and_never_quoted() {
    for json in [
        json!(4.25),
        json!(null),
        json!({"secret": "secret"}),
        json!(["secret", 4.25]),
        json!(["secret", 7_777]),
        json!([["secret"]]),
        json!("secret".repeat(50)),
        json!(["secret".repeat(50)]),
        json!(9_007_199_254_740_993_i64),
    ] {
        let error = read::<PropertyValue>(&json).unwrap_err().to_string();
        for value in ["secret", "4.25", "7777", "9007199254740993"] {
            assert!(!error.contains(value), "{json}: {error}");
        }
    }
}

#[test]
fn dates_are_days_of_the_calendar() {
    for text in [
        "2015-09-13",
        "2015-09-13T13:25:05",
        "2015-09-13T00:00:00",
        "2024-02-29",
        "2000-02-29",
        "0001-01-01",
        "9999-12-31T23:59:59",
    ] {
        let date: PropertyDate = text.parse().unwrap();
        assert_eq!(date.to_string(), text);
        assert_eq!(read::<PropertyDate>(&json!(text)).unwrap(), date);
    }
    for text in [
        "",
        "T",
        "2015-9-13",
        "15-09-13",
        "02015-09-13",
        "2015-09-13T",
        "2015-09-13T13:25",
        "2015-09-13 13:25:05",
        "2015-09-13T13:25:05Z",
        "2015-09-13T13:25:05.5",
        "2015-09-13T24:00:00",
        "2015-09-13T13:60:05",
        "2015-09-13T13:25:60",
        "2015-02-29",
        "1900-02-29",
        "2015-04-31",
        "2015-13-01",
        "2015-00-01",
        "2015-01-00",
        "0000-01-01",
        "+015-01-01",
        "2015-09-13-01",
    ] {
        assert!(text.parse::<PropertyDate>().is_err(), "{text}");
    }
    assert_eq!(
        rejected("tomorrow".parse::<PropertyDate>()),
        "`property date` must have the form `YYYY-MM-DD` or `YYYY-MM-DDTHH:MM:SS`"
    );
}

#[test]
fn operations_are_written_as_documented() {
    let operations = [
        PropertyOperation::update_or_create("my-prop", "Hello").unwrap(),
        PropertyOperation::set_once("seats", 5).unwrap(),
        PropertyOperation::add("projects", -3).unwrap(),
        PropertyOperation::delete("trial").unwrap(),
        PropertyOperation::append("list", "a").unwrap(),
        PropertyOperation::union("list", "b").unwrap(),
        PropertyOperation::exclude("list", "c").unwrap(),
        PropertyOperation::update_or_create("list", ["a", "b"]).unwrap(),
    ];
    let written = [
        r#"{"op":"update_or_create","key":"my-prop","value":"Hello"}"#,
        r#"{"op":"set_once","key":"seats","value":5}"#,
        r#"{"op":"add","key":"projects","value":-3}"#,
        r#"{"op":"delete","key":"trial","value":""}"#,
        r#"{"op":"append","key":"list","value":"a"}"#,
        r#"{"op":"union","key":"list","value":"b"}"#,
        r#"{"op":"exclude","key":"list","value":"c"}"#,
        r#"{"op":"update_or_create","key":"list","value":["a","b"]}"#,
    ];
    for (operation, written) in operations.iter().zip(written) {
        assert_eq!(serde_json::to_string(operation).unwrap(), written);
        assert_eq!(
            &serde_json::from_str::<PropertyOperation>(written).unwrap(),
            operation
        );
    }
    let repeatable = operations.map(|operation| operation.is_idempotent());
    assert_eq!(
        repeatable,
        [true, true, false, true, false, true, true, true]
    );
}

#[test]
fn the_vendors_request_example_round_trips() {
    let sample: Value =
        serde_json::from_str(include_str!("../samples/request_props_operations.json")).unwrap();
    let operations = read::<Vec<PropertyOperation>>(&sample).unwrap();
    assert_eq!(operations[1].op(), PropertyOperationKind::Add);
    assert_eq!(operations[1].name().as_str(), "projects");
    assert_eq!(serde_json::to_value(&operations).unwrap(), sample);
}

#[test]
fn an_ignored_operation_is_read_with_its_reason() {
    let ignored = json!({"op": "delete", "key": "x", "value": 0, "reason": "no such property"});
    let operation = read::<PropertyOperation>(&ignored).unwrap();
    assert_eq!(operation, PropertyOperation::delete("x").unwrap());
    assert_eq!(operation.value(), None);
}

#[test]
fn a_wrong_operation_is_rejected() {
    assert_eq!(
        rejected(PropertyOperation::delete("")),
        "`property name` must not be empty"
    );
    assert_eq!(
        rejected(PropertyOperation::update_or_create("x", "y".repeat(256))),
        "`value of x` must be at most 255 characters, got 256"
    );
    assert_eq!(
        rejected(PropertyOperation::update_or_create("x", ["y"; 31])),
        "`value of x` must be at most 30 items, got 31"
    );
    assert!(PropertyOperation::set_once("x", u64::MAX).is_err());
    assert!(PropertyOperation::add("x", i64::MAX).is_err());
    assert!(PropertyOperation::union("x", "y".repeat(256)).is_err());
    for wrong in [
        json!({"op": "add", "key": "x", "value": "many"}),
        json!({"op": "add", "key": "x", "value": "9007199254740993"}),
        json!({"op": "add", "key": "x", "value": true}),
        json!({"op": "add", "key": "x"}),
        json!({"op": "union", "key": "x", "value": 5}),
        json!({"op": "append", "key": "x", "value": ["a"]}),
        json!({"op": "update_or_create", "key": "x", "value": null}),
        json!({"op": "update_or_create", "key": "", "value": 1}),
        json!({"op": "increment", "key": "x", "value": 1}),
        json!({"key": "x", "value": 1}),
        json!({"op": "delete"}),
    ] {
        assert!(read::<PropertyOperation>(&wrong).is_err(), "{wrong}");
    }
}

fn values() -> impl Strategy<Value = PropertyValue> {
    let max = PropertyValue::MAX_INTEGER;
    prop_oneof![
        (-max..=max).prop_map(|integer| integer.try_into().unwrap()),
        any::<bool>().prop_map(PropertyValue::from),
        ".{0,255}".prop_map(|text| PropertyValue::text(text).unwrap()),
        prop::collection::vec(".{0,20}", 0..=30)
            .prop_map(|items| PropertyValue::list(items).unwrap()),
    ]
}

proptest! {
    #[test]
    fn every_value_survives_json(value in values()) {
        let written = serde_json::to_string(&value)?;
        prop_assert_eq!(serde_json::from_str::<PropertyValue>(&written)?, value);
    }

    #[test]
    fn every_operation_survives_json(name in "\\$?[^$\\p{Cc}]{1,40}", value in values(), amount in -9000_i64..9000) {
        let mut operations = vec![
            PropertyOperation::update_or_create(name.as_str(), value.clone())?,
            PropertyOperation::set_once(name.as_str(), value.clone())?,
            PropertyOperation::add(name.as_str(), amount)?,
            PropertyOperation::delete(name.as_str())?,
        ];
        if let Some(item) = value.as_text() {
            operations.push(PropertyOperation::append(name.as_str(), item)?);
            operations.push(PropertyOperation::union(name.as_str(), item)?);
            operations.push(PropertyOperation::exclude(name.as_str(), item)?);
        }
        let written = serde_json::to_string(&operations)?;
        prop_assert_eq!(serde_json::from_str::<Vec<PropertyOperation>>(&written)?, operations);
    }

    #[test]
    fn texts_are_unchanged_or_too_long(text in ".{0,300}") {
        let length = text.chars().count();
        match PropertyValue::text(text.as_str()) {
            Ok(value) => {
                prop_assert!(length <= 255);
                prop_assert_eq!(value.as_text(), Some(text.as_str()));
            }
            Err(error) => {
                prop_assert!(length > 255);
                prop_assert!(error.rule().ends_with(&length.to_string()));
            }
        }
    }

    #[test]
    fn names_are_unchanged_or_rejected(text in any::<String>()) {
        let name = PropertyName::from(text.as_str());
        prop_assert_eq!(name.as_str(), text.as_str());
        let good = !text.is_empty() && text != "$" && !text.contains(char::is_control);
        prop_assert_eq!(name.check().is_ok(), good);
        prop_assert_eq!(PropertyName::custom(text.as_str()).is_ok(), good && !name.is_system());
        prop_assert_eq!(PropertyName::system(text.as_str()).is_ok(), good && name.is_system());
        let written = serde_json::to_string(&name)?;
        prop_assert_eq!(serde_json::from_str::<PropertyName>(&written)?, name);
    }

    #[test]
    fn dates_keep_their_form(text in "[0-9]{4}-[0-1][0-9]-[0-3][0-9](T[0-2][0-9]:[0-6][0-9]:[0-6][0-9])?|.*") {
        if let Ok(date) = text.parse::<PropertyDate>() {
            prop_assert_eq!(date.to_string(), text);
        }
    }

    #[test]
    fn every_date_is_made_and_read_alike(year: u16, month: u8, day: u8, hour: u8, minute: u8, second: u8) {
        if let Ok(date) = PropertyDate::new(year, month % 14, day % 34) {
            prop_assert_eq!((date.year(), date.month(), date.day()), (year, month % 14, day % 34));
            prop_assert_eq!(date.to_string().parse::<PropertyDate>()?, date);
            if let Ok(moment) = date.at(hour % 26, minute % 62, second % 62) {
                prop_assert_eq!(moment.time(), Some((hour % 26, minute % 62, second % 62)));
                prop_assert_eq!(moment.to_string().parse::<PropertyDate>()?, moment);
                prop_assert_ne!(moment, date);
            }
        }
    }
}
