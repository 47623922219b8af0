//! What a rule works with: the transport under test, servers, requests that carry secrets, and the checks
//! of what comes back.

use std::{
    cell::RefCell,
    fmt::Write,
    io,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use carrot_core::{
    Body, HttpTransport, Sent, TransportError,
    transport::{CallContext, TransportErrorKind as Kind},
};
use http::{Request, Response};

use super::{
    failure::Failure,
    server::{Conn, Log, Server, tls},
    stack::{Capability, Setup, Stack},
};

/// Stands in the `Authorization` of every request.
pub(crate) const TOKEN: &str = "app.1.c4n4ry-token";
/// Stands in the query or the body of every request.
pub(crate) const EMAIL: &str = "c4n4ry-mail@example.com";

/// For what never comes. How long it takes is bounded from below only.
pub(crate) const SHORT: Duration = Duration::from_millis(150);

pub(crate) type Transport = Box<dyn HttpTransport>;
pub(crate) type Outcome = Result<Response<Bytes>, TransportError>;

/// What one rule plays with.
pub(crate) struct Bench<'s> {
    stack: &'s dyn Stack,
    logs: RefCell<Vec<Arc<Log>>>,
    child: Option<String>,
}

impl<'s> Bench<'s> {
    pub(crate) fn new(stack: &'s dyn Stack) -> Self {
        Self {
            stack,
            logs: RefCell::default(),
            child: None,
        }
    }

    /// Lets the rule run this test, in this module of the test program, as another process.
    pub(crate) fn run_child_as(&mut self, module: &str, test: &str) {
        let (_, path) = module.split_once("::").unwrap_or(("", ""));
        self.child = Some(
            format!("{path}::{}", test)
                .trim_start_matches("::")
                .to_owned(),
        );
    }

    /// This test program with the test of this rule alone, where there is one.
    pub(crate) fn child(&self) -> Result<Command, Failure> {
        const WHY: &str =
            "it needs a process of its own, which only the tests of `conformance!` have";
        let Some(test) = &self.child else {
            return Err(Failure::Impossible(WHY));
        };
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--exact", test, "--include-ignored"]);
        Ok(command)
    }

    pub(crate) fn can(&self, capability: Capability) -> bool {
        self.stack.can(capability) && (!needs_tls(capability) || tls::provider().is_some())
    }

    pub(crate) fn lacks(&self, capability: Capability) -> &'static str {
        if self.stack.can(capability) {
            "the kit has no cryptography: turn on its feature `aws-lc-rs` or `ring`"
        } else {
            capability.lacks()
        }
    }

    /// What all servers of the rule saw.
    pub(crate) fn log(&self) -> String {
        let mut text = String::new();
        for (number, log) in self.logs.borrow().iter().enumerate() {
            let _ = write!(text, "  what server {number} saw:\n{log}");
        }
        text
    }

    pub(crate) fn transport(&self) -> Result<Transport, Failure> {
        self.transport_with(|_| {})
    }

    pub(crate) fn transport_with(
        &self,
        change: impl FnOnce(&mut Setup),
    ) -> Result<Transport, Failure> {
        let mut setup = Setup::default();
        change(&mut setup);
        let built = self.stack.build(&setup);
        built.map_err(|error| Failure::new(format!("the transport could not be built: {error}")))
    }

    /// Runs a future on the stack.
    pub(crate) fn run<T: Send>(&self, work: impl Future<Output = T> + Send) -> Result<T, Failure> {
        run(self.stack, work)
    }

    pub(crate) fn stack(&self) -> &'s dyn Stack {
        self.stack
    }

    /// Sends a request, and returns what came of it.
    pub(crate) fn send(
        &self,
        transport: &Transport,
        request: Request<Body>,
    ) -> Result<Outcome, Failure> {
        self.run(transport.send(request))
    }

    /// Sends a request that must get a response.
    pub(crate) fn succeed(
        &self,
        transport: &Transport,
        request: Request<Body>,
    ) -> Result<Response<Bytes>, Failure> {
        let asked = format!("{} {}", request.method(), request.uri());
        self.send(transport, request)?
            .map_err(|error| Failure::new(format!("{asked}: expected a response, got {error:?}")))
    }

    /// Sends a request that must fail.
    pub(crate) fn fail(
        &self,
        transport: &Transport,
        request: Request<Body>,
    ) -> Result<TransportError, Failure> {
        match self.send(transport, request)? {
            Err(error) => Ok(error),
            Ok(response) => Err(Failure::new(format!(
                "expected an error, got a response: {} with {} bytes, {:?}",
                response.status(),
                response.body().len(),
                response.body().get(..response.body().len().min(80)),
            ))),
        }
    }

    /// Sends a request that must fail in one of these ways.
    pub(crate) fn fail_as(
        &self,
        transport: &Transport,
        request: Request<Body>,
        kinds: &[Kind],
        sent: &[Sent],
    ) -> Result<TransportError, Failure> {
        let error = self.fail(transport, request)?;
        if kinds.contains(&error.kind()) && sent.contains(&error.sent()) {
            return Ok(error);
        }
        Err(Failure::new(format!(
            "expected an error of kind {kinds:?} with {sent:?}, got kind {:?} with {:?}: {error}",
            error.kind(),
            error.sent()
        )))
    }

    fn watched(&self, server: io::Result<Server>) -> Result<Server, Failure> {
        let server = server?;
        self.logs.borrow_mut().push(Arc::clone(server.log()));
        Ok(server)
    }

    pub(crate) fn server(
        &self,
        serve: impl Fn(&mut Conn) -> io::Result<()> + Send + Sync + 'static,
    ) -> Result<Server, Failure> {
        self.watched(Server::start(serve))
    }

    /// One that listens on `[::1]`.
    pub(crate) fn server_on_ipv6(
        &self,
        serve: impl Fn(&mut Conn) -> io::Result<()> + Send + Sync + 'static,
    ) -> Result<Server, Failure> {
        let server = Server::start_on_ipv6(serve);
        self.watched(server)
            .map_err(|_| Failure::Impossible("this machine has no IPv6"))
    }

    /// Responds to every request of every connection with these bytes.
    pub(crate) fn responding(&self, response: impl Into<Vec<u8>>) -> Result<Server, Failure> {
        let response = response.into();
        self.server(move |conn| {
            while conn.request()?.is_some() {
                conn.write(&response)?;
            }
            Ok(())
        })
    }

    /// Reads one request of every connection, sends these bytes, and closes.
    pub(crate) fn responding_once(&self, response: impl Into<Vec<u8>>) -> Result<Server, Failure> {
        let response = response.into();
        self.server(move |conn| {
            if conn.request()?.is_some() {
                conn.write(&response)?;
                conn.finish();
            }
            Ok(())
        })
    }

    /// Reads one request of every connection, sends these bytes, and waits for the client to close.
    pub(crate) fn stalling(&self, start: impl Into<Vec<u8>>) -> Result<Server, Failure> {
        let start = start.into();
        self.server(move |conn| {
            if conn.request()?.is_some() {
                conn.write(&start)?;
                conn.hold();
            }
            Ok(())
        })
    }
}

pub(crate) fn run<T: Send>(
    stack: &dyn Stack,
    work: impl Future<Output = T> + Send,
) -> Result<T, Failure> {
    let mut done = None;
    stack.run(Box::pin(async { done = Some(work.await) }).as_mut());
    done.ok_or_else(|| Failure::new("`Stack::run` returned before its work was done"))
}

fn needs_tls(capability: Capability) -> bool {
    matches!(capability, Capability::Tls | Capability::Http2)
}

/// A response with a declared length.
pub(crate) fn response(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A GET request that carries the token, and the e-mail address in its query.
pub(crate) fn get(url: impl AsRef<str>) -> Request<Body> {
    request(
        "GET",
        format!("{}?email={EMAIL}", url.as_ref()),
        Body::empty(),
    )
}

/// A POST request that carries the token, and both in its body.
pub(crate) fn post(url: impl AsRef<str>) -> Request<Body> {
    request(
        "POST",
        url,
        Body::from(format!("email={EMAIL}&secret={TOKEN}")),
    )
}

/// A request that carries the token.
pub(crate) fn request(method: &str, url: impl AsRef<str>, body: Body) -> Request<Body> {
    let mut request = Request::new(body);
    // What the rules ask for can be read; a mistake shows as a request for `/`.
    *request.method_mut() = method.parse().unwrap_or_default();
    *request.uri_mut() = url.as_ref().parse().unwrap_or_default();
    let token = http::HeaderValue::from_str(&format!("Token {TOKEN}"));
    request
        .headers_mut()
        .extend(token.ok().map(|token| (http::header::AUTHORIZATION, token)));
    request
        .extensions_mut()
        .insert(CallContext::new("conformance.check", "/"));
    request
}

/// The same request with limits of the caller.
pub(crate) fn limited(
    mut request: Request<Body>,
    limit: impl FnOnce(&mut CallContext),
) -> Request<Body> {
    if let Some(context) = request.extensions_mut().get_mut::<CallContext>() {
        limit(context);
    }
    request
}

/// The same request with this time for the attempt.
pub(crate) fn timeout(request: Request<Body>, limit: Duration) -> Request<Body> {
    limited(request, |context| context.timeout = Some(limit))
}

/// How long something takes. Only rules about time ask, and they wait for real sockets.
#[expect(
    clippy::disallowed_methods,
    reason = "the sockets of a rule know no virtual time"
)]
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    (work(), start.elapsed())
}
