//! HTTP/1.1, byte by byte.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::sleep,
};

use super::{
    Shared, call_of_path, is_whole,
    reply::{reply, retry_after},
    reset,
};
use crate::{
    plan::Fault,
    secrets::{E_MAIL, TOKEN},
};

pub(super) async fn serve(
    mut stream: TcpStream,
    shared: &Shared,
    is_limited: bool,
) -> io::Result<()> {
    let restarts = shared.restarts();
    loop {
        if stream.peek(&mut [0]).await? > 0 && shared.restarts() != restarts {
            return reset(&stream);
        }
        let Some(call) = read_call(&mut stream).await? else {
            return Ok(());
        };
        let Some((call, fault)) = shared.request(call, is_limited) else {
            return Ok(());
        };
        if !respond(&mut stream, call, fault).await? {
            return Ok(());
        }
    }
}

/// Responds as planned; false when the connection is not to be used again.
async fn respond(stream: &mut TcpStream, call: u32, fault: Fault) -> io::Result<bool> {
    if let Fault::Delay(milliseconds) = fault {
        sleep(Duration::from_millis(milliseconds)).await;
    }
    let Some((status, body)) = reply(call, fault) else {
        match fault {
            Fault::Reset | Fault::Restart => reset(stream)?,
            Fault::NoHttp => {
                let greeting = format!("SSH-2.0-OpenSSH_9.6 {TOKEN} {E_MAIL}\r\n\r\n");
                stream.write_all(greeting.as_bytes()).await?;
            }
            _ => {}
        }
        return Ok(false);
    };
    let header = retry_after(status).map_or(String::new(), |(name, value)| {
        format!("{name}: {value}\r\n")
    });
    let length = body.len();
    let whole = format!("HTTP/1.1 {status}\r\n{header}content-length: {length}\r\n\r\n{body}");
    if !matches!(fault, Fault::Truncate | Fault::Stall) {
        stream.write_all(whole.as_bytes()).await?;
        return Ok(true);
    }
    stream
        .write_all(&whole.as_bytes()[..whole.len() - 9])
        .await?;
    if fault == Fault::Stall {
        // Until the client closes the connection.
        while stream.read(&mut [0]).await? > 0 {}
    }
    Ok(false)
}

/// Reads one request and tells which call it is of: `None` at the end of the connection,
/// `Some(None)` when it is of none.
async fn read_call(stream: &mut TcpStream) -> io::Result<Option<Option<u32>>> {
    let mut request = Vec::with_capacity(1024);
    loop {
        if let Some(end) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&request[..end]);
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap_or(usize::MAX));
            if request.len() - end - 4 >= length {
                let body = String::from_utf8_lossy(&request[end + 4..]);
                return Ok(Some(call_of(&head, &body)));
            }
        }
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(None);
        }
    }
}

fn call_of(head: &str, body: &str) -> Option<u32> {
    let mut words = head.split(' ');
    let body = (words.next()? == "POST").then_some(body);
    let call = call_of_path(words.next()?)?;
    is_whole(head, body, call).then_some(call)
}
