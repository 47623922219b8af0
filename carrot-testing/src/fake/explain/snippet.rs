//! The code that would have expected a call. It is written from matchers that were tried on the call,
//! so what it offers does match; what it cannot offer it names in a comment.

use std::fmt::Write as _;

use carrot_core::{ApiVersion, endpoint::Upload};
use serde_json::Value;

use super::super::{
    log::Record,
    matcher::{Matcher, diff},
    operations,
    record::RecordedCall,
};

/// Longer texts are named and not written: nobody wants them in a test.
const MAX_CHARS: usize = 300;
/// `json!` works token by token, and the compiler stops a macro that goes 128 deep.
const MAX_JSON_STEPS: usize = 100;

/// What can be asked for of a call, and what of it cannot.
struct Offer<'a> {
    record: &'a Record,
    call: &'a RecordedCall,
    matchers: Vec<Matcher>,
    left_out: Vec<String>,
}

/// An expectation that the call would have met, to be copied into the test.
pub(in crate::fake) fn expectation(record: &Record, call: &RecordedCall) -> String {
    let operation = operations::of(call.operation());
    let type_path = match operation {
        Some(operation) => operation.type_path.to_owned(),
        None => format!("/* the type of `{}` */", call.name()),
    };
    let offer = Offer::new(record, call);
    let mut text = format!("    fake.on::<{type_path}>()\n");
    for line in offer.lines() {
        let _ = writeln!(text, "        {line}");
    }
    for what in &offer.left_out {
        let _ = writeln!(text, "        // and {what}");
    }
    let reply = match operation {
        Some(operation) => format!(".reply({});", operation.sample),
        None => ".reply_json(json!({}));".to_owned(),
    };
    let _ = writeln!(text, "        {reply}");
    text
}

impl<'a> Offer<'a> {
    fn new(record: &'a Record, call: &'a RecordedCall) -> Self {
        let mut offer = Self {
            record,
            call,
            matchers: Vec::new(),
            left_out: Vec::new(),
        };
        let version = call.version();
        if version != ApiVersion::default() {
            offer.add(Matcher::Version(version));
        }
        let names_own_user = offer.path();
        for (name, value) in call.params() {
            if !(names_own_user && name == "by_user_id") {
                offer.param(name, value);
            }
        }
        for (name, upload) in call.request().files() {
            offer.file(&name, upload);
        }
        offer
    }

    /// Offers a matcher that holds and can be written; false for one that cannot.
    fn add(&mut self, matcher: Matcher) -> bool {
        let Some(line) = code(&matcher).filter(|_| matcher.holds(self.call)) else {
            return false;
        };
        // A parameter may come twice with one value.
        if self.lines().all(|other| other != line) {
            self.matchers.push(matcher);
        }
        true
    }

    fn lines(&self) -> impl Iterator<Item = String> {
        self.matchers.iter().filter_map(code)
    }

    /// A text with the token is shown with a placeholder, and so would not match.
    fn is_secret(&self, text: &str) -> bool {
        self.record.redact(text) != text
    }

    /// The id in the path; true when it names the user by an external id, which a parameter says.
    fn path(&mut self) -> bool {
        let ids = self.call.path_template().matches("{id}").count();
        let Some(id) = self.call.path_id() else {
            if ids > 0 {
                self.left_out.push("the id in its path".to_owned());
            }
            return false;
        };
        let id = id.to_owned();
        if self.is_secret(&id) {
            self.left_out
                .push("the id in its path, which holds the token".to_owned());
            return false;
        }
        if ids > 1 {
            self.left_out
                .push("the other ids in its path, with `.matching(…)`".to_owned());
        }
        if self.add(Matcher::ExternalUser(id.clone())) {
            return true;
        }
        // The app of the token stands in many paths and says nothing.
        if id != "$self_app" {
            self.add(Matcher::PathId(id));
        }
        false
    }

    fn param(&mut self, name: &str, value: &str) {
        if self.is_secret(name) || self.is_secret(value) {
            self.left_out
                .push(format!("the parameter {name:?}, which holds the token"));
            return;
        }
        if value.chars().count().max(name.chars().count()) <= MAX_CHARS {
            let json = match serde_json::from_str(value) {
                Ok(json) if diff::is_json(value) => Some(json),
                _ => None,
            };
            let json = json.is_some_and(|json| self.add(Matcher::ParamJson(name.into(), json)));
            if json || self.add(Matcher::Param(name.into(), value.into())) {
                return;
            }
        }
        let count = value.chars().count();
        self.left_out
            .push(format!("the parameter {name:?}, {count} characters"));
    }

    fn file(&mut self, name: &str, upload: Upload) {
        let (file_name, bytes) = (upload.name().to_owned(), upload.content().len());
        let is_secret = [name, &file_name]
            .into_iter()
            .any(|one| self.is_secret(one))
            || std::str::from_utf8(upload.content()).is_ok_and(|text| self.is_secret(text));
        if is_secret {
            self.left_out
                .push(format!("the file {name:?}, which holds the token"));
        } else if !self.add(Matcher::File(name.to_owned(), upload)) {
            self.left_out
                .push(format!("the file {name:?}: {file_name:?} of {bytes} bytes"));
        }
    }
}

/// The line of a test that makes a matcher, where there is a short one.
fn code(matcher: &Matcher) -> Option<String> {
    Some(match matcher {
        Matcher::Version(version) => format!(".version(ApiVersion::{version:?})"),
        Matcher::ExternalUser(id) => format!(".user({id:?})"),
        Matcher::PathId(id) => format!(".path_id({id:?})"),
        Matcher::Param(name, value) => format!(".param({name:?}, {value:?})"),
        Matcher::ParamJson(name, value) => {
            if steps(value) > MAX_JSON_STEPS {
                return None;
            }
            format!(".param_json({name:?}, json!({}))", json_code(value))
        }
        Matcher::File(name, upload) => {
            let text = std::str::from_utf8(upload.content()).ok()?;
            if text.chars().count() > MAX_CHARS {
                return None;
            }
            format!(
                ".file({name:?}, Upload::new({:?}, {text:?}))",
                upload.name()
            )
        }
        _ => return None,
    })
}

/// How deep `json!` goes at most for a value.
fn steps(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(|item| 2 + steps(item)).sum::<usize>() + 2,
        Value::Object(fields) => fields.values().map(|one| 4 + steps(one)).sum::<usize>() + 2,
        _ => 1,
    }
}

/// A value as Rust spells it within `json!`: other escapes than JSON, and numbers with their type
/// where the compiler would guess a smaller one.
fn json_code(value: &Value) -> String {
    let list = |items: Vec<String>| items.join(", ");
    match value {
        Value::Null | Value::Bool(_) => value.to_string(),
        Value::String(text) => format!("{text:?}"),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(small), _) if i32::try_from(small).is_ok() => small.to_string(),
            (Some(signed), None) => format!("{signed}_i64"),
            (_, Some(large)) => format!("{large}_u64"),
            _ => number.to_string(),
        },
        Value::Array(items) => format!("[{}]", list(items.iter().map(json_code).collect())),
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(name, one)| format!("{name:?}: {}", json_code(one)));
            format!("{{{}}}", list(fields.collect()))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use carrot_core::{Body, transport::CallContext};
    use http::Request;
    use proptest::{prelude::*, sample::select};
    use serde_json::json;

    use super::*;
    use crate::recording::RecordedRequest;

    const TOKEN: &str = "app.1.canary";

    /// What a call is made of.
    #[derive(Clone, Debug)]
    struct Parts {
        version: &'static str,
        id: &'static str,
        query: Vec<(String, String)>,
        form: Vec<(String, String)>,
        file: Option<(String, Vec<u8>)>,
    }

    fn call(parts: &Parts) -> RecordedCall {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&parts.query)
            .finish();
        let encoded: String = form_urlencoded::byte_serialize(parts.id.as_bytes()).collect();
        let path = format!("/{}/users/{}", parts.version, encoded.replace('+', "%20"));
        let mut body = Vec::new();
        let mut content_type = "application/x-www-form-urlencoded";
        match &parts.file {
            None => {
                let form = form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(&parts.form)
                    .finish();
                body.extend(form.into_bytes());
            }
            Some((name, content)) => {
                content_type = "multipart/form-data; boundary=----frontier";
                for (name, value) in &parts.form {
                    let name = name.replace('"', "%22").replace(['\n', '\r'], "");
                    let head = format!(
                        "------frontier\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
                    );
                    body.extend(head.into_bytes());
                }
                let head = format!(
                    "------frontier\r\nContent-Disposition: form-data; name=\"f\"; filename=\"{name}\"\r\n\r\n"
                );
                body.extend(head.into_bytes());
                body.extend(content);
                body.extend(b"\r\n------frontier--\r\n");
            }
        }
        let mut request = Request::post(format!("https://api.example{path}?{query}"))
            .header("content-type", content_type)
            .header("authorization", format!("Token {TOKEN}"))
            .body(Body::from(bytes::Bytes::from(body)))
            .expect("a request");
        let template = format!("/{}/users/{{id}}", parts.version);
        request
            .extensions_mut()
            .insert(CallContext::new("users.get", template));
        RecordedCall::new(RecordedRequest::from(request), Duration::ZERO)
    }

    fn record(call: &RecordedCall) -> Record {
        let mut record = Record::default();
        record.take(call, &[], 0);
        record
    }

    fn holds(matchers: &[Matcher], call: &RecordedCall) -> bool {
        matchers.iter().all(|matcher| matcher.holds(call))
    }

    fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
        let name = prop_oneof![
            4 => select(vec!["tags", "body", "operations", "by_user_id"]).prop_map(str::to_owned),
            1 => "[a-z\"\\\\ é$]{1,5}",
        ];
        let value = prop_oneof![
            2 => "\\PC{0,20}",
            2 => "[\"'\\\\\n\r\t{}\\[\\]:,0é]{0,12}",
            1 => select(vec!["true", "[]", "{\"a\": 1e400}", "{\"a\":1,\"a\":2}", "[1e20,-0]"]).prop_map(str::to_owned),
            1 => Just(format!("the key is {TOKEN}")),
            1 => Just("long ".repeat(70)),
            2 => any::<i64>().prop_map(|id| json!({"id": id, "list": [null, id as f64 / 3.0]}).to_string()),
        ];
        prop::collection::vec((name, value), 0..5)
    }

    fn parts() -> impl Strategy<Value = Parts> {
        let version = select(vec!["v1", "v2"]);
        let id = select(vec!["7", "order-42", "$self_app", "a \"b\"", TOKEN]);
        let content = prop_oneof![
            "[a-z\n\"]{0,9}".prop_map(String::into_bytes),
            prop::collection::vec(any::<u8>(), 0..9),
        ];
        let file = prop::option::of(("[a-z.]{1,9}", content));
        (version, id, pairs(), pairs(), file).prop_map(|(version, id, query, form, file)| Parts {
            version,
            id,
            query,
            form,
            file,
        })
    }

    proptest! {
        #[test]
        fn what_is_offered_holds_for_the_call(parts in parts()) {
            let call = call(&parts);
            let record = record(&call);
            let offer = Offer::new(&record, &call);
            prop_assert!(holds(&offer.matchers, &call), "{:?}", offer.left_out);
            prop_assert_eq!(offer.matchers.len(), offer.lines().count());
            let text = expectation(&record, &call);
            prop_assert!(!text.contains("canary"), "{}", text);
            prop_assert_eq!(record.redact(&text), text);
        }

        /// Each part of a call counts, but for what the text says it leaves out.
        #[test]
        fn offered_code_needs_every_part(parts in parts(), at in any::<prop::sample::Index>()) {
            let whole = call(&parts);
            let record = record(&whole);
            let offer = Offer::new(&record, &whole);
            let mut changed = parts.clone();
            changed.version = if parts.version == "v1" { "v2" } else { "v1" };
            prop_assert_eq!(holds(&offer.matchers, &call(&changed)), parts.version == "v2");

            if parts.query.is_empty() {
                return Ok(());
            }
            let mut changed = parts.clone();
            let (name, value) = changed.query.remove(at.index(parts.query.len()));
            let same = |(other_name, other): &(String, String)| {
                let json = |text: &str| serde_json::from_str::<Value>(text).ok();
                *other_name == name && (*other == value || json(other).is_some_and(|one| Some(one) == json(&value)))
            };
            let lost = !call(&changed).params().iter().any(same);
            let is_named = offer.left_out.iter().any(|text| text.contains(&format!("{name:?}")));
            // What says that the id is one of your own, or what was hidden behind it.
            if lost && !is_named && name != "by_user_id" {
                prop_assert!(!holds(&offer.matchers, &call(&changed)), "{name:?} {value:?}");
            }
        }
    }

    #[test]
    fn json_is_spelled_as_rust_spells_it() {
        let value = json!({
            "a\n\"": [null, true, -5, 2147483648_u64, -2147483649_i64, u64::MAX, 0.1, 1e100, "é\u{7f}\\"],
        });
        assert_eq!(
            json_code(&value),
            r#"{"a\n\"": [null, true, -5, 2147483648_u64, -2147483649_i64, 18446744073709551615_u64, 0.1, 1e+100, "é\u{7f}\\"]}"#
        );
    }

    #[test]
    fn invalid_literals_are_written_as_text() {
        let call = call(&Parts {
            version: "v2",
            id: "7",
            query: vec![("list".into(), json!(vec![1; 60]).to_string())],
            form: Vec::new(),
            file: None,
        });
        let record = record(&call);
        let offer = Offer::new(&record, &call);
        // The text as such can always be written.
        let list = format!(".param(\"list\", {:?})", json!(vec![1; 60]).to_string());
        let lines: Vec<String> = offer.lines().collect();
        assert_eq!(lines, [".path_id(\"7\")".to_owned(), list]);
    }
}
