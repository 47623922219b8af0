//! The runtime of a call: several, none, one without a timer or I/O, and a process that is stopped.

use std::{
    env,
    io::{Read, Write},
    net::TcpListener,
    process::{Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    task::{Context, Poll, Waker},
    time::Duration,
};

use carrot_hyper::{
    AuthToken, Client, HttpTransport, LocalRateLimiter, Sent, TokioClock, TransportError,
    conversations::Close,
    rate_limit::Start,
    transport::TransportErrorKind::{Rejected, Reset},
    types::ConversationId,
};
use tokio::runtime::{Builder, Runtime};

use crate::support::{
    Server, Step, builder, by_hand::ByHand, failure, get, ok_response, post, succeeds, transport,
};

/// A server on threads of its own: it needs no runtime.
fn serve(responses: impl Fn(&mut std::net::TcpStream) + Send + Clone + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, responses) = (stream.unwrap(), responses.clone());
            std::thread::spawn(move || {
                let mut request = [0; 4096];
                while stream.read(&mut request).is_ok_and(|read| read > 0) {
                    responses(&mut stream);
                }
            });
        }
    });
    url
}

fn fine(stream: &mut std::net::TcpStream) {
    stream.write_all(ok_response("fine").as_bytes()).unwrap();
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn an_undriven_runtime_holds_no_other_call() {
    let url = serve(fine);
    let transport = transport();
    let (one, other) = (current_thread(), current_thread());
    // Nobody drives the first runtime after this, and it is not shut down either.
    one.block_on(succeeds(&transport, get(&url)));
    for _ in 0..3 {
        let response = other.block_on(succeeds(&transport, post(&url)));
        assert_eq!(response.body(), "fine");
    }
    // Its own connections are still good for itself.
    one.block_on(succeeds(&transport, post(&url)));
}

#[test]
fn a_runtime_that_ended_takes_its_connections_along() {
    let url = serve(fine);
    let transport = transport();
    for _ in 0..3 {
        current_thread().block_on(succeeds(&transport, post(&url)));
    }
}

#[test]
fn call_whose_runtime_ended_is_a_reset() {
    let servers = Runtime::new().unwrap();
    let server = servers.block_on(Server::script([Step::Hold]));
    let transport = transport();
    let home = current_thread();
    let mut sending = ByHand::new(failure(&transport, post(server.url("/"))));
    home.block_on(sending.rests());
    drop(home);
    let error = servers.block_on(sending.ends());
    assert_eq!((error.kind(), error.sent()), (Reset, Sent::Maybe));
}

/// The rate limit is used up, so the call waits before it learns that there is no runtime.
#[test]
fn call_that_waits_without_a_runtime_fails() {
    let url = serve(|stream| {
        let response = ok_response(r#"{"meta":{"status":200},"data":{"id":7}}"#);
        stream.write_all(response.as_bytes()).unwrap();
    });
    let window = Duration::from_millis(100);
    let limiter = LocalRateLimiter::with_limit(TokioClock::new(), 1, window).start(Start::Full);
    let token = AuthToken::new("app.1.abcdef").unwrap();
    let client = Client::builder(transport(), TokioClock::new(), token)
        .base_url(url.parse().unwrap())
        .rate_limiter(limiter)
        .build()
        .unwrap();
    let close = Close::new(ConversationId::new(7));
    current_thread().block_on(client.call(&close)).unwrap();
    let without_timer = Builder::new_current_thread().build().unwrap();
    let error = without_timer.block_on(client.call(&close)).unwrap_err();
    rejected(error.transport().unwrap(), "has no timer");
}

fn rejected(error: &TransportError, says: &str) {
    assert_eq!((error.kind(), error.sent()), (Rejected, Sent::Never));
    assert!(error.to_string().contains(says), "{error}");
}

#[test]
fn without_a_runtime_it_is_an_error() {
    let transport = transport();
    let mut sending = transport.send(get("http://127.0.0.1:1/"));
    match sending
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(Err(error)) => rejected(&error, "there is no tokio runtime here"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_a_timer_it_is_an_error() {
    let runtime = Builder::new_current_thread().enable_io().build().unwrap();
    let sending = async { transport().send(get("http://127.0.0.1:1/")).await };
    rejected(&runtime.block_on(sending).unwrap_err(), "has no timer");
}

#[test]
fn without_io_it_is_an_error() {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let sending = async { transport().send(get("http://127.0.0.1:1/")).await };
    rejected(&runtime.block_on(sending).unwrap_err(), "has no I/O driver");
}

/// The only thread stands still for longer than the limit, as a stopped process does, and the response
/// comes meanwhile.
#[test]
fn response_that_came_while_stopped_is_read() {
    let (asked, was_asked) = mpsc::channel();
    let (go, going) = mpsc::channel();
    let going = Arc::new(Mutex::new(going));
    let url = serve(move |stream| {
        asked.send(()).unwrap();
        going.lock().unwrap().recv().unwrap();
        fine(stream);
    });
    let transport = builder().attempt_timeout(STOPPED).build().unwrap();
    current_thread().block_on(async {
        let sending = transport.send(post(&url));
        let standstill = async {
            while was_asked.try_recv().is_err() {
                tokio::task::yield_now().await;
            }
            go.send(()).unwrap();
            std::thread::sleep(STOPPED * 2);
        };
        let (sent, ()) = tokio::join!(sending, standstill);
        assert_eq!(sent.unwrap().body(), "fine");
    });
}

/// The same with signals: the parent stops the child while it waits, and responds meanwhile.
#[cfg(target_os = "linux")]
#[test]
fn a_stopped_process_reads_its_response() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let mut child = Command::new(env::current_exe().unwrap())
        .args([
            "--ignored",
            "--exact",
            "runtimes::waits_for_a_response",
            "--nocapture",
        ])
        .env("STOPPED_URL", url)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
    let signal = |name: &str| {
        let id = child.id().to_string();
        assert!(
            Command::new("kill")
                .args([name, &id])
                .status()
                .unwrap()
                .success()
        );
    };
    signal("-STOP");
    let state = || std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
    while !state().contains(") T ") {
        std::thread::yield_now();
    }
    fine(&mut stream);
    // Longer than the limit of the child, which started before it was stopped.
    std::thread::sleep(STOPPED * 2);
    signal("-CONT");
    let mut text = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert!(child.wait().unwrap().success(), "{text}");
    assert!(text.contains("1 passed"), "{text}");
}

const STOPPED: Duration = Duration::from_millis(500);

#[test]
#[ignore = "run by `a_stopped_process_reads_its_response`"]
fn waits_for_a_response() {
    let transport = builder().attempt_timeout(STOPPED).build().unwrap();
    let url = env::var("STOPPED_URL").unwrap();
    let response = current_thread().block_on(succeeds(&transport, post(url)));
    assert_eq!(response.body(), "fine");
}
