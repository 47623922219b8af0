//! What everything in the kit can do: be shared between threads, and be shown.

use std::fmt::Debug;

use carrot_testing::{
    RecordedRequest, RecordingTransport, Sandbox, VirtualClock,
    sandbox::{
        DeliveryState, SandboxBuilder, SeedError, SeedUser, ServedRequest, Snapshot,
        WebhookDelivery,
    },
};

fn shared<T: Clone + Debug + Send + Sync + 'static>() {}

#[test]
fn everything_can_be_cloned_shared_and_shown() {
    shared::<RecordedRequest>();
    shared::<RecordingTransport>();
    shared::<Sandbox>();
    shared::<SandboxBuilder>();
    shared::<SeedUser>();
    shared::<SeedError>();
    shared::<ServedRequest>();
    shared::<Snapshot>();
    shared::<WebhookDelivery>();
    shared::<DeliveryState>();
    shared::<VirtualClock>();
    #[cfg(feature = "server")]
    {
        fn held<T: Debug + Send + Sync + 'static>() {}
        held::<carrot_testing::sandbox::SandboxServer>();
    }
}
