use std::sync::atomic::{AtomicUsize, Ordering};

use carrot_core::{BaseUrl, Client, conversations, types::ConversationId};

use super::{
    bench::Bench,
    failure::{Check, Failure, ensure},
    rules::errors::FAULTS,
    stack::Stack,
};
use crate::fail;

/// How many messages are sent: each fault meets fresh and kept connections.
const MESSAGES: usize = 40;

const FINE: &str = r#"{"meta":{"status":200},"data":{"id":1}}"#;

/// Sends replies through a whole client to a server that loses responses in every way, and checks that the
/// server got no message twice, and that the client told the truth of each.
///
/// The client is yours, made for the address that the function gets. It stands over the transport that it
/// has in production, with its own retries and limits; give it a rate limit that lets forty calls through.
///
/// # Panics
///
/// A message came twice, or the outcome of a call is not what the server saw.
#[track_caller]
pub fn never_twice(stack: &dyn Stack, client: impl FnOnce(BaseUrl) -> Client) {
    let bench = Bench::new(stack);
    if let Err(Failure::Broken(text)) = check(&bench, client) {
        fail(&format!("{text}\n\n{}", bench.log()));
    }
}

fn check(bench: &Bench<'_>, client: impl FnOnce(BaseUrl) -> Client) -> Check {
    let count = AtomicUsize::new(0);
    let server = bench.server(move |conn| {
        while conn.request()?.is_some() {
            // One of two is well, so that connections are kept.
            let number = count.fetch_add(1, Ordering::SeqCst);
            let fault = FAULTS
                .get((number / 2) % FAULTS.len())
                .filter(|_| number % 2 == 1);
            match fault {
                Some((_, fault)) => return fault(conn),
                None => conn.write(super::bench::response(FINE))?,
            }
        }
        Ok(())
    })?;
    let client = client(server.url("").parse()?);
    for number in 0..MESSAGES {
        let text = format!("message-{number}.");
        let reply = conversations::Reply::new(ConversationId::new(1), text.as_str());
        let outcome = bench.run(client.call(reply))?;
        let requests = server.requests();
        let came = |request: &&Vec<u8>| {
            let request = String::from_utf8_lossy(request);
            request.contains(&text)
        };
        let times = requests.iter().filter(came).count();
        ensure!(times <= 1, "`{text}` was sent once and came {times} times");
        match outcome {
            Ok(_) => ensure!(times == 1, "`{text}` did not come, and the call succeeded"),
            Err(error) => ensure!(
                times == 0 || error.may_have_been_applied(),
                "`{text}` came, and the error says that it was not applied: {error}"
            ),
        }
    }
    Ok(())
}
