//! The errors beneath an error.

use std::error::Error;

use carrot_core::transport::sources;

/// The outermost error of this type, the error itself included.
pub(crate) fn find<'e, E: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e E> {
    sources(error).find_map(|source| source.downcast_ref())
}
