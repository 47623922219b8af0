//! Which operation a request on a port is of.

use std::sync::Arc;

use carrot_core::{ApiContext, ApiVersion, Endpoint, endpoint::RequestParts};

use super::{
    Fake,
    log::{Address, Route},
    operations,
    record::RecordedCall,
    service::State,
};
use crate::fail;

impl Fake {
    /// Says where an operation of your own is, so that [`serve`](Self::serve) knows its requests: at the method
    /// and the path of this call, in every API version that it has, whatever its ids and parameters.
    /// [`on_call`](Self::on_call) and [`on_like`](Self::on_like) say it too. A client needs none of it.
    ///
    /// Where two operations share an address, a request is of the one that the test expects; of two such, of the
    /// one that is not of this crate.
    ///
    /// ```
    /// # #[cfg(feature = "server")]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use carrot_core::{
    ///     ApiContext, ApiVersion, Endpoint,
    ///     endpoint::{Path, RequestParts, ResponseError, response},
    ///     types::{Empty, InvalidValue, UserId},
    /// };
    /// use carrot_testing::Fake;
    ///
    /// /// `POST /users/{id}/salute`.
    /// struct Salute(UserId);
    ///
    /// impl Endpoint for Salute {
    ///     type Output = Empty;
    ///     const NAME: &'static str = "users.salute";
    ///     const IDEMPOTENT: bool = false;
    ///
    ///     fn request(&self, _context: &ApiContext) -> Result<RequestParts, InvalidValue> {
    ///         Ok(RequestParts::post(Path::new().then("users").id("user", self.0)?.then("salute")))
    ///     }
    ///
    ///     fn decode(&self, _version: ApiVersion, body: &[u8]) -> Result<Empty, ResponseError> {
    ///         response::data(body)
    ///     }
    /// }
    ///
    /// let fake = Fake::new();
    /// fake.route(Salute(UserId::new(1)));
    /// fake.on::<Salute>().reply_ok().repeatedly();
    /// let server = fake.serve().await?;
    /// println!("POST {}/v2/users/7/salute", server.url());
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "server"))]
    /// # fn main() {}
    /// ```
    ///
    /// # Panics
    ///
    /// The call is invalid in every API version.
    #[cfg_attr(docsrs, doc(cfg(feature = "server")))]
    #[track_caller]
    pub fn route<E: Endpoint>(&self, endpoint: E) {
        let mut addresses = Vec::new();
        let mut problem = None;
        for version in ApiVersion::ALL.iter().copied() {
            match endpoint.request(&ApiContext::new(version)) {
                Ok(parts) => addresses.push(address(version, &parts)),
                Err(error) => problem = Some(error),
            }
        }
        if let (true, Some(error)) = (addresses.is_empty(), problem) {
            fail(&format!("{} has no address: {error}", E::NAME));
        }
        let operation = E::NAME;
        self.state().record().routes.push(Route {
            operation,
            addresses,
        });
    }
}

fn address(version: ApiVersion, parts: &RequestParts) -> Address {
    let path = format!("/{}{}", version.segment(), parts.path.template());
    (parts.method.clone(), path)
}

/// The operation of a request and its path with `{id}` in the place of ids.
pub(super) fn of(state: &State, call: &RecordedCall) -> Option<(&'static str, String)> {
    let (routes, wanted) = {
        let record = state.record();
        let wanted = record.expected.iter().map(|one| Arc::clone(&one.wanted));
        (record.routes.clone(), wanted.collect::<Vec<_>>())
    };
    let told = routes.into_iter().flat_map(|route| {
        let addresses = route.addresses.into_iter();
        addresses.map(move |address| (route.operation, address))
    });
    let context = ApiContext::new(call.version());
    let own_calls = wanted
        .iter()
        .filter(|one| operations::of(one.operation).is_none());
    let given = own_calls.flat_map(|one| {
        let sent = one.matchers.iter();
        let sent = sent.filter_map(|matcher| matcher.given_call(&context)?.ok());
        sent.map(|parts| (one.operation, address(context.version, &parts)))
    });
    let own = told.chain(given).filter(|(_, address)| fits(address, call));
    let own = own.map(|(name, (_, template))| (name, template));
    let mut candidates = own.chain(operations::at(call)).collect::<Vec<_>>();
    let is_expected = |name: &str| wanted.iter().any(|one| one.operation == name);
    let chosen = candidates.iter().position(|(name, _)| is_expected(name));
    (!candidates.is_empty()).then(|| candidates.swap_remove(chosen.unwrap_or(0)))
}

fn fits((method, template): &Address, call: &RecordedCall) -> bool {
    let request = call.request();
    let came = request.segments();
    let wanted: Vec<&str> = template.split('/').skip(1).collect();
    // A path may pin no version.
    let wanted = match came.first().map(AsRef::as_ref) {
        Some("v1" | "v2") => &wanted[..],
        _ => wanted.get(1..).unwrap_or_default(),
    };
    let mut pairs = wanted.iter().zip(&came);
    request.method() == method
        && wanted.len() == came.len()
        && pairs.all(|(wanted, came)| *wanted == "{id}" && !came.is_empty() || wanted == came)
}
