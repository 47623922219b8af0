//! The sandbox as a program, over raw sockets.

use std::{
    fs,
    io::{BufRead, BufReader, Lines, Read, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
};

use carrot_testing::{Sandbox, sandbox::Snapshot};

struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    address: String,
    greeting: Vec<String>,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_carrot-sandbox"))
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let greeting: Vec<String> = lines.by_ref().take(10).map(Result::unwrap).collect();
        let address = greeting[0]
            .strip_prefix("Sandbox: http://")
            .unwrap()
            .to_owned();
        Self {
            child,
            lines,
            address,
            greeting,
        }
    }

    fn line(&mut self) -> String {
        self.lines.next().expect("goes on").expect("prints text")
    }

    fn exchange(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response
    }

    fn get(&self, path: &str, token: &str) -> String {
        self.exchange(&format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Token {token}\r\n\r\n"
        ))
    }

    fn start_conversation(&self, token: &str) -> String {
        let body = "by_user_id=true&body=Hi";
        self.exchange(&format!(
            "POST /v2/users/order-42/startconversation HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Authorization: Token {token}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        ))
    }

    /// Presses Ctrl-C.
    fn press(&self) {
        let interrupt = ["-INT", &self.child.id().to_string()];
        let kill = Command::new("kill").args(interrupt).status();
        assert!(kill.unwrap().success());
    }

    /// Ends it as Ctrl-C does, and returns the rest of the log.
    fn interrupt(mut self) -> Vec<String> {
        self.press();
        assert!(self.child.wait().unwrap().success());
        self.lines.by_ref().map(Result::unwrap).collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A path of a file that is not there, for one test.
fn file(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_file(&path);
    path
}

fn rejected(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_carrot-sandbox"))
        .args(arguments)
        .output()
        .expect("the program starts");
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn it_responds_logs_and_resumes() {
    let state = file("state.json");
    let state = state.to_str().unwrap();
    let token = "app.1000.canary";
    let arguments = ["--token", token, "--state", state];
    let mut first = Running::start(&arguments);
    assert!(first.address.starts_with("127.0.0.1:"));
    assert_eq!(first.greeting[1], "Token: app.1000.canary");
    assert_eq!(first.greeting[2], "App: 1000");
    assert_eq!(first.greeting[5], "Operator: 501 First operator");
    let curl = "curl -H 'Authorization: Token app.1000.canary' ";
    assert!(first.greeting[8].starts_with(curl) && first.greeting[9].starts_with(curl));

    let response = first.start_conversation(token);
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert!(response.contains("2155668332815057077"), "{response}");
    assert_eq!(first.line(), "POST /v2/users/{id}/startconversation 200");
    let path = "/v2/apps/$self_app/conversations?include_not_assigned=true&auth_token=canary";
    assert!(first.get(path, token).contains("\"body\":\"Hi\""));
    assert_eq!(first.line(), "GET /v2/apps/{id}/conversations 200");
    assert!(
        first
            .get("/v2/users/1", "wrong")
            .starts_with("HTTP/1.1 401 ")
    );
    assert_eq!(first.line(), "GET /v2/users/{id} 401");
    assert!(first.start_conversation(token).starts_with("HTTP/1.1 200 "));
    let log = first.interrupt();
    assert_eq!(log.last(), Some(&format!("Saved to {state}")), "{log:?}");

    let json = fs::read_to_string(state).unwrap();
    assert!(!json.contains("canary"));
    let saved: Snapshot = serde_json::from_str(&json).unwrap();
    let sandbox = Sandbox::new();
    sandbox.restore(&saved);
    assert_eq!(sandbox.conversations().len(), 2);
    assert_eq!(sandbox.requests(), 4);

    let second = Running::start(&["--token", token, "--state", state]);
    let response = second.start_conversation(token);
    assert!(response.contains("2155668332815057079"), "{response}");
}

#[test]
fn a_seed_is_there_and_webhooks_are_posted() {
    let seed = file("seed.json");
    let text = r#"{"users": [{"user_id": "order-42", "props": {"$name": "Alex"}}]}"#;
    fs::write(&seed, text).unwrap();
    let receiver = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", receiver.local_addr().unwrap());
    let seed = seed.to_str().unwrap();
    let mut running = Running::start(&["--seed", seed, "--webhook", &url]);
    let token = running.greeting[1]
        .strip_prefix("Token: ")
        .unwrap()
        .to_owned();
    let user = running.get("/v2/users/order-42?by_user_id=true", &token);
    assert!(user.contains("Alex"), "{user}");
    running.line();
    running.start_conversation(&token);
    running.line();

    let (mut stream, _) = receiver.accept().unwrap();
    let mut request = Vec::new();
    while !String::from_utf8_lossy(&request).contains("&token=5eed") {
        let mut bytes = [0; 1024];
        let count = stream.read(&mut bytes).unwrap();
        assert_ne!(count, 0);
        request.extend_from_slice(&bytes[..count]);
    }
    let request = String::from_utf8(request).unwrap();
    assert!(request.starts_with("POST /hook HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("\r\n\r\ntype=conversation&"), "{request}");
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        .unwrap();
    let line = running.line();
    assert_eq!(line, "webhook 1 conversation: Delivered after attempt 1");
    assert_eq!(running.interrupt(), Vec::<String>::new());
}

#[test]
fn a_limit_is_kept() {
    let mut running = Running::start(&["--rate-limit", "0", "--token", "app.1000.sandbox"]);
    let response = running.start_conversation("app.1000.sandbox");
    assert!(response.starts_with("HTTP/1.1 429 "), "{response}");
    assert_eq!(running.line(), "POST /v2/users/{id}/startconversation 429");
}

#[test]
fn what_goes_wrong_is_one_line() {
    let broken = file("broken.json");
    fs::write(&broken, r#"{"users": "secret"}"#).unwrap();
    let broken = broken.to_str().unwrap();
    let missing = file("missing.json");
    let missing = missing.to_str().unwrap();
    let nowhere = format!("{missing}/state.json");
    for (arguments, text) in [
        (["--addr", "0.0.0.0:0"], "--public"),
        (["--seed", broken], "`users`"),
        (["--seed", missing], "missing.json"),
        (["--state", broken], "broken.json"),
        (["--state", &nowhere], "missing.json/state.json"),
        (["--token", ""], "token"),
        (
            ["--webhook", "http://example.com/"],
            "must be of this machine",
        ),
    ] {
        let error = rejected(&arguments);
        assert!(
            error.starts_with("carrot-sandbox: ") && error.contains(text),
            "{error}"
        );
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
    assert_eq!(
        fs::read_to_string(broken).unwrap(),
        r#"{"users": "secret"}"#
    );
}

#[test]
fn unknown_options_and_values_are_rejected() {
    for (arguments, text) in [
        (&["--adr", "x"][..], "--adr"),
        (&["--addr", "nowhere"], "such as 127.0.0.1:8787"),
        (&["--app", "0"], "must be a number from 1"),
        (&["--rate-limit", "many"], "many"),
        (&["--fault", "lost"], "is not a fault"),
        (
            &["--fault", "cut on=users.none"],
            "no operation `users.none`",
        ),
        (&["--token"], "--token"),
        (&["more"], "more"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_carrot-sandbox"));
        let output = command.args(arguments).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(text), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn help_lists_every_option() {
    let printed = |option: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_carrot-sandbox"));
        let output = command.arg(option).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let help = printed("--help");
    for option in [
        "--addr",
        "--public",
        "--token",
        "--app",
        "--seed",
        "--state",
        "--rate-limit",
        "--webhook",
        "--fault",
        "--help",
        "--version",
    ] {
        assert!(help.contains(&format!(" {option}")), "{option}");
    }
    assert_eq!(help, printed("-h"));
    let version = concat!("carrot-sandbox ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(printed("-V"), version);
    assert_eq!(printed("--version"), version);
}

#[test]
fn command_line_faults_have_to_be_used() {
    let token = "app.1000.sandbox";
    let fault = "status=503 on=users.start_conversation";
    let arguments = ["--token", token, "--fault", fault];
    let running = Running::start(&arguments);
    assert!(
        running
            .start_conversation(token)
            .starts_with("HTTP/1.1 503 ")
    );
    assert!(
        running
            .start_conversation(token)
            .starts_with("HTTP/1.1 200 ")
    );
    running.interrupt();

    let mut unused = Running::start(&[&arguments[..], &["--fault", "cut optional"]].concat());
    unused.press();
    assert_eq!(unused.child.wait().unwrap().code(), Some(1));
    let mut error = String::new();
    let mut stderr = unused.child.stderr.take().unwrap();
    stderr.read_to_string(&mut error).unwrap();
    let expected = "carrot-sandbox: faults were not used: \
         status 503 on users.start_conversation (used 0 of 1 times)\n";
    assert_eq!(error, expected);
}

#[test]
fn page_opens_with_the_printed_link() {
    let running = Running::start(&[]);
    let link = running.greeting[4].strip_prefix("Page, opens once: ");
    let link = link.unwrap().strip_prefix("http://").unwrap();
    let path = link.strip_prefix(&running.address).unwrap();
    let opened = running.get(path, "none");
    assert!(opened.starts_with("HTTP/1.1 303 "), "{opened}");
    let again = running.get(path, "none");
    assert!(again.starts_with("HTTP/1.1 403 "), "{again}");
}

#[test]
fn app_is_that_of_the_token_or_told() {
    for (arguments, app) in [
        (&["--token", "app.77.secret"][..], "App: 77"),
        (&["--token", "app.77.secret", "--app", "8"], "App: 8"),
        (&["--token", "secret"], "App: 1000"),
        (&["--app", "9"], "App: 9"),
    ] {
        assert_eq!(Running::start(arguments).greeting[2], app, "{arguments:?}");
    }
    let drawn = [Running::start(&[]), Running::start(&[])].map(|one| one.greeting[1].clone());
    assert!(drawn[0].starts_with("Token: app.1000."), "{drawn:?}");
    assert_ne!(drawn[0], drawn[1]);
}
