//! Transports that answer one question each, and how to choose among all of this crate.
//!
//! | transport | take it when the test asks |
//! |---|---|
//! | [`Fake`](crate::Fake) | does my code make the right calls, and cope with these answers and failures? The one to begin with |
//! | [`Capture`] | which requests does it send? The answers do not matter |
//! | [`AnswerWith`] | how does it behave with a service that I write in a closure? |
//! | [`NeverAnswers`] | does it keep its deadlines? |
//! | [`Latency`] | what does it do while requests travel? In virtual time, over any other transport |
//! | [`AlwaysFails`] | what does it do when the network is gone? |
//! | [`RecordingTransport`](crate::RecordingTransport) | what does it do with these raw answers, in this order? |
//! | [`Sandbox`](crate::Sandbox) | does a whole integration work, with a service that keeps its state? |
//!
//! [`client`](crate::client()) makes a client over any of them.

mod answer_with;
mod capture;
mod failing;
mod latency;

pub use self::{
    answer_with::AnswerWith,
    capture::Capture,
    failing::{AlwaysFails, NeverAnswers},
    latency::Latency,
};
