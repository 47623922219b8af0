//! The list of leads pages by offset and moves while it is read: what was in it all the time is returned, or
//! the listing says that it may be missing.

mod seeds;
mod totals;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

use carrot_core::{
    ApiContext, ApiVersion, Endpoint, Error, ErrorKind, Paginate, apps,
    client::{Items, Pages},
    endpoint::{Page, Paging, RequestParts, ResponseError},
    types::{Cursor, InvalidValue, User},
};
use carrot_testing::{CannedResponse, stub::RespondWith};
use serde_json::json;

use crate::support::{
    canary::{E_MAIL, Listing},
    client, run,
};

/// Changes the list before the page at an offset is read.
type Between = Box<dyn FnMut(u64, &mut Vec<u64>) + Send>;

/// The leads of an app, by their ids, in the order of the list.
#[derive(Clone, Default)]
struct List(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    ids: Vec<u64>,
    /// The leads that cannot be read.
    unreadable: HashSet<u64>,
    has_total: bool,
    /// The total is wrong by this factor.
    divisor: usize,
    /// The start and the size of each page that was requested.
    requests: Vec<(u64, u64)>,
    /// Runs before each response.
    between: Option<Between>,
}

impl List {
    fn new(ids: impl IntoIterator<Item = u64>) -> Self {
        let list = Self::default();
        list.change(|state| {
            state.ids = ids.into_iter().collect();
            state.has_total = true;
            state.divisor = 1;
        });
        list
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().expect("no panic"))
    }

    fn remove(&self, id: u64) {
        self.change(|state| state.ids.retain(|other| *other != id));
    }

    fn offsets(&self) -> Vec<u64> {
        self.change(|state| state.requests.iter().map(|(offset, _)| *offset).collect())
    }

    fn transport(&self) -> RespondWith {
        let list = self.clone();
        RespondWith::new(move |call| {
            let number = |name| call.param(name).and_then(|text| text.parse::<u64>().ok());
            let offset = number("offset").unwrap_or(0);
            let limit = number("limit").expect("a size");
            list.change(|state| {
                state.requests.push((offset, limit));
                if let Some(between) = &mut state.between {
                    between(offset, &mut state.ids);
                }
                let page = state.ids.iter().skip(offset as usize).take(limit as usize);
                let lead = |id: &u64| match state.unreadable.contains(id) {
                    true => json!({"id": null, "number": id}),
                    false => json!({"id": id, "props": {"$email": E_MAIL}}),
                };
                let users: Vec<_> = page.map(lead).collect();
                let mut data = json!({"users": users});
                if state.has_total {
                    data["total"] = (state.ids.len() / state.divisor).into();
                }
                CannedResponse::data(data)
            })
        })
    }

    fn items(&self, paging: Paging) -> Listing<Items<apps::Leads>> {
        let client = client(&self.transport(), ApiVersion::V2);
        client.items(apps::Leads::new().page(paging))
    }

    fn pages(&self, paging: Paging) -> Listing<Pages<apps::Leads>> {
        let client = client(&self.transport(), ApiVersion::V2);
        client.pages(apps::Leads::new().page(paging))
    }
}

/// Reads to the end, and calls back with each lead.
fn read(items: &mut Listing<Items<apps::Leads>>, mut each: impl FnMut(u64)) -> Result<(), Error> {
    while let Some(User { id, .. }) = run(items.next())? {
        each(id.get());
    }
    Ok(())
}

fn size(records: u32) -> Paging {
    Paging::new().size(records)
}

#[test]
fn a_list_at_rest_is_returned_once() {
    for has_total in [true, false] {
        for records in [0, 1, 2, 49, 50, 51, 99, 100, 101, 148, 149] {
            for page in [1, 2, 3, 50] {
                let list = List::new(1..=records);
                list.change(|state| state.has_total = has_total);
                let mut seen = Vec::new();
                read(&mut list.items(size(page)), |id| seen.push(id)).expect("no move");
                assert!(seen.iter().copied().eq(1..=records), "{records} by {page}");
                let requests = list.change(|state| state.requests.clone());
                let sizes =
                    |request: &(u64, u64)| [page, page.max(2)].contains(&(request.1 as u32));
                assert!(requests.iter().all(sizes));
                let new = u64::from(page.max(2)) - 1;
                // Twice, if it is longer than a page.
                let most = 2 * (records.div_ceil(new) + 2);
                assert!(
                    requests.len() as u64 <= most,
                    "{records} by {page}: {requests:?}"
                );
            }
        }
    }
    let list = List::new(1..=120);
    read(&mut list.items(Paging::new()), |_| {}).expect("no move");
    // One lead comes again, to join the pages; and all of them once more, to see what moved.
    assert_eq!(list.offsets(), [0, 49, 98, 0, 49, 98]);
    let list = List::new(1..=120);
    read(&mut list.items(Paging::new().single_pass()), |_| {}).expect("no move");
    assert_eq!(list.offsets(), [0, 49, 98]);
    // A single page has all leads at one time.
    for has_total in [true, false] {
        let list = List::new(1..=30);
        list.change(|state| state.has_total = has_total);
        read(&mut list.items(Paging::new()), |_| {}).expect("no move");
        assert_eq!(list.offsets().len(), if has_total { 1 } else { 3 });
    }
}

/// Leads whose records nobody can tell apart.
#[derive(Clone, Debug)]
struct Anonymous(apps::Leads);

impl Endpoint for Anonymous {
    type Output = Page<User>;
    const NAME: &'static str = "test.anonymous";
    const SCOPES: &'static [&'static str] = &[];
    const IDEMPOTENT: bool = true;

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        self.0.request(context)
    }

    fn decode(&self, version: ApiVersion, body: &[u8]) -> Result<Self::Output, ResponseError> {
        self.0.decode(version, body)
    }
}

impl Paginate for Anonymous {
    type Item = User;

    fn paging(&mut self) -> &mut Paging {
        self.0.paging()
    }
}

#[test]
fn records_without_identity_are_returned_once() {
    let list = List::new(1..=120);
    let client = client(&list.transport(), ApiVersion::V2);
    let mut items = client.items(Anonymous(apps::Leads::new().page(size(50))));
    let mut seen = Vec::new();
    while let Some(lead) = run(items.next()).expect("no move") {
        seen.push(lead.id.get());
    }
    assert!(seen.iter().copied().eq(1..=120), "{seen:?}");
    assert_eq!(list.offsets(), [0, 50, 100]);
}

/// A lead hops over the reader in every reading, each time while another one leaves and a new one comes, at
/// the end or at the front, so that every page and total look as if nothing had happened.
#[test]
fn lead_that_always_evades_ends_with_the_error() {
    for (has_total, divisor, is_front) in [
        (true, 1, true),
        (true, 1, false),
        (true, 2, false),
        (false, 1, true),
        (false, 1, false),
    ] {
        let list = List::new(1..=40);
        let mut fresh = 1_000;
        list.change(|state| {
            (state.has_total, state.divisor) = (has_total, divisor);
            state.between = Some(Box::new(move |offset, ids| {
                let reader = offset as usize;
                let place = |ids: &[u64]| ids.iter().position(|id| *id == 30).expect("it stays");
                if offset == 0 {
                    // Ahead of the reader again.
                    let from = place(ids);
                    ids.remove(from);
                    ids.insert(29, 30);
                    if is_front {
                        fresh += 1;
                        ids.insert(0, fresh);
                    }
                } else if (reader..reader + 10).contains(&place(ids)) {
                    let from = place(ids);
                    ids.remove(from);
                    ids.remove(1);
                    ids.insert(2, 30);
                    if !is_front {
                        fresh += 1;
                        ids.push(fresh);
                    }
                }
            }));
        });
        let mut seen = Vec::new();
        let ended = read(&mut list.items(size(10)), |id| seen.push(id));
        assert_eq!(
            ended.expect_err("30 is missed").kind(),
            ErrorKind::ListMoved
        );
        assert!(!seen.contains(&30));
    }
}

/// Each lead leaves the filter as soon as it is returned.
#[test]
fn leads_changed_while_listing_are_all_reached() {
    for has_total in [true, false] {
        for page in [1, 2, 7, 50] {
            let list = List::new(1..=200);
            list.change(|state| state.has_total = has_total);
            let mut seen = Vec::new();
            let upgrade = |id| {
                list.remove(id);
                seen.push(id);
            };
            let ended = read(&mut list.items(size(page)), upgrade);
            ended.expect("no doubt");
            assert_eq!(seen, (1..=200).collect::<Vec<_>>(), "{page} a page");

            let list = List::new(1..=200);
            let mut pages = list.pages(size(page));
            let mut seen = Vec::new();
            while let Some(page) = run(pages.next()).expect("a page") {
                for lead in page.items {
                    list.remove(lead.id.get());
                    seen.push(lead.id.get());
                }
            }
            assert_eq!(seen, (1..=200).collect::<Vec<_>>(), "{page} a page");
        }
    }
}

/// Every second lead leaves: each page has known leads, and no new one at the end.
#[test]
fn some_changed_while_listing_are_all_reached() {
    for has_total in [true, false] {
        for (records, page) in [(2, 1), (2, 50), (50, 1), (100, 2), (100, 50), (101, 50)] {
            let list = List::new(1..=records);
            list.change(|state| state.has_total = has_total);
            let mut seen = Vec::new();
            let upgrade = |id| {
                seen.push(id);
                if seen.len() % 2 == 0 {
                    list.remove(id);
                }
            };
            let ended = read(&mut list.items(size(page)), upgrade);
            ended.expect("no doubt");
            assert_eq!(seen, (1..=records).collect::<Vec<_>>(), "{page} a page");
        }
    }
}

/// Leads leave and enter anywhere while the order of the others stays: whoever was in the list from the
/// start to the end is returned once.
#[test]
fn who_stays_in_the_list_is_returned() {
    for seed in 0..300 {
        let list = List::new((1..=120).map(|id| id * 100));
        let mut random = fastrand::Rng::with_seed(seed);
        let has_total = random.bool();
        let mut next = 1;
        list.change(|state| {
            state.has_total = has_total;
            state.between = Some(Box::new(move |_, ids| {
                for _ in 0..random.usize(0..4) {
                    if random.bool() && !ids.is_empty() {
                        ids.remove(random.usize(0..ids.len()));
                    } else {
                        ids.insert(random.usize(0..=ids.len()), 1_000_000 + next);
                        next += 1;
                    }
                }
            }));
        });
        let mut seen = Vec::new();
        let ended = read(&mut list.items(size(10)), |id| seen.push(id));
        // It may say that it moved: leads that leave behind are like leads that moved forward.
        if let Err(error) = ended {
            assert_eq!(error.kind(), ErrorKind::ListMoved, "seed {seed}");
        }
        let stayed = list.change(|state| state.ids.clone());
        for id in stayed.iter().filter(|id| **id < 1_000_000) {
            assert!(seen.contains(id), "seed {seed}: {id} is lost");
        }
        let mut once = seen.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), seen.len(), "seed {seed}: some came twice");
    }
}

/// A lead that is seen moves to the front of a list by `$last_seen`: the second reading finds it, and without
/// a second one the listing says that it may miss some.
#[test]
fn lead_that_moves_forward_is_not_lost() {
    let mut told = 0;
    for paging in [size(20), size(20).single_pass()] {
        for jumps_at in 1..6 {
            for from in (0..100).step_by(3) {
                let list = List::new(0..100);
                let mut requests = 0;
                list.change(|state| {
                    state.between = Some(Box::new(move |_, ids| {
                        requests += 1;
                        if requests == jumps_at {
                            let id = ids.remove(from);
                            ids.insert(0, id);
                        }
                    }));
                });
                let mut seen = Vec::new();
                let ended = read(&mut list.items(paging.clone()), |id| seen.push(id));
                let is_whole = seen.len() == 100;
                match ended {
                    Ok(()) => assert!(is_whole, "request {jumps_at}, lead {from}: {}", seen.len()),
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::ListMoved);
                        let text = "apps.leads: the list changed while it was read, and records may be \
                                    missing; read it again, and change records only after the list is read";
                        assert_eq!(error.to_string(), text);
                        assert_eq!(paging, size(20).single_pass());
                        told += 1;
                    }
                }
            }
        }
    }
    assert!(told > 15, "{told} times");
}

/// New leads come at the front or at the end, one before each page: that moves no other.
#[test]
fn new_leads_are_no_alarm() {
    for at_end in [true, false] {
        for paging in [size(10), size(10).single_pass()] {
            let list = List::new(1..=95);
            let mut next = 1_000;
            list.change(|state| {
                state.between = Some(Box::new(move |_, ids| {
                    next += 1;
                    // Fewer than a page has, so that the end comes.
                    ids.insert(if at_end { ids.len() } else { 0 }, next);
                }));
            });
            let mut seen = Vec::new();
            read(&mut list.items(paging), |id| seen.push(id)).expect("no move");
            assert!((1..=95).all(|id| seen.contains(&id)), "{seen:?}");
        }
    }
}

/// The service ignores the offset and returns the same page for ever.
#[test]
fn a_page_that_repeats_for_ever_ends() {
    let transport = RespondWith::new(|_| {
        let users: Vec<_> = (1..=50).map(|id| json!({"id": id})).collect();
        CannedResponse::data(json!({"users": users}))
    });
    let client = client(&transport, ApiVersion::V2);
    let mut items = client.items(apps::Leads::new());
    let ended = read(&mut items, |_| {});
    assert_eq!(ended.expect_err("no end").kind(), ErrorKind::RepeatedCursor);
}

/// The first process reads 100 of 200 leads; before the second one, 60 of those leave the filter.
#[test]
fn a_resumed_list_misses_none() {
    for seed in 0..50 {
        let mut random = fastrand::Rng::with_seed(seed);
        let list = List::new(1..=200);
        let mut pages = list.pages(size(50));
        let mut seen = Vec::new();
        for _ in 0..2 {
            let page = run(pages.next()).expect("a page").expect("not the end");
            seen.extend(page.items.iter().map(|lead| lead.id.get()));
        }
        let cursor = serde_json::to_string(pages.cursor().expect("a cursor")).expect("JSON");
        let mut leaving = seen.clone();
        random.shuffle(&mut leaving);
        // Once with the last lead that was read among them, once without.
        leaving.retain(|id| *id != 99);
        if seed % 2 == 0 {
            leaving.insert(0, 99);
        }
        leaving.iter().take(60).for_each(|id| list.remove(*id));
        let cursor: Cursor = serde_json::from_str(&cursor).expect("a cursor");
        let mut items = list.items(size(50).starting_at(cursor));
        read(&mut items, |id| seen.push(id)).expect("no doubt");
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, (1..=200).collect::<Vec<_>>(), "seed {seed}");
    }
    // Nothing moved: nothing is returned twice.
    let list = List::new(1..=200);
    let mut pages = list.pages(size(50));
    run(pages.next()).expect("a page");
    let cursor = pages.cursor().expect("a cursor").clone();
    let mut seen = Vec::new();
    let mut items = list.items(size(50).starting_at(cursor));
    read(&mut items, |id| seen.push(id)).expect("no move");
    assert_eq!(seen, (51..=200).collect::<Vec<_>>());
}

#[test]
fn cursor_of_a_page_in_hand_is_safe() {
    let list = List::new(1..=200);
    let mut items = list.items(size(50));
    let mut seen = Vec::new();
    for _ in 0..120 {
        let lead = run(items.next()).expect("a lead").expect("not the end");
        seen.push(lead.id.get());
    }
    let cursor = items.page_cursor().expect("a cursor").clone();
    seen.drain(..60).for_each(|id| list.remove(id));
    let mut again = Vec::new();
    read(&mut list.items(size(50).starting_at(cursor)), |id| {
        again.push(id);
    })
    .expect("no doubt");
    assert!((100..=200).all(|id| again.contains(&id)), "{again:?}");
}

#[test]
fn a_list_that_never_rests_says_so() {
    for seed in 0..50 {
        let list = List::new(1..=200);
        let mut random = fastrand::Rng::with_seed(seed);
        list.change(|state| state.between = Some(Box::new(move |_, ids| random.shuffle(ids))));
        let mut seen = Vec::new();
        let ended = read(&mut list.items(size(50)), |id| seen.push(id));
        let is_moved = ended.is_err_and(|error| error.kind() == ErrorKind::ListMoved);
        assert!(is_moved || seen.len() == 200, "seed {seed}");
    }
    // Whatever stands behind the first page, it is something else each time.
    let list = List::new(1..=200);
    let mut next = 1_000;
    list.change(|state| {
        state.between = Some(Box::new(move |offset, ids| {
            let first = if offset == 0 { 1 } else { next };
            ids.iter_mut().zip(first..).for_each(|(id, new)| *id = new);
            next += 1_000;
        }));
    });
    let mut items = list.items(size(50));
    let ended = read(&mut items, |_| {});
    assert_eq!(ended.expect_err("no rest").kind(), ErrorKind::ListMoved);
    assert!(run(items.next()).expect("the end").is_none());
    assert!(list.offsets().len() < 100, "{}", list.offsets().len());
}

#[test]
fn broken_leads_hide_no_other() {
    for broken in [
        &[0][..],
        &[8],
        &[2],
        &[3],
        &[2, 3],
        &[3, 4, 5],
        &[0, 1, 2, 3, 4, 5, 6, 7, 8],
    ] {
        for page in [1, 2, 3, 4, 50] {
            let transport = RespondWith::new(move |call| {
                let number = |name| call.param(name).and_then(|text| text.parse::<usize>().ok());
                let (offset, limit) =
                    (number("offset").unwrap_or(0), number("limit").unwrap_or(20));
                let user = |index: usize| match broken.contains(&index) {
                    true => json!({"id": null, "index": index}),
                    false => json!({"id": index + 1}),
                };
                let users: Vec<_> = (offset..(offset + limit).min(9)).map(user).collect();
                CannedResponse::data(json!({"users": users, "total": 9}))
            });
            let client = client(&transport, ApiVersion::V2);
            let mut items = client.items(apps::Leads::new().page(size(page)));
            for index in 0..9 {
                match run(items.next()) {
                    Ok(lead) => {
                        let id = lead.expect("not the end").id.get();
                        assert_eq!(id, index as u64 + 1, "{broken:?} by {page}");
                    }
                    Err(error) => {
                        assert!(broken.contains(&index), "{error}");
                        let json = error.body().expect("the lead");
                        let text = String::from_utf8_lossy(json);
                        assert!(text.contains(&format!("\"index\":{index}")), "{text}");
                        assert!(error.path().expect("a path").starts_with("data.users["));
                    }
                }
            }
            assert!(run(items.next()).expect("the end").is_none());
        }
    }
}
