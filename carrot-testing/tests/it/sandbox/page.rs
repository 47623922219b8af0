//! What a server has below `/_sandbox`: the page for a browser and the control path, over raw sockets.

use carrot_core::{
    types::{AdminId, PropertyOperation, UserRef},
    users::{SetProps, StartConversation},
};
use carrot_testing::{
    Sandbox,
    sandbox::{RealtimeFault, SandboxServer, SeedUser},
};
use serde_json::{Value, json};

use super::server::exchange;

/// A request; `headers` are whole lines.
async fn send(server: &SandboxServer, line: &str, headers: &[String], body: &str) -> String {
    let headers: String = headers.iter().map(|one| format!("{one}\r\n")).collect();
    let length = body.len();
    let request = format!(
        "{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    );
    exchange(server.port(), &request).await
}

/// A request to the control path, with the token.
async fn control(server: &SandboxServer, line: &str, body: &str) -> (u16, String) {
    let line = line.replace(' ', " /_sandbox/");
    let token = format!("Authorization: Token {}", server.sandbox().token());
    let response = send(server, &line, &[token], body).await;
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.trim_end().to_owned())
}

async fn json_of(server: &SandboxServer, line: &str, body: &str) -> Value {
    let (status, body) = control(server, line, body).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

fn path_of(link: &str) -> &str {
    let (_, path) = link.split_once("//").unwrap();
    &path[path.find('/').unwrap()..]
}

/// Opens a link; the cookie that the browser gets.
async fn open(server: &SandboxServer, link: &str) -> Option<String> {
    let response = send(server, &format!("GET {}", path_of(link)), &[], "").await;
    let set = response
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "))?;
    assert!(response.starts_with("HTTP/1.1 303 "), "{response}");
    assert!(response.contains("location: /_sandbox/\r\n"), "{response}");
    for attribute in ["Path=/_sandbox", "HttpOnly", "SameSite=Lax"] {
        assert!(
            set.split("; ").any(|one| one == attribute),
            "{attribute}: {set}"
        );
    }
    Some(format!("Cookie: a=b; {}", set.split(';').next().unwrap()))
}

async fn page(server: &SandboxServer) -> String {
    let link = server.page_link().unwrap();
    let cookie = open(server, &link).await.expect("the link opens");
    let page = send(server, "GET /_sandbox/", &[cookie], "").await;
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    page
}

#[tokio::test]
async fn link_opens_the_page_once() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve().await.unwrap();
    let link = server.page_link().unwrap();
    assert!(link.starts_with(&format!("{}/_sandbox/open?key=", server.url())));
    assert_ne!(link, server.page_link().unwrap());

    // A request that is not an opening does not use the link up.
    let head = send(&server, &format!("HEAD {}", path_of(&link)), &[], "").await;
    assert!(head.starts_with("HTTP/1.1 401 "), "{head}");
    let cookie = open(&server, &link).await.expect("the link opens");
    assert_eq!(open(&server, &link).await, None, "a second time");
    assert_eq!(open(&server, "http://x/_sandbox/open?key=").await, None);

    for path in ["/_sandbox", "/_sandbox/"] {
        let line = format!("GET {path}");
        for (headers, status) in [
            (vec![cookie.clone()], 200),
            (vec![], 403),
            (vec!["Cookie: carrot-sandbox=".to_owned()], 403),
            (vec![format!("{cookie}0")], 403),
            (
                vec![cookie.clone(), "Origin: http://attacker.example".to_owned()],
                403,
            ),
        ] {
            let response = send(&server, &line, &headers, "").await;
            let expected = format!("HTTP/1.1 {status} ");
            assert!(response.starts_with(&expected), "{headers:?}: {response}");
            assert_eq!(response.contains("<h1>"), status == 200);
        }
    }
    // A name that resolves to this machine.
    let request = format!(
        "GET /_sandbox/ HTTP/1.1\r\nHost: attacker.example\r\nConnection: close\r\n{cookie}\r\n\r\n"
    );
    let response = exchange(server.port(), &request).await;
    assert!(response.starts_with("HTTP/1.1 403 "), "{response}");
    // Another sandbox knows neither the link nor the cookie.
    let other = Sandbox::new().serve().await.unwrap();
    assert_eq!(open(&other, &server.page_link().unwrap()).await, None);
    let response = send(&other, "GET /_sandbox/", &[cookie], "").await;
    assert!(response.starts_with("HTTP/1.1 403 "), "{response}");
    assert_eq!(sandbox.requests(), 0, "the page is not part of the service");
}

#[tokio::test]
async fn page_shows_all_texts_as_texts() {
    const NASTY: &str = "<script>alert('x')</script>\"&";
    const SHOWN: &str = "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;";
    let user = SeedUser::external(NASTY).prop("$name", NASTY).tag(NASTY);
    let sandbox = Sandbox::builder()
        .operator(AdminId::new(7), NASTY)
        .user(user)
        .build();
    let client = sandbox.client();
    let user = UserRef::external(NASTY);
    let started = client
        .call(StartConversation::new(user.clone(), NASTY))
        .await
        .unwrap();
    let assign = carrot_core::conversations::Assign::new(started.id, AdminId::new(7));
    client.call(assign).await.unwrap();
    let tag = carrot_core::conversations::AddTag::new(started.id, NASTY);
    client.call(tag).await.unwrap();
    let custom = PropertyOperation::update_or_create("custom", NASTY).unwrap();
    client.call(SetProps::new(user).with(custom)).await.unwrap();

    let server = sandbox.serve().await.unwrap();
    let line = "POST /v2/users/%3Cscript%3E/events?a%3Cb%3E=%3Cscript%3E";
    send(&server, line, &[], "<script>=<script>%01").await;
    let page = page(&server).await;
    for (place, text) in [
        ("external id", format!("<span class=\"id\">{SHOWN}</span>")),
        ("name", format!("<b class=\"name\">{SHOWN}</b>")),
        ("tag", format!("<span class=\"tag\">{SHOWN}</span>")),
        ("message", format!("<p>{SHOWN}</p>")),
        ("property", format!("<dt>custom<dd>{SHOWN}")),
        ("operator", format!("assigned to {SHOWN}")),
        ("parameter", "<dt>a&lt;b&gt;<dd>&lt;script&gt;".to_owned()),
        (
            "form",
            "<dt>&lt;script&gt;<dd>&lt;script&gt;\u{fffd}".to_owned(),
        ),
    ] {
        assert!(page.contains(&text), "{place}: {page}");
    }
    assert!(!page.contains("<script"), "{page}");
    assert!(!page.contains("alert('x')"), "{page}");
}

#[tokio::test]
async fn page_takes_nothing_from_elsewhere() {
    let sandbox = Sandbox::builder().token("app.1000.canary-token").build();
    let server = sandbox.serve().await.unwrap();
    let token = "Authorization: Token app.1000.canary-token".to_owned();
    let body = "by_user_id=true&body=my+app.1000.canary-token&auth_token=app.1000.other-token";
    let line = "POST /v2/users/order-42/startconversation?x=app%2E1000.canary-token";
    let started = send(&server, line, std::slice::from_ref(&token), body).await;
    assert!(started.starts_with("HTTP/1.1 200 "), "{started}");

    let page = page(&server).await;
    let (head, body) = page.split_once("\r\n\r\n").unwrap();
    for header in [
        "content-security-policy: default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "cache-control: no-store",
        "cross-origin-resource-policy: same-origin",
        "content-type: text/html; charset=utf-8",
    ] {
        assert!(head.lines().any(|line| line == header), "{header}: {head}");
    }
    for nothing in ["<script", "http:", "https:", "src=", " on", "style=\""] {
        let found = body.split('<').filter(|tag| {
            tag.contains(nothing) && tag.split('>').next().unwrap().contains(nothing)
        });
        assert_eq!(found.count(), 0, "{nothing}: {body}");
    }
    // The text that the customer wrote is part of the state; a token as such is shown nowhere else.
    let requests = body
        .split("id=\"requests\"")
        .nth(1)
        .unwrap()
        .split("id=\"webhooks\"")
        .next()
        .unwrap();
    assert!(requests.contains("startconversation"), "{requests}");
    for secret in ["canary-token", "other-token", sandbox.webhook_token()] {
        assert!(!requests.contains(secret), "{secret}: {requests}");
    }
    assert!(!body.contains(sandbox.webhook_token()), "{body}");
    let style = send(&server, "GET /_sandbox/style.css", &[], "").await;
    assert!(style.contains("content-type: text/css"), "{style}");
}

#[tokio::test]
async fn faults_come_over_the_control_path() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve().await.unwrap();
    let fault = "lost-response on=users.start_conversation nth=2\n";
    let added = json_of(&server, "POST faults", fault).await;
    assert_eq!(added, json!({"id": 1}));

    let token = format!("Authorization: Token {}", sandbox.token());
    let start = async || {
        let line = "POST /v2/users/order-42/startconversation";
        send(
            &server,
            line,
            std::slice::from_ref(&token),
            "by_user_id=true&body=Hi",
        )
        .await
    };
    assert!(start().await.starts_with("HTTP/1.1 200 "));
    assert_eq!(start().await, "", "the connection is cut");
    assert_eq!(sandbox.conversations().len(), 2);
    let state = json!([{
        "id": 1,
        "fault": "lost response on users.start_conversation",
        "matched": 2,
        "used": 1,
        "wanted": 1,
    }]);
    assert_eq!(json_of(&server, "GET faults", "").await, state);

    // A removed fault affects nothing; the limit that comes and goes is another way to the same.
    json_of(&server, "POST faults", "status=503 always optional").await;
    assert!(start().await.starts_with("HTTP/1.1 503 "));
    json_of(&server, "DELETE faults/2", "").await;
    assert!(start().await.starts_with("HTTP/1.1 200 "));
    json_of(&server, "PUT rate-limit", "0").await;
    assert!(start().await.starts_with("HTTP/1.1 429 "));
    json_of(&server, "PUT rate-limit", "off").await;

    json_of(&server, "POST faults", "hold").await;
    let release = async {
        while sandbox.conversations().len() < 4 {
            tokio::task::yield_now().await;
        }
        json_of(&server, "POST faults/3/release", "").await
    };
    let (held, _) = tokio::join!(start(), release);
    assert!(held.starts_with("HTTP/1.1 200 "), "{held}");

    for (line, body, status, text) in [
        (
            "POST faults",
            "lost-response on=users.none",
            400,
            "no operation `users.none`",
        ),
        ("DELETE faults/9", "", 404, "no such fault"),
        ("POST faults/1/release", "", 404, "no such fault that holds"),
        ("PUT rate-limit", "many", 400, "must be a number"),
        ("POST advance", "soon", 400, "number of seconds"),
        ("PUT snapshot", "{}", 400, "missing field"),
        ("GET nothing", "", 404, "GET, POST faults"),
        ("PATCH faults", "", 404, "GET, POST faults"),
    ] {
        let (found, body) = control(&server, line, body).await;
        assert_eq!((found, body.lines().count()), (status, 1), "{line}: {body}");
        assert!(body.contains(text), "{line}: {body}");
    }
}

#[tokio::test]
async fn control_path_reads_and_sets_the_state() {
    let sandbox = Sandbox::builder().token("app.1000.canary").build();
    let server = sandbox.serve().await.unwrap();
    let token = format!("Authorization: Bearer {}", sandbox.token());
    let line = "POST /v2/users/order-42/startconversation?auth_token=app.1000.canary";
    send(&server, line, &[token], "by_user_id=true&body=Hi").await;

    let requests = json_of(&server, "GET requests", "").await;
    assert_eq!(requests[0]["number"], 1);
    assert_eq!(requests[0]["method"], "POST");
    assert_eq!(requests[0]["path"], "/v2/users/order-42/startconversation");
    let parameters = json!([
        ["auth_token", "[redacted]"],
        ["by_user_id", "true"],
        ["body", "Hi"]
    ]);
    assert_eq!(requests[0]["parameters"], parameters);
    assert_eq!(requests[0]["status"], 200);
    let response = requests[0]["response"].as_str().unwrap();
    assert!(response.contains("2155668332815057077"), "{response}");

    let webhooks = json_of(&server, "GET webhooks", "").await;
    assert_eq!(webhooks[0]["kind"], "conversation");
    assert_eq!(webhooks[0]["state"], "waiting");
    assert_eq!(webhooks[0]["body"], sandbox.webhooks()[0].body());

    let before = sandbox.now();
    let after = json_of(&server, "POST advance", "60").await;
    assert_eq!(after["now"], before.seconds() + 60);
    assert_eq!(sandbox.now().seconds(), before.seconds() + 60);

    let (_, snapshot) = control(&server, "GET snapshot", "").await;
    json_of(&server, "POST reset", "").await;
    assert!(sandbox.users().is_empty());
    json_of(&server, "PUT snapshot", &snapshot).await;
    assert_eq!(sandbox.conversations().len(), 1);

    let link = json_of(&server, "POST links", "").await;
    assert!(open(&server, link["url"].as_str().unwrap()).await.is_some());

    // A cookie opens the page and nothing else; without the token nothing is done.
    let cookie = open(&server, &server.page_link().unwrap()).await.unwrap();
    for header in [
        "X: y".to_owned(),
        cookie,
        "Authorization: Token app.1000.canar".to_owned(),
        "Authorization: app.1000.canary".to_owned(),
    ] {
        let response = send(&server, "POST /_sandbox/reset", &[header], "").await;
        assert!(response.starts_with("HTTP/1.1 401 "), "{response}");
    }
    assert_eq!(sandbox.conversations().len(), 1);
    let near = send(&server, "GET /_sandboxes", &[], "").await;
    assert!(
        near.contains("Error404"),
        "an address of the service: {near}"
    );
}

#[tokio::test]
async fn requests_are_kept_in_bounds() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve().await.unwrap();
    for _ in 0..201 {
        send(&server, "POST /v2/x", &[], &"a=b&".repeat(2000)).await;
    }
    let requests = json_of(&server, "GET requests", "").await;
    let requests = requests.as_array().unwrap();
    assert_eq!(requests.len(), 200);
    assert_eq!(requests[0]["number"], 2);
    assert_eq!(requests[0]["parameters"].as_array().unwrap().len(), 100);
    let page = page(&server).await;
    assert!(page.contains("201, of which the newest 100 are shown"));
    assert_eq!(page.matches("<code>POST /v2/x</code>").count(), 100);
}

#[tokio::test]
async fn page_shows_the_channels_of_the_realtime_service() {
    let sandbox = Sandbox::new();
    let start = StartConversation::new(UserRef::external("order-42"), "Where is it?");
    sandbox.client().call(start).await.unwrap();
    sandbox.realtime().inject(RealtimeFault::LostMessage);
    let server = sandbox.serve().await.unwrap();
    let page = page(&server).await;
    for expected in [
        "<tr><td>conversation_reply.1000<td>1<td>1</tr>",
        "0 connections and polls are open, 1 faults wait.",
    ] {
        assert!(page.contains(expected), "{page}");
    }
}
