use crate::sandbox::{
    rules::call::Call,
    rules::response::{Failure, Response},
    rules::window::{Direction, Window},
    store::{ASSISTANTS, Facts, Store},
    view::{ConversationFields, View},
};

/// `GET /apps/{id}/conversations`
pub(in crate::sandbox) fn list(store: &mut Store, call: &Call) -> Result<Response, Failure> {
    let window = Window::<(i64, u64)>::read(call, &Direction::ALL)?;
    let filter = Filter::read(call)?;
    let now = store.now();
    let page = window.select(|range| {
        let recent = store.recent.range(range);
        let fits = |((_, id), facts): &(&(i64, u64), &Facts)| {
            filter.fits(facts, now) && filter.has_tags(store, *id)
        };
        recent.filter(fits).map(|(key, _)| *key)
    });
    let fields = ConversationFields::read(call, ConversationFields::LISTED);
    let view = View::new(store, call);
    let listed = page.keys.iter();
    let records = listed
        .filter_map(|(_, id)| store.conversations.get(id))
        .map(|conversation| view.conversation(conversation, &fields))
        .collect();
    Ok(page.response(call, records))
}

/// The nine filters of the method.
struct Filter {
    closed: Option<bool>,
    answered: Option<bool>,
    delayed: Option<bool>,
    /// 0 for those that are assigned to nobody.
    assigned: Option<u64>,
    include_not_assigned: bool,
    tags: Option<Vec<String>>,
    tag_bits: u64,
    include_no_tags: bool,
    /// 0 for those in no channel.
    channel: Option<u64>,
    assistant: Option<&'static str>,
}

impl Filter {
    fn read(call: &Call) -> Result<Self, Failure> {
        let parameters = &call.parameters;
        let tags = parameters.texts("tags")?;
        let include_no_tags = parameters.is_set("include_no_tags");
        if include_no_tags && tags.is_some() && !call.is_v1() {
            let rule = "can be used only without `tags`";
            return Err(Failure::validation("include_no_tags", rule));
        }
        Ok(Self {
            closed: parameters.flag("closed"),
            answered: parameters.flag("answered"),
            delayed: parameters.flag("delayed"),
            assigned: parameters.id_or_zero("assigned")?,
            include_not_assigned: parameters.is_set("include_not_assigned"),
            tag_bits: Facts::bits(tags.as_deref().unwrap_or_default()),
            tags,
            // In v1 it adds to those with tags, which without `tags` are all.
            include_no_tags,
            channel: parameters.id_or_zero("channel")?,
            assistant: parameters.one_of("assistant_type", &ASSISTANTS)?,
        }
        .in_version(call))
    }

    fn in_version(mut self, call: &Call) -> Self {
        if call.is_v1() && self.tags.is_none() {
            self.include_no_tags = false;
        }
        self
    }

    /// Whether a conversation fits by what is known without its record.
    fn fits(&self, facts: &Facts, now: i64) -> bool {
        let is = |wanted: Option<bool>, fact: bool| wanted.is_none_or(|wanted| wanted == fact);
        let delayed = facts.delayed_until.is_some_and(|end| end > now);
        // A conversation that a message started needs no operator until the user replies.
        facts.replied
            && is(self.closed, facts.closed)
            && is(self.delayed, delayed)
            && is(self.answered, facts.answered)
            && self.fits_assignee(facts.assignee)
            && self.may_have_tags(facts.tags)
            && self
                .channel
                .is_none_or(|channel| facts.channel.unwrap_or(0) == channel)
            && self
                .assistant
                .is_none_or(|assistant| facts.assistant == Some(assistant))
    }

    fn fits_assignee(&self, assignee: Option<u64>) -> bool {
        match assignee {
            None => self.include_not_assigned,
            Some(assignee) => self.assigned.is_none_or(|wanted| wanted == assignee),
        }
    }

    fn may_have_tags(&self, bits: u64) -> bool {
        if self.include_no_tags && bits == 0 {
            return true;
        }
        match &self.tags {
            Some(_) => self.tag_bits & !bits == 0,
            None => !self.include_no_tags,
        }
    }

    /// Whether it has the tags, of which [`may_have_tags`](Self::may_have_tags) is not sure.
    fn has_tags(&self, store: &Store, id: u64) -> bool {
        let Some(wanted) = &self.tags else {
            return true;
        };
        let tags = store.conversations.get(&id).map(|one| one.tags.as_slice());
        let tags = tags.unwrap_or_default();
        (self.include_no_tags && tags.is_empty()) || wanted.iter().all(|tag| tags.contains(tag))
    }
}
