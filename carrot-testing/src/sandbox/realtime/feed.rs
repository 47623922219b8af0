//! What happens in the store, as messages of the realtime service.
//!
//! Source: <https://developers.carrotquest.io/rts/channels>

use serde_json::{Value, json};

use crate::sandbox::{
    store::{Author, Notice, Part, Store, Typing},
    view::{ConversationFields, View},
};

type Messages = Vec<(String, Value)>;

/// The messages of a notice, with their channels.
pub(in crate::sandbox) fn messages(store: &Store, notice: &Notice) -> Messages {
    let feed = Feed {
        store,
        view: View::plain(store),
        messages: Vec::new(),
    };
    feed.of(notice).unwrap_or_default()
}

struct Feed<'a> {
    store: &'a Store,
    view: View<'a>,
    messages: Messages,
}

impl Feed<'_> {
    /// `None` where the record is gone.
    fn of(mut self, notice: &Notice) -> Option<Messages> {
        match *notice {
            Notice::Started(conversation) => self.started(conversation)?,
            Notice::Message(part) | Notice::System(part) => {
                self.part(self.store.parts.get(&part)?)?;
            }
            Notice::Typing(at) => self.typing(self.store.typing.get(at)?)?,
            Notice::Read(conversation) => {
                let user = self.store.conversations.get(&conversation)?.user;
                let message = json!({"id": conversation});
                self.for_user("conversation_read", user, message.clone());
                self.for_app("conversation_read", message);
            }
            Notice::Presence(user) => self.presence(user)?,
            Notice::Props(user) => self.for_user("user_props_changed", user, json!({})),
            Notice::Event(event) => self.event(event)?,
        }
        Some(self.messages)
    }

    fn for_app(&mut self, channel: &str, message: Value) {
        let app = self.store.app.id;
        self.messages.push((format!("{channel}.{app}"), message));
    }

    fn for_user(&mut self, channel: &str, user: u64, message: Value) {
        let app = self.store.app.id;
        self.messages
            .push((format!("{channel}.{app}.{user}"), message));
    }

    fn started(&mut self, id: u64) -> Option<()> {
        let conversation = self.store.conversations.get(&id)?;
        let json = self
            .view
            .conversation(conversation, &ConversationFields::LISTED);
        self.for_app("conversation", json.clone());
        if conversation.message.is_none() {
            self.for_app("conversation_started_user", json.clone());
        }
        let hidden = ["user", "closed", "assignee", "tags"];
        self.for_user("conversation", conversation.user, without(json, &hidden));
        Some(())
    }

    fn part(&mut self, part: &Part) -> Option<()> {
        let conversation = self.store.conversations.get(&part.conversation)?;
        let content = &part.content;
        let mut json = self.view.part(part);
        let assignee = conversation.assignee.map(|id| self.view.admin(id));
        json["assignee"] = assignee.clone().unwrap_or_default();
        let admin = self.view.author(&content.author);
        let id = conversation.id;
        match &*content.kind {
            "assigned" => self.for_app(
                "conversation_assigned",
                json!({"conversation": id, "admin": admin, "assignee": assignee}),
            ),
            "closed" => {
                self.for_app(
                    "conversation_closed",
                    json!({"conversation": id, "admin": admin}),
                );
            }
            kind @ ("tag_added" | "tag_deleted") => self.for_app(
                &format!("conversation_{kind}"),
                json!({"conversation": id, "tag": content.tag, "admin": admin}),
            ),
            "reply_user" | "reply_admin" | "auto_reply" | "article" => {
                let json = without(json.clone(), &["assignee"]);
                self.for_user("conversation_reply", conversation.user, json);
            }
            _ => {}
        }
        self.for_app("conversation_reply", json);
        Some(())
    }

    fn typing(&mut self, typing: &Typing) -> Option<()> {
        let user = self.store.conversations.get(&typing.conversation)?.user;
        let who = match typing.author {
            Author::User(_) => "user",
            _ => "admin",
        };
        let mut json = json!({"conversation": typing.conversation, "body": typing.body});
        json[who] = self.view.author(&typing.author);
        self.for_app("conversation_typing", json.clone());
        self.for_user("conversation_typing", user, without(json, &["body"]));
        Some(())
    }

    fn presence(&mut self, user: u64) -> Option<()> {
        let record = self.store.users.get(&user)?;
        let presence = record.presence_at(self.store.now())?;
        let change = json!({
            "user": user,
            "presence": presence.state,
            "presence_details": record.presence_details(),
        });
        self.for_app("user_presence_changed", json!([change]));
        Some(())
    }

    fn event(&mut self, event: u64) -> Option<()> {
        let record = self.store.events.get(&event)?;
        let mut json = without(self.view.event(record, false), &["user"]);
        json["type"] = json!({"id": json["type"]["id"], "name": json["type"]["name"]});
        self.for_user("event", record.user, json);
        Some(())
    }
}

fn without(mut json: Value, names: &[&str]) -> Value {
    if let Some(fields) = json.as_object_mut() {
        fields.retain(|name, _| !names.contains(&name.as_str()));
    }
    json
}
