use std::{
    ffi::OsString,
    net::{SocketAddr, ToSocketAddrs},
    path::PathBuf,
};

use carrot_testing::sandbox::Fault;
use lexopt::{Arg, Parser, ValueExt};

pub(crate) const HELP: &str = "\
The Carrot quest and Dashly service in memory, on a port, until Ctrl-C.

Usage: carrot-sandbox [OPTIONS]

It prints its address, its token, its operators, a link to its page and two example requests, then a line for each
request. A second Ctrl-C does not wait for requests under way. Its time is the time of the machine.

Options:
      --addr HOST:PORT   The address to listen on; port 0, the default, stands for any free port
      --public           Allows an address that other machines reach, in plain HTTP
      --token TOKEN      The token that gives access; drawn at random by default
      --app ID           The id of the app; by default the one in the token, `app.<id>.<secret>`, else 1000
      --seed FILE        The records at the start: users, conversations, operators, channels, as JSON
      --state FILE       Restores the state from this file where it exists, instead of --seed, and writes it at the end
      --rate-limit N     The requests a minute; more get status 429. Off by default, 60 at the service
      --webhook URL      Where to post webhooks: an address of this machine
      --fault TEXT       Something that goes wrong, such as 'lost-response on=conversations.reply nth=2';
                         may be repeated. One that is not used by the end is exit code 1
  -h, --help             Prints this
  -V, --version          Prints the version

Faults, and all else that a test in another language needs, are on the control path too:
https://github.com/carrot-rs/carrot/blob/main/carrot-testing/docs/program.md
";

#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) addr: SocketAddr,
    pub(crate) public: bool,
    pub(crate) token: Option<String>,
    pub(crate) app: Option<u64>,
    pub(crate) seed: Option<PathBuf>,
    pub(crate) rate_limit: Option<usize>,
    pub(crate) webhook: Option<String>,
    pub(crate) state: Option<PathBuf>,
    pub(crate) faults: Vec<Fault>,
}

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Wanted {
    Help,
    Version,
    Run(Arguments),
}

pub(crate) fn read(words: impl IntoIterator<Item = OsString>) -> Result<Wanted, lexopt::Error> {
    let mut parser = Parser::from_iter(words);
    let mut arguments = Arguments {
        addr: ([127, 0, 0, 1], 0).into(),
        public: false,
        token: None,
        app: None,
        seed: None,
        rate_limit: None,
        webhook: None,
        state: None,
        faults: Vec::new(),
    };
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(Wanted::Help),
            Arg::Short('V') | Arg::Long("version") => return Ok(Wanted::Version),
            Arg::Long("addr") => arguments.addr = parser.value()?.parse_with(address)?,
            Arg::Long("public") => arguments.public = true,
            Arg::Long("token") => arguments.token = Some(parser.value()?.string()?),
            Arg::Long("app") => arguments.app = Some(parser.value()?.parse_with(id)?),
            Arg::Long("seed") => arguments.seed = Some(parser.value()?.into()),
            Arg::Long("rate-limit") => arguments.rate_limit = Some(parser.value()?.parse()?),
            Arg::Long("webhook") => arguments.webhook = Some(parser.value()?.string()?),
            Arg::Long("state") => arguments.state = Some(parser.value()?.into()),
            Arg::Long("fault") => arguments.faults.push(parser.value()?.parse()?),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Wanted::Run(arguments))
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

fn id(text: &str) -> Result<u64, &'static str> {
    let id = text.parse().ok().filter(|id| *id > 0);
    id.ok_or("must be a number from 1")
}
