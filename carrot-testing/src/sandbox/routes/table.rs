//! Which operation stands at which address, and which scopes it needs.

use carrot_core::{
    Endpoint, apps as apps_api, conversations as conversations_api, types::ErrorCode,
    users as users_api,
};
use http::Method;

use super::{
    apps,
    conversations::{self, assign, close, reply, signals, tag},
    users::{self, events, import, messages, presence, props, unsubscribe_email},
};
use crate::sandbox::{
    rules::call::Call,
    rules::parameters::digits,
    rules::response::{Failure, Response},
    store::Store,
};

type Handler = fn(&mut Store, &Call) -> Result<Response, Failure>;

/// What one HTTP method does at an address.
struct Route {
    method: Method,
    /// The name of the operation in the core.
    operation: &'static str,
    scopes: &'static [&'static str],
    handler: Handler,
}

/// Carries out the operation at the address of the call.
pub(in crate::sandbox) fn dispatch(store: &mut Store, call: &Call) -> Result<Response, Failure> {
    let routes = at(call).ok_or_else(Failure::unknown_address)?;
    let found = routes.into_iter().find(|route| route.method == call.method);
    let Some(route) = found else {
        let message = "the HTTP method is not allowed here";
        return Err(Failure::new(ErrorCode::MethodNotAllowed, message));
    };
    if call.token() != Some(&store.app.token) {
        let message = "the token is missing or wrong";
        return Err(Failure::new(ErrorCode::NotAuthenticated, message));
    }
    store.count_request()?;
    let held = &store.app.scopes;
    let lacking = route.scopes.iter().find(|scope| !held.contains(**scope));
    if let Some(scope) = lacking {
        return Err(Failure::lacks_scope(scope));
    }
    if call.segments.first().is_some_and(|first| first == "apps") {
        store.check_app("id", call.target())?;
    }
    if let Some(app) = call.parameters.text("app") {
        store.check_app("app", app)?;
    }
    (route.handler)(store, call)
}

/// The name of the operation that a call asks for; `None` where the service has none.
pub(in crate::sandbox) fn operation_name(call: &Call) -> Option<&'static str> {
    let routes = at(call)?;
    let route = routes
        .into_iter()
        .find(|route| route.method == call.method)?;
    // Two operations share an address, and a parameter tells them apart.
    if route.operation == conversations_api::Assign::NAME && call.parameters.text("admin").is_none()
    {
        return Some(conversations_api::Unassign::NAME);
    }
    if route.operation == conversations_api::AddTag::NAME
        && call.parameters.text("action") == Some("delete")
    {
        return Some(conversations_api::RemoveTag::NAME);
    }
    Some(route.operation)
}

/// The path of a call with `{id}` in the place of an id.
pub(in crate::sandbox) fn path(call: &Call) -> String {
    if at(call).is_none() {
        return "(unknown address)".to_owned();
    }
    let mut path = format!("/{}", call.version.segment());
    let import = call.method == Method::POST && call.segments == ["users", "import"];
    for (at, segment) in call.segments.iter().enumerate() {
        path.push('/');
        path.push_str(if at == 1 && !import { "{id}" } else { segment });
    }
    path
}

fn at(call: &Call) -> Option<Vec<Route>> {
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    const READ: &[&str] = &["conversations-read"];
    const WRITE: &[&str] = &["conversations-write"];
    const USER: &[&str] = &["user-write"];
    Some(match segments.as_slice() {
        // An external id may be `import`, too; the methods tell them apart. The pages of v1 do not
        // document the import.
        ["users", "import"] if !call.is_v1() => vec![
            post::<users_api::Import>(USER, import::import),
            get::<users_api::Get>(&["user-read"], users::get::get),
        ],
        ["users", _] => vec![get::<users_api::Get>(&["user-read"], users::get::get)],
        ["users", _, "props"] => vec![post::<users_api::SetProps>(USER, props::set)],
        ["users", _, "events"] => vec![
            get::<users_api::Events>(&["user-read"], events::list),
            post::<users_api::TrackEvent>(USER, events::record),
        ],
        ["users", _, "conversations"] => vec![get::<users_api::Conversations>(
            &["conversations-read", "user-read"],
            users::conversations::list,
        )],
        ["users", _, "startconversation"] => {
            vec![post::<users_api::StartConversation>(WRITE, messages::start)]
        }
        ["users", _, "sendmessage"] => vec![post::<users_api::SendMessage>(
            &["messages-manual-send-one"],
            messages::send,
        )],
        ["users", _, "setpresence"] => vec![post::<users_api::SetPresence>(USER, presence::set)],
        ["users", _, "unsubscribeemail"] => vec![post::<users_api::UnsubscribeEmail>(
            USER,
            unsubscribe_email::unsubscribe,
        )],
        ["apps", _, "users"] => vec![get::<apps_api::Leads>(&["users-list"], apps::leads::list)],
        ["apps", _, "activeusers"] => vec![get::<apps_api::ActiveUsers>(
            &["users-list-active"],
            apps::active_users::list,
        )],
        ["apps", _, "channels"] => vec![get::<apps_api::Channels>(
            &["app-basic-read"],
            apps::channels::list,
        )],
        ["apps", _, "conversations"] => vec![get::<apps_api::Conversations>(
            READ,
            apps::conversations::list,
        )],
        ["conversations", _] => {
            vec![get::<conversations_api::Get>(READ, conversations::get::get)]
        }
        ["conversations", _, "parts"] => vec![get::<conversations_api::Parts>(
            READ,
            conversations::get::parts,
        )],
        ["conversations", _, "reply"] => {
            vec![post::<conversations_api::Reply>(WRITE, reply::reply)]
        }
        ["conversations", _, "markread"] => vec![post::<conversations_api::MarkRead>(
            &["as-user"],
            signals::mark_read,
        )],
        ["conversations", _, "settyping"] => vec![post::<conversations_api::SetTyping>(
            WRITE,
            signals::set_typing,
        )],
        ["conversations", _, "assign"] => {
            vec![post::<conversations_api::Assign>(WRITE, assign::assign)]
        }
        ["conversations", _, "close"] => {
            vec![post::<conversations_api::Close>(WRITE, close::close)]
        }
        ["conversations", _, "tag"] => {
            let mut routes = vec![post::<conversations_api::AddTag>(WRITE, tag::add)];
            if !call.is_v1() {
                routes.push(route::<conversations_api::RemoveTag>(
                    Method::DELETE,
                    WRITE,
                    tag::delete,
                ));
            }
            routes
        }
        _ => return None,
    })
}

fn get<E: Endpoint>(scopes: &'static [&'static str], handler: Handler) -> Route {
    route::<E>(Method::GET, scopes, handler)
}

fn post<E: Endpoint>(scopes: &'static [&'static str], handler: Handler) -> Route {
    route::<E>(Method::POST, scopes, handler)
}

fn route<E: Endpoint>(method: Method, scopes: &'static [&'static str], handler: Handler) -> Route {
    Route {
        method,
        operation: E::NAME,
        scopes,
        handler,
    }
}

impl Store {
    /// Counts a request against the limit, over the minute that ends now.
    ///
    /// Source: <https://developers.dashly.io/webapi/limits/>
    fn count_request(&mut self) -> Result<(), Failure> {
        let Some(limit) = self.app.rate_limit else {
            return Ok(());
        };
        self.forget_old_requests();
        if self.minute.len() >= limit {
            let message = "more requests in a minute than one key may make";
            return Err(Failure::new(ErrorCode::TooManyRequests, message));
        }
        self.minute.push_back(self.now());
        Ok(())
    }

    /// Leaves the requests of the last minute.
    pub(in crate::sandbox) fn forget_old_requests(&mut self) {
        let now = self.now();
        let is_old = |at: &i64| now.saturating_sub(*at) >= 60_000_000;
        while self.minute.front().is_some_and(is_old) {
            self.minute.pop_front();
        }
    }

    /// Checks that an app is the one of the token.
    fn check_app(&self, parameter: &str, app: &str) -> Result<(), Failure> {
        if app == "$self_app" {
            return Ok(());
        }
        let id = digits(app).filter(|id| *id > 0);
        let rule = "must be the id of an app or `$self_app`";
        let id = id.ok_or_else(|| Failure::validation(parameter, rule))?;
        if id == self.app.id {
            return Ok(());
        }
        let message = "the token gives no access to this app";
        Err(Failure::new(ErrorCode::PermissionDeniedError, message))
    }
}
