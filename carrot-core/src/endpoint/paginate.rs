use super::{Endpoint, Page, Paging};

/// An operation that responds page by page: what [`Client::pages`](crate::Client::pages) and
/// [`Client::items`](crate::Client::items) work with.
///
/// New methods of this trait always have a default, so an implementation stays valid.
pub trait Paginate: Endpoint<Output = Page<<Self as Paginate>::Item>> + Clone + 'static {
    /// One record.
    type Item: Send + 'static;

    /// Returns which page the operation asks for, to be changed.
    fn paging(&mut self) -> &mut Paging;

    /// Returns what tells a record from every other, for listings that move while they are read and
    /// so may return the same record twice. `None`, the default, means that no record comes twice.
    fn identity(item: &Self::Item) -> Option<u64> {
        let _ = item;
        None
    }
}
