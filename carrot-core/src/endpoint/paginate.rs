use super::{Endpoint, Page, Paging};

/// An operation that returns pages, for [`Client::pages`](crate::Client::pages) and
/// [`Client::items`](crate::Client::items).
///
/// New methods of this trait always have a default, so an implementation stays valid.
pub trait Paginate: Endpoint<Output = Page<<Self as Paginate>::Item>> + Clone + 'static {
    /// One record.
    type Item: Send + 'static;

    /// Returns the paging of the operation, to change it.
    fn paging(&mut self) -> &mut Paging;

    /// Returns a unique number of a record, for listings that may return a record twice because they
    /// change while they are read. `None`, the default, for listings that return each record once; such a
    /// listing is read once.
    fn identity(item: &Self::Item) -> Option<u64> {
        let _ = item;
        None
    }
}
