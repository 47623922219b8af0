use std::{env, path::Path, time::SystemTime};

use carrot_core::{
    AuthToken, Client,
    types::{Timestamp, UserRef},
};

use crate::{Cassette, Sandbox, client_builder, fail};

/// The variable that says what a suite runs against.
const VARIABLE: &str = "CARROT_BACKEND";

/// What a suite runs against, by one variable: the sandbox, a cassette, or the real service.
///
/// | `CARROT_BACKEND` | the client talks to |
/// |---|---|
/// | `sandbox`, or not set | a fresh [`Sandbox`] |
/// | `cassette` | the file of the test, [replayed](Cassette::replay) |
/// | `live` | the real service, with the token in `CARROT_TOKEN`; take a throw-away app |
///
/// ```
/// use carrot_core::users::{self, StartConversation};
/// use carrot_testing::Backend;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), carrot_core::Error> {
/// # // The real client of a program: `|token| carrot_hyper::client(token).expect("a client")`.
/// # let real = |_| carrot_testing::Sandbox::new().client();
/// let backend = Backend::from_env("tests/cassettes/start.json");
/// let client = backend.client(real);
/// let user = backend.user("order-42");
/// client.call(StartConversation::new(user.clone(), "Where is it?")).await?;
/// assert!(client.call(users::Get::new(user)).await.is_ok());
/// if let Some(sandbox) = backend.sandbox() {
///     assert_eq!(sandbox.conversations().len(), 1);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Backend {
    /// The service in memory.
    Sandbox(Sandbox),
    /// Recorded traffic.
    Cassette(Cassette),
    /// The real service.
    #[non_exhaustive]
    Live {
        /// The token of its app.
        token: AuthToken,
        /// What stands in front of the external ids of this run.
        prefix: String,
    },
}

impl Backend {
    /// Reads the variable. `cassette` is the file of this test.
    ///
    /// # Panics
    ///
    /// The variable has another value, `CARROT_TOKEN` is missing or invalid where it is needed, or the cassette
    /// cannot be replayed.
    #[track_caller]
    pub fn from_env(cassette: impl AsRef<Path>) -> Self {
        match env::var(VARIABLE).as_deref() {
            Err(env::VarError::NotPresent) | Ok("sandbox") => Self::Sandbox(Sandbox::new()),
            Ok("cassette") => Self::Cassette(Cassette::replay(cassette)),
            Ok("live") => Self::live(),
            _ => fail(&format!(
                "{VARIABLE} must be `sandbox`, `cassette` or `live`"
            )),
        }
    }

    #[track_caller]
    #[expect(
        clippy::disallowed_methods,
        reason = "each run on the real service needs users of its own"
    )]
    fn live() -> Self {
        let Ok(token) = env::var("CARROT_TOKEN") else {
            fail(&format!(
                "{VARIABLE}=live needs CARROT_TOKEN, the key of a throw-away app"
            ));
        };
        let now = Timestamp::from(SystemTime::now()).seconds();
        let process = std::process::id();
        match AuthToken::new(token) {
            Ok(token) => Self::Live {
                token,
                prefix: format!("test-{now}-{process}-"),
            },
            Err(error) => fail(&format!("CARROT_TOKEN: {error}")),
        }
    }

    /// Returns the client. `live` makes that of the real service, such as
    /// `|token| carrot_hyper::client(token).expect("a client")`.
    ///
    /// # Panics
    ///
    /// As [`Sandbox::client`].
    #[must_use]
    pub fn client(&self, live: impl FnOnce(AuthToken) -> Client) -> Client {
        match self {
            Self::Sandbox(sandbox) => sandbox.client(),
            Self::Cassette(cassette) => crate::client::build(client_builder(cassette.transport())),
            Self::Live { token, .. } => live(token.clone()),
        }
    }

    /// Returns a user by an external id. On the real service the id is another one in each run, so that a test
    /// writes to nobody who was there before.
    #[must_use]
    pub fn user(&self, name: &str) -> UserRef {
        match self {
            Self::Live { prefix, .. } => UserRef::external(format!("{prefix}{name}")),
            _ => UserRef::external(name),
        }
    }

    /// Returns the sandbox, where it is one: to look at what happened, and to inject faults.
    #[must_use]
    pub fn sandbox(&self) -> Option<&Sandbox> {
        match self {
            Self::Sandbox(sandbox) => Some(sandbox),
            _ => None,
        }
    }
}
