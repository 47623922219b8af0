//! The operations of `carrot-core`: their names, their types, and a sample of what each responds with.

use carrot_core::{ApiVersion, Endpoint, apps, conversations, users};

use super::record::RecordedCall;

/// An operation as the source code of a test names it.
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) type_path: &'static str,
    /// The call of a function of `fake` that makes a response of the right type.
    pub(crate) sample: &'static str,
    /// Method and path of v2. Those of v1 differ in the removal of a tag, which is a POST, and the import,
    /// which it lacks.
    address: &'static str,
}

macro_rules! operations {
    ($( $module:ident :: $name:ident => $sample:ident, $address:literal; )+) => {
        /// Every operation of `carrot-core`, in the order of their names.
        pub(crate) const OPERATIONS: &[Operation] = &[$( Operation {
            name: <$module::$name as Endpoint>::NAME,
            type_path: concat!(stringify!($module), "::", stringify!($name)),
            sample: concat!("fake::", stringify!($sample), "()"),
            address: $address,
        }, )+];

        /// Holds each sample against the type that its operation responds with.
        #[cfg(test)]
        fn for_each_sample(mut visit: impl FnMut(&'static str, serde_json::Value)) {
            use carrot_core::{ApiVersion, endpoint::{RequestView, EncodeResponse}};

            use crate::fake;

            $( for version in ApiVersion::ALL.iter().copied() {
                let output: <$module::$name as Endpoint>::Output = fake::$sample();
                let asked = RequestView::new(version, &[]);
                let response = <$module::$name as EncodeResponse>::encode(&asked, &output);
                visit($module::$name::NAME, response.expect("it serializes"));
            } )+
        }
    };
}

operations! {
    apps::ActiveUsers => users_page, "GET apps/{id}/activeusers";
    apps::Channels => channels, "GET apps/{id}/channels";
    apps::Conversations => conversations_page, "GET apps/{id}/conversations";
    apps::Leads => leads_page, "GET apps/{id}/users";
    conversations::AddTag => action_receipt, "POST conversations/{id}/tag";
    conversations::Assign => action_receipt, "POST conversations/{id}/assign";
    conversations::Close => action_receipt, "POST conversations/{id}/close";
    conversations::Get => conversation, "GET conversations/{id}";
    conversations::MarkRead => nothing, "POST conversations/{id}/markread";
    conversations::Parts => parts_page, "GET conversations/{id}/parts";
    conversations::RemoveTag => action_receipt, "DELETE conversations/{id}/tag";
    conversations::Reply => reply_receipt, "POST conversations/{id}/reply";
    conversations::SetTyping => nothing, "POST conversations/{id}/settyping";
    conversations::Unassign => action_receipt, "POST conversations/{id}/assign";
    users::Conversations => conversations_page, "GET users/{id}/conversations";
    users::Events => events_page, "GET users/{id}/events";
    users::Get => user, "GET users/{id}";
    users::Import => import_report, "POST users/import";
    users::SendMessage => sent_message, "POST users/{id}/sendmessage";
    users::SetPresence => nothing, "POST users/{id}/setpresence";
    users::SetProps => property_report, "POST users/{id}/props";
    users::StartConversation => started_conversation, "POST users/{id}/startconversation";
    users::TrackEvent => event, "POST users/{id}/events";
    users::UnsubscribeEmail => nothing, "POST users/{id}/unsubscribeemail";
}

/// The operation of a request that no client of this crate sent, by its address, and its path with `{id}` in
/// the place of ids.
pub(crate) fn at(call: &RecordedCall) -> Option<(&'static str, String)> {
    let request = call.request();
    let segments = request.segments();
    // A path may pin no version.
    let names = match segments.first().map(AsRef::as_ref) {
        Some("v1" | "v2") => segments.get(1..)?,
        _ => &segments,
    };
    let version = call.version();
    let path = match names {
        [users, import] if users == "users" && import == "import" && request.method() == "POST" => {
            "users/import".to_owned()
        }
        [first, _] => format!("{first}/{{id}}"),
        [first, _, last] => format!("{first}/{{id}}/{last}"),
        _ => return None,
    };
    let address = format!("{} {path}", request.method());
    let found = OPERATIONS.iter().find(|one| one.address == address)?;
    // Two operations share an address, and a parameter tells them apart.
    let name = match found.name {
        conversations::Assign::NAME if call.param("admin").is_none() => {
            conversations::Unassign::NAME
        }
        conversations::AddTag::NAME
            if version == ApiVersion::V1 && call.param("action") == Some("delete") =>
        {
            conversations::RemoveTag::NAME
        }
        name => name,
    };
    Some((name, format!("/{}/{path}", version.segment())))
}

pub(crate) fn of(name: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| operation.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_that_of_the_core() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../carrot-core/docs/operations.md"
        );
        let table = std::fs::read_to_string(path).unwrap();
        let documented: Vec<&str> = table
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
            .collect();
        for line in table.lines().filter(|line| line.starts_with("| `")) {
            let columns: Vec<&str> = line
                .split('|')
                .map(|one| one.trim().trim_matches('`'))
                .collect();
            let operation = of(columns[1]).unwrap();
            let (method, path) = operation.address.split_once(' ').unwrap();
            assert_eq!(columns[3], format!("{method} /v2/{path}"));
        }
        let known: Vec<&str> = OPERATIONS.iter().map(|operation| operation.name).collect();
        assert_eq!(known, documented);
    }

    #[test]
    fn every_sample_is_a_response() {
        let mut seen = 0;
        for_each_sample(|name, response| {
            assert_eq!(response["meta"]["status"], 200, "{name}");
            assert!(!response["data"].is_null(), "{name}");
            seen += 1;
        });
        assert_eq!(seen, 2 * OPERATIONS.len());
    }
}
