//! Properties of many users: which requests are made of them, what is reported, and that nothing is
//! lost or done twice.

use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use carrot_core::{
    ApiVersion, AuthToken, Body, Client, ClientBuilder, Clock, ErrorKind, ExponentialBackoff,
    HttpTransport, LocalRateLimiter, NoRateLimit, Sent, TransportError,
    client::CallOptions,
    transport::TransportErrorKind,
    types::{PropertyDate, PropertyOperation, PropertyValue, UserId, UserRef},
    users::{Import, PlannedImport, PropertyChange, PropsProgress, PropsReport, SetProps},
};
use carrot_testing::{RecordedRequest, Sandbox, VirtualClock};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{
    TOKEN, Watched,
    canary::{E_MAIL, OWN_ID, TEXT, assert_error_hides_all},
    canned,
    request::Parameters as _,
    request::line,
    run, watched,
};

const SECOND: Duration = Duration::from_secs(1);
const MAX_OPERATIONS: usize = 250;
const MAX_BYTES: usize = 30_000_000;

/// A user as a request names it: whether by an external id, and the id.
type Name = (bool, String);

/// The properties of all users.
type State = BTreeMap<Name, BTreeMap<String, Value>>;

/// A request as the service reads it.
#[derive(Clone, Debug, PartialEq)]
enum Request {
    Import(String),
    Props(Name, Vec<Value>),
}

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Refused,
    AnswerLost,
}

/// The service as far as properties go. An answer takes a second.
#[derive(Clone, Debug)]
struct Service(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: VirtualClock,
    /// By the number of the request.
    faults: BTreeMap<usize, Fault>,
    seen: Mutex<(Vec<Request>, State)>,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
}

impl Service {
    fn new(clock: &VirtualClock, faults: impl IntoIterator<Item = (usize, Fault)>) -> Self {
        Self(Arc::new(Inner {
            clock: clock.clone(),
            faults: faults.into_iter().collect(),
            seen: Mutex::default(),
            in_flight: AtomicUsize::new(0),
            most_in_flight: AtomicUsize::new(0),
        }))
    }

    fn seen(&self) -> MutexGuard<'_, (Vec<Request>, State)> {
        self.0.seen.lock().expect("no panic held it")
    }

    fn requests(&self) -> Vec<Request> {
        self.seen().0.clone()
    }

    fn state(&self) -> State {
        self.seen().1.clone()
    }
}

#[async_trait]
impl HttpTransport for Service {
    async fn send(
        &self,
        request: http::Request<Body>,
    ) -> Result<http::Response<Bytes>, TransportError> {
        let request = read(&RecordedRequest::from(request));
        let number = {
            let seen = &mut *self.seen();
            seen.0.push(request.clone());
            seen.0.len()
        };
        let fault = self.0.faults.get(&number);
        let mut response = http::Response::new(match fault {
            Some(Fault::Refused) => {
                Bytes::from_static(br#"{"meta":{"status":400,"error":"BadRequest"},"data":{}}"#)
            }
            _ => apply(&mut self.seen().1, &request),
        });
        let in_flight = 1 + self.0.in_flight.fetch_add(1, Ordering::Relaxed);
        self.0
            .most_in_flight
            .fetch_max(in_flight, Ordering::Relaxed);
        self.0.clock.sleep(SECOND).await;
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
        match fault {
            Some(Fault::AnswerLost) => {
                return Err(TransportError::new(TransportErrorKind::Reset, Sent::Maybe));
            }
            Some(Fault::Refused) => *response.status_mut() = http::StatusCode::BAD_REQUEST,
            None => {}
        }
        Ok(response)
    }
}

/// Reads a request, and checks that the service would take it.
fn read(request: &RecordedRequest) -> Request {
    let segments = request.segments();
    let generation = &*segments[0];
    let segments: Vec<&str> = segments[1..].iter().map(|segment| &**segment).collect();
    let body = std::str::from_utf8(request.body()).expect("UTF-8");
    match segments[..] {
        ["users", "import"] => {
            assert_eq!(generation, "v2");
            let parts: Vec<&str> = body.split("Content-Disposition: ").collect();
            // Neither a delimiter nor a field to merge by: the service's defaults are documented.
            assert_eq!(parts.len(), 3);
            assert!(parts[1].starts_with("form-data; name=\"app\"\r\n\r\n$self_app\r\n"));
            assert!(parts[2].starts_with("form-data; name=\"file\"; filename=\"users.csv\"\r\n"));
            let (_, file) = parts[2].split_once("\r\n\r\n").expect("headers");
            let (file, _) = file.split_once("\r\n--").expect("an end");
            assert!(file.len() < MAX_BYTES);
            Request::Import(file.to_owned())
        }
        ["users", id, "props"] => {
            let operations = request.parameter("operations").expect("operations");
            let operations: Vec<Value> = serde_json::from_str(&operations).expect("JSON");
            assert!((1..=MAX_OPERATIONS).contains(&operations.len()));
            let own = request.parameter("by_user_id").as_deref() == Some("true");
            Request::Props((own, id.to_owned()), operations)
        }
        _ => panic!("{}", line(request)),
    }
}

/// Does what the request says, and answers.
fn apply(state: &mut State, request: &Request) -> Bytes {
    let answer = match request {
        Request::Props(name, operations) => {
            let user = state.entry(name.clone()).or_default();
            let mut keys = Vec::new();
            for operation in operations {
                let text = |name: &str| operation[name].as_str().expect("a text");
                change(user, text("op"), text("key"), &operation["value"]);
                keys.push(text("key"));
            }
            json!({"meta": {"status": 200, "affected_props": keys}, "data": {}})
        }
        Request::Import(csv) => {
            let mut lines = csv.strip_suffix('\n').expect("a last line end").split('\n');
            let columns: Vec<&str> = lines.next().expect("names").split('\t').collect();
            assert_eq!(columns[0], "$user_id");
            let mut users = 0;
            for line in lines {
                let cells: Vec<&str> = line.split('\t').collect();
                assert_eq!(cells.len(), columns.len());
                assert!(cells.iter().all(|cell| !cell.is_empty()));
                let user = state.entry((true, cells[0].to_owned())).or_default();
                for (key, cell) in columns.iter().zip(&cells).skip(1) {
                    change(user, "update_or_create", key, &json!(cell));
                }
                users += 1;
            }
            assert!(users > 0);
            json!({"meta": {"status": 200}, "data": {"row_errors": {}, "updates_planned": users}})
        }
    };
    Bytes::from(answer.to_string())
}

/// One operation, as section "props" of the vendor's pages has it.
fn change(user: &mut BTreeMap<String, Value>, op: &str, key: &str, value: &Value) {
    let guessed = value.as_str().and_then(|text| text.parse::<i64>().ok());
    let value = match guessed {
        Some(number) if !key.starts_with('$') => json!(number),
        _ => value.clone(),
    };
    let old = user.get(key).cloned();
    let mut list = old.as_ref().and_then(Value::as_array).cloned();
    let list = list.get_or_insert_default();
    let new = match op {
        "update_or_create" => value,
        "set_once" => old.unwrap_or(value),
        "add" => {
            let old = old.as_ref().and_then(Value::as_i64).unwrap_or(0);
            json!(old + value.as_i64().expect("a number"))
        }
        "delete" => {
            user.remove(key);
            return;
        }
        "append" => {
            list.push(value);
            json!(list)
        }
        "union" => {
            list.retain(|item| *item != value);
            list.push(value);
            json!(list)
        }
        "exclude" => {
            list.retain(|item| *item != value);
            json!(list)
        }
        _ => panic!("no such operation"),
    };
    user.insert(key.to_owned(), new);
}

fn builder(
    transport: impl HttpTransport,
    clock: &VirtualClock,
    version: ApiVersion,
) -> ClientBuilder {
    let token = AuthToken::new(TOKEN).expect("a sound token");
    Client::builder(transport, clock.clone(), token)
        .version(version)
        .rate_limiter(NoRateLimit::new())
        .retry(ExponentialBackoff::none())
}

fn client(transport: impl HttpTransport, clock: &VirtualClock, version: ApiVersion) -> Watched {
    watched(builder(transport, clock, version))
}

/// A client that sends nothing.
fn planner() -> Watched {
    let clock = VirtualClock::manual();
    client(Service::new(&clock, []), &clock, ApiVersion::V2)
}

fn to_the_end(_: &PropsProgress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn set<V>(key: &str, value: V) -> PropertyOperation
where
    V: TryInto<PropertyValue, Error: Into<carrot_core::types::InvalidValue>>,
{
    PropertyOperation::update_or_create(key, value).expect("sound")
}

fn of(id: &str) -> PropertyChange {
    PropertyChange::new(UserRef::external(id))
}

fn own(id: &str) -> Name {
    (true, id.to_owned())
}

/// Users with the same properties, and one each of two other kinds.
fn mixed() -> Vec<PropertyChange> {
    let many = (0..3).map(|id| of(&format!("{OWN_ID}-{id}")).with(set("plan", TEXT)));
    let mut changes: Vec<_> = many.collect();
    changes.push(of(E_MAIL).with(PropertyOperation::add("orders", 1).expect("sound")));
    let big = (0..600).map(|key| set(&format!("key-{key}"), true));
    changes.push(of("big").with_all(big));
    changes
}

/// All operations that a report does not call applied, and how many those are.
fn left(report: PropsReport) -> (Vec<PropertyChange>, usize) {
    let applied = report
        .applied
        .iter()
        .map(|(_, answer)| answer.affected.len());
    let applied = applied.sum::<usize>();
    let scheduled = report.scheduled.iter().map(|import| import.users.len());
    let scheduled = scheduled.sum::<usize>();
    let mut left: Vec<_> = report
        .cut_off
        .into_iter()
        .map(|(change, _)| change)
        .collect();
    for failure in report.failed {
        assert_error_hides_all(&failure.error);
        left.extend(failure.changes);
        left.extend(failure.not_sent);
    }
    left.extend(report.rest);
    (left, applied + scheduled)
}

fn operations(changes: &[PropertyChange]) -> usize {
    changes.iter().map(|change| change.operations().len()).sum()
}

#[test]
fn the_requests_byte_for_byte() {
    let clock = VirtualClock::manual();
    let service = Service::new(&clock, []);
    let client = client(service.clone(), &clock, ApiVersion::V2);
    let changes = [
        of("order 41/ц")
            .with(set("plan", "про"))
            .with(set("$name", "O'Neil, A; b|c")),
        of("c").with(PropertyOperation::delete("trial").expect("sound")),
        of("order-42").with(set("$name", "Ada")),
        of("order-42").with(set("plan", "12345")),
        of("order-43").with_all([set("$name", "Eve"), set("plan", -7)]),
        PropertyChange::new(UserId::new(7)).with(set("plan", "pro")),
    ];
    let mut plan = client.set_props_of_many(changes).plan().expect("sound");
    let csv = "$user_id\t$name\tplan\n\
               order 41/ц\tO'Neil, A; b|c\tпро\n\
               order-42\tAda\t12345\n\
               order-43\tEve\t-7\n";
    assert_eq!(plan.requests(), 3);
    let [import] = plan.imports() else {
        panic!("one import")
    };
    assert_eq!(import.request(), Import::new(csv));
    assert_eq!(import.bytes(), csv.len());
    let users = ["order 41/ц", "order-42", "order-43"].map(UserRef::external);
    assert!(import.users().eq(&users));
    let direct = [UserRef::external("c"), UserRef::Id(UserId::new(7))];
    assert!(plan.direct().eq(&direct));

    let mut steps = Vec::new();
    let report = clock.run(async {
        plan.run(|progress| {
            steps.push((progress.scheduled, progress.applied, progress.done()));
            ControlFlow::Continue(())
        })
        .await
    });
    assert_eq!(steps, [(3, 0, 3), (3, 1, 4), (3, 2, 5)]);
    assert_eq!((plan.progress().users, plan.requests()), (5, 0));
    assert_eq!(
        service.requests(),
        [
            Request::Import(csv.to_owned()),
            Request::Props(
                own("c"),
                vec![json!({"op": "delete", "key": "trial", "value": ""})]
            ),
            Request::Props(
                (false, "7".to_owned()),
                vec![json!({"op": "update_or_create", "key": "plan", "value": "pro"})]
            ),
        ]
    );
    assert_eq!(report.scheduled.len(), 1);
    assert_eq!(report.scheduled[0].users, users);
    assert_eq!(report.scheduled[0].report.updates_planned, Some(3));
    let applied: Vec<_> = report
        .applied
        .iter()
        .map(|(user, _)| user.clone())
        .collect();
    assert_eq!(applied, direct);
    assert_eq!(report.applied[0].1.affected, ["trial"]);
    assert!(report.failed.is_empty() && report.cut_off.is_empty() && report.rest.is_empty());
}

#[test]
fn which_changes_go_by_an_import() {
    let date = PropertyValue::from(PropertyDate::new(2026, 1, 31).expect("a day"));
    let texts = |texts: &[&str]| texts.iter().map(|text| set("a", *text)).collect::<Vec<_>>();
    let names = |names: &[&str]| names.iter().map(|name| set(name, "x")).collect::<Vec<_>>();
    let by_import = [
        texts(&[
            "x",
            "два слова",
            "0",
            "-1",
            "1.5",
            "true",
            "a,b;c|d",
            "O'Neil",
            "=1+1",
            "é\u{301}",
            "😀",
        ]),
        names(&["a", "two words", "имя"]),
        names(&["$name", "$email", "$phone", "$group", "$last_order_status"]),
        vec![set("a", 0), set("a", -1_i64 << 53), set("a", 1_u64 << 53)],
    ];
    let directly = [
        texts(&[
            "",
            " ",
            " x",
            "x ",
            "a  b",
            "a\tb",
            "a\nb",
            "a\rb",
            "a\u{0}b",
            "a\u{85}b",
            "\"a\"",
            "a\"b",
            "a\\b",
            "a\u{a0}b",
            "a\u{2028}b",
            "a\u{200b}b",
            "\u{feff}a",
            "a\u{ad}b",
            "2026-01-31",
            "2026-01-31T10:00:00",
        ]),
        names(&["$user_id", "$carrot_id", " a", "a ", "a\"b", "a\u{200d}b"]),
        // Misspelled, set by the service only, an integer.
        names(&["$nme", "$city", "$revenue"]),
        vec![
            set("a", true),
            set("a", date),
            set("a", ["x", "y"]),
            set("$revenue", 5),
            PropertyOperation::set_once("a", "x").expect("sound"),
            PropertyOperation::add("a", 1).expect("sound"),
            PropertyOperation::append("a", "x").expect("sound"),
            PropertyOperation::union("a", "x").expect("sound"),
            PropertyOperation::exclude("a", "x").expect("sound"),
            PropertyOperation::delete("a").expect("sound"),
        ],
    ];
    let imports = |changes: Vec<PropertyChange>| {
        let plan = planner().set_props_of_many(changes).plan().expect("sound");
        assert_eq!(
            plan.requests(),
            plan.imports().len() + plan.direct().count()
        );
        (plan.imports().len(), plan.direct().count())
    };
    let two = |operation: &PropertyOperation| {
        let common = set("common", "x");
        ["u1", "u2"].map(|id| of(id).with(common.clone()).with(operation.clone()))
    };
    for operation in by_import.iter().flatten() {
        assert_eq!(imports(two(operation).into()), (1, 0), "{operation:?}");
    }
    for operation in directly.iter().flatten() {
        assert_eq!(imports(two(operation).into()), (0, 2), "{operation:?}");
    }
    // The same property twice, in one change and in two.
    let (one, two) = (set("a", "1"), set("a", "2"));
    let twice = |id| of(id).with_all([one.clone(), two.clone()]);
    assert_eq!(imports(vec![twice("u1"), twice("u2")]), (0, 2));
    let again = ["u1", "u2", "u1", "u2"].map(|id| of(id).with(one.clone()));
    assert_eq!(imports(again.into()), (0, 2));
    // Ids.
    for ids in [["a b", "7"], ["a,b", "007"], ["import", "..."]] {
        assert_eq!(
            imports(ids.map(|id| of(id).with(one.clone())).into()),
            (1, 0),
            "{ids:?}"
        );
    }
    for ids in [["a ", " a"], ["a\"", "a\\"], ["a\u{200b}", "\u{a0}a"]] {
        assert_eq!(
            imports(ids.map(|id| of(id).with(one.clone())).into()),
            (0, 2),
            "{ids:?}"
        );
    }
    let by_id = [1, 2].map(|id| PropertyChange::new(UserId::new(id)).with(one.clone()));
    assert_eq!(imports(by_id.into()), (0, 2));
    // Each set of properties has a file, and nobody one alone.
    let other = set("b", "x");
    let sets = [
        of("u1").with(one.clone()),
        of("u2").with(one.clone()).with(other.clone()),
        of("u3").with(other.clone()),
        of("u4").with(other.clone()).with(one.clone()),
        of("u5").with(two.clone()),
    ];
    assert_eq!(imports(sets.into()), (2, 1));
}

#[test]
fn no_import_where_it_is_unknown_or_not_wanted() {
    let clock = VirtualClock::manual();
    for version in ApiVersion::ALL {
        let service = Service::new(&clock, []);
        let client = client(service.clone(), &clock, version);
        let mut job = client.set_props_of_many(mixed());
        if version == ApiVersion::V2 {
            job = job.without_import();
        }
        let mut plan = job.plan().expect("sound");
        assert_eq!(
            (plan.imports().len(), plan.requests()),
            (0, 7),
            "{version:?}"
        );
        let report = clock.run(plan.run(to_the_end));
        assert_eq!((report.applied.len(), report.scheduled.len()), (5, 0));
        assert_eq!(service.requests().len(), 7);
    }
}

#[test]
fn the_fewest_requests() {
    let requests = |changes: Vec<PropertyChange>| {
        let plan = planner().set_props_of_many(changes).plan().expect("sound");
        plan.requests()
    };
    let users = |users: usize, operations: &dyn Fn(usize) -> Vec<PropertyOperation>| {
        let change = |user| of(&format!("u{user}")).with_all(operations(user));
        (0..users).map(change).collect::<Vec<_>>()
    };
    let props = |count: usize| (0..count).map(|key| set(&format!("k{key}"), "x"));
    assert_eq!(requests(Vec::new()), 0);
    assert_eq!(requests(users(10_000, &|user| vec![set("plan", user)])), 1);
    assert_eq!(requests(users(100, &|_| vec![set("plan", true)])), 100);
    let three_kinds = |user: usize| props(1 + user % 3).collect();
    assert_eq!(requests(users(300, &three_kinds)), 3);
    // One user alone: an import only where it saves requests.
    assert_eq!(requests(users(1, &|_| props(250).collect())), 1);
    let plan = planner()
        .set_props_of_many(users(1, &|_| props(250).collect()))
        .plan();
    assert_eq!(plan.expect("sound").imports().len(), 0);
    let plan = planner()
        .set_props_of_many(users(1, &|_| props(251).collect()))
        .plan();
    assert_eq!(plan.expect("sound").imports().len(), 1);
    for (operations, expected) in [(250, 1), (251, 2), (500, 2), (501, 3)] {
        let deletions = |_| {
            let delete = |key| PropertyOperation::delete(format!("k{key}")).expect("sound");
            (0..operations).map(delete).collect()
        };
        assert_eq!(requests(users(1, &deletions)), expected, "{operations}");
        assert_eq!(requests(users(3, &deletions)), 3 * expected, "{operations}");
    }
}

#[test]
fn imports_go_one_at_a_time_and_the_others_as_many_as_asked_for() {
    for (asked, most) in [(None, 8), (Some(3), 3), (Some(0), 1)] {
        let clock = VirtualClock::manual();
        let service = Service::new(&clock, []);
        let client = client(service.clone(), &clock, ApiVersion::V2);
        let change = |user: usize| {
            let change = of(&format!("u{user}"));
            match user {
                0..20 => change.with(set(&format!("k{}", user % 10), "x")),
                _ => change.with(set("flag", true)),
            }
        };
        let mut job = client.set_props_of_many((0..44).map(change));
        if let Some(calls) = asked {
            job = job.concurrency(calls);
        }
        let mut plan = job.plan().expect("sound");
        assert_eq!((plan.imports().len(), plan.requests()), (10, 34));
        clock.run(plan.run(to_the_end));
        assert_eq!(service.0.most_in_flight.load(Ordering::Relaxed), most);
        // Ten seconds for the imports, and as many as it takes for the others.
        let others = 24_u32.div_ceil(most as u32);
        assert_eq!(clock.now(), (10 + others) * SECOND);
    }
}

#[test]
fn files_stay_below_30_megabytes() {
    // A line has 300 bytes: an id of 9, a tab, a value, a line end.
    let users = 100_001;
    let value = "щ".repeat(144) + "x";
    let changes = (0..users).map(|user| of(&format!("u{user:08}")).with(set("a", &value)));
    let client = planner();
    let plan = client.set_props_of_many(changes).plan().expect("sound");
    let sizes: Vec<_> = plan
        .imports()
        .iter()
        .map(|import| (import.users().len(), import.bytes()))
        .collect();
    // Below 30,000,000: with the first line of 11 bytes, 99,999 users fit and 100,000 do not.
    let full = (99_999, 29_999_711);
    assert_eq!(sizes, [full, (2, 611)]);
    for import in plan.imports() {
        client
            .prepare(&import.request())
            .expect("the service's limits hold");
    }
}

#[test]
fn an_import_has_time_for_its_file() {
    let recorder = canned([]);
    let client = crate::support::client(&recorder, ApiVersion::V2);
    // 2,000 lines of 125 bytes after the first of 11, a small file, and a user who goes alone.
    let value = "x".repeat(118);
    let timeouts = |client: &Watched| {
        let many = (0..2_000).map(|user| of(&format!("u{user:04}")).with(set("a", &value)));
        let few = ["v1", "v2"].map(|id| of(id).with(set("c", "x")));
        let changes = many.chain(few).chain([of("alone").with(set("b", true))]);
        let mut plan = client.set_props_of_many(changes).plan().expect("sound");
        let sizes = plan.imports().iter().map(PlannedImport::bytes);
        assert_eq!(sizes.collect::<Vec<_>>(), [250_011, 21]);
        let before = recorder.requests().len();
        run(plan.run(to_the_end));
        let requests = recorder.requests().split_off(before);
        let timeouts = requests
            .into_iter()
            .map(|sent| sent.context().expect("a context").timeout);
        timeouts.collect::<Vec<_>>()
    };
    let import = Some(12 * SECOND + 11 * Duration::from_micros(8));
    assert_eq!(timeouts(&client), [import, import, Some(10 * SECOND)]);
    // Nor does the limit count that a transport has of its own where it is told of none.
    let endless = client.with_options(CallOptions::new().attempt_timeout(None));
    let forever = Some(Duration::MAX);
    assert_eq!(timeouts(&endless), [forever, forever, None]);
}

#[test]
fn bad_input_is_refused_before_anything_is_sent() {
    let plan = set("plan", "pro");
    let long = "ю".repeat(256);
    let bad = [
        (of("fine"), "operations"),
        (of("").with(plan.clone()), "user"),
        (of("..").with(plan.clone()), "user"),
        (of("se\ncret").with(plan.clone()), "user"),
        (of(&long).with(plan.clone()), "user"),
        (
            PropertyChange::new(UserId::new(0)).with(plan.clone()),
            "user",
        ),
    ];
    for (bad, field) in bad {
        for import in [true, false] {
            let good = || of("order-42").with(plan.clone());
            let mut job = planner().set_props_of_many([good(), good(), bad.clone(), good()]);
            if !import {
                job = job.without_import();
            }
            let error = job.plan().expect_err("bad input");
            assert_eq!(error.kind(), ErrorKind::InvalidRequest);
            assert_eq!(error.sent(), Sent::Never);
            let invalid = error.invalid_value().expect("a rule");
            assert_eq!(invalid.field(), format!("changes[2].{field}"));
            assert!(!error.to_string().contains("se\ncret") && !error.to_string().contains(&long));
        }
    }
}

#[test]
fn requests_of_one_user_follow_each_other() {
    let clock = VirtualClock::manual();
    let big = |id: &str| {
        let keys = (0..600).map(|key| PropertyOperation::append("list", key.to_string()));
        of(id).with_all(keys.map(|operation| operation.expect("sound")))
    };
    for (fault, applied) in [
        (None, 600),
        (Some(Fault::Refused), 250),
        (Some(Fault::AnswerLost), 250),
    ] {
        // Of each user the first request; then the second, of which the first fails.
        let service = Service::new(&clock, fault.map(|fault| (3, fault)));
        let client = client(service.clone(), &clock, ApiVersion::V2);
        let mut plan = client
            .set_props_of_many([big("a"), big("b")])
            .plan()
            .expect("sound");
        assert_eq!(plan.requests(), 6);
        let report = clock.run(plan.run(to_the_end));
        let items = |id| {
            let state = service.state();
            let items = state[&own(id)]["list"].as_array().expect("a list").clone();
            items
                .iter()
                .map(|item| item.as_i64().expect("a number"))
                .collect::<Vec<_>>()
        };
        assert_eq!(items("b"), (0..600).collect::<Vec<_>>(), "in their order");
        let of_a = report
            .applied
            .iter()
            .find(|(user, _)| *user == UserRef::external("a"));
        assert_eq!(of_a.expect("a part was applied").1.affected.len(), applied);
        let Some(fault) = fault else {
            assert_eq!(items("a"), (0..600).collect::<Vec<_>>());
            assert!(report.failed.is_empty());
            continue;
        };
        assert_eq!(service.requests().len(), 5, "the third of `a` was not sent");
        let [failure] = &report.failed[..] else {
            panic!("one failure")
        };
        let lost = matches!(fault, Fault::AnswerLost);
        assert_error_hides_all(&failure.error);
        assert_eq!(failure.error.may_have_been_applied(), lost);
        let all = big("a");
        let [failed] = &failure.changes[..] else {
            panic!("one change")
        };
        assert_eq!(failed.operations(), &all.operations()[250..500]);
        let not_sent = failure.not_sent.as_ref().expect("the last hundred");
        assert_eq!(not_sent.operations(), &all.operations()[500..]);
        assert_eq!(not_sent.user(), failed.user());
        assert_eq!((plan.progress().applied, plan.progress().failed), (1, 1));
        // What was refused can be handed in again, as it is.
        if !lost {
            let (again, _) = left(report);
            let mut plan = client.set_props_of_many(again).plan().expect("sound");
            clock.run(plan.run(to_the_end));
            assert_eq!(items("a"), (0..600).collect::<Vec<_>>());
        }
    }
}

#[test]
fn an_import_whose_answer_is_lost_is_not_repeated_and_stops_nobody() {
    let clock = VirtualClock::manual();
    for (fault, uncertain) in [(Fault::AnswerLost, true), (Fault::Refused, false)] {
        let service = Service::new(&clock, [(1, fault)]);
        let token = AuthToken::new(TOKEN).expect("a sound token");
        // With the retries that a client has by default.
        let client = watched(Client::builder(service.clone(), clock.clone(), token));
        let mut plan = client.set_props_of_many(mixed()).plan().expect("sound");
        let report = clock.run(plan.run(to_the_end));
        assert_eq!(service.requests().len(), 1 + 1 + 3);
        let [failure] = &report.failed[..] else {
            panic!("one failure")
        };
        assert_error_hides_all(&failure.error);
        assert_eq!(failure.error.may_have_been_applied(), uncertain);
        assert_eq!(failure.error.operation(), "users.import");
        assert_eq!(failure.changes, mixed()[..3]);
        assert!(failure.not_sent.is_none());
        assert_eq!((report.applied.len(), report.scheduled.len()), (2, 0));
        assert_eq!((plan.progress().failed, plan.progress().done()), (3, 5));
    }
}

/// Whatever the work is stopped after: what is reported as left is exactly what was not sent.
#[test]
fn the_callback_stops_the_work_and_the_rest_goes_on_later() {
    let clock = VirtualClock::manual();
    let whole = {
        let service = Service::new(&clock, []);
        let client = client(service.clone(), &clock, ApiVersion::V2);
        let mut plan = client.set_props_of_many(mixed()).plan().expect("sound");
        clock.run(plan.run(to_the_end));
        service.state()
    };
    for calls in 1..6 {
        for concurrency in [1, 2] {
            let service = Service::new(&clock, []);
            let client = client(service.clone(), &clock, ApiVersion::V2);
            let job = client.set_props_of_many(mixed()).concurrency(concurrency);
            let mut plan = job.plan().expect("sound");
            let mut told = 0;
            let run = plan.run(|_| {
                told += 1;
                match told >= calls {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                }
            });
            let report = clock.run(run);
            assert!(report.failed.is_empty() && report.cut_off.is_empty());
            let sent = service.requests().len();
            assert!((calls..calls + concurrency).contains(&sent), "{sent}");
            assert_eq!(told, sent);
            let (rest, done) = left(report);
            assert_eq!(
                done + operations(&rest),
                operations(&mixed()),
                "after {calls}"
            );
            let mut plan = client.set_props_of_many(rest).plan().expect("sound");
            assert_eq!(sent + plan.requests(), 5);
            clock.run(plan.run(to_the_end));
            assert_eq!(service.requests().len(), 5);
            // The model adds once more for what is sent once more.
            assert_eq!(service.state(), whole);
        }
    }
}

#[test]
fn a_run_can_be_dropped_anywhere() {
    let clock = VirtualClock::manual();
    let mut points = 0;
    for polls in 0.. {
        let begin = || {
            let service = Service::new(&clock, []);
            let client = client(service.clone(), &clock, ApiVersion::V2);
            let plan = client.set_props_of_many(mixed()).concurrency(2).plan();
            (service, plan.expect("sound"))
        };
        // Dropped after so many polls, and run again: each request is sent once.
        let (service, mut plan) = begin();
        let mut ended = false;
        {
            let mut run = pin!(plan.run(to_the_end));
            for _ in 0..polls {
                if let Poll::Ready(report) = clock.step(run.as_mut()) {
                    assert_eq!(left(report).1, operations(&mixed()));
                    ended = true;
                    break;
                }
            }
        }
        if ended {
            break;
        }
        let report = clock.run(plan.run(to_the_end));
        assert_eq!(service.requests().len(), 5, "dropped after {polls} polls");
        assert_eq!(left(report).1, operations(&mixed()));

        // Dropped after as many, and given up: every operation is accounted for.
        let (service, mut plan) = begin();
        {
            let mut run = pin!(plan.run(to_the_end));
            for _ in 0..polls {
                assert!(clock.step(run.as_mut()).is_pending());
            }
        }
        let report = plan.into_report();
        let sent = service.requests();
        let import_under_way = sent.len() == 1 && report.scheduled.is_empty();
        for (change, safety) in &report.cut_off {
            let adds = change.user() == &UserRef::external(E_MAIL);
            let expected = match import_under_way || adds {
                true => false,
                false => true,
            };
            assert_eq!(*safety, expected, "{change:?}");
        }
        let cut_off = match import_under_way {
            true => 1,
            false => report.cut_off.len(),
        };
        let (left, done) = left(report);
        assert_eq!(
            done + operations(&left),
            operations(&mixed()),
            "after {polls} polls"
        );
        let answered = sent.len() - cut_off;
        assert!(answered <= 5 && (done == 0) == (answered == 0));
        points += 1;
    }
    assert!(points > 4, "{points} points");
}

#[test]
fn requests_that_wait_for_the_quota_are_given_back_by_a_stop() {
    let clock = VirtualClock::manual();
    let service = Service::new(&clock, []);
    let rate_limit = LocalRateLimiter::with_limit(clock.clone(), 3, 60 * SECOND);
    let client = watched(builder(service.clone(), &clock, ApiVersion::V2).rate_limiter(rate_limit));
    let changes = mixed();
    // An import and two others are sent; the second of the big one, and nobody else, waits.
    let mut plan = client
        .set_props_of_many(changes.clone())
        .plan()
        .expect("sound");
    let report = clock.run(plan.run(|progress| match progress.done() {
        4 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    }));
    assert_eq!((service.requests().len(), clock.now()), (3, 2 * SECOND));
    assert!(report.cut_off.is_empty() && report.failed.is_empty());
    assert_eq!(operations(&report.rest), 350, "all but the first 250");
    let mut plan = client.set_props_of_many(report.rest).plan().expect("sound");
    clock.run(plan.run(to_the_end));
    assert_eq!(service.requests().len(), 5);
}

#[test]
fn changes_can_be_kept_for_another_run_of_the_program() {
    let mut changes = mixed();
    let date = PropertyValue::from(PropertyDate::new(2026, 1, 31).expect("a day"));
    changes.push(PropertyChange::new(UserId::new(u64::MAX)).with(set("day", date)));
    let kept = serde_json::to_string(&changes).expect("texts and numbers");
    let read: Vec<PropertyChange> = serde_json::from_str(&kept).expect("the same");
    assert_eq!(read, changes);
    assert_eq!(
        serde_json::to_value(of("u1").with(set("a", "x"))).expect("texts"),
        json!({
            "user": {"external": "u1"},
            "operations": [{"op": "update_or_create", "key": "a", "value": "x"}],
        })
    );
    // The rules hold for what is read, too.
    let bad = r#"{"user":{"id":1},"operations":[{"op":"add","key":"","value":1}]}"#;
    serde_json::from_str::<PropertyChange>(bad).expect_err("a name is missing");
}

#[test]
fn who_stops_before_the_start_gets_everything_back() {
    let clock = VirtualClock::manual();
    let service = Service::new(&clock, []);
    let client = client(service.clone(), &clock, ApiVersion::V2);
    let mut plan = client.set_props_of_many(mixed()).plan().expect("sound");
    plan.stop();
    let report = clock.run(plan.run(|_| panic!("nothing is done")));
    assert_eq!(operations(&report.rest), operations(&mixed()));
    let plan = client.set_props_of_many(mixed()).plan().expect("sound");
    assert_eq!(plan.into_report().rest.len(), 5);
    assert!(service.requests().is_empty());
}

/// The state of the sandbox, but for what depends on the time and on the order.
fn sandbox_state(sandbox: &Sandbox) -> BTreeMap<String, Value> {
    let users = sandbox.users().into_iter().map(|mut user| {
        user.props.remove("$last_seen");
        let own_id = user.user_id.take().expect("an external id");
        (own_id, json!([user.props, user.props_custom]))
    });
    users.collect()
}

#[test]
fn the_sandbox_ends_in_the_same_state_with_and_without_imports() {
    let changes = || {
        let many = (0..40).map(|user: i64| {
            let change = of(&format!("user {user}"))
                .with(set("$name", format!("Имя {user}")))
                .with(set("zip", format!("{:05}", user * 997)))
                .with(set("seats", user - 20));
            match user % 4 {
                0 => change.with(set("$email", format!("{user}@example.com"))),
                1 => change.with(set("quoted", "\"x\"")),
                2 => change.with(set("flag", true)),
                _ => change,
            }
        });
        let later = (0..10).map(|user| of(&format!("user {user}")).with(set("later", "yes")));
        many.chain(later)
    };
    let mut states = Vec::new();
    for import in [true, false] {
        let sandbox = Sandbox::builder().token(TOKEN).build();
        let clock = VirtualClock::manual();
        let client = client(sandbox.clone(), &clock, ApiVersion::V2);
        // Some are there already.
        for user in [0, 3] {
            let old = SetProps::new(UserRef::external(format!("user {user}")));
            let old = old.with(set("seats", "old")).with(set("kept", "yes"));
            clock.run(client.call(old)).expect("a report");
        }
        let mut job = client.set_props_of_many(changes());
        if !import {
            job = job.without_import();
        }
        let mut plan = job.plan().expect("sound");
        assert_eq!(plan.imports().is_empty(), !import);
        let report = clock.run(plan.run(to_the_end));
        assert!(report.failed.is_empty());
        for scheduled in &report.scheduled {
            assert!(scheduled.report.row_errors.is_empty());
            let users = scheduled.users.len() as u64;
            assert_eq!(scheduled.report.updates_planned, Some(users));
        }
        assert!(
            report
                .applied
                .iter()
                .all(|(_, answer)| answer.ignored.is_empty())
        );
        states.push(sandbox_state(&sandbox));
    }
    assert_eq!(states[0].len(), 40);
    assert_eq!(states[0]["user 4"][1]["zip"], json!(3988));
    assert_eq!(states[0], states[1]);
}

fn an_operation() -> impl Strategy<Value = PropertyOperation> {
    let key = || prop_oneof![Just("a".to_owned()), Just("$b".to_owned()), "[a-c \"]{1,2}"];
    let text = prop_oneof![
        "[a-z0-9]{1,6}",
        "\\PC{1,5}",
        "[ \t\"a\\\\]{1,4}",
        Just("2026-01-31".to_owned())
    ];
    let plain = (key(), text).prop_map(|(key, text)| set(&key, text));
    let number = (key(), any::<i32>()).prop_map(|(key, number)| set(&key, number));
    let flag = (key(), any::<bool>()).prop_map(|(key, flag)| set(&key, flag));
    let other = (key(), 0..5, "[a-c]").prop_map(|(key, op, text)| {
        match op {
            0 => PropertyOperation::set_once(key, text),
            1 => PropertyOperation::delete(key),
            2 => PropertyOperation::append(key, text),
            3 => PropertyOperation::union(key, text),
            _ => PropertyOperation::exclude(key, text),
        }
        .expect("sound")
    });
    prop_oneof![6 => plain, 2 => number, 1 => flag, 1 => other]
}

fn a_change() -> impl Strategy<Value = PropertyChange> {
    let user = prop_oneof![
        4 => "[a-f]".prop_map(UserRef::external),
        1 => "[a-b \"\u{200b}]{1,2}".prop_map(UserRef::external),
        1 => (1_u64..3).prop_map(|id| UserRef::from(UserId::new(id))),
    ];
    let few = prop::collection::vec(an_operation(), 1..4);
    let many = prop::collection::vec(an_operation(), 240..520);
    let operations = prop_oneof![30 => few, 1 => many];
    (user, operations).prop_map(|(user, all)| PropertyChange::new(user).with_all(all))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// The effect is that of each change by itself, in the order in which they are given. The model
    /// checks the limits of every request.
    #[test]
    fn the_effect_is_that_of_one_change_after_the_other(
        changes in prop::collection::vec(a_change(), 0..25),
        concurrency in 1_usize..4,
    ) {
        let clock = VirtualClock::manual();
        let plain = Service::new(&clock, []);
        for change in &changes {
            for operations in change.operations().chunks(MAX_OPERATIONS) {
                let props = SetProps::new(change.user().clone()).with_all(operations.to_vec());
                let client = client(plain.clone(), &clock, ApiVersion::V2);
                clock.run(client.call(props)).expect("a report");
            }
        }
        let planned = Service::new(&clock, []);
        let client = client(planned.clone(), &clock, ApiVersion::V2);
        let all = operations(&changes);
        let job = client.set_props_of_many(changes).concurrency(concurrency);
        let mut plan = job.plan().expect("sound");
        let requests = plan.requests();
        let report = clock.run(plan.run(to_the_end));
        prop_assert!(report.failed.is_empty() && report.rest.is_empty());
        prop_assert_eq!(planned.requests().len(), requests);
        prop_assert!(requests <= plain.requests().len() && requests <= all);
        prop_assert_eq!(planned.state(), plain.state());
    }
}
