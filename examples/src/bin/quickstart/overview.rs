//! What the program does in the real service unless it is told to write: it reads three things.

use carrot_examples::{program::Failure, say, service, status_line::counted};
use carrot_hyper::{
    Client,
    apps::{AssigneeFilter, Channels, Conversations, Leads},
    endpoint::Paging,
};

use crate::report::Report;

pub(crate) async fn print(client: &Client, mut report: Report) -> Result<(), Failure> {
    say!(
        "Reading from the real service at {}; nothing is written without --write.\n",
        service::host()
    );

    report.step("The channels of the app")?;
    let channels = client.call(Channels::new()).await?;
    for channel in &channels {
        let name = channel.name.as_deref().unwrap_or("(without a name)");
        report.got(format_args!("{name}, id {}", channel.id))?;
    }
    report.got(counted(channels.len(), "channel"))?;

    report.step("The leads of the app")?;
    let page = client
        .call(Leads::new().page(Paging::new().size(1)))
        .await?;
    match page.total {
        Some(total) => report.got(counted(total, "lead"))?,
        None => report.got("the service does not say how many")?,
    }

    report.step("The open conversations, one page")?;
    let open = Conversations::new()
        .closed(false)
        .assigned(AssigneeFilter::Any)
        .page(Paging::new().size(10));
    let page = client.call(open).await?;
    for conversation in &page.items {
        let parts = conversation.parts_count.unwrap_or_default();
        report.got(format_args!(
            "conversation {} with {}",
            conversation.id,
            counted(parts, "part")
        ))?;
    }
    let more = if page.next.cursor().is_some() {
        ", and there are more"
    } else {
        ""
    };
    let conversations = counted(page.items.len(), "conversation");
    report.got(format_args!("{conversations}{more}"))?;
    Ok(())
}
