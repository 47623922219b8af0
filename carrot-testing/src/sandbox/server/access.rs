//! Which browser sees the page: the one that opened a link with a key that nobody used before.

use std::{
    collections::VecDeque,
    io,
    sync::{Mutex, MutexGuard, PoisonError},
};

use http::{HeaderMap, HeaderValue, header::COOKIE};
use subtle::ConstantTimeEq;

pub(super) const ROOT: &str = "/_sandbox";
pub(super) const OPEN: &str = "/_sandbox/open";

/// How many links and how many browsers are known at a time.
const MOST: usize = 100;

pub(super) struct Access {
    /// Browsers keep one cookie of a name for all ports.
    cookie: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Of links that were not opened yet.
    keys: VecDeque<String>,
    /// Of browsers that opened one.
    sessions: VecDeque<String>,
}

impl Access {
    pub(super) fn new(port: u16) -> Self {
        Self {
            cookie: format!("carrot-sandbox-{port}"),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key of a new link.
    pub(super) fn key(&self) -> io::Result<String> {
        let key = random()?;
        keep(&mut self.state().keys, key.clone());
        Ok(key)
    }

    /// The cookie of a browser that opens a link, sent from links of other sites too: the page only reads; `None` for a key that is wrong or used.
    pub(super) fn open(&self, key: &str) -> io::Result<Option<HeaderValue>> {
        let mut state = self.state();
        let Some(at) = position(&state.keys, key) else {
            return Ok(None);
        };
        let session = random()?;
        state.keys.remove(at);
        let cookie = format!(
            "{}={session}; Path={ROOT}; HttpOnly; SameSite=Lax",
            self.cookie
        );
        keep(&mut state.sessions, session);
        HeaderValue::from_str(&cookie)
            .map(Some)
            .map_err(io::Error::other)
    }

    /// Whether a request comes from a browser that opened a link.
    pub(super) fn knows(&self, headers: &HeaderMap) -> bool {
        let state = self.state();
        let cookies = headers.get_all(COOKIE).iter();
        let cookies = cookies.filter_map(|cookies| cookies.to_str().ok());
        cookies
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .any(|(name, value)| name == self.cookie && position(&state.sessions, value).is_some())
    }
}

fn position(secrets: &VecDeque<String>, secret: &str) -> Option<usize> {
    let is_equal = |one: &String| one.as_bytes().ct_eq(secret.as_bytes()).into();
    secrets.iter().position(is_equal)
}

fn keep(secrets: &mut VecDeque<String>, secret: String) {
    secrets.push_back(secret);
    if secrets.len() > MOST {
        secrets.pop_front();
    }
}

fn random() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
