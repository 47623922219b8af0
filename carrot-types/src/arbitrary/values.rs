//! The values that the models are made of.

use std::str::FromStr;

use proptest::{collection, prelude::*, sample};
use serde_json::Value;

use crate::{Cursor, DateTime, Moment, NextCursor, Nullable, PropertyMap, RandomId, Timestamp};

/// Any short text.
pub fn text() -> impl Strategy<Value = String> + Clone {
    collection::vec(any::<char>(), 0..8).prop_map(|characters| characters.into_iter().collect())
}

/// Any id, of whatever object.
pub fn id<T: FromStr + std::fmt::Debug>() -> impl Strategy<Value = T> + Clone {
    any::<u64>().prop_filter_map("not an id", |number| number.to_string().parse().ok())
}

/// Any value of an open enum, given the values that it knows: one of these, or another text.
///
/// ```
/// use carrot_types::{PartType, arbitrary};
///
/// let any_type = arbitrary::open_enum::<PartType>(PartType::KNOWN);
/// # drop(any_type);
/// ```
pub fn open_enum<T>(known: &'static [&'static str]) -> impl Strategy<Value = T> + Clone
where
    T: for<'a> From<&'a str> + std::fmt::Debug,
{
    prop_oneof![
        4 => sample::select(known).prop_map(T::from),
        1 => text().prop_map(|text| T::from(text.as_str())),
    ]
}

/// Any state of a field that may be `null`, given its values.
pub fn nullable<T: Clone + std::fmt::Debug + 'static>(
    value: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Nullable<T>> {
    prop_oneof![
        1 => Just(Nullable::Absent),
        1 => Just(Nullable::Null),
        2 => value.prop_map(Nullable::Value),
    ]
    .boxed()
}

/// Any moment in seconds.
pub fn timestamp() -> impl Strategy<Value = Timestamp> + Clone {
    (any::<i64>(), 0..1_000_000_000_u32).prop_filter_map("nanoseconds", |(seconds, nanoseconds)| {
        Timestamp::new(seconds, nanoseconds).ok()
    })
}

/// Any date, with or without time, decimals and offset.
pub fn date_time() -> impl Strategy<Value = DateTime> + Clone {
    let date = (0..10_000_u16, 1..=12_u8, 1..=31_u8)
        .prop_map(|(year, month, day)| format!("{year:04}-{month:02}-{day:02}"));
    let time = (0..24_u8, 0..60_u8, 0..=60_u8)
        .prop_map(|(hour, minute, second)| format!("T{hour:02}:{minute:02}:{second:02}"));
    let decimals = prop_oneof![
        Just(String::new()),
        any::<u32>().prop_map(|decimals| format!(".{decimals}")),
    ];
    let zone = sample::select(&["", "Z", "+03:00", "-11:30"][..]);
    prop_oneof![
        date.clone(),
        (date, time, decimals, zone)
            .prop_map(|(date, time, decimals, zone)| format!("{date}{time}{decimals}{zone}")),
    ]
    .prop_filter_map("no date", |text| DateTime::new(text).ok())
}

/// Any moment in either form.
pub fn moment() -> impl Strategy<Value = Moment> + Clone {
    prop_oneof![
        timestamp().prop_map(Moment::Timestamp),
        date_time().prop_map(Moment::DateTime),
        Just(Moment::Untold),
    ]
}

/// Any number that can be chosen for a part.
pub fn random_id() -> impl Strategy<Value = RandomId> + Clone {
    (1..=RandomId::MAX).prop_filter_map("out of range", |number| RandomId::new(number).ok())
}

/// Any JSON but `null`, which the models read as absent.
pub fn json() -> impl Strategy<Value = Value> + Clone {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        let or_null = prop_oneof![4 => inner, 1 => Just(Value::Null)];
        prop_oneof![
            collection::vec(or_null.clone(), 0..3).prop_map(Value::from),
            collection::btree_map(text(), or_null, 0..3)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// Any properties.
pub fn property_map() -> impl Strategy<Value = PropertyMap> + Clone {
    let name = prop_oneof![
        text(),
        sample::select(&["$name", "$email", "page", "url"][..]).prop_map(str::to_owned),
    ];
    collection::btree_map(name, json(), 0..3)
}

/// Any cursor of any scheme.
pub fn cursor() -> impl Strategy<Value = Cursor> + Clone {
    prop_oneof![position(), after(), any::<u64>().prop_map(Cursor::offset)]
}

/// What `next_before_position` and `next_after_position` can say.
pub fn next_position() -> impl Strategy<Value = NextCursor> + Clone {
    next(position())
}

/// What `next_after` can say.
pub(super) fn next_after() -> impl Strategy<Value = NextCursor> + Clone {
    next(after())
}

fn next(
    cursor: impl Strategy<Value = Cursor> + Clone,
) -> impl Strategy<Value = NextCursor> + Clone {
    prop_oneof![
        Just(NextCursor::Absent),
        Just(NextCursor::End),
        cursor.prop_map(NextCursor::At),
    ]
}

fn position() -> impl Strategy<Value = Cursor> + Clone {
    (timestamp(), any::<u64>()).prop_filter_map("no cursor", |(time, id)| {
        Cursor::position(format!("[{time}, {id}]")).ok()
    })
}

fn after() -> impl Strategy<Value = Cursor> + Clone {
    timestamp().prop_filter_map("no cursor", |time| Cursor::after(time.to_string()).ok())
}
