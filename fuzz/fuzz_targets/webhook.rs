//! Webhooks: only the right token opens one, and what is read survives being written.
#![no_main]

use base64::{Engine, prelude::BASE64_STANDARD};
use carrot_types::webhook::{WebhookError, parse};
use libfuzzer_sys::fuzz_target;

/// Nothing that a body is likely to hold otherwise.
const TOKEN: &str = "t0k3n-of-the-fuzz-target";

fuzz_target!(|body: &[u8]| {
    if let Err(error) = parse(body, TOKEN) {
        assert!(!format!("{error} {error:?}").contains(TOKEN));
    }
    assert_eq!(parse(body, ""), Err(WebhookError::NoExpectedToken));

    // The fuzzer need not find the token.
    let body = [format!("token={TOKEN}&").as_bytes(), body].concat();
    assert_eq!(parse(&body, "another"), Err(WebhookError::WrongToken));
    let encoded = BASE64_STANDARD.encode(&body);
    assert_eq!(parse(encoded.as_bytes(), TOKEN), parse(&body, TOKEN));
    match parse(&body, TOKEN) {
        Err(error) => assert!(!error.is_unauthorized()),
        Ok(webhook) => {
            let written = webhook.to_form(TOKEN);
            assert_eq!(parse(written.as_bytes(), TOKEN).as_ref(), Ok(&webhook));
            let cut = &written.as_bytes()[..written.len() - 1];
            assert_eq!(parse(cut, TOKEN), Err(WebhookError::WrongToken));
        }
    }
});
