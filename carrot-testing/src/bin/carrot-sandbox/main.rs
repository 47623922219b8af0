//! The service in memory, on a port, for programs in any language: `carrot-sandbox --help`.

mod arguments;
mod state;

use std::{
    env,
    error::Error,
    fmt::Display,
    fs,
    io::{self, Write},
    path::Path,
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use carrot_core::{AuthToken, types::AppId};
use carrot_testing::{
    Sandbox,
    sandbox::{SandboxBuilder, SandboxServer},
};
use tokio::{sync::Notify, time};

use self::arguments::{Arguments, HELP, Wanted};

/// How long requests may take that are under way when the program stops.
const PATIENCE: Duration = Duration::from_secs(10);

const DEFAULT_APP: u64 = 1000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = match arguments::read(env::args_os()) {
        Ok(Wanted::Help) => {
            let _ = io::stdout().write_all(HELP.as_bytes());
            return ExitCode::SUCCESS;
        }
        Ok(Wanted::Version) => {
            say(concat!("carrot-sandbox ", env!("CARGO_PKG_VERSION")));
            return ExitCode::SUCCESS;
        }
        Ok(Wanted::Run(arguments)) => arguments,
        Err(error) => {
            eprintln!("carrot-sandbox: {error}; --help lists the options");
            return ExitCode::from(2);
        }
    };
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("carrot-sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(mut arguments: Arguments) -> Result<(), Box<dyn Error>> {
    if !arguments.addr.ip().is_loopback() && !arguments.public {
        return Err("--addr is reached by other machines; say --public if that is meant".into());
    }
    let requested = Arc::new(Notify::new());
    let sandbox = set_up(&arguments, Arc::clone(&requested))?;
    if let Some(path) = &arguments.state {
        state::restore(&sandbox, path).map_err(|error| in_file("--state", path, error))?;
        state::check(path).map_err(|error| in_file("--state", path, error))?;
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
    for fault in arguments.faults.drain(..) {
        sandbox.inject(fault);
    }
    let told_to_stop = stopped()?;
    greet(&server)?;

    told_to_stop.await;
    // A request that takes too long is dropped with the program, or at the second signal.
    let told_again = stopped()?;
    tokio::select! {
        _ = time::timeout(PATIENCE, server.stop()) => {}
        () = told_again => {}
    }
    if let Some(path) = &arguments.state {
        state::save(&sandbox, path).map_err(|error| in_file("--state", path, error))?;
        say(format_args!("Saved to {}", path.display()));
    }
    all_used(&sandbox)
}

/// A fault that was not used proves nothing, and what relied on it has to learn that.
fn all_used(sandbox: &Sandbox) -> Result<(), Box<dyn Error>> {
    let faults = sandbox.faults().into_iter();
    let unused = faults.filter(|fault| !fault.is_used()).map(|fault| {
        let (used, wanted) = (fault.used, fault.wanted);
        format!("{} (used {used} of {wanted} times)", fault.fault)
    });
    let unused: Vec<String> = unused.collect();
    // They are reported here; their drop would panic.
    sandbox.reset();
    match unused.is_empty() {
        true => Ok(()),
        false => Err(format!("faults were not used: {}", unused.join(", ")).into()),
    }
}

fn set_up(arguments: &Arguments, requested: Arc<Notify>) -> Result<Sandbox, Box<dyn Error>> {
    let mut builder = Sandbox::builder().machine_time().on_response(move |line| {
        say(line);
        requested.notify_one();
    });
    let token = match &arguments.token {
        Some(token) => token.clone(),
        None => draw_token(arguments.app.unwrap_or(DEFAULT_APP))?,
    };
    AuthToken::new(token.as_str())?;
    builder = builder.token(token);
    if let Some(app) = arguments.app {
        builder = builder.app(AppId::new(app));
    }
    if let Some(limit) = arguments.rate_limit {
        builder = builder.rate_limit(limit);
    }
    if let Some(path) = &arguments.seed {
        builder = seed(builder, path).map_err(|error| in_file("--seed", path, error))?;
    }
    Ok(builder.build())
}

/// A token that no page in a browser can guess.
fn draw_token(app: u64) -> Result<String, Box<dyn Error>> {
    let mut secret = [0; 16];
    getrandom::fill(&mut secret)?;
    let secret: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("app.{app}.{secret}"))
}

fn seed(builder: SandboxBuilder, path: &Path) -> Result<SandboxBuilder, Box<dyn Error>> {
    Ok(builder.seed_json(&fs::read_to_string(path)?)?)
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

fn greet(server: &SandboxServer) -> io::Result<()> {
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
    say(format_args!("Page, opens once: {}", server.page_link()?));
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
    Ok(())
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
