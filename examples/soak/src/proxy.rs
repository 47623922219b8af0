//! A proxy on this machine that opens tunnels, and fails by plan.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::{
    plan::{Plan, Tunnel},
    secrets::{E_MAIL, TOKEN},
    server::reset,
};

/// Ends with all its tunnels when it is dropped.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
    tunnels: Arc<AtomicU64>,
    #[expect(dead_code, reason = "dropping it ends the tasks")]
    tasks: JoinSet<()>,
}

impl Proxy {
    /// Every tunnel leads to this server.
    pub(crate) async fn start(plan: Plan, server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let tunnels = Arc::<AtomicU64>::default();
        let opened = Arc::clone(&tunnels);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            for number in 0.. {
                if let Ok((stream, _)) = listener.accept().await {
                    // However it ends, the connection is closed.
                    let (tunnel, opened) = (plan.tunnel(number), Arc::clone(&opened));
                    connections
                        .spawn(async move { drop(serve(stream, tunnel, server, &opened).await) });
                }
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self {
            address,
            tunnels,
            tasks,
        })
    }

    /// How many it opened.
    pub(crate) fn tunnels(&self) -> u64 {
        self.tunnels.load(Ordering::SeqCst)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

async fn serve(
    mut client: TcpStream,
    tunnel: Tunnel,
    server: SocketAddr,
    opened: &AtomicU64,
) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if client.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let text = match tunnel {
        Tunnel::Open => {
            opened.fetch_add(1, Ordering::SeqCst);
            let mut server = TcpStream::connect(server).await?;
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            copy_bidirectional(&mut client, &mut server).await?;
            return Ok(());
        }
        Tunnel::Reset => return reset(&client),
        Tunnel::Reject => "HTTP/1.1 407 Who are you?\r\ncontent-length: 0\r\n\r\n".into(),
        Tunnel::Error502 => "HTTP/1.1 502 Not there\r\ncontent-length: 0\r\n\r\n".into(),
        Tunnel::NoHttp => format!("SSH-2.0-OpenSSH_9.6 {TOKEN} {E_MAIL}\r\n\r\n"),
    };
    client.write_all(text.as_bytes()).await
}
