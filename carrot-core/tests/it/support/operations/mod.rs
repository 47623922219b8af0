//! Every operation of the crate with every option.

mod apps;
mod conversations;
mod users;

use std::{collections::BTreeSet, future::Future, pin::Pin};

use carrot_core::{
    ApiVersion, Endpoint, Error,
    endpoint::{ConversationField, PageDirection, PageOrder, Paging},
    types::{AdminId, AppId, ConversationId, Cursor, RandomId, UserId, UserRef},
};
use carrot_testing::RecordedRequest;

use super::{
    Watched, builder,
    canary::{E_MAIL, TEXT},
    canned, watched,
};

/// An operation with the requests of all its options.
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) scopes: &'static [&'static str],
    pub(crate) cases: Vec<Case>,
}

/// The requests of one option.
pub(crate) struct Case {
    pub(crate) option: String,
    pub(crate) is_idempotent: bool,
    /// In the order of [`ApiVersion::ALL`].
    pub(crate) requests: [Result<RecordedRequest, Error>; 2],
    /// Calls the operation and drops the output.
    pub(crate) call: Call,
}

type Call = Box<dyn Fn(&Watched) -> Pin<Box<dyn Future<Output = Result<(), Error>>>>>;

fn caller<E: Endpoint + Clone + 'static>(endpoint: E) -> Call {
    Box::new(move |client| {
        let (client, endpoint) = (client.clone(), endpoint.clone());
        Box::pin(async move { client.call(endpoint).await.map(drop) })
    })
}

impl Operation {
    /// Returns whether the operation is idempotent, for all options.
    pub(crate) fn idempotency(&self) -> BTreeSet<&'static str> {
        let safeties = self.cases.iter().map(|case| match case.is_idempotent {
            true => "yes",
            false => "no",
        });
        safeties.collect()
    }
}

/// The first case has no option. A case with an app id is added.
fn operation<E: Endpoint + Clone + 'static>(cases: &[(&str, E)]) -> Operation {
    let prepare = |endpoint: &E, version: ApiVersion, app: Option<AppId>| {
        let mut builder = builder(&canned([])).version(version);
        if let Some(app) = app {
            builder = builder.app(app);
        }
        watched(builder)
            .prepare(endpoint)
            .map(RecordedRequest::from)
    };
    let case = |option: &str, endpoint: &E, app: Option<AppId>| Case {
        option: option.to_owned(),
        is_idempotent: endpoint.is_idempotent(),
        requests: [ApiVersion::V1, ApiVersion::V2].map(|version| prepare(endpoint, version, app)),
        call: caller(endpoint.clone()),
    };
    let mut all: Vec<Case> = cases
        .iter()
        .map(|(option, endpoint)| case(option, endpoint, None))
        .collect();
    let app = AppId::new(65_535);
    all.push(case("an app named by its id", &cases[0].1, Some(app)));
    Operation {
        name: E::NAME,
        scopes: E::SCOPES,
        cases: all,
    }
}

/// Returns every operation, sorted by folder and file.
pub(crate) fn every_operation() -> Vec<Operation> {
    let mut all = apps::all();
    all.extend(conversations::all());
    all.extend(users::all());
    all
}

/// A conversation id that a 64-bit float cannot represent exactly.
const CONVERSATION: ConversationId = ConversationId::new(2_155_668_332_815_057_076);
const USER: UserId = UserId::new(1_448_121_617_782_670_208);
const ADMIN: AdminId = AdminId::new(819);

/// An external id of characters that are encoded.
fn external_id() -> UserRef {
    UserRef::external(format!("заказ 42/a?b#c {E_MAIL}"))
}

fn random_id(number: i64) -> RandomId {
    RandomId::new(number).expect("a sound number")
}

fn position() -> Cursor {
    Cursor::position("[1684739969.358085, 1160406004324630614]").expect("an array")
}

fn after() -> Cursor {
    Cursor::after("1447339319.900966").expect("not empty")
}

/// The settings of a page, as options.
fn paged<E: Clone>(base: &E, page: fn(E, Paging) -> E) -> Vec<(&'static str, E)> {
    [
        ("page size 50", Paging::new().size(50)),
        (
            "page from a cursor of v2",
            Paging::new().starting_at(position()),
        ),
        (
            "page from a cursor of v1",
            Paging::new().starting_at(after()),
        ),
        (
            "page direction `before`",
            Paging::new().direction(PageDirection::Before),
        ),
        (
            "page direction `after`",
            Paging::new().direction(PageDirection::After),
        ),
        (
            "page direction `around`",
            Paging::new().direction(PageDirection::Around),
        ),
        (
            "page with the record at the cursor",
            Paging::new().including(true),
        ),
        (
            "page in ascending order",
            Paging::new().order(PageOrder::Ascending),
        ),
        (
            "page in descending order",
            Paging::new().order(PageOrder::Descending),
        ),
        (
            "every setting of a page",
            Paging::new()
                .size(50)
                .starting_at(position())
                .direction(PageDirection::Before)
                .including(true)
                .order(PageOrder::Ascending),
        ),
    ]
    .into_iter()
    .map(|(option, paging)| (option, page(base.clone(), paging)))
    .collect()
}

/// As the vendor's clients make it.
const NONCE: &str = "0a1B2c3D4e5F6071829304a5B6c7D8e9";

const CONVERSATION_FIELDS: [(&str, ConversationField); 5] = [
    ("field `user`", ConversationField::User),
    ("field `channel`", ConversationField::Channel),
    ("field `part_last`", ConversationField::PartLast),
    (
        "field `important_part_last`",
        ConversationField::ImportantPartLast,
    ),
    ("field `reply_last`", ConversationField::ReplyLast),
];

/// Optional fields as options: each included, and one included and then excluded.
fn fields<E: Clone, F: Copy>(
    base: &E,
    known: &[(&'static str, F)],
    include: fn(E, F) -> E,
    exclude: fn(E, F) -> E,
) -> Vec<(&'static str, E)> {
    let mut cases: Vec<_> = known
        .iter()
        .map(|(option, name)| (*option, include(base.clone(), *name)))
        .collect();
    let first = known[0].1;
    let off = exclude(include(base.clone(), first), first);
    cases.push(("the first field switched on, then off", off));
    cases
}
