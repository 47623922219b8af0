//! Which service a program talks to: the real one with `CARROT_TOKEN`, else a sandbox of its own.

use std::{
    env, fmt,
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use carrot_hyper::{
    BaseUrl, Client, LocalRateLimiter, TokioClock,
    apps::Leads,
    endpoint::Paging,
    rate_limit::Start,
    types::{AppId, Timestamp},
};
use carrot_testing::{Sandbox, sandbox::SandboxServer};
use clap::Args;
use serde::{Deserialize, Serialize};

use crate::{changes::Watch, named_file::NamedFile, program::Failure, say};

/// What every program that writes takes.
#[derive(Clone, Copy, Debug, Args)]
#[non_exhaustive]
pub struct ServiceArgs {
    /// Writes to the real service. Without it a program with CARROT_TOKEN only reads, and says what it
    /// would write.
    #[arg(long)]
    pub write: bool,
}

impl ServiceArgs {
    /// The file that the user named, `None` for that of the story.
    ///
    /// # Errors
    ///
    /// None is named with `--write`: made-up people have no place in a real app.
    pub fn file(self, file: Option<PathBuf>) -> Result<Option<NamedFile>, Failure> {
        match file {
            None if self.write => {
                Err("--write needs --file: the table of the story is made up".into())
            }
            file => Ok(file.map(|file| NamedFile::of_option("--file", file))),
        }
    }
}

/// The service, with a client for it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Service {
    /// The client.
    pub client: Client,
    host: String,
    sandbox: Option<SandboxServer>,
    may_write: bool,
    _changes: Option<Watch>,
}

/// The address of the real service: `CARROT_BASE_URL`, or that of Carrot quest.
#[must_use]
pub fn host() -> String {
    let host = env::var("CARROT_BASE_URL");
    host.unwrap_or_else(|_| BaseUrl::CARROT_QUEST.to_string())
}

/// Where records come from. A file with a position in them holds it, since a position in one app means
/// nothing in another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Origin {
    /// The address of the service.
    pub host: String,
    /// The app, where the service says which.
    pub app: Option<AppId>,
}

impl Origin {
    /// An app at an address.
    #[must_use]
    pub fn new(host: impl Into<String>, app: Option<AppId>) -> Self {
        let host = host.into();
        Self { host, app }
    }

    /// Checks that a file is of this origin; `file` is how the user named it. A file of an app that was not known
    /// yet is taken for one of any app at the same address; a file of an app that is known is for no other.
    ///
    /// # Errors
    ///
    /// It is of another origin.
    pub fn check(&self, file: &str, its: &Self) -> Result<(), Failure> {
        let same_app = its.app.is_none() || self.app == its.app;
        match self.host == its.host && same_app {
            true => Ok(()),
            false => Err(format!("{file} is of {its}, and this is {self}: name another").into()),
        }
    }

    /// Checks that a file with this header is of this origin, as [`check`](Self::check) does, and returns the
    /// header that it has from now on: with the app, once it is known. A new file has none.
    ///
    /// # Errors
    ///
    /// It is of another origin, or the header cannot be read.
    pub fn header(&self, file: &str, stored: Option<&str>) -> Result<String, Failure> {
        let its = match stored {
            Some(stored) => serde_json::from_str(stored)
                .map_err(|error| format!("{file}: the line about its app is broken: {error}"))?,
            None => self.clone(),
        };
        self.check(file, &its)?;
        let app = its.app.or(self.app);
        Ok(serde_json::to_string(&Self { app, ..its })?)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.app {
            Some(app) => write!(f, "the app {app} at {}", self.host),
            None => write!(f, "an unknown app at {}", self.host),
        }
    }
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
        let service = Self::real(args.write)?;
        match args.write {
            true => say!(
                "The real service at {}; --write is set, so this changes it.",
                service.host
            ),
            false => say!(
                "The real service at {}; without --write it is only read.",
                service.host
            ),
        }
        Ok(service)
    }

    /// Connects as [`connect`](Self::connect) does, for a program that never writes.
    ///
    /// # Errors
    ///
    /// The token or the address is invalid, or no port is free.
    pub async fn connect_to_read(story: Sandbox) -> Result<Self, Failure> {
        if env::var_os("CARROT_TOKEN").is_none() {
            return Self::in_sandbox(story).await;
        }
        let service = Self::real(false)?;
        say!("The real service at {}; it is only read.", service.host);
        Ok(service)
    }

    fn real(may_write: bool) -> Result<Self, Failure> {
        Ok(Self {
            client: carrot_hyper::from_env()?,
            host: host(),
            sandbox: None,
            may_write,
            _changes: None,
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
            // Its port is another one each time.
            host: "the sandbox".to_owned(),
            sandbox: Some(server),
            may_write: true,
            _changes: Watch::start(&story),
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

    /// The external id of a user: the one given, or in the sandbox one of the story.
    ///
    /// # Errors
    ///
    /// None is given for the real service, where nobody is a default.
    pub fn user(&self, given: Option<String>, in_story: &str) -> Result<String, Failure> {
        match (given, self.sandbox()) {
            (Some(user), _) => Ok(user),
            (None, Some(_)) => Ok(in_story.to_owned()),
            (None, None) => Err("--user is needed: the id of a user in your system".into()),
        }
    }

    /// Whose records these are. One request: every lead names its app. The app stays unknown where there is no
    /// lead, or the token may not list them.
    ///
    /// # Errors
    ///
    /// The service does not respond.
    pub async fn origin(&self) -> Result<Origin, Failure> {
        let one = Leads::new().page(Paging::new().size(1));
        let leads = match self.client.call(one).await {
            Ok(page) => page.items,
            // The token is right, and lacks a scope that the work may not need.
            Err(error) if error.status() == Some(403) => Vec::new(),
            Err(error) if error.is_auth() => {
                let advice = "nothing is lost: mend the token, and run it again";
                return Err(format!("{error}; {advice}").into());
            }
            Err(error) => return Err(error.into()),
        };
        Ok(self.origin_of(leads.first().and_then(|lead| lead.app)))
    }

    /// Whose records these are, where the app is known.
    #[must_use]
    pub fn origin_of(&self, app: Option<AppId>) -> Origin {
        Origin::new(self.host.trim_end_matches('/'), app)
    }

    /// The time of the service in the sandbox, else of this machine. The two may differ: for days, not for
    /// positions.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_another_app_is_rejected() {
        let of = |host, app: Option<u64>| Origin::new(host, app.map(AppId::new));
        let (here, there) = ("https://api.carrotquest.io", "https://api.dashly.app");
        for (file, now, is_same) in [
            (of(here, Some(1)), of(here, Some(1)), true),
            (of(here, Some(1)), of(here, Some(2)), false),
            (of(here, Some(1)), of(there, Some(1)), false),
            // What is known stays known.
            (of(here, Some(1)), of(here, None), false),
            (of(here, None), of(here, Some(1)), true),
            (of(here, None), of(here, None), true),
            (of(here, None), of(there, None), false),
        ] {
            assert_eq!(
                now.check("--state x", &file).is_ok(),
                is_same,
                "{file}, {now}"
            );
        }
    }
}
