//! The state of the sandbox as one page without scripts.

mod html;

use serde_json::Value;

use self::html::Html;
use crate::{
    sandbox::{
        rules::date,
        server::{context::Context, log::Exchange},
        store::{Author, Conversation, Part, Store, User},
        webhooks::{DeliveryState, WebhookDelivery},
    },
    wire::plain,
};

pub(super) const STYLE: &str = include_str!("style.css");

/// How many records of a kind are shown.
const SHOWN: usize = 100;

pub(super) fn write(context: &Context) -> String {
    let sandbox = &context.sandbox;
    let (webhooks, faults) = (sandbox.webhooks(), sandbox.faults());
    let exchanges = context.log.exchanges();
    let mut page = Html::default();
    page.markup(concat!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">",
        "<meta name=\"viewport\" content=\"width=device-width\"><title>Sandbox</title>",
        "<link rel=\"stylesheet\" href=\"/_sandbox/style.css\"></head><body>\n",
    ));
    let service = sandbox.service();
    let store = &service.store;
    header(&mut page, store);
    if !faults.is_empty() {
        section(&mut page, "<h2 id=\"faults\">Faults ", faults.len());
        page.markup("<table><tr><th>fault<th>matched<th>used<th>has to be used</tr>\n");
        for fault in faults.iter().rev().take(SHOWN) {
            page.tagged("<tr><td>", &fault.fault, "")
                .tagged("<td>", fault.matched, "")
                .tagged("<td>", fault.used, "")
                .tagged("<td>", fault.wanted, "</tr>\n");
        }
        page.markup("</table>\n");
    }
    section(&mut page, "<h2 id=\"users\">Users ", store.users.len());
    for record in store.users.values().rev().take(SHOWN) {
        user(&mut page, record);
    }
    let count = store.conversations.len();
    section(&mut page, "<h2 id=\"conversations\">Conversations ", count);
    let recent = store.recent.keys().rev().take(SHOWN);
    for one in recent.filter_map(|(_, id)| store.conversations.get(id)) {
        conversation(&mut page, store, one);
    }
    let count = exchanges.last().map_or(0, |one| one.number);
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    section(&mut page, "<h2 id=\"requests\">Requests ", count);
    for one in exchanges.iter().rev().take(SHOWN) {
        exchange(&mut page, one);
    }
    section(&mut page, "<h2 id=\"webhooks\">Webhooks ", webhooks.len());
    for one in webhooks.iter().rev().take(SHOWN) {
        webhook(&mut page, context, one);
    }
    realtime(&mut page, context);
    page.markup("</body></html>\n");
    page.finish()
}

fn realtime(page: &mut Html, context: &Context) {
    let realtime = context.sandbox.realtime();
    let channels = realtime.channels();
    section(page, "<h2 id=\"realtime\">Channels ", channels.len());
    page.tagged(
        "<p>",
        realtime.listeners(),
        " connections and polls are open, ",
    )
    .tagged("", realtime.waiting_faults(), " faults wait.</p>\n");
    if channels.is_empty() {
        return;
    }
    page.markup("<table><tr><th>channel<th>messages<th>stored</tr>\n");
    for (name, last_id, stored) in channels.iter().take(SHOWN) {
        page.tagged("<tr><td>", name, "")
            .tagged("<td>", last_id, "")
            .tagged("<td>", stored, "</tr>\n");
    }
    page.markup("</table>\n");
}

fn header(page: &mut Html, store: &Store) {
    page.tagged("<header><h1>Sandbox, app ", store.app.id, "</h1>");
    page.markup(concat!(
        "<a href=\"#users\">Users</a> <a href=\"#conversations\">Conversations</a> ",
        "<a href=\"#requests\">Requests</a> <a href=\"#webhooks\">Webhooks</a> ",
        "<a href=\"#realtime\">Channels</a> ",
        "<a href=\"/_sandbox/\">Reload</a></header>\n<p class=\"quiet\">",
    ));
    page.tagged("It is ", date(store.now()), " UTC here. ");
    match store.app.rate_limit {
        Some(limit) => page.tagged("The rate limit is ", limit, " requests a minute."),
        None => page.markup("The rate limit is off."),
    };
    page.markup(" The newest records come first.</p>\n");
}

fn section(page: &mut Html, open: &'static str, count: usize) {
    page.tagged(open, "", "<small>").text(count);
    if count > SHOWN {
        page.tagged(", of which the newest ", SHOWN, " are shown");
    }
    page.markup("</small></h2>\n");
}

fn date(micros: i64) -> String {
    date::format(micros.div_euclid(1_000_000)).replace('T', " ")
}

fn user(page: &mut Html, user: &User) {
    page.tagged("<details><summary><span class=\"id\">", user.id, "</span> ");
    if let Some(external) = &user.external {
        page.tagged("<span class=\"id\">", external, "</span> ");
    }
    let name = user.props.get("$name").map(plain).unwrap_or_default();
    page.tagged("<b class=\"name\">", name, "</b>");
    tags(page, user.tags.iter());
    page.markup("</summary><dl>");
    row(page, "last seen", date(user.last_seen));
    if let Some(presence) = &user.presence {
        row(page, "presence", &presence.state);
    }
    let custom = user.custom.iter();
    for (name, value) in user.props.iter().chain(custom) {
        row(page, name, plain(value));
    }
    row(page, "events", user.events.len());
    page.markup("</dl></details>\n");
}

fn conversation(page: &mut Html, store: &Store, one: &Conversation) {
    page.tagged("<details><summary><span class=\"id\">", one.id, "</span> ");
    page.tagged(
        "<span class=\"name\">of ",
        user_name(store, one.user),
        "</span> ",
    );
    page.tagged("<span class=\"quiet\">parts: ", one.parts.len(), "");
    page.markup(if one.closed { ", closed" } else { "" });
    if let Some(assignee) = one.assignee {
        page.tagged(", assigned to ", operator(store, assignee), "");
    }
    page.markup("</span>");
    tags(page, one.tags.iter());
    page.markup("</summary>");
    for record in one.parts.iter().filter_map(|id| store.parts.get(id)) {
        part(page, store, record);
    }
    page.markup("</details>\n");
}

fn part(page: &mut Html, store: &Store, part: &Part) {
    let content = &part.content;
    let author = match &content.author {
        Author::User(id) => user_name(store, *id),
        Author::Admin(id) => operator(store, *id),
        Author::DefaultAdmin => "Support".to_owned(),
        Author::Bot(name) => name.clone(),
    };
    page.tagged("<div class=\"part\"><div class=\"quiet\">", author, ", ");
    page.text(date(part.created));
    page.tagged(", ", &content.kind, "</div>");
    page.tagged("<p>", &content.body, "</p>");
    for attachment in &content.attachments {
        page.tagged("<p class=\"quiet\">", &attachment.filename, ", ");
        page.text(attachment.size).markup(" bytes</p>");
    }
    if let Some(tag) = &content.tag {
        page.tagged("<span class=\"tag\">", tag, "</span>");
    }
    page.markup("</div>");
}

fn exchange(page: &mut Html, one: &Exchange) {
    page.tagged(
        "<details><summary><span class=\"quiet\">",
        one.number,
        "</span> ",
    );
    page.tagged("<code>", &one.method, " ")
        .tagged("", &one.path, "</code> ");
    page.markup(match one.status {
        ..400 => "<b class=\"good\">",
        _ => "<b class=\"bad\">",
    });
    page.tagged("", one.status, "</b>");
    if !one.delivery.is_empty() {
        page.tagged(" <span class=\"bad\">", one.delivery, "</span>");
    }
    page.markup("</summary><dl>");
    row(page, "time", date(one.at.saturating_mul(1_000_000)));
    for (name, value) in &one.parameters {
        row(page, name, value);
    }
    for file in &one.files {
        row(page, "file", file);
    }
    page.markup("</dl>");
    body(page, &one.response);
    page.markup("</details>\n");
}

fn webhook(page: &mut Html, context: &Context, one: &WebhookDelivery) {
    page.tagged(
        "<details><summary><span class=\"quiet\">",
        one.id(),
        "</span> ",
    );
    page.tagged("", one.kind(), " <span class=\"quiet\">");
    page.markup(match one.state() {
        DeliveryState::Waiting => "waiting",
        DeliveryState::Delivered => "delivered",
        DeliveryState::Abandoned => "abandoned",
    });
    page.tagged(", attempts: ", one.attempts(), "</span></summary>");
    for (name, value) in form_urlencoded::parse(one.body().as_bytes()) {
        if name != "token" {
            page.tagged("<div class=\"quiet\">", name, "</div>");
            body(page, &context.log.redact(&value));
        }
    }
    page.markup("</details>\n");
}

/// A body: JSON is laid out.
fn body(page: &mut Html, text: &str) {
    let json = serde_json::from_str::<Value>(text).ok();
    let json = json.filter(|json| json.is_object() || json.is_array());
    match json {
        Some(json) => page.tagged("<pre>", format_args!("{json:#}"), "</pre>"),
        None => page.tagged("<pre>", text, "</pre>"),
    };
}

fn row(page: &mut Html, name: &str, value: impl std::fmt::Display) {
    page.tagged("<dt>", name, "<dd>").text(value);
}

fn tags<'a>(page: &mut Html, tags: impl Iterator<Item = &'a String>) {
    for tag in tags {
        page.tagged(" <span class=\"tag\">", tag, "</span>");
    }
}

/// The name of a user, else an id.
fn user_name(store: &Store, id: u64) -> String {
    let user = store.users.get(&id);
    let name = user.and_then(|user| Some(plain(user.props.get("$name")?)));
    let name = name.or_else(|| user.and_then(|user| user.external.clone()));
    name.unwrap_or_else(|| id.to_string())
}

fn operator(store: &Store, id: u64) -> String {
    let mut operators = store.app.operators.iter();
    let found = operators.find(|operator| operator.id == id);
    found.map_or_else(|| id.to_string(), |operator| operator.name.clone())
}
