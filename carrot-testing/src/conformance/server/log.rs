use std::{
    fmt::{self, Write},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How long a server waits for its client, and a rule for a server: longer than anything that a sound
/// transport needs, short enough to end a rule that is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// What a server says of a client that did not close a connection for [`PATIENCE`].
pub(crate) const KEPT_OPEN: &str = "the client kept the connection open";

/// What a server saw, in order.
#[derive(Debug, Default)]
pub(crate) struct Log {
    seen: Mutex<Seen>,
    changed: Condvar,
}

#[derive(Debug, Default)]
pub(crate) struct Seen {
    lines: Vec<String>,
    /// How many connections were accepted.
    pub(crate) accepted: usize,
    /// On how many connections something came that is not read.
    pub(crate) came: usize,
    /// How many connections the client closed, or the server is done with.
    pub(crate) closed: usize,
    /// Every request that was read whole, with the number of its connection.
    pub(crate) requests: Vec<(usize, Vec<u8>)>,
}

impl Seen {
    /// Whether a server wrote this.
    pub(crate) fn wrote(&self, text: &str) -> bool {
        self.lines
            .iter()
            .any(|line| line.contains("wrote") && line.contains(text))
    }
}

impl Log {
    /// Whether a client did not close a connection that it had to.
    pub(crate) fn kept_open(&self) -> bool {
        self.get(|seen| seen.lines.iter().any(|line| line.ends_with(KEPT_OPEN)))
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn update(&self, line: String, change: impl FnOnce(&mut Seen)) {
        let mut seen = self.seen();
        // A flood of requests must not bury what happened first.
        if seen.lines.len() < 60 {
            seen.lines.push(line);
        }
        change(&mut seen);
        self.changed.notify_all();
    }

    pub(crate) fn say(&self, line: String) {
        self.update(line, |_| {});
    }

    pub(crate) fn get<T>(&self, read: impl FnOnce(&Seen) -> T) -> T {
        read(&self.seen())
    }

    /// Waits until the condition holds; false where it still does not after [`PATIENCE`].
    pub(crate) fn wait(&self, condition: impl Fn(&Seen) -> bool) -> bool {
        self.wait_for(PATIENCE, condition)
    }

    /// Waits a moment for something that need not happen.
    pub(crate) fn wait_a_little(&self, condition: impl Fn(&Seen) -> bool) -> bool {
        self.wait_for(PATIENCE / 20, condition)
    }

    fn wait_for(&self, time: Duration, condition: impl Fn(&Seen) -> bool) -> bool {
        let waited = self
            .changed
            .wait_timeout_while(self.seen(), time, |seen| !condition(seen));
        let (seen, _) = waited.unwrap_or_else(PoisonError::into_inner);
        condition(&seen)
    }
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.seen().lines {
            writeln!(f, "    {line}")?;
        }
        Ok(())
    }
}

/// Bytes as a line that a person reads; long ones are cut.
pub(crate) fn readable(bytes: &[u8]) -> String {
    const MOST: usize = 300;
    let mut text = String::new();
    for byte in bytes.iter().take(MOST) {
        let _ = write!(text, "{}", byte.escape_ascii());
    }
    if bytes.len() > MOST {
        let _ = write!(text, "… ({} bytes)", bytes.len());
    }
    text
}

/// Something that opens once, from any thread.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    /// Whether it opened; false where somebody waited in vain.
    open: Mutex<Option<bool>>,
    changed: Condvar,
}

impl Gate {
    pub(crate) fn open(&self) {
        *self.state() = Some(true);
        self.changed.notify_all();
    }

    /// Waits until it is open; false where it still is not after [`PATIENCE`], for everybody.
    pub(crate) fn wait(&self) -> bool {
        let waited = self
            .changed
            .wait_timeout_while(self.state(), PATIENCE, |open| open.is_none());
        let (mut open, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let opened = *open.get_or_insert(false);
        self.changed.notify_all();
        opened
    }

    fn state(&self) -> MutexGuard<'_, Option<bool>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
