use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) idle_timeout: Duration,
    pub(crate) max_idle_per_host: usize,
}
