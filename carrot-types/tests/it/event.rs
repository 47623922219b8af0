//! Names and properties of events to record.

use carrot_types::{EventName, EventProperties, PropertyDate, PropertyOperation, PropertyValue};
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn names_have_1_to_255_visible_characters() {
    assert!(EventName::new("ж".repeat(255)).is_ok());
    for (name, message) in [
        (String::new(), "`event name` must not be empty"),
        (
            "ж".repeat(256),
            "`event name` must be at most 255 characters, got 256",
        ),
        (
            "a\nb".to_owned(),
            "`event name` must not contain control characters",
        ),
        (
            "\u{7f}".to_owned(),
            "`event name` must not contain control characters",
        ),
    ] {
        let error = EventName::new(name.as_str()).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!(EventName::try_from(name.as_str()).unwrap_err(), error);
        assert!(serde_json::from_value::<EventName>(json!(name)).is_err());
    }
}

#[test]
fn properties_are_written_as_an_object() {
    assert_eq!(
        serde_json::to_string(&EventProperties::new()).unwrap(),
        "{}"
    );
    let properties = EventProperties::new()
        .with("text", "Hello")
        .and_then(|all| all.with("number", -5))
        .and_then(|all| all.with("flag", true))
        .and_then(|all| all.with("day", PropertyDate::new(2015, 9, 13)?))
        .and_then(|all| all.with("list", ["a", "b"]))
        .unwrap();
    assert_eq!(
        serde_json::to_string(&properties).unwrap(),
        r#"{"day":"2015-09-13","flag":true,"list":["a","b"],"number":-5,"text":"Hello"}"#
    );
    let names: Vec<&str> = properties.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["day", "flag", "list", "number", "text"]);
}

#[test]
fn a_property_replaces_its_namesake() {
    let mut properties = EventProperties::new();
    assert!(properties.is_empty());
    assert_eq!(properties.insert("a", 1), Ok(None));
    assert_eq!(properties.insert("a", 2), Ok(Some(1.into())));
    assert_eq!(properties.len(), 1);
    assert_eq!(properties.get("a"), Some(&PropertyValue::from(2)));
    assert_eq!(properties.get("b"), None);
}

#[test]
fn rejected_property_is_named_and_changes_nothing() {
    let mut properties = EventProperties::new();
    assert!(properties.insert("ж".repeat(70), 1).is_ok());
    let before = properties.clone();
    for (name, value, message) in [
        (
            String::new(),
            "x".to_owned(),
            "`event property name` must not be empty",
        ),
        (
            "ж".repeat(71),
            "x".to_owned(),
            "`event property name` must be at most 70 characters, got 71",
        ),
        (
            "plan".to_owned(),
            "x".repeat(256),
            "`value of plan` must be at most 255 characters, got 256",
        ),
    ] {
        let error = properties.insert(name, value).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
    assert_eq!(properties, before);
}

#[test]
fn properties_are_read_with_the_same_checks() {
    let read = |json: Value| serde_json::from_value::<EventProperties>(json);
    assert!(read(json!({})).unwrap().is_empty());
    assert!(read(json!(null)).unwrap().is_empty());
    assert_eq!(
        read(json!({"App": "Eva99"})).unwrap(),
        EventProperties::new().with("App", "Eva99").unwrap()
    );
    for wrong in [
        json!({"": 1}),
        json!({"x": null}),
        json!({"x": 9_007_199_254_740_993_u64}),
        json!({"x": "y".repeat(256)}),
        json!({"x": ["y".repeat(256)]}),
        json!([]),
        json!({"x".repeat(71): 1}),
    ] {
        assert!(read(wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn decimals_lists_of_numbers_and_dictionaries_are_raw() {
    for json in [
        json!(199.9),
        json!([398]),
        json!(["a", 1]),
        json!({"color": "red"}),
    ] {
        let raw = PropertyValue::raw(json.clone());
        assert_eq!(raw.as_raw(), Some(&json));
        assert_eq!(
            (raw.as_integer(), raw.as_text(), raw.as_list()),
            (None, None, None)
        );
        let properties = EventProperties::new().with("p", raw.clone()).unwrap();
        let written = serde_json::to_value(&properties).unwrap();
        assert_eq!(written, json!({"p": json}));
        assert_eq!(
            serde_json::from_value::<EventProperties>(written).unwrap(),
            properties
        );
        let error = PropertyOperation::update_or_create("p", raw).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("`value of p` must be an integer"),
            "{error}"
        );
        assert!(serde_json::from_value::<PropertyValue>(json).is_err());
    }
    // A value that the vendor documents equals its JSON form.
    assert_eq!(PropertyValue::raw(7), PropertyValue::from(7));
    assert_eq!(
        PropertyValue::raw("pro"),
        PropertyValue::text("pro").unwrap()
    );
}

#[test]
fn phone_is_sent_as_digits() {
    for number in ["+7 (912) 000-00-00", "7 912 000.00/00", "79120000000"] {
        let operation = PropertyOperation::phone(number).unwrap();
        let expected = PropertyOperation::update_or_create("$phone", "79120000000").unwrap();
        assert_eq!(operation, expected, "{number}");
    }
    for number in ["", "+", "call me", "79120000000 ext. 5", "\u{0667}"] {
        let error = PropertyOperation::phone(number).unwrap_err();
        assert_eq!(error.field(), "value of $phone", "{number}");
    }
}

proptest! {
    #[test]
    fn every_event_survives_json(
        name in r"\PC{1,255}",
        texts in prop::collection::btree_map(".{1,70}", ".{0,255}", 0..8),
        numbers in prop::collection::btree_map(".{1,70}", any::<i32>(), 0..8),
    ) {
        let name = EventName::new(name)?;
        let written = serde_json::to_string(&name)?;
        prop_assert_eq!(serde_json::from_str::<EventName>(&written)?, name);

        let mut properties = EventProperties::new();
        for (name, value) in &texts {
            properties.insert(name.as_str(), value)?;
        }
        for (name, value) in &numbers {
            properties.insert(name.as_str(), *value)?;
        }
        let written = serde_json::to_string(&properties)?;
        prop_assert_eq!(serde_json::from_str::<EventProperties>(&written)?, properties);
    }

    #[test]
    fn names_are_unchanged_or_rejected(text in r"(?s).{0,300}|\PC{0,300}") {
        let length = text.chars().count();
        let name = EventName::new(text.as_str());
        let is_seen = !text.chars().any(char::is_control);
        prop_assert_eq!(name.is_ok(), is_seen && (1..=255).contains(&length));
        if let Ok(name) = name {
            prop_assert_eq!(name.as_str(), text.as_str());
        }
        let inserted = EventProperties::new().with(text.as_str(), 1);
        prop_assert_eq!(inserted.is_ok(), (1..=70).contains(&length));
    }
}
