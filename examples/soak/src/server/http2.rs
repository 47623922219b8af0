//! HTTP/2: h2 speaks it, and what h2 would never say is said after its end.

use std::{future::poll_fn, io, sync::Arc, time::Duration};

use bytes::Bytes;
use h2::{
    Reason, RecvStream, SendStream,
    server::{Builder, SendResponse},
};
use http::{Request, Response, StatusCode};
use tokio::{
    io::{AsyncWriteExt, DuplexStream, copy, duplex, sink, split},
    net::TcpStream,
    sync::oneshot,
    task::JoinSet,
    time::sleep,
};
use tokio_rustls::server::TlsStream;

use super::{
    Shared, call_of_path, is_whole,
    reply::{reply, retry_after},
};
use crate::{
    plan::{Fault, FrameFault},
    secrets::{E_MAIL, TOKEN},
};

/// The body of a write does not fit, so the client waits for more of the window.
const WINDOW: u32 = 40;

/// How much h2 and the client can be apart.
const BUFFER: usize = 64 * 1024;

/// How the server ends a connection.
enum End {
    /// At once, whatever lies there unread.
    Cut,
    /// With these bytes, and when the client has closed it.
    LastWords(Vec<u8>),
}

pub(super) async fn serve(stream: TlsStream<TcpStream>, shared: &Arc<Shared>) -> io::Result<()> {
    let (near, far) = duplex(BUFFER);
    let (mut from_client, mut to_client) = split(stream);
    let (mut from_h2, mut to_h2) = split(far);
    let (ends, ended) = oneshot::channel();
    let streams = async {
        // Nobody waits for it where the connection failed.
        let _ = ends.send(streams(near, shared).await);
        Ok(())
    };
    let requests = async {
        // It fails when h2 has ended; what comes then is not read.
        let _ = copy(&mut from_client, &mut to_h2).await;
        let _ = to_h2.shutdown().await;
        copy(&mut from_client, &mut sink()).await
    };
    let responses = async {
        copy(&mut from_h2, &mut to_client).await?;
        match ended.await {
            Ok(End::LastWords(words)) => {
                to_client.write_all(&words).await?;
                to_client.shutdown().await
            }
            // An error ends the other sides too.
            _ => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    };
    tokio::try_join!(streams, requests, responses)?;
    Ok(())
}

/// Serves the streams of a connection until it fails.
async fn streams(near: DuplexStream, shared: &Arc<Shared>) -> End {
    let mut builder = Builder::new();
    let Ok(mut connection) = builder
        .initial_window_size(WINDOW)
        .handshake::<_, Bytes>(near)
        .await
    else {
        return End::Cut;
    };
    let restarts = shared.restarts();
    let mut streams = JoinSet::new();
    while let Some(Ok((request, respond))) = connection.accept().await {
        if shared.restarts() != restarts {
            return End::Cut;
        }
        let Some((call, fault)) = shared.stream(call_of_path(request.uri().path())) else {
            return End::Cut;
        };
        let stream = respond.stream_id().as_u32();
        match fault {
            FrameFault::GoAwayBelow => return End::LastWords(go_away(stream.saturating_sub(2), 0)),
            FrameFault::GoAwayAbove(code) => return End::LastWords(go_away(stream, code)),
            FrameFault::HalfFrame => return End::LastWords(vec![0, 1, 0, 0, 0]),
            // Data of a stream that the client did not open.
            FrameFault::Both(Fault::NoHttp) => {
                return End::LastWords(frame(0, u32::MAX >> 1, TOKEN.as_bytes()));
            }
            FrameFault::Both(Fault::Reset | Fault::Restart | Fault::Close) => return End::Cut,
            FrameFault::GoAwayGently => connection.graceful_shutdown(),
            _ => {}
        }
        let shared = Arc::clone(shared);
        streams.spawn(async move {
            // An error is the client's end of the stream.
            let _ = respond_as(request, respond, call, fault, &shared).await;
        });
        while streams.try_join_next().is_some() {}
    }
    End::Cut
}

async fn respond_as(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    call: u32,
    fault: FrameFault,
    shared: &Shared,
) -> Result<(), h2::Error> {
    let (head, mut body) = request.into_parts();
    if fault == FrameFault::StalledWindow {
        return poll_fn(|context| respond.poll_reset(context))
            .await
            .map(drop);
    }
    let mut read = Vec::new();
    while let Some(data) = body.data().await {
        let data = data.inspect_err(|_| shared.is_taken_back(call, fault))?;
        body.flow_control().release_capacity(data.len())?;
        read.extend(data);
    }
    let token = head.headers.get("authorization");
    let token = token.and_then(|token| token.to_str().ok());
    let text = String::from_utf8_lossy(&read);
    let writes = (head.method == "POST").then_some(&*text);
    if !is_whole(token.unwrap_or_default(), writes, call) {
        shared.is_strange();
    }
    let both = match fault {
        FrameFault::Reset(code) => {
            respond.send_reset(code.into());
            return Ok(());
        }
        FrameFault::Both(fault) => fault,
        _ => Fault::None,
    };
    if let Fault::Delay(milliseconds) = both {
        sleep(Duration::from_millis(milliseconds)).await;
    }
    let Some((status, reply)) = reply(call, both) else {
        return Ok(());
    };
    let mut body = start(&mut respond, status)?;
    let (first, rest) = reply.split_at(reply.len() / 2);
    match (fault, both) {
        (FrameFault::ResetInBody(code), _) => {
            body.send_data(first.to_owned().into(), false)?;
            body.send_reset(code.into());
        }
        (_, Fault::Truncate) => {
            body.send_data(first.to_owned().into(), false)?;
            body.send_reset(Reason::INTERNAL_ERROR);
        }
        (_, Fault::Stall) => {
            body.send_data(first.to_owned().into(), false)?;
            poll_fn(|context| body.poll_reset(context)).await?;
        }
        (FrameFault::LargeData, _) => {
            for _ in 0..64 {
                body.send_data(vec![b' '; 4096].into(), false)?;
            }
            body.send_data(reply.into(), true)?;
        }
        (FrameFault::TinyData, _) => {
            for byte in reply.bytes() {
                body.send_data(vec![byte].into(), false)?;
            }
            body.send_data(Bytes::new(), false)?;
            body.send_data(Bytes::new(), true)?;
        }
        _ => {
            body.send_data(first.to_owned().into(), false)?;
            body.send_data(rest.to_owned().into(), true)?;
        }
    }
    Ok(())
}

fn start(
    respond: &mut SendResponse<Bytes>,
    status: StatusCode,
) -> Result<SendStream<Bytes>, h2::Error> {
    let mut head = Response::new(());
    *head.status_mut() = status;
    if let Some((name, value)) = retry_after(status) {
        head.headers_mut()
            .insert(name, http::HeaderValue::from_static(value));
    }
    respond.send_response(head, false)
}

/// `GOAWAY` with the last stream that is processed, and with what no client may show.
fn go_away(last: u32, code: u32) -> Vec<u8> {
    let mut payload = last.to_be_bytes().to_vec();
    payload.extend(code.to_be_bytes());
    payload.extend(format!("{TOKEN} {E_MAIL}").bytes());
    frame(7, 0, &payload)
}

/// A frame without flags.
fn frame(kind: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(payload.len()).unwrap_or(0).to_be_bytes();
    let mut frame = length.to_vec();
    frame.extend([kind, 0]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}
