//! The filter language, through the public interface.

use carrot_types::{Condition, DateUnit, Filter, FilterLogic, Filters, TimeAgo};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::assert_snapshot;

/// One filter of each of the twenty types.
fn every_type() -> [Filter; 20] {
    let age = || TimeAgo::days(30);
    [
        Filter::known("p"),
        Filter::unknown("p"),
        Filter::greater_than("p", 5),
        Filter::greater_than_or_unknown("p", 4),
        Filter::less_than("p", -5),
        Filter::less_than_or_unknown("p", 5),
        Filter::between("p", 2, 5),
        Filter::equals("p", 5),
        Filter::not_equals("p", 5),
        Filter::text_equals("p", "Maks"),
        Filter::text_not_equals("p", "Maks"),
        Filter::text_contains("p", "mak"),
        Filter::text_not_contains("p", "mak"),
        Filter::is_true("p"),
        Filter::is_false("p"),
        Filter::more_than_ago("p", age()),
        Filter::more_than_ago_or_unknown("p", age()),
        Filter::less_than_ago("p", age()),
        Filter::less_than_ago_or_unknown("p", age()),
        Filter::list_contains("p", "item"),
    ]
}

#[test]
fn every_filter_type_round_trips() {
    let mut all = String::new();
    for filter in every_type() {
        let written = serde_json::to_string(&filter).unwrap();
        assert_eq!(serde_json::from_str::<Filter>(&written).unwrap(), filter);
        // The order of keys of the vendor's examples.
        let kind = filter.condition().as_str();
        let start = format!(r#"{{"type":"{kind}","property_name":"p","value":{{"#);
        assert!(written.starts_with(&start), "{written}");
        assert!(!matches!(filter.condition(), Condition::Other(_)), "{kind}");
        all += &format!("{written}\n");
    }
    assert_snapshot("filters", &all);
}

#[test]
fn the_vendors_examples_are_what_the_constructors_make() {
    let examples: Value =
        serde_json::from_str(include_str!("../samples/filters_examples.json")).unwrap();
    let mut examples = examples.as_object().unwrap().clone();

    let wrapper = examples.remove("wrapper").unwrap();
    let filters = Filters::from(Filter::known("$name"));
    assert_eq!(serde_json::to_value(&filters).unwrap(), wrapper);
    assert_eq!(serde_json::from_value::<Filters>(wrapper).unwrap(), filters);

    for (kind, filter) in [
        ("known", Filter::known("$name")),
        ("unknown", Filter::unknown("$name")),
        ("gt", Filter::greater_than("$sessions", 5)),
        (
            "gt_or_unknown",
            Filter::greater_than_or_unknown("orders", 4),
        ),
        ("lt", Filter::less_than("$sessions", 5)),
        ("lt_or_unknown", Filter::less_than_or_unknown("orders", 5)),
        ("range", Filter::between("$sessions", 2, 5)),
        ("eq", Filter::equals("$sessions", 5)),
        ("neq", Filter::not_equals("$sessions", 5)),
        ("str_eq", Filter::text_equals("$name", "Maks")),
        ("str_neq", Filter::text_not_equals("$name", "Maks")),
    ] {
        let example = examples.remove(kind).unwrap();
        assert_eq!(serde_json::to_value(&filter).unwrap(), example);
        assert_eq!(serde_json::from_value::<Filter>(example).unwrap(), filter);
    }
    assert!(examples.is_empty(), "examples not tested: {examples:?}");
}

#[test]
fn the_examples_are_written_byte_for_byte() {
    let mut seen = 0;
    for line in include_str!("../samples/filters_examples.json").lines() {
        // The wrapper has its keys in another order than all other examples.
        let Some((kind, filter)) = line.trim().trim_end_matches(',').split_once(": ") else {
            continue;
        };
        if kind == r#""wrapper""# {
            continue;
        }
        seen += 1;
        let written = serde_json::to_string(&serde_json::from_str::<Filter>(filter).unwrap());
        assert_eq!(
            written.unwrap(),
            filter.replace(": ", ":").replace(", ", ",")
        );
    }
    assert_eq!(seen, 11);
}

#[test]
fn filters_are_joined_by_and_or_or() {
    let both = Filter::known("a").and(Filter::known("b"));
    assert_eq!(both, Filters::all([Filter::known("a"), Filter::known("b")]));
    let mut any = Filter::known("a").or(Filter::known("b"));
    assert_eq!(any.logic(), &FilterLogic::Or);
    any.push(Filter::known("c"));
    any.extend([Filter::known("d")]);
    let any = any.with(Filter::known("e"));
    assert_eq!(any.filters().len(), 5);
    let written = serde_json::to_string(&Filters::any([Filter::known("a")])).unwrap();
    assert_eq!(
        written,
        r#"{"type":"or","filters":[{"type":"known","property_name":"a","value":{}}]}"#
    );
}

#[test]
fn every_observed_value_form_is_read() {
    for kind in ["known", "unknown", "bool_true", "bool_false"] {
        let expected = json!({"type": kind, "property_name": "p", "value": {}});
        for value in [json!({}), json!(""), json!([]), json!(null)] {
            let read: Filter =
                serde_json::from_value(json!({"type": kind, "property_name": "p", "value": value}))
                    .unwrap();
            assert_eq!(serde_json::to_value(&read).unwrap(), expected);
        }
        let read: Filter =
            serde_json::from_value(json!({"type": kind, "property_name": "p"})).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), expected);
    }
    let read: Filter = serde_json::from_value(
        json!({"type": "daysmore", "property_name": "p", "value": {"value": "30", "unit": "weeks"}}),
    )
    .unwrap();
    assert_eq!(read, Filter::more_than_ago("p", TimeAgo::weeks(30)));
    let read: Filter = serde_json::from_value(
        json!({"type": "range", "property_name": "p", "value": {"value1": "-2", "value2": "5"}}),
    )
    .unwrap();
    assert_eq!(read, Filter::between("p", -2, 5));
}

#[test]
fn the_filters_of_a_segment_are_read() {
    let stored =
        r#"[{"property_name":"$last_seen","cls":"dt","type":"daysless","value":{"value":"30"}}]"#;
    assert_eq!(
        Filter::from_segment(stored).unwrap(),
        [Filter::less_than_ago("$last_seen", TimeAgo::new(30))]
    );
    assert_eq!(Filter::from_segment("[]").unwrap(), []);
}

#[test]
fn a_broken_segment_is_rejected_without_quoting_it() {
    for text in [
        "",
        "secret",
        r#""secret""#,
        r#"{"secret": 1}"#,
        r#"["secret"]"#,
        r#"[{"type":"gt","property_name":"p","value":{"value":"secret"}}]"#,
        r#"[{"type":"str_eq","property_name":"p","value":"secret"}]"#,
    ] {
        let error = Filter::from_segment(text).unwrap_err().to_string();
        assert!(
            error.starts_with("`segment filters` must be a JSON array of filters, and is not at"),
            "{error}"
        );
        assert!(!error.contains("secret"), "{error}");
    }
}

#[test]
fn a_broken_known_filter_is_an_error() {
    for (kind, value) in [
        ("gt", json!({})),
        ("gt", json!(5)),
        ("gt", json!({"value": 2.5})),
        ("gt", json!({"value": "two"})),
        ("range", json!({"value1": 1})),
        ("str_eq", json!({"value": 5})),
        ("str_eq", json!("Maks")),
        ("lcontains", json!({"value": ["a"]})),
        ("daysmore", json!({"value": -1})),
        ("daysmore", json!({"value": "+1"})),
        ("daysmore", json!({"value": 1, "unit": 2})),
    ] {
        let json = json!({"type": kind, "property_name": "p", "value": value});
        let error = serde_json::from_value::<Filter>(json).unwrap_err();
        assert!(error.to_string().starts_with("`filter "), "{error}");
    }
}

#[test]
fn what_is_unknown_is_kept() {
    let unknown = json!({"type": "next", "property_name": "p", "value": {"a": [1, 2.5, null]}});
    let filter: Filter = serde_json::from_value(unknown.clone()).unwrap();
    assert_eq!(filter.condition().as_str(), "next");
    assert_eq!(filter.check(), Ok(()));
    assert_eq!(serde_json::to_value(&filter).unwrap(), unknown);
    let Condition::Other(other) = filter.condition() else {
        panic!("{filter:?}");
    };
    assert_eq!(other.value(), &unknown["value"]);

    let unit =
        json!({"type": "daysless", "property_name": "p", "value": {"value": 1, "unit": "years"}});
    let filter: Filter = serde_json::from_value(unit.clone()).unwrap();
    assert_eq!(
        filter,
        Filter::less_than_ago("p", TimeAgo::new(1).with_unit(DateUnit::from("years")))
    );
    assert_eq!(serde_json::to_value(&filter).unwrap(), unit);

    let root = json!({"type": "none", "filters": []});
    let filters: Filters = serde_json::from_value(root.clone()).unwrap();
    assert_eq!(serde_json::to_value(&filters).unwrap(), root);
}

#[test]
fn a_filter_is_checked_before_it_is_sent() {
    let inverted = Filter::between("p", 5, 2);
    assert_eq!(
        inverted.check().unwrap_err().to_string(),
        "`filter value1` must not be greater than `value2`"
    );
    assert_eq!(Filter::between("p", 5, 5).check(), Ok(()));
    assert!(Filter::known("").check().is_err());
    assert!(Filter::known("p").and(inverted).check().is_err());
    assert_eq!(
        Filter::known("p").and(Filter::known("$email")).check(),
        Ok(())
    );
}

#[test]
fn a_group_without_filters_is_rejected() {
    let unknown_logic = json!({"type": "none", "filters": []});
    for filters in [
        Filters::all([]),
        Filters::any([]),
        serde_json::from_value(unknown_logic).unwrap(),
    ] {
        let error = filters.check().unwrap_err();
        assert_eq!(error.field(), "filters");
        assert!(error.rule().starts_with("must hold at least one filter"));
        assert_eq!(filters.with(Filter::known("p")).check(), Ok(()));
    }
}

#[test]
fn integers_beyond_the_property_range_are_rejected() {
    const MAX: i64 = 1 << 53;
    type WithNumber = fn(&'static str, i64) -> Filter;
    let with_number: [WithNumber; 6] = [
        Filter::greater_than,
        Filter::greater_than_or_unknown,
        Filter::less_than,
        Filter::less_than_or_unknown,
        Filter::equals,
        Filter::not_equals,
    ];
    let rejected = |filter: Filter| {
        let error = filter.check().unwrap_err();
        assert_eq!(error.field(), "filters", "{filter:?}");
        assert_eq!(
            error.rule(),
            "must hold integers from -2^53 to 2^53 only (-9007199254740992 to 9007199254740992)"
        );
        assert_eq!(Filters::from(filter).check(), Err(error));
    };
    for make in with_number {
        for number in [-MAX, 0, MAX] {
            assert_eq!(make("p", number).check(), Ok(()));
        }
        for number in [i64::MIN, -MAX - 1, MAX + 1, i64::MAX] {
            rejected(make("p", number));
        }
    }
    assert_eq!(Filter::between("p", -MAX, MAX).check(), Ok(()));
    rejected(Filter::between("p", -MAX - 1, 0));
    rejected(Filter::between("p", 0, MAX + 1));

    type WithAge = fn(&'static str, TimeAgo) -> Filter;
    let with_age: [WithAge; 4] = [
        Filter::more_than_ago,
        Filter::more_than_ago_or_unknown,
        Filter::less_than_ago,
        Filter::less_than_ago_or_unknown,
    ];
    for make in with_age {
        assert_eq!(make("p", TimeAgo::days(1 << 53)).check(), Ok(()));
        rejected(make("p", TimeAgo::days((1 << 53) + 1)));
        rejected(make("p", TimeAgo::new(u64::MAX)));
    }
}

fn filters() -> impl Strategy<Value = Filter> {
    let unit = prop_oneof![
        Just(None),
        "minutes|hours|days|weeks|years".prop_map(|unit| Some(DateUnit::from(unit.as_str()))),
    ];
    let age = (any::<u64>(), unit).prop_map(|(amount, unit)| {
        let age = TimeAgo::new(amount);
        unit.into_iter().fold(age, TimeAgo::with_unit)
    });
    let parts = (".*", 0..20_usize, any::<i64>(), any::<i64>(), ".*", age);
    parts.prop_map(|(name, kind, one, two, text, age)| match kind {
        0 => Filter::known(name),
        1 => Filter::unknown(name),
        2 => Filter::greater_than(name, one),
        3 => Filter::greater_than_or_unknown(name, one),
        4 => Filter::less_than(name, one),
        5 => Filter::less_than_or_unknown(name, one),
        6 => Filter::between(name, one, two),
        7 => Filter::equals(name, one),
        8 => Filter::not_equals(name, one),
        9 => Filter::text_equals(name, text),
        10 => Filter::text_not_equals(name, text),
        11 => Filter::text_contains(name, text),
        12 => Filter::text_not_contains(name, text),
        13 => Filter::is_true(name),
        14 => Filter::is_false(name),
        15 => Filter::more_than_ago(name, age),
        16 => Filter::more_than_ago_or_unknown(name, age),
        17 => Filter::less_than_ago(name, age),
        18 => Filter::less_than_ago_or_unknown(name, age),
        _ => Filter::list_contains(name, text),
    })
}

proptest! {
    #[test]
    fn every_filter_survives_json(filters in prop::collection::vec(filters(), 0..5)) {
        let all = Filters::all(filters.clone());
        let written = serde_json::to_string(&all)?;
        prop_assert_eq!(serde_json::from_str::<Filters>(&written)?, all);
        let stored = serde_json::to_string(&filters)?;
        prop_assert_eq!(Filter::from_segment(&stored)?, filters);
    }

    #[test]
    fn an_inverted_range_is_rejected(
        low in -1_i64 << 53..=1 << 53,
        high in -1_i64 << 53..=1 << 53,
    ) {
        prop_assert_eq!(Filter::between("p", low, high).check().is_ok(), low <= high);
    }

    #[test]
    fn any_filter_is_read_or_rejected(kind in ".*", text in ".*") {
        let json = json!({"type": kind, "property_name": "p", "value": {"value": text}});
        let _ = serde_json::from_value::<Filter>(json);
        let _ = Filter::from_segment(&text);
    }
}
