//! Operations on users: properties, events, conversations and messages.
//!
//! A [`UserRef`] identifies a user by the id of the service or by an external id.

mod conversations;
mod delimiter;
mod events;
mod get;
mod import;
mod import_check;
mod import_csv;
mod property_change;
mod send_message;
mod set_presence;
mod set_props;
mod start_conversation;
mod track_event;
mod unsubscribe_email;

use http::Method;

pub use self::{
    conversations::Conversations,
    delimiter::Delimiter,
    events::Events,
    get::Get,
    import::{Import, MergeField},
    import_csv::{ImportCsv, UnwritableChange},
    property_change::PropertyChange,
    send_message::{MessageKind, SendMessage},
    set_presence::SetPresence,
    set_props::SetProps,
    start_conversation::StartConversation,
    track_event::TrackEvent,
    unsubscribe_email::UnsubscribeEmail,
};
use crate::{
    ApiContext, ApiVersion, App,
    endpoint::{Parameters, Path, RequestParts},
    types::{InvalidValue, UserRef},
};

/// Creates a request below `/users/{id}` with the common parameters for the user and the app.
fn request_parts(
    method: Method,
    user: &UserRef,
    verb: Option<&'static str>,
    context: &ApiContext,
) -> Result<RequestParts, InvalidValue> {
    let mut path = Path::new().then("users").user(user)?;
    if let Some(verb) = verb {
        path = path.then(verb);
    }
    let mut request = RequestParts::new(method, path);
    if user.is_external() {
        request.parameters.flag("by_user_id", true);
    }
    name_app(context, &mut request.parameters)?;
    Ok(request)
}

/// Adds the app, unless it is that of the token, the service's default. v1 does not know the parameter.
fn name_app(context: &ApiContext, parameters: &mut Parameters) -> Result<(), InvalidValue> {
    match (context.app, context.version) {
        (App::Id(id), ApiVersion::V2) => parameters.id("app", id),
        (App::Id(_), ApiVersion::V1) | (App::SelfApp, _) => Ok(()),
    }
}

/// Rejects an external id in v1, for operations that take only the id of the service there.
fn reject_external_in_v1(context: &ApiContext, user: &UserRef) -> Result<(), InvalidValue> {
    if context.version == ApiVersion::V1 && user.is_external() {
        return Err(InvalidValue::new(
            "user",
            "must be the id of the service: v1 of the API accepts no external id here",
        ));
    }
    Ok(())
}
