//! A request on the port, and what it gets.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;

use super::{console, context::Context};
use crate::{
    port::{self, Cut},
    sandbox::{fault::Delivery, realtime::hub::Waiting},
};

pub(super) async fn respond(
    context: Arc<Context>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Cut> {
    let request = match port::read(request, context.address).await? {
        Ok(request) => request,
        Err(response) => return Ok(response.map(Full::new)),
    };
    if let Some(response) = console::respond(&context, &request) {
        return Ok(response.map(Full::new));
    }
    let (response, delivery) = context.sandbox.exchange(&request);
    context
        .log
        .add(&context.sandbox, request, &response, &delivery);
    match delivery {
        Delivery::AtOnce => {}
        // The error cuts the connection.
        Delivery::Failed(..) => return Err("a fault of the test cuts the connection".into()),
        Delivery::Delayed(delay) => context.clock().sleep(delay).await,
        Delivery::Held(gate) => gate.wait().await,
        Delivery::Polling(poll) => {
            let response = poll.wait(context.clock(), Waiting::OnPort).await;
            let response = response.ok_or("a fault of the test cuts the connection")?;
            return Ok(response.map(Full::new));
        }
    }
    Ok(response.map(Full::new))
}
