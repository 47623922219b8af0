//! What an operation is: a pure description of a request, and a reader of its answer.
//!
//! Every operation of this crate is an [`Endpoint`]. Implement it for a type of your own to call
//! something that the crate does not know; [`Client::call`](crate::Client::call) treats both alike.
//!
//! # Every operation of this crate
//!
#![doc = include_str!("../../docs/operations.md")]

pub mod response;

mod asked;
mod fields;
mod multipart;
mod page;
mod request_parts;
#[macro_use]
mod paging;
mod parameters;
mod path;
mod upload;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

pub use self::{
    asked::Asked,
    fields::{ChannelField, ConversationField, PartField, UserField},
    multipart::FilePart,
    page::Page,
    paging::{PageDirection, PageOrder, Paginate, Paging},
    parameters::Parameters,
    path::Path,
    request_parts::RequestParts,
    response::ResponseError,
    upload::Upload,
};
pub(crate) use self::{
    fields::Fields, multipart::encode as multipart, paging::MAX_PAGE_SIZE, path::check_external_id,
};
use crate::{
    ApiContext, ApiVersion,
    types::{ErrorCode, InvalidValue},
};

/// One operation of the service.
///
/// ```
/// use carrot_core::{
///     ApiContext, Endpoint,
///     endpoint::{RequestParts, Path},
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
///         let mut description = RequestParts::post(path);
///         description.parameters.flag("politely", true);
///         Ok(description)
///     }
/// }
/// ```
pub trait Endpoint: Send + Sync {
    /// What the operation answers with.
    type Output: Serialize + DeserializeOwned + Send + 'static;

    /// A stable name for logs and errors: the resource and the verb, such as `conversations.reply`.
    const NAME: &'static str;

    /// The right that the token needs, by the vendor's name, where it is documented.
    const SCOPE: Option<&'static str> = None;

    /// Whether sending the request twice has the same effect as sending it once. A call that is not
    /// idempotent and may have been applied is never retried.
    const IDEMPOTENT: bool;

    /// The same of this value, for an operation where it depends on its parameters.
    fn is_idempotent(&self) -> bool {
        Self::IDEMPOTENT
    }

    /// Describes the request. Pure: it sends nothing.
    ///
    /// # Errors
    ///
    /// A field breaks a rule of the service, or does not exist in the pinned API version.
    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue>;

    /// What the operation answers when it was done before: where a repeated request is refused with
    /// this error because the first one had its effect. The default knows no such error.
    fn already_done(&self, code: &ErrorCode) -> Option<Self::Output> {
        let _ = code;
        None
    }

    /// Reads the body of an answer with a success status. The default opens the envelope and reads
    /// its `data`.
    ///
    /// # Errors
    ///
    /// The envelope carries an error, or the body is not what the operation answers with.
    fn decode(&self, version: ApiVersion, body: &[u8]) -> Result<Self::Output, ResponseError> {
        let _ = version;
        response::data(body)
    }

    /// Writes the answer that [`decode`](Self::decode) reads back as `output`: for test kits that
    /// stand in for the service. Such a kit sees requests and no operations, so an answer may depend
    /// on what the request asked, and on nothing else.
    ///
    /// # Errors
    ///
    /// The output does not serialize.
    fn encode(asked: &Asked<'_>, output: &Self::Output) -> Result<Value, serde_json::Error> {
        let _ = asked;
        serde_json::to_value(carrot_types::Envelope::ok(output))
    }
}

/// A borrowed operation is an operation, so one value can be called many times.
impl<E: Endpoint> Endpoint for &E {
    type Output = E::Output;
    const NAME: &'static str = E::NAME;
    const SCOPE: Option<&'static str> = E::SCOPE;

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

    fn encode(asked: &Asked<'_>, output: &Self::Output) -> Result<Value, serde_json::Error> {
        E::encode(asked, output)
    }
}
