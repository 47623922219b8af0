//! Transports for one question each, and how to choose among all transports of this crate.
//!
//! | transport | take it when the test asks |
//! |---|---|
//! | [`Fake`](crate::Fake) | does my code make the right calls, and handle these responses and failures? Start with this one |
//! | [`RecordingTransport`](crate::RecordingTransport) | which requests does it send? What does it do with these raw responses, in this order? |
//! | [`RecordingTransport::with_default`](crate::RecordingTransport::with_default)`(CannedResponse::never())` | does it keep its deadlines? |
//! | [`RecordingTransport`](crate::RecordingTransport) with [`CannedResponse::failure`](crate::CannedResponse::failure) | what does it do without a network? |
//! | [`RespondWith`] | what does it do with a service that is a closure? |
//! | [`SendWith`] | what does it do when requests or responses are changed, late or lost, as an async closure says? |
//! | [`StubConnector`] | what does my handler do with these messages of the realtime service, and with these failures? No transport is asked |
//! | [`Latency`] | what does it do while requests travel? In virtual time, over any other transport |
//! | [`Sandbox`](crate::Sandbox) | does a whole integration work, with a service that keeps its state? |
//!
//! [`client`](crate::client()) makes a client over any of them.

mod connector;
mod latency;
mod respond_with;
mod send_with;

pub use self::{
    connector::StubConnector, latency::Latency, respond_with::RespondWith, send_with::SendWith,
};
