//! A customer asks where the parcel is, and an operator helps.

use carrot_examples::{program::Failure, say};
use carrot_hyper::{
    Client,
    apps::{AssigneeFilter, Channels, Conversations, Leads},
    conversations::{AddTag, Assign, Close, Get, Parts, Reply},
    endpoint::Paging,
    types::{
        AdminId, Author, Conversation, ConversationId, ConversationPart, EventName,
        EventProperties, Filter, InvalidValue, PropertyOperation, UserRef, system,
    },
    users,
};

use crate::report::Report;

/// The customer of the story, and what it may change of them.
pub(crate) struct Customer {
    user: UserRef,
    properties: Vec<PropertyOperation>,
    /// What finds the customer among the leads, in words and as a filter.
    found_by: (&'static str, Filter),
}

impl Customer {
    /// A customer who exists only in the sandbox, and gets a name and an address there.
    pub(crate) fn made_up() -> Result<Self, InvalidValue> {
        let email = "alex@example.com";
        Ok(Self {
            user: UserRef::external("order-42"),
            properties: vec![
                PropertyOperation::update_or_create(system::property::NAME, "Alex")?,
                PropertyOperation::update_or_create(system::property::EMAIL, email)?,
                PropertyOperation::add("orders", 1)?,
            ],
            found_by: (
                "whose e-mail is alex@example.com",
                Filter::text_equals(system::property::EMAIL, email),
            ),
        })
    }

    /// Somebody real, whose own properties are left alone: only one that no shop uses is set.
    pub(crate) fn real(user: UserRef) -> Result<Self, InvalidValue> {
        Ok(Self {
            user,
            properties: vec![PropertyOperation::update_or_create(MARK, true)?],
            found_by: ("with the mark of this program", Filter::is_true(MARK)),
        })
    }
}

/// The property that is set on somebody real.
pub(crate) const MARK: &str = "carrot_quickstart";

pub(crate) async fn play(
    client: &Client,
    customer: Customer,
    mut report: Report,
) -> Result<(), Failure> {
    let conversation = the_customer_asks(client, &customer, &mut report).await?;
    the_operator_helps(client, conversation, &mut report).await?;
    let parts = read_it_all_back(client, conversation, &mut report).await?;
    let closed = client.call(Get::new(conversation)).await?;

    say!("\nSummary");
    say!("  {} steps, no error", report.steps());
    say!("  conversation {conversation}: {}", state_of(&closed));
    say!("  {parts} parts, tags {:?}", closed.tags);
    Ok(())
}

async fn the_customer_asks(
    client: &Client,
    customer: &Customer,
    report: &mut Report,
) -> Result<ConversationId, Failure> {
    let user = &customer.user;
    report.step("An order is placed: track the event")?;
    let event = users::TrackEvent::new(user.clone(), EventName::new("Order placed")?).properties(
        EventProperties::new()
            .with("order", "42")?
            .with("sum", 4_990)?,
    );
    let event = client.call(event).await?;
    report.got(format_args!("event {}", event.id))?;

    report.step("Set properties of the customer")?;
    let properties = customer.properties.iter().cloned();
    let set = users::SetProps::new(user.clone()).with_all(properties);
    let done = client.call(set).await?;
    report.got(format_args!("changed {}", done.affected.join(", ")))?;

    let (words, filter) = &customer.found_by;
    report.step(format_args!("Find the lead {words}"))?;
    let leads = client.call(Leads::new().filter(filter.clone())).await?;
    match leads.items.first() {
        Some(lead) => report.got(format_args!(
            "user {}, {}, one of {} found",
            lead.id,
            lead.name().unwrap_or("without a name"),
            leads.total.unwrap_or(1),
        ))?,
        None => report.got("not there yet: the service takes minutes to list a new lead")?,
    }

    report.step("The customer starts a conversation")?;
    let question = "Where is my parcel?";
    let started = client
        .call(users::StartConversation::new(user.clone(), question))
        .await?;
    report.got(format_args!("conversation {}", started.id))?;
    Ok(started.id)
}

async fn the_operator_helps(
    client: &Client,
    conversation: ConversationId,
    report: &mut Report,
) -> Result<(), Failure> {
    report.step("An operator lists the open conversations")?;
    let open = Conversations::new()
        .closed(false)
        .assigned(AssigneeFilter::Any);
    let open = client.call(open).await?;
    for conversation in &open.items {
        let last = conversation
            .part_last
            .as_ref()
            .and_then(|part| part.body.as_deref());
        report.got(format_args!(
            "{}: {:?}",
            conversation.id,
            last.unwrap_or_default()
        ))?;
    }

    report.step("The operator replies, with the default sender of the site")?;
    let reply = client
        .call(Reply::new(conversation, "On its way, tomorrow by noon."))
        .await?;
    report.got(format_args!("part {}", reply.part.id))?;

    report.step("The operator leaves a note that the customer does not see")?;
    let note = client
        .call(Reply::note(conversation, "Asked the courier, box 7"))
        .await?;
    report.got(format_args!("part {}", note.part.id))?;

    report.step("The conversation is tagged")?;
    let tagged = client.call(AddTag::new(conversation, "delivery")).await?;
    report.got(if tagged.changed() {
        "the tag is new"
    } else {
        "done"
    })?;

    report.step("The conversation is assigned")?;
    match an_operator(client).await? {
        Some((id, name)) => {
            client.call(Assign::new(conversation, id)).await?;
            report.got(format_args!("to {name}, id {id}"))?;
        }
        None => report.got("to nobody: no channel names an operator")?,
    }

    report.step("The conversation is closed")?;
    let closed = client.call(Close::new(conversation)).await?;
    report.got(if closed.changed() {
        "closed"
    } else {
        "it was closed already"
    })?;
    Ok(())
}

/// The first operator of any channel.
async fn an_operator(client: &Client) -> Result<Option<(AdminId, String)>, carrot_hyper::Error> {
    let channels = client.call(Channels::new()).await?;
    let mut operators = channels.into_iter().flat_map(|channel| channel.operators);
    Ok(operators.find_map(|operator| Some((operator.id?, operator.name.unwrap_or_default()))))
}

async fn read_it_all_back(
    client: &Client,
    conversation: ConversationId,
    report: &mut Report,
) -> Result<usize, Failure> {
    report.step("The parts are read back, three at a time, newest first")?;
    let mut pages = client.pages(Parts::new(conversation).page(Paging::new().size(3)));
    let mut count = 0;
    let mut number = 0;
    while let Some(page) = pages.next().await? {
        number += 1;
        report.got(format_args!("page {number}"))?;
        for part in &page.items {
            say!("         {}", one_line(part));
        }
        count += page.items.len();
    }
    Ok(count)
}

fn one_line(part: &ConversationPart) -> String {
    let kind = part.kind.as_ref().map_or("part", |kind| kind.as_str());
    let author = match &part.from {
        Some(Author::User(id)) => format!("user {id}"),
        Some(author) => author.name().unwrap_or("somebody").to_owned(),
        None => "nobody".to_owned(),
    };
    let body = part.body.as_deref().unwrap_or_default();
    format!("{kind:<12} {author:<16} {body}")
}

fn state_of(conversation: &Conversation) -> &'static str {
    match conversation.closed {
        Some(true) => "closed",
        _ => "open",
    }
}
