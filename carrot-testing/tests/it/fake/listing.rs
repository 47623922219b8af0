//! All pages of a listing as one reply.

use carrot_core::{Paginate, endpoint::EncodeResponse, types::PartId};

use super::*;

fn parts() -> conversations::Parts {
    conversations::Parts::new(ConversationId::new(716))
}

fn part_list(count: u64) -> Vec<carrot_core::types::ConversationPart> {
    let parts = (1..=count).map(|id| fake::part().with_id(PartId::new(id)));
    parts.collect()
}

fn leads(count: u64) -> Vec<carrot_core::types::User> {
    let users = (1..=count).map(|id| fake::user().with_id(UserId::new(id)));
    users.collect()
}

/// Lists everything, and returns how many items came, and how many requests were made.
fn read<E>(version: ApiVersion, endpoint: E, items: &[E::Item], per_page: u32) -> (usize, usize)
where
    E: Paginate + EncodeResponse,
    E::Item: Clone + PartialEq + std::fmt::Debug,
{
    let fake = Fake::new();
    fake.on::<E>().reply_pages(items.to_vec(), per_page);
    let client = client(&fake, version);
    let read = fake.clock().run(async {
        let (mut listing, mut read) = (client.items(endpoint), Vec::new());
        while let Some(item) = listing.next().await.unwrap() {
            read.push(item);
        }
        read
    });
    assert_eq!(read, items);
    (read.len(), fake.calls().len())
}

#[test]
fn every_listing_is_given_whole() {
    for version in ApiVersion::ALL.iter().copied() {
        for (count, requests) in [(0, 1), (50, 1), (51, 2), (120, 3)] {
            let read = read(version, parts(), &part_list(count), 50);
            assert_eq!(read, (count as usize, requests), "{version:?}");
        }
        // The client reads leads on more than one page twice, and each page repeats the last one before. It asks on
        // after a full page.
        for (count, requests) in [(0, 1), (49, 1), (50, 2), (99, 6), (120, 6)] {
            let read = read(version, apps::Leads::new(), &leads(count), 50);
            assert_eq!(read, (count as usize, requests), "{version:?}");
        }
        let once = apps::Leads::new().page(Paging::new().single_pass());
        assert_eq!(
            read(version, once, &leads(120), 50),
            (120, 3),
            "{version:?}"
        );
    }
}

#[test]
fn request_for_smaller_pages_gets_them() {
    let small = parts().page(Paging::new().size(10));
    assert_eq!(
        read(ApiVersion::V2, small.clone(), &part_list(25), 50),
        (25, 3)
    );
    assert_eq!(
        read(ApiVersion::V1, small.clone(), &part_list(25), 50),
        (25, 3)
    );
    // And never more than the reply says.
    assert_eq!(read(ApiVersion::V2, small, &part_list(25), 5), (25, 5));
    let after = parts().page(Paging::new().direction(PageDirection::After));
    assert_eq!(read(ApiVersion::V2, after, &part_list(25), 20), (25, 2));
}

#[test]
fn page_may_include_its_start() {
    let fake = Fake::new();
    fake.on::<conversations::Parts>()
        .reply_pages(part_list(3), 2);
    let at = Paging::from(Cursor::position("[2]").unwrap()).including(true);
    let page = fake
        .clock()
        .run(fake.client().call(parts().page(at)))
        .unwrap();
    assert_eq!(page.items, part_list(3)[1..]);
}

#[test]
fn unfinished_listing_is_a_problem() {
    let first_page = |fake: &Fake| fake.clock().run(fake.client().call(parts())).unwrap();
    let fake = Fake::new();
    fake.on::<conversations::Parts>()
        .reply_pages(part_list(120), 50);
    first_page(&fake);
    let text = failure(move || drop(fake));
    assert!(
        text.contains("should be used once, and never was"),
        "{text}"
    );
    assert!(
        text.contains("was called once, and the last page of the listing was not asked for"),
        "{text}"
    );

    let fake = Fake::new();
    fake.on::<conversations::Parts>()
        .reply_pages(part_list(120), 50)
        .repeatedly();
    first_page(&fake);
    fake.verify();
}

#[test]
fn second_listing_is_not_expected() {
    let fake = Fake::new();
    fake.on::<conversations::Parts>()
        .reply_pages(part_list(2), 50);
    let results = [(); 2].map(|()| fake.clock().run(fake.client().call(parts())).is_ok());
    assert_eq!(results, [true, false]);
    let text = failure(move || drop(fake));
    assert!(text.contains("its only one went to call 1"), "{text}");
}

#[test]
fn foreign_cursor_is_a_problem() {
    let fake = Fake::new();
    fake.on::<conversations::Parts>()
        .reply_pages(part_list(2), 1)
        .repeatedly();
    for cursor in ["[9001]", "[1, 2]", "[]"] {
        let page = parts().page(Cursor::position(cursor).unwrap());
        fake.clock().run(fake.client().call(page)).unwrap_err();
    }
    let text = failure(move || drop(fake));
    assert!(text.contains("3 problems"), "{text}");
    assert!(
        text.contains("its cursor did not come from the pages of this reply"),
        "{text}"
    );
}

#[test]
fn page_size_is_that_of_the_service() {
    for size in [0, 51] {
        let text = failure(|| {
            drop(
                Fake::lenient()
                    .on::<apps::Leads>()
                    .reply_pages(Vec::new(), size),
            );
        });
        assert_eq!(text, "a page has 1 to 50 items");
    }
}
