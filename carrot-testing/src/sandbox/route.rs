//! Which operation stands at which address, and which right it needs.

use http::Method;

use super::{
    apps, conversations,
    request::{Call, unknown_address},
    response::{Failure, Reason, Response},
    state::State,
    users,
};

type Handler = fn(&mut State, &Call) -> Result<Response, Failure>;

/// An operation: its method, the rights it needs, and what carries it out.
struct Operation {
    method: Method,
    scopes: &'static [&'static str],
    handler: Handler,
}

/// Carries out the operation that stands at the address of the call.
pub(super) fn dispatch(state: &mut State, call: &Call) -> Result<Response, Failure> {
    let operations = at(call).ok_or_else(unknown_address)?;
    let found = operations
        .into_iter()
        .find(|operation| operation.method == call.method);
    let Some(operation) = found else {
        let message = "the HTTP method is not allowed here";
        return Err(Failure::new(Reason::MethodNotAllowed, message));
    };
    if call.token() != Some(&state.settings.token) {
        let message = "the token is missing or wrong";
        return Err(Failure::new(Reason::NotAuthenticated, message));
    }
    state.count_request()?;
    let held = &state.settings.scopes;
    let lacking = operation
        .scopes
        .iter()
        .find(|scope| !held.contains(**scope));
    if let Some(scope) = lacking {
        return Err(conversations::lacks_scope(scope));
    }
    if call.segments.first().is_some_and(|first| first == "apps") {
        state.check_app("id", call.target())?;
    }
    if let Some(app) = call.parameters.text("app") {
        state.check_app("app", app)?;
    }
    (operation.handler)(state, call)
}

/// The path of a call with `{id}` in the place of an id.
pub(super) fn path(call: &Call) -> String {
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

fn at(call: &Call) -> Option<Vec<Operation>> {
    let get = |scopes, handler| operation(Method::GET, scopes, handler);
    let post = |scopes, handler| operation(Method::POST, scopes, handler);
    let delete = |scopes, handler| operation(Method::DELETE, scopes, handler);
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    Some(match segments.as_slice() {
        // An external id may be `import`, too; the methods tell them apart. The pages of v1 do not
        // know the method.
        ["users", "import"] if !call.is_v1() => vec![
            post(&["user-write"], users::import),
            get(&["user-read"], users::get),
        ],
        ["users", _] => vec![get(&["user-read"], users::get)],
        ["users", _, "props"] => vec![post(&["user-write"], users::set_props)],
        ["users", _, "events"] => vec![
            get(&["user-read"], users::events),
            post(&["user-write"], users::record_event),
        ],
        ["users", _, "conversations"] => vec![get(
            &["conversations-read", "user-read"],
            users::conversations,
        )],
        ["users", _, "startconversation"] => {
            vec![post(&["conversations-write"], users::start)]
        }
        ["users", _, "sendmessage"] => vec![post(&["messages-manual-send-one"], users::send)],
        ["users", _, "setpresence"] => vec![post(&["user-write"], users::set_presence)],
        ["users", _, "unsubscribeemail"] => vec![post(&["user-write"], users::unsubscribe)],
        ["apps", _, "users"] => vec![get(&["users-list"], apps::leads)],
        ["apps", _, "activeusers"] => vec![get(&["users-list-active"], apps::active_users)],
        ["apps", _, "channels"] => vec![get(&["app-basic-read"], apps::channels)],
        ["apps", _, "conversations"] => {
            vec![get(&["conversations-read"], apps::conversations)]
        }
        ["conversations", _] => vec![get(&["conversations-read"], conversations::get)],
        ["conversations", _, "parts"] => vec![get(&["conversations-read"], conversations::parts)],
        ["conversations", _, "reply"] => vec![post(&["conversations-write"], conversations::reply)],
        ["conversations", _, "markread"] => vec![post(&["as-user"], conversations::mark_read)],
        ["conversations", _, "settyping"] => {
            vec![post(&["conversations-write"], conversations::set_typing)]
        }
        ["conversations", _, "assign"] => {
            vec![post(&["conversations-write"], conversations::assign)]
        }
        ["conversations", _, "close"] => vec![post(&["conversations-write"], conversations::close)],
        ["conversations", _, "tag"] if call.is_v1() => {
            vec![post(&["conversations-write"], conversations::add_tag)]
        }
        ["conversations", _, "tag"] => vec![
            post(&["conversations-write"], conversations::add_tag),
            delete(&["conversations-write"], conversations::delete_tag),
        ],
        _ => return None,
    })
}

fn operation(method: Method, scopes: &'static [&'static str], handler: Handler) -> Operation {
    Operation {
        method,
        scopes,
        handler,
    }
}

impl State {
    /// Counts a request against the limit, over the minute that ends now.
    ///
    /// Source: <https://developers.dashly.io/webapi/limits/>
    fn count_request(&mut self) -> Result<(), Failure> {
        let Some(limit) = self.settings.rate_limit else {
            return Ok(());
        };
        self.forget_old_requests();
        if self.minute.len() >= limit {
            let message = "more requests in a minute than one key may make";
            return Err(Failure::new(Reason::TooManyRequests, message));
        }
        self.minute.push_back(self.now());
        Ok(())
    }

    /// Leaves the requests of the last minute.
    pub(super) fn forget_old_requests(&mut self) {
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
        let id = super::parameters::digits(app).filter(|id| *id > 0);
        let rule = "must be the id of an app or `$self_app`";
        let id = id.ok_or_else(|| Failure::validation(parameter, rule))?;
        if id == self.settings.app {
            return Ok(());
        }
        let message = "the token gives no access to this app";
        Err(Failure::new(Reason::PermissionDenied, message))
    }
}
