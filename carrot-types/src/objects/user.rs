use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::{
    AppId, EmailStatus, EventSummary, EventTypeId, Moment, Note, Presence, PresenceDetails,
    PropertyMap, Segment, UserId, UserTag,
};

/// A user of the site: a visitor or a lead.
///
/// The service sends what was asked for. A request names the optional fields, and each operation
/// says which it sends by default.
/// Source: <https://developers.dashly.io/objects/user>
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct User {
    /// The id that the service gave.
    pub id: UserId,
    /// The id that your own system gave ("User ID"). A number is read as its digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// The app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<AppId>,
    /// When the user was deleted or merged into another; the API has no operation that does either.
    /// Documented as a date; other objects have seconds in a field of this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed: Option<Moment>,
    /// A link to the place of the user on a map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map_url: Option<String>,
    /// System properties; their names start with `$`.
    #[serde(skip_serializing_if = "PropertyMap::is_empty")]
    pub props: PropertyMap,
    /// Custom properties.
    #[serde(skip_serializing_if = "PropertyMap::is_empty")]
    pub props_custom: PropertyMap,
    /// For each event type N: `$event_N_first` and `$event_N_last` (dates) and `$event_N_count`.
    #[serde(skip_serializing_if = "PropertyMap::is_empty")]
    pub props_events: PropertyMap,
    /// The state of the e-mail address; `None` without an address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_status: Option<EmailStatus>,
    /// Whether the user is on the site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence: Option<Presence>,
    /// More on that; only while online or idle.
    #[serde(skip_serializing_if = "PresenceDetails::is_empty")]
    pub presence_details: PresenceDetails,
    /// The segments that the user is in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<Segment>,
    /// The notes of operators.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// The tags on the user.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<UserTag>,
    /// How often the user did what, by the id of the event type. v1 sends a list, which
    /// is read too; of two entries of one type the later counts.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub events: BTreeMap<EventTypeId, EventSummary>,
    /// Minutes from UTC; `None` when the place is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone_offset: Option<f64>,
}

model!(User::new(id: UserId => with_id) {
    with_user_id(user_id: String),
    with_app(app: AppId),
    with_removed(removed: Moment),
    with_map_url(map_url: String),
    with_props(props: PropertyMap),
    with_props_custom(props_custom: PropertyMap),
    with_props_events(props_events: PropertyMap),
    with_email_status(email_status: EmailStatus),
    with_presence(presence: Presence),
    with_presence_details(presence_details: PresenceDetails),
    with_segments(segments: Vec<Segment>),
    with_notes(notes: Vec<Note>),
    with_tags(tags: Vec<UserTag>),
    with_events(events: BTreeMap<EventTypeId, EventSummary>),
    with_timezone_offset(timezone_offset: f64),
});

impl User {
    /// Returns the name, from the system property `$name`.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.prop("$name")
    }

    /// Returns the e-mail address, from the system property `$email`.
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        self.prop("$email")
    }

    /// Returns the phone number, from the system property `$phone`.
    #[must_use]
    pub fn phone(&self) -> Option<&str> {
        self.prop("$phone")
    }

    /// Sets the name, the system property `$name`.
    #[must_use = "a setter returns the changed value"]
    pub fn with_name(self, name: impl Into<String>) -> Self {
        self.with_prop("$name", name.into())
    }

    /// Sets the e-mail address, the system property `$email`.
    #[must_use = "a setter returns the changed value"]
    pub fn with_email(self, email: impl Into<String>) -> Self {
        self.with_prop("$email", email.into())
    }

    /// Sets the phone number, the system property `$phone`.
    #[must_use = "a setter returns the changed value"]
    pub fn with_phone(self, phone: impl Into<String>) -> Self {
        self.with_prop("$phone", phone.into())
    }

    /// Sets one property and leaves the others: in `props` where the name starts with `$`, as those of
    /// the system do, and in `props_custom` otherwise.
    ///
    /// ```
    /// use carrot_types::{User, UserId};
    ///
    /// let user = User::new(UserId::new(7)).with_name("Grace").with_prop("plan", "pro");
    /// assert_eq!(user.name(), Some("Grace"));
    /// assert_eq!(user.props_custom["plan"], "pro");
    /// ```
    #[must_use = "a setter returns the changed value"]
    pub fn with_prop(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let name = name.into();
        let props = match name.starts_with('$') {
            true => &mut self.props,
            false => &mut self.props_custom,
        };
        props.insert(name, value.into());
        self
    }

    fn prop(&self, name: &str) -> Option<&str> {
        self.props.get(name)?.as_str()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        EventType, NoteId, SegmentId, Timestamp, UserTagId,
        serde_util::check::{numbers_keep_every_digit, reads},
    };

    #[test]
    fn reads_the_samples() {
        let user: User = reads(
            r#"{"id": 1448121617782670208, "app": 100, "user_id": null, "presence": "idle", "removed": null}"#,
            &[],
        );
        let expected = User::new(UserId::new(1_448_121_617_782_670_208))
            .with_app(AppId::new(100))
            .with_presence(Presence::Idle);
        assert_eq!(user, expected);

        let user: User = reads(
            r#"{
                "id": 7722092,
                "app": 3,
                "user_id": "27384",
                "presence": "idle",
                "props": {"$last_seen": "2015-12-17T13:01:32", "$name": "Alex", "$email": "alex@example.com", "$phone": 5}
            }"#,
            &[],
        );
        assert_eq!(user.user_id.as_deref(), Some("27384"));
        assert_eq!(user.name(), Some("Alex"));
        assert_eq!(user.email(), Some("alex@example.com"));
        assert_eq!(user.phone(), None);

        let user: User = reads(
            r#"{
                "id": 184811087,
                "props_Custom": "",
                "presence_details": {
                    "page": "Information | My project",
                    "url": "http://example.com/some/page.php",
                    "session_started": 1448798155,
                    "presence": "online"
                }
            }"#,
            // A slip on the vendor's page.
            &["props_Custom"],
        );
        assert_eq!(user.presence_details.presence(), Some(Presence::Online));
    }

    #[test]
    fn reads_events_as_map_or_list() {
        let entry = r#"{"event_type": {"id": 5857, "name": "MyEvent"}, "first": 1467192929, "last": 1467192930.5, "count": 3}"#;
        let map: User = reads(
            &format!(r#"{{"id": 1, "events": {{"5857": {entry}}}}}"#),
            &[],
        );
        let list: User = reads(&format!(r#"{{"id": 1, "events": [{entry}]}}"#), &["events"]);
        let summary = EventSummary::new()
            .with_event_type(EventType::new(EventTypeId::new(5857)).with_name("MyEvent"))
            .with_first(1_467_192_929)
            .with_last(Timestamp::new(1_467_192_930, 500_000_000).expect("a moment"))
            .with_count(3_u64);
        let expected = User::new(UserId::new(1)).with_events([(EventTypeId::new(5857), summary)]);
        assert_eq!(map, expected);
        assert_eq!(list, expected);
        // Nothing says which event it is.
        for events in [r#"[{"count": 1}]"#, r#"{"x": {}}"#, "5"] {
            let json = format!(r#"{{"id": 1, "events": {events}}}"#);
            let user: User = serde_json::from_str(&json).expect(&json);
            assert_eq!(user, User::new(UserId::new(1)), "{json}");
        }
    }

    #[test]
    fn reads_null_lists_and_maps() {
        let json = r#"{"id": "1", "props": null, "props_custom": "", "props_events": null, "segments": null,
            "notes": null, "tags": null, "events": null, "presence_details": null, "email_status": null}"#;
        let user: User = reads(json, &["props_custom"]);
        assert_eq!(user, User::new(UserId::new(1)));
    }

    #[test]
    fn reads_a_numeric_external_id() {
        for (number, text) in [
            ("27384", "27384"),
            ("18446744073709551615", "18446744073709551615"),
            ("-5", "-5"),
            ("1.5", "1.5"),
            (r#""007""#, "007"),
            (r#""""#, ""),
        ] {
            let json = format!(r#"{{"id": 1, "user_id": {number}}}"#);
            let user: User = serde_json::from_str(&json).expect(&json);
            assert_eq!(user, User::new(UserId::new(1)).with_user_id(text), "{json}");
            let tree = serde_json::from_str(&json).expect(&json);
            assert_eq!(serde_json::from_value::<User>(tree).expect(&json), user);
            let written = serde_json::to_value(&user).expect("encodes");
            assert_eq!(written["user_id"], text);
        }
        let digits = "123456789012345678901234567890";
        let json = format!(r#"{{"id": 1, "user_id": {digits}}}"#);
        if numbers_keep_every_digit() {
            let user: User = serde_json::from_str(&json).expect("no digit is lost");
            assert_eq!(user.user_id.as_deref(), Some(digits));
        } else {
            // More digits than a number can hold: another id would come out.
            let user: User = serde_json::from_str(&json).expect("survives");
            assert_eq!(user.user_id, None);
        }
    }

    #[test]
    fn reads_everything_that_can_be_asked_for() {
        let user: User = reads(
            r#"{
                "id": 1,
                "removed": "2020-01-02T03:04:05",
                "map_url": "https://maps.example.com/?q=1,2",
                "props_custom": {"plan": "pro"},
                "props_events": {"$event_5857_count": 3},
                "segments": [{"id": 12, "name": "Active"}],
                "notes": [{"id": 17, "body": "Prefers to be called"}],
                "tags": [{"id": 15131846, "app": 123, "name": "\"vip\""}],
                "timezone_offset": 180.0,
                "presence": "asleep"
            }"#,
            &[],
        );
        let expected = User::new(UserId::new(1))
            .with_removed(crate::DateTime::new("2020-01-02T03:04:05").expect("a date"))
            .with_map_url("https://maps.example.com/?q=1,2")
            .with_props_custom([("plan".to_owned(), json!("pro"))])
            .with_props_events([("$event_5857_count".to_owned(), json!(3))])
            .with_segments([Segment::new(SegmentId::new(12)).with_name("Active")])
            .with_notes([Note::new(NoteId::new(17)).with_body("Prefers to be called")])
            .with_tags([UserTag::new(UserTagId::new(15_131_846))
                .with_app(AppId::new(123))
                .with_name("vip")])
            .with_timezone_offset(180.0)
            .with_presence("asleep");
        assert_eq!(user, expected);
    }
}
