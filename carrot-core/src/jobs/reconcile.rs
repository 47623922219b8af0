//! Finding out what became of a write whose answer was lost.

use carrot_types::{ConversationPart, InvalidValue, PartType, RandomId};

use crate::Client;
use crate::{
    Error,
    conversations::{Parts, Reply},
    endpoint::Paging,
};

/// How many pages of parts are looked through: 200 parts, newest first.
const MAX_PAGES: usize = 4;

/// What became of a reply.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ReplyStatus {
    /// It was written: this is the part.
    Written(Box<ConversationPart>),
    /// It is not among the 200 newest parts of the conversation, and the list does say numbers.
    NotWritten,
    /// Nobody can tell: a message that may be it came without a `random_id`, or all of them came with
    /// 0, which stands for none and may be all that this list ever says. The vendor documents the
    /// number in the realtime feed and in webhooks, and not in the list of parts. Look at the
    /// conversation before you write again.
    Unknown,
}

impl Client {
    /// Finds out whether a reply was written whose call failed with
    /// [`may_have_been_applied`](Error::may_have_been_applied).
    ///
    /// It looks for the [`random_id`](Reply::random_id) of the reply among the 200 newest parts of
    /// its conversation, with at most four requests, their retries aside. They wait as long as the
    /// rate limit needs, as those of [`pages`](Client::pages) do. A part that the service has not stored
    /// yet is not found: give a request that may still be on its way some seconds first.
    ///
    /// # Errors
    ///
    /// The reply has no `random_id`, and nothing is sent; or one of the requests fails, as with
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
    ///             _ => return Err(error.into()), // nobody can tell: a person must look
    ///         }
    ///     }
    ///     other => drop(other?),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn reconcile_reply(&self, reply: &Reply) -> Result<ReplyStatus, Error> {
        let Some(random_id) = reply.chosen_random_id() else {
            let rule = "must be set on a reply that is to be found again";
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

/// A record of the system is no reply, whether it says a number or not.
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
