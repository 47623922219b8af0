//! The page of a served sandbox in a real browser, as a person and as a foreign page see it.

use std::process::Command;

use carrot_core::{
    types::UserRef,
    users::{Get, StartConversation},
};
use carrot_testing::{
    Sandbox,
    sandbox::{SandboxServer, SeedUser},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// What Chromium shows at an address, after scripts and frames are done. Each time it is a new browser.
async fn shown(url: &str) -> String {
    let url = url.to_owned();
    let run = move || {
        let profile = std::env::temp_dir().join(format!(
            "carrot-browser-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        let program = std::env::var("CHROMIUM").unwrap_or_else(|_| "chromium".to_owned());
        let output = Command::new(program)
            .args(["--headless=new", "--no-sandbox", "--disable-gpu"])
            .args(["--disable-dev-shm-usage", "--no-first-run"])
            .args([
                "--disable-background-networking",
                "--virtual-time-budget=20000",
            ])
            .arg(format!("--user-data-dir={}", profile.display()))
            .args(["--dump-dom", &url])
            .output()
            .expect("Chromium runs");
        let _ = std::fs::remove_dir_all(profile);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

/// A site on another port, which shows one page. A name of a site is not part of it: for a browser this is the
/// nearest that a foreign page can be.
async fn site(page: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await;
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n";
            let length = page.len();
            let response = format!("{head}Content-Length: {length}\r\n\r\n{page}");
            let _ = stream.write_all(response.as_bytes()).await;
        }
    });
    format!("http://{address}")
}

async fn served() -> SandboxServer {
    let ada = SeedUser::external("order-42").prop("$name", "Ada Lovelace");
    let sandbox = Sandbox::builder().user(ada).build();
    let server = sandbox.serve().await.unwrap();
    // Over the port, so that it is listed as a request.
    let token = format!("Authorization: Token {}", sandbox.token());
    let body = "by_user_id=true&body=Where+is+%3Cb%3Eit%3C%2Fb%3E%3F";
    let request = format!(
        "POST /v2/users/order-42/startconversation HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{token}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let response = super::server::exchange(server.port(), &request).await;
    assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
    server
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: the job `browser` of .ci/run installs it"]
async fn browser_shows_the_state_once_per_link() {
    let server = served().await;
    let link = server.page_link().unwrap();
    let page = shown(&link).await;
    for (what, text) in [
        ("user", "<b class=\"name\">Ada Lovelace</b>"),
        ("conversation", "<p>Where is &lt;b&gt;it&lt;/b&gt;?</p>"),
        (
            "request",
            "<code>POST /v2/users/order-42/startconversation</code>",
        ),
        ("webhook", "waiting"),
    ] {
        assert!(page.contains(text), "{what}: {page}");
    }
    // Another browser, with the same link.
    let page = shown(&link).await;
    assert!(!page.contains("Ada Lovelace"), "{page}");
    assert!(page.contains("This link is used or wrong"), "{page}");
    // The next look shows what happened meanwhile.
    let client = server.sandbox().client();
    let order = UserRef::external("order-42");
    client
        .call(StartConversation::new(order.clone(), "And now?"))
        .await
        .unwrap();
    client.call(Get::new(order)).await.unwrap();
    let page = shown(&server.page_link().unwrap()).await;
    assert!(page.contains("<p>And now?</p>"), "{page}");
}

/// A frame that opens the link, which gives the browser the cookie of the page, and what is done then.
fn attack(link: &str, then: &str) -> String {
    format!(
        "<!doctype html><title>attack</title><pre id=out></pre><script>
        const out = document.getElementById('out');
        const frame = document.createElement('iframe');
        frame.src = '{link}';
        frame.onload = async () => {{ {then} }};
        document.body.append(frame);
        </script>"
    )
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: the job `browser` of .ci/run installs it"]
async fn browser_keeps_a_foreign_page_out() {
    let server = served().await;
    let (base, sandbox) = (server.url(), server.sandbox().clone());
    // The browser of the attack has the cookie: a person who follows a link sees the page.
    let link = server.page_link().unwrap();
    let enter = attack(&link, &format!("location = '{base}/_sandbox/'"));
    let page = shown(&site(enter).await).await;
    assert!(page.contains("Ada Lovelace"), "{page}");

    let before = format!("{:?}", sandbox.snapshot());
    let attempts = format!(
        "const attempt = async (name, act) => {{
            let found;
            try {{ found = await act(); }} catch (error) {{ found = 'blocked'; }}
            out.append(name + ' = ' + found + '\\n');
        }};
        const read = async (path, options) => {{
            const response = await fetch('{base}' + path, {{credentials: 'include', ...options}});
            return response.type + ' ' + response.status + ' ' + (await response.text()).length;
        }};
        const post = {{method: 'POST', body: 'by_user_id=true&body=Hi'}};
        const start = '/v2/users/order-42/startconversation';
        await attempt('frame', () => frame.contentDocument.body.innerText);
        await attempt('page', () => read('/_sandbox/', {{}}));
        await attempt('page without cors', () => read('/_sandbox/', {{mode: 'no-cors'}}));
        await attempt('control', () => read('/_sandbox/requests', {{}}));
        await attempt('control with a token', () =>
            read('/_sandbox/requests', {{headers: {{Authorization: 'Token {token}'}}}}));
        await attempt('reset', () => read('/_sandbox/reset', {{method: 'POST', mode: 'no-cors'}}));
        await attempt('service', () => read(start + '?auth_token={token}', post));
        await attempt('service without cors', () =>
            read(start + '?auth_token={token}', {{...post, mode: 'no-cors'}}));
        await attempt('script', () => new Promise((done, failed) => {{
            const script = document.createElement('script');
            script.onload = () => done('loaded');
            script.onerror = failed;
            script.src = '{base}/_sandbox/';
            document.body.append(script);
        }}));
        out.append('end');",
        token = sandbox.token()
    );
    let link = server.page_link().unwrap();
    let page = shown(&site(attack(&link, &attempts)).await).await;
    let out = page.split("<pre id=\"out\">").nth(1).unwrap_or(&page);
    let out = out.split("</pre>").next().unwrap();
    let found: Vec<&str> = out.lines().collect();
    let blocked = [
        "frame",
        "page",
        "page without cors",
        "control",
        "control with a token",
        "reset",
        "service",
        "service without cors",
        "script",
    ];
    for (name, line) in blocked.iter().zip(&found) {
        // What is opaque cannot be read: it has neither a status nor a length.
        let is_kept_out =
            *line == format!("{name} = blocked") || *line == format!("{name} = opaque 0 0");
        assert!(is_kept_out, "{name}: {out}");
    }
    assert_eq!(found.len(), blocked.len() + 1, "{out}");
    assert_eq!(found.last(), Some(&"end"));
    // Nothing was done, even blindly, with the token at hand.
    assert_eq!(format!("{:?}", sandbox.snapshot()), before);
}
