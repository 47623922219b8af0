//! Webhooks over HTTP.

use std::{net::IpAddr, time::Duration};

use carrot_core::types::InvalidValue;
use http::{
    HeaderValue, StatusCode, Uri,
    header::{CONNECTION, HOST},
};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};

use super::delivery::WebhookDelivery;
use crate::sandbox::service::Sandbox;

/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(10);

impl Sandbox {
    /// Posts every webhook that is due to an address of this machine, such as
    /// `http://127.0.0.1:8080/hook`, one after the other, and returns what was posted.
    ///
    /// A webhook is delivered when the receiver responds with 200. Any other response, and none within 10
    /// seconds of the machine's time, is a failure: it is due again 30 seconds later, then after 60, 120
    /// and 240, and then abandoned. This is the time of the sandbox, which [`advance`](Self::advance)
    /// moves; nothing is sent but by a call of this method. Dropping the future is safe: what was not
    /// posted yet has used no attempt.
    ///
    /// # Errors
    ///
    /// The address does not start with `http://` and this machine: `localhost`, or an address of the
    /// loopback.
    ///
    /// # Panics
    ///
    /// There is no tokio runtime with I/O and time, and something is due.
    #[cfg_attr(docsrs, doc(cfg(feature = "server")))]
    pub async fn deliver_webhooks_to(
        &self,
        url: &str,
    ) -> Result<Vec<WebhookDelivery>, InvalidValue> {
        let target = read_url(url)?;
        let mut posted = Vec::new();
        for id in self.due_webhooks() {
            // Taken one by one: an attempt counts when it is made, also where this future is dropped.
            let Some(webhook) = self.attempt_webhook(id) else {
                continue;
            };
            let status = timeout(PATIENCE, post(&target, &webhook)).await;
            let delivered = matches!(status, Ok(Ok(StatusCode::OK)));
            posted.extend(self.attempted(id, delivered));
        }
        Ok(posted)
    }

    /// Posts one webhook to an address of this machine, whatever its state: a second time, late, or after newer
    /// ones. Returns the status of the response; `None` if there is no response within 10 seconds of the
    /// machine's time. It counts as no attempt to deliver the webhook.
    ///
    /// # Errors
    ///
    /// As [`deliver_webhooks_to`](Self::deliver_webhooks_to).
    ///
    /// # Panics
    ///
    /// There is no tokio runtime with I/O and time.
    #[cfg_attr(docsrs, doc(cfg(feature = "server")))]
    pub async fn post_webhook_to(
        &self,
        url: &str,
        webhook: &WebhookDelivery,
    ) -> Result<Option<StatusCode>, InvalidValue> {
        let target = read_url(url)?;
        let status = timeout(PATIENCE, post(&target, webhook)).await;
        Ok(status.ok().and_then(Result::ok))
    }
}

fn read_url(url: &str) -> Result<Uri, InvalidValue> {
    let invalid = |rule: &'static str| InvalidValue::new("address of webhooks", rule);
    let uri: Uri = url
        .parse()
        .map_err(|_| invalid("must be an address such as `http://127.0.0.1:8080/hook`"))?;
    if uri.scheme_str() != Some("http") {
        return Err(invalid("must start with `http://`"));
    }
    if !uri.host().is_some_and(is_loopback) {
        return Err(invalid("must be of this machine: the loopback"));
    }
    Ok(uri)
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

async fn post(
    target: &Uri,
    webhook: &WebhookDelivery,
) -> Result<StatusCode, Box<dyn std::error::Error>> {
    let host = target.host().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = target.port_u16().unwrap_or(80);
    let stream = TcpStream::connect((host, port)).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let authority = target.authority().ok_or("no host")?;
    let path = target.path_and_query().map_or("/", |path| path.as_str());
    let mut request = webhook.to_request(path.parse()?).map(Full::new);
    let headers = request.headers_mut();
    headers.insert(HOST, HeaderValue::from_str(authority.as_str())?);
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    // It ends with the response, or with its error.
    tokio::spawn(connection);
    Ok(sender.send_request(request).await?.status())
}
