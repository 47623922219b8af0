//! Real traffic, recorded once and replayed strictly.
//!
//! A [`Cassette`] stands between a client and its transport. While it records, every request goes on to the
//! real service, and a file tells what was asked and what came; nobody's name, text, address or token is in
//! it. While it replays, it responds as the file says, without a network.
//!
//! ```
//! use carrot_core::{Client, Error, types::UserRef, users};
//! use carrot_testing::{Cassette, VirtualClock, client_builder};
//! # use carrot_testing::Sandbox;
//!
//! /// The code under test.
//! async fn greet(client: &Client) -> Result<String, Error> {
//!     let user = client.call(users::Get::new(UserRef::external("order-42"))).await?;
//!     Ok(format!("Hello {}", user.name().unwrap_or("you")))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = std::env::temp_dir().join(format!("carrot-cassette-{}", std::process::id()));
//! # let path = folder.join("greeting.json");
//! # let seed = r#"{"users": [{"user_id": "order-42", "props": {"$name": "Ada Lovelace"}}]}"#;
//! # let sandbox = Sandbox::builder().seed_json(seed)?.build();
//! // Once, over the real transport; here the sandbox stands for it.
//! let cassette = Cassette::record(&path, sandbox.clone());
//! let token = carrot_core::AuthToken::new(sandbox.token())?;
//! let client = Client::builder(cassette.transport(), VirtualClock::new(), token).build()?;
//! assert_eq!(greet(&client).await?, "Hello Ada Lovelace");
//! cassette.finish();
//!
//! // From then on, in every run of the test:
//! let cassette = Cassette::replay(&path);
//! let client = client_builder(cassette.transport()).build()?;
//! assert_eq!(greet(&client).await?, "Hello Name 1");
//! # drop(client);
//! # cassette.finish();
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok(())
//! # }
//! ```
//!
//! A test opens one with [`Cassette::open`], and the variable `CARROT_CASSETTES` says what that does:
//!
//! | `CARROT_CASSETTES` | requests |
//! |---|---|
//! | `replay`, or not set | get what the file says |
//! | `record` | go to the service, and the file is written anew; with `CI` set it is replayed instead |
//! | `check` | go to the service, and its responses are compared with the file; those that write are not sent |
//! | `check-writes` | as `check`, with those that write: take a throw-away app |
//!
//! # The file
//!
//! JSON, one file a scenario, one interaction after another, with its keys in order, so that a change reads
//! well in a review. It is written when the last clone of the cassette is dropped, or at
//! [`finish`](Cassette::finish), in one piece; nothing is written when the test panics.
//!
//! # What is hidden
//!
//! Every field has a class. Flags, counts and words of the service are shown. Ids become `1000001` and `id-1`,
//! in the order of the originals; names `Name 1`, texts `text 1 of 17 characters`, addresses
//! `person-1@example.com`, and so on: the same value has the same placeholder everywhere in a file. Moments are
//! moved by one amount, so that the first request is made when a [`VirtualClock`](crate::VirtualClock)
//! starts. A field that the kit does not know is hidden, and the file lists its name; [`show`](Cassette::show)
//! and [`hide`](Cassette::hide) decide otherwise. Of headers, five of a response are kept and none of a
//! request.
//!
//! Before a file is written, a second net searches it for the tokens of the requests, for every value that was
//! hidden, and for what looks like a token, an address or a phone number: as it is, in parts, backwards, and
//! encoded in percent, hexadecimal, base64 or escapes. A hit is an error that names the place; no file is
//! written then. [`assert_cassettes_are_clean`] does the same for files that exist.
//!
//! What no net finds is a fact that the shown fields tell together. Record with an app and users made for it.
//!
//! # What matches
//!
//! A request goes through the same redaction, and then it must be equal to a recorded one of its operation: the
//! path, the parameters in any order, the files. Requests of one operation are replayed in their order, each
//! once; between operations the order is free. Not compared are headers; a `random_id` and a nonce, which
//! are others in each run and stand in the responses as this run sent them; and a text that was made of
//! something that a response told.
//!
//! # Drift
//!
//! A service changes, and a file does not. A [check](Cassette::check) runs the same test against the service and
//! compares shapes, not values, operation by operation: the status and the name of the error, the fields, their
//! types, the words of the service, the headers. A field that is gone, another type and another status fail the
//! test, and so does a body, `data` or `meta` that is gone or null. A new field, word or header does not, nor does what
//! depends on the data: a null, a decimal for a number, a field that some objects lack. Everything is in the report: `greeting.drift.txt` beside `greeting.json`, which is removed once
//! nothing is left to report. Over a [`Sandbox`](crate::Sandbox) in the place of the service it tells where the
//! sandbox is not as the service was.
//!
//! # What is not replayed
//!
//! A request that was not recorded gets an error that is not retried, and fails the test when it ends, with the
//! nearest interaction and what differs. So does an interaction that was not asked for, unless
//! [`allow_unused`](Cassette::allow_unused) is said.

mod book;
mod checker;
mod class;
mod clean;
mod drift;
mod exchange;
mod net;
mod player;
mod recorder;
mod rules;
mod shape;
mod tape;
mod walk;

use std::{
    env, fmt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::SystemTime,
};

use async_trait::async_trait;
use bytes::Bytes;
use carrot_core::{Body, Clock, HttpTransport, TransportError};
use http::{Request, Response};

pub use self::clean::assert_cassettes_are_clean;
use self::{checker::Checker, player::Player, recorder::Recorder, rules::Rules};
use crate::fail;

/// The variable that says what cassettes do.
const VARIABLE: &str = "CARROT_CASSETTES";

/// Real traffic in a file, recorded or replayed. All clones are the same cassette.
///
/// See the [module](self).
#[derive(Clone)]
pub struct Cassette(Arc<Handle>);

/// What the clones share. A transport holds only the state within, so that a client that outlives the test
/// does not keep it from being verified.
struct Handle(Arc<State>);

struct State {
    path: PathBuf,
    settings: Mutex<Settings>,
    is_over: AtomicBool,
    work: Work,
}

#[derive(Default)]
struct Settings {
    rules: Rules,
    secrets: Vec<String>,
    clock: Option<Box<dyn Clock>>,
    unused_is_fine: bool,
    may_write: bool,
}

/// What a cassette does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mode {
    Replay,
    Record,
    Check { may_write: bool },
}

enum Work {
    Record(Recorder),
    Replay(Box<Player>),
    Check(Box<Checker>),
}

impl Cassette {
    /// Replays, records or checks a file, as the variable `CARROT_CASSETTES` says; see the [module](self).
    /// The transport is made where the service is needed.
    ///
    /// # Panics
    ///
    /// As [`replay`](Self::replay); and where the variable has another value.
    #[track_caller]
    pub fn open<T: HttpTransport>(path: impl AsRef<Path>, transport: impl FnOnce() -> T) -> Self {
        let wish = env::var(VARIABLE).ok();
        match mode(wish.as_deref(), env::var_os("CI").is_some()) {
            Ok(Mode::Replay) => Self::replay(path),
            Ok(Mode::Record) => Self::record(path, transport()),
            Ok(Mode::Check { may_write: false }) => Self::check(path, transport()),
            Ok(Mode::Check { may_write: true }) => Self::check(path, transport()).allow_writes(),
            Err(problem) => fail(&problem),
        }
    }

    /// Records a file over this transport. A file that is there is replaced.
    pub fn record(path: impl AsRef<Path>, transport: impl HttpTransport) -> Self {
        Self::of(path, Work::Record(Recorder::new(Box::new(transport))))
    }

    /// Replays a file.
    ///
    /// # Panics
    ///
    /// There is no such file, or it is not a cassette of this format.
    #[track_caller]
    pub fn replay(path: impl AsRef<Path>) -> Self {
        match Player::load(path.as_ref()) {
            Ok(player) => Self::of(path, Work::Replay(Box::new(player))),
            Err(problem) => fail(&problem),
        }
    }

    /// Checks the service, over this transport, against a file. A request that may write is not sent, unless
    /// [`allow_writes`](Self::allow_writes) is said: its call ends with an error, and the test fails.
    ///
    /// # Panics
    ///
    /// As [`replay`](Self::replay).
    #[track_caller]
    pub fn check(path: impl AsRef<Path>, transport: impl HttpTransport) -> Self {
        match Checker::load(path.as_ref(), Box::new(transport)) {
            Ok(checker) => Self::of(path, Work::Check(Box::new(checker))),
            Err(problem) => fail(&problem),
        }
    }

    fn of(path: impl AsRef<Path>, work: Work) -> Self {
        Self(Arc::new(Handle(Arc::new(State {
            path: path.as_ref().to_owned(),
            settings: Mutex::default(),
            is_over: AtomicBool::new(false),
            work,
        }))))
    }

    fn state(&self) -> &Arc<State> {
        &self.0.0
    }

    /// Shows a field of this name, in requests and responses: `body`, or with what stands before it,
    /// `props_custom.plan`. Flags, counts and single words are shown; a text stays hidden. For the
    /// recording: a file keeps these rules.
    #[must_use]
    pub fn show(self, field: impl Into<String>) -> Self {
        self.state().settings().rules.show.push(field.into());
        self
    }

    /// Hides a field, whatever else is said about it.
    #[must_use]
    pub fn hide(self, field: impl Into<String>) -> Self {
        self.state().settings().rules.hide.push(field.into());
        self
    }

    /// Names a secret that must not be in the file, beside the tokens of the requests.
    #[must_use]
    pub fn secret(self, secret: impl Into<String>) -> Self {
        self.state().settings().secrets.push(secret.into());
        self
    }

    /// Sets the clock of the recording. By default the date of the machine.
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        self.state().settings().clock = Some(Box::new(clock));
        self
    }

    /// Sends what writes while the service is checked, and not only what reads.
    #[must_use]
    pub fn allow_writes(self) -> Self {
        self.state().settings().may_write = true;
        self
    }

    /// Lets interactions stay unused.
    #[must_use]
    pub fn allow_unused(self) -> Self {
        self.state().settings().unused_is_fine = true;
        self
    }

    /// Returns true where requests go to the service, with a token of it: while it records or checks.
    #[must_use]
    pub fn is_live(&self) -> bool {
        !matches!(self.state().work, Work::Replay(_))
    }

    /// Returns the transport for the client of the test.
    #[must_use]
    pub fn transport(&self) -> CassetteTransport {
        CassetteTransport(Arc::clone(self.state()))
    }

    /// Writes the file; or checks that everything was replayed as it was recorded, or that the service is as it
    /// was. The last clone does it when it is dropped.
    ///
    /// # Panics
    ///
    /// The file cannot be written or would hold what must not be written; a request was not recorded, or an
    /// interaction not asked for; the service changed.
    #[track_caller]
    pub fn finish(&self) {
        if self.state().is_over.swap(true, Ordering::Relaxed) {
            return;
        }
        if let Err(problem) = self.state().finish() {
            fail(&problem);
        }
    }
}

/// What cassettes do, by the variables of the environment.
fn mode(wish: Option<&str>, is_ci: bool) -> Result<Mode, String> {
    match wish {
        None | Some("" | "replay") => Ok(Mode::Replay),
        Some("record") if is_ci => Ok(Mode::Replay),
        Some("record") => Ok(Mode::Record),
        Some("check") => Ok(Mode::Check { may_write: false }),
        Some("check-writes") => Ok(Mode::Check { may_write: true }),
        Some(_) => Err(format!(
            "the variable {VARIABLE} must be `replay`, `record`, `check` or `check-writes`"
        )),
    }
}

impl State {
    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn finish(&self) -> Result<(), String> {
        let settings = self.settings();
        match &self.work {
            Work::Record(recorder) => recorder.save(&self.path, &settings.rules, &settings.secrets),
            Work::Replay(player) => {
                let problems = player.problems(&self.path, !settings.unused_is_fine);
                problems.map_or(Ok(()), Err)
            }
            Work::Check(checker) => {
                checker.finish(&self.path, &settings.secrets, settings.unused_is_fine)
            }
        }
    }

    fn now(&self) -> SystemTime {
        match &self.settings().clock {
            Some(clock) => clock.system_time(),
            None => machine_time(),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "real traffic has the date of the machine"
)]
fn machine_time() -> SystemTime {
    SystemTime::now()
}

impl Drop for Handle {
    fn drop(&mut self) {
        if self.0.is_over.swap(true, Ordering::Relaxed) {
            return;
        }
        match &self.0.work {
            // What a failed test recorded is not what the test wants.
            Work::Record(_) if std::thread::panicking() => {}
            Work::Replay(player) if std::thread::panicking() => {
                // What was not recorded is often the cause of the panic.
                if let Some(text) = player.problems(&self.0.path, false) {
                    eprintln!("{text}");
                }
            }
            Work::Check(checker) if std::thread::panicking() => {
                // What changed is often the cause too.
                let secrets = self.0.settings().secrets.clone();
                match checker.report(&self.0.path, &secrets, true) {
                    Ok(Some((text, _))) | Err(text) => eprintln!("{text}"),
                    Ok(None) => {}
                }
            }
            _ => {
                if let Err(problem) = self.0.finish() {
                    fail(&problem);
                }
            }
        }
    }
}

impl fmt::Debug for Cassette {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.transport().fmt(f)
    }
}

/// A [`Cassette`] as a transport; made by [`Cassette::transport`].
#[derive(Clone)]
pub struct CassetteTransport(Arc<State>);

#[async_trait]
impl HttpTransport for CassetteTransport {
    async fn send(&self, request: Request<Body>) -> Result<Response<Bytes>, TransportError> {
        match &self.0.work {
            Work::Record(recorder) => recorder.send(request, self.0.now()).await,
            Work::Replay(player) => player.send(request).await,
            Work::Check(checker) => {
                let may_write = self.0.settings().may_write;
                checker.send(request, self.0.now(), may_write).await
            }
        }
    }
}

impl fmt::Debug for CassetteTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mode, requests) = match &self.0.work {
            Work::Record(recorder) => (Mode::Record, recorder.requests()),
            Work::Replay(player) => (Mode::Replay, player.requests()),
            Work::Check(checker) => {
                let may_write = self.0.settings().may_write;
                (Mode::Check { may_write }, checker.requests())
            }
        };
        f.debug_struct("Cassette")
            .field("path", &self.0.path)
            .field("mode", &mode)
            .field("requests", &requests)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ci_never_records() {
        let check = |may_write| Ok(Mode::Check { may_write });
        for (wish, is_ci, expected) in [
            (None, false, Ok(Mode::Replay)),
            (Some("replay"), false, Ok(Mode::Replay)),
            (Some("record"), false, Ok(Mode::Record)),
            (Some("record"), true, Ok(Mode::Replay)),
            (Some("check"), false, check(false)),
            (Some("check"), true, check(false)),
            (Some("check-writes"), true, check(true)),
        ] {
            assert_eq!(mode(wish, is_ci), expected, "{wish:?}");
        }
        assert!(mode(Some("once"), false).is_err());
    }
}
