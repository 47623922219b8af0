//! Runtimes beside the main one, and a process that is stopped.

use std::{
    future::Future,
    io,
    process::Stdio,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use tokio::{
    process::{Child, Command},
    runtime::{Builder, Handle, Runtime},
    sync::oneshot,
    time::timeout,
};

/// How often a process that runs comes to it, within reason.
const TICK: Duration = Duration::from_millis(100);

/// A second runtime, which the transport meets in turn with the main one.
pub(crate) struct Second(Option<Runtime>);

impl Second {
    pub(crate) fn start() -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build()?;
        Ok(Self(Some(runtime)))
    }

    pub(crate) fn handle(&self) -> Option<&Handle> {
        self.0.as_ref().map(Runtime::handle)
    }
}

impl Drop for Second {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // A runtime must not be awaited on another one.
            runtime.shutdown_background();
        }
    }
}

/// A runtime that nobody drives after some work, with its connections.
pub(crate) struct Undriven {
    end: mpsc::Sender<()>,
    thread: thread::JoinHandle<io::Result<()>>,
}

impl Undriven {
    /// Returns when the work is done: what it left is all that the others find.
    pub(crate) async fn start(work: impl Future<Output = ()> + Send + 'static) -> Self {
        let (end, ended) = mpsc::channel();
        let (done, is_done) = oneshot::channel();
        let thread = thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(work);
            // It is dropped too where no runtime could be made, which is said at the end.
            let _ = done.send(());
            // It ends when the sender is dropped.
            let _ = ended.recv();
            Ok(())
        });
        let _ = is_done.await;
        Self { end, thread }
    }

    pub(crate) fn stop(self) -> io::Result<()> {
        drop(self.end);
        let ended = self.thread.join();
        ended.unwrap_or_else(|_| Err(io::Error::other("the thread of a runtime panicked")))
    }
}

/// Stops this process after a second, for another second.
pub(crate) struct Stop(Child);

impl Stop {
    pub(crate) fn start() -> io::Result<Self> {
        // Ctrl-C must not end it between both signals.
        let script = "trap '' INT; sleep 1; kill -STOP $0; sleep 1; kill -CONT $0";
        let process = std::process::id().to_string();
        let mut command = Command::new("sh");
        command.args(["-c", script, &process]).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        Ok(Self(command.stderr(Stdio::null()).spawn()?))
    }

    /// Waits until this process was stopped and goes on, and tells whether it stood still.
    pub(crate) async fn wait(&mut self) -> io::Result<bool> {
        let mut longest = Duration::ZERO;
        loop {
            let since = Instant::now();
            let ended = timeout(TICK, self.0.wait()).await;
            longest = longest.max(since.elapsed());
            if let Ok(ended) = ended {
                return Ok(ended?.success() && longest > 5 * TICK);
            }
        }
    }
}
