//! Totals that are wrong, and services that return a page for every offset.

use super::*;

#[test]
fn too_large_a_total_is_no_endless_list() {
    let list = List::new([1]);
    let transport = list.transport();
    list.change(|state| state.has_total = false);
    let client = client(&transport, ApiVersion::V2);
    let mut pages = client.pages(apps::Leads::new());
    let mut counts = Vec::new();
    while let Some(page) = run(pages.next()).expect("a page") {
        counts.push(page.items.len());
    }
    assert_eq!(counts, [1, 0]);
}

/// A total that is smaller than the list does not end it.
#[test]
fn too_small_a_total_loses_no_lead() {
    let totals: [fn(u64, u64) -> u64; 4] =
        [|_, _| 0, |all, _| all / 2, |all, _| all - 1, |_, page| page];
    for total in totals {
        for records in [1, 2, 50, 51, 99, 100, 200] {
            for page in [1, 2, 50] {
                let transport = RespondWith::new(move |call| {
                    let number = |name| {
                        call.param(name)
                            .map_or(0, |text| text.parse().expect("a number"))
                    };
                    let ids =
                        number("offset") + 1..=records.min(number("offset") + number("limit"));
                    let users: Vec<_> = ids.map(|id: u64| json!({"id": id})).collect();
                    let total = total(records, users.len() as u64);
                    CannedResponse::data(json!({"users": users, "total": total}))
                });
                let client = client(&transport, ApiVersion::V2);
                let mut items = client.items(apps::Leads::new().page(size(page)));
                let mut seen = Vec::new();
                read(&mut items, |id| seen.push(id)).expect("no move");
                assert!(seen.into_iter().eq(1..=records), "{records} by {page}");
            }
        }
    }
}

/// The service returns the last page for every offset behind it.
#[test]
fn repeated_last_page_ends_at_the_total() {
    for records in [1, 2, 50, 51, 120] {
        for page in [1, 2, 50] {
            let transport = RespondWith::new(move |call| {
                let number = |name| {
                    call.param(name)
                        .map_or(0, |text| text.parse().expect("a number"))
                };
                let limit: u64 = number("limit");
                let offset = number("offset").min(records.max(limit) - limit);
                let ids = offset + 1..=records.min(offset + limit);
                let users: Vec<_> = ids.map(|id| json!({"id": id})).collect();
                CannedResponse::data(json!({"users": users, "total": records}))
            });
            let client = client(&transport, ApiVersion::V2);
            let mut items = client.items(apps::Leads::new().page(size(page)));
            let mut seen = Vec::new();
            read(&mut items, |id| seen.push(id)).expect("no move");
            assert!(seen.into_iter().eq(1..=records), "{records} by {page}");
        }
    }
}
