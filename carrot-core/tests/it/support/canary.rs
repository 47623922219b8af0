//! A unique token and unique personal data, so that a search for them finds a leak; and a client that
//! searches its errors, reports and spans.
//!
//! Two things may contain personal data and are not shown: `Error::body`, the body of the response, and
//! `Error::fields`, the invalid arguments. The error also quotes the message of the service, so no
//! message in these tests contains personal data.

use std::{error::Error as StdError, future::Future, ops::Deref, panic, process, sync::Once};

use carrot_core::{
    Body, Client, ClientBuilder, Endpoint, Error, Paginate,
    client::{AttemptReport, CallOptions, CallReport, Items, Observer, Pages},
    conversations::Reply,
    jobs::{CallAll, WriteStatus},
    rate_limit::RateLimitStatus,
    types::{ConversationPart, Event, Timestamp},
    users::TrackEvent,
};

/// Occurs in all of them.
const MARK: &str = "canary";

/// The token of every client.
pub(crate) const TOKEN: &str = "app.65535.canary-7d1f";
pub(crate) const E_MAIL: &str = "canary-7d1f@example.com";
pub(crate) const EXTERNAL_ID: &str = "canary-order-42";
pub(crate) const TEXT: &str = "canary text of a message";

#[track_caller]
pub(crate) fn assert_hidden(what: &str, shown: &str) {
    assert!(!shown.contains(MARK), "{what} shows a secret: {shown}");
}

/// Checks the texts of an error and of its sources.
#[track_caller]
pub(crate) fn assert_error_hides_all(error: &Error) {
    let mut next: Option<&dyn StdError> = Some(error);
    while let Some(error) = next {
        assert_hidden("Display", &error.to_string());
        assert_hidden("Debug", &format!("{error:?}"));
        assert_hidden("the long Debug", &format!("{error:#?}"));
        next = error.source();
    }
    assert_hidden("the message", error.message().unwrap_or_default());
    assert_hidden("the path", error.path().unwrap_or_default());
    let code = error.code().map(|code| format!("{code} {code:?}"));
    assert_hidden("the code", &code.unwrap_or_default());
    let fields = error.fields().as_ref().map(ToString::to_string);
    let fields = fields.unwrap_or_default();
    assert!(
        !fields.contains(TOKEN),
        "the fields show the token: {fields}"
    );
}

/// A client that searches every error, report and span. It does not deref to [`Client`], so that no call
/// is unchecked.
#[derive(Clone, Debug)]
pub(crate) struct Watched(Client);

/// Builds a watched client. Also searches every panic of the program.
pub(crate) fn watched(builder: ClientBuilder) -> Watched {
    static PANICS: Once = Once::new();
    PANICS.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            usual(info);
            // A panic within a panic would hide this message.
            if info.to_string().contains(TOKEN) {
                eprintln!("the panic shows the token");
                process::abort();
            }
        }));
    });
    #[cfg(feature = "tracing")]
    listen();
    Watched(builder.observer(Reports).build().expect("a sound client"))
}

impl Watched {
    pub(crate) fn with_options(&self, options: CallOptions) -> Self {
        Self(self.0.with_options(options))
    }

    pub(crate) fn call<E: Endpoint>(
        &self,
        endpoint: E,
    ) -> impl Future<Output = Result<E::Output, Error>> {
        let call = Box::pin(self.0.call(endpoint));
        async move { call.await.inspect_err(assert_error_hides_all) }
    }

    pub(crate) fn prepare<E: Endpoint>(&self, endpoint: &E) -> Result<http::Request<Body>, Error> {
        let request = self.0.prepare(endpoint);
        request.inspect_err(assert_error_hides_all)
    }

    pub(crate) fn rate_limit(&self) -> Option<RateLimitStatus> {
        self.0.rate_limit()
    }

    pub(crate) fn pages<E: Paginate>(&self, endpoint: E) -> Listing<Pages<E>> {
        Listing(self.0.pages(endpoint))
    }

    pub(crate) fn items<E: Paginate>(&self, endpoint: E) -> Listing<Items<E>> {
        Listing(self.0.items(endpoint))
    }

    pub(crate) async fn reconcile_reply(
        &self,
        reply: &Reply,
        since: impl Into<Timestamp>,
    ) -> Result<WriteStatus<ConversationPart>, Error> {
        let status = self.0.reconcile_reply(reply, since).await;
        status.inspect_err(assert_error_hides_all)
    }

    pub(crate) async fn reconcile_event(
        &self,
        event: &TrackEvent,
        property: &str,
        since: impl Into<Timestamp>,
    ) -> Result<WriteStatus<Event>, Error> {
        let status = self.0.reconcile_event(event, property, since).await;
        status.inspect_err(assert_error_hides_all)
    }

    /// Its errors are in its results and its report; a test with failures searches them.
    pub(crate) fn call_all<I, F, E>(&self, items: I, operation: F) -> CallAll<I::IntoIter, F, E>
    where
        I: IntoIterator,
        F: FnMut(&I::Item) -> E,
        E: Endpoint + 'static,
    {
        self.0.call_all(items, operation)
    }
}

/// A listing that searches every error.
#[derive(Debug)]
pub(crate) struct Listing<L>(L);

impl<L> Deref for Listing<L> {
    type Target = L;

    fn deref(&self) -> &L {
        &self.0
    }
}

impl<E: Paginate> Listing<Pages<E>> {
    pub(crate) async fn next(&mut self) -> Result<Option<E::Output>, Error> {
        self.0.next().await.inspect_err(assert_error_hides_all)
    }
}

impl<E: Paginate> Listing<Items<E>> {
    pub(crate) async fn next(&mut self) -> Result<Option<E::Item>, Error> {
        self.0.next().await.inspect_err(assert_error_hides_all)
    }
}

#[cfg(feature = "stream")]
impl<T, L> futures_core::Stream for Listing<L>
where
    L: futures_core::Stream<Item = Result<T, Error>> + Unpin,
{
    type Item = L::Item;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<L::Item>> {
        let next = std::pin::Pin::new(&mut self.0).poll_next(context);
        next.map(|next| next.map(|next| next.inspect_err(assert_error_hides_all)))
    }
}

/// Searches every report.
#[derive(Debug)]
struct Reports;

impl Observer for Reports {
    fn attempt(&self, report: &AttemptReport) {
        assert_hidden("a report", &format!("{report:?}"));
    }

    fn call(&self, report: &CallReport) {
        assert_hidden("a report", &format!("{report:?}"));
    }
}

#[cfg(feature = "tracing")]
pub(crate) use spans::{lines, listen};

#[cfg(feature = "tracing")]
mod spans {
    use std::{
        io,
        sync::{Arc, Mutex, Once},
    };

    use tracing::{Subscriber, level_filters::LevelFilter};
    use tracing_subscriber::fmt::format::FmtSpan;

    use super::assert_hidden;

    /// Searches a line for each event and for these moments of each span, and keeps it: its parents, then
    /// itself, with all their fields.
    pub(crate) fn lines(
        moments: FmtSpan,
        kept: Option<Arc<Mutex<String>>>,
    ) -> impl Subscriber + Send + Sync {
        tracing_subscriber::fmt()
            .with_span_events(moments)
            .with_max_level(LevelFilter::TRACE)
            .with_level(false)
            .with_target(false)
            .without_time()
            .with_writer(move || Search(kept.clone()))
            .finish()
    }

    /// Searches every span and event of all threads.
    pub(crate) fn listen() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let listener = lines(FmtSpan::NEW | FmtSpan::CLOSE, None);
            tracing::subscriber::set_global_default(listener).expect("the only subscriber");
            // A thread without a subscriber may have disabled a span before.
            tracing::callsite::rebuild_interest_cache();
        });
    }

    struct Search(Option<Arc<Mutex<String>>>);

    impl io::Write for Search {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8_lossy(line);
            assert_hidden("a span", &text);
            if let Some(kept) = &self.0 {
                kept.lock().expect("no panic held it").push_str(&text);
            }
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}
