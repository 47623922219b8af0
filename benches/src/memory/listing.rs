//! A long listing, read to its end.

use std::{
    fmt::Write as _,
    hint::black_box,
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use carrot_hyper::{
    Body, HttpTransport, TransportError, async_trait::async_trait, conversations::Parts,
    types::ConversationId,
};
use carrot_testing::client;
use http::{Request, Response};

use super::ready;
use crate::plain;

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

pub(super) fn read(bare: bool, pages: u32) {
    let transport = Pages {
        left: AtomicU64::new(pages.into()),
    };
    if bare {
        for _ in 0..pages {
            let response = ready(transport.send(Request::default())).expect("a page");
            let page: plain::Envelope<Vec<plain::Part<plain::Admin>>> =
                serde_json::from_slice(response.body()).expect("the page fits the structs");
            black_box(page.data);
        }
        return;
    }
    let client = client(transport);
    let mut parts = client.items(Parts::new(ConversationId::new(1)));
    let mut count = 0;
    while let Some(part) = ready(parts.next()).expect("a page") {
        black_box(part);
        count += 1;
    }
    assert_eq!(count, u64::from(pages) * PAGE);
}
