//! A cassette over real HTTP: recorded from a sandbox on a port, and replayed without one.

use carrot_hyper::{
    AuthToken, Client, Error, HyperTransport, TokioClock,
    conversations::Reply,
    types::{AdminId, UserRef},
    users::{Get, StartConversation},
};
use carrot_testing::{Cassette, Sandbox, client};

/// The code under test.
async fn welcome(client: &Client) -> Result<String, Error> {
    let order = UserRef::external("order-42");
    let id = client
        .call(StartConversation::new(order.clone(), "Where is it?"))
        .await?
        .id;
    client
        .call(Reply::new(id, "On its way").sender(AdminId::new(7)))
        .await?;
    let user = client.call(Get::new(order)).await?;
    Ok(user.user_id.unwrap_or_default())
}

#[tokio::test]
async fn real_traffic_is_recorded_and_replayed() {
    let folder = std::env::temp_dir().join(format!("carrot-cassette-port-{}", std::process::id()));
    let path = folder.join("welcome.json");
    let sandbox = Sandbox::builder()
        .operator(AdminId::new(7), "Grace Hopper")
        .build();
    let server = sandbox.serve().await.unwrap();
    let transport = HyperTransport::builder().build().unwrap();
    let cassette = Cassette::record(&path, transport);
    let token = AuthToken::new(sandbox.token()).unwrap();
    let recorder = Client::builder(cassette.transport(), TokioClock::new(), token)
        .base_url(server.base_url())
        .build()
        .unwrap();
    assert_eq!(welcome(&recorder).await.unwrap(), "order-42");
    cassette.finish();
    server.stop().await;
    let text = std::fs::read_to_string(&path).unwrap();
    for hidden in [
        "order-42",
        "Grace",
        "Where is it",
        "127.0.0.1",
        sandbox.token(),
    ] {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }

    let cassette = Cassette::replay(&path);
    assert_eq!(
        welcome(&client(cassette.transport())).await.unwrap(),
        "id-1"
    );
    cassette.finish();
    std::fs::remove_dir_all(folder).unwrap();
}
