use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use carrot_hyper::{
    Body, Clock, HttpTransport,
    bytes::Bytes,
    http::{self, header},
    types::Timestamp,
};
use serde_json::Value;

use super::{
    expectation::{Expectation, said},
    guard::Guard,
    script::{Check, Plan, Request, Step},
};

/// The service that is asked.
#[derive(Clone)]
#[non_exhaustive]
pub struct Service {
    /// What carries the requests.
    pub transport: Arc<dyn HttpTransport>,
    /// The clock of the pauses.
    pub clock: Arc<dyn Clock>,
    /// The address in front of every path.
    pub url: String,
    /// The token of the app.
    pub token: String,
    /// The pause between requests, for the rate limit.
    pub pause: Duration,
}

impl Service {
    /// A service without a pause between requests.
    pub fn new(transport: impl HttpTransport, clock: impl Clock, url: &str, token: &str) -> Self {
        Self {
            transport: Arc::new(transport),
            clock: Arc::new(clock),
            url: url.to_owned(),
            token: token.to_owned(),
            pause: Duration::ZERO,
        }
    }
}

/// Never shows the token.
impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// What a check found out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The statement holds; with what the service said last.
    Fact(String),
    /// It does not hold; with what the service said.
    Wrong(String),
    /// It could not be checked, for this reason.
    NotChecked(String),
}

/// Runs checks.
#[derive(Debug)]
pub struct Runner {
    service: Service,
    guard: Guard,
    may_write: bool,
    may_exceed_limit: bool,
    /// A check that exceeds the rate limit runs: nothing pauses, and a 429 is its result.
    is_exceeding: bool,
    names: BTreeMap<String, String>,
    requests: usize,
    asked: Vec<(usize, Expectation)>,
}

/// Why a check stops.
enum Stop {
    Wrong(String),
    NotChecked(String),
}

impl Runner {
    /// `prefix` starts the external id of every user that is written to; `admin` is an operator that
    /// conversations may be assigned to.
    #[must_use]
    pub fn new(service: Service, prefix: &str, may_write: bool, admin: Option<u64>) -> Self {
        let mut names = BTreeMap::from([
            ("run".to_owned(), prefix.to_owned()),
            ("token".to_owned(), service.token.clone()),
            ("no_id".to_owned(), u64::MAX.to_string()),
        ]);
        if let Some(admin) = admin {
            names.insert("admin".to_owned(), admin.to_string());
        }
        Self {
            guard: Guard::new(prefix),
            service,
            may_write,
            may_exceed_limit: false,
            is_exceeding: false,
            names,
            requests: 0,
            asked: Vec::new(),
        }
    }

    /// Runs the checks that exceed the rate limit too.
    #[must_use]
    pub fn exceed_limit(mut self, exceed: bool) -> Self {
        self.may_exceed_limit = exceed;
        self
    }

    /// Makes what the checks start from.
    ///
    /// # Errors
    ///
    /// What the service said instead.
    pub async fn prepare(&mut self, setup: &[Step]) -> Result<(), String> {
        if !self.may_write {
            return Ok(());
        }
        match self.run(setup).await {
            Ok(_) => Ok(()),
            Err(Stop::Wrong(text) | Stop::NotChecked(text)) => Err(text),
        }
    }

    /// What responses were held against so far, each with the number of its request.
    #[must_use]
    pub fn asked(&self) -> &[(usize, Expectation)] {
        &self.asked
    }

    /// Runs one check; `number` makes its users its own.
    pub async fn check(&mut self, number: usize, check: &Check) -> Verdict {
        let steps = match &check.plan {
            Plan::Steps(steps) => steps,
            Plan::NotChecked(reason) => return Verdict::NotChecked(reason.clone()),
        };
        if check.exceeds_limit && !self.may_exceed_limit {
            let reason = "keys that exceed the limit get blocked: add --exceed-limit";
            return Verdict::NotChecked(reason.to_owned());
        }
        self.is_exceeding = check.exceeds_limit;
        let before = self.names.clone();
        for (name, end) in [("user", ""), ("other", "-b"), ("third", "-c")] {
            let user = format!("{}-{number}{end}", self.guard.prefix);
            self.names.insert(name.to_owned(), user);
        }
        let verdict = match self.run(steps).await {
            Ok(said) => Verdict::Fact(said),
            Err(Stop::Wrong(text)) => Verdict::Wrong(text),
            Err(Stop::NotChecked(text)) => Verdict::NotChecked(text),
        };
        self.names = before;
        self.is_exceeding = false;
        verdict
    }

    async fn run(&mut self, steps: &[Step]) -> Result<String, Stop> {
        let mut last = String::new();
        for step in steps {
            match step {
                Step::Wait(seconds) => {
                    let pause = Duration::from_secs(*seconds);
                    self.service.clock.sleep(pause).await;
                }
                Step::Request(request) => last = self.repeated(request).await?,
            }
        }
        Ok(last)
    }

    /// Sends a request as often as the script says, fast enough to be about the rate limit.
    async fn repeated(&mut self, request: &Request) -> Result<String, Stop> {
        let started = self.service.clock.now();
        let mut last = self.step(request).await?;
        for _ in 1..request.times {
            last = self.step(request).await?;
        }
        let took = self.service.clock.now().saturating_sub(started);
        if self.is_exceeding && took > Duration::from_secs(1) * request.times.max(60) / 3 {
            let text = "the service responds too slowly for a check of its rate limit";
            return Err(Stop::NotChecked(text.to_owned()));
        }
        Ok(last)
    }

    async fn step(&mut self, request: &Request) -> Result<String, Stop> {
        let filled = self.filled(request).map_err(Stop::NotChecked)?;
        self.guard.check(&filled).map_err(Stop::NotChecked)?;
        if filled.method != "GET" && !self.may_write {
            return Err(Stop::NotChecked("it writes: add --write".to_owned()));
        }
        let place = format!("{} {}", filled.method, filled.path);
        let (status, body) = self.send(&filled).await.map_err(Stop::NotChecked)?;
        self.guard.learn(&filled, &body);
        let expectations = filled.expectations.iter().cloned();
        self.asked
            .extend(expectations.map(|one| (self.requests, one)));
        let told = |text: String| {
            let text = format!("{place}: {text}");
            text.replace(&self.service.token, "[redacted]")
        };
        if filled.expectations.is_empty() && status != 200 {
            // What the check starts from is not there.
            return Err(Stop::NotChecked(told(said(status, &body))));
        }
        let problems = filled.expectations.iter();
        let problems: Vec<String> = problems
            .filter_map(|one| one.problem(status, &body))
            .collect();
        if !problems.is_empty() {
            return Err(Stop::Wrong(told(problems.join("; "))));
        }
        for (name, pointer) in &filled.saves {
            let Some(value) = body.pointer(pointer) else {
                let text = format!("`{pointer}` is missing");
                return Err(Stop::NotChecked(told(text)));
            };
            let value = match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            self.names.insert(name.clone(), value);
        }
        Ok(told(said(status, &body)))
    }

    async fn send(&mut self, request: &Request) -> Result<(u16, Value), String> {
        let is_error = |status: u16| {
            let mut expectations = request.expectations.iter();
            expectations
                .any(|one| matches!(one, Expectation::Status(wanted, _) if *wanted == status))
        };
        let mut attempts = 0;
        loop {
            if !self.is_exceeding {
                self.service.clock.sleep(self.service.pause).await;
            }
            let request = self.encode(request)?;
            self.requests += 1;
            let sent = self.service.transport.send(request).await;
            let response = sent.map_err(|error| error.to_string())?;
            let status = response.status().as_u16();
            attempts += 1;
            // A request beyond the limit is not carried out.
            if status == 429 && attempts < 3 && !is_error(429) && !self.is_exceeding {
                self.service.clock.sleep(Duration::from_secs(60)).await;
                continue;
            }
            return Ok((
                status,
                serde_json::from_slice(response.body()).unwrap_or_default(),
            ));
        }
    }

    fn encode(&self, request: &Request) -> Result<http::Request<Body>, String> {
        let is_get = request.method == "GET";
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&request.query);
        if is_get {
            query.extend_pairs(&request.parameters);
        }
        let mut url = format!("{}{}", self.service.url, request.path);
        let query = query.finish();
        if !query.is_empty() {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(&query);
        }
        let mut built = http::Request::builder()
            .method(request.method.as_str())
            .uri(url);
        if request
            .headers
            .iter()
            .all(|(name, _)| name != "Authorization")
        {
            let token = format!("Token {}", self.service.token);
            built = built.header(header::AUTHORIZATION, token);
        }
        for (name, value) in request
            .headers
            .iter()
            .filter(|(_, value)| !value.is_empty())
        {
            built = built.header(name, value);
        }
        let mut body = Vec::new();
        if let Some(json) = &request.json {
            built = built.header(header::CONTENT_TYPE, "application/json");
            body.extend_from_slice(json.as_bytes());
        } else if request.multipart || !request.files.is_empty() {
            built = built.header(
                header::CONTENT_TYPE,
                "multipart/form-data; boundary=frontier",
            );
            body = multipart(request);
        } else if !is_get {
            let form = "application/x-www-form-urlencoded";
            built = built.header(header::CONTENT_TYPE, form);
            let mut pairs = form_urlencoded::Serializer::new(String::new());
            let pairs = pairs.extend_pairs(&request.parameters).finish();
            body = request.form.clone().unwrap_or(pairs).into_bytes();
        }
        built
            .body(Body::from(Bytes::from(body)))
            .map_err(|error| error.to_string())
    }

    /// The request with names filled in.
    fn filled(&self, request: &Request) -> Result<Request, String> {
        let now = Timestamp::from(self.service.clock.system_time())
            .seconds()
            .to_string();
        let fill = |text: &str| fill(text, &self.names, &now);
        let pairs = |pairs: &[(String, String)]| -> Vec<(String, String)> {
            pairs
                .iter()
                .map(|(name, value)| (name.clone(), fill(value)))
                .collect()
        };
        let files = request.files.iter();
        let filled = Request {
            path: fill(&request.path),
            parameters: pairs(&request.parameters),
            query: pairs(&request.query),
            headers: pairs(&request.headers),
            files: files
                .map(|(field, name, content)| (field.clone(), name.clone(), fill(content)))
                .collect(),
            json: request.json.as_deref().map(fill),
            form: request.form.as_deref().map(fill),
            expectations: request
                .expectations
                .iter()
                .map(|one| one.fill(fill))
                .collect(),
            ..request.clone()
        };
        // A name without a value is one that the caller has to give.
        let lacks = |name: &str| {
            let pairs = filled.parameters.iter().chain(&filled.query);
            let mut texts = pairs.map(|(_, value)| value).chain([&filled.path]);
            texts.any(|text| text.contains(name))
        };
        if lacks("{admin}") {
            return Err("it needs an operator: add --admin ID".to_owned());
        }
        if lacks("{shared}") || lacks("{conversation}") {
            return Err("it reads what --write makes".to_owned());
        }
        Ok(filled)
    }
}

/// Fills in `{name}`, `{now}`, and `{x*3}`, which is `xxx`.
fn fill(text: &str, names: &BTreeMap<String, String>, now: &str) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let name = after
            .split_once('}')
            .filter(|(name, _)| !name.contains(['{', '"']));
        let value = name.and_then(|(name, rest)| {
            let value = match name.split_once('*') {
                Some((piece, times)) => piece.repeat(times.parse().ok()?),
                None if name == "now" => now.to_owned(),
                None => names.get(name)?.clone(),
            };
            Some((value, rest))
        });
        match value {
            Some((value, after)) => {
                filled.push_str(&value);
                rest = after;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled + rest
}

fn multipart(request: &Request) -> Vec<u8> {
    let mut body = String::new();
    for (name, value) in &request.parameters {
        body.push_str(&format!(
            "--frontier\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        ));
    }
    for (field, name, content) in &request.files {
        body.push_str(&format!(
            "--frontier\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n\
             Content-Type: text/plain\r\n\r\n{content}\r\n"
        ));
    }
    body.push_str("--frontier--\r\n");
    body.into_bytes()
}
