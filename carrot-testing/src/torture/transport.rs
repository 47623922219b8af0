use std::{future::poll_fn, task::Poll, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use carrot_core::{Body, HttpTransport, TransportError, transport::CallContext};
use http::{Request, Response};

use super::{trace::Trace, trouble::Trouble};
use crate::Sandbox;

/// The sandbox behind the troubles of a story. It waits once before it sends and once after, so that a
/// process can be killed there.
#[derive(Debug)]
pub(super) struct Troubled {
    pub(super) sandbox: Sandbox,
    pub(super) trace: Trace,
    pub(super) late: Duration,
}

/// Waits once, and can go on at once.
async fn pause() {
    let mut waited = false;
    poll_fn(|context| {
        if waited {
            return Poll::Ready(());
        }
        waited = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[async_trait]
impl HttpTransport for Troubled {
    async fn send(&self, request: Request<Body>) -> Result<Response<Bytes>, TransportError> {
        let context = request.extensions().get::<CallContext>();
        let operation = context.map_or("a request of its own", |context| context.operation);
        let number = self.trace.request(operation);
        pause().await;
        let trouble = self.trace.trouble(number);
        if let Some(fault) = trouble.and_then(|trouble| trouble.fault(self.late)) {
            // The sandbox gets no other request in between: the story runs on one thread.
            self.sandbox.inject(fault.optional());
        }
        let result = self.sandbox.send(request).await;
        let line = match (&result, trouble) {
            (_, Some(trouble)) => format!("{trouble} ({operation})"),
            (Ok(response), None) => {
                let status = response.status().as_u16();
                format!("request {number} ({operation}): {status}")
            }
            (Err(error), None) => format!("request {number} ({operation}): {error}"),
        };
        self.trace.outcome(number, line);
        if let Some(Trouble::KilledInFlight(_)) = trouble {
            self.trace.kill(number);
        }
        pause().await;
        self.trace.ended(number);
        result
    }
}
