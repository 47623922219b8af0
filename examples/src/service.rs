//! Which service a program talks to: the real one with `CARROT_TOKEN`, else a sandbox of its own.

use std::{
    env,
    time::{SystemTime, UNIX_EPOCH},
};

use carrot_hyper::{
    Client, LocalRateLimiter, TokioClock,
    rate_limit::Start,
    types::{AppId, Timestamp},
};
use carrot_testing::{Sandbox, sandbox::SandboxServer};
use clap::Args;

use crate::{program::Failure, say};

/// What every program takes.
#[derive(Clone, Copy, Debug, Args)]
#[non_exhaustive]
pub struct ServiceArgs {
    /// Writes to the real service. Without it a program with CARROT_TOKEN only reads, and says what it
    /// would write.
    #[arg(long)]
    pub write: bool,
}

/// The service, with a client for it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Service {
    /// The client.
    pub client: Client,
    sandbox: Option<SandboxServer>,
    may_write: bool,
}

impl Service {
    /// Connects to the real service where `CARROT_TOKEN` is set; else to `story`, on a port of this
    /// machine. The first line of the output says which.
    ///
    /// # Errors
    ///
    /// The token or the address is invalid, `--write` stands without a token, or no port is free.
    pub async fn connect(args: ServiceArgs, story: Sandbox) -> Result<Self, Failure> {
        if env::var_os("CARROT_TOKEN").is_none() {
            if args.write {
                return Err("--write needs CARROT_TOKEN; the sandbox can be written anyway".into());
            }
            return Self::in_sandbox(story).await;
        }
        let client = carrot_hyper::from_env()?;
        let host = env::var("CARROT_BASE_URL");
        let host = host.unwrap_or_else(|_| carrot_hyper::BaseUrl::CARROT_QUEST.to_string());
        match args.write {
            true => say!("The real service at {host}; --write is set, so this changes it."),
            false => say!("The real service at {host}; without --write it is only read."),
        }
        Ok(Self {
            client,
            sandbox: None,
            may_write: args.write,
        })
    }

    async fn in_sandbox(story: Sandbox) -> Result<Self, Failure> {
        let server = story.serve().await?;
        say!(
            "No CARROT_TOKEN is set, so this is a sandbox with a made-up shop: nothing leaves this machine."
        );
        let client = carrot_hyper::builder(story.token())?
            .base_url(server.base_url())
            // No other program uses this key: no need for a careful start.
            .rate_limiter(LocalRateLimiter::new(TokioClock::new()).start(Start::Full))
            .build()?;
        Ok(Self {
            client,
            sandbox: Some(server),
            may_write: true,
        })
    }

    /// Whether the program may write: in the sandbox, and with `--write`.
    #[must_use]
    pub fn may_write(&self) -> bool {
        self.may_write
    }

    /// The sandbox, where it is one.
    #[must_use]
    pub fn sandbox(&self) -> Option<&Sandbox> {
        self.sandbox.as_ref().map(SandboxServer::sandbox)
    }

    /// The id of the app: the one given, or that of the sandbox. The token has it in no documented form.
    ///
    /// # Errors
    ///
    /// None is given for the real service.
    pub fn app(&self, given: Option<u64>) -> Result<AppId, Failure> {
        match (given, self.sandbox()) {
            (Some(app), _) => Ok(AppId::new(app)),
            (None, Some(sandbox)) => Ok(sandbox.app()),
            (None, None) => Err("--app is needed: the names of the channels hold the id".into()),
        }
    }

    /// The time of the service.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self.sandbox() {
            Some(sandbox) => sandbox.now(),
            None => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH);
                Timestamp::from_seconds(since.map_or(0, |since| since.as_secs() as i64))
            }
        }
    }
}
