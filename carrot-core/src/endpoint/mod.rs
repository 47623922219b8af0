//! What an operation is: a pure description of a request, and a reader of its answer.
//!
//! Every operation of this crate is an [`Endpoint`]. Implement it for a type of your own to call
//! something that the crate does not know; [`Client::call`](crate::Client::call) treats both alike.
//!
//! # Every operation of this crate
//!
#![doc = include_str!("../../docs/operations.md")]

pub mod answer;

mod asked;
mod description;
mod fields;
mod multipart;
mod page;
#[macro_use]
mod paging;
mod parameters;
mod path;
mod upload;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

pub use self::{
    answer::AnswerError,
    asked::Asked,
    description::Description,
    fields::{ChannelField, ConversationField, PartField, UserField},
    multipart::FilePart,
    page::Page,
    paging::{PageDirection, PageOrder, Paginate, Paging},
    parameters::Parameters,
    path::Path,
    upload::Upload,
};
pub(crate) use self::{fields::Fields, multipart::encode as multipart, paging::MAX_PAGE_SIZE};
use crate::{
    ApiContext, ApiVersion,
    types::{ErrorCode, InvalidValue},
};

/// Whether an operation may be sent a second time when nobody knows what became of the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RepeatSafety {
    /// Twice has the same effect as once.
    Safe,
    /// Twice does it twice: a customer reads the message two times.
    Unsafe,
}

/// One operation of the service.
///
/// ```
/// use carrot_core::{
///     ApiContext, Endpoint,
///     endpoint::{Description, Path, RepeatSafety},
///     types::{InvalidValue, Nothing, UserId},
/// };
///
/// /// `POST /users/{id}/salute`, which the service does not offer yet.
/// #[derive(Debug)]
/// struct Salute(UserId);
///
/// impl Endpoint for Salute {
///     type Output = Nothing;
///     const NAME: &'static str = "users.salute";
///
///     fn repeat_safety(&self) -> RepeatSafety {
///         RepeatSafety::Unsafe
///     }
///
///     fn describe(&self, _context: &ApiContext) -> Result<Description, InvalidValue> {
///         let path = Path::new().then("users").id("user", self.0)?.then("salute");
///         let mut description = Description::post(path);
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

    /// Whether it may be repeated when the fate of the first attempt is unknown.
    fn repeat_safety(&self) -> RepeatSafety;

    /// Describes the request. Pure: it sends nothing.
    ///
    /// # Errors
    ///
    /// A field breaks a rule of the service, or does not exist in the pinned generation.
    fn describe(&self, context: &ApiContext) -> Result<Description, InvalidValue>;

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
    fn decode(&self, version: ApiVersion, body: &[u8]) -> Result<Self::Output, AnswerError> {
        let _ = version;
        answer::data(body)
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

    fn repeat_safety(&self) -> RepeatSafety {
        (**self).repeat_safety()
    }

    fn describe(&self, context: &ApiContext) -> Result<Description, InvalidValue> {
        (**self).describe(context)
    }

    fn already_done(&self, code: &ErrorCode) -> Option<Self::Output> {
        (**self).already_done(code)
    }

    fn decode(&self, version: ApiVersion, body: &[u8]) -> Result<Self::Output, AnswerError> {
        (**self).decode(version, body)
    }

    fn encode(asked: &Asked<'_>, output: &Self::Output) -> Result<Value, serde_json::Error> {
        E::encode(asked, output)
    }
}
