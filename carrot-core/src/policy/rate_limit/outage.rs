//! A store that does not respond.

use std::{error::Error, fmt, sync::Arc, time::Duration};

use super::acquire::rounded;

/// What a shared limiter does while its store does not respond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outage {
    /// Each process goes on with its share of the limit. The default.
    #[default]
    Share,
    /// Every attempt fails with [`AcquireError::Store`](super::AcquireError::Store).
    Fail,
}

/// The error of an attempt that failed because the store is away.
#[derive(Debug)]
pub(super) struct StoreAway {
    pub(super) away_for: Duration,
    /// This process's part of the limit, where it goes on with it.
    pub(super) share: Option<(usize, u32)>,
    pub(super) source: Arc<dyn Error + Send + Sync>,
}

impl fmt::Display for StoreAway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let away = rounded(self.away_for);
        write!(f, "{} (away for {away}", self.source)?;
        match self.share {
            Some((0, max)) => write!(
                f,
                "; this process's share of {max} permits is less than one, and it is not its turn)"
            ),
            Some((share, max)) => write!(
                f,
                "; this process's share of {share} of {max} permits is in use)"
            ),
            None => f.write_str("; calls go on as soon as it responds)"),
        }
    }
}

impl Error for StoreAway {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.source()
    }
}
