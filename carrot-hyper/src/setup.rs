//! The short ways to a client.

use std::{env, ffi::OsString};

use carrot_core::{
    AuthToken, BaseUrl, Client, ClientBuilder,
    types::{AppId, InvalidValue},
};

use crate::{
    BuildError, HyperTransport, TokioClock,
    environment::{self, of},
};

/// Creates a client with this token and defaults for everything else. Nothing is sent.
///
/// # Errors
///
/// The token breaks a rule of [`AuthToken::new`]; TLS cannot be set up.
pub fn client(token: impl Into<String>) -> Result<Client, BuildError> {
    let (client, transport) = parts(token)?;
    transport.check_tls()?;
    Ok(client.build()?)
}

/// Starts to build a client with this token over a default [`HyperTransport`].
///
/// For a transport with settings of its own, use
/// [`Client::builder`] with [`HyperTransport::builder`] and [`TokioClock`].
///
/// The platform's root certificates are read when the first `https` request needs them, since the
/// address is still to be set; [`HyperTransport::check_tls`] reads them earlier.
///
/// # Errors
///
/// The token breaks a rule of [`AuthToken::new`]; no cryptography is compiled in.
pub fn builder(token: impl Into<String>) -> Result<ClientBuilder, BuildError> {
    Ok(parts(token)?.0)
}

fn parts(token: impl Into<String>) -> Result<(ClientBuilder, HyperTransport), BuildError> {
    let token = AuthToken::new(token)?;
    let transport = HyperTransport::builder().build()?;
    let client = Client::builder(transport.clone(), TokioClock::new(), token);
    Ok((client, transport))
}

/// Creates a client set up from the environment:
///
/// | variable | meaning |
/// |---|---|
/// | `CARROT_TOKEN` | the token; required |
/// | `CARROT_BASE_URL` | the address of the service, such as `https://api.dashly.app`; Carrot quest if not set |
/// | `CARROT_APP_ID` | the id of the app; that of the token if not set |
///
/// A variable that is set to nothing is an error and not the default: it is most often a mistake in
/// a deployment, and the default would be the live service.
///
/// For a rate limit, retries, an observer, or plain `http` to another machine, use [`builder_from_env`].
///
/// # Errors
///
/// A variable is missing or cannot be used, and the error names it; `CARROT_BASE_URL` is plain
/// `http` to another machine; TLS cannot be set up.
pub fn from_env() -> Result<Client, BuildError> {
    build(builder_from_env()?)
}

/// Starts to build the client of [`from_env`].
///
/// # Errors
///
/// A variable is missing or cannot be used, and the error names it; TLS cannot be set up.
pub fn builder_from_env() -> Result<ClientBuilder, BuildError> {
    from_lookup(|name| env::var_os(name))
}

const TOKEN: &str = "CARROT_TOKEN";
const BASE_URL: &str = "CARROT_BASE_URL";
const APP_ID: &str = "CARROT_APP_ID";

/// Only plain `http` to another machine is found out so late.
fn build(client: ClientBuilder) -> Result<Client, BuildError> {
    client.build().map_err(of(BASE_URL))
}

fn from_lookup(lookup: impl Fn(&str) -> Option<OsString>) -> Result<ClientBuilder, BuildError> {
    let read = |name| environment::read(&lookup, name);
    let token = read(TOKEN)?.ok_or(BuildError::MissingVariable { name: TOKEN })?;
    // Checked alone first, so that the error names the variable.
    AuthToken::new(token.as_str()).map_err(of(TOKEN))?;
    let (mut client, transport) = parts(token)?;
    let mut https = true;
    if let Some(app) = read(APP_ID)? {
        let app: AppId = app.parse().map_err(of(APP_ID))?;
        if app.get() == 0 {
            return Err(of(APP_ID)(InvalidValue::new("app id", "must not be 0")));
        }
        client = client.app(app);
    }
    if let Some(url) = read(BASE_URL)? {
        https = !url.starts_with("http://");
        client = client.base_url(url.parse::<BaseUrl>().map_err(of(BASE_URL))?);
    }
    if https {
        transport.check_tls()?;
    }
    Ok(client)
}

#[cfg(all(
    test,
    any(feature = "aws-lc-rs", feature = "ring"),
    any(feature = "platform-verifier", feature = "webpki-roots")
))]
mod tests {
    use super::*;

    const CANARY: &str = "app.1.canary";

    fn read_from(variables: &[(&str, &str)]) -> Result<ClientBuilder, BuildError> {
        from_lookup(|name| {
            let (_, value) = variables.iter().find(|(set, _)| *set == name)?;
            Some(OsString::from(value))
        })
    }

    fn client(variables: &[(&str, &str)]) -> Result<Client, BuildError> {
        build(read_from(variables)?)
    }

    #[test]
    fn the_token_alone_is_enough() {
        let client = client(&[(TOKEN, CANARY)]).expect("a client");
        let shown = format!("{client:?}");
        assert!(shown.contains("https://api.carrotquest.io"), "{shown}");
        assert!(!shown.contains(CANARY), "{shown}");
    }

    #[test]
    fn address_and_app_are_taken_over() {
        for url in ["https://api.dashly.app", "http://127.0.0.1:8080/carrot"] {
            let client = client(&[(TOKEN, CANARY), (BASE_URL, url), (APP_ID, "77")]);
            let client = client.expect(url);
            assert!(format!("{client:?}").contains(url), "{client:?}");
            assert_eq!(client.context().app.to_string(), "77");
        }
    }

    #[test]
    fn what_the_environment_cannot_say_is_set_afterwards() {
        let variables = [(TOKEN, CANARY), (BASE_URL, "http://api.dashly.app")];
        let builder = read_from(&variables).expect("read, and not built yet");
        assert!(build(builder.allow_plain_http()).is_ok());
    }

    #[test]
    fn a_missing_token_is_named() {
        match client(&[(APP_ID, "77")]) {
            Err(BuildError::MissingVariable { name }) => assert_eq!(name, TOKEN),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_unusable_variable_is_named() {
        for (bad, variables) in [
            (TOKEN, vec![(TOKEN, "")]),
            (TOKEN, vec![(TOKEN, "app.1.canary\n")]),
            (APP_ID, vec![(TOKEN, CANARY), (APP_ID, "")]),
            (APP_ID, vec![(TOKEN, CANARY), (APP_ID, "seventy")]),
            (APP_ID, vec![(TOKEN, CANARY), (APP_ID, "0")]),
            (BASE_URL, vec![(TOKEN, CANARY), (BASE_URL, "")]),
            (
                BASE_URL,
                vec![(TOKEN, CANARY), (BASE_URL, "api.dashly.app")],
            ),
            (
                BASE_URL,
                vec![(TOKEN, CANARY), (BASE_URL, "http://api.dashly.app")],
            ),
        ] {
            let error = client(&variables).expect_err(bad);
            let text = error.to_string();
            match error {
                BuildError::InvalidVariable { name, .. } => assert_eq!(name, bad),
                other => panic!("{variables:?}: {other:?}"),
            }
            assert!(text.contains(bad), "{text}");
            assert!(!text.contains("canary"), "{text}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_no_text_is_named() {
        use std::os::unix::ffi::OsStringExt;

        let error = from_lookup(|_| Some(OsString::from_vec(vec![0xff]))).expect_err("no UTF-8");
        assert!(error.to_string().contains(TOKEN), "{error}");
    }
}
