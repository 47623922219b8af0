//! The story that the programs run in without an account: two weeks in the life of a small shop.

use std::time::Duration;

use carrot_hyper::{
    Client,
    conversations::{Assign, Close, Reply},
    types::{AdminId, ConversationId, PropertyOperation, UserRef},
    users::{SetProps, StartConversation},
};
use carrot_testing::{
    Sandbox,
    sandbox::{Fault, InjectedFault, SeedUser},
};

use crate::program::Failure;

/// An operator of the shop.
pub const ADA: AdminId = AdminId::new(501);
/// The other one.
pub const GRACE: AdminId = AdminId::new(502);

const HOUR: Duration = Duration::from_secs(3600);

/// Builds the shop: 12 customers, 2 operators, and 8 conversations of the last 14 days, of which some are closed,
/// some wait for a customer and some for an operator. The same each time.
///
/// # Errors
///
/// None in practice: the requests are made in memory.
pub async fn shop() -> Result<Sandbox, Failure> {
    let mut builder = Sandbox::builder()
        .operator(ADA, "Ada")
        .operator(GRACE, "Grace")
        .starts_at(carrot_hyper::types::Timestamp::from_seconds(1_772_446_200));
    let names = [
        "Ann", "Bob", "Cleo", "Dan", "Eve", "Finn", "Gail", "Hugo", "Iris", "Jan", "Kim", "Lea",
    ];
    for (index, name) in names.iter().enumerate() {
        let email = format!("{}@example.com", name.to_lowercase());
        let user = SeedUser::external(format!("order-{}", 41 + index))
            .prop("$name", *name)
            .prop("$email", email)
            .prop("plan", if index % 3 == 0 { "pro" } else { "trial" });
        builder = builder.user(user);
    }
    let sandbox = builder.build();
    let mut history = History {
        client: sandbox.client(),
        sandbox: &sandbox,
    };

    // Two weeks ago.
    let parcel = history.ask(41, "Where is my parcel?").await?;
    history
        .reply_after(HOUR, parcel, ADA, "On its way, tomorrow by noon.")
        .await?;
    history
        .customer_after(26 * HOUR, parcel, "It came, thank you!")
        .await?;
    history.close(parcel).await?;
    let refund = history.ask(42, "I want my money back").await?;
    history
        .reply_after(3 * HOUR, refund, GRACE, "Which order is it?")
        .await?;
    history.pass(4 * 24 * HOUR);
    // Ten days ago: the customer never came back to this one, no operator responded to the next.
    let size = history.ask(43, "Do you have it in size 39?").await?;
    history
        .reply_after(HOUR / 2, size, ADA, "Only 38 and 40 are left.")
        .await?;
    history.ask(44, "Can I pay by invoice?").await?;
    history.pass(5 * 24 * HOUR);
    // Five days ago.
    let voucher = history.ask(45, "My voucher does not work").await?;
    history
        .reply_after(2 * HOUR, voucher, GRACE, "Try it again, please.")
        .await?;
    history
        .customer_after(HOUR, voucher, "Now it does.")
        .await?;
    history.close(voucher).await?;
    history.pass(4 * 24 * HOUR);
    // Today.
    let broken = history.ask(46, "The glass is broken").await?;
    history
        .reply_after(HOUR / 6, broken, ADA, "We send another one.")
        .await?;
    history
        .customer_after(HOUR, broken, "When will it be here?")
        .await?;
    history.ask(47, "How long is the warranty?").await?;
    history.pass(HOUR);
    history.ask(48, "Is the blue one in stock?").await?;
    history.pass(HOUR / 4);
    Ok(sandbox)
}

/// Something goes wrong in a story. It need not: a story ends anywhere, at Ctrl-C or where nobody reads it any more.
pub fn provoke(sandbox: &Sandbox, fault: Fault) -> InjectedFault {
    sandbox.inject(fault.optional())
}

/// What happened in the shop, one thing after another.
struct History<'a> {
    client: Client,
    sandbox: &'a Sandbox,
}

impl History<'_> {
    fn pass(&mut self, time: Duration) {
        self.sandbox.advance(time);
    }

    async fn ask(&mut self, order: u32, text: &str) -> Result<ConversationId, Failure> {
        let customer = UserRef::external(format!("order-{order}"));
        let asked = PropertyOperation::add("questions", 1)?;
        self.client
            .call(SetProps::new(customer.clone()).with(asked))
            .await?;
        Ok(self
            .client
            .call(StartConversation::new(customer, text))
            .await?
            .id)
    }

    async fn reply_after(
        &mut self,
        time: Duration,
        conversation: ConversationId,
        operator: AdminId,
        text: &str,
    ) -> Result<(), Failure> {
        self.pass(time);
        self.client
            .call(Assign::new(conversation, operator))
            .await?;
        self.client
            .call(Reply::new(conversation, text).sender(operator))
            .await?;
        Ok(())
    }

    async fn customer_after(
        &mut self,
        time: Duration,
        conversation: ConversationId,
        text: &str,
    ) -> Result<(), Failure> {
        self.pass(time);
        let Some(user) = self
            .sandbox
            .conversation(conversation)
            .and_then(|found| found.user)
        else {
            return Err("the conversation has no user".into());
        };
        self.client
            .call(Reply::new(conversation, text).sender(user.id))
            .await?;
        Ok(())
    }

    async fn close(&mut self, conversation: ConversationId) -> Result<(), Failure> {
        self.client.call(Close::new(conversation).by(ADA)).await?;
        Ok(())
    }
}
