//! What the sandbox remembers, and how its records change. It knows no request and no JSON of the service.

mod app;
mod base;
mod columns;
mod conversations;
mod email;
mod events;
mod ids;
mod records;
mod time;
mod users;

pub(in crate::sandbox) use self::{
    app::{App, Channel, Operator},
    base::{Notice, Store},
    columns::Columns,
    conversations::ASSISTANTS,
    email::{SUBSCRIBED, UNSUBSCRIBED},
    ids::{Ids, is_exhausted},
    records::{
        Attachment, Author, Conversation, Draft, Event, Facts, Note, Part, Presence, Typing, User,
        Word,
    },
    time::Time,
};
