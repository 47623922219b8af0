//! The bodies of responses, as the service sends them, the same in every run.

use serde_json::{Value, json};

/// The language of the texts. Letters outside ASCII have two bytes each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Russian,
}

/// The page size of the row B.
const PAGE: u64 = 50;

impl Language {
    /// The row without its language: that of `A-ru` is Russian.
    pub(crate) fn of_row(row: &str) -> (&str, Self) {
        match row.strip_suffix("-ru") {
            Some(row) => (row, Self::Russian),
            None => (row, Self::English),
        }
    }

    fn pick(self, english: &'static str, russian: &'static str) -> &'static str {
        match self {
            Self::English => english,
            Self::Russian => russian,
        }
    }

    /// One conversation, 0.7 kB.
    pub(crate) fn conversation(self) -> String {
        envelope(&self.record(0))
    }

    /// A page of conversations, 30 kB.
    pub(crate) fn page(self) -> String {
        let data: Vec<Value> = (0..PAGE).map(|n| self.record(n)).collect();
        envelope(&json!(data))
    }

    /// The part that a reply created, 0.4 kB.
    pub(crate) fn part(self) -> String {
        envelope(&self.part_record())
    }

    /// The same part, without its envelope.
    pub(crate) fn part_record(self) -> Value {
        json!({
            "id": 1_160_406_004_324_630_700_u64,
            "created": 1_684_739_969,
            "conversation": 1_160_406_004_324_630_614_u64,
            "body": self.reply(),
            "read": false,
            "type": "reply_admin",
            "direction": "a2u",
            "sent_via": "web_panel",
            "from": self.operator(),
            "first": false,
            "attachments": [],
            "random_id": 1_650_977_560,
        })
    }

    /// The text of a reply, in the request and in the response.
    pub(crate) fn reply(self) -> &'static str {
        self.pick(
            "Good afternoon! Your order has left the warehouse & will be there on Friday.",
            "Добрый день! Ваш заказ выехал со склада & будет у вас в пятницу.",
        )
    }

    fn record(self, n: u64) -> Value {
        json!({
            "id": 1_160_406_004_324_630_614 + n * 7919,
            "created": 1_684_739_969 + n * 61,
            "replied": n % 3 != 0,
            "closed": n % 4 == 0,
            "message": null,
            "type": "popup_chat",
            "reply_type": "text",
            "reply_last_type": "reply_admin",
            "parts_count": n % 40,
            "assignee": self.operator(),
            "admin_unread_count": n % 3,
            "user_unread_count": n % 2,
            "not_answered_admin_replies": 0,
            "unread_parts_count": n % 2,
            "last_update": 1_684_739_969.358_085 + n as f64,
            "tags": [self.pick("delivery", "доставка"), self.pick("wholesale", "опт")],
            "important": n % 9 == 0,
            "last_user_reply_time": 1_684_739_969 + n * 61,
            "recipient_type": "web",
        })
    }

    fn operator(self) -> Value {
        json!({
            "id": 4101,
            "name": self.pick("Olga Petrova", "Ольга Петрова"),
            "avatar": "https://files.carrotquest.io/avatars/1446021235578-n653y667.jpg",
            "type": "admin",
        })
    }
}

/// The body of an error.
pub(crate) fn error(status: u16, error: &str) -> String {
    let message = "There is no such conversation";
    json!({"meta": {"status": status, "error": error, "error_message": message}, "data": {}})
        .to_string()
}

fn envelope(data: &Value) -> String {
    format!(r#"{{"meta":{{"status":200}},"data":{data}}}"#)
}
