use carrot_types::InvalidValue;

use super::Parameters;

const CHARS: usize = 32;

/// Adds `_nonce`, which the vendor's clients send as 32 letters and digits.
pub(crate) fn write_nonce(
    parameters: &mut Parameters,
    nonce: Option<&str>,
) -> Result<(), InvalidValue> {
    let Some(nonce) = nonce else { return Ok(()) };
    let is_sound = nonce.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if nonce.len() != CHARS || !is_sound {
        let rule = "must be 32 characters of `A-Z`, `a-z` and `0-9`";
        return Err(InvalidValue::new("_nonce", rule));
    }
    parameters.line("_nonce", nonce)
}

/// Adds the setter to an operation with a field `nonce`.
macro_rules! nonce_setter {
    ($operation:ident) => {
        impl $operation {
            /// Sets a number used once (`_nonce`): 32 characters of `A-Z`, `a-z` and `0-9`, such as a UUID
            /// without dashes. Draw a new one for each call.
            ///
            /// The vendor's own clients send it, and send a lost request again with the same one. Whether
            /// the service drops the second request is not known, so it makes no call idempotent and no
            /// retry happens because of it.
            pub fn nonce(mut self, nonce: impl Into<String>) -> Self {
                self.nonce = Some(nonce.into());
                self
            }
        }
    };
}

pub(crate) use nonce_setter;
