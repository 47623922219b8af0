//! What an operation is: the parts of its request, and a reader of its response.
//!
//! Every operation of this crate is an [`Endpoint`]. Implement it for a type of your own to call
//! something that the crate does not know; [`Client::call`](crate::Client::call) treats both alike.
//!
//! # Every operation of this crate
//!
#![doc = include_str!("../../docs/operations.md")]

pub mod response;

mod encode;
mod fields;
mod multipart;
mod page;
mod paginate;
mod paging;
mod parameters;
mod path;
mod request_parts;
mod tag;
mod upload;

pub use self::{
    encode::{EncodeResponse, RequestView},
    fields::{ChannelField, ConversationField, PartField, UserField},
    multipart::FilePart,
    page::Page,
    paginate::Paginate,
    paging::{PageDirection, PageOrder, Paging},
    parameters::Parameters,
    path::Path,
    request_parts::RequestParts,
    response::ResponseError,
    upload::Upload,
};
pub(crate) use self::{
    fields::Fields, multipart::encode as multipart, paging::MAX_PAGE_SIZE, path::check_external_id,
    tag::check_tag,
};
use crate::{
    ApiContext, ApiVersion,
    types::{ErrorCode, InvalidValue},
};

/// One operation of the service.
///
/// All rules of a request are checked at one moment, when [`request`](Self::request) builds it: no
/// setter fails, and nothing is sent that breaks a rule.
///
/// New methods and constants of this trait always have a default, so an implementation stays valid.
///
/// ```
/// use carrot_core::{
///     ApiContext, ApiVersion, Endpoint,
///     endpoint::{Path, RequestParts, ResponseError, response},
///     types::{InvalidValue, Empty, UserId},
/// };
///
/// /// `POST /users/{id}/salute`, which the service does not offer yet.
/// #[derive(Debug)]
/// struct Salute(UserId);
///
/// impl Endpoint for Salute {
///     type Output = Empty;
///     const NAME: &'static str = "users.salute";
///
///     const IDEMPOTENT: bool = false;
///
///     fn request(&self, _context: &ApiContext) -> Result<RequestParts, InvalidValue> {
///         let path = Path::new().then("users").id("user", self.0)?.then("salute");
///         let mut request = RequestParts::post(path);
///         request.parameters.flag("politely", true);
///         Ok(request)
///     }
///
///     fn decode(&self, _version: ApiVersion, body: &[u8]) -> Result<Empty, ResponseError> {
///         response::data(body)
///     }
/// }
/// ```
pub trait Endpoint: Send + Sync {
    /// What the operation responds with.
    type Output: Send + 'static;

    /// A stable name for logs and errors: the resource and the verb, such as `conversations.reply`.
    const NAME: &'static str;

    /// The scopes that the token needs, by the vendor's names. Empty where none is documented.
    const SCOPES: &'static [&'static str] = &[];

    /// Whether sending the request twice has the same effect as sending it once. A call that is not
    /// idempotent and may have been applied is never retried.
    const IDEMPOTENT: bool;

    /// Whether this value is idempotent, for an operation where it depends on the parameters.
    fn is_idempotent(&self) -> bool {
        Self::IDEMPOTENT
    }

    /// Builds the request. Pure: it sends nothing.
    ///
    /// # Errors
    ///
    /// A field breaks a rule of the service, or does not exist in the pinned API version.
    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue>;

    /// Returns the output for an error of the service which says that the work was done before. The
    /// call then succeeds. The default knows no such error.
    fn already_done(&self, code: &ErrorCode) -> Option<Self::Output> {
        let _ = code;
        None
    }

    /// Reads the body of a response with a success status:
    /// [`response::data`]`(body)` for most operations.
    ///
    /// # Errors
    ///
    /// The envelope carries an error, or the body is not what the operation responds with.
    fn decode(&self, version: ApiVersion, body: &[u8]) -> Result<Self::Output, ResponseError>;
}

/// A borrowed operation is an operation, so one value can be called many times.
impl<E: Endpoint> Endpoint for &E {
    type Output = E::Output;
    const NAME: &'static str = E::NAME;
    const SCOPES: &'static [&'static str] = E::SCOPES;

    const IDEMPOTENT: bool = E::IDEMPOTENT;

    fn is_idempotent(&self) -> bool {
        (**self).is_idempotent()
    }

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        (**self).request(context)
    }

    fn already_done(&self, code: &ErrorCode) -> Option<Self::Output> {
        (**self).already_done(code)
    }

    fn decode(&self, version: ApiVersion, body: &[u8]) -> Result<Self::Output, ResponseError> {
        (**self).decode(version, body)
    }
}
