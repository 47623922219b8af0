//! Prints what a conversation says of itself, by the client.

use carrot_hyper::{conversations::Get, types::ConversationId};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let id = std::env::args().nth(1).ok_or("the id of a conversation")?;
    let client = carrot_hyper::from_env()?;
    let get = Get::new(ConversationId::new(id.parse()?));
    println!("{:?}", client.call(get).await?);
    Ok(())
}
