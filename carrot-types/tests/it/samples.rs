//! Every object and every response is read from a sample and written again without a loss.
//!
//! The samples in `tests/samples` hold every field of every object. Those in `tests/samples_vendor` are the ones on the
//! vendor's pages.

use std::{any::type_name, cell::RefCell, fmt::Debug, fs, path::Path, rc::Rc};

use carrot_types::{
    ActionReceipt, Admin, Attachment, Author, Channel, Conversation, ConversationPart, EmailStatus,
    Empty, Envelope, Event, EventSummary, EventType, ImportReport, MessageSender, Note,
    PresenceDetails, PropertyReport, Segment, SentMessage, StartedConversation, User, UserTag,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::mutations::Mutations;

/// Samples of other modules: realtime messages, webhooks, requests, filters and property values.
const NOT_OBJECTS: &[&str] = &[
    "filters_examples",
    "props_value_types",
    "request_",
    "rts_",
    "webhook_",
];

/// What a model reads and does not write, by the name of the sample.
const LEFT_OUT: &[(&str, &[&str])] = &[
    // A slip on the vendor's page, for `props_custom`.
    ("vendor/apps_activeusers", &["data[].props_Custom"]),
    // Beside the data: who reads a response makes a `ReplyReceipt` of both.
    ("own/conversations_reply", &["assign_part"]),
    // Written in the form of v2.
    ("own/users_get_v1", &["data.events"]),
];

struct Sample {
    /// The folder and the file, such as `own/object_admin`.
    name: String,
    json: String,
    /// Only odd values are tried, here.
    mutations: Option<Rc<RefCell<Mutations>>>,
}

impl Sample {
    fn file(&self) -> &str {
        self.name.rsplit('/').next().unwrap()
    }

    /// Asserts that the model keeps all that the sample says.
    fn is<T: Serialize + DeserializeOwned + Debug + PartialEq>(&self) {
        if let Some(mutations) = &self.mutations {
            let name = short_name(type_name::<T>());
            let read = |json: &str, writes: bool| {
                let model: T = serde_json::from_str(json).ok()?;
                Some(if writes {
                    serde_json::to_value(model).unwrap()
                } else {
                    Value::Null
                })
            };
            return mutations.borrow_mut().try_all(&name, &self.json, &read);
        }
        let name = &self.name;
        let model: T = serde_json::from_str(&self.json)
            .unwrap_or_else(|error| panic!("{name} does not decode: {error}"));
        let sample: Value = serde_json::from_str(&self.json).unwrap();
        let written = serde_json::to_value(&model).unwrap();
        let left_out = LEFT_OUT.iter().find(|(of, _)| of == name);
        let left_out = left_out.map_or(&[][..], |(_, paths)| paths);
        crate::same_json::assert_same(name, &sample, &written, left_out);

        let written = serde_json::to_string(&model).unwrap();
        let read_again: T = serde_json::from_str(&written).unwrap();
        assert_eq!(read_again, model, "{name} is read again");
        if name.starts_with("own/object_") {
            assert_has_every_field(name, &model);
        }
    }

    fn is_response<T: Serialize + DeserializeOwned + Debug + PartialEq>(&self) {
        self.is::<Envelope<T>>();
    }

    fn is_property_report(&self) {
        if self.mutations.is_some() {
            return self.is_response::<Empty>();
        }
        self.is_response::<Empty>();
        let envelope: Envelope<Empty> = serde_json::from_str(&self.json).unwrap();
        let sample: Value = serde_json::from_str(&self.json).unwrap();
        let report = serde_json::to_value(PropertyReport::from(envelope.meta)).unwrap();
        crate::same_json::assert_same(&self.name, &sample["meta"], &report, &["status"]);
    }
}

/// The top level of the debug output stands four spaces deep, a field in a line.
fn assert_has_every_field<T: Debug>(name: &str, model: &T) {
    for line in format!("{model:#?}").lines() {
        let Some((field, value)) = line.strip_prefix("    ").and_then(|l| l.split_once(": "))
        else {
            continue;
        };
        let is_empty = ["None,", "[],", "{},", "Absent,"].contains(&value);
        assert!(field.starts_with(' ') || !is_empty, "{name} lacks {field}");
    }
}

/// Decides by the name of the file what is in it.
fn check(sample: &Sample) {
    match sample.file() {
        "object_admin" => sample.is::<Admin>(),
        "object_attachment" => sample.is::<Attachment>(),
        "object_channel" => sample.is::<Channel>(),
        "object_conversation" | "object_conversation_v1" => sample.is::<Conversation>(),
        "object_conversationpart" | "object_conversationpart_v1" => {
            sample.is::<ConversationPart>();
        }
        "object_email_status" => sample.is::<EmailStatus>(),
        "object_event" => sample.is::<Event>(),
        "object_event_summary" => sample.is::<EventSummary>(),
        "object_event_type" => sample.is::<EventType>(),
        "object_message_sender" => sample.is::<MessageSender>(),
        "object_note" => sample.is::<Note>(),
        "object_presence_details" => sample.is::<PresenceDetails>(),
        "object_segment" => sample.is::<Segment>(),
        "object_user" | "object_user_v1" | "object_user_legacy" => sample.is::<User>(),
        "object_user_tag" => sample.is::<UserTag>(),
        "list_from" => sample.is::<Vec<Author>>(),

        "apps_activeusers" => sample.is_response::<Vec<User>>(),
        "apps_channels" => sample.is_response::<Vec<Channel>>(),
        // Its reader is that of the operation, which has tests of its own.
        "apps_users" if sample.mutations.is_some() => {}
        "apps_users" => sample.is_response::<Leads>(),
        "apps_conversations"
        | "users_conversations"
        | "users_conversations_get"
        | "users_conversations_v1"
        | "_pagination_v2" => sample.is_response::<Vec<Conversation>>(),
        "users_get" | "users_get_v1" | "users_get_minimal" | "types_user_id_as_number" => {
            sample.is_response::<User>();
        }
        "users_events_get" | "users_events_get_v1" => sample.is_response::<Vec<Event>>(),
        "users_events_post" | "users_events_post_v1_legacy" => sample.is_response::<Event>(),
        "users_import" => sample.is_response::<ImportReport>(),
        "users_sendmessage" => sample.is_response::<SentMessage>(),
        "users_startconversation" => sample.is_response::<StartedConversation>(),
        "users_props_post" | "users_props_post_v1" => sample.is_property_report(),
        "users_setpresence" | "users_unsubscribeemail" => sample.is_response::<Empty>(),

        "conversations_get" => sample.is_response::<Conversation>(),
        "conversations_parts" | "conversations_parts_v1" => {
            sample.is_response::<Vec<ConversationPart>>();
        }
        "conversations_reply" => sample.is_response::<ConversationPart>(),
        "conversations_assign"
        | "conversations_assign_unchanged"
        | "conversations_close"
        | "conversations_tag_delete"
        | "conversations_tag_post"
        | "conversations_tag_v1" => sample.is_response::<ActionReceipt>(),
        "conversations_markread" | "conversations_settyping" | "conversations_settyping_v1" => {
            sample.is_response::<Empty>();
        }
        "_envelope_ok" | "_envelope_error_bad_request" | "error_envelope" | "error_validation" => {
            sample.is_response::<Empty>();
        }

        name if NOT_OBJECTS.iter().any(|other| name.starts_with(other)) => {}
        name => panic!("no model is known for the sample {name}.json: add it to `check`"),
    }
}

/// Every sample of a folder.
fn samples(label: &str, folder: &Path) -> Vec<Sample> {
    let files = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let paths = files.map(|file| file.unwrap().path());
    paths
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .map(|path| Sample {
            name: format!("{label}/{}", path.file_stem().unwrap().to_str().unwrap()),
            json: fs::read_to_string(&path).unwrap(),
            mutations: None,
        })
        .collect()
}

fn own_samples() -> Vec<Sample> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples");
    let samples = samples("own", &folder);
    assert!(samples.len() > 40, "samples are missing");
    samples
}

/// Checks every sample of a folder and gives their number.
fn check_folder(label: &str, folder: &Path) -> usize {
    let samples = samples(label, folder);
    samples.iter().for_each(check);
    samples.len()
}

/// Tries odd values in every sample of an object or a response.
pub(crate) fn mutate(mutations: &Rc<RefCell<Mutations>>) {
    for mut sample in own_samples() {
        sample.mutations = Some(Rc::clone(mutations));
        check(&sample);
    }
}

/// The name of a type without the paths of its modules.
fn short_name(name: &str) -> String {
    let parts = name.split_inclusive(['<', '>', ',', ' ']);
    let short = |part: &str| part.rsplit("::").next().unwrap_or_default().to_owned();
    parts.map(short).collect()
}

/// The `data` of a page of leads.
#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Leads {
    users: Vec<User>,
    total: u64,
}

#[test]
fn own_samples_round_trip() {
    own_samples().iter().for_each(check);
}

#[test]
fn vendor_samples_round_trip() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples_vendor");
    assert_eq!(check_folder("vendor", &folder), 33, "samples are missing");
}

#[test]
#[should_panic(expected = "no model is known for the sample poem.json")]
fn a_sample_of_an_unknown_kind_is_rejected() {
    check(&Sample {
        name: "own/poem".to_owned(),
        json: "{}".to_owned(),
        mutations: None,
    });
}

#[test]
#[should_panic(expected = "the paths that differ")]
fn a_lost_field_is_found() {
    check(&Sample {
        name: "own/object_event".to_owned(),
        json: r#"{"id": 1, "type": {"id": 2, "colour": "red"}}"#.to_owned(),
        mutations: None,
    });
}

#[test]
#[should_panic(expected = "own/object_event lacks created")]
fn a_poor_sample_is_found() {
    check(&Sample {
        name: "own/object_event".to_owned(),
        json: r#"{"id": 1, "type": {"id": 2}}"#.to_owned(),
        mutations: None,
    });
}
