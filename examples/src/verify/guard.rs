//! What may be written: nothing but users that this run made, and their conversations.

use std::collections::BTreeSet;

use serde_json::Value;

use super::script::Request;

/// The largest id. No record has it, so a request that names it changes nobody.
const NO_ID: &str = "18446744073709551615";

/// The users and conversations that may be written to.
#[derive(Debug)]
pub(super) struct Guard {
    /// How the external ids of this run start.
    pub(super) prefix: String,
    users: BTreeSet<String>,
    conversations: BTreeSet<String>,
}

impl Guard {
    pub(super) fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            users: BTreeSet::new(),
            conversations: BTreeSet::new(),
        }
    }

    /// Rejects a request that may change what this run did not make. Its names are filled in.
    pub(super) fn check(&self, request: &Request) -> Result<(), String> {
        if request.method == "GET" {
            return Ok(());
        }
        let segments: Vec<&str> = request.path.split('/').skip(1).collect();
        // The version in front may be left out.
        let below = match segments.as_slice() {
            [version, rest @ ..] if version.starts_with('v') => rest,
            all => all,
        };
        let is_own = match below {
            ["users", "import", ..] => self.are_own_rows(request),
            ["users", user, ..] => self.is_own_user(user),
            ["conversations", id, ..] => self.conversations.contains(*id) || *id == NO_ID,
            // An address that does not exist: without parameters there is nothing to do.
            _ => {
                request.parameters.is_empty()
                    && request.query.is_empty()
                    && request.files.is_empty()
                    && request.json.is_none()
                    && request.form.is_none()
            }
        };
        let writers = request.parameters.iter().chain(&request.query);
        let mut writers = writers.filter(|(name, _)| name == "from_user");
        let names_own = writers.all(|(_, user)| {
            !user.bytes().all(|byte| byte.is_ascii_digit()) || user == "0" || self.is_own_user(user)
        });
        if is_own && names_own {
            Ok(())
        } else {
            let (method, path) = (&request.method, &request.path);
            Err(format!(
                "{method} {path} may change what this run did not make"
            ))
        }
    }

    fn is_own_user(&self, user: &str) -> bool {
        user.starts_with(&self.prefix) || self.users.contains(user) || user == NO_ID
    }

    /// Every row behind the first names a user of this run.
    fn are_own_rows(&self, request: &Request) -> bool {
        request.files.iter().all(|(_, _, content)| {
            let mut rows = content.lines().skip(1).filter(|row| !row.is_empty());
            rows.all(|row| row.contains(&self.prefix))
        })
    }

    /// Learns the ids of what a request made or found, where it named a user of this run.
    pub(super) fn learn(&mut self, request: &Request, body: &Value) {
        let segments: Vec<&str> = request.path.split('/').skip(1).collect();
        let [_, "users", user, rest @ ..] = segments.as_slice() else {
            return;
        };
        if !self.is_own_user(user) || *user == NO_ID {
            return;
        }
        let id = |pointer: &str| {
            let id = body
                .pointer(pointer)
                .filter(|id| id.is_u64() || id.is_string());
            id.map(|id| id.to_string().trim_matches('"').to_owned())
        };
        match (request.method.as_str(), rest) {
            ("GET", []) => self.users.extend(id("/data/id")),
            ("POST", ["startconversation"]) => self.conversations.extend(id("/data/id")),
            ("POST", ["sendmessage"]) => self.conversations.extend(id("/data/conversation")),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(method: &str, path: &str) -> Request {
        Request {
            method: method.to_owned(),
            path: path.to_owned(),
            ..Request::default()
        }
    }

    #[test]
    fn only_own_records_are_written() {
        let mut guard = Guard::new("run-7");
        let start = request("POST", "/v2/users/run-7-1/startconversation");
        guard.learn(&start, &json!({"data": {"id": 716}}));
        let get = request("GET", "/v2/users/run-7-1");
        guard.learn(&get, &json!({"data": {"id": 42}}));
        // What others are, is not learned.
        let foreign = request("GET", "/v2/users/ada");
        guard.learn(&foreign, &json!({"data": {"id": 43}}));
        let by = |user: &str| Request {
            parameters: vec![("from_user".to_owned(), user.to_owned())],
            ..request("POST", "/v2/conversations/716/reply")
        };
        let import = |rows: &str| Request {
            files: vec![("file".into(), "a.csv".into(), rows.to_owned())],
            ..request("POST", "/v2/users/import")
        };
        for (request, is_allowed) in [
            (request("GET", "/v2/users/ada"), true),
            (request("POST", "/v2/users/run-7-2/props"), true),
            (request("POST", "/v2/users/42/props"), true),
            (request("POST", "/v2/users/43/props"), false),
            (request("POST", "/v2/users/ada/props"), false),
            (request("POST", "/users/ada/props"), false),
            (request("POST", "/v2/users/$self_user/props"), false),
            (request("DELETE", "/v2/conversations/716/tag"), true),
            (request("POST", "/v2/conversations/717/reply"), false),
            (request("POST", "/v1/events"), true),
            (by("42"), true),
            (by("43"), false),
            (by("default_user"), true),
            (import("$user_id\nrun-7-1\n"), true),
            (import("$user_id\nrun-7-1\nada\n"), false),
            (
                Request {
                    query: vec![("event".into(), "x".into())],
                    ..request("POST", "/v1/events")
                },
                false,
            ),
        ] {
            assert_eq!(guard.check(&request).is_ok(), is_allowed, "{request:?}");
        }
    }
}
