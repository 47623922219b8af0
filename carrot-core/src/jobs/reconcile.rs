//! Finds out whether a reply was written after its response was lost.

use carrot_types::{ConversationPart, InvalidValue, PartType, RandomId};

use crate::Client;
use crate::{
    Error,
    conversations::{Parts, Reply},
    endpoint::Paging,
};

/// The number of pages searched: 200 parts, newest first.
const MAX_PAGES: usize = 4;

/// Whether a reply was written. Returned by [`Client::reconcile_reply`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ReplyStatus {
    /// The reply was written as this part.
    Written(Box<ConversationPart>),
    /// The reply is not among the 200 newest parts of the conversation, whose `random_id`s are present.
    NotWritten,
    /// The list of parts does not tell: a part that may be the reply has no `random_id`, or the
    /// `random_id` of every part is 0, which means none. The vendor documents `random_id` in the
    /// realtime feed and in webhooks, but not in the list of parts. Read the conversation before you
    /// write again.
    Unknown,
}

impl Client {
    /// Finds out whether a reply was written although its call failed with
    /// [`may_have_been_applied`](Error::may_have_been_applied).
    ///
    /// Searches the 200 newest parts of the conversation for the [`random_id`](Reply::random_id) of the
    /// reply, with at most four requests and their retries. Like [`pages`](Client::pages), they wait
    /// for the rate limit without a deadline. A part that the service has not stored yet is not found,
    /// so wait some seconds before you call this: the reply may still be in flight.
    ///
    /// # Errors
    ///
    /// The reply has no `random_id`, in which case nothing is sent; or one of the requests fails, as in
    /// [`call`](Client::call).
    ///
    /// ```
    /// # async fn some_seconds() {}
    /// # async fn example(client: &carrot_core::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use carrot_core::{
    ///     jobs::ReplyStatus,
    ///     conversations::Reply,
    ///     types::{ConversationId, RandomId},
    /// };
    ///
    /// let reply = Reply::new(ConversationId::new(716), "On its way").random_id(RandomId::new(77)?);
    /// match client.call(&reply).await {
    ///     Err(error) if error.may_have_been_applied() => {
    ///         some_seconds().await; // sleep with your runtime
    ///         match client.reconcile_reply(&reply).await? {
    ///             ReplyStatus::Written(_) => {}
    ///             ReplyStatus::NotWritten => drop(client.call(&reply).await?),
    ///             _ => return Err(error.into()), // unknown: a person has to check
    ///         }
    ///     }
    ///     other => drop(other?),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn reconcile_reply(&self, reply: &Reply) -> Result<ReplyStatus, Error> {
        let Some(random_id) = reply.chosen_random_id() else {
            let rule = "must be set, since it identifies the reply";
            return Err(Error::invalid::<Reply>(InvalidValue::new(
                "random_id",
                rule,
            )));
        };
        let parts = Parts::new(reply.conversation()).page(Paging::new());
        let mut pages = self.pages(parts);
        let (mut says_numbers, mut says_none, mut says_zero) = (false, false, false);
        for _ in 0..MAX_PAGES {
            let Some(page) = pages.next().await? else {
                break;
            };
            for part in page.items {
                match part.random_id.map(RandomId::get) {
                    Some(found) if found == random_id.get() => {
                        return Ok(ReplyStatus::Written(Box::new(part)));
                    }
                    Some(0) => says_zero |= may_be_a_reply(&part),
                    Some(_) => says_numbers = true,
                    None => says_none |= may_be_a_reply(&part),
                }
            }
        }
        match says_none || says_zero && !says_numbers {
            true => Ok(ReplyStatus::Unknown),
            false => Ok(ReplyStatus::NotWritten),
        }
    }
}

/// Returns false for a part that the system wrote, such as an assignment.
fn may_be_a_reply(part: &ConversationPart) -> bool {
    matches!(
        part.kind,
        None | Some(
            PartType::ReplyAdmin
                | PartType::ReplyUser
                | PartType::Note
                | PartType::Article
                | PartType::Other(_)
        )
    )
}
