//! Reading conversations over the API: all open ones, those that changed since a moment, or one.

use std::{
    collections::BTreeSet,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use carrot_types::{Conversation, ConversationId, Timestamp};

use crate::{
    Client, Error, ErrorKind,
    apps::{AssigneeFilter, Conversations},
    client::Pages,
    conversations::Get,
    endpoint::ConversationField,
    realtime::Position,
};

/// What is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// All open conversations.
    All,
    /// What changed since this second of the API's clock, closed conversations too.
    Since(Timestamp),
    One(ConversationId),
}

/// What reading gave.
pub(super) enum Read {
    /// Records of a request that was sent after this position.
    Records(Vec<Conversation>, Option<Position>),
    End,
    /// The conversation does not exist.
    Missing,
    /// It can go on after a pause.
    Failed(Error),
    /// It has to start anew after a pause.
    Broken(Error),
}

type One = Pin<Box<dyn Future<Output = Result<Conversation, Error>> + Send>>;

enum Source {
    List(Box<Pages<Conversations>>),
    One(Option<One>),
    Ended,
}

/// Requests under way.
pub(super) struct Reading {
    pub(super) order: Order,
    /// Whether the realtime service reported all changes since before the first request.
    pub(super) is_watched: bool,
    pub(super) listed: BTreeSet<ConversationId>,
    /// The number of pages. More than one are not of one moment.
    pub(super) pages: usize,
    /// The last update of the newest record of the first page.
    pub(super) newest: Option<Timestamp>,
    source: Source,
    /// The greatest position of a message before the next request.
    pub(super) floor: Option<Position>,
}

impl Reading {
    pub(super) fn new(
        client: &Client,
        order: Order,
        is_watched: bool,
        floor: Option<Position>,
    ) -> Self {
        let all = Conversations::new().assigned(AssigneeFilter::Any);
        let list = |list| Source::List(Box::new(client.pages(list)));
        Self {
            order,
            is_watched,
            listed: BTreeSet::new(),
            pages: 0,
            newest: None,
            source: match order {
                Order::All => list(all.closed(false)),
                Order::Since(_) => list(all),
                Order::One(_) => Source::One(None),
            },
            floor,
        }
    }

    /// `newest` is the greatest position of a message.
    pub(super) fn poll(
        &mut self,
        client: &Client,
        newest: Option<Position>,
        context: &mut Context<'_>,
    ) -> Poll<Read> {
        let page = match (&mut self.source, self.order) {
            (Source::One(one), Order::One(id)) => {
                let request = one.get_or_insert_with(|| {
                    let client = client.clone();
                    // As the list has it.
                    let get = Get::new(id).exclude(ConversationField::Channel);
                    Box::pin(async move { client.call(get).await })
                });
                let result = ready!(request.as_mut().poll(context));
                *one = None;
                return Poll::Ready(match result {
                    Ok(record) => {
                        self.source = Source::Ended;
                        Read::Records(vec![record], self.floor)
                    }
                    Err(error) if error.is_not_found() => Read::Missing,
                    Err(error) => Read::Failed(error),
                });
            }
            (Source::List(list), _) => ready!(list.poll_next_page(context)),
            _ => return Poll::Ready(Read::End),
        };
        Poll::Ready(match page {
            None => Read::End,
            Some(Ok(page)) => {
                let floor = std::mem::replace(&mut self.floor, newest);
                Read::Records(self.records(page.items), floor)
            }
            Some(Err(error)) => match error.kind() {
                ErrorKind::RepeatedCursor | ErrorKind::MissingCursor | ErrorKind::ListMoved => {
                    Read::Broken(error)
                }
                _ => Read::Failed(error),
            },
        })
    }

    fn records(&mut self, mut records: Vec<Conversation>) -> Vec<Conversation> {
        self.pages += 1;
        if self.pages == 1 {
            self.newest = records.iter().filter_map(|record| record.last_update).max();
        }
        if let Order::Since(since) = self.order {
            // The list is sorted by the last update, so all that follow are old too.
            let is_old = |record: &Conversation| record.last_update.is_some_and(|at| at < since);
            if let Some(old) = records.iter().position(is_old) {
                records.truncate(old);
                self.source = Source::Ended;
            }
        } else {
            self.listed.extend(records.iter().map(|record| record.id));
        }
        records
    }
}
