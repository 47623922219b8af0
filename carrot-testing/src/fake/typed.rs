//! A recorded call in the types of the operation.

use std::sync::Arc;

use carrot_core::Endpoint;
use serde::de::DeserializeOwned;

use super::{
    explain::marked,
    matcher::{Matcher, Verdict},
    record::RecordedCall,
};
use crate::{fail, recording::Secrets};

impl RecordedCall {
    /// Returns the value of a parameter as the type that the test knows it by: an id, a number, a flag, a
    /// list from JSON. `None` when it is absent or not such a value.
    ///
    /// ```
    /// use carrot_core::{conversations::{Close, Reply}, types::{AdminId, ConversationId}};
    /// use carrot_testing::{Fake, fake};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), carrot_core::Error> {
    /// let fake = Fake::new();
    /// fake.on::<Reply>().reply(fake::reply_receipt());
    /// let reply = Reply::new(ConversationId::new(716), "On its way").sender(AdminId::new(12));
    /// fake.client().call(reply).await?;
    ///
    /// let call = fake.single::<Reply>();
    /// assert_eq!(call.path_id_as(), Some(ConversationId::new(716)));
    /// assert_eq!(call.param_as("from_admin"), Some(AdminId::new(12)));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn param_as<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        read_as(self.param(name)?)
    }

    /// Returns the first id in the path as a type of id; see [`param_as`](Self::param_as).
    #[must_use]
    pub fn path_id_as<T: DeserializeOwned>(&self) -> Option<T> {
        read_as(self.path_id()?)
    }

    /// Checks that the request is exactly the one that this operation sends: the same path, parameters and
    /// files, whatever the API version and the app of the client. The order of the parameters does not
    /// count.
    ///
    /// ```
    /// use carrot_core::{conversations::Reply, types::ConversationId};
    /// use carrot_testing::{Fake, fake};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), carrot_core::Error> {
    /// let fake = Fake::new();
    /// fake.on::<Reply>().reply(fake::reply_receipt());
    /// fake.client().call(Reply::new(ConversationId::new(716), "On its way")).await?;
    ///
    /// let expected = Reply::new(ConversationId::new(716), "On its way");
    /// fake.single::<Reply>().assert_sent_by(expected);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// It is another one; the text says what differs.
    #[track_caller]
    pub fn assert_sent_by<E: Endpoint + 'static>(&self, endpoint: E) {
        let request_of = Arc::new(move |context: &_| endpoint.request(context));
        let operation = format!("operation is {}", E::NAME);
        let problem = (!self.is::<E>()).then(|| format!("it is {}", self.name()));
        let verdicts = [
            Verdict::new(operation, problem),
            Matcher::Exactly(request_of).verdict(self),
        ];
        if verdicts.iter().any(|verdict| !verdict.holds()) {
            let mut secrets = Secrets::default();
            secrets.add(self.request().tokens());
            let text = format!("the call is another one\n\n{}", marked(&verdicts));
            fail(&secrets.redact(&text));
        }
    }
}

/// Reads a value that is written as JSON or as a bare text, as the service writes them.
fn read_as<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text)
        .or_else(|_| serde_json::from_value(text.into()))
        .ok()
}
