//! A request on the port, and what it gets.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;

use super::{console, context::Context, upgrade};
use crate::{
    port::{self, Cut},
    sandbox::{fault::Delivery, realtime::hub::Waiting},
};

pub(super) async fn respond(
    context: Arc<Context>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Cut> {
    let mut request = match port::read(request, context.address).await? {
        Ok(request) => request,
        Err(response) => return Ok(response.map(Full::new)),
    };
    if let Some(response) = console::respond(&context, &request) {
        return Ok(response.map(Full::new));
    }
    let upgraded = hyper::upgrade::on(&mut request);
    let (mut response, delivery) = context.sandbox.exchange(&request);
    if let Delivery::Upgraded(_) = delivery {
        response = upgrade::response(&request);
    }
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
        Delivery::Upgraded(start) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
            let socket = start.start(context.clock(), Waiting::OnPort);
            tokio::spawn(upgrade::serve(upgraded, socket, context.ends.clone()));
        }
        Delivery::Upgraded(_) => {}
    }
    Ok(response.map(Full::new))
}
