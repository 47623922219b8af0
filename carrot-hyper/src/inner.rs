use crate::{connect::Connector, limits::Limits, pool::Pool};

/// What all clones of a transport share.
pub(crate) struct Inner {
    pub(crate) connector: Connector,
    pub(crate) pool: Pool,
    pub(crate) limits: Limits,
    pub(crate) gzip: bool,
}
