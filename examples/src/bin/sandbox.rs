//! The service in memory, on a port, for programs in any language.
//!
//! ```sh
//! cargo run --bin sandbox -- --addr 127.0.0.1:8787
//! ```
//!
//! It prints its address, its token, its operators and two example requests, then a line for each
//! request, until Ctrl-C; a second one does not wait for requests under way. Its time is the time of
//! the machine.

use std::{
    error::Error,
    fmt::Display,
    fs,
    io::{self, ErrorKind, Write},
    net::{SocketAddr, ToSocketAddrs},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use carrot_hyper::{
    AuthToken, TokioClock,
    types::{AppId, Timestamp, json},
};
use carrot_testing::{
    Sandbox,
    sandbox::{SandboxBuilder, SandboxServer, Snapshot},
};
use clap::Parser;
use tokio::{sync::Notify, time};

/// How long requests may take that are under way when the program stops.
const PATIENCE: Duration = Duration::from_secs(10);

const DEFAULT_APP: u64 = 1000;

/// The service in memory, on a port, until Ctrl-C.
#[derive(Debug, Parser)]
struct Arguments {
    /// The address to listen on: a host and a port. Port 0 stands for any free port.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "HOST:PORT", value_parser = address)]
    addr: SocketAddr,
    /// Allows an address that other machines reach. They reach the sandbox in plain HTTP.
    #[arg(long)]
    public: bool,
    /// The token that gives access; drawn at random by default.
    #[arg(long)]
    token: Option<String>,
    /// The id of the app; by default the one in the token, `app.<id>.<secret>`, else 1000.
    #[arg(long, value_name = "ID", value_parser = clap::value_parser!(u64).range(1..))]
    app: Option<u64>,
    /// The records at the start: users, conversations, operators, channels, as JSON.
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,
    /// The requests a minute; more get status 429. Off by default, 60 at the service.
    #[arg(long, value_name = "N")]
    rate_limit: Option<usize>,
    /// Where to post webhooks: an address of this machine.
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    /// Restores the state from this file where it exists, instead of --seed, and writes it at the end.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let example = "such as 127.0.0.1:8787 or localhost:8787";
    let mut found = text
        .to_socket_addrs()
        .map_err(|error| format!("{error}; {example}"))?;
    found
        .next()
        .ok_or_else(|| format!("no such host; {example}"))
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    if !arguments.addr.ip().is_loopback() && !arguments.public {
        return Err("--addr is reached by other machines; say --public if that is meant".into());
    }
    let requested = Arc::new(Notify::new());
    let sandbox = set_up(&arguments, Arc::clone(&requested))?;
    if let Some(state) = &arguments.state {
        restore(&sandbox, state)?;
        // A file that cannot be written is an error now, not when the state would be lost.
        let beside = beside(state);
        let written = fs::File::create(&beside).and_then(|_| fs::remove_file(&beside));
        written.map_err(|error| in_file("--state", state, error))?;
    }
    if let Some(url) = arguments.webhook.clone() {
        // An invalid address is an error now, not at the first webhook.
        deliver(&Sandbox::new(), &url)
            .await
            .map_err(|error| format!("--webhook {url}: {error}"))?;
        tokio::spawn(keep_delivering(sandbox.clone(), url, requested));
    }
    let addr = arguments.addr;
    let server = sandbox.serve_on(addr).await;
    let server = server.map_err(|error| format!("--addr {addr}: {error}"))?;
    let told_to_stop = stopped()?;
    greet(&server);

    told_to_stop.await;
    // A request that takes too long is dropped with the program, or at the second signal.
    let told_again = stopped()?;
    tokio::select! {
        _ = time::timeout(PATIENCE, server.stop()) => {}
        () = told_again => {}
    }
    if let Some(state) = &arguments.state {
        save(&sandbox, state).map_err(|error| in_file("--state", state, error))?;
        say(format_args!("Saved to {}", state.display()));
    }
    Ok(())
}

fn set_up(arguments: &Arguments, requested: Arc<Notify>) -> Result<Sandbox, Box<dyn Error>> {
    let mut builder = Sandbox::builder()
        .starts_at(now()?)
        .clock(TokioClock::new())
        .on_response(move |line| {
            say(line);
            requested.notify_one();
        });
    let token = match &arguments.token {
        Some(token) => token.clone(),
        None => draw_token(arguments.app.unwrap_or(DEFAULT_APP))?,
    };
    AuthToken::new(token.as_str())?;
    let app = arguments.app.or_else(|| app_of(&token));
    builder = builder
        .app(AppId::new(app.unwrap_or(DEFAULT_APP)))
        .token(token);
    if let Some(limit) = arguments.rate_limit {
        builder = builder.rate_limit(limit);
    }
    if let Some(path) = &arguments.seed {
        builder = seed(builder, path).map_err(|error| in_file("--seed", path, error))?;
    }
    Ok(builder.build())
}

/// The app id in a token `app.<id>.<secret>`.
fn app_of(token: &str) -> Option<u64> {
    let (id, _) = token.strip_prefix("app.")?.split_once('.')?;
    id.parse().ok().filter(|id| *id > 0)
}

/// A token that no page in a browser can guess.
fn draw_token(app: u64) -> Result<String, Box<dyn Error>> {
    let mut secret = [0; 16];
    getrandom::fill(&mut secret)?;
    let secret: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("app.{app}.{secret}"))
}

fn now() -> Result<Timestamp, Box<dyn Error>> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(Timestamp::from_seconds(now.as_secs().try_into()?))
}

fn seed(builder: SandboxBuilder, path: &Path) -> Result<SandboxBuilder, Box<dyn Error>> {
    Ok(builder.seed_json(&fs::read_to_string(path)?)?)
}

fn restore(sandbox: &Sandbox, path: &Path) -> Result<(), Box<dyn Error>> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        text => text.map_err(|error| in_file("--state", path, error))?,
    };
    let snapshot: Snapshot = json::read(&text).map_err(|error| in_file("--state", path, error))?;
    let wall = now()?;
    sandbox.restore(&snapshot);
    // The time that went by since then; a clock that was set back is waited for.
    let away = wall.seconds().saturating_sub(sandbox.now().seconds());
    sandbox.advance(Duration::from_secs(away.try_into().unwrap_or(0)));
    Ok(())
}

/// The file that is written before it takes the place of this one.
fn beside(path: &Path) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    PathBuf::from(beside)
}

/// Through a file beside it, so that what was there stays whole until all is written.
fn save(sandbox: &Sandbox, path: &Path) -> Result<(), Box<dyn Error>> {
    let beside = beside(path);
    let mut file = io::BufWriter::new(fs::File::create(&beside)?);
    serde_json::to_writer(&mut file, &sandbox.snapshot())?;
    file.flush()?;
    fs::rename(&beside, path)?;
    Ok(())
}

fn in_file(option: &str, path: &Path, error: impl Display) -> Box<dyn Error> {
    format!("{option} {}: {error}", path.display()).into()
}

async fn deliver(sandbox: &Sandbox, url: &str) -> Result<(), Box<dyn Error>> {
    for webhook in sandbox.deliver_webhooks_to(url).await? {
        let (id, kind) = (webhook.id(), webhook.kind());
        let (state, attempts) = (webhook.state(), webhook.attempts());
        say(format_args!(
            "webhook {id} {kind}: {state:?} after attempt {attempts}"
        ));
    }
    Ok(())
}

async fn keep_delivering(sandbox: Sandbox, url: String, requested: Arc<Notify>) {
    loop {
        if let Err(error) = deliver(&sandbox, &url).await {
            say(format_args!("webhooks: {error}"));
        }
        // New ones come with a request, and old ones are due again with the time.
        let _ = time::timeout(Duration::from_secs(1), requested.notified()).await;
    }
}

fn greet(server: &SandboxServer) {
    let (url, sandbox) = (server.url(), server.sandbox());
    let token = sandbox.token();
    let header = format!("-H 'Authorization: Token {}'", token.replace('\'', r"'\''"));
    say(format_args!("Sandbox: {url}"));
    say(format_args!("Token: {token}"));
    say(format_args!("App: {}", sandbox.app()));
    say(format_args!(
        "Token of webhooks: {}",
        sandbox.webhook_token()
    ));
    for operator in sandbox.admins() {
        let id = operator.id.map(|id| id.to_string()).unwrap_or_default();
        let name = operator.name.unwrap_or_default();
        say(format_args!("Operator: {id} {name}"));
    }
    say("Try:");
    say(format_args!(
        "curl {header} -d by_user_id=true -d 'body=Where is it' {url}/v2/users/order-42/startconversation"
    ));
    say(format_args!(
        "curl {header} '{url}/v2/apps/$self_app/conversations?include_not_assigned=true'"
    ));
}

/// A line of the log. Nobody may be reading it.
fn say(line: impl Display) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Waits for Ctrl-C, or for what ends a service elsewhere; from the call on, not from the first poll.
#[cfg(unix)]
fn stopped() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
    })
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
fn stopped() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Where there is no Ctrl-C, only the end of the process ends it.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
