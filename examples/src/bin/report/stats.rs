//! How long customers wait, from the parts of conversations.

use std::{collections::BTreeMap, time::Duration};

use carrot_hyper::types::{Conversation, ConversationId, ConversationPart, PartType, Timestamp};

const DAY: i64 = 24 * 3600;

/// A question and the operator's response to it. Several messages of a customer in a row are one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) operator: String,
    /// The hour of the day in which the customer asked, in UTC.
    pub(crate) hour: usize,
    pub(crate) time: Duration,
}

/// A question without a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) conversation: ConversationId,
    pub(crate) customer: String,
    pub(crate) since: Timestamp,
    pub(crate) text: String,
}

/// What the report says.
#[derive(Debug, Default)]
pub(crate) struct Stats {
    pub(crate) conversations: usize,
    pub(crate) responses: Vec<Response>,
    pub(crate) waiting: Vec<Waiting>,
}

impl Stats {
    /// Counts the questions since a moment in a conversation; its parts come oldest first.
    ///
    /// A response of a bot, or an automatic one, ends no waiting. Nor is one that was closed waiting.
    pub(crate) fn add(
        &mut self,
        conversation: &Conversation,
        parts: &[ConversationPart],
        since: Timestamp,
    ) {
        self.conversations += 1;
        let mut question: Option<(Timestamp, &ConversationPart)> = None;
        for part in parts {
            let Some(moment) = part.said_at() else {
                continue;
            };
            match &part.kind {
                Some(PartType::ReplyUser) => question = question.or(Some((moment, part))),
                Some(PartType::ReplyAdmin) => {
                    if let Some((asked, _)) = question.take().filter(|(asked, _)| *asked >= since) {
                        self.responses.push(response(part, asked, moment));
                    }
                }
                _ => {}
            }
        }
        let Some((asked, part)) = question.filter(|(asked, _)| *asked >= since) else {
            return;
        };
        if conversation.closed == Some(true) {
            return;
        }
        let user = conversation.user.as_ref();
        self.waiting.push(Waiting {
            conversation: conversation.id,
            customer: user
                .and_then(|user| user.name())
                .unwrap_or("no name")
                .to_owned(),
            since: asked,
            text: part.text().unwrap_or_default(),
        });
    }

    /// The response times by operator, fastest first.
    pub(crate) fn by_operator(&self) -> Vec<(&str, Vec<Duration>)> {
        let mut operators = BTreeMap::<&str, Vec<Duration>>::new();
        for response in &self.responses {
            let times = operators.entry(&response.operator).or_default();
            times.push(response.time);
        }
        let mut operators: Vec<_> = operators.into_iter().collect();
        operators.sort_by_key(|(_, times)| median(times));
        operators
    }

    /// How many questions came in each hour of the day: with a response, and without.
    pub(crate) fn by_hour(&self) -> [(usize, usize); 24] {
        let mut hours = [(0, 0); 24];
        for response in &self.responses {
            hours[response.hour].0 += 1;
        }
        for waiting in &self.waiting {
            hours[hour(waiting.since)].1 += 1;
        }
        hours
    }
}

fn response(part: &ConversationPart, asked: Timestamp, moment: Timestamp) -> Response {
    let name = part.author().and_then(|author| author.name());
    let seconds = u64::try_from(moment.seconds() - asked.seconds()).unwrap_or(0);
    Response {
        operator: name.unwrap_or("an operator").to_owned(),
        hour: hour(asked),
        time: Duration::from_secs(seconds),
    }
}

fn hour(moment: Timestamp) -> usize {
    (moment.seconds().rem_euclid(DAY) / 3600) as usize
}

/// The time that half of the customers wait at most.
pub(crate) fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    let middle = times.len().saturating_sub(1) / 2;
    times.get(middle).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use carrot_hyper::types::PartId;

    use super::*;

    fn at(seconds: i64, kind: PartType) -> ConversationPart {
        ConversationPart::new(PartId::new(1))
            .with_kind(kind)
            .with_created(Timestamp::from_seconds(seconds))
    }

    fn stats(closed: bool, parts: &[ConversationPart], since: i64) -> Stats {
        let conversation = Conversation::new(ConversationId::new(7)).with_closed(closed);
        let mut stats = Stats::default();
        stats.add(&conversation, parts, Timestamp::from_seconds(since));
        stats
    }

    #[test]
    fn a_question_waits_from_its_first_message() {
        use PartType::{AutoReply, ReplyAdmin, ReplyUser};
        let parts = [
            at(3600, ReplyUser),
            at(3700, AutoReply),
            at(4000, ReplyUser),
            at(4200, ReplyAdmin),
            at(4300, ReplyAdmin),
            at(9000, ReplyUser),
        ];
        let found = stats(false, &parts, 0);
        let times: Vec<_> = found
            .responses
            .iter()
            .map(|one| (one.hour, one.time))
            .collect();
        assert_eq!(times, [(1, Duration::from_secs(600))]);
        assert_eq!(found.waiting.len(), 1);
        assert_eq!(found.by_hour()[1..3], [(1, 0), (0, 1)]);

        assert!(stats(true, &parts, 0).waiting.is_empty());
        let late = stats(false, &parts, 5000);
        assert_eq!((late.responses.len(), late.waiting.len()), (0, 1));
    }

    #[test]
    fn the_median_is_a_time_that_was_measured() {
        let times = [9, 1, 4, 2].map(Duration::from_secs);
        assert_eq!(median(&times), Duration::from_secs(2));
        assert_eq!(median(&times[..3]), Duration::from_secs(4));
        assert_eq!(median(&[]), Duration::ZERO);
    }
}
