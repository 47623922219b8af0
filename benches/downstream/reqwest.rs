//! Prints what a conversation says of itself, by reqwest and structs that are declared by hand.

#[path = "../../../benches/src/plain.rs"]
mod plain;

type Conversation = plain::Conversation<plain::Author>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let id = std::env::args().nth(1).ok_or("the id of a conversation")?;
    let token = std::env::var("CARROT_TOKEN")?;
    let client = reqwest::Client::builder()
        .timeout(std::time::Duration::from_secs(30))
        .build()?;
    let url = format!("https://api.carrotquest.io/v2/conversations/{id}");
    let request = client.get(url).header("Authorization", format!("Token {token}"));
    let response = request.send().await?.error_for_status()?;
    let body: plain::Envelope<Conversation> = response.json().await?;
    println!("{:?}", body.data);
    Ok(())
}
