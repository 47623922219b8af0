//! Operations: how a request is built and its response decoded.
//!
//! Every operation of this crate is an [`Endpoint`]. Implement it for your own type to call an operation
//! that this crate does not have; [`Client::call`](crate::Client::call) works the same for both.
//!
//! # Operations of this crate
//!
#![doc = include_str!("../../docs/operations.md")]

pub mod response;

mod encode;
mod fields;
mod multipart;
mod nonce;
mod page;
mod paginate;
mod paging;
mod parameters;
mod path;
mod records;
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
    records::UnreadableRecord,
    request_parts::RequestParts,
    response::ResponseError,
    upload::Upload,
};
pub(crate) use self::{
    fields::Fields,
    multipart::encode as multipart,
    nonce::{nonce_setter, write_nonce},
    paging::MAX_PAGE_SIZE,
    path::check_external_id,
    records::read as read_records,
    tag::check_tag,
};
use crate::{
    ApiContext, ApiVersion,
    types::{ErrorCode, InvalidValue},
};

/// An operation of the service.
///
/// [`request`](Self::request) checks all rules when it builds a request: no setter fails, and an invalid
/// request is never sent.
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
    /// The decoded response.
    type Output: Send + 'static;

    /// A stable name for logs and errors: the resource and the verb, such as `conversations.reply`.
    const NAME: &'static str;

    /// The scopes that the token needs, with the vendor's names. Empty if none are documented.
    const SCOPES: &'static [&'static str] = &[];

    /// Whether sending the request twice has the same effect as sending it once. A call that is not
    /// idempotent and may have been applied is never retried.
    const IDEMPOTENT: bool;

    /// Returns whether this request is idempotent, for an operation where it depends on the parameters.
    /// [`IDEMPOTENT`](Self::IDEMPOTENT) by default.
    fn is_idempotent(&self) -> bool {
        Self::IDEMPOTENT
    }

    /// Builds the request. Sends nothing.
    ///
    /// The client calls it before each attempt, so it must build the same request each time.
    ///
    /// # Errors
    ///
    /// A field breaks a rule of the service, or does not exist in the API version of `context`.
    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue>;

    /// Returns the output if this error of the service means that the work is done already, by an earlier
    /// attempt of the call or by somebody else; the call then succeeds. `None` by default.
    fn already_done(&self, code: &ErrorCode) -> Option<Self::Output> {
        let _ = code;
        None
    }

    /// Decodes the body of a response with a success status:
    /// [`response::data`]`(body)` for most operations.
    ///
    /// # Errors
    ///
    /// The envelope contains an error, or the body is not the expected one.
    fn decode(&self, version: ApiVersion, body: &[u8]) -> Result<Self::Output, ResponseError>;
}

/// A reference to an operation is an operation, so one value can be called many times.
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
