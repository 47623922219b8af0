//! A page of conversations as the service sends it, the same in every run.

use serde_json::{Value, json};

/// Of a page, and of one beyond a megabyte.
const CONVERSATIONS: [u64; 2] = [200, 1000];

/// What is special about a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payload {
    /// Half of the authors are ids and half operators; a third of the timestamps has decimals.
    Mixed,
    /// The same, and every timestamp has decimals.
    Decimals,
    /// All authors are ids.
    Ids,
    /// All authors are operators.
    Operators,
    /// As the first, and beyond a megabyte.
    Huge,
}

impl Payload {
    pub(crate) const ALL: [Self; 5] = [
        Self::Mixed,
        Self::Decimals,
        Self::Ids,
        Self::Operators,
        Self::Huge,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Mixed => "mixed",
            Self::Decimals => "decimals",
            Self::Ids => "ids",
            Self::Operators => "operators",
            Self::Huge => "huge",
        }
    }

    /// The body of the response.
    pub(crate) fn body(self) -> Vec<u8> {
        let [page, huge] = CONVERSATIONS;
        let conversations = if self == Self::Huge { huge } else { page };
        let data: Vec<Value> = (0..conversations).map(|n| self.conversation(n)).collect();
        let meta = json!({
            "status": 200,
            "next_before_position": [1_684_739_969.358_085, 1_160_406_004_324_630_614_u64],
            "next_after_position": null,
        });
        let data = Value::Array(data);
        format!(r#"{{"meta":{meta},"data":{data}}}"#).into_bytes()
    }

    fn conversation(self, n: u64) -> Value {
        let id = 1_160_406_004_324_630_614 + n * 7919;
        json!({
            "id": id,
            "created": self.moment(3 * n),
            "user": user(n),
            "replied": n % 3 != 0,
            "closed": n % 4 == 0,
            "message": if n % 5 == 0 { json!(12_931 + n) } else { Value::Null },
            "type": "popup_chat",
            "reply_type": "text",
            "removed": null,
            "reply_last_type": "reply_admin",
            "parts_count": n % 40,
            "assignee": if n % 4 == 0 { Value::Null } else { operator(n) },
            "sended_time": "2023-11-14T22:13:10",
            "admin_unread_count": n % 3,
            "user_unread_count": n % 2,
            "not_answered_admin_replies": 0,
            "unread_parts_count": n % 2,
            "replies_count": n % 30,
            "last_admin": operator(n + 1),
            "last_update": self.moment(3 * n + 1),
            "tags": if n % 2 == 0 { json!([]) } else { json!(["delivery", "опт"]) },
            "important": n % 9 == 0,
            "last_user_reply_time": self.moment(3 * n + 2),
            "recipient_type": "web",
            "part_last": self.part(n, 0, id),
            "important_part_last": self.part(n, 1, id),
            "reply_last": self.part(n, 2, id),
        })
    }

    fn part(self, n: u64, which: u64, conversation: u64) -> Value {
        let by_user = match self {
            Self::Mixed | Self::Decimals | Self::Huge => (n + which) % 2 == 0,
            Self::Ids => true,
            Self::Operators => false,
        };
        json!({
            "id": conversation + 100 + which,
            "created": self.moment(n + which),
            "conversation": conversation,
            "body": format!(
                "<p>Hello, order {n} was promised for today, and it is not here. \
                 Когда его привезут?</p>"
            ),
            "read": n % 2 == 0,
            "type": if by_user { "reply_user" } else { "reply_admin" },
            "direction": if by_user { "u2a" } else { "a2u" },
            "sent_via": if by_user { "web_user" } else { "web_panel" },
            "from": if by_user { json!(16_588_048 + n) } else { operator(n + which) },
            "first": n % 7 == 0,
            "attachments": [],
            "random_id": 1_650_977_560 + n,
        })
    }

    fn moment(self, n: u64) -> Value {
        let seconds = 1_684_739_969 + n * 61;
        if self == Self::Decimals || n % 3 == 0 {
            json!(seconds as f64 + (n * 7919 % 1_000_000) as f64 / 1e6)
        } else {
            json!(seconds)
        }
    }
}

fn operator(n: u64) -> Value {
    json!({
        "id": 4101 + n % 9,
        "name": "Olga Petrova",
        "avatar": "https://files.carrotquest.io/avatars/1446021235578-n653y667.jpg",
        "type": if n % 5 == 0 { "bot" } else { "admin" },
    })
}

fn user(n: u64) -> Value {
    json!({
        "id": 16_588_048 + n,
        "app": 30,
        "user_id": format!("customer-{n}"),
        "presence": if n % 2 == 0 { "idle" } else { "offline" },
        "props": {
            "$last_seen": "2015-12-17T13:01:32",
            "$name": "Анна",
            "$email": format!("anna{n}@example.com"),
            "$orders_count": n % 12,
        },
    })
}
