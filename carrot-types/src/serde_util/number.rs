//! Numbers that come as objects.
//!
//! With its feature `arbitrary_precision`, which any crate of a program can switch on, serde_json hands the
//! numbers that are no 64-bit integer over as an object with one member.

/// The name of that member.
pub(crate) const NAME: &str = "$serde_json::private::Number";

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use crate::{
        Admin, AdminId, Author, Conversation, ConversationId, ConversationPart, ConversationRef,
        Moment, RandomId, SentVia, Timestamp, UserId,
        serde_util::{
            check::rejected,
            from_json::{self, FromJson},
        },
    };

    /// In the form of this feature, and as the JSON that it stands for.
    fn is_read_the_same<T: FromJson + PartialEq + Debug>() {
        for number in [
            "7",
            "7.0",
            "7.25",
            "-7",
            "-7.0",
            "1e2",
            "-0.0",
            "1700000000.123456",
            "1e300",
        ] {
            let plain: Option<T> = from_json::value(&serde_json::from_str(number).expect(number));
            assert_eq!(T::from_number(number), plain, "{number}");
            let json = format!(r#"{{"$serde_json::private::Number": "{number}"}}"#);
            let mut json = serde_json::Deserializer::from_str(&json);
            let map: Option<T> = from_json::field(&mut json).expect(number);
            assert!(map == plain || map.is_none(), "{number}: {map:?}");
        }
    }

    #[test]
    fn number_of_this_form_is_any_number() {
        is_read_the_same::<bool>();
        is_read_the_same::<u64>();
        is_read_the_same::<i64>();
        is_read_the_same::<f64>();
        is_read_the_same::<String>();
        is_read_the_same::<UserId>();
        is_read_the_same::<RandomId>();
        is_read_the_same::<Timestamp>();
        is_read_the_same::<Moment>();
        is_read_the_same::<SentVia>();
        is_read_the_same::<Admin>();
        is_read_the_same::<Author>();
        is_read_the_same::<ConversationRef>();
        let digits = "12345678901234567890123";
        assert_eq!(String::from_number(digits).as_deref(), Some(digits));
        let exact = Timestamp::new(1_700_000_000, 123_456_789).expect("a moment");
        assert_eq!(Timestamp::from_number("1700000000.123456789"), Some(exact));
        assert_eq!(
            Moment::from_number("1700000000.123456789"),
            Some(exact.into())
        );
    }

    #[test]
    fn error_names_a_decimal_with_any_feature() {
        let error = rejected::<UserId>("7.25");
        assert!(
            error.starts_with("invalid value: floating point"),
            "{error}"
        );
    }

    #[test]
    fn number_stands_in_place_of_an_object() {
        for number in [r#"{"$serde_json::private::Number": "7.0"}"#, "7.0", "7"] {
            let json = format!(r#"{{"id": 1, "conversation": {number}, "assignee": {number}}}"#);
            let part: ConversationPart = serde_json::from_str(&json).expect(&json);
            let assignee = part.assignee.value().and_then(|admin| admin.id);
            assert_eq!(assignee, Some(AdminId::new(7)), "{json}");
            let id = ConversationRef::Id(ConversationId::new(7));
            assert_eq!(part.conversation, Some(id), "{json}");
            let author = serde_json::from_str::<Author>(number).expect(number);
            assert_eq!(author, Author::User(UserId::new(7)), "{number}");
        }
        for odd in [
            r#"{"$serde_json::private::Number": []}"#,
            "{}",
            r#"{"x": 1}"#,
        ] {
            let json = format!(r#"{{"id": 1, "user": {odd}, "part_last": {odd}, "closed": true}}"#);
            let read: Conversation = serde_json::from_str(&json).expect(&json);
            assert_eq!(
                (read.user, read.part_last, read.closed),
                (None, None, Some(true))
            );
        }
    }
}
