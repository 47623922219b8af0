//! A long listing, read to its end.

use std::{
    fmt::Write as _,
    hint::black_box,
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use carrot_hyper::{
    Body, HttpTransport, TransportError, async_trait::async_trait, client::Items,
    conversations::Parts, types::ConversationId,
};
use carrot_testing::client;
use http::{Request, Response};

use crate::{mark::counted, plain};

const PAGE: u64 = 5;

/// Responds with one page after the other, the newest records first.
#[derive(Debug)]
struct Pages {
    left: AtomicU64,
}

#[async_trait]
impl HttpTransport for Pages {
    async fn send(&self, _request: Request<Body>) -> Result<Response<Bytes>, TransportError> {
        let page = self.left.fetch_sub(1, Ordering::Relaxed);
        let mut body = String::from(r#"{"data":["#);
        for id in (page * PAGE..(page + 1) * PAGE).rev() {
            let comma = if id % PAGE == PAGE - 1 { "" } else { "," };
            let _ = write!(
                body,
                r#"{comma}{{"id":{id},"created":{id},"body":"Hi","type":"reply_user"}}"#
            );
        }
        let _ = match page {
            1 => write!(
                body,
                r#"],"meta":{{"status":200,"next_before_position":null}}}}"#
            ),
            _ => write!(
                body,
                r#"],"meta":{{"status":200,"next_before_position":[{0},{0}]}}}}"#,
                page * PAGE
            ),
        };
        Ok(Response::new(body.into()))
    }
}

/// Counts this many pages, after others of the same listing.
pub(super) async fn read(bare: bool, skipped: u32, pages: u32) {
    let transport = Pages {
        left: AtomicU64::new((skipped + pages).into()),
    };
    if bare {
        by_hand(&transport, skipped).await;
        return counted(by_hand(&transport, pages)).await;
    }
    let client = client(transport);
    let mut parts = client.items(Parts::new(ConversationId::new(1)));
    take(&mut parts, skipped).await;
    counted(take(&mut parts, pages)).await;
}

async fn take(parts: &mut Items<Parts>, pages: u32) {
    for _ in 0..u64::from(pages) * PAGE {
        let part = parts.next().await.expect("a page");
        black_box(part.expect("the list goes on"));
    }
}

async fn by_hand(transport: &Pages, pages: u32) {
    for _ in 0..pages {
        let response = transport.send(Request::default()).await.expect("a page");
        let page: plain::Envelope<Vec<plain::Part<plain::Admin>>> =
            serde_json::from_slice(response.body()).expect("the page fits the structs");
        black_box(page.data);
    }
}
