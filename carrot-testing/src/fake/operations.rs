//! The operations of `carrot-core`: their names, their types, and a sample of what each responds with.

use carrot_core::{Endpoint, apps, conversations, users};

/// An operation as the source code of a test names it.
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) type_path: &'static str,
    /// The call of a function of `fake` that makes a response of the right type.
    pub(crate) sample: &'static str,
}

macro_rules! operations {
    ($( $module:ident :: $name:ident => $sample:ident, )+) => {
        /// Every operation of `carrot-core`, in the order of their names.
        pub(crate) const OPERATIONS: &[Operation] = &[$( Operation {
            name: <$module::$name as Endpoint>::NAME,
            type_path: concat!(stringify!($module), "::", stringify!($name)),
            sample: concat!("fake::", stringify!($sample), "()"),
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
    apps::ActiveUsers => users_page,
    apps::Channels => channels,
    apps::Conversations => conversations_page,
    apps::Leads => leads_page,
    conversations::AddTag => action_receipt,
    conversations::Assign => action_receipt,
    conversations::Close => action_receipt,
    conversations::Get => conversation,
    conversations::MarkRead => nothing,
    conversations::Parts => parts_page,
    conversations::RemoveTag => action_receipt,
    conversations::Reply => reply_receipt,
    conversations::SetTyping => nothing,
    conversations::Unassign => action_receipt,
    users::Conversations => conversations_page,
    users::Events => events_page,
    users::Get => user,
    users::Import => import_report,
    users::SendMessage => sent_message,
    users::SetPresence => nothing,
    users::SetProps => property_report,
    users::StartConversation => started_conversation,
    users::TrackEvent => event,
    users::UnsubscribeEmail => nothing,
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
