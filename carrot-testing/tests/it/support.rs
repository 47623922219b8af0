//! What several suites need.

use std::panic::{AssertUnwindSafe, catch_unwind};

use carrot_core::{
    ApiContext, ApiVersion, Endpoint,
    endpoint::{Path, RequestParts, ResponseError, response},
    types::{InvalidValue, UserRef},
};
use serde_json::Value;

/// The text with which a test fails.
pub(crate) fn failure<T>(test: impl FnOnce() -> T) -> String {
    let ended = catch_unwind(AssertUnwindSafe(test)).map(drop);
    let panic = ended.expect_err("it must fail");
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast::<&str>().unwrap()).to_owned(),
    }
}

/// An operation that the crate does not have: says these words to a user.
pub(crate) struct Salute(pub(crate) &'static str, pub(crate) &'static [&'static str]);

impl Endpoint for Salute {
    type Output = Value;
    const NAME: &'static str = "users.salute";
    const IDEMPOTENT: bool = false;

    fn request(&self, _: &ApiContext) -> Result<RequestParts, InvalidValue> {
        let user = UserRef::external(self.0);
        let path = Path::new().then("users").user(&user)?.then("salute");
        let mut request = RequestParts::post(path);
        for words in self.1 {
            request.parameters.text("words", words)?;
        }
        Ok(request)
    }

    fn decode(&self, _: ApiVersion, body: &[u8]) -> Result<Value, ResponseError> {
        response::data(body)
    }
}
